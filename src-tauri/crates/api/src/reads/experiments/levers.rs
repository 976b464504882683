//! Which levers can be asked about, and with which values.

use epoch_host::Host;
use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::experiment::{Experiment, State};
use epoch_model::serving::Flag;

use crate::describe::lever_value;
use crate::views::ExperimentLever;

/// Values offered of a lever.
const VALUES_MAX: usize = 20;

pub(super) fn choices(host: &Host, experiments: &[Experiment]) -> Vec<ExperimentLever> {
    let compiled = host.levers();
    compiled.flags().iter().map(|flag| choice(flag, experiments)).collect()
}

fn choice(flag: &Flag, experiments: &[Experiment]) -> ExperimentLever {
    ExperimentLever {
        key: flag.key.clone(),
        title: flag.title.clone(),
        value_text: lever_value(&flag.value),
        value: flag.value.clone(),
        values: values(flag),
        blocked: blocked(flag, experiments),
    }
}

/// What an arm could have instead of the value in force, the nearest first.
fn values(flag: &Flag) -> Vec<LeverValue> {
    let mut all: Vec<LeverValue> = match (&flag.kind, &flag.value) {
        (LeverKind::Boolean, _) => vec![LeverValue::Bool(false), LeverValue::Bool(true)],
        (LeverKind::Variant { options }, _) => options.iter().cloned().map(LeverValue::Text).collect(),
        (LeverKind::Number { min, max, step }, LeverValue::Number(now)) => around(*min, *max, *step, *now),
        (LeverKind::Number { .. } | LeverKind::Text { .. }, _) => Vec::new(),
    };
    all.retain(|value| *value != flag.value);
    all.truncate(VALUES_MAX);
    all
}

/// Steps of a number lever, the nearest to `now` first.
fn around(min: f64, max: f64, step: f64, now: f64) -> Vec<LeverValue> {
    let at = ((now - min) / step).round();
    let steps = ((max - min) / step + 1e-9).floor();
    let near = (1..=VALUES_MAX).flat_map(|n| {
        let n = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        [at + n, at - n]
    });
    // Ten digits after the point: steps such as 0.1 have no exact value.
    let value = |i: f64| ((min + i * step) * 1e10).round() / 1e10;
    near.filter(|i| (0.0..=steps).contains(i)).map(|i| LeverValue::Number(value(i))).collect()
}

fn blocked(flag: &Flag, experiments: &[Experiment]) -> Option<String> {
    if flag.serving.off {
        return Some("the lever is off: everybody gets its default".to_owned());
    }
    let open = |e: &&Experiment| {
        e.spec.lever.as_ref() == Some(&flag.key)
            && matches!(e.state, State::Waiting | State::Running | State::Concluding)
    };
    let other = experiments.iter().find(open)?;
    Some(format!("the experiment “{}” uses it", other.spec.title))
}
