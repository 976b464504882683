//! Proposes: from a finding and a playbook to a complete card, and from there to draft, card or execution.

use epoch_model::Code;
use epoch_model::business::{LeverKind, Metric, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Precondition, State, Transition};
use epoch_model::gate::act_hash;
use epoch_model::insight::{Insight, InsightKind};
use epoch_model::time::{Grain, Zone};
use epoch_stats::baseline::Band;

use super::act::{editable, steps_between};
use super::book::{Record, Source, live};
use super::card::{self, Facts};
use super::policy;
use super::predict::{Forecast, Origin, Question, forecast};
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::monitor::next_id;
use crate::playbook::Playbook;
use crate::text;

impl Engine {
    /// The id of the new decision, or `None` where there is nothing to propose. `tested`: a lever that can be tested is
    /// tested instead of moved for everybody.
    #[expect(clippy::too_many_arguments, reason = "a proposal draws on everything")]
    pub(crate) fn propose(
        &mut self,
        config: &Config,
        zone: &Zone,
        play: &Playbook,
        insight: &Insight,
        metric: &Metric,
        tested: bool,
        out: &mut Vec<Action>,
    ) -> Option<String> {
        let cooldown = format!("{} {}", play.key, metric.key);
        if self.book.cooldown.get(&cooldown).is_some_and(|until| *until > self.now) {
            return None;
        }
        let fill = |template: &str| card::fill(template, config, metric, insight, None);
        let choice = self.choose(config, &play.act, &fill)?;
        if let Act::SetLever { lever, .. } = &choice.act
            && let Some(reason) = self.conflict(config, lever, choice.back, insight, out)
        {
            self.book.cooldown.insert(cooldown, self.now.saturating_add(play.expires));
            out.push(Action::Refused {
                what: format!("playbook {} on lever {lever}", play.key),
                code: Code::WrongState,
                message: reason,
            });
            return None;
        }
        if let (true, false, Act::SetLever { lever, from, to }) = (tested, choice.back, &choice.act)
            && self.test_instead(config, play, insight, metric, (lever, from, to), out)
        {
            self.book.cooldown.insert(cooldown, self.now.saturating_add(play.cooldown));
            return None;
        }
        let id = next_id(&mut self.decisions, "dec");
        let mut record = Record {
            decision: card::blank(&id, self.now, play, metric, insight, choice.act),
            source: Source::Playbook {
                insight: Box::new(insight.clone()),
                playbook: play.key.clone(),
                prior: Band { p10: play.prior.p10, p50: play.prior.p50, p90: play.prior.p90 },
                steps: choice.steps,
            },
            asks: None,
            horizon: play.horizon,
            expires: play.expires,
            observe: None,
            disturbed: None,
            booked: None,
        };
        record.decision.policy_version.clone_from(&config.version);
        if self.complete(config, zone, play, insight, metric, &mut record).is_none() {
            // No history, no prediction, no decision; the number is given to the next one.
            self.decisions = self.decisions.saturating_sub(1);
            return None;
        }
        self.book.cooldown.insert(cooldown, self.now.saturating_add(play.cooldown));
        let proposer = record.decision.proposer.clone();
        record.decision.history.push(Transition {
            at: self.now,
            to: State::Draft,
            actor: proposer,
            reason: insight.headline.clone(),
        });
        self.book.records.insert(id.clone(), record);
        self.put(config, zone, &id, out);
        Some(id)
    }

