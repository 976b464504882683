//! Two events of a unit joined, and two persons of whom it became known that they are one.

use epoch_model::time::Millis;

use super::Aggregates;
use super::calendar::{Buckets, Calendar};
use super::people::Merge;
use super::plan::{MetricPlan, Window};
use super::scope::{MetricState, WHOLE};
use super::units::{Start, Units, pack, unpack};

/// An event of a unit that starts something, follows something, or both.
pub(super) struct Moment {
    pub unit: u32,
    pub time: Millis,
    pub at: Buckets,
    pub starts: bool,
    pub follows: bool,
}

/// Takes such an event in.
pub(super) fn join_units(
    state: &mut MetricState,
    metric: &MetricPlan,
    calendar: &mut Calendar,
    event: &Moment,
    scopes: &[u32],
) {
    // Taken out while the state's cells change.
    let Some(mut units) = state.units.take() else { return };
    match metric.window {
        Window::None => {}
        Window::Conversion(window) => {
            if event.follows {
                let unit = units.unit(event.unit);
                unit.follow(event.time, window);
                for start in unit.take_starts(event.time.saturating_sub(window), event.time) {
                    let (time, combo) = unpack(start);
                    let at = calendar.buckets(time);
                    state.mark(metric, WHOLE, &at, event.unit, true);
                    for scope in units.scopes(combo) {
                        state.mark(metric, *scope, &at, event.unit, true);
                    }
                }
            }
            if event.starts {
                let combo = units.combo(scopes);
                let unit = units.unit(event.unit);
                let followed = unit.followed(event.time, event.time.saturating_add(window));
                if !followed {
                    let start = Start { time: event.time, combo, bucket: event.at.of(metric.levels[0]) };
                    unit.start(&start, window, calendar, metric.levels[0]);
                }
                for scope in std::iter::once(&WHOLE).chain(scopes) {
                    state.mark(metric, *scope, &event.at, event.unit, false);
                    if followed {
                        state.mark(metric, *scope, &event.at, event.unit, true);
                    }
                }
            }
        }
        Window::Retention { after, within } => {
            if event.follows {
                let unit = units.unit(event.unit);
                unit.follow(event.time, within);
                if let Some((first, combo)) = unit.starts.first().map(|s| unpack(*s))
                    && unit.came_back(first, after, within)
                {
                    let at = calendar.buckets(first);
                    state.mark(metric, WHOLE, &at, event.unit, true);
                    for scope in units.scopes(combo) {
                        state.mark(metric, *scope, &at, event.unit, true);
                    }
                }
            }
            if event.starts {
                let combo = units.combo(scopes);
                let old = units.unit(event.unit).starts.first().map(|s| unpack(*s));
                let earlier = old.is_none_or(|old| is_earlier(state, &units, (event.time, combo), old));
                if earlier {
                    if let Some((first, other)) = old {
                        let at = calendar.buckets(first);
                        state.unmark(metric, WHOLE, &at, event.unit);
                        for scope in units.scopes(other) {
                            state.unmark(metric, *scope, &at, event.unit);
                        }
                    }
                    let unit = units.unit(event.unit);
                    unit.starts = vec![pack(event.time, combo)];
                    let back = unit.came_back(event.time, after, within);
                    for scope in std::iter::once(&WHOLE).chain(scopes) {
                        state.mark(metric, *scope, &event.at, event.unit, false);
                        if back {
                            state.mark(metric, *scope, &event.at, event.unit, true);
                        }
                    }
                }
            }
        }
    }
    state.units = Some(units);
}

/// Which of two first starts counts. Of two in one millisecond that with the lesser segment values, whichever arrived first.
fn is_earlier(state: &MetricState, units: &Units, one: (Millis, u32), other: (Millis, u32)) -> bool {
    let texts = |combo: u32| units.scopes(combo).iter().map(|s| &*state.scopes[*s as usize].text);
    one.0 < other.0 || (one.0 == other.0 && texts(one.1).lt(texts(other.1)))
}

/// The earlier of what is known.
fn least(a: Option<Millis>, b: Option<Millis>) -> Option<Millis> {
    a.into_iter().chain(b).min()
}

