//! What is remembered of experiments.

use std::collections::BTreeMap;

use epoch_model::experiment::Experiment;
use serde::{Deserialize, Serialize};

/// An experiment with what its next look needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub experiment: Experiment,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lab {
    /// By key.
    pub trials: BTreeMap<String, Trial>,
}
