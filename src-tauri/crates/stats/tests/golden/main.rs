//! The statistics of experiments against figures of other programs and of arithmetic with 30 digits.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::float_cmp,
    clippy::excessive_precision,
    reason = "a test may fail loudly; figures are copied digit by digit and some are exact"
)]

mod bandits;
mod bayes;
mod comparisons;
mod counts;
mod online_fdr;
mod plan;
mod score;
mod sequential;
mod special;

/// Relative closeness; exact for 0.
pub fn close(got: f64, want: f64, relative: f64) {
    let off = if want == 0.0 { got.abs() } else { (got / want - 1.0).abs() };
    assert!(off <= relative, "{got:e} is not {want:e} (off by {off:e})");
}
