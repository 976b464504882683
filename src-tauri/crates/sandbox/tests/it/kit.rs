//! Worlds, runs and counts for the tests.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_sandbox::{DayBook, Incident, IncidentKind, Kpi, Ledger, LeverSource, Scenario, World};

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// A scenario by name.
pub fn scenario(name: &str) -> Scenario {
    Scenario::builtin(name).unwrap()
}

/// Values of levers for everyone.
pub fn set(levers: &[(&str, f64)]) -> BTreeMap<String, LeverValue> {
    levers.iter().map(|(key, n)| ((*key).to_owned(), LeverValue::Number(*n))).collect()
}

/// The books of a run.
pub fn books(
    scenario: &Scenario,
    seed: u64,
    days: i64,
    levers: &dyn LeverSource,
    incidents: &[Incident],
) -> Vec<DayBook> {
    let mut world = World::new(scenario, seed).muted();
    for incident in incidents {
        world.inject(incident.clone(), incident.start);
    }
    world.advance(scenario.starts_at() + days * DAY, levers, &mut |_| {});
    world.money().days
}

/// A number over days, for several seeds together.
pub fn kpi(
    scenario: &Scenario,
    seeds: u64,
    days: i64,
    levers: &dyn LeverSource,
    incidents: &[Incident],
    kpi: Kpi,
) -> f64 {
    let all: Vec<DayBook> = (0..seeds).flat_map(|seed| books(scenario, seed, days, levers, incidents)).collect();
    Ledger::kpi(&all, kpi).unwrap()
}

/// An incident over some days of a scenario.
pub fn happens(scenario: &Scenario, kind: IncidentKind, strength: f64, from_day: i64, days: i64) -> Incident {
    let start = scenario.starts_at() + from_day * DAY;
    Incident { strength, start, end: start + days * DAY, ..Incident::preset(kind, 1.0) }
}
