//! What each setting of each lever is worth, in expectation.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::expected::Model;
use crate::kpi::Kpi;
use crate::levers::LeverSpec;
use crate::scenario::{Incident, Scenario};

/// Days over which a setting is valued, and between two valuations.
const DAYS: u32 = 28;
/// Settings of a lever that are valued at most.
const SETTINGS_MAX: usize = 9;

/// A lever's settings in one stretch of four weeks, all others at their defaults, from the state that doing nothing led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    pub from: Millis,
    pub until: Millis,
    pub lever: String,
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub value: LeverValue,
    /// Expected profit a day in major units.
    pub profit_per_day: f64,
    /// Expected metrics by key.
    pub metrics: BTreeMap<String, f64>,
}

/// Surfaces of the days so far, worked out block by block.
#[derive(Debug, Clone)]
pub(super) struct Surfaces {
    state: Option<crate::expected::State>,
    done: Vec<Surface>,
    blocks: u32,
}

impl Surfaces {
    pub(super) fn new() -> Self {
        Self { state: None, done: Vec::new(), blocks: 0 }
    }

    /// All of them until the end of the block that holds the last of these days. The incidents must be those of the last
    /// call, or begin after its days.
    pub(super) fn until(&mut self, scenario: &Scenario, incidents: &[Incident], days: u32) -> &[Surface] {
        let blocks = days.max(1).div_ceil(DAYS);
        if blocks <= self.blocks {
            return &self.done;
        }
        let model = Model::new(scenario, incidents, blocks * DAYS);
        let calendar = crate::calendar::Calendar::new(scenario);
        let mut state = self.state.take().unwrap_or_else(|| model.start());
        for first in (self.blocks..blocks).map(|block| block * DAYS) {
            let (from, until) = (calendar.day(scenario, first).start, calendar.day(scenario, first + DAYS).start);
            for lever in model.levers() {
                let setting = |n: f64| setting(scenario, &model, &state, lever, n, first + DAYS);
                let settings = lever.grid(SETTINGS_MAX).into_iter().map(setting).collect();
                self.done.push(Surface { from, until, lever: lever.key.clone(), settings });
            }
            model.run(&mut state, &model.defaults(), first + DAYS);
        }
        (self.state, self.blocks) = (Some(state), blocks);
        &self.done
    }
}

fn setting(
    scenario: &Scenario,
    model: &Model,
    from: &crate::expected::State,
    lever: &LeverSpec,
    n: f64,
    until: u32,
) -> Setting {
    let mut settings = model.defaults();
    settings.set(lever.role, n);
    let flows = model.run(&mut from.clone(), &settings, until);
    let metrics = Kpi::ALL.iter().filter_map(|kpi| Some((kpi.key(scenario.company)?.to_owned(), flows.kpi(*kpi)?)));
    Setting { value: lever.value_of(n), profit_per_day: flows.profit / flows.days.max(1.0), metrics: metrics.collect() }
}

impl Surface {
    /// A metric (or `profit`) at a value: of numbers between two settings, in proportion.
    pub fn at(&self, value: &LeverValue, metric: &str) -> Option<f64> {
        let read = |setting: &Setting| {
            if metric == "profit" { Some(setting.profit_per_day) } else { setting.metrics.get(metric).copied() }
        };
        let LeverValue::Number(n) = value else {
            return read(self.settings.iter().find(|setting| setting.value == *value)?);
        };
        let number = |setting: &Setting| match setting.value {
            LeverValue::Number(n) => n,
            _ => f64::NAN,
        };
        let above = self.settings.iter().position(|setting| number(setting) >= *n)?;
        let b = &self.settings[above];
        if above == 0 {
            return (number(b) <= *n).then(|| read(b)).flatten();
        }
        let a = &self.settings[above - 1];
        let share = (n - number(a)) / (number(b) - number(a));
        Some(read(a)? * (1.0 - share) + read(b)? * share)
    }
}
