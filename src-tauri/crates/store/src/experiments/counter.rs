//! Events into looks. The hot path: an event touches what its unit's experiments keep of it, and nothing else.

use std::borrow::Cow;
use std::sync::Arc;

use epoch_model::error::Result;
use epoch_model::expr::Value;
use epoch_model::time::{Millis, Zone};

use super::book::{book, crossed, share};
use super::cell::Share;
use super::event::EventPlan;
use super::metric::Side;
use super::plan::Plan;
use super::scope::{Place, State};
use super::unit::{History, Member, Point};
use crate::aggregate::{Calendar, Dictionary, Map, People, identity, words};

/// Properties of one event that are kept on the stack; more go to the heap.
const SLOTS_NEAR: usize = 16;

/// One kind of unit.
#[derive(Debug, Default)]
struct Space {
    /// Keys of groups as numbers, from 0.
    groups: Dictionary,
    members: Map<u32, Vec<Member>>,
}

/// The counts of all tracked experiments as of some position of the log.
#[derive(Debug)]
pub struct Counter {
    pub plan: Arc<Plan>,
    people: People,
    spaces: Vec<Space>,
    /// By measure, then unit.
    histories: Vec<Map<u32, History>>,
    pub states: Vec<State>,
    calendar: Calendar,
    exposed: Vec<usize>,
}

