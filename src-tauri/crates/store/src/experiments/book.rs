//! Taking a unit into an experiment's sums, and out again, in one piece.

use epoch_model::time::Grain;

use super::cell::Share;
use super::plan::Plan;
use super::scope::{Place, State};
use super::unit::{History, Member};
use crate::aggregate::Calendar;

/// What a member adds to a metric.
pub fn share<'h>(plan: &Plan, member: &Member, metric: usize, history: impl Fn(u32) -> Option<&'h History>) -> Share {
    let planned = &plan.experiments[member.experiment as usize].metrics[metric];
    if planned.quantile.is_some() {
        return Share::Bins(planned.bins(member.first, history));
    }
    Share::Sums(planned.vars(&member.totals(u16::try_from(metric).unwrap_or(u16::MAX))))
}

/// Whether there is nothing to add. Where units are told apart by when they came, they count all the same.
fn is_nothing(share: &Share) -> bool {
    match share {
        Share::Sums(vars) => vars.iter().all(|v| *v == 0),
        Share::Bins(bins) => bins.is_empty(),
    }
}

/// Takes the member at `at` into all sums, or out again, and into those of the units it shares with the other `members`, which
/// are in order and belong to the same unit. `history` is what is remembered of the unit.
pub fn book<'h>(
    plan: &Plan,
    states: &mut [State],
    calendar: &mut Calendar,
    members: &[Member],
    at: usize,
    history: impl Fn(u32) -> Option<&'h History> + Copy,
    out: bool,
) {
    let member = &members[at];
    let (number, arm) = (member.experiment as usize, usize::from(member.arm));
    let experiment = &plan.experiments[number];
    let state = &mut states[number];
    if member.mixed {
        state.mixed = if out { state.mixed.wrapping_sub(1) } else { state.mixed.wrapping_add(1) };
        return;
    }
    state.count(member.combo, arm, calendar.start(member.first, Grain::Day), out);
    for (metric, planned) in experiment.metrics.iter().enumerate() {
        let share = share(plan, member, metric, history);
        if is_nothing(&share) && planned.returns.is_none() {
            continue;
        }
        let place = Place { metric: planned, number: metric, arm, first: member.first };
        state.scopes(member.combo, |scope| scope.put(place, &share, out));
    }
    for partner in &experiment.partners {
        let Ok(other) = members.binary_search_by_key(partner, |m| m.experiment as usize) else { continue };
        if members[other].mixed {
            continue;
        }
        for (mine, theirs) in [(at, other), (other, at)] {
            cross(plan, states, &members[mine], &members[theirs], history, out);
        }
    }
}

/// Takes what one member adds to its primary metric in or out where it is crossed with the other member's arm.
fn cross<'h>(
    plan: &Plan,
    states: &mut [State],
    mine: &Member,
    theirs: &Member,
    history: impl Fn(u32) -> Option<&'h History>,
    out: bool,
) {
    let share = share(plan, mine, 0, history);
    let planned = &plan.experiments[mine.experiment as usize].metrics[0];
    let place = Place { metric: planned, number: 0, arm: usize::from(mine.arm), first: mine.first };
    let Some(scope) = crossed(plan, states, mine, theirs) else { return };
    scope.count(place.arm, out);
    if !is_nothing(&share) || planned.returns.is_some() {
        scope.put(place, &share, out);
    }
}

/// The sums of the units that are in one member's experiment and in the other one's arm.
pub fn crossed<'s>(
    plan: &Plan,
    states: &'s mut [State],
    mine: &Member,
    theirs: &Member,
) -> Option<&'s mut super::scope::Scope> {
    let experiment = &plan.experiments[mine.experiment as usize];
    let partner = experiment.partners.binary_search(&(theirs.experiment as usize)).ok()?;
    states[mine.experiment as usize].crossed.get_mut(partner)?.get_mut(usize::from(theirs.arm))
}
