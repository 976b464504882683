//! The company's books: exact amounts in minor units, by local day, and the counts beside them.

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::flows::Flows;
use crate::kpi::Kpi;

/// Money of a day in minor units. Income and costs are positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayBook {
    /// First instant of the day.
    pub start: Millis,
    /// Payments taken (the company's share of them, in a marketplace).
    pub revenue: i64,
    pub refunds: i64,
    /// Payments taken back by banks, with their fees.
    pub chargebacks: i64,
    pub goods: i64,
    pub shipping: i64,
    pub fees: i64,
    pub marketing: i64,
    pub support: i64,
    pub servers: i64,
    pub holding: i64,
    pub count: Count,
}

/// What happened on a day, as it was, not as it was tracked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub visits: u64,
    pub new_visitors: u64,
    pub views: u64,
    pub intents: u64,
    /// Decisions whether to buy: carts, or ends of trials.
    pub offers: u64,
    pub orders: u64,
    pub renewals: u64,
    pub cancellations: u64,
    pub refunds: u64,
    pub chargebacks: u64,
    pub tickets: u64,
    /// Sum of the hours of tickets opened on that day.
    pub response_hours: u64,
    pub deliveries: u64,
    pub late: u64,
    pub out_of_stock: u64,
    pub errors: u64,
    pub pages: u64,
    /// Sum of load times.
    pub load_ms: u64,
    pub customers: u64,
    pub sellers: u64,
}

impl DayBook {
    /// Income minus all costs.
    pub fn profit(&self) -> i64 {
        let costs = self.refunds
            + self.chargebacks
            + self.goods
            + self.shipping
            + self.fees
            + self.marketing
            + self.support
            + self.servers
            + self.holding;
        self.revenue - costs
    }
}

/// All days so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub days: Vec<DayBook>,
}

impl Ledger {
    /// Profit so far, in minor units.
    pub fn profit(&self) -> i64 {
        self.days.iter().map(DayBook::profit).sum()
    }

    /// A number over some days; `None` where nothing was divided by.
    pub fn kpi(days: &[DayBook], kpi: Kpi) -> Option<f64> {
        let mut flows = Flows::default();
        for day in days {
            flows.add(&Flows::from(day));
        }
        flows.kpi(kpi)
    }
}
