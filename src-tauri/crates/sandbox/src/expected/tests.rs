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
    let levers: BTreeMap<String, LeverValue> = set.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut settings: Settings = model.defaults();
    for lever in model.levers() {
        if let Some(value) = levers.get(&lever.key) {
            settings.set(lever.role, lever.read(Some(value)));
        }
    }
    let expected = model.run(&mut model.start(), &settings, scenario.days);
    (simulated(&scenario, &levers, 2), expected)
}

#[test]
fn look() {
    for name in Scenario::names() {
        let (got, want) = compare(name, &[]);
        println!("{name}: profit/day {:.1} {:.1}", got.profit / got.days, want.profit / want.days);
        let company = Scenario::builtin(name).unwrap().company;
        for kpi in Kpi::ALL {
            if let Some(key) = kpi.key(company) {
                println!("   {key:>18} {:?} {:?}", got.kpi(kpi).unwrap_or(0.0), want.kpi(kpi).unwrap_or(0.0));
            }
        }
        break;
    }
}
