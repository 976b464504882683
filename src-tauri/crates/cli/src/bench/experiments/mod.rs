//! `ras bench experiments`: whether experiments keep their promises, on worlds whose truth is known, and what they cost.

mod bandit;
mod designs;
mod engine;
mod peer;
mod series;
mod speed;
mod store;
mod streams;

use epoch_model::Result;
use rand_core::{Rng, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use super::report::Report;
use crate::args;

/// What every part is told.
#[derive(Debug, Clone, Copy)]
struct Frame {
    seed: u64,
    quick: bool,
}

impl Frame {
    /// So many replicates, or a twentieth in a hurry.
    fn runs(self, full: u32) -> u32 {
        if self.quick { (full / 20).max(20) } else { full }
    }

    /// A generator of a part's own, so that adding a part changes no other's figures.
    fn rng(self, part: u64) -> Pcg64 {
        Pcg64::seed_from_u64(self.seed.wrapping_mul(1000).wrapping_add(part))
    }
}

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let frame = Frame { seed: args.seed, quick: args.quick };
    designs::run(frame, report);
    streams::run(frame, report);
    bandit::run(frame, report)?;
    series::run(frame, report)?;
    speed::run(frame, report);
    engine::run(frame, report)?;
    store::run(frame, report)?;
    peer::run(report);
    report.note(
        "± is the Monte-Carlo standard error; a goal is kept when it is within three of them (shares) or two (streams)",
    );
    report.note(
        "not measured: 80 % prediction intervals after 200 scored decisions; the engine has no function that scores a stream of predictions by itself",
    );
    Ok(())
}

/// Uniform on the open unit interval.
fn uniform(rng: &mut Pcg64) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// Standard normal.
fn normal(rng: &mut Pcg64) -> f64 {
    epoch_stats::normal::quantile(uniform(rng))
}

/// Standard error of a share of `runs`.
fn error_of(share: f64, runs: u32) -> f64 {
    (share * (1.0 - share)).max(0.0).sqrt() / f64::from(runs).sqrt()
}

/// A number of a table: six digits are enough.
fn shown(x: f64) -> Value {
    json!((x * 1e6).round() / 1e6)
}
