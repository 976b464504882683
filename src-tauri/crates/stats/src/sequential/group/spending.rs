//! Spending functions: how much of an error may be used up at a share of the planned size.

use libm::{exp, log1p, pow, sqrt};
use serde::{Deserialize, Serialize};

use crate::normal;

/// A spending function; each starts at 0 and reaches the whole error at 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Spending {
    /// `2 - 2 Phi(z / sqrt(t))`, O'Brien-Fleming-like (Lan & DeMets 1983): almost nothing early, almost a fixed test at the end.
    ObrienFleming,
    /// `alpha ln(1 + (e - 1) t)`, Pocock-like (Lan & DeMets 1983): even limits, early stops, a larger maximum.
    Pocock,
    /// `alpha t^rho` (Kim & DeMets 1987); `rho` above zero.
    Power {
        /// The exponent: 1 is near Pocock, 3 near O'Brien-Fleming.
        rho: f64,
    },
}

impl Spending {
    /// Error used up at share `t` of one boundary that may use `error` in all. `t` above 1 counts as 1.
    ///
    /// A two-sided design spends `alpha / 2` on each of its boundaries.
    pub fn spent(self, error: f64, t: f64) -> f64 {
        if !(t > 0.0) {
            return 0.0;
        }
        if t >= 1.0 {
            return error;
        }
        match self {
            Self::ObrienFleming => 2.0 * normal::sf(normal::isf(0.5 * error) / sqrt(t)),
            Self::Pocock => error * log1p((exp(1.0) - 1.0) * t),
            Self::Power { rho } => error * pow(t, rho),
        }
    }
}
