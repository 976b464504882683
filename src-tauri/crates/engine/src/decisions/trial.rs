//! The decisions that start and end experiments: the same card, policy and life as every other decision.

use epoch_model::business::{Better, Domain};
use epoch_model::decision::{Act, Alternative, Evidence, Precondition, State, Transition};
use epoch_model::gate::act_hash;
use epoch_model::insight::Expectation;
use epoch_model::time::{DAY, Millis, Zone};
use epoch_stats::baseline::Band;
use epoch_stats::effect;

use super::book::{Record, Source};
use super::card;
use super::policy;
use super::predict::{Origin, Question, forecast, to_minor};
use super::propose::idempotency;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::monitor::next_id;

/// What an experiment wants decided.
pub(crate) struct Proposal {
    pub act: Act,
    /// Its key.
    pub experiment: String,
    /// `experiment:start`, `experiment:ship`, `experiment:take_back`: predictions are scored per proposer.
    pub proposer: &'static str,
    pub domain: Domain,
    /// The metric that is predicted.
    pub metric: String,
    pub headline: String,
    pub evidence: Vec<Evidence>,
    pub counter_evidence: Vec<Evidence>,
    pub counter_search: String,
    pub alternatives: Vec<Alternative>,
    pub worst_case: String,
    /// Relative improvement against doing nothing (positive is better).
    pub improvement: Band,
    /// How it is known.
    pub method: String,
    /// For a start: the metric per unit as it is. The prediction is then of the metric per unit in the arm, not of its total.
    pub per_unit: Option<f64>,
    /// Money over the horizon (p10, p50, p90), where the experiment knows it better than the metric's forecast.
    pub money_minor: Option<(i64, i64, i64)>,
    pub horizon: Millis,
    pub expires: Millis,
    /// Never done before on this lever.
    pub novel: bool,
    /// Why it asks although a rule would let it run.
    pub asks: Option<String>,
}

/// Minutes to read a card about an experiment.
const FOUNDER_MINUTES: u32 = 3;

impl Engine {
    /// Puts it like every decision; the id, or `None` where its metric or lever is gone.
    pub(crate) fn propose_trial(
        &mut self,
        config: &Config,
        zone: &Zone,
        p: Proposal,
        out: &mut Vec<Action>,
    ) -> Option<String> {
        let metric = config.metric(&p.metric)?;
        let (reversibility, cost, _) = Self::terms(config, &p.act)?;
        let id = next_id(&mut self.decisions, "dec");
        let mut d = card::empty(&id, self.now, p.domain, p.proposer.to_owned(), &p.metric, p.act);
        d.policy_version.clone_from(&config.version);
        d.reversibility = reversibility;
        d.cost_minor = cost;
        d.founder_minutes = FOUNDER_MINUTES;
        let calibration = self.book.calibration.get(p.proposer).copied().unwrap_or_default();
        let down = metric.better == Better::Down;
        let track = self.tracks.get(&metric.key);
        let made = match (p.per_unit, track) {
            (None, Some(track)) => forecast(
                config,
                zone,
                &self.book,
                &Question {
                    metric,
                    track,
                    from: track.end(),
                    horizon: p.horizon,
                    up: None,
                    prior: p.improvement,
                    origin: Origin::Measured(&p.method),
                    target: &d.act.target(),
                    steps: 1.0,
                    calibration,
                },
            ),
            _ => None,
        };
        if let Some(made) = made {
            d.nothing = made.nothing;
            d.prediction = made.acting;
        } else {
            let base = p.per_unit.unwrap_or(0.0);
            let change = |q: f64| if down { -q } else { q };
            let at = |q: f64| base + change(q) * base.abs();
            let (a, b) = (at(p.improvement.p10), at(p.improvement.p90));
            let value =
                |p10: f64, p50: f64, p90: f64, method: String| Expectation { p10, p50, p90, method, history: 0 };
            d.prediction.value = value(a.min(b), at(p.improvement.p50), a.max(b), format!("{}, per unit", p.method));
            d.nothing.value = value(base, base, base, "as it was measured before, per unit".to_owned());
            d.prediction.to = self.now.saturating_add(p.horizon);
            d.nothing.to = d.prediction.to;
            d.prediction.p_worse = effect::below(p.improvement, 0.0);
        }
        d.prediction.calibration = calibration;
        d.nothing.calibration = calibration;
        if p.money_minor.is_some() {
            d.prediction.money_minor = p.money_minor;
        }
        let money = d.prediction.money_minor;
        d.stake_minor =
            money.map(|(low, _, high)| low.saturating_abs().max(high.saturating_abs()).saturating_add(cost));
        d.level = policy::level(&config.business, d.stake_minor, reversibility, d.prediction.p_worse, p.novel);
        d.layer = policy::layer(d.level);
        d.act_hash = act_hash(&d.act);
        d.idempotency_key = idempotency(&config.business.name, &id, &d.act_hash);
        let days = (p.horizon / DAY).max(1);
        d.delay_cost_per_day_minor = money.map(|(_, middle, _)| middle / days);
        d.expires_at = self.now.saturating_add(p.expires);
        d.preconditions = vec![Precondition::Before { at: d.expires_at }];
        match &d.act {
            Act::StartExperiment { lever, .. } | Act::EndExperiment { lever, ship: Some(_), .. } => {
                let value = self.levers.get(lever)?.value.clone();
                d.preconditions.insert(0, Precondition::LeverIs { lever: lever.clone(), value });
            }
            Act::SetLever { lever, from, .. } => {
                d.preconditions.insert(0, Precondition::LeverIs { lever: lever.clone(), value: from.clone() });
            }
            // Taking back is right whatever else happened.
            _ => d.preconditions.clear(),
        }
        card::mechanics(config, Some(metric), &self.book, &mut d);
        d.blast_radius = card::blast_radius(config, Some(metric), None, &d.act);
        d.headline.clone_from(&p.headline);
        d.evidence = p.evidence;
        d.counter_evidence = p.counter_evidence;
        d.counter_search = p.counter_search;
        d.alternatives = p.alternatives;
        d.worst_case = p.worst_case;
        d.history.push(Transition { at: self.now, to: State::Draft, actor: p.proposer.to_owned(), reason: p.headline });
        let mut record = Record {
            decision: d,
            source: Source::Experiment { experiment: p.experiment },
            asks: p.asks,
            horizon: p.horizon,
            expires: p.expires,
            observe: None,
            disturbed: None,
            booked: None,
            kept: crate::decisions::book::Kept::default(),
        };
        self.settle_card(config, zone, &mut record);
        self.book.records.insert(id.clone(), record);
        self.put(config, zone, &id, out);
        Some(id)
    }

