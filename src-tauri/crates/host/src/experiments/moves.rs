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
        Act::Call { .. } | Act::StartWorkflow { .. } | Act::EditWorkflow { .. } | Act::Choose { .. } => {
            return Err("it acts on no lever".to_owned());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "[[lever]]\nkey = \"price\"\nkind = \"number\"\nmin = 19\nmax = 49\nstep = 1\ndefault = 29\n\
                        [[lever.rule]]\nkey = \"teams\"\nvalue = 45\nif = \"seats > 20\"\n";

    fn price(n: u32) -> LeverValue {
        LeverValue::Number(f64::from(n))
    }

    fn start(key: &str, test: u32) -> Act {
        let arm = |key: &str, n| Arm { key: key.into(), value: price(n), weight: 0.5 };
        Act::StartExperiment {
            experiment: key.into(),
            lever: "price".into(),
            arms: vec![arm("control", 29), arm("test", test)],
            share: 0.5,
            audience: Some("plan == 'pro'".into()),
            slice: None,
        }
    }

    fn end(key: &str, ship: Option<u32>) -> Act {
        Act::EndExperiment { experiment: key.into(), lever: "price".into(), from: price(29), ship: ship.map(price) }
    }

    #[test]
    fn a_row_keeps_what_an_act_does_not_touch() {
        let business = Business::parse(SHOP).expect("a business");
        let mut rows: Vec<LeverRow> = Vec::new();
        let mut act = |act: &Act, decision: &str| {
            let row = after(act, &business, &rows, decision, 7).expect("a row").row;
            rows = vec![row.clone()];
            row
        };
        let row = act(&start("a", 35), "dec_1");
        assert_eq!((row.value.clone(), row.decision.clone(), row.rules.len()), (price(29), None, 1));
        assert_eq!((row.rules[0].key.as_str(), row.rules[0].when.as_deref()), ("a", Some("plan == 'pro'")));
        assert_eq!(act(&start("a", 36), "dec_1").rules.len(), 1, "carried out again, it is there once");
        assert_eq!(act(&start("b", 39), "dec_2").rules.len(), 2);
        let set = Act::SetLever { lever: "price".into(), from: price(29), to: price(31) };
        let row = act(&set, "dec_3");
        assert_eq!((row.value, row.decision.as_deref(), row.rules.len()), (price(31), Some("dec_3"), 2));
        let row = act(&end("a", None), "dec_4");
        assert_eq!((row.value, row.rules.len(), row.rules[0].key.as_str()), (price(29), 1, "b"));
        let row = act(&end("b", Some(39)), "dec_5");
        assert_eq!((row.value, row.decision.as_deref(), row.rules.len()), (price(39), Some("dec_5"), 0));
    }

    #[test]
    fn what_the_lever_cannot_serve_fails() {
        let business = Business::parse(SHOP).expect("a business");
        let why = |act: &Act| after(act, &business, &[], "dec_1", 7).expect_err("a reason");
        assert!(why(&start("a", 60)).contains("does not take 60"));
        assert!(why(&start("teams", 35)).contains("has the key “teams” already"));
        assert!(why(&end("a", Some(12))).contains("does not take 12"));
        let gone = Act::SetLever { lever: "colour".into(), from: price(1), to: price(2) };
        assert!(why(&gone).contains("is not declared any more"));
        let hook = Act::Call { effect: "mail".into(), payload: serde_json::Value::Null };
        assert!(why(&hook).contains("no lever"));
    }
}
