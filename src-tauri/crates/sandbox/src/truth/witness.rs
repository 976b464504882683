//! Who follows a company and can say at any time what was behind it: the two lives it did not live are lived along, day by
//! day, instead of from the beginning at every question.

use super::surface::Surfaces;
use super::{Truth, breaches, end_of_last_day, incidents, planned};
use crate::graph::edges;
use crate::ledger::{DayBook, Ledger};
use crate::levers::{Defaults, LeverSource, Role};
use crate::oracle::Oracle;
use crate::scenario::Incident;
use crate::truth::DayMoney;
use crate::world::World;

/// The same company doing nothing and in the oracle's hands, as far as it was asked about.
#[derive(Debug, Clone)]
pub struct Witness {
    seed: u64,
    /// What the oracle knew when it planned, and for how many days.
    incidents: Vec<Incident>,
    horizon: u32,
    oracle: Oracle,
    nothing: World,
    best: World,
    surfaces: Surfaces,
    last: Option<Truth>,
}

fn horizon(world: &World) -> u32 {
    (world.money().days.len() as u32).max(world.scenario().days)
}

impl Witness {
    /// Begins with a plan for everything that will happen; the lives are lived when the truth is asked for.
    pub fn of(world: &World) -> Self {
        let horizon = horizon(world);
        Self {
            seed: world.seed(),
            incidents: world.incidents().to_vec(),
            horizon,
            oracle: Oracle::new(world.scenario(), world.incidents(), horizon),
            nothing: world.twin(),
            best: world.twin(),
            surfaces: Surfaces::new(),
            last: None,
        }
    }

    /// The truth about `world` as it stands: what [`World::truth`] says, at the cost of what happened since it was asked last.
    /// Another world, one of the past, or one to which something else will happen (the oracle would have known) is begun
    /// with anew.
    pub fn truth(&mut self, world: &World) -> Truth {
        let other = self.seed != world.seed() || self.nothing.scenario() != world.scenario();
        let past = world.now() < self.nothing.now();
        if other || past || horizon(world) > self.horizon || self.incidents != world.incidents() {
            *self = Self::of(world);
        }
        if let Some(last) = self.last.as_ref().filter(|last| last.until == world.now()) {
            return last.clone();
        }
        self.nothing.advance(world.now(), &Defaults, &mut |_| {});
        self.best.advance(world.now(), &self.oracle as &dyn LeverSource, &mut |_| {});
        let truth = self.told(world);
        self.last = Some(truth.clone());
        truth
    }

    fn told(&mut self, world: &World) -> Truth {
        let scenario = world.scenario();
        let (actual, nothing, best) = (world.money(), self.nothing.money(), self.best.money());
        // The last day is not over.
        let whole = actual.days.len().saturating_sub(usize::from(world.now() < end_of_last_day(world, &actual)));
        let profit = |ledger: &Ledger, i: usize| ledger.days.get(i).map_or(0, DayBook::profit);
        let money = (0..whole).map(|i| DayMoney {
            start: actual.days[i].start,
            actual: profit(&actual, i),
            nothing: profit(&nothing, i),
            oracle: profit(&best, i),
        });
        let variants = crate::levers::catalog(scenario)
            .into_iter()
            .filter(|lever| matches!(lever.role, Role::Headline | Role::Onboarding))
            .map(|lever| (lever.key.clone(), self.oracle.best_options(lever.role, world.now())));
        Truth {
            scenario: scenario.name.clone(),
            seed: world.seed(),
            company: scenario.company,
            currency: scenario.currency.clone(),
            from: scenario.starts_at(),
            until: world.now(),
            edges: edges(scenario),
            incidents: incidents(world),
            planned: planned(scenario),
            surfaces: self.surfaces.until(scenario, world.incidents(), actual.days.len() as u32).to_vec(),
            oracle: self.oracle.steps(),
            best_options: variants.collect(),
            money: money.collect(),
            breaches: breaches(scenario.company, &actual, &nothing, whole),
        }
    }
}
