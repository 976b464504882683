//! What was really going on. Made for those who judge the engine, never for the engine: no event carries any of it.

mod surface;
mod witness;

use std::collections::BTreeMap;

use epoch_model::time::{DAY, Millis};
use serde::{Deserialize, Serialize};

use crate::business::{Allowance, GUARDRAILS};
use crate::graph::Edge;
use crate::kpi::Kpi;
use crate::ledger::Ledger;
use crate::oracle::OracleStep;
use crate::scenario::{Company, Scenario, Target};
use crate::world::World;

pub use surface::{Setting, Surface};
pub use witness::Witness;

/// An incident with its cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueIncident {
    pub key: String,
    /// As in scenarios: `checkout_bug`, …
    pub kind: String,
    pub cause: String,
    pub start: Millis,
    pub end: Millis,
    /// Whom it hit; everyone when absent.
    pub segment: Option<Target>,
    /// Keys of the metrics it shows in, the most telling first.
    pub shows: Vec<String>,
}

/// Something everybody could have known: a holiday, a promotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub what: String,
    pub start: Millis,
    pub end: Millis,
}

/// Profit of a day in minor units: of this world, of the same with all levers at their defaults, of the same in the
/// oracle's hands. All three have the same luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayMoney {
    pub start: Millis,
    pub actual: i64,
    pub nothing: i64,
    pub oracle: i64,
}

/// Days on which a guardrail was broken: the last seven days were worse than doing nothing by more than is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    pub metric: String,
    pub days: Vec<Millis>,
}

/// Everything the simulator knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub scenario: String,
    pub seed: u64,
    pub company: Company,
    pub currency: String,
    /// First instant …
    pub from: Millis,
    /// … and the last that was simulated.
    pub until: Millis,
    pub edges: Vec<Edge>,
    /// Those that began so far.
    pub incidents: Vec<TrueIncident>,
    pub planned: Vec<Planned>,
    /// The value of every setting, every four weeks.
    pub surfaces: Vec<Surface>,
    /// The oracle's plan.
    pub oracle: Vec<OracleStep>,
    /// For levers with options: country, device, plan and the option that is best there now.
    pub best_options: BTreeMap<String, Vec<[String; 4]>>,
    /// Whole days.
    pub money: Vec<DayMoney>,
    pub breaches: Vec<Breach>,
}

impl World {
    /// The truth so far. Runs the world twice more (doing nothing, and in the oracle's hands) and searches the best plan:
    /// seconds for a year of a shop. Whoever asks again keeps a [`Witness`].
    pub fn truth(&self) -> Truth {
        Witness::of(self).truth(self)
    }
}

fn end_of_last_day(world: &World, ledger: &Ledger) -> Millis {
    let calendar = crate::calendar::Calendar::new(world.scenario());
    let last = ledger.days.len().saturating_sub(1) as u32;
    calendar.day(world.scenario(), last).end
}

fn incidents(world: &World) -> Vec<TrueIncident> {
    let company = world.scenario().company;
    let begun = world.incidents().iter().filter(|incident| incident.start <= world.now());
    begun
        .map(|incident| {
            let law = incident.kind.law();
            TrueIncident {
                key: incident.key.clone(),
                kind: law.name.to_owned(),
                cause: law.cause.to_owned(),
                start: incident.start,
                end: incident.end,
                segment: incident.target.clone(),
                shows: law.shows.iter().filter_map(|kpi| kpi.key(company)).map(str::to_owned).collect(),
            }
        })
        .collect()
}

fn planned(scenario: &Scenario) -> Vec<Planned> {
    let zone = scenario.zone();
    let at = |date: jiff::civil::Date| zone.instant(date.at(0, 0, 0, 0)).unwrap_or(0);
    let holidays = scenario.demand.holidays.iter().map(|holiday| {
        let start = at(holiday.date);
        Planned { what: "holiday".to_owned(), start, end: start + DAY }
    });
    let campaigns = scenario.demand.campaigns.iter().map(|campaign| {
        let start = at(campaign.start);
        Planned { what: campaign.key.clone(), start, end: start + i64::from(campaign.days) * DAY }
    });
    holidays.chain(campaigns).collect()
}

/// Days over which a guardrail is watched.
const WATCHED_DAYS: usize = 7;

fn breaches(company: Company, actual: &Ledger, nothing: &Ledger, whole: usize) -> Vec<Breach> {
    let broken = |kpi: Kpi, allowance: Allowance, i: usize| {
        let days = |ledger: &Ledger| Ledger::kpi(ledger.days.get(i + 1 - WATCHED_DAYS..=i)?, kpi);
        let (Some(was), Some(would)) = (days(actual), days(nothing)) else { return false };
        match allowance {
            Allowance::Absolute(most) => was - would > most,
            Allowance::Relative(most) => was > would * (1.0 + most),
        }
    };
    GUARDRAILS
        .iter()
        .filter_map(|(kpi, allowance)| {
            let days = (WATCHED_DAYS - 1..whole).filter(|i| broken(*kpi, *allowance, *i)).map(|i| actual.days[i].start);
            Some(Breach { metric: kpi.key(company)?.to_owned(), days: days.collect() })
        })
        .collect()
}
