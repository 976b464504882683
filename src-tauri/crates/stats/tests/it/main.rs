//! Black-box tests of the numeric core.

#![expect(
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may fail loudly; its figures are small and some are exact"
)]

mod bandits;
mod baselines;
mod beliefs;
mod estimation;
mod golden;
mod localisation;
mod quasi;
mod sim;
mod streams;
