//! An analysis for people.

use super::super::{shown, shown_ends};
use super::output::Output;
use crate::output::table;

pub(crate) fn lines(output: &Output) -> Vec<String> {
    let mut rows = Vec::new();
    for metric in &output.metrics {
        for arm in &metric.arms {
            let effect = arm.effect.as_ref();
            rows.push(vec![
                metric.key.clone(),
                arm.key.clone(),
                shown(metric.control_value),
                shown(arm.value),
                shown(effect.map(|e| e.estimate)),
                effect.map_or_else(String::new, |e| shown_ends(e.interval)),
                shown(effect.map(|e| e.adjusted_p_value)),
                shown(effect.map(|e| e.chance_to_win)),
                format!("{:?}", arm.verdict).to_lowercase(),
            ]);
        }
    }
    let head = ["metric", "arm", "control", "value", "effect", "interval", "p", "better with", ""];
    let mut lines = table(&head, &rows);
    lines.push(output.verdict.text.clone());
    lines.extend(output.warnings.iter().map(|w| format!("! {}", w.text)));
    lines
}
