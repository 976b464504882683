//! Limits that no rule lifts: budget lines, rates, exposure and losses; what is taken of them, and given back.
//!
//! Pure book-keeping: it must not know of cards, proposers' records or policies.

use std::collections::BTreeMap;

use epoch_model::business::{Budget, Business, EffectTarget, Limits, Period, Rate, fits};
use epoch_model::decision::{Act, BudgetLeft, Decision};
use epoch_model::time::{Grain, Millis, Zone};
use serde::{Deserialize, Serialize};

use super::policy::exposure;
use crate::text;

/// The company's own line: what runs alone, per local day.
pub(crate) const ALONE: &str = "autonomous_spend_per_day";
/// Periods remembered per line, and days of exposure.
const PERIODS: usize = 8;
/// Parts a sliding time is counted in.
const SLOTS: i64 = 60;

/// Sums within a sliding time, in sixtieths of it: an amount leaves up to a sixtieth late, never early, so what is bounded by
/// the sum stays bounded within every window of that time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sliding {
    width: Millis,
    slots: BTreeMap<i64, i64>,
    sum: i64,
}

impl Sliding {
    fn at(&mut self, now: Millis, per: Millis) {
        // Rounded up, so that sixty of them are never shorter than the time.
        let width = per.saturating_add(SLOTS - 1).div_euclid(SLOTS).max(1);
        if self.width != width {
            let old = std::mem::take(&mut self.slots);
            for (slot, amount) in old {
                let last = slot.saturating_add(1).saturating_mul(self.width).saturating_sub(1);
                let entry = self.slots.entry(last.div_euclid(width)).or_insert(0);
                *entry = entry.saturating_add(amount);
            }
            self.width = width;
        }
        while let Some((slot, amount)) = self.slots.first_key_value().map(|(s, a)| (*s, *a)) {
            let last = slot.saturating_add(1).saturating_mul(width).saturating_sub(1);
            if now.saturating_sub(last) < per {
                break;
            }
            self.slots.pop_first();
            self.sum = self.sum.saturating_sub(amount);
        }
    }

    /// Adds an amount now.
    pub(crate) fn add(&mut self, now: Millis, per: Millis, amount: i64) {
        self.at(now, per);
        let entry = self.slots.entry(now.div_euclid(self.width.max(1))).or_insert(0);
        *entry = entry.saturating_add(amount);
        self.sum = self.sum.saturating_add(amount);
    }

    /// The sum within the time before now.
    pub(crate) fn sum(&self, now: Millis, per: Millis) -> i64 {
        // Slots that are over are taken off when the next amount comes; until then they are not counted.
        let over = self.slots.iter().take_while(|(slot, _)| {
            let last = slot.saturating_add(1).saturating_mul(self.width).saturating_sub(1);
            now.saturating_sub(last) >= per
        });
        over.fold(self.sum, |sum, (_, amount)| sum.saturating_sub(*amount))
    }
}

/// Money of one line in one period, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub reserved: i64,
    pub committed: i64,
}

impl Spent {
    fn taken(self) -> i64 {
        self.reserved.saturating_add(self.committed)
    }
}

/// What a decision has taken; given back when it does not run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Booking {
    /// Line, first instant of its period, minor units.
    lines: Vec<(String, Millis, i64)>,
    /// Local day and share of customers, for what runs alone.
    exposure: Option<(Millis, f64)>,
}

/// Everything taken of the limits. Bounded: eight periods per line, sixty parts per rate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ledger {
    lines: BTreeMap<String, BTreeMap<Millis, Spent>>,
    rates: BTreeMap<String, Sliding>,
    exposure: BTreeMap<Millis, f64>,
    /// What came of decisions that ran alone, minor units.
    lone: Sliding,
    /// Since when everything asks because that lost too much.
    drawdown: Option<Millis>,
}

/// Whether there is room for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    /// Not now; why.
    Wait(String),
    /// Not as long as the limits are what they are; why.
    Never(String),
}

