//! An experiment as the engine is told of it.

use std::cmp::Reverse;

use epoch_model::experiment::{DayCount, Health, Look, MetricSums, Moments, SegmentSums, SliceCount};
use epoch_model::time::{Millis, Zone};

use super::counter::Counter;
use super::metric::MetricPlan;
use super::plan::ExperimentPlan;
use super::scope::{Scope, Segment, State};

/// Values per segment, slices and days that are told.
const VALUES: usize = 10;
const SLICES: usize = 200;
const DAYS: usize = 400;
/// What is said of who sent the exposures, and of days.
const LIB: &str = "$lib";
const DAY: &str = "day";

/// Values that units have, those of most units first.
fn largest(segment: &Segment, most: usize) -> Vec<usize> {
    let units = |at: &usize| segment.scopes[*at].units.iter().sum::<u64>();
    let mut found: Vec<usize> = (0..segment.texts.len()).filter(|at| units(at) > 0).collect();
    found.sort_by(|a, b| (Reverse(units(a)), &segment.texts[*a]).cmp(&(Reverse(units(b)), &segment.texts[*b])));
    found.truncate(most);
    found
}

/// One metric in one scope, per arm.
fn arms(metric: &MetricPlan, number: usize, scope: &Scope, at: Millis) -> Vec<Moments> {
    let read = |(arm, units): (usize, &u64)| match scope.cell(number, arm) {
        Some(cell) => cell.read(metric, *units, at),
        // Nobody was there, or nobody did anything.
        None => super::cell::Cell::new(metric).read(metric, *units, at),
    };
    scope.units.iter().enumerate().map(read).collect()
}

fn day_text(zone: &Zone, day: Millis) -> String {
    zone.local(day).map_or_else(|| day.to_string(), |local| local.date().to_string())
}

fn health(plan: &ExperimentPlan, state: &State, zone: &Zone) -> Health {
    let skip = state.days.len().saturating_sub(DAYS);
    let days: Vec<DayCount> =
        state.days.iter().skip(skip).map(|(day, units)| DayCount { day: *day, units: units.clone() }).collect();
    let most = SLICES / (state.segments.len() + 1);
    let mut slices = Vec::new();
    let names = plan.segments.iter().map(String::as_str).chain([LIB]);
    for (name, segment) in names.zip(&state.segments) {
        slices.extend(largest(segment, most).into_iter().map(|at| SliceCount {
            dimension: name.to_owned(),
            value: segment.texts[at].to_string(),
            units: segment.scopes[at].units.clone(),
        }));
    }
    slices.extend(days.iter().rev().take(most).rev().map(|day| SliceCount {
        dimension: DAY.to_owned(),
        value: day_text(zone, day.day),
        units: day.units.clone(),
    }));
    Health {
        mixed_units: state.mixed,
        unknown_arms: state.unknown,
        before_start: state.early,
        newest_exposure: state.newest_exposure,
        newest_outcome: state.newest_outcome,
        slices,
        days,
    }
}

impl Counter {
    /// The experiment with this number; `at` decides who is old enough for retention. Costs the same however many units and
    /// events there are.
    pub fn look(&self, number: usize, at: Millis) -> Look {
        let (plan, state) = (&self.plan.experiments[number], &self.states[number]);
        let shown: Vec<Vec<usize>> =
            state.segments.iter().take(plan.segments.len()).map(|s| largest(s, VALUES)).collect();
        let metrics = plan.metrics.iter().enumerate().map(|(index, metric)| MetricSums {
            metric: metric.key.clone(),
            arms: arms(metric, index, &state.whole, at),
            segments: shown
                .iter()
                .zip(&plan.segments)
                .zip(&state.segments)
                .flat_map(|((values, name), segment)| {
                    values.iter().map(move |value| SegmentSums {
                        segment: name.clone(),
                        value: segment.texts[*value].to_string(),
                        arms: arms(metric, index, &segment.scopes[*value], at),
                    })
                })
                .collect(),
        });
        let crossed = plan
            .partners
            .iter()
            .zip(&state.crossed)
            .filter(|(_, theirs)| theirs.iter().any(|scope| scope.units.iter().any(|n| *n > 0)));
        let by_my_arm = |theirs: &Vec<Scope>| -> Vec<Vec<Moments>> {
            let theirs: Vec<Vec<Moments>> = theirs.iter().map(|scope| arms(&plan.metrics[0], 0, scope, at)).collect();
            (0..plan.arms()).map(|mine| theirs.iter().map(|arms| arms[mine].clone()).collect()).collect()
        };
        Look {
            experiment: plan.key.clone(),
            at,
            units: state.whole.units.clone(),
            metrics: metrics.collect(),
            health: health(plan, state, &self.plan.zone),
            crossed: crossed
                .map(|(partner, theirs)| (self.plan.experiments[*partner].key.clone(), by_my_arm(theirs)))
                .collect(),
        }
    }
}
