//! What came of it: at the end of the horizon, from closed buckets.

use epoch_model::business::Better;
use epoch_model::decision::{Act, Outcome, State};
use epoch_model::time::{DAY, Millis};
use epoch_stats::baseline::Band;
use epoch_stats::effect::pinball;
use epoch_stats::horizon::Pool;

use super::book::Past;
use super::lifecycle::money_of;
use crate::Engine;
use crate::action::Action;
use crate::config::{Config, pool};

/// How long after the horizon missing buckets are waited for.
const PATIENCE: Millis = 7 * DAY;

impl Engine {
    /// Scores a decision whose horizon is over.
    pub(crate) fn score(&mut self, config: &Config, id: &str, out: &mut Vec<Action>) {
        let Some(record) = self.book.records.get(id) else { return };
        let Some((from, to)) = record.observe else { return };
        let d = &record.decision;
        let metric = config.metric(&d.prediction.metric);
        let track = self.tracks.get(&d.prediction.metric);
        let closed = track.is_some_and(|t| t.end() >= to);
        if !closed && self.now < to.saturating_add(PATIENCE) {
            return;
        }
        let seen = metric.zip(track).and_then(|(m, t)| {
            let (mut num, mut den, mut sum, mut n) = (0.0, 0.0, 0.0, 0_u32);
            for cell in t.between(from, to) {
                if let Some(v) = cell.value {
                    sum += v;
                    num += cell.num;
                    den += cell.den;
                    n += 1;
                }
            }
            let actual = match pool(m) {
                Pool::Sum => sum,
                Pool::RatioOfSums => num / den,
                Pool::Mean => sum / f64::from(n),
            };
            (closed && n > 0 && actual.is_finite()).then_some((m, actual, n, den / f64::from(n)))
        });
        let Some((metric, actual, n, weight)) = seen else {
            let reason = "the metric had no data over the horizon; it counts neither way".to_owned();
            self.shift(id, State::Scored, "engine", reason, out);
            return;
        };
        let (acting, nothing) = (&d.prediction.value, &d.nothing.value);
        let band = Band { p10: acting.p10, p50: acting.p50, p90: acting.p90 };
        let inside = (band.p10..=band.p90).contains(&actual);
        let against = actual - nothing.p50;
        let outcome = Outcome {
            at: self.now,
            actual,
            inside,
            against_nothing: against,
            money_minor: money_of(config, metric, against, n as usize, weight),
            loss: pinball(band, actual),
            note: note(from, d.prediction.from, record.disturbed.as_deref(), &d.act),
        };
        let improvement = if metric.better == Better::Down { -against } else { against };
        let size = nothing.p50.abs().max(1e-12);
        let step = match &d.act {
            Act::SetLever { .. } => record.steps_now(),
            _ => 1.0,
        };
        let noise = ((nothing.p90 - nothing.p10) / 2.563 / size).abs().max(0.01) / step.abs().max(0.1);
        let past = Past {
            id: id.to_owned(),
            headline: d.headline.clone(),
            target: d.act.target(),
            metric: metric.key.clone(),
            predicted: band.p50,
            actual,
            effect: improvement / size / if step == 0.0 { 1.0 } else { step },
            noise,
            helped: improvement > 0.0,
        };
        let proposer = d.proposer.clone();
        let clean = record.disturbed.is_none();
        if let Some(record) = self.book.records.get_mut(id) {
            record.decision.outcome = Some(outcome);
        }
        let reason =
            format!("the horizon is over; {} the predicted interval", if inside { "inside" } else { "outside" });
        if self.shift(id, State::Scored, "engine", reason, out) {
            let calibration = self.book.calibration.entry(proposer).or_default();
            calibration.scored = calibration.scored.saturating_add(1);
            calibration.inside = calibration.inside.saturating_add(u32::from(inside));
            // A mixture of two changes says nothing about either.
            if clean {
                self.book.past.push_back(past);
            }
        }
    }
}

fn note(observed: Millis, predicted: Millis, disturbed: Option<&str>, act: &Act) -> String {
    let mut out = "Compared with a forecast, not with a control group: other causes are in it too. Data that is replayed from history cannot react to the act.".to_owned();
    if let Some(other) = disturbed {
        out.push_str(
            &[" The lever was changed again by ", other, " before the horizon was over, so the figure mixes both."]
                .concat(),
        );
    }
    if observed.saturating_sub(predicted) > DAY {
        let days = observed.saturating_sub(predicted) / DAY;
        let late = format!(" It was executed {days} days after the prediction was made.");
        out.push_str(&late);
    }
    if matches!(act, Act::Call { .. }) {
        out.push_str(" What the receiver did about it is not known.");
    }
    out
}
