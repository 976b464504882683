//! What an act does to a lever's row: its value, and the rules that running experiments keep.

use epoch_model::business::{Business, Lever, LeverValue};
use epoch_model::decision::Act;
use epoch_model::serving::{Arm, Rule, Serve, Slice};
use epoch_model::time::Millis;
use epoch_store::LeverRow;

use crate::engine_thread::ENGINE;
use crate::levers::{takes, value_of};

/// A lever's row after an act, and what was done, in words.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) row: LeverRow,
    pub(crate) detail: String,
}

/// The row of the lever that `act` acts on, after it. The error says why that cannot be: the lever is gone, or takes the values
/// no longer.
pub(crate) fn after(
    act: &Act,
    business: &Business,
    rows: &[LeverRow],
    decision: &str,
    now: Millis,
) -> Result<Moved, String> {
    let key = act.lever().ok_or("it acts on no lever")?;
    let declared = business.levers.iter().find(|l| l.key == key);
    let lever = declared.ok_or_else(|| format!("the lever “{key}” is not declared any more"))?;
    let now_row = rows.iter().find(|r| r.key == key);
    let mut row = now_row.cloned().unwrap_or_else(|| LeverRow {
        key: key.to_owned(),
        value: lever.default.clone(),
        updated_at: now,
        decision: None,
        by: ENGINE.to_owned(),
        rules: Vec::new(),
    });
    row.value = value_of(lever, now_row).clone();
    row.updated_at = now;
    ENGINE.clone_into(&mut row.by);
    let detail = match act {
        Act::SetLever { to, .. } => {
            row.decision = Some(decision.to_owned());
            row.value = to.clone();
            format!("{key} set")
        }
        Act::StartExperiment { experiment, arms, share, audience, slice, .. } => {
            fits(lever, arms.iter().map(|arm| &arm.value))?;
            if lever.serving.rules.iter().any(|rule| rule.key == *experiment) {
                return Err(format!("a rule of “{key}” in business.toml has the key “{experiment}” already"));
            }
            row.rules.retain(|rule| rule.key != *experiment);
            row.rules.push(rule(experiment, arms, *share, audience.clone(), slice.clone()));
            format!("{key} serves the arms of {experiment}")
        }
        Act::EndExperiment { experiment, from, ship, .. } => {
            let value = ship.as_ref().unwrap_or(from);
            fits(lever, std::iter::once(value))?;
            row.rules.retain(|rule| rule.key != *experiment);
            if row.value != *value {
                row.decision = Some(decision.to_owned());
                row.value = value.clone();
            }
            match ship {
                Some(_) => format!("{experiment} ended, everybody gets what it found"),
                None => format!("{experiment} ended, {key} is as it was"),
            }
        }
        Act::Webhook { .. } => return Err("it acts on no lever".to_owned()),
    };
    Ok(Moved { row, detail })
}

fn fits<'a>(lever: &Lever, mut values: impl Iterator<Item = &'a LeverValue>) -> Result<(), String> {
    match values.find(|value| !takes(&lever.kind, value)) {
        Some(value) => Err(format!("“{}” does not take {} any more", lever.key, said(value))),
        None => Ok(()),
    }
}

pub(crate) fn said(value: &LeverValue) -> String {
    match value {
        LeverValue::Bool(b) => b.to_string(),
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(t) => format!("“{t}”"),
    }
}

/// The rule under which arms are served; its key is the experiment's, so that exposures name it.
fn rule(experiment: &str, arms: &[Arm], share: f64, when: Option<String>, slice: Option<Slice>) -> Rule {
    Rule {
        key: experiment.to_owned(),
        name: format!("Experiment {experiment}"),
        when,
        serve: Serve::Experiment { experiment: experiment.to_owned(), arms: arms.to_vec(), share, slice },
    }
}
