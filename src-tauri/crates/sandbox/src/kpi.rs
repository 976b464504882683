//! The numbers the company is watched by. Their keys are the metrics of its `business.toml` and the nodes of the graph.

use serde::{Deserialize, Serialize};

use crate::scenario::Company;

/// A number of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpi {
    Visits,
    ViewRate,
    IntentRate,
    BuyRate,
    Orders,
    Revenue,
    AverageOrder,
    RefundRate,
    Chargebacks,
    Tickets,
    ResponseHours,
    PageLoad,
    Errors,
    LateShare,
    OutOfStock,
    Churn,
    Sellers,
    MarketingSpend,
}

impl Kpi {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Visits,
        Self::ViewRate,
        Self::IntentRate,
        Self::BuyRate,
        Self::Orders,
        Self::Revenue,
        Self::AverageOrder,
        Self::RefundRate,
        Self::Chargebacks,
        Self::Tickets,
        Self::ResponseHours,
        Self::PageLoad,
        Self::Errors,
        Self::LateShare,
        Self::OutOfStock,
        Self::Churn,
        Self::Sellers,
        Self::MarketingSpend,
    ];

    /// The metric's key in that kind of company; `None` where it has no such number.
    pub fn key(self, company: Company) -> Option<&'static str> {
        let saas = company == Company::Saas;
        Some(match self {
            Self::Visits => "visits",
            Self::ViewRate if saas => "pricing_view_rate",
            Self::ViewRate => "view_rate",
            Self::IntentRate if saas => "signup_rate",
            Self::IntentRate => "cart_rate",
            Self::BuyRate if saas => "trial_to_paid",
            Self::BuyRate => "checkout_rate",
            Self::Orders if saas => "subscriptions",
            Self::Orders => "orders",
            Self::Revenue => "revenue",
            Self::AverageOrder if saas => "average_fee",
            Self::AverageOrder => "average_order",
            Self::RefundRate => "refund_rate",
            Self::Chargebacks => "chargebacks",
            Self::Tickets => "tickets",
            Self::ResponseHours => "response_hours",
            Self::PageLoad => "page_load",
            Self::Errors => "errors",
            Self::LateShare if !saas => "late_share",
            Self::OutOfStock if company == Company::Shop => "out_of_stock",
            Self::Churn if saas => "cancellations",
            Self::Sellers if company == Company::Marketplace => "sellers",
            Self::MarketingSpend => "marketing_spend",
            _ => return None,
        })
    }

    /// The number with this metric key.
    pub fn of_key(key: &str, company: Company) -> Option<Self> {
        Self::ALL.into_iter().find(|kpi| kpi.key(company) == Some(key))
    }
}
