//! What one change did to a series, against controls: synthetic control and structural regression.
//!
//! Nothing was randomised here: every answer is a quasi-experiment and says so. What stands against a mistake are
//! controls that the change did not touch, and placebos: the same reading where nothing happened.

mod ar1;
pub(crate) mod least_squares;
mod simplex;
mod structural;
mod synthetic;

pub(crate) use ar1::Ar1;
pub use ar1::Tails;
pub(crate) use least_squares::dot;
pub use structural::{Structural, Structure, placebo_in_time, structural};
pub use synthetic::{Synthetic, SyntheticOptions, synthetic};

use serde::{Deserialize, Serialize};

/// The series before and after the change, and others the change did not touch, bucket by bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The series itself, per bucket, oldest first.
    pub values: Vec<f64>,
    /// Others over the same buckets; each as long as `values`.
    pub controls: Vec<Vec<f64>>,
    /// The first bucket with the change.
    pub changed_at: usize,
}

impl Series {
    /// Whether it can be read at all: finite, equally long, and a change within.
    pub fn is_sound(&self) -> bool {
        let n = self.values.len();
        self.changed_at > 0
            && self.changed_at < n
            && self.controls.iter().all(|c| c.len() == n)
            && self.controls.iter().chain([&self.values]).flatten().all(|v| v.is_finite())
    }

    /// Buckets with the change.
    pub fn after(&self) -> usize {
        self.values.len().saturating_sub(self.changed_at)
    }

    /// The same as if it had ended before bucket `end` and changed at `at`: for placebos.
    pub(crate) fn cut(&self, at: usize, end: usize) -> Self {
        Self {
            values: self.values[..end].to_vec(),
            controls: self.controls.iter().map(|c| c[..end].to_vec()).collect(),
            changed_at: at,
        }
    }
}

/// How the truth behind a reading is known. There is one kind here; experiments have another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Nothing was randomised.
    #[default]
    QuasiExperiment,
}
