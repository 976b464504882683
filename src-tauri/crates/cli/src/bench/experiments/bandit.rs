//! A bandit of ten arms: what it gives away, and how fast it chooses.

use std::hint::black_box;

use epoch_model::Result;
use epoch_stats::bandit::{Policy, Rewards, Sampler};
use serde_json::json;

use super::super::measure::thread_cpu;
use super::super::report::{Report, failed};
use super::{Frame, shown, uniform};

/// Chances of a reward.
const ARMS: [f64; 10] = [0.05, 0.06, 0.06, 0.07, 0.07, 0.08, 0.08, 0.09, 0.10, 0.12];
const DECISIONS: u32 = 20_000;
/// Decisions between two reckonings of the shares.
const BATCH: u32 = 200;

/// What was given away against always the best arm: by the bandit and by even shares.
fn play(seed: u64, frame: Frame) -> Result<[f64; 2]> {
    let mut rng = frame.rng(300 + seed);
    let policy = Policy::default();
    let mut arms = [Rewards::default(); ARMS.len()];
    let (best, mut lost) = (0.12, [0.0; 2]);
    let mut sampler = Sampler::new(&[0.1; ARMS.len()]).ok_or_else(|| failed("no shares"))?;
    for decision in 0..DECISIONS {
        if decision.is_multiple_of(BATCH) && decision > 0 {
            sampler = Sampler::new(&policy.allocate(&arms).weights).ok_or_else(|| failed("no shares"))?;
        }
        let arm = sampler.choose(&mut rng).arm;
        let even = (uniform(&mut rng) * ARMS.len() as f64).floor();
        arms[arm].push(f64::from(u8::from(uniform(&mut rng) < ARMS[arm])));
        lost[0] += best - ARMS[arm];
        lost[1] += best - ARMS.iter().enumerate().find(|(k, _)| *k as f64 >= even).map_or(best, |(_, p)| *p);
    }
    Ok(lost)
}

pub(super) fn run(frame: Frame, report: &mut Report) -> Result<()> {
    let runs = frame.runs(400);
    let (mut sum, mut squares) = ([0.0; 2], [0.0; 2]);
    for run in 0..runs {
        for (k, lost) in play(u64::from(run) * 7, frame)?.into_iter().enumerate() {
            sum[k] += lost;
            squares[k] += lost * lost;
        }
    }
    let n = f64::from(runs);
    let mean = sum.map(|s| s / n);
    let error = [0, 1].map(|k| ((squares[k] / n - mean[k] * mean[k]).max(0.0) / n).sqrt());
    let rows = ["Thompson, floor 1 %, shares every 200", "even shares"]
        .into_iter()
        .zip(mean.into_iter().zip(error))
        .map(|(name, (mean, error))| vec![json!(name), shown(mean), shown(error), shown(mean / f64::from(DECISIONS))])
        .collect();
    report.table(
        format!(
            "Regret in rewards, 10 arms (5 % to 12 %), {DECISIONS} decisions, {runs} replicates, seed {}",
            frame.seed
        ),
        &["bandit", "regret", "±", "per decision"],
        rows,
    );
    report.ratio("bandit_regret_over_even", mean[0] / mean[1]);

    let sampler = Sampler::new(&Policy::default().allocate(&[Rewards::from_sums(500.0, 40.0, 40.0); 10]).weights);
    let sampler = sampler.ok_or_else(|| failed("no shares"))?;
    let mut rng = frame.rng(399);
    let (start, mut done) = (thread_cpu(), 0_u64);
    while thread_cpu() - start < 1.0 {
        for _ in 0..10_000 {
            black_box(sampler.choose(&mut rng));
        }
        done += 10_000;
    }
    report.figure("bandit_decisions", done as f64 / (thread_cpu() - start), "1/s per core");
    report.note("bandit_decisions: shares at hand; goal >= 1 M. Probabilities of being the best are exact to 1e-8: golden tests of epoch-stats (bandits)");
    Ok(())
}