impl Aggregates {
    /// Takes in that two units are one person, by the rules of [`epoch_model::event::Link`]: from here on and in all that was
    /// counted, every number is what it would be had the events of both come from one. `from` is 0 where it was forgotten.
    /// Answers the start of the earliest bucket (by hour or day) whose numbers changed.
    ///
    /// Only buckets in which the joining unit was seen are touched; they are found from the months down.
    pub fn link(&mut self, from: u32, into: u32, force: bool) -> Option<Millis> {
        let merge = self.people.link(from, into, force)?;
        let plan = std::sync::Arc::clone(&self.plan);
        let metrics = plan.metrics.iter().zip(&mut self.metrics).filter(|(metric, _)| !metric.persons.is_empty());
        let mut earliest = None;
        for (metric, state) in metrics {
            let changed = match metric.window {
                Window::None => state.rename(metric, merge.from, merge.to),
                Window::Conversion(window) => {
                    let met = state.rename(metric, merge.from, merge.to);
                    least(met, merge_conversions(state, metric, &mut self.calendar, merge, window))
                }
                Window::Retention { after, within } => {
                    merge_retention(state, metric, &mut self.calendar, merge, after, within)
                }
            };
            earliest = least(earliest, changed);
        }
        earliest
    }

    /// The numbers of all units of a unit's person, in order, and whether the person is identified.
    pub fn person(&self, unit: u32) -> (Vec<u32>, bool) {
        self.people.person(unit)
    }
}

/// Starts of one may be followed by the other.
fn merge_conversions(
    state: &mut MetricState,
    metric: &MetricPlan,
    calendar: &mut Calendar,
    merge: Merge,
    window: Millis,
) -> Option<Millis> {
    let mut units = state.units.take()?;
    let mut earliest = None;
    let joining = units.take(merge.from);
    if !joining.is_empty() {
        let unit = units.unit(merge.to);
        for time in joining.follows {
            unit.follow(time, window);
        }
        let mut starts = std::mem::take(&mut unit.starts);
        starts.extend(joining.starts);
        starts.sort_unstable();
        for (time, combo) in starts.into_iter().map(unpack) {
            let at = calendar.buckets(time);
            let unit = units.unit(merge.to);
            if unit.followed(time, time.saturating_add(window)) {
                for scope in std::iter::once(&WHOLE).chain(units.scopes(combo)) {
                    if state.mark(metric, *scope, &at, merge.to, true) {
                        earliest = least(earliest, Some(at.of(metric.levels[0])));
                    }
                }
            } else {
                let start = Start { time, combo, bucket: at.of(metric.levels[0]) };
                unit.start(&start, window, calendar, metric.levels[0]);
            }
        }
    }
    state.units = Some(units);
    earliest
}

/// Of two first starts the earlier one stays.
fn merge_retention(
    state: &mut MetricState,
    metric: &MetricPlan,
    calendar: &mut Calendar,
    merge: Merge,
    after: Millis,
    within: Millis,
) -> Option<Millis> {
    let mut units = state.units.take()?;
    let mut earliest = None;
    let joining = units.take(merge.from);
    if !joining.is_empty() {
        let unit = units.unit(merge.to);
        for time in joining.follows {
            unit.follow(time, within);
        }
        let own = unit.starts.first().map(|s| unpack(*s));
        let other = joining.starts.first().map(|s| unpack(*s));
        let first = match (other, own) {
            (Some(other), Some(own)) if !is_earlier(state, &units, other, own) => Some((merge.to, own)),
            (Some(other), _) => Some((merge.from, other)),
            (None, own) => own.map(|own| (merge.to, own)),
        };
        if let Some((whose, (time, combo))) = first {
            let at = calendar.buckets(time);
            let was_back = state.is_followed(metric, &at, whose);
            for (unit, start) in [(merge.from, other), (merge.to, own)] {
                let Some((time, combo)) = start else { continue };
                let at = calendar.buckets(time);
                for scope in std::iter::once(&WHOLE).chain(units.scopes(combo)) {
                    state.unmark(metric, *scope, &at, unit);
                }
                if unit != whose {
                    earliest = least(earliest, Some(at.of(metric.levels[0])));
                }
            }
            let unit = units.unit(merge.to);
            unit.starts = vec![pack(time, combo)];
            let is_back = unit.came_back(time, after, within);
            for scope in std::iter::once(&WHOLE).chain(units.scopes(combo)) {
                state.mark(metric, *scope, &at, merge.to, false);
                if is_back {
                    state.mark(metric, *scope, &at, merge.to, true);
                }
            }
            if is_back != was_back {
                earliest = least(earliest, Some(at.of(metric.levels[0])));
            }
        }
    }
    state.units = Some(units);
    earliest
}
