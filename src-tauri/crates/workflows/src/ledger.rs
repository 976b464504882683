//! What the runs of a definition may do on one local day, over all runs: the host keeps the ledger, the rules are here.

use std::collections::BTreeMap;

use epoch_model::time::{Grain, Millis, Zone};
use epoch_model::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::definition::Definition;

/// What was used of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "WorkflowDay")]
pub struct Day {
    /// First instant of the local day.
    pub starts_at: Millis,
    pub runs: u32,
    pub calls: u32,
    pub spent_minor: i64,
}

/// Today's use, by workflow. Days that are over are forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    days: BTreeMap<String, Day>,
}

impl Ledger {
    /// What was used of the day that holds `now`.
    pub fn day(&self, workflow: &str, now: Millis, zone: &Zone) -> Day {
        let starts_at = zone.floor(now, Grain::Day);
        let known = self.days.get(workflow).filter(|day| day.starts_at == starts_at);
        known.copied().unwrap_or(Day { starts_at, ..Day::default() })
    }

    /// Takes over what was kept of a day.
    pub fn put(&mut self, workflow: &str, day: Day) {
        self.days.insert(workflow.to_owned(), day);
    }

    /// Counts a run that is about to start. [`Code::Denied`] when it would be one too many today.
    pub fn admit_run(&mut self, definition: &Definition, now: Millis, zone: &Zone) -> Result<()> {
        let mut day = self.day(&definition.key, now, zone);
        let most = definition.ceilings.runs_per_day;
        if day.runs >= most {
            return Err(denied(format!("{} was started {most} times today, the most it may", definition.title)));
        }
        day.runs += 1;
        self.days.insert(definition.key.clone(), day);
        Ok(())
    }

    /// Counts a call that is about to be proposed. [`Code::Denied`] when it would be one too many today, or today's money is
    /// spent; the host then answers the call as refused. Calls that undo are not put here: they are never held back.
    pub fn admit_call(&mut self, definition: &Definition, now: Millis, zone: &Zone) -> Result<()> {
        let mut day = self.day(&definition.key, now, zone);
        let most = definition.ceilings.effects_per_day;
        if day.calls >= most {
            return Err(denied(format!("{} made {most} calls today, the most it may", definition.title)));
        }
        if let Some(most) = definition.ceilings.money_per_day_minor.filter(|most| day.spent_minor >= *most) {
            return Err(denied(format!("{} spent {most} (minor units) today, the most it may", definition.title)));
        }
        day.calls += 1;
        self.days.insert(definition.key.clone(), day);
        Ok(())
    }

    /// Books what a call cost, in minor units.
    pub fn spend(&mut self, workflow: &str, cost_minor: i64, now: Millis, zone: &Zone) {
        let mut day = self.day(workflow, now, zone);
        day.spent_minor = day.spent_minor.saturating_add(cost_minor);
        self.days.insert(workflow.to_owned(), day);
    }
}

fn denied(message: String) -> Error {
    Error::new(Code::Denied, message, "raise its ceilings for a day, or wait until tomorrow")
}
