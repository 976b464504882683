//! What a scenario says: a company, its customers, and what will happen to them. Written in TOML, see `docs/scenarios.md`.

mod builtin;
mod check;
mod describe;
mod incident;
mod parse;
mod parse_people;
mod table;
mod tree;

use epoch_model::time::{Millis, Zone};
use serde::{Deserialize, Serialize};

pub use describe::describe;
pub use incident::{Incident, IncidentKind, Target};
pub use table::Problem;

/// The kinds of company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Company {
    /// Sells goods from stock.
    Shop,
    /// Sells a subscription after a trial.
    Saas,
    /// Takes a share of what others sell.
    Marketplace,
}

/// A local calendar day on which demand differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holiday {
    pub date: jiff::civil::Date,
    /// Demand is multiplied by this.
    pub factor: f64,
}

/// A planned promotion: more visitors at lower prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    pub key: String,
    pub start: jiff::civil::Date,
    pub days: u32,
    /// New visitors are multiplied by this.
    pub visitors: f64,
    /// Off the price for everyone, 0 to 1.
    pub discount: f64,
}

/// How many people come, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// New visitors a day who come by themselves.
    pub visitors_per_day: f64,
    /// Growth of those in a year, as a share.
    pub growth_per_year: f64,
    /// Amplitude of the yearly cosine.
    pub season: f64,
    /// Day of the year (1 to 366) of its peak.
    pub season_peak: f64,
    /// Weights of Monday to Sunday, mean 1.
    pub week: [f64; 7],
    /// Weights of the hours 0 to 23, sum 1.
    pub hours: Vec<f64>,
    pub holidays: Vec<Holiday>,
    pub campaigns: Vec<Campaign>,
}

/// A value of a dimension (a country, a device, a plan) and how its people differ. Shifts are log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taste {
    pub key: String,
    /// Of all new people.
    pub share: f64,
    pub view: f64,
    pub intent: f64,
    pub buy: f64,
    /// Added to the price elasticity.
    pub price: f64,
    /// Factor on what they spend.
    pub spend: f64,
    /// Log-odds for each headline, in the order of the headlines.
    pub headline: Vec<f64>,
    /// Log-odds for each onboarding.
    pub onboarding: Vec<f64>,
}

/// A paid channel or content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    pub key: String,
    /// New visitors a day at infinite spend.
    pub visitors_max: f64,
    /// Spend a day at which half of them come.
    pub half_at: f64,
    /// Steepness of the saturation.
    pub slope: f64,
    /// Half-life of the carry-over.
    pub half_life_days: f64,
    /// Log-odds of intent against those who come by themselves.
    pub quality: f64,
    /// Spend a day unless the lever says otherwise.
    pub spend: f64,
    pub spend_max: f64,
}

/// An option of a variant lever and what it does to everyone, in log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub key: String,
    pub effect: f64,
}

/// From visit to purchase, at default levers for an average new visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// Share of visits that look at a product (or at prices).
    pub view: f64,
    /// Share of those that put it into the cart (or sign up).
    pub intent: f64,
    /// Share of those that buy (or pay after the trial).
    pub buy: f64,
    /// Elasticity of `buy` in the price; negative.
    pub price_elasticity: f64,
    /// Elasticity of `view` in the page's load time; negative or 0.
    pub latency_elasticity: f64,
    /// Elasticity of `buy` in the promised delivery time; negative or 0.
    pub promise_elasticity: f64,
    /// Log-odds of intent and of buying that a customer has over a newcomer.
    pub loyalty: f64,
    /// Log-odds of buying (and of staying) per point of trust.
    pub trust: f64,
}

/// How people come back and leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    /// Probability that a visitor who did not buy comes back at all.
    pub visitor_returns: f64,
    /// Mean days until then.
    pub visitor_gap_days: f64,
    /// Probability of a visit on a day, for customers (and people on trial).
    pub visits_per_day: f64,
    /// Probability of leaving: at a visit (shop, marketplace) or at a renewal (saas).
    pub churn: f64,
    /// Elasticity of churn at a renewal in the price; positive or 0.
    pub churn_price_elasticity: f64,
    /// Pages looked at in a visit, mean, at least 1.
    pub pages: f64,
}

/// What is sold and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Basket (shop, marketplace) or monthly fee (saas) at the default price, in major units.
    pub amount: f64,
    /// Standard deviation of the logarithm of a basket.
    pub spread: f64,
    /// Cost of goods per order (shop) or of serving a customer for a month (saas), in major units.
    pub cost: f64,
    /// Per order.
    pub shipping: f64,
    /// Share of the payment that the payment provider keeps.
    pub fee: f64,
    /// Share of orders (or of payments) refunded when all went well.
    pub refunds: f64,
    /// Mean days until a refund is asked for.
    pub refund_days: f64,
    /// Length of the trial (saas).
    pub trial_days: u32,
    /// What is named in events, each equally often.
    pub products: Vec<String>,
}

