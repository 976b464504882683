//! The oracle earns more than doing nothing and than every fixed setting that was tried.

use std::collections::BTreeMap;

use epoch_model::business::{LeverKind, LeverValue};
use epoch_sandbox::{Defaults, LeverSource, Oracle, Scenario, World, catalog};

fn profit(scenario: &Scenario, levers: &dyn LeverSource) -> i64 {
    let mut world = World::new(scenario, 21).muted();
    world.advance(scenario.ends_at(), levers, &mut |_| {});
    world.money().profit()
}

fn beats_all(company: &str) {
    for family in ["calm", "drifting", "shocked", "seasonal", "delayed", "adversarial"] {
        let mut scenario = Scenario::builtin(&format!("{company}-{family}")).unwrap();
        scenario.days = 98;
        let oracle = Oracle::new(&scenario, &scenario.incidents, scenario.days);
        let best = profit(&scenario, &oracle);
        let nothing = profit(&scenario, &Defaults);
        assert!(best > nothing, "{}: {best} is not above doing nothing, {nothing}", scenario.name);
        for lever in catalog(&scenario) {
            let values = match &lever.kind {
                LeverKind::Variant { options } => options.iter().cloned().map(LeverValue::Text).collect(),
                LeverKind::Number { min, max, .. } => {
                    [0.2, 0.6].map(|share| LeverValue::Number(min + share * (max - min))).to_vec()
                }
                _ => Vec::new(),
            };
            for value in values {
                let fixed = BTreeMap::from([(lever.key.clone(), value.clone())]);
                let got = profit(&scenario, &fixed);
                assert!(best > got, "{}: {} = {value:?} earns {got}, the oracle {best}", scenario.name, lever.key);
            }
        }
        // The plan's own settings, held for ever.
        for step in oracle.steps().into_iter().step_by(3) {
            let got = profit(&scenario, &step.levers);
            assert!(best > got, "{}: {:?} earns {got}, the oracle {best}", scenario.name, step.levers);
        }
    }
}

#[test]
fn in_shops() {
    beats_all("shop");
}

#[test]
fn in_software_by_the_month() {
    beats_all("saas");
}

#[test]
fn in_marketplaces() {
    beats_all("marketplace");
}
