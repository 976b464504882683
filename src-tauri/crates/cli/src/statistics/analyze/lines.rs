//! An analysis for people.

use super::super::{shown, shown_ends};
use super::output::Output;
use crate::output::table;

pub(crate) fn lines(output: &Output) -> Vec<String> {
    let mut rows = Vec::new();
    let (mut segments, mut money) = (Vec::new(), Vec::new());
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
            for s in &arm.segments {
                let drawn = s.shrunk.as_ref();
                segments.push(vec![
                    metric.key.clone(),
                    arm.key.clone(),
                    format!("{} {}", s.dimension, s.value),
                    shown(s.effect.as_ref().map(|e| e.estimate)),
                    shown(drawn.map(|d| d.estimate)),
                    drawn.map_or_else(String::new, |d| shown_ends(d.interval)),
                ]);
            }
            if let Some(m) = &arm.money {
                let whole = |x: Option<f64>| x.map_or_else(|| "–".into(), |x| format!("{:.2}", x / 100.0));
                let [low, high] = m.interval.map(whole);
                money.push(format!("{}, {}: {} a month ({low} to {high})", metric.key, arm.key, whole(m.estimate)));
            }
        }
    }
    let head = ["metric", "arm", "control", "value", "effect", "interval", "p", "better with", ""];
    let mut lines = table(&head, &rows);
    if !segments.is_empty() {
        lines.push(String::new());
        lines.extend(table(&["metric", "arm", "segment", "effect", "drawn together", "interval"], &segments));
        lines.push(String::new());
    }
    lines.extend(money);
    lines.push(output.verdict.text.clone());
    lines.extend(output.warnings.iter().map(|w| format!("! {}", w.text)));
    lines
}
