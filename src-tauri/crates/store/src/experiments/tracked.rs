//! Which experiments are counted.

use epoch_model::experiment::Spec;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use epoch_model::business::Metric;

/// An experiment whose units are counted event by event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// Its key, arms, exposure, unit (`group`) and `cap` are what counts here.
    pub spec: Spec,
    /// The primary metric first, then the others, each once. A look has them in this order.
    pub metrics: Vec<Metric>,
    /// Exposures before this instant make no unit: when it started.
    pub from: Millis,
    /// Exposures from this instant on make no unit; what its units do later still counts.
    pub until: Option<Millis>,
    /// Days before a unit's first exposure that the covariate covers; 0 for none.
    pub covariate_days: u32,
    /// Properties of the first exposure by whose values it is split.
    pub segments: Vec<String>,
}
