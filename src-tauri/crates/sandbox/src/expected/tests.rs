//! The expectation holds what the simulation does.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;

use super::model::Model;
use crate::flows::Flows;
use crate::kpi::Kpi;
use crate::levers::{LeverSource, Settings};
use crate::scenario::Scenario;
use crate::world::World;

fn simulated(scenario: &Scenario, levers: &dyn LeverSource, seeds: u64) -> Flows {
    let mut flows = Flows::default();
    for seed in 0..seeds {
        let mut world = World::new(scenario, seed).muted();
        world.advance(scenario.ends_at(), levers, &mut |_| {});
        for day in &world.money().days {
            flows.add(&Flows::from(day));
        }
    }
    flows
}

fn compare(name: &str, set: &[(&str, LeverValue)]) -> (Flows, Flows) {
    let scenario = Scenario::builtin(name).unwrap();
    let model = Model::new(&scenario, &scenario.incidents, scenario.days);
    let levers: BTreeMap<String, LeverValue> =
        set.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut settings: Settings = model.defaults();
    for lever in model.levers() {
        if let Some(value) = levers.get(&lever.key) {
            settings.set(lever.role, lever.read(Some(value)));
        }
    }
    let expected = model.run(&mut model.start(), &settings, scenario.days);
    (simulated(&scenario, &levers, 2), expected)
}

/// How far the expectation may be off: chance (two runs), and means of products taken as products of means.
fn near(got: Option<f64>, want: Option<f64>, tolerance: f64) -> bool {
    let (Some(got), Some(want)) = (got, want) else { return got.is_none() == want.is_none() };
    (got - want).abs() <= tolerance * want.abs().max(0.05)
}

#[test]
fn the_expectation_is_the_mean_of_the_simulation() {
    let mut off = Vec::new();
    for name in Scenario::names().filter(|name| !["shop-large", "tiny"].contains(name)) {
        let (got, want) = compare(name, &[]);
        let company = Scenario::builtin(name).unwrap().company;
        for (kpi, tolerance) in [
            (Kpi::Visits, 0.03),
            (Kpi::ViewRate, 0.03),
            (Kpi::IntentRate, 0.04),
            (Kpi::BuyRate, 0.07),
            (Kpi::Orders, 0.08),
            (Kpi::Revenue, 0.08),
            (Kpi::AverageOrder, 0.04),
            (Kpi::RefundRate, 0.15),
            (Kpi::Tickets, 0.1),
            (Kpi::LateShare, 0.06),
            (Kpi::Sellers, 0.06),
            (Kpi::Churn, 0.12),
        ] {
            if let Some(key) = kpi.key(company)
                && !near(got.kpi(kpi), want.kpi(kpi), tolerance)
            {
                off.push(format!("{name} {key}: {:?} expected {:?}", got.kpi(kpi), want.kpi(kpi)));
            }
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}