/// A budget line as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// Key of the `[[budget]]`, or `autonomous_spend_per_day`.
    pub budget: String,
    /// For people.
    pub title: String,
    /// Over which time it is counted.
    pub per: Period,
    /// First instant of the period that runs.
    pub since: Millis,
    /// Minor units per period.
    pub amount_minor: i64,
    /// Spent for good.
    pub spent_minor: i64,
    /// Approved, not executed yet.
    pub reserved_minor: i64,
    /// What remains; negative where the amount was lowered since.
    pub left_minor: i64,
}

fn start(zone: &Zone, per: Period, now: Millis) -> Option<Millis> {
    match per {
        Period::Decision => None,
        Period::Day => Some(zone.floor(now, Grain::Day)),
        Period::Week => Some(zone.floor(now, Grain::Week)),
        Period::Month => Some(zone.floor(now, Grain::Month)),
    }
}

/// A line that changes its period is another line.
fn name(budget: &Budget) -> String {
    let per = match budget.per {
        Period::Decision => "decision",
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    };
    format!("{}/{per}", budget.key)
}

/// Whether a line covers a decision: every kind of selector it has must fit.
pub(crate) fn covers(budget: &Budget, d: &Decision) -> bool {
    let target = match (&d.act, d.act.lever()) {
        (Act::Call { effect, .. }, _) => effect.clone(),
        (_, Some(lever)) => format!("lever:{lever}"),
        _ => d.act.target(),
    };
    (budget.targets.is_empty() || budget.targets.iter().any(|t| fits(t, &target)))
        && (budget.proposers.is_empty() || budget.proposers.iter().any(|p| fits(p, &d.proposer)))
        && (budget.domains.is_empty() || budget.domains.contains(&d.domain))
}

/// Whether a rate speaks of an act: by effect, by kind of effect, `lever`, or `*` for everything that goes outside.
fn paced(rate: &Rate, act: &Act, effects: &[EffectTarget]) -> bool {
    match act {
        Act::Call { effect, .. } => {
            let kind = effects.iter().find(|e| e.key == *effect).map_or("", |e| e.kind.word());
            rate.of == "*" || rate.of == *effect || rate.of == kind
        }
        Act::SetLever { lever, .. } | Act::StartExperiment { lever, .. } | Act::EndExperiment { lever, .. } => {
            rate.of == "*" || rate.of == "lever" || rate.of.strip_prefix("lever:") == Some(lever)
        }
        Act::StartWorkflow { .. } | Act::EditWorkflow { .. } | Act::Choose { .. } => false,
    }
}

fn rate_name(rate: &Rate) -> String {
    format!("{}/{}", rate.of, rate.per)
}

impl Ledger {
    fn spent(&self, line: &str, start: Millis) -> Spent {
        self.lines.get(line).and_then(|l| l.get(&start)).copied().unwrap_or_default()
    }

    /// What is left of today's own spending.
    pub(crate) fn alone_left(&self, limits: &Limits, zone: &Zone, now: Millis) -> i64 {
        let taken = self.spent(ALONE, zone.floor(now, Grain::Day)).taken();
        limits.autonomous_spend_per_day_minor.saturating_sub(taken)
    }

    fn left(&self, budget: &Budget, zone: &Zone, now: Millis) -> i64 {
        let taken = start(zone, budget.per, now).map_or(0, |start| self.spent(&name(budget), start).taken());
        budget.amount_minor.saturating_sub(taken)
    }

    /// The lines a decision is paid from, the tightest first; none for what costs nothing.
    pub(crate) fn paid_from(&self, limits: &Limits, zone: &Zone, now: Millis, d: &Decision) -> Vec<BudgetLeft> {
        if d.cost_minor <= 0 {
            return Vec::new();
        }
        let mut lines: Vec<BudgetLeft> = limits
            .budgets
            .iter()
            .filter(|b| covers(b, d))
            .map(|b| BudgetLeft {
                budget: b.key.clone(),
                title: b.title.clone(),
                amount_minor: b.amount_minor,
                left_minor: self.left(b, zone, now),
            })
            .collect();
        lines.push(BudgetLeft {
            budget: ALONE.to_owned(),
            title: "Spent alone today".to_owned(),
            amount_minor: limits.autonomous_spend_per_day_minor,
            left_minor: self.alone_left(limits, zone, now),
        });
        lines.sort_by(|a, b| a.left_minor.cmp(&b.left_minor).then_with(|| a.budget.cmp(&b.budget)));
        lines
    }