    /// Scores the prediction a start was made with, once the experiment says what the arm does.
    ///
    /// `change` is the relative change as measured, `worst` the reason where nothing was measured.
    pub(crate) fn score_start(
        &mut self,
        config: &Config,
        experiment: &str,
        change: Option<f64>,
        note: &str,
        out: &mut Vec<Action>,
    ) {
        let found = self.book.records.iter().find(|(_, r)| {
            r.decision.state == State::Observing
                && matches!(&r.decision.act, Act::StartExperiment { experiment: e, .. } if e == experiment)
        });
        let Some((id, record)) = found.map(|(id, r)| (id.clone(), r)) else { return };
        let d = &record.decision;
        let metric = d.prediction.metric.clone();
        let base = d.nothing.value.p50;
        let Some(change) = change.filter(|c| c.is_finite() && base != 0.0) else {
            self.shift(&id, State::Scored, "engine", note.to_owned(), out);
            return;
        };
        let actual = base + change * base.abs();
        let value = &d.prediction.value;
        let band = Band { p10: value.p10, p50: value.p50, p90: value.p90 };
        let inside = (band.p10..=band.p90).contains(&actual);
        let money = d.prediction.money_minor.filter(|_| (band.p50 - base).abs() > 1e-12 * base.abs());
        let outcome = epoch_model::decision::Outcome {
            at: self.now,
            actual,
            inside,
            against_nothing: actual - base,
            money_minor: money.map(|(_, middle, _)| to_minor(middle as f64 * (actual - base) / (band.p50 - base))),
            loss: effect::pinball(band, actual),
            note: note.to_owned(),
        };
        if let Some(record) = self.book.records.get_mut(&id) {
            record.decision.outcome = Some(outcome);
        }
        let words = if inside { "inside" } else { "outside" };
        if self.shift(&id, State::Scored, "engine", format!("it is answered; {words} the predicted interval"), out) {
            let better = config.metric(&metric).map(|m| m.better);
            let helped = match better {
                Some(Better::Up) => Some(actual > base),
                Some(Better::Down) => Some(actual < base),
                Some(Better::Neither) | None => None,
            };
            self.take_score(config, &id, true, helped, out);
        }
    }
}
