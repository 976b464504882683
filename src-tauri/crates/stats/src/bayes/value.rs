//! What an experiment is worth before it is run.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use super::Belief;

impl Belief {
    /// Expected value of perfect information for taking X or leaving it: E max(X, 0) - max(E X, 0).
    pub fn perfect_information(&self) -> f64 {
        if self.mean > 0.0 { self.loss() } else { self.gain() }
    }

    /// Expected value of sample information (Raiffa & Schlaifer 1961): what an estimate with standard error `se` is
    /// expected to add to the decision, in units of X. Before the experiment the posterior mean is itself normal, around
    /// the prior's mean, with variance sd^4 / (sd^2 + se^2).
    pub fn sample_information(&self, se: f64) -> f64 {
        if !(se < f64::INFINITY) || self.sd == 0.0 {
            return 0.0;
        }
        let spread = self.sd / sqrt(1.0 + (se / self.sd) * (se / self.sd));
        Self { mean: self.mean, sd: spread }.perfect_information()
    }
}

/// An experiment that might be run: two arms, then the better one for everybody until the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Belief about the effect per unit, in money or in any one value.
    pub prior: Belief,
    /// Variance of one unit's outcome in the same value, squared.
    pub outcome_variance: f64,
    /// Units that would meet it per day.
    pub units_per_day: f64,
    /// Share of them in the treatment while it runs.
    pub treated: f64,
    /// Days that count: how long the decision will matter.
    pub horizon_days: f64,
    /// What building and running it costs, in the same value.
    pub cost: f64,
    /// What keeping it costs per day, once shipped.
    pub upkeep_per_day: f64,
}

/// What a trial is expected to bring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Days it runs.
    pub days: f64,
    /// Standard error of the estimate at its end.
    pub se: f64,
    /// Expected value of knowing, over deciding now.
    pub information: f64,
    /// Expected value of the whole: what the treated gain or lose while it runs, and the better choice afterwards, less
    /// all costs, against not doing anything.
    pub net: f64,
    /// Probability that it will be shipped.
    pub ships: f64,
}

impl Trial {
    /// The worth of running for `days`. Running for nothing is deciding on the prior alone.
    pub fn worth(&self, days: f64) -> Worth {
        let days = days.clamp(0.0, self.horizon_days);
        let units = self.units_per_day * days;
        let se = sqrt(self.outcome_variance * (1.0 / (units * self.treated) + 1.0 / (units * (1.0 - self.treated))));
        // Shipping pays where the effect is above the upkeep of one unit.
        let upkeep = if self.units_per_day > 0.0 { self.upkeep_per_day / self.units_per_day } else { 0.0 };
        let net = Belief { mean: self.prior.mean - upkeep, sd: self.prior.sd };
        let after = self.units_per_day * (self.horizon_days - days);
        let information = net.sample_information(se) * after;
        let decided = net.mean.max(0.0) * after + information;
        let during = self.prior.mean * units * self.treated;
        let spread = if se.is_finite() { net.sd / sqrt(1.0 + (se / net.sd) * (se / net.sd)) } else { 0.0 };
        let ships = if spread > 0.0 {
            Belief { mean: net.mean, sd: spread }.above(0.0)
        } else if net.mean > 0.0 {
            1.0
        } else {
            0.0
        };
        Worth { days, se, information, net: during + decided - self.cost, ships }
    }

    /// The whole number of days, up to `most`, at which the net value is greatest.
    pub fn best(&self, most: u32) -> Worth {
        let mut best = self.worth(0.0);
        for days in 1..=most {
            let worth = self.worth(f64::from(days));
            if worth.net > best.net {
                best = worth;
            }
        }
        best
    }
}