impl Counter {
    /// Nothing counted yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let arms = |numbers: &[usize]| -> Vec<usize> { numbers.iter().map(|n| plan.experiments[*n].arms()).collect() };
        Self {
            people: People::default(),
            spaces: plan.spaces.iter().map(|_| Space::default()).collect(),
            histories: plan.measures.iter().map(|_| Map::default()).collect(),
            states: plan.experiments.iter().map(|e| State::new(e, &arms(&e.partners))).collect(),
            calendar: Calendar::new(plan.zone.clone()),
            exposed: Vec::new(),
            plan,
        }
    }

    /// Counts nothing.
    pub fn none(zone: Zone) -> Self {
        Self::new(Arc::new(Plan::none(zone)))
    }

    /// Whether no experiment is tracked, so that nothing needs to be told.
    pub fn is_idle(&self) -> bool {
        self.plan.experiments.is_empty()
    }

    /// Takes an event in: its name, the number of its unit (0 for none), its time, and its properties, which are read only when an
    /// experiment listens to the name. [`Code::EventInvalid`](epoch_model::Code::EventInvalid) when they are no JSON object:
    /// nothing was changed.
    pub fn apply(&mut self, name: &str, unit: u32, time: Millis, props: &str) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let Some(event) = plan.events.get(name) else { return Ok(()) };
        if time < plan.since || time >= plan.horizon {
            return Ok(());
        }
        let mut near = [const { Value::Null }; SLOTS_NEAR];
        let mut far = Vec::new();
        let values = if let Some(values) = near.get_mut(..event.slots.len()) {
            values
        } else {
            far.resize(event.slots.len(), Value::Null);
            far.as_mut_slice()
        };
        event.wanted.scan(props, values)?;
        let person = self.people.of(unit);
        for used in &event.measures {
            let measure = &plan.measures[used.measure as usize];
            if time < measure.since {
                continue;
            }
            let Some(value) = used.value(values) else { continue };
            let Some(unit) = self.unit(event, measure.space, person, values) else { continue };
            self.outcome(&plan, used.measure, unit, Point { time, value });
        }
        let mut exposed = std::mem::take(&mut self.exposed);
        event.exposed(values, &mut exposed);
        for at in &exposed {
            self.exposure(&plan, event, *at, person, time, values);
        }
        self.exposed = exposed;
        Ok(())
    }

    /// The number of an event's unit in a space; `None` when it is nobody's there.
    fn unit(&mut self, event: &EventPlan, space: usize, person: u32, values: &[Value<'_>]) -> Option<u32> {
        let Some((_, slot)) = event.groups.iter().find(|(s, _)| *s == space) else {
            return (space == 0 && person != 0).then_some(person);
        };
        match &values[*slot] {
            Value::Null => None,
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => self.spaces[space].groups.intern(identity(text.as_bytes())),
            other => self.spaces[space].groups.intern(identity(words(other).as_bytes())),
        }
    }

    fn outcome(&mut self, plan: &Plan, number: u32, unit: u32, point: Point) {
        let measure = &plan.measures[number as usize];
        if measure.quantile {
            self.quantiles(plan, number, unit, true);
        }
        self.histories[number as usize].entry(unit).or_default().insert(point);
        if measure.quantile {
            self.quantiles(plan, number, unit, false);
        }
        let Some(members) = self.spaces[measure.space].members.get_mut(&unit) else { return };
        for at in 0..members.len() {
            let experiment = &plan.experiments[members[at].experiment as usize];
            let Some(listens) = experiment.listens.get(&number) else { continue };
            let member = &mut members[at];
            let state = &mut self.states[member.experiment as usize];
            if point.time >= member.first && (!point.value.is_nan() || experiment.counts(listens)) {
                state.newest_outcome = state.newest_outcome.max(point.time);
            }
            if member.mixed {
                continue;
            }
            for (metric, den) in listens {
                let planned = &experiment.metrics[usize::from(*metric)];
                if planned.quantile.is_some() {
                    continue;
                }
                let Some(side) = planned.side(*den, members[at].first, experiment.covariate, point.time) else {
                    continue;
                };
                let Some(value) = planned.part(*den).amount(point.value) else { continue };
                let totals = members[at].totals_mut(*metric);
                let before = planned.vars(totals);
                let total = match (side, den) {
                    (Side::After, false) => &mut totals.outcome,
                    (Side::After, true) => &mut totals.den,
                    (Side::Before, false) => &mut totals.pre,
                    (Side::Before, true) => &mut totals.pre_den,
                };
                *total = total.wrapping_add(value);
                let after = planned.vars(totals);
                if before != after {
                    let member = &members[at];
                    let place = Place {
                        metric: planned,
                        number: usize::from(*metric),
                        arm: usize::from(member.arm),
                        first: member.first,
                    };
                    for (vars, out) in [(before, true), (after, false)] {
                        put(plan, &mut self.states, members, at, place, &Share::Sums(vars), out);
                    }
                }
            }
        }
    }

    /// Takes what a unit says for quantiles in or out.
    fn quantiles(&mut self, plan: &Plan, number: u32, unit: u32, out: bool) {
        let space = plan.measures[number as usize].space;
        let Some(members) = self.spaces[space].members.get(&unit) else { return };
        let histories = &self.histories;
        let history = |measure: u32| histories.get(measure as usize)?.get(&unit);
        for (at, member) in members.iter().enumerate() {
            let experiment = &plan.experiments[member.experiment as usize];
            if member.mixed {
                continue;
            }
            for (metric, _) in experiment.listens.get(&number).into_iter().flatten() {
                let planned = &experiment.metrics[usize::from(*metric)];
                if planned.quantile.is_none() {
                    continue;
                }
                let share = share(plan, member, usize::from(*metric), history);
                let (arm, first) = (usize::from(member.arm), member.first);
                let place = Place { metric: planned, number: usize::from(*metric), arm, first };
                put(plan, &mut self.states, members, at, place, &share, out);
            }
        }
    }

    fn exposure(&mut self, plan: &Plan, event: &EventPlan, at: usize, person: u32, time: Millis, values: &[Value<'_>]) {
        let used = event.exposure(at);
        let experiment = &plan.experiments[used.experiment];
        if time >= experiment.until || time < experiment.warned_from() {
            return;
        }
        let Some(unit) = self.unit(event, experiment.space, person, values) else { return };
        let state = &mut self.states[used.experiment];
        let Some(arm) = experiment.arm(&values[used.arm]) else {
            state.unknown += u64::from(time >= experiment.from);
            return;
        };
        if time < experiment.from {
            state.early += 1;
            return;
        }
        state.newest_exposure = state.newest_exposure.max(time);
        let members = self.spaces[experiment.space].members.entry(unit).or_default();
        let number = u32::try_from(used.experiment).unwrap_or(u32::MAX);
        let found = members.binary_search_by_key(&number, |m| m.experiment);
        let combo = |state: &mut State| {
            let segments = used.segments.iter().map(|slot| words(&values[*slot]));
            let lib = used.lib.map(|slot| words(&values[slot]));
            let texts: Vec<Cow<'_, str>> = segments.chain([Cow::Owned(lib.join(" "))]).collect();
            state.combo(texts.iter().map(AsRef::as_ref))
        };
        let place = match found {
            Ok(place) => place,
            Err(place) => {
                let combo = combo(state);
                let member = Member { experiment: number, arm, mixed: false, combo, first: time, totals: Vec::new() };
                members.insert(place, member);
                return begin(plan, &mut self.states, &mut self.calendar, &self.histories, unit, members, place);
            }
        };
        let known = &members[place];
        let mixes = !known.mixed && known.arm != arm;
        let mut earlier = time < known.first;
        if time == known.first && !known.mixed && !mixes {
            let combo = combo(state);
            earlier = state.texts(combo).lt(state.texts(known.combo));
        }
        if !(mixes || earlier) {
            return;
        }
        let history = |measure: u32| self.histories.get(measure as usize)?.get(&unit);
        book(plan, &mut self.states, &mut self.calendar, members, place, history, true);
        let known = &mut members[place];
        known.mixed |= mixes;
        known.first = known.first.min(time);
        if earlier && !known.mixed {
            known.combo = combo(&mut self.states[used.experiment]);
        }
        begin(plan, &mut self.states, &mut self.calendar, &self.histories, unit, members, place);
    }

    /// Takes in that two units are one person, by the rules of [`epoch_model::event::Link`]: from here on, and in all that was
    /// counted. `from` is 0 where it was forgotten.
    pub fn link(&mut self, from: u32, into: u32, force: bool) {
        let Some(merge) = self.people.link(from, into, force) else { return };
        let plan = Arc::clone(&self.plan);
        let mut joined: Vec<Member> = Vec::new();
        for unit in [merge.to, merge.from] {
            let mut members = self.spaces[0].members.remove(&unit).unwrap_or_default();
            while !members.is_empty() {
                let last = members.len() - 1;
                let history = |measure: u32| self.histories.get(measure as usize)?.get(&unit);
                book(&plan, &mut self.states, &mut self.calendar, &members, last, history, true);
                joined.extend(members.pop());
            }
        }
        for (history, measure) in self.histories.iter_mut().zip(&plan.measures) {
            if measure.space == 0
                && let Some(joining) = history.remove(&merge.from)
            {
                history.entry(merge.to).or_default().join(joining);
            }
        }
        joined.sort_by_key(|m| m.experiment);
        let mut members: Vec<Member> = Vec::new();
        let mut rest = joined.into_iter().peekable();
        while let Some(mut member) = rest.next() {
            if let Some(other) = rest.next_if(|other| other.experiment == member.experiment) {
                member = self.unite(member, other);
            }
            members.push(member);
            let last = members.len() - 1;
            begin(&plan, &mut self.states, &mut self.calendar, &self.histories, merge.to, &mut members, last);
        }
        if !members.is_empty() {
            self.spaces[0].members.insert(merge.to, members);
        }
    }

    /// Two members of one experiment as one: the earlier first exposure stays.
    fn unite(&self, one: Member, other: Member) -> Member {
        let mixed = one.mixed || other.mixed || one.arm != other.arm;
        let state = &self.states[one.experiment as usize];
        let is_earlier = |a: &Member, b: &Member| {
            a.first < b.first || (a.first == b.first && state.texts(a.combo).lt(state.texts(b.combo)))
        };
        let first = if is_earlier(&other, &one) { other } else { one };
        Member { mixed, ..first }
    }

    /// Units that are remembered, and events of them.
    pub fn size(&self) -> (usize, usize) {
        let points = |h: &History| h.within(Millis::MIN, Millis::MAX).len();
        let units = self.spaces.iter().map(|s| s.members.len()).sum();
        (units, self.histories.iter().flat_map(Map::values).map(points).sum())
    }
}

/// Takes the member at `at`, whose first exposure is new, into the sums.
fn begin(
    plan: &Plan,
    states: &mut [State],
    calendar: &mut Calendar,
    histories: &[Map<u32, History>],
    unit: u32,
    members: &mut [Member],
    at: usize,
) {
    let history = |measure: u32| histories.get(measure as usize)?.get(&unit);
    let member = &mut members[at];
    let experiment = &plan.experiments[member.experiment as usize];
    let state = &mut states[member.experiment as usize];
    #[expect(clippy::iter_over_hash_type, reason = "the greatest is the same in any order")]
    for (measure, listens) in &experiment.listens {
        let valued = !experiment.counts(listens);
        let newest = history(*measure).and_then(|h| h.newest(valued)).filter(|time| *time >= member.first);
        state.newest_outcome = state.newest_outcome.max(newest.unwrap_or(state.newest_outcome));
    }
    member.totals = if member.mixed { Vec::new() } else { experiment.totals(member.first, history) };
    book(plan, states, calendar, members, at, history, false);
}

/// Takes what a member adds to one metric in or out, wherever it is kept.
fn put(plan: &Plan, states: &mut [State], members: &[Member], at: usize, place: Place<'_>, share: &Share, out: bool) {
    let member = &members[at];
    let number = member.experiment as usize;
    states[number].scopes(member.combo, |scope| scope.put(place, share, out));
    if place.number != 0 {
        return;
    }
    for partner in &plan.experiments[number].partners {
        let Ok(other) = members.binary_search_by_key(partner, |m| m.experiment as usize) else { continue };
        if !members[other].mixed
            && let Some(scope) = crossed(plan, states, member, &members[other])
        {
            scope.put(place, share, out);
        }
    }
}
