//! What came of it: at the end of the horizon, from closed buckets.

use epoch_model::autonomy::Standing;
use epoch_model::business::Better;
use epoch_model::decision::{Act, Outcome, State};
use epoch_model::time::{DAY, Millis};
use epoch_stats::baseline::Band;
use epoch_stats::effect::pinball;
use epoch_stats::horizon::Pool;

use super::autonomy::cell_of;
use super::book::Past;
use super::lifecycle::money_of;
use super::policy::exposure;
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
        let nothing = &d.nothing.value;
        // What was not done is held against the forecast of not doing it.
        let expected = if d.shadow { nothing } else { &d.prediction.value };
        let band = Band { p10: expected.p10, p50: expected.p50, p90: expected.p90 };
        let inside = (band.p10..=band.p90).contains(&actual);
        let against = actual - nothing.p50;
        let outcome = Outcome {
            at: self.now,
            actual,
            inside,
            against_nothing: against,
            money_minor: money_of(config, metric, against, n as usize, weight),
            loss: pinball(band, actual),
            note: if d.shadow {
                WATCHED.to_owned()
            } else {
                note(from, d.prediction.from, record.disturbed.as_deref(), &d.act)
            },
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
        let clean = record.disturbed.is_none();
        let helped = match metric.better {
            Better::Neither => None,
            Better::Up | Better::Down => Some(improvement > 0.0),
        };
        let shadow = d.shadow;
        if let Some(record) = self.book.records.get_mut(id) {
            record.decision.outcome = Some(outcome);
        }
        let reason =
            format!("the horizon is over; {} the predicted interval", if inside { "inside" } else { "outside" });
        if self.shift(id, State::Scored, "engine", reason, out) && !shadow {
            // A mixture of two changes says nothing about either.
            if clean {
                self.book.past.push_back(past);
            }
            self.take_score(config, id, clean, helped, out);
        }
    }

    /// What a scored decision says of its proposer: its calibration, its record in the cell, and what it cost when it ran alone.
    /// `helped`: better than doing nothing, where the metric has a better side.
    pub(crate) fn take_score(
        &mut self,
        config: &Config,
        id: &str,
        clean: bool,
        helped: Option<bool>,
        out: &mut Vec<Action>,
    ) {
        let now = self.now;
        let Some(record) = self.book.records.get(id) else { return };
        let d = &record.decision;
        let Some(outcome) = &d.outcome else { return };
        let (inside, proposer) = (outcome.inside, d.proposer.clone());
        let calibration = self.book.calibration.entry(proposer.clone()).or_default();
        calibration.scored = calibration.scored.saturating_add(1);
        calibration.inside = calibration.inside.saturating_add(u32::from(inside));
        let (alone, money) = (record.kept.alone, outcome.money_minor);
        if alone
            && let Some(money) = money
            && self.book.ledger.came_of(&config.business.limits, now, money)
        {
            let text = "What ran alone lost more than you allow: everything asks until you resume".to_owned();
            out.push(Action::Notify { decision: id.to_owned(), text });
        }
        if !clean {
            return;
        }
        let cell = cell_of(&config.business, d);
        let good = record.kept.breach.is_none() && (inside || helped == Some(true));
        let reliability = self.book.reliability.entry(proposer.clone()).or_default();
        let drifts = reliability.count(&d.prediction, &d.nothing, outcome.actual, record.kept.factor.unwrap_or(1.0));
        if !record.kept.vetoed {
            self.book.cells.case(&cell, good, self.book.reliability.get(&proposer), now);
        }
        // What an experiment finds is what nobody knew; its own audits watch over its calls.
        if drifts && !proposer.starts_with("experiment:") {
            self.book.cells.fault_of(&proposer, "its predictions drift: too few outcomes lie inside", now);
        }
    }

    /// The ladder, where it changed.
    pub(crate) fn tell_ladder(&mut self, config: &Config, out: &mut Vec<Action>) {
        if std::mem::take(&mut self.book.cells.changed) {
            out.push(Action::Standings(self.ladder(config)));
        }
    }

    pub(crate) fn ladder(&self, config: &Config) -> Vec<Standing> {
        let watches = |proposer: &str| Self::watches(config, proposer);
        self.book.cells.ladder(&self.book.reliability, &watches, self.now)
    }

    /// A guardrail broke: whatever changed something for customers and is still being observed may have broken it. Which one did
    /// cannot be told apart, so all of them lose what they earned.
    pub(crate) fn guardrail_broke(&mut self, config: &Config, until: Millis, headline: &str) {
        let now = self.now;
        let mut cells = Vec::new();
        for record in self.book.records.values_mut() {
            let d = &record.decision;
            let touched = exposure(&d.act, d.reversibility) > 0.0 && !d.shadow;
            let under_way = matches!(d.state, State::Executing | State::InDoubt | State::Executed | State::Observing);
            let before = d.history.iter().any(|t| t.to == State::Executing && t.at < until);
            if touched && under_way && before && record.kept.breach.is_none() {
                record.kept.breach = Some(headline.to_owned());
                cells.push(cell_of(&config.business, d));
            }
        }
        for cell in cells {
            self.book.cells.breached(&cell, headline, now);
        }
    }

    /// The founder took back what had run: its cell loses at once what it earned.
    pub(crate) fn vetoed_after(&mut self, config: &Config, id: &str, reason: &str) {
        let Some(record) = self.book.records.get_mut(id) else { return };
        let cell = cell_of(&config.business, &record.decision);
        let reason = format!("vetoed after it had run: {reason}");
        if !std::mem::replace(&mut record.kept.vetoed, true) {
            self.book.cells.case(&cell, false, self.book.reliability.get(&cell.proposer), self.now);
        }
        self.book.cells.fault(&cell, &reason, self.now);
    }

    /// The proposer itself says how it went. That it went well is no outcome; that it did not is believed.
    pub(crate) fn reported_by_proposer(&mut self, config: &Config, id: &str, good: bool) {
        let Some(d) = self.book.records.get(id).map(|r| &r.decision) else { return };
        if good {
            return;
        }
        let cell = cell_of(&config.business, d);
        self.book.cells.case(&cell, false, self.book.reliability.get(&cell.proposer), self.now);
    }
}

/// What the figure of something that was not done can say.
const WATCHED: &str = "Not done: its proposer is only watched. What happened is compared with the forecast for doing nothing; what the act would have done is not known.";

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
