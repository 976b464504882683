//! What is fixed (the model) and what moves (the state).

use crate::calendar::{Calendar, Day};
use crate::flows::Flows;
use crate::forces::{Forces, acting, acting_on_mean};
use crate::levers::{LeverSpec, Settings, catalog};
use crate::scenario::{Incident, Scenario};
use crate::segment::{Segment, segments};
use crate::world::BILLING_DAYS;

/// A day with what acts on it.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    pub day: Day,
    /// On everyone, at noon (that is when newcomers are counted) and on the mean of the day.
    pub noon: Forces,
    pub company: Forces,
    /// On each segment; empty when nothing acts.
    pub segments: Vec<Forces>,
}

impl Ahead {
    pub fn on(&self, segment: usize) -> &Forces {
        self.segments.get(segment).unwrap_or(&Forces::CALM)
    }
}

/// A scenario with its incidents, ready to be expected.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) scenario: Scenario,
    pub(super) segments: Vec<Segment>,
    pub(super) levers: Vec<LeverSpec>,
    pub(super) price_default: f64,
    pub(super) ahead: Vec<Ahead>,
    /// Mean factor of spending over the people who come.
    pub(super) spend: f64,
}

/// Expected numbers of people and things.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) day: u32,
    /// Visitors who will come back, by segment and source.
    pub(super) pool: Vec<f64>,
    pub(super) customers: Vec<f64>,
    /// Sum of the customers' trust.
    pub(super) trust: Vec<f64>,
    /// People on trial by segment and the day on which it ends.
    pub(super) trial: Vec<f64>,
    /// Customers by segment and the day on which they pay.
    pub(super) due: Vec<f64>,
    pub(super) adstock: Vec<f64>,
    /// Days of work that wait in support.
    pub(super) work: f64,
    pub(super) sellers: f64,
    /// Orders a day of late.
    pub(super) demand: f64,
}

impl Model {
    /// Looks `days` ahead from the scenario's start.
    pub fn new(scenario: &Scenario, incidents: &[Incident], days: u32) -> Self {
        let (calendar, segments, levers) = (Calendar::new(scenario), segments(scenario), catalog(scenario));
        let ahead =
            (0..days).map(|index| look(scenario, incidents, &segments, calendar.day(scenario, index))).collect();
        let price_default = levers.first().map_or(1.0, |lever| lever.read(None));
        let spend = segments.iter().map(|segment| segment.share * segment.spend).sum();
        Self { scenario: scenario.clone(), segments, levers, price_default, ahead, spend }
    }

    /// The morning of the first day.
    pub fn start(&self) -> State {
        let scenario = &self.scenario;
        let n = self.segments.len();
        State {
            day: 0,
            pool: vec![0.0; n * (scenario.channels.len() + 2)],
            customers: vec![0.0; n],
            trust: vec![0.0; n],
            trial: vec![0.0; n * scenario.offer.trial_days as usize],
            due: vec![0.0; n * BILLING_DAYS as usize],
            adstock: scenario.channels.iter().map(|channel| channel.spend).collect(),
            work: 0.0,
            sellers: scenario.supply.as_ref().map_or(0.0, |supply| supply.sellers),
            demand: 0.0,
        }
    }

    /// All levers at their defaults.
    pub fn defaults(&self) -> Settings {
        Settings::defaults(&self.levers, self.scenario.channels.len())
    }

    /// The levers.
    pub fn levers(&self) -> &[LeverSpec] {
        &self.levers
    }

    /// Goes on with the same settings until the morning of day `until`, or as far as the model looks.
    pub fn run(&self, state: &mut State, settings: &Settings, until: u32) -> Flows {
        let mut flows = Flows::default();
        while state.day < until && (state.day as usize) < self.ahead.len() {
            flows.add(&self.step(state, settings));
        }
        flows
    }

    /// How many days it looks ahead.
    pub fn days(&self) -> u32 {
        self.ahead.len() as u32
    }
}

fn look(scenario: &Scenario, incidents: &[Incident], segments: &[Segment], day: Day) -> Ahead {
    let mut at_noon = Vec::new();
    acting(incidents, i64::midpoint(day.start, day.end), &mut at_noon);
    let over_day = acting_on_mean(incidents, day.start, day.end);
    let noon = Forces::of(scenario, incidents, &at_noon, None);
    let company = Forces::of(scenario, incidents, &over_day, None);
    let each = |segment: &Segment| Forces::of(scenario, incidents, &over_day, Some(segment));
    let segments = if over_day.is_empty() { Vec::new() } else { segments.iter().map(each).collect() };
    Ahead { day, noon, company, segments }
}
