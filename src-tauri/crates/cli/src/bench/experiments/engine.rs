//! A thousand running experiments, read by the engine day after day.

use std::fmt::Write as _;

use epoch_engine::{Engine, Input};
use epoch_model::Result;
use epoch_model::business::{Business, LeverValue};
use epoch_model::experiment::{Exposure, Health, Look, MetricSums, Moments, Origin, Pilot, Purpose, Spec, State};
use epoch_model::serving::Arm;
use epoch_model::time::DAY;

use super::super::measure::{median, quantile, timed};
use super::super::report::{Report, failed, same};
use super::{Frame, normal};

const METRICS: usize = 10;
const ARMS: usize = 3;
const START: i64 = 1_736_121_600_000;
/// New units of an arm a day.
const PER_DAY: u64 = 300;

fn business() -> Result<Business> {
    let mut text = String::from("[business]\nname = \"Bench\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n");
    for m in 0..METRICS {
        let _ = write!(
            text,
            "[[metric]]\nkey = \"m{m}\"\nkind = \"sum\"\nevent = \"order\"\nvalue = \"amount\"\nformat = \"money\"\nbetter = \"up\"\ndomain = \"sales\"\n"
        );
    }
    Business::parse(&text).map_err(|problems| failed(format!("{problems:?}")))
}

fn spec(i: usize) -> Spec {
    let arm = |(k, key): (usize, &str)| Arm {
        key: key.to_owned(),
        value: LeverValue::Number(k as f64),
        weight: 1.0 / ARMS as f64,
    };
    Spec {
        key: format!("e{i}"),
        title: format!("Experiment {i}"),
        hypothesis: String::new(),
        origin: Origin::Operator,
        purpose: Purpose::Decide,
        lever: None,
        arms: ["control", "a", "b"].into_iter().enumerate().map(arm).collect(),
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

/// Mean 20 with a standard deviation of 20 and a skewness of 3.
fn moments(units: u64, mean: f64) -> Moments {
    let n = units as f64;
    Moments { units, mean, m2: n * 400.0, m3: Some(n * 24_000.0), ..Moments::default() }
}

pub(super) fn run(frame: Frame, report: &mut Report) -> Result<()> {
    let experiments: usize = if frame.quick { 50 } else { 1_000 };
    let mut rng = frame.rng(500);
    let mut engine = Engine::new();
    let configure =
        Input::Configure { business: Box::new(business()?), playbooks: Vec::new(), operator_keys: Vec::new() };
    engine.handle(&configure, START, &mut rng);
    for i in 0..experiments {
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
        let measured = Input::Measured { experiment: spec.key.clone(), pilot: Ok(Box::new(pilot)) };
        engine.handle(&Input::Asked { spec: Box::new(spec), by: "operator:bench".to_owned() }, START, &mut rng);
        engine.handle(&measured, START, &mut rng);
    }
    let running = |engine: &Engine| engine.experiments().filter(|e| e.state == State::Running).count();
    same("experiments that run", &running(&engine), &experiments)?;
    // What every arm drifts to by chance, per metric: no effect anywhere.
    let drift: Vec<f64> = (0..experiments * METRICS * ARMS).map(|_| normal(&mut rng)).collect();
    let (mut took, mut alive) = (Vec::new(), Vec::new());
    for day in 1..=10_u64 {
        let (units, at) = (day * PER_DAY, START + day.cast_signed() * DAY);
        let looks = (0..experiments).map(|i| Look {
            experiment: format!("e{i}"),
            at,
            units: vec![units; ARMS],
            metrics: (0..METRICS)
                .map(|m| MetricSums {
                    metric: format!("m{m}"),
                    arms: (0..ARMS)
                        .map(|a| {
                            moments(units, 20.0 + 20.0 * drift[(i * METRICS + m) * ARMS + a] / (units as f64).sqrt())
                        })
                        .collect(),
                    segments: Vec::new(),
                })
                .collect(),
            health: Health { newest_exposure: at - 1, newest_outcome: at - 1, ..Health::default() },
            crossed: Vec::new(),
        });
        let input = Input::Looked { looks: looks.collect() };
        alive.push(running(&engine) as f64);
        let (_, spent) = timed(|| engine.handle(&input, at, &mut rng));
        took.push(spent.wall * 1e3);
    }
    report.figure("engine_experiments", experiments as f64, "experiments");
    report.figure("engine_running_last", *alive.last().unwrap_or(&0.0), "experiments");
    report.figure("engine_looks", median(&took), "ms");
    report.figure("engine_looks_worst", quantile(&took, 1.0), "ms");
    report.note("engine_looks: one input with a look of every experiment, 10 metrics x 3 arms each, ten days; goal with store_looks together <= 1,000 ms");
    Ok(())
}