    /// Fills in everything that follows from the act: prediction, money, level, policy, words.
    pub(crate) fn complete(
        &self,
        config: &Config,
        zone: &Zone,
        play: &Playbook,
        insight: &Insight,
        metric: &Metric,
        record: &mut Record,
    ) -> Option<()> {
        let track = self.tracks.get(&metric.key)?;
        let d = &record.decision;
        let (reversibility, cost, kind) = Self::terms(config, &d.act)?;
        let steps = match (&d.act, &kind) {
            (Act::SetLever { from, to, .. }, Some(kind)) => steps_between(kind, from, to),
            _ => 1.0,
        };
        // Another number of steps than the expert spoke of is worth as many times, at most three times, as much.
        let Source::Playbook { prior, steps: first, .. } = record.source else { return None };
        let scale = if first == 0.0 { 1.0 } else { (steps / first).clamp(-3.0, 3.0) };
        let prior = scaled(prior, scale);
        let target = d.act.target();
        let made = forecast(
            config,
            zone,
            &self.book,
            &Question {
                metric,
                track,
                from: track.end(),
                horizon: play.horizon,
                up: (insight.kind == InsightKind::Anomaly).then_some(insight.score > 0.0),
                prior,
                origin: Origin::Playbook(&play.title),
                target: &target,
                steps,
                calibration: self.book.calibration.get(&d.proposer).copied().unwrap_or_default(),
            },
        )?;
        let Forecast { nothing, acting, episodes, uses } = made;
        let stake = acting
            .money_minor
            .map(|(low, _, high)| low.saturating_abs().max(high.saturating_abs()).saturating_add(cost));
        let d = &mut record.decision;
        d.reversibility = reversibility;
        d.cost_minor = cost;
        d.stake_minor = stake;
        d.level = policy::level(&config.business, stake, reversibility, acting.p_worse, uses == 0);
        d.layer = policy::layer(d.level);
        d.act_hash = act_hash(&d.act);
        d.idempotency_key = idempotency(&config.business.name, &d.id, &d.act_hash);
        d.delay_cost_per_day_minor = acting.money_minor.map(|(_, middle, _)| {
            let days = (acting.to.saturating_sub(acting.from) / epoch_model::time::DAY).max(1);
            middle / days
        });
        d.nothing = nothing;
        d.prediction = acting;
        d.editable = kind.as_ref().map(editable).unwrap_or_default();
        d.expires_at = self.now.saturating_add(record.expires);
        d.preconditions = vec![Precondition::Before { at: d.expires_at }];
        if let Act::SetLever { lever, from, .. } = &d.act {
            d.preconditions.insert(0, Precondition::LeverIs { lever: lever.clone(), value: from.clone() });
        }
        d.budget_left_minor = self.budget_left(config, zone);
        card::words(config, metric, insight, play, track, &self.book, &Facts { episodes, uses }, d);
        d.policy = policy::judge(config, d, self.now);
        Some(())
    }

    /// Reversibility, cost and (for levers) kind.
    pub(crate) fn terms(config: &Config, act: &Act) -> Option<(Reversibility, i64, Option<LeverKind>)> {
        match act {
            Act::SetLever { lever, .. } => {
                config.lever(lever).map(|l| (l.reversibility, l.cost_minor, Some(l.kind.clone())))
            }
            // Taking back only reduces what is new to customers.
            Act::EndExperiment { lever, ship: None, .. } => config.lever(lever).map(|_| (Reversibility::R0, 0, None)),
            // Two equal arms change nothing for anybody.
            Act::StartExperiment { lever, arms, .. } if arms.windows(2).all(|w| w[0].value == w[1].value) => {
                config.lever(lever).map(|_| (Reversibility::R0, 0, None))
            }
            Act::StartExperiment { lever, .. } | Act::EndExperiment { lever, .. } => {
                config.lever(lever).map(|l| (l.reversibility, l.cost_minor, None))
            }
            Act::Call { effect, .. } => config.effect(effect).map(|e| (e.reversibility, e.cost_minor, None)),
            // A run changes nothing by itself: its steps are decisions of their own. A new version can be taken back.
            Act::StartWorkflow { .. } | Act::EditWorkflow { .. } => Some((Reversibility::R1, 0, None)),
            Act::Choose { .. } => Some((Reversibility::R0, 0, None)),
        }
    }

    /// Why nothing may be proposed on a lever now. A decision that only waits gives way to one that takes a change back.
    fn conflict(
        &mut self,
        config: &Config,
        lever: &str,
        back: bool,
        insight: &Insight,
        out: &mut Vec<Action>,
    ) -> Option<String> {
        let title = config.lever(lever).map_or(lever, |l| l.title.as_str());
        if let Some(key) = self.lab.on_lever(lever) {
            return Some(format!("the experiment {key} runs on {title}; a change underneath would hide what it finds"));
        }
        if let Some(open) = self.book.live_on(lever) {
            let (id, state) = (open.decision.id.clone(), open.decision.state);
            if !back || !matches!(state, State::Draft | State::Pending) {
                return Some(format!(
                    "{id} on {title} is still open; two decisions on one lever could not be told apart"
                ));
            }
            self.shift(
                &id,
                State::Superseded,
                "engine",
                format!("a proposal to take {title} back goes first: {}", insight.headline),
                out,
            );
            return None;
        }
        match self.book.observed_on(lever) {
            Some(r) if !back => Some(format!(
                "the effect of {} on {title} is still being observed; a second change would hide it",
                r.decision.id
            )),
            _ => None,
        }
    }

