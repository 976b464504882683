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
        let own = line(ALONE, "Spent alone per day", Period::Day, limits.autonomous_spend_per_day_minor, ALONE);
        let declared = limits.budgets.iter().map(|b| line(&b.key, &b.title, b.per, b.amount_minor, &name(b)));
        std::iter::once(own).chain(declared).collect()
    }
}

/// Whether an act only takes something new back; limits never hold it.
pub(crate) fn takes_back(act: &Act) -> bool {
    matches!(act, Act::EndExperiment { ship: None, .. })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use epoch_model::business::{Business, Domain};
    use epoch_model::decision::Decision;
    use epoch_model::time::{DAY, HOUR, Zone};
    use proptest::prelude::*;

    use super::*;
    use crate::decisions::card;

    const TEXT: &str = r#"
[business]
name = "Northwind"
currency = "EUR"
timezone = "UTC"

[[metric]]
key = "orders"
kind = "count"
event = "order"

[[effect]]
key = "ads"
kind = "webhook"
url = "https://ads.example.com/x"
domain = "marketing"
cost = "1 EUR"

[[effect]]
key = "post"
kind = "webhook"
url = "https://post.example.com/x"
domain = "support"
cost = "1 EUR"

[limits]
autonomous_spend_per_day = "20 EUR"

[limits.drawdown]
loss = "100 EUR"
over = "7d"

[[budget]]
key = "marketing"
title = "Marketing"
per = "month"
amount = "50 EUR"
domains = ["marketing"]

[[budget]]
key = "company"
title = "Company"
per = "week"
amount = "60 EUR"

[[budget]]
key = "once"
title = "At once"
per = "decision"
amount = "9 EUR"
proposers = ["client:*"]

[[rate]]
of = "ads"
most = 3
per = "1h"
"#;

    fn business() -> Business {
        Business::parse(TEXT).expect("a valid business")
    }

    fn call(effect: &str, proposer: &str, cost: i64) -> Decision {
        let domain = if effect == "ads" { Domain::Marketing } else { Domain::Support };
        let act = Act::Call { effect: effect.to_owned(), payload: serde_json::Value::Null };
        Decision { cost_minor: cost, ..card::empty("dec_000001", 0, domain, proposer.to_owned(), "", act) }
    }

    #[test]
    fn a_line_that_cannot_pay_makes_it_wait_and_one_that_never_could_refuses() {
        let business = business();
        let zone = Zone::utc();
        let mut ledger = Ledger::default();
        let room = |ledger: &Ledger, d: &Decision, now, alone| ledger.room(&business, &zone, now, d, alone);
        let first = call("ads", "playbook:x", 4_500);
        assert_eq!(room(&ledger, &first, 0, false), Room::Free);
        assert!(matches!(room(&ledger, &first, 0, true), Room::Wait(w) if w.contains("today's budget")));
        let booking = ledger.reserve(&business.limits, &zone, 0, &first, false);
        let next = call("ads", "playbook:x", 600);
        assert!(matches!(room(&ledger, &next, 0, false), Room::Wait(w) if w.contains("Marketing")));
        assert_eq!(room(&ledger, &call("post", "playbook:x", 600), 0, false), Room::Free, "another line");
        ledger.release(&booking);
        assert_eq!(room(&ledger, &next, 0, false), Room::Free, "given back");
        let booking = ledger.reserve(&business.limits, &zone, 0, &first, false);
        ledger.commit(&booking);
        assert!(matches!(room(&ledger, &next, 20 * DAY, false), Room::Wait(_)), "the month has not passed");
        assert_eq!(room(&ledger, &next, 32 * DAY, false), Room::Free, "the month has passed");
        for (d, free) in [(call("post", "client:a", 900), true), (call("post", "client:a", 901), false)] {
            assert_eq!(room(&ledger, &d, 40 * DAY, false) == Room::Free, free);
        }
        assert!(matches!(room(&ledger, &call("ads", "playbook:x", 5_001), 40 * DAY, false), Room::Never(_)));
        let lines = ledger.paid_from(&business.limits, &zone, 0, &next);
        let left: Vec<(&str, i64)> = lines.iter().map(|l| (l.budget.as_str(), l.left_minor)).collect();
        assert_eq!(left, [("marketing", 500), ("company", 1_500), (ALONE, 2_000)], "the tightest first");
        assert_eq!(ledger.tightest(&business.limits, &zone, 0, &next), 500);
    }

    #[test]
    fn losses_end_autonomy_once_until_they_are_resumed_or_old() {
        let limits = business().limits;
        let mut ledger = Ledger::default();
        assert!(!ledger.came_of(&limits, 0, -6_000));
        assert!(!ledger.came_of(&limits, 8 * DAY, -6_000), "the first loss is older than a week");
        assert!(!ledger.came_of(&limits, 9 * DAY, 3_000), "a gain makes up for a loss");
        assert!(ledger.came_of(&limits, 10 * DAY, -7_000));
        assert!(!ledger.came_of(&limits, 10 * DAY, -7_000), "said once");
        assert!(ledger.drawn_down(&limits, 16 * DAY) && !ledger.drawn_down(&limits, 17 * DAY));
        ledger.resume();
        assert!(!ledger.drawn_down(&limits, 11 * DAY));
        assert!(!ledger.came_of(&limits, 11 * DAY, -6_000), "what was resumed is not held against it again");
        assert!(ledger.came_of(&limits, 12 * DAY, -4_000));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Take { effect: bool, proposer: bool, cost: i64, alone: bool },
        Spend(usize),
        GiveBack(usize),
        Pass(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (any::<bool>(), any::<bool>(), 0..1_200_i64, any::<bool>())
                .prop_map(|(effect, proposer, cost, alone)| Step::Take { effect, proposer, cost, alone }),
            3 => (0..20_usize).prop_map(Step::Spend),
            3 => (0..20_usize).prop_map(Step::GiveBack),
            2 => (0..40 * 24_i64).prop_map(|hours| Step::Pass(hours * HOUR)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// However decisions are approved, executed and fail: no line is exceeded in any period, and what was given back is there again.
        #[test]
        fn no_budget_is_exceeded_in_any_order(steps in prop::collection::vec(step(), 1..120)) {
            let business = business();
            let zone = Zone::utc();
            let mut ledger = Ledger::default();
            let mut now = 0;
            let mut open: Vec<Booking> = Vec::new();
            let mut spent: BTreeMap<(String, Millis), i64> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Take { effect, proposer, cost, alone } => {
                        let proposer = if proposer { "client:a" } else { "playbook:x" };
                        let d = call(if effect { "ads" } else { "post" }, proposer, cost);
                        if ledger.room(&business, &zone, now, &d, alone) == Room::Free {
                            open.push(ledger.reserve(&business.limits, &zone, now, &d, alone));
                        }
                    }
                    Step::Spend(nth) if !open.is_empty() => {
                        let booking = open.remove(nth % open.len());
                        ledger.commit(&booking);
                        for (line, start, amount) in booking.lines {
                            *spent.entry((line, start)).or_insert(0) += amount;
                        }
                    }
                    Step::GiveBack(nth) if !open.is_empty() => ledger.release(&open.remove(nth % open.len())),
                    Step::Pass(time) => now += time,
                    _ => {}
                }
                for (key, most) in [("marketing/month", 5_000), ("company/week", 6_000), (ALONE, 2_000)] {
                    for (start, line) in ledger.lines.get(key).into_iter().flatten() {
                        let reserved: i64 = open.iter().flat_map(|b| &b.lines)
                            .filter(|(l, s, _)| l == key && s == start).map(|(_, _, a)| a).sum();
                        prop_assert!(line.taken() <= most, "{key} {line:?}");
                        prop_assert_eq!(line.reserved, reserved);
                        prop_assert_eq!(line.committed, spent.get(&(key.to_owned(), *start)).copied().unwrap_or(0));
                    }
                }
                prop_assert!(ledger.lines.values().all(|periods| periods.len() <= PERIODS));
            }
            let again: Ledger = serde_json::from_value(serde_json::to_value(&ledger).expect("writes")).expect("reads");
            prop_assert_eq!(again, ledger);
        }

        /// Whatever the gaps: never more calls than the rate says within any window of its time, and never held for longer than it says.
        #[test]
        fn no_window_holds_more_than_the_rate(gaps in prop::collection::vec(0..40_i64, 1..200)) {
            let business = business();
            let act = call("ads", "playbook:x", 0).act;
            let mut ledger = Ledger::default();
            let (mut now, mut went) = (7 * DAY, Vec::new());
            for gap in gaps {
                now += gap * (HOUR / 60) + 17;
                if ledger.throttled(&business, now, &act).is_none() {
                    ledger.went_out(&business, now, &act);
                    went.push(now);
                } else {
                    let recent = went.iter().filter(|at| now - **at < HOUR + HOUR / 60).count();
                    prop_assert!(recent >= 3, "held although only {recent} went out in the last 61 minutes");
                }
            }
            prop_assert!(went.windows(4).all(|w| w[3] - w[0] >= HOUR), "{went:?}");
        }
    }
}