    /// What is left of the tightest line that covers a decision, the company's own included.
    pub(crate) fn tightest(&self, limits: &Limits, zone: &Zone, now: Millis, d: &Decision) -> i64 {
        let lines = limits.budgets.iter().filter(|b| covers(b, d)).map(|b| self.left(b, zone, now));
        lines.fold(self.alone_left(limits, zone, now), i64::min)
    }

    /// Whether every budget line has room; `alone` counts the company's own line and the day's exposure, too.
    pub(crate) fn room(&self, business: &Business, zone: &Zone, now: Millis, d: &Decision, alone: bool) -> Room {
        let (limits, cost) = (&business.limits, d.cost_minor);
        let money = |minor| text::money(business, minor);
        if cost > 0 {
            for budget in limits.budgets.iter().filter(|b| covers(b, d)) {
                if cost > budget.amount_minor {
                    return Room::Never(format!(
                        "it costs {} and the budget “{}” has {} in all",
                        money(cost),
                        budget.title,
                        money(budget.amount_minor)
                    ));
                }
                let left = self.left(budget, zone, now);
                if cost > left {
                    return Room::Wait(format!(
                        "it costs {} and only {} of the budget “{}” are left",
                        money(cost),
                        money(left.max(0)),
                        budget.title
                    ));
                }
            }
            let left = self.alone_left(limits, zone, now);
            if alone && cost > left {
                return Room::Wait(format!("only {} of today's budget are left", money(left.max(0))));
            }
        }
        let share = exposure(&d.act, d.reversibility);
        if let Some(most) = limits.exposure_per_day
            && alone
            && share > 0.0
        {
            let touched = self.exposure.get(&zone.floor(now, Grain::Day)).copied().unwrap_or(0.0);
            if touched + share > most + 1e-9 {
                return Room::Wait(format!(
                    "it touches {} of customers, {} were touched alone today and at most {} may be",
                    text::percent(share),
                    text::percent(touched),
                    text::percent(most)
                ));
            }
        }
        Room::Free
    }

    /// Takes a decision's money and exposure. The caller has asked for [`Ledger::room`] or decided to go beyond it.
    pub(crate) fn reserve(&mut self, limits: &Limits, zone: &Zone, now: Millis, d: &Decision, alone: bool) -> Booking {
        let mut booking = Booking::default();
        let day = zone.floor(now, Grain::Day);
        if d.cost_minor > 0 {
            let covering = limits.budgets.iter().filter(|b| covers(b, d));
            booking.lines.extend(covering.filter_map(|b| Some((name(b), start(zone, b.per, now)?, d.cost_minor))));
            booking.lines.extend(alone.then(|| (ALONE.to_owned(), day, d.cost_minor)));
        }
        let share = exposure(&d.act, d.reversibility);
        booking.exposure = (alone && share > 0.0).then_some((day, share));
        for (line, start, amount) in &booking.lines {
            let periods = self.lines.entry(line.clone()).or_default();
            let spent = periods.entry(*start).or_default();
            spent.reserved = spent.reserved.saturating_add(*amount);
            while periods.len() > PERIODS {
                periods.pop_first();
            }
        }
        if let Some((day, share)) = booking.exposure {
            *self.exposure.entry(day).or_insert(0.0) += share;
            while self.exposure.len() > PERIODS {
                self.exposure.pop_first();
            }
        }
        booking
    }

    /// It was executed: what was reserved is spent.
    pub(crate) fn commit(&mut self, booking: &Booking) {
        for (line, start, amount) in &booking.lines {
            if let Some(spent) = self.lines.get_mut(line).and_then(|l| l.get_mut(start)) {
                spent.reserved = spent.reserved.saturating_sub(*amount);
                spent.committed = spent.committed.saturating_add(*amount);
            }
        }
    }

