//! Bandits with exact best-arm probabilities, and valid inference on what they collected.
//!
//! Shares are probabilities by quadrature, not counts of draws: the same sums give the same shares, and a choice's
//! propensity is known exactly. `collected` and `mixture` read the log of choices with those propensities.

mod allocate;
mod beta;
mod collected;
mod draw;
mod mixture;
mod quadrature;
mod rewards;

pub use allocate::{Allocation, Policy, Prior, Rule};
pub use beta::{Beta, beta_ranks};
pub use collected::{Collected, Estimate, Row};
pub use draw::{Choice, Sampler};
pub use mixture::{Mixture, MixtureTest};
pub use quadrature::{Normal, Ranks, normal_ranks};
pub use rewards::Rewards;
