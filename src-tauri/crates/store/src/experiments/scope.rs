//! An experiment's sums: of the whole, of each value of a segment, and of the units it shares with another experiment.

use std::collections::BTreeMap;

use epoch_model::time::Millis;

use super::cell::{Cell, Share};
use super::metric::MetricPlan;
use super::plan::ExperimentPlan;
use crate::aggregate::{Map, OTHER};

/// Values of a segment that are kept apart.
const VALUES_MAX: usize = 1000;

/// What some of the units make together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Units per arm.
    pub units: Vec<u64>,
    /// By metric, then arm; made when something is in them.
    cells: Vec<Option<Box<Cell>>>,
}

impl Scope {
    pub fn new(arms: usize) -> Self {
        Self { units: vec![0; arms], cells: Vec::new() }
    }

    pub fn cell(&self, metric: usize, arm: usize) -> Option<&Cell> {
        self.cells.get(metric * self.units.len() + arm)?.as_deref()
    }

    /// Takes what a unit adds to a metric in, or out again.
    pub fn put(&mut self, place: Place<'_>, share: &Share, out: bool) {
        let at = place.number * self.units.len() + place.arm;
        if self.cells.len() <= at {
            self.cells.resize(at + 1, None);
        }
        let cell = self.cells[at].get_or_insert_with(|| Box::new(Cell::new(place.metric)));
        cell.put(place.metric, place.first, share, out);
    }

    /// One unit more or less.
    pub fn count(&mut self, arm: usize, out: bool) {
        if let Some(units) = self.units.get_mut(arm) {
            *units = if out { units.wrapping_sub(1) } else { units.wrapping_add(1) };
        }
    }
}

/// Where a unit's share goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    pub metric: &'p MetricPlan,
    pub number: usize,
    pub arm: usize,
    /// The unit's first exposure.
    pub first: Millis,
}

/// The values of one segment, numbered in the order they were first needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    pub texts: Vec<Box<str>>,
    numbers: Map<Box<str>, u32>,
    pub scopes: Vec<Scope>,
}

impl Segment {
    fn number(&mut self, text: &str, arms: usize) -> u32 {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        if self.texts.len() >= VALUES_MAX && text != OTHER {
            return self.number(OTHER, arms);
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        self.scopes.push(Scope::new(arms));
        number
    }
}

/// All that is known of one experiment beside its units.
#[derive(Debug)]
pub struct State {
    pub whole: Scope,
    /// The experiment's segments; then what sent the exposures, of which units are counted only.
    pub segments: Vec<Segment>,
    /// Combinations of their values.
    pub combos: Vec<Box<[u32]>>,
    combo_numbers: Map<Box<[u32]>, u32>,
    /// By partner, then its arms: units that are in both, and the primary metric of them.
    pub crossed: Vec<Vec<Scope>>,
    /// New units per day and arm.
    pub days: BTreeMap<Millis, Vec<u64>>,
    pub mixed: u64,
    pub unknown: u64,
    pub early: u64,
    pub newest_exposure: Millis,
    pub newest_outcome: Millis,
}

impl State {
    /// `partners` are the numbers of arms of the experiments it is crossed with.
    pub fn new(plan: &ExperimentPlan, partners: &[usize]) -> Self {
        let arms = plan.arms();
        Self {
            whole: Scope::new(arms),
            segments: vec![Segment::default(); plan.segments.len() + 1],
            combos: Vec::new(),
            combo_numbers: Map::default(),
            crossed: partners.iter().map(|other| vec![Scope::new(arms); *other]).collect(),
            days: BTreeMap::new(),
            mixed: 0,
            unknown: 0,
            early: 0,
            newest_exposure: 0,
            newest_outcome: 0,
        }
    }

    /// The number of a combination of values, one per segment.
    pub fn combo<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> u32 {
        let arms = self.whole.units.len();
        let numbers: Box<[u32]> = self.segments.iter_mut().zip(texts).map(|(s, text)| s.number(text, arms)).collect();
        if let Some(known) = self.combo_numbers.get(&numbers) {
            return *known;
        }
        let number = u32::try_from(self.combos.len()).unwrap_or(u32::MAX);
        self.combos.push(numbers.clone());
        self.combo_numbers.insert(numbers, number);
        number
    }

    /// The values of a combination.
    pub fn texts(&self, combo: u32) -> impl Iterator<Item = &str> {
        let numbers = self.combos.get(combo as usize).map(AsRef::as_ref).unwrap_or_default();
        numbers.iter().zip(&self.segments).map(|(n, segment)| &*segment.texts[*n as usize])
    }

    /// The scopes in which a unit's metrics are kept: the whole, and its segment values.
    pub fn scopes(&mut self, combo: u32, mut each: impl FnMut(&mut Scope)) {
        each(&mut self.whole);
        let kept = self.segments.len().saturating_sub(1);
        let numbers = self.combos.get(combo as usize).map(AsRef::as_ref).unwrap_or_default();
        for (number, segment) in numbers.iter().zip(&mut self.segments).take(kept) {
            each(&mut segment.scopes[*number as usize]);
        }
    }

    /// One unit more or less, wherever units are counted.
    pub fn count(&mut self, combo: u32, arm: usize, day: Millis, out: bool) {
        self.whole.count(arm, out);
        let numbers = self.combos.get(combo as usize).map(AsRef::as_ref).unwrap_or_default();
        for (number, segment) in numbers.iter().zip(&mut self.segments) {
            segment.scopes[*number as usize].count(arm, out);
        }
        let arms = self.whole.units.len();
        let units = self.days.entry(day).or_insert_with(|| vec![0; arms]);
        if let Some(units) = units.get_mut(arm) {
            *units = if out { units.wrapping_sub(1) } else { units.wrapping_add(1) };
        }
        if units.iter().all(|n| *n == 0) {
            self.days.remove(&day);
        }
    }
}