    /// It does not run: everything is given back.
    pub(crate) fn release(&mut self, booking: &Booking) {
        for (line, start, amount) in &booking.lines {
            if let Some(spent) = self.lines.get_mut(line).and_then(|l| l.get_mut(start)) {
                spent.reserved = spent.reserved.saturating_sub(*amount);
            }
        }
        if let Some((day, share)) = booking.exposure
            && let Some(touched) = self.exposure.get_mut(&day)
        {
            *touched = (*touched - share).max(0.0);
        }
    }

    /// The first rate that has no room for an act now, in words.
    pub(crate) fn throttled(&self, business: &Business, now: Millis, act: &Act) -> Option<String> {
        let full = |rate: &&Rate| {
            let gone = self.rates.get(&rate_name(rate)).map_or(0, |s| s.sum(now, rate.per));
            gone >= i64::from(rate.most)
        };
        let rate = business.limits.rates.iter().filter(|r| paced(r, act, &business.effects)).find(full)?;
        let of = match rate.of.as_str() {
            "*" => "outside acts".to_owned(),
            "lever" => "changes of levers".to_owned(),
            other => other.to_owned(),
        };
        Some(format!("{} {of} in {} are allowed, and so many went out", rate.most, text::lasting(rate.per)))
    }

    /// Counts an act that goes out.
    pub(crate) fn went_out(&mut self, business: &Business, now: Millis, act: &Act) {
        for rate in business.limits.rates.iter().filter(|r| paced(r, act, &business.effects)) {
            self.rates.entry(rate_name(rate)).or_default().add(now, rate.per, 1);
        }
    }

    /// Counts what came of a decision that ran alone. Whether autonomy ends by it just now.
    pub(crate) fn came_of(&mut self, limits: &Limits, now: Millis, money_minor: i64) -> bool {
        let Some(drawdown) = limits.drawdown else { return false };
        self.lone.add(now, drawdown.over, money_minor);
        let lost = self.lone.sum(now, drawdown.over) <= drawdown.loss_minor.saturating_neg();
        let begins = lost && !self.drawn_down(limits, now);
        if begins {
            self.drawdown = Some(now);
        }
        begins
    }

    /// Whether everything asks because what ran alone lost too much, and its time has not passed.
    pub(crate) fn drawn_down(&self, limits: &Limits, now: Millis) -> bool {
        limits.drawdown.zip(self.drawdown).is_some_and(|(d, since)| now.saturating_sub(since) < d.over)
    }

    /// The founder lets autonomy go on; what was lost so far is not held against it again.
    pub(crate) fn resume(&mut self) {
        self.drawdown = None;
        self.lone = Sliding::default();
    }

    /// Forgets lines and rates that are no longer declared.
    pub(crate) fn configure(&mut self, limits: &Limits) {
        self.lines.retain(|key, _| key == ALONE || limits.budgets.iter().any(|b| name(b) == *key));
        self.rates.retain(|key, _| limits.rates.iter().any(|r| rate_name(r) == *key));
    }

    /// Every line as it stands, in the order of the file, the company's own first.
    pub(crate) fn statement(&self, limits: &Limits, zone: &Zone, now: Millis) -> Vec<BudgetLine> {
        let line = |key: &str, title: &str, per, amount: i64, name: &str| {
            let since = start(zone, per, now);
            let spent = since.map_or_else(Spent::default, |since| self.spent(name, since));
            BudgetLine {
                budget: key.to_owned(),
                title: title.to_owned(),
                per,
                since: since.unwrap_or(now),
                amount_minor: amount,
                spent_minor: spent.committed,
                reserved_minor: spent.reserved,
                left_minor: amount.saturating_sub(spent.taken()),
            }
        };
        let own =
            line(ALONE, "Spent alone per day", Period::Day, limits.autonomous_spend_per_day_minor, ALONE);
        let declared = limits.budgets.iter().map(|b| line(&b.key, &b.title, b.per, b.amount_minor, &name(b)));
        std::iter::once(own).chain(declared).collect()
    }
}

/// Whether an act only takes something new back; limits never hold it.
pub(crate) fn takes_back(act: &Act) -> bool {
    matches!(act, Act::EndExperiment { ship: None, .. })
}
