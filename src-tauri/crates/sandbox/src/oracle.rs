//! The policy of one who knows everything: plays the plan, and for each segment the option it likes best.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::expected::{BLOCK_DAYS, Model, Plan, best_plan};
use crate::forces::{Forces, acting};
use crate::levers::{Attributes, LeverSource, LeverSpec, Role, catalog};
use crate::scenario::{Incident, Scenario};
use crate::segment::{Segment, option_effect, segments};

/// What the oracle sets from an instant on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OracleStep {
    pub from: Millis,
    pub levers: BTreeMap<String, LeverValue>,
}

/// The oracle as a source of levers.
#[derive(Debug, Clone)]
pub struct Oracle {
    scenario: Scenario,
    incidents: Vec<Incident>,
    segments: Vec<Segment>,
    levers: Vec<LeverSpec>,
    /// First instants of the blocks.
    starts: Vec<Millis>,
    plan: Plan,
}

impl Oracle {
    /// Plans for a company to which all this will happen, for so many days.
    pub fn new(scenario: &Scenario, incidents: &[Incident], days: u32) -> Self {
        let plan = best_plan(&Model::new(scenario, incidents, days));
        let calendar = Calendar::new(scenario);
        let starts = (0..plan.blocks.len()).map(|i| calendar.day(scenario, i as u32 * BLOCK_DAYS).start).collect();
        Self {
            scenario: scenario.clone(),
            incidents: incidents.to_vec(),
            segments: segments(scenario),
            levers: catalog(scenario),
            starts,
            plan,
        }
    }

    fn block(&self, at: Millis) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Its settings that hold for everyone, block by block.
    pub fn steps(&self) -> Vec<OracleStep> {
        let step = |(start, settings): (&Millis, &crate::levers::Settings)| {
            let named = self.levers.iter().filter_map(|lever| {
                let n = settings.get(lever.role)?;
                Some((lever.key.clone(), lever.value_of(n)))
            });
            OracleStep { from: *start, levers: named.collect() }
        };
        self.starts.iter().zip(&self.plan.blocks).map(step).collect()
    }

    /// The best option of a variant lever for each segment at an instant: country, device, plan, option.
    pub fn best_options(&self, role: Role, at: Millis) -> Vec<[String; 4]> {
        let name = |segment: &Segment| {
            [
                self.scenario.countries[segment.country].key.clone(),
                self.scenario.devices[segment.device].key.clone(),
                self.scenario.plans[segment.plan].key.clone(),
                self.option(role, segment, at).unwrap_or_default(),
            ]
        };
        self.segments.iter().map(name).collect()
    }

    fn option(&self, role: Role, segment: &Segment, at: Millis) -> Option<String> {
        let mut levels = Vec::new();
        acting(&self.incidents, at, &mut levels);
        let forces = Forces::of(&self.scenario, &self.incidents, &levels, Some(segment));
        let (effects, choices, shift) = match role {
            Role::Headline => (&segment.headline, &self.scenario.headlines, forces.taste),
            Role::Onboarding => (&segment.onboarding, &self.scenario.onboardings, (usize::MAX, 0.0)),
            _ => return None,
        };
        let best = option_effect(effects, None, shift);
        let found = (0..effects.len()).find(|i| option_effect(effects, Some(*i), shift) >= best)?;
        Some(choices[found].key.clone())
    }
}

impl LeverSource for Oracle {
    fn value(&self, lever: &str, _: &str, attributes: &Attributes<'_>) -> Option<LeverValue> {
        let lever = self.levers.iter().find(|known| known.key == lever)?;
        let settings = &self.plan.blocks[self.block(attributes.at)];
        if let Some(n) = settings.get(lever.role) {
            return Some(lever.value_of(n));
        }
        let scenario = &self.scenario;
        let segment = self.segments.iter().find(|segment| {
            scenario.countries[segment.country].key == attributes.country
                && scenario.devices[segment.device].key == attributes.device
                && scenario.plans[segment.plan].key == attributes.plan
        })?;
        self.option(lever.role, segment, attributes.at).map(LeverValue::Text)
    }
}
