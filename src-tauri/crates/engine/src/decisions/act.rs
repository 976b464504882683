//! From a playbook's play to a concrete act on a declared lever or webhook.

use epoch_model::business::{Lever, LeverKind, LeverValue};
use epoch_model::decision::{Act, Editable};
use epoch_model::time::{DAY, Millis};

use super::book::LeverState;
use crate::Engine;
use crate::config::Config;
use crate::playbook::{Matcher, Move, Play};

/// "Back" undoes changes of ours that are at most this old.
const BACK_WITHIN: Millis = 28 * DAY;

/// A concrete act with how many steps it goes and whether it takes an earlier one back.
pub(crate) struct Choice {
    pub act: Act,
    pub steps: f64,
    pub back: bool,
}

impl Engine {
    /// The first declared lever or webhook that fits and can move.
    pub(crate) fn choose(&self, config: &Config, play: &Play, fill: &dyn Fn(&str) -> String) -> Option<Choice> {
        match play {
            Play::Webhook { effect, payload } => {
                let target = config.business.effects.iter().find(|e| effect.effect(e))?;
                let payload = filled(payload, fill);
                Some(Choice { act: Act::Call { effect: target.key.clone(), payload }, steps: 1.0, back: false })
            }
            Play::Lever { lever, r#move } => self.move_of(config, lever, r#move),
        }
    }

    fn move_of(&self, config: &Config, fits: &Matcher, way: &Move) -> Option<Choice> {
        let mut levers: Vec<(&Lever, &LeverState)> = config
            .business
            .levers
            .iter()
            .filter(|l| fits.lever(l))
            .filter_map(|l| self.levers.get(&l.key).map(|s| (l, s)))
            .collect();
        if *way == Move::Back {
            levers.retain(|(_, s)| {
                s.by.as_ref().is_some_and(|b| b.starts_with("dec_"))
                    && s.changed_at.is_some_and(|at| at.saturating_add(BACK_WITHIN) >= self.now)
            });
            levers.sort_by_key(|(_, s)| std::cmp::Reverse(s.changed_at));
        }
        levers.into_iter().find_map(|(lever, state)| {
            let to = moved(lever, state, way)?;
            if to == state.value || !takes(&lever.kind, &to) {
                return None;
            }
            let steps = steps_between(&lever.kind, &state.value, &to);
            let act = Act::SetLever { lever: lever.key.clone(), from: state.value.clone(), to };
            Some(Choice { act, steps, back: *way == Move::Back })
        })
    }

    /// Whether a decision of ours changed any lever since then.
    pub(crate) fn changed_since(&self, since: Millis) -> bool {
        self.levers
            .values()
            .any(|s| s.changed_at.is_some_and(|at| at >= since) && s.by.as_ref().is_some_and(|b| b.starts_with("dec_")))
    }
}

fn moved(lever: &Lever, state: &LeverState, way: &Move) -> Option<LeverValue> {
    match (way, &lever.kind, &state.value) {
        (Move::Back, _, _) => state.before.clone(),
        (Move::Default, _, _) => Some(lever.default.clone()),
        (Move::To(value), _, _) => Some(value.clone()),
        (Move::Up(n), LeverKind::Number { min, max, step }, LeverValue::Number(v)) => {
            Some(LeverValue::Number(stepped(*v, f64::from(*n) * step, *min, *max, *step)))
        }
        (Move::Down(n), LeverKind::Number { min, max, step }, LeverValue::Number(v)) => {
            Some(LeverValue::Number(stepped(*v, -f64::from(*n) * step, *min, *max, *step)))
        }
        (Move::Up(_), LeverKind::Boolean, _) => Some(LeverValue::Bool(true)),
        (Move::Down(_), LeverKind::Boolean, _) => Some(LeverValue::Bool(false)),
        (Move::Next, LeverKind::Boolean, LeverValue::Bool(b)) => Some(LeverValue::Bool(!b)),
        (Move::Next, LeverKind::Variant { options }, LeverValue::Text(t)) => {
            let at = options.iter().position(|o| o == t).map_or(0, |i| i + 1);
            options.get(at % options.len().max(1)).map(|o| LeverValue::Text(o.clone()))
        }
        _ => None,
    }
}

/// On the lever's own grid, so that 0.1 + 0.2 stays 0.3 and an edit of the same value is on a step too.
fn stepped(v: f64, by: f64, min: f64, max: f64, step: f64) -> f64 {
    let wanted = (v + by).clamp(min, max);
    if step <= 0.0 {
        return wanted;
    }
    let on_grid = min + ((wanted - min) / step).round() * step;
    let tidy = (on_grid * 1e9).round() / 1e9;
    tidy.clamp(min, max)
}

/// Whether a lever may have this value.
pub(crate) fn takes(kind: &LeverKind, value: &LeverValue) -> bool {
    match (kind, value) {
        (LeverKind::Boolean, LeverValue::Bool(_)) => true,
        (LeverKind::Number { min, max, .. }, LeverValue::Number(v)) => v.is_finite() && (*min..=*max).contains(v),
        (LeverKind::Variant { options }, LeverValue::Text(t)) => options.contains(t),
        (LeverKind::Text { max_chars }, LeverValue::Text(t)) => t.chars().count() <= *max_chars as usize,
        _ => false,
    }
}

/// Signed number of steps; 1 for what has no steps.
pub(crate) fn steps_between(kind: &LeverKind, from: &LeverValue, to: &LeverValue) -> f64 {
    match (kind, from, to) {
        (LeverKind::Number { step, .. }, LeverValue::Number(a), LeverValue::Number(b)) if *step > 0.0 => (b - a) / step,
        _ => 1.0,
    }
}

/// What the founder may change on the card.
pub(crate) fn editable(kind: &LeverKind) -> Vec<Editable> {
    let field = "to".to_owned();
    let one = |min, max, step, options| vec![Editable { field, min, max, step, options }];
    match kind {
        LeverKind::Boolean => Vec::new(),
        LeverKind::Number { min, max, step } => one(Some(*min), Some(*max), Some(*step), Vec::new()),
        LeverKind::Variant { options } => one(None, None, None, options.clone()),
        LeverKind::Text { max_chars } => one(None, Some(f64::from(*max_chars)), None, Vec::new()),
    }
}

/// A payload with its placeholders filled in.
fn filled(value: &serde_json::Value, fill: &dyn Fn(&str) -> String) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(s) => Value::String(fill(s)),
        Value::Array(items) => Value::Array(items.iter().map(|v| filled(v, fill)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), filled(v, fill))).collect()),
        other => other.clone(),
    }
}
