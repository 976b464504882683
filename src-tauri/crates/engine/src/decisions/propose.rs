//! Proposes: from a finding and a playbook to a complete card, and from there to draft, card or execution.

use epoch_model::Code;
use epoch_model::business::{LeverKind, Metric, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Level, Precondition, State, Transition};
use epoch_model::gate::act_hash;
use epoch_model::insight::{Insight, InsightKind};
use epoch_model::time::{Grain, Millis, Zone};
use epoch_stats::baseline::Band;

use super::act::{editable, steps_between};
use super::attention::worth;
use super::audit;
use super::autonomy::cell_of;
use super::book::{Record, Source, live};
use super::card::{self, Facts};
use super::limits::{Room, takes_back};
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
        let watched = Self::watches(config, &format!("playbook:{}", play.key));
        if let Act::SetLever { lever, .. } = &choice.act
            && !watched
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
        if let (true, false, Act::SetLever { lever, from, to }) = (tested && !watched, choice.back, &choice.act)
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
            kept: crate::decisions::book::Kept::default(),
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
        card::words(config, metric, insight, play, track, &self.book, &Facts { episodes, uses }, d);
        record.kept.factor = None;
        self.settle_card(config, zone, record);
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

    /// What a draft becomes: a refusal, a card, an execution, a draft that waits because a limit is reached, or, where its proposer
    /// is only watched, something that is observed and scored.
    pub(crate) fn put(&mut self, config: &Config, zone: &Zone, id: &str, out: &mut Vec<Action>) {
        self.note_path(config, id);
        if let Some(reason) = self.behind(config, id) {
            self.hold(id, reason, out);
            return;
        }
        if let Some(reason) = self.no_room(config, zone, id) {
            self.hold_or_reject(id, reason, out);
            return;
        }
        let now = self.now;
        let Some(record) = self.book.records.get(id) else { return };
        // Things may have changed since it was made, or since it was held.
        let mut fresh = record.clone();
        self.settle_card(config, zone, &mut fresh);
        let limits = &config.business.limits;
        let d = &mut fresh.decision;
        if d.policy.answer == PolicyAnswer::Run
            && !d.shadow
            && !takes_back(&d.act)
            && super::proposal::undoing(record).is_none()
            && audit::drawn(&config.business.name, id, &d.act_hash, limits.audit_share)
        {
            d.audited = true;
            d.policy.answer = PolicyAnswer::Ask;
            d.policy.reason = format!(
                "it may run alone, but chance puts {} of such decisions to you: tell whether you would have approved it",
                text::percent(limits.audit_share)
            );
        }
        let cell = cell_of(&config.business, d);
        self.book.cells.seen(&cell, now);
        let (verdict, shadow) = (d.policy.clone(), d.shadow);
        self.book.records.insert(id.to_owned(), fresh);
        if shadow {
            self.watch(config, id, out);
            return;
        }
        let reason = format!("policy “{}”: {}", verdict.rule, verdict.reason);
        match verdict.answer {
            PolicyAnswer::Deny => {
                if verdict.rule == epoch_policy::POLICY_ERROR {
                    self.book.cells.fault(&cell, "a rule failed while it was judged", now);
                }
                self.shift(id, State::Rejected, "system", reason, out);
            }
            PolicyAnswer::Run => {
                if let Some(room) = self.no_room(config, zone, id) {
                    self.hold_or_reject(id, room, out);
                } else if self.approve(config, id, "system", reason, true, out) {
                    self.execute(config, id, out);
                }
            }
            PolicyAnswer::Ask => {
                // A grant says that the founder need not be asked; it does not outweigh losses, a record taken down, or chance.
                let held =
                    self.book.records.get(id).is_some_and(|r| r.decision.audited || r.decision.conditions.drawdown)
                        || self.book.cells.asks(&cell).is_some();
                if !held && let Some(grant) = self.use_grant(id, out) {
                    let reason = format!("{grant} lets it run; policy “{}”: {}", verdict.rule, verdict.reason);
                    if self.approve(config, id, "system", reason, true, out) {
                        self.execute(config, id, out);
                    }
                    return;
                }
                let today = zone.floor(now, Grain::Day);
                let Some(d) = self.book.records.get(id).map(|r| &r.decision) else { return };
                if let Some(full) = self.book.no_attention(limits, today, d) {
                    self.hold(id, full, out);
                    return;
                }
                let (minutes, headline) = (d.founder_minutes, d.headline.clone());
                self.book.takes_attention(today, minutes);
                if self.shift(id, State::Pending, "system", reason, out) {
                    out.push(Action::Notify { decision: id.to_owned(), text: headline });
                }
            }
        }
    }

    /// Why a draft cannot go on now: no room in a limit, or no attention left for a card.
    fn no_room(&self, config: &Config, zone: &Zone, id: &str) -> Option<Room> {
        let record = self.book.records.get(id)?;
        let d = &record.decision;
        if d.policy.answer == PolicyAnswer::Deny
            || d.shadow
            || takes_back(&d.act)
            || super::proposal::undoing(record).is_some()
        {
            return None;
        }
        let alone = d.policy.answer == PolicyAnswer::Run;
        let room = self.book.ledger.room(&config.business, zone, self.now, d, alone);
        if room != Room::Free {
            return Some(room);
        }
        let today = zone.floor(self.now, Grain::Day);
        let full = if alone {
            self.book.ledger.throttled(&config.business, self.now, &d.act)
        } else {
            self.book.no_attention(&config.business.limits, today, d)
        };
        full.map(Room::Wait)
    }

    fn hold_or_reject(&mut self, id: &str, room: Room, out: &mut Vec<Action>) {
        match room {
            Room::Free => {}
            Room::Wait(reason) => self.hold(id, reason, out),
            Room::Never(reason) => {
                self.shift(id, State::Rejected, "system", reason, out);
            }
        }
    }

    /// Approves a decision and takes its money and exposure. What was approved by the founder beyond a limit waits approved.
    pub(crate) fn approve(
        &mut self,
        config: &Config,
        id: &str,
        actor: &str,
        reason: String,
        alone: bool,
        out: &mut Vec<Action>,
    ) -> bool {
        let zone = config.zone();
        if !self.shift(id, State::Approved, actor, reason, out) {
            return false;
        }
        if let Some(record) = self.book.records.get_mut(id) {
            record.kept.alone = alone;
            if !alone {
                let cell = cell_of(&config.business, &record.decision);
                self.book.cells.approved(&cell);
            }
        }
        self.take_room(config, &zone, id);
        self.yield_path(config, id, out);
        true
    }

    /// Reserves what an approved decision needs; why it cannot be had.
    pub(crate) fn take_room(&mut self, config: &Config, zone: &Zone, id: &str) -> Option<Room> {
        let record = self.book.records.get_mut(id)?;
        if record.booked.is_some() {
            return None;
        }
        let (d, alone) = (&record.decision, record.kept.alone);
        if !takes_back(&d.act) && super::proposal::undoing(record).is_none() {
            let room = self.book.ledger.room(&config.business, zone, self.now, d, alone);
            if room != Room::Free {
                return Some(room);
            }
        }
        record.booked = Some(self.book.ledger.reserve(&config.business.limits, zone, self.now, d, alone));
        None
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

    /// Drafts whose limit is free again, best first; those that waited too long are withdrawn.
    pub(crate) fn promote(&mut self, config: &Config, zone: &Zone, out: &mut Vec<Action>) {
        let mut drafts: Vec<(f64, Level, Millis, String)> = self
            .book
            .records
            .values()
            .map(|r| &r.decision)
            .filter(|d| d.state == State::Draft)
            .map(|d| (worth(d), d.level, d.expires_at, d.id.clone()))
            .collect();
        // What is worth the same: the higher level first, then what ends first.
        drafts.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)).then_with(|| a.3.cmp(&b.3)));
        for (_, _, _, id) in drafts {
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
