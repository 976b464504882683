//! How long the engine takes to read one day's looks of a thousand running experiments, ten metrics and three arms each.
//!
//! `cargo run --release -p epoch-engine --example looks_bench`

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a bench speaks, and measures its own time"
)]

use std::time::Instant;

use epoch_engine::{Engine, Input};
use epoch_model::business::Business;
use epoch_model::business::LeverValue;
use epoch_model::experiment::{Exposure, Health, Look, MetricSums, Moments, Origin, Pilot, Purpose, Spec, State};
use epoch_model::serving::Arm;
use epoch_model::time::DAY;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

const EXPERIMENTS: usize = 1000;
const METRICS: usize = 10;
const ARMS: usize = 3;
const START: i64 = 1_736_121_600_000;

fn business() -> Business {
    let mut text = String::from("[business]\nname = \"Bench\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n");
    for m in 0..METRICS {
        let metric = format!(
            "[[metric]]\nkey = \"m{m}\"\nkind = \"sum\"\nevent = \"order\"\nvalue = \"amount\"\nformat = \"money\"\nbetter = \"up\"\ndomain = \"sales\"\n"
        );
        text.push_str(&metric);
    }
    Business::parse(&text).expect("a valid business")
}

fn spec(i: usize) -> Spec {
    let arm = |key: &str, value: f64| Arm {
        key: key.to_owned(),
        value: LeverValue::Number(value),
        weight: 1.0 / ARMS as f64,
    };
    Spec {
        key: format!("e{i}"),
        title: format!("Experiment {i}"),
        hypothesis: String::new(),
        origin: Origin::Operator,
        purpose: Purpose::Decide,
        lever: None,
        arms: vec![arm("control", 0.0), arm("a", 1.0), arm("b", 2.0)],
        metric: "m0".to_owned(),
        secondary: (1..METRICS - 1).map(|m| format!("m{m}")).collect(),
        guardrails: vec![format!("m{}", METRICS - 1)],
        exposure: Exposure::of_lever("x"),
        audience: None,
        share: 1.0,
        slice: None,
        group: None,
        from: Some(START),
        until: None,
        mde: Some(0.05),
        cap: None,
        hypothesis_id: None,
        parent: None,
    }
}

fn moments(units: u64, mean: f64) -> Moments {
    Moments { units, mean, m2: units as f64 * 400.0, ..Moments::default() }
}

fn main() {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut engine = Engine::new();
    let configure =
        Input::Configure { business: Box::new(business()), playbooks: Vec::new(), operator_keys: Vec::new() };
    engine.handle(&configure, START, &mut rng);
    for i in 0..EXPERIMENTS {
        let spec = spec(i);
        let pilot = Pilot {
            metric: spec.metric.clone(),
            exposure: spec.exposure.clone(),
            group: None,
            from: START,
            to: START + 28 * DAY,
            new_units: vec![3000; 28],
            moments: moments(84_000, 20.0),
            covariate_days: 0,
        };
        engine.handle(&Input::Asked { spec: Box::new(spec.clone()), by: "operator:bench".to_owned() }, START, &mut rng);
        let measured = Input::Measured { experiment: spec.key, pilot: Ok(Box::new(pilot)) };
        engine.handle(&measured, START, &mut rng);
    }
    println!("{} run", engine.tracked().len());
    for day in 1..=20_u64 {
        let looks: Vec<Look> = (0..EXPERIMENTS)
            .map(|i| {
                let units = day * 300;
                Look {
                    experiment: format!("e{i}"),
                    at: START + day.cast_signed() * DAY,
                    units: vec![units; ARMS],
                    metrics: (0..METRICS)
                        .map(|m| MetricSums {
                            metric: format!("m{m}"),
                            arms: (0..ARMS).map(|a| moments(units, 20.0 + 0.01 * a as f64)).collect(),
                            segments: Vec::new(),
                        })
                        .collect(),
                    health: Health {
                        newest_exposure: START + day.cast_signed() * DAY - 1,
                        newest_outcome: START + day.cast_signed() * DAY - 1,
                        ..Health::default()
                    },
                    crossed: Vec::new(),
                }
            })
            .collect();
        let begun = Instant::now();
        let actions = engine.handle(&Input::Looked { looks }, START + day.cast_signed() * DAY, &mut rng);
        let running = engine.experiments().filter(|e| e.state == State::Running).count();
        println!(
            "day {day}: {:.0} ms, {} actions, {running} running",
            begun.elapsed().as_secs_f64() * 1e3,
            actions.len()
        );
    }
}
