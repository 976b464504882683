//! `ras bench crash`: a whole host killed at every commit and every outside call of seeded workloads, or, with `--sim`, living
//! for simulated weeks; what recovers is compared with a model. A failure names its seed, its point and the shortest workload
//! that still fails.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

use epoch_model::Result;
use epoch_testkit::crash::{self, Extent};
use epoch_testkit::sim;

use super::report::{Report, failed};
use crate::args;

/// Points when none are asked for: what a pull request is checked with.
const POINTS: u64 = 10_000;
/// Steps of a workload, and moves of a life.
const STEPS: usize = 10;
const MOVES: usize = 60;
/// Points between two lines of progress.
const TELL_EVERY: u64 = 5_000;

/// Runs it. Anything found is an error after it was told.
pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    match args.sim {
        Some(lives) => simulate(args.seed, lives, report),
        None => kill(args.seed, args.points.unwrap_or(POINTS), report),
    }
}

#[expect(clippy::print_stderr, reason = "a long search tells how far it is, to people only")]
fn progress(what: &str, count: u64) {
    if std::io::stderr().is_terminal() {
        eprintln!("{count} {what}");
    }
}

fn kill(seed: u64, points: u64, report: &mut Report) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let extent = Extent { points, steps: STEPS, again_every: 16, damage_every: 4, threads };
    let told = AtomicU64::new(0);
    let heard = |count: u64| {
        if count / TELL_EVERY > told.fetch_max(count, Ordering::Relaxed) / TELL_EVERY {
            progress("points", count);
        }
    };
    let found = crash::explore(seed, extent, &heard)?;
    for (name, value) in [
        ("points", found.points),
        ("points_in_recoveries", found.again),
        ("damaged_disks", found.damaged.values().sum()),
        ("workloads", found.workloads),
        ("decisions", found.decisions),
        ("outside_calls", found.calls),
        ("failures", found.failures.len() as u64),
    ] {
        report.figure(name, value as f64, "count");
    }
    report.figure("seconds", found.seconds, "s");
    report.figure("points_per_second", found.rate(), "1/s");
    match found.failures.first() {
        None => Ok(()),
        Some(first) => {
            let shrunk = first.shrunk.as_ref().map(|(plan, _)| format!("\n{:#?}", plan.steps)).unwrap_or_default();
            let (points, what) = (&first.points, first.what.join("; "));
            Err(failed(format!("seed {}, killed at {points:?}, disk {:?}: {what}{shrunk}", first.seed, first.damage)))
        }
    }
}

fn simulate(seed: u64, lives: u64, report: &mut Report) -> Result<()> {
    let found = sim::explore(seed, lives, MOVES, &|count| progress("lives", count))?;
    for (name, value) in [
        ("lives", found.lives),
        ("moves", found.moves),
        ("kills", found.kills),
        ("decisions", found.decisions),
        ("outside_calls", found.calls),
    ] {
        report.figure(name, value as f64, "count");
    }
    report.figure("simulated_days", found.days, "days");
    report.figure("seconds", found.seconds, "s");
    found.broken.first().map_or(Ok(()), |broken| Err(failed(format!("{}\n{:#?}", broken.what, broken.shrunk))))
}