    /// What a draft becomes: a refusal, a card, an execution, or a draft that waits because a limit is reached.
    pub(crate) fn put(&mut self, config: &Config, zone: &Zone, id: &str, out: &mut Vec<Action>) {
        let today = zone.floor(self.now, Grain::Day);
        let Some(record) = self.book.records.get(id) else { return };
        let d = &record.decision;
        let verdict = d.policy.clone();
        match verdict.answer {
            PolicyAnswer::Deny => {
                let reason = format!("policy “{}”: {}", verdict.rule, verdict.reason);
                self.shift(id, State::Rejected, "system", reason, out);
            }
            PolicyAnswer::Run => {
                let left = self.budget_left(config, zone);
                if d.cost_minor > 0 && d.cost_minor > left {
                    let reason =
                        format!("only {} of today's budget are left", text::money(&config.business, left.max(0)));
                    self.hold(id, reason, out);
                    return;
                }
                let cost = d.cost_minor;
                let spent = self.book.spent.entry(today).or_insert(0);
                *spent = spent.saturating_add(cost);
                if let Some(record) = self.book.records.get_mut(id) {
                    record.booked = Some(today);
                }
                let reason = format!("policy “{}”: {}", verdict.rule, verdict.reason);
                self.shift(id, State::Approved, "system", reason, out);
                self.execute(config, id, out);
            }
            PolicyAnswer::Ask => {
                let shown = self.book.cards.get(&today).copied().unwrap_or(0);
                if shown >= config.business.limits.cards_per_day {
                    self.hold(id, format!("{shown} cards were already put to you today"), out);
                    return;
                }
                self.book.cards.insert(today, shown.saturating_add(1));
                let headline = d.headline.clone();
                let reason = format!("policy “{}”: {}", verdict.rule, verdict.reason);
                if self.shift(id, State::Pending, "system", reason, out) {
                    out.push(Action::Notify { decision: id.to_owned(), text: headline });
                }
            }
        }
    }

    /// Stays a draft, with the reason written once.
    fn hold(&mut self, id: &str, reason: String, out: &mut Vec<Action>) {
        let now = self.now;
        let Some(record) = self.book.records.get_mut(id) else { return };
        let d = &mut record.decision;
        if d.history.len() < 2 {
            d.history.push(Transition {
                at: now,
                to: State::Draft,
                actor: "system".to_owned(),
                reason: format!("waits: {reason}"),
            });
            out.push(Action::Decision(Box::new(d.clone())));
        }
    }

    pub(crate) fn budget_left(&self, config: &Config, zone: &Zone) -> i64 {
        let today = zone.floor(self.now, Grain::Day);
        let spent = self.book.spent.get(&today).copied().unwrap_or(0);
        config.business.limits.autonomous_spend_per_day_minor.saturating_sub(spent)
    }

    /// Drafts whose limit is free again, best first; those that waited too long are withdrawn.
    pub(crate) fn promote(&mut self, config: &Config, zone: &Zone, out: &mut Vec<Action>) {
        let mut drafts: Vec<(i64, String)> = self
            .book
            .records
            .values()
            .filter(|r| r.decision.state == State::Draft)
            .map(|r| (r.decision.delay_cost_per_day_minor.unwrap_or(0), r.decision.id.clone()))
            .collect();
        drafts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        for (_, id) in drafts {
            let Some(d) = self.book.records.get(&id).map(|r| &r.decision) else { continue };
            if self.now >= d.expires_at {
                let reason = "it waited as a draft until its time was over; the situation has moved on".to_owned();
                self.shift(&id, State::Withdrawn, "system", reason, out);
            } else if live(d.state) {
                self.put(config, zone, &id, out);
            }
        }
    }
}

fn scaled(prior: Band, by: f64) -> Band {
    let (a, b) = (prior.p10 * by, prior.p90 * by);
    Band { p10: a.min(b), p50: prior.p50 * by, p90: a.max(b) }
}

/// The same for every attempt, different for every other act.
pub(crate) fn idempotency(business: &str, id: &str, act: &str) -> String {
    let mut key = blake3::hash(format!("{business}\n{id}\n{act}").as_bytes()).to_hex().to_string();
    key.truncate(32);
    key
}