/// Promises of delivery and their keeping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Mean days from order to door.
    pub days: f64,
    /// Standard deviation of its logarithm.
    pub spread: f64,
    /// Trust won by a kept promise.
    pub kept: f64,
    /// Trust lost by a broken one.
    pub broken: f64,
    /// Refunds after a broken promise are this many times as likely.
    pub refund_factor: f64,
    /// Share of broken promises that become tickets.
    pub ticket_share: f64,
}

/// Questions and how fast they are answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// Tickets per order (or per new subscription) about defects.
    pub per_order: f64,
    /// Tickets per customer and visit about how things work.
    pub per_visit: f64,
    /// Tickets an agent answers in a day.
    pub agent_per_day: f64,
    /// What an agent costs a day.
    pub agent_cost: f64,
    /// Hours an answer takes with nobody waiting.
    pub base_hours: f64,
    /// Trust lost per day of waiting.
    pub wait_hurts: f64,
    /// Languages of the texts.
    pub languages: Vec<String>,
}

/// Servers and what load does to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Infrastructure {
    /// Load time of a page on idle servers.
    pub base_ms: f64,
    /// Visits an hour that one server carries.
    pub visits_per_hour: f64,
    /// What a server costs a day.
    pub server_cost: f64,
}

/// Goods on the shelf (shop).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// Units that are reordered at once.
    pub batch: f64,
    pub lead_days: f64,
    /// What a unit costs a day on the shelf.
    pub holding: f64,
}

/// Sellers (marketplace).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Supply {
    pub sellers: f64,
    /// Share that leaves on a day; as many join.
    pub turnover: f64,
    /// Elasticity of joining in the take rate; negative or 0.
    pub join_elasticity: f64,
    /// Elasticity of leaving in the take rate; positive or 0.
    pub leave_elasticity: f64,
    /// Elasticity of intent in the number of sellers; positive or 0.
    pub selection_elasticity: f64,
    /// Share of a change of the take rate that sellers put on their prices.
    pub pass_through: f64,
}

/// People with other aims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Abuse {
    /// Orders with stolen cards, per visitor.
    pub fraud: f64,
    /// Orders a day of those who register again for a discount, at 10 % discount.
    pub coupon_orders: f64,
    /// Share of those orders that is returned used.
    pub coupon_returns: f64,
    /// Visits of machines, per visitor.
    pub bots: f64,
}

/// What goes wrong between the page and the gateway in normal times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracking {
    /// Share of events that never arrive.
    pub lost: f64,
    /// Share sent twice with the same id.
    pub resent: f64,
    /// Share that arrives hours later.
    pub late: f64,
    /// Mean of those hours.
    pub late_hours: f64,
}

/// Range and default of a number lever, where the scenario changes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeverRange {
    pub key: String,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub step: Option<f64>,
    pub default: Option<f64>,
}

/// A validated scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// The file's name without ending; for texts of one's own what `name` says.
    pub name: String,
    pub title: String,
    pub about: String,
    pub company: Company,
    pub currency: String,
    pub timezone: String,
    pub start: jiff::civil::Date,
    /// Length that the oracle plans for.
    pub days: u32,
    pub demand: Demand,
    pub countries: Vec<Taste>,
    pub devices: Vec<Taste>,
    pub plans: Vec<Taste>,
    pub channels: Vec<Channel>,
    pub headlines: Vec<Choice>,
    pub onboardings: Vec<Choice>,
    pub funnel: Funnel,
    pub habits: Habits,
    pub offer: Offer,
    pub delivery: Delivery,
    pub support: Support,
    pub infrastructure: Infrastructure,
    pub stock: Option<Stock>,
    pub supply: Option<Supply>,
    pub abuse: Abuse,
    pub tracking: Tracking,
    pub levers: Vec<LeverRange>,
    pub incidents: Vec<Incident>,
}

impl Scenario {
    /// Reads and checks a scenario. All problems at once, in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        parse::parse(text)
    }

    /// A scenario that comes with the program.
    pub fn builtin(name: &str) -> Option<Self> {
        builtin::text(name).and_then(|text| Self::parse(text).ok())
    }

    /// The text of a scenario that comes with the program, to start one's own from.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        builtin::text(name)
    }

    /// Names of the scenarios that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        builtin::ALL.iter().map(|(name, _)| *name)
    }

    /// All scenarios that come with the program.
    pub fn all() -> Vec<Self> {
        Self::names().filter_map(Self::builtin).collect()
    }

    /// Checks a text: its problems, none when it is a scenario.
    pub fn check(text: &str) -> Vec<Problem> {
        Self::parse(text).err().unwrap_or_default()
    }

    /// The company's timezone.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.timezone).unwrap_or_else(|_| Zone::utc())
    }

    /// The first instant.
    pub fn starts_at(&self) -> Millis {
        self.zone().instant(self.start.at(0, 0, 0, 0)).unwrap_or(0)
    }

    /// The first instant after its planned length.
    pub fn ends_at(&self) -> Millis {
        let end = self.start.saturating_add(jiff::Span::new().days(i64::from(self.days)));
        self.zone().instant(end.at(0, 0, 0, 0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
