//! False discoveries over a stream of tests: LOND, LORD, SAFFRON, ADDIS, their asynchronous versions, e-values.
//!
//! A test asks for its level when it starts and says its evidence when it ends; what is under way counts as not known.
//! The level is fixed from the start. One after the other is the special case in which every test ends before the next
//! starts.

mod budget;
mod evalues;
mod gamma;
mod level;
mod stream;
pub mod trial;

pub use budget::Budget;
pub use evalues::e_bh;
pub use stream::{Evidence, Refusal, Started, Stream, Verdict};

use serde::{Deserialize, Serialize};

/// A procedure that hands out levels along a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Adaptive and discarding (Tian & Ramdas 2019). FDR for independent p-values; the default.
    #[default]
    Addis,
    /// Adaptive (Ramdas et al. 2018). FDR for independent p-values.
    Saffron,
    /// SAFFRON with the level itself as the threshold of candidates (Ramdas et al. 2018, section 3.3).
    AlphaInvesting,
    /// LORD++ (Ramdas et al. 2017). FDR for independent p-values.
    LordPlusPlus,
    /// LORD 3 (Javanmard & Montanari 2018): wealth at the last discovery. Control is shown by simulation only.
    Lord3,
    /// LORD++ with discarding of p-values above tau (Tian & Ramdas 2019).
    LordDiscard,
    /// LORD for arbitrary dependence (Javanmard & Montanari 2018, example 3.8).
    LordDependent,
    /// LOND (Javanmard & Montanari 2015): discoveries so far plus one. FDR under positive dependence.
    Lond,
    /// LOND with at least one for the discoveries so far, as in the asynchronous version (Zrnic et al. 2021).
    LondStar,
    /// LOND divided by harmonic numbers, for arbitrary dependence.
    LondDependent,
    /// LOND on e-values (Xu & Ramdas 2024): FDR under arbitrary dependence.
    ELond,
    /// Bonferroni along the stream: family-wise error.
    AlphaSpending,
    /// Alpha-spending that passes the level of a rejected test on to the next (Tian & Ramdas 2021): family-wise error.
    OnlineFallback,
    /// Alpha-spending, adaptive and discarding (Tian & Ramdas 2021): family-wise error for independent p-values.
    AddisSpending,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 14] = [
        Self::Addis,
        Self::Saffron,
        Self::AlphaInvesting,
        Self::LordPlusPlus,
        Self::Lord3,
        Self::LordDiscard,
        Self::LordDependent,
        Self::Lond,
        Self::LondStar,
        Self::LondDependent,
        Self::ELond,
        Self::AlphaSpending,
        Self::OnlineFallback,
        Self::AddisSpending,
    ];

    /// Whether tests may overlap: the others were only ever defined for one test after the other.
    pub fn overlapping(self) -> bool {
        !matches!(self, Self::Lord3 | Self::LordDependent | Self::AlphaInvesting | Self::Lond)
    }

    /// Whether it reads e-values instead of p-values.
    pub fn reads_e_values(self) -> bool {
        self == Self::ELond
    }
}

/// A method with its constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// Which.
    pub method: Method,
    /// The target: false discoveries in a hundred discoveries (or the family-wise error), as a share.
    pub alpha: f64,
    /// Wealth before the first discovery, at most `alpha`.
    pub initial_wealth: f64,
    /// p-values up to here are candidates (SAFFRON, ADDIS, ADDIS-spending); no level is above it.
    pub lambda: f64,
    /// p-values above are discarded (ADDIS, LORD with discarding, ADDIS-spending).
    pub tau: f64,
    /// How many tests before one may share data with it: their outcomes do not enter its level (local dependence,
    /// Zrnic et al. 2021, section 5).
    pub lag: u32,
}

impl Procedure {
    /// The method with the constants of its source: initial wealth alpha/2 for SAFFRON and ADDIS, alpha/10 for LORD;
    /// lambda 1/2 for SAFFRON; lambda 1/4 and tau 1/2 for ADDIS.
    pub fn new(method: Method, alpha: f64) -> Self {
        let (share, lambda, tau) = match method {
            Method::Addis | Method::AddisSpending => (0.5, 0.25, 0.5),
            Method::Saffron => (0.5, 0.5, 1.0),
            Method::AlphaInvesting => (0.5, 1.0, 1.0),
            Method::LordDiscard => (0.1, 0.5, 0.5),
            _ => (0.1, 1.0, 1.0),
        };
        Self { method, alpha, initial_wealth: share * alpha, lambda, tau, lag: 0 }
    }

    /// Why the constants are refused, if they are: the name of the field and what it must be.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let inside = |x: f64| x > 0.0 && x < 1.0;
        let adaptive = matches!(self.method, Method::Saffron | Method::Addis | Method::AddisSpending);
        let discards = matches!(self.method, Method::LordDiscard | Method::Addis | Method::AddisSpending);
        if !inside(self.alpha) {
            Some(("alpha", "above 0 and below 1"))
        } else if !(self.initial_wealth > 0.0 && self.initial_wealth <= self.alpha) {
            Some(("initial_wealth", "above 0 and at most alpha"))
        } else if adaptive && !inside(self.lambda) {
            Some(("lambda", "above 0 and below 1"))
        } else if discards && !inside(self.tau) {
            Some(("tau", "above 0 and below 1"))
        } else if discards && adaptive && self.lambda >= self.tau {
            Some(("lambda", "below tau"))
        } else if self.method == Method::LordDiscard && self.initial_wealth > self.tau * self.alpha {
            Some(("initial_wealth", "at most tau times alpha"))
        } else {
            None
        }
    }
}

impl Default for Procedure {
    /// ADDIS at 5 %.
    fn default() -> Self {
        Self::new(Method::Addis, 0.05)
    }
}
