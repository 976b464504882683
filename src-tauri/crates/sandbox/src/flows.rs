//! What flows through the company in a stretch of days, counted or expected, and the numbers made of it.

use crate::kpi::Kpi;
use crate::ledger::DayBook;

/// Sums over days. Money in major units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flows {
    pub days: f64,
    pub profit: f64,
    pub revenue: f64,
    pub marketing: f64,
    pub visits: f64,
    pub views: f64,
    pub intents: f64,
    pub offers: f64,
    pub orders: f64,
    pub renewals: f64,
    pub cancellations: f64,
    pub refunds: f64,
    pub chargebacks: f64,
    pub tickets: f64,
    pub response_hours: f64,
    pub deliveries: f64,
    pub late: f64,
    pub out_of_stock: f64,
    pub errors: f64,
    pub pages: f64,
    pub load_ms: f64,
    pub sellers: f64,
}

impl Flows {
    pub fn add(&mut self, other: &Self) {
        let mine: [&mut f64; 22] = self.parts();
        let mut other = *other;
        for (sum, part) in mine.into_iter().zip(other.parts()) {
            *sum += *part;
        }
    }

    fn parts(&mut self) -> [&mut f64; 22] {
        [
            &mut self.days,
            &mut self.profit,
            &mut self.revenue,
            &mut self.marketing,
            &mut self.visits,
            &mut self.views,
            &mut self.intents,
            &mut self.offers,
            &mut self.orders,
            &mut self.renewals,
            &mut self.cancellations,
            &mut self.refunds,
            &mut self.chargebacks,
            &mut self.tickets,
            &mut self.response_hours,
            &mut self.deliveries,
            &mut self.late,
            &mut self.out_of_stock,
            &mut self.errors,
            &mut self.pages,
            &mut self.load_ms,
            &mut self.sellers,
        ]
    }

    /// A number; `None` where nothing was divided by.
    pub fn kpi(&self, kpi: Kpi) -> Option<f64> {
        let per = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        let payments = self.orders + self.renewals;
        match kpi {
            Kpi::Visits => per(self.visits, self.days),
            Kpi::ViewRate => per(self.views, self.visits),
            Kpi::IntentRate => per(self.intents, self.views),
            Kpi::BuyRate => per(self.orders, self.offers),
            Kpi::Orders => per(self.orders, self.days),
            Kpi::Revenue => per(self.revenue, self.days),
            Kpi::AverageOrder => per(self.revenue, payments),
            Kpi::RefundRate => per(self.refunds, payments),
            Kpi::Chargebacks => per(self.chargebacks, self.days),
            Kpi::Tickets => per(self.tickets, self.days),
            Kpi::ResponseHours => per(self.response_hours, self.tickets),
            Kpi::PageLoad => per(self.load_ms, self.pages),
            Kpi::Errors => per(self.errors, self.days),
            Kpi::LateShare => per(self.late, self.deliveries),
            Kpi::OutOfStock => per(self.out_of_stock, self.days),
            Kpi::Churn => per(self.cancellations, self.days),
            Kpi::Sellers => per(self.sellers, self.days),
            Kpi::MarketingSpend => per(self.marketing, self.days),
        }
    }
}

impl From<&DayBook> for Flows {
    fn from(day: &DayBook) -> Self {
        let (major, c) = (|minor: i64| minor as f64 / 100.0, &day.count);
        Self {
            days: 1.0,
            profit: major(day.profit()),
            revenue: major(day.revenue),
            marketing: major(day.marketing),
            visits: c.visits as f64,
            views: c.views as f64,
            intents: c.intents as f64,
            offers: c.offers as f64,
            orders: c.orders as f64,
            renewals: c.renewals as f64,
            cancellations: c.cancellations as f64,
            refunds: c.refunds as f64,
            chargebacks: c.chargebacks as f64,
            tickets: c.tickets as f64,
            response_hours: c.response_hours as f64,
            deliveries: c.deliveries as f64,
            late: c.late as f64,
            out_of_stock: c.out_of_stock as f64,
            errors: c.errors as f64,
            pages: c.pages as f64,
            load_ms: c.load_ms as f64,
            sellers: c.sellers as f64,
        }
    }
}
