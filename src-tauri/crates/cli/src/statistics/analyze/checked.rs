//! Refuses what cannot be meant, before anything is computed.

use epoch_model::Result;

use super::super::{UNITS_MAX, counted, inside, weighed, wrong};
use super::input::{Design, Guardrails, Input};

pub(super) fn check(input: &Input) -> Result<()> {
    inside("alpha", input.alpha)?;
    inside("srm_alpha", input.srm_alpha)?;
    if let Some(p) = input.srm_earlier {
        share("srm_earlier", p)?;
    }
    arms(input)?;
    metrics(input)?;
    design(input)
}

/// A p-value of earlier looks.
fn share(field: &str, p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(wrong(field, format!("{p} is no p-value"), "hand in what the last look answered"))
}

fn arms(input: &Input) -> Result<()> {
    if input.arms.len() < 2 {
        return Err(wrong("arms", "fewer than two", "name the control first, then what it is compared with"));
    }
    for (k, arm) in input.arms.iter().enumerate() {
        if input.arms.iter().take(k).any(|a| a.key == arm.key) {
            let what = format!("“{}” is there twice", arm.key);
            return Err(wrong(format!("arms[{k}].key"), what, "name every arm once"));
        }
        counted(format!("arms[{k}].units"), &[arm.units.unwrap_or(0)])?;
    }
    weighed("arms", &input.arms.iter().map(|a| a.weight).collect::<Vec<_>>())
}

fn metrics(input: &Input) -> Result<()> {
    if input.metrics.is_empty() {
        return Err(wrong("metrics", "none", "name at least one"));
    }
    for (m, metric) in input.metrics.iter().enumerate() {
        let place = |field: &str| format!("metrics[{m}].{field}");
        if input.metrics.iter().take(m).any(|o| o.key == metric.key) {
            let what = format!("“{}” is there twice", metric.key);
            return Err(wrong(place("key"), what, "name every metric once"));
        }
        if !(metric.margin >= 0.0) {
            let next = "what the guardrail may lose, as a number from 0";
            return Err(wrong(place("margin"), "below 0", next));
        }
        if metric.margin > 0.0 && !metric.guardrail {
            return Err(wrong(place("margin"), "it is no guardrail", "leave it out, or say `\"guardrail\": true`"));
        }
        if metric.guardrail && metric.margin == 0.0 && input.guardrails == Guardrails::WithinMargin {
            let next = "that nothing at all is lost cannot be shown: say how much may be";
            return Err(wrong(place("margin"), "`guardrails` asks for it", next));
        }
        if metric.money.is_some_and(|money| !(money.units_per_month >= 0.0)) {
            return Err(wrong(place("money.units_per_month"), "below 0", "how many units a month would meet it"));
        }
        for key in metric.earlier.keys() {
            if !input.arms.iter().skip(1).any(|a| a.key == *key) {
                let what = format!("“{key}” is no arm that is compared");
                return Err(wrong(place("earlier"), what, "use the keys of `arms`, without the control's"));
            }
        }
        for earlier in metric.earlier.values() {
            rising(&place("earlier"), &earlier.looks)?;
            if let Some(p) = earlier.p_value {
                share(&place("earlier"), p)?;
            }
        }
    }
    Ok(())
}

/// Looks after the planned size are possible, but nothing is left to spend on them.
fn rising(place: &str, looks: &[f64]) -> Result<()> {
    let rises = looks.windows(2).all(|w| w[0] < w[1]) && looks.iter().all(|t| *t > 0.0);
    if rises {
        return Ok(());
    }
    let next = "shares of the planned size at which it was looked before, as in [0.25, 0.5]";
    Err(wrong(format!("{place}.looks"), "they do not rise from above 0", next))
}

/// Looks more often than this say no more.
const LOOKS_MAX: usize = 1000;

fn design(input: &Input) -> Result<()> {
    let planned = match &input.design {
        Design::Fixed { planned_units } => *planned_units,
        Design::GroupSequential { planned_units, .. } | Design::ConfidenceSequence { planned_units } => {
            Some(*planned_units)
        }
        Design::Msprt { .. } | Design::Bayes {} => None,
    };
    if let Some(units) = planned {
        if !(units >= 2.0 && units <= UNITS_MAX as f64) {
            return Err(wrong("design.planned_units", "not from 2 to 10^15", "units of all arms together"));
        }
        if let Some(k) = input.arms.iter().position(|a| a.weight == 0.0) {
            let next = "an arm that is compared needs its share of the planned units";
            return Err(wrong(format!("arms[{k}].weight"), "0 of a planned size", next));
        }
    }
    match &input.design {
        Design::GroupSequential { looks, futility, .. } => {
            if looks.len() > LOOKS_MAX
                || input.metrics.iter().any(|m| m.earlier.values().any(|e| e.looks.len() > LOOKS_MAX))
            {
                return Err(wrong(
                    "design.looks",
                    format!("more than {LOOKS_MAX}"),
                    "leave out looks that were hardly apart",
                ));
            }
            rising("design", looks)?;
            if looks.iter().any(|t| *t >= 1.0) {
                let next = "shares of the planned size at which it was looked before, as in [0.25, 0.5]";
                return Err(wrong("design.looks", "one is not before the planned size", next));
            }
            if let Some(futility) = futility {
                inside("design.futility.power", futility.power)?;
                if !(1..=100).contains(&futility.looks) {
                    return Err(wrong("design.futility.looks", "not from 1 to 100", "daily looks of two weeks are 14"));
                }
            }
            Ok(())
        }
        Design::Msprt { tau: Some(tau) } if !(*tau > 0.0) => {
            Err(wrong("design.tau", "it must be above 0", "how large effects usually are, as a standard deviation"))
        }
        Design::Msprt { tau: None } if input.prior.is_none() && input.past.is_none() => Err(wrong(
            "design.tau",
            "neither it nor a `prior` is there",
            "say how large effects usually are: 0.05 is 5 %",
        )),
        _ => Ok(()),
    }
}
