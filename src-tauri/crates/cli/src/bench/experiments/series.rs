//! Intervals on series whose errors remember: one change of everything, and switchbacks.

use epoch_model::Result;
use epoch_stats::interrupted::{Series, Structure, structural};
use epoch_stats::switchback::{Plan, Settings, read};
use rand_pcg::Pcg64;
use serde_json::json;

use super::super::report::{Report, failed};
use super::{Frame, error_of, normal, shown};

const PHI: [f64; 3] = [0.0, 0.3, 0.6];
const WEEK: [f64; 7] = [0.0, 1.0, 2.0, 2.5, 2.0, -2.0, -3.0];
const ALPHA: f64 = 0.05;
/// Four weeks of days, four buckets a day.
const PLAN: Plan = Plan { blocks: 28, block_buckets: 4, cycle: 7, washout_buckets: 1 };
const EFFECT: f64 = 1.5;

/// Errors that remember, from their stationary distribution.
fn ar1(n: usize, phi: f64, rng: &mut Pcg64) -> Vec<f64> {
    let mut x = normal(rng) / (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + normal(rng);
            x
        })
        .collect()
}

pub(super) fn run(frame: Frame, report: &mut Report) -> Result<()> {
    let (once, switched) = (frame.runs(2000), frame.runs(600));
    let mut rows = Vec::new();
    let mut row = |what: &str, phi: f64, held: u32, called: u32, runs: u32| {
        let [held, called] = [held, called].map(|count| f64::from(count) / f64::from(runs));
        let kept = held >= 1.0 - ALPHA - 3.0 * error_of(ALPHA, runs);
        rows.push(vec![
            json!(what),
            json!(phi),
            json!(runs),
            shown(held),
            shown(error_of(held, runs)),
            shown(called),
            json!(kept),
        ]);
    };
    for (k, phi) in (0_u64..).zip(PHI) {
        let mut rng = frame.rng(400 + k);
        for (name, before) in
            [("interrupted series, 8 weeks before, 2 after", 56), ("interrupted series, 26 weeks before, 2 after", 182)]
        {
            let (mut held, mut called) = (0, 0);
            for _ in 0..once {
                let mut values = ar1(before + 14, phi, &mut rng);
                for (t, v) in values.iter_mut().enumerate() {
                    *v += 100.0 + 0.05 * t as f64 + WEEK[t % 7];
                }
                let plain = Series { values, controls: Vec::new(), changed_at: before };
                let found = structural(&plain, Structure::default(), ALPHA).ok_or_else(|| failed("no reading"))?;
                // Nothing happened: the truth is 0, and whatever is called is called wrongly.
                held += u32::from(found.interval[0] <= 0.0 && 0.0 <= found.interval[1]);
                called += u32::from(found.p < ALPHA);
            }
            row(name, phi, held, called, once);
        }
        let settings = Settings { alpha: ALPHA, draws: 399, trend: true };
        let (mut held, mut model_held, mut called, mut model_called) = (0, 0, 0, 0);
        for _ in 0..switched {
            let sides = PLAN.draw(&mut rng);
            let noise = ar1(PLAN.blocks * PLAN.block_buckets, phi, &mut rng);
            let series = |effect: f64| -> Vec<f64> {
                let value = |(t, noise): (usize, &f64)| {
                    let (block, at) = (t / PLAN.block_buckets, t % PLAN.block_buckets);
                    let before = block > 0 && sides[block - 1];
                    let side = if at == 0 && before != sides[block] { 0.5 } else { f64::from(u8::from(sides[block])) };
                    50.0 + WEEK[block % 7] + noise + effect * side
                };
                noise.iter().enumerate().map(value).collect()
            };
            let with = read(&PLAN, &sides, &series(EFFECT), settings, &mut rng).ok_or_else(|| failed("no reading"))?;
            let without = read(&PLAN, &sides, &series(0.0), settings, &mut rng).ok_or_else(|| failed("no reading"))?;
            held += u32::from(with.interval[0] <= EFFECT && EFFECT <= with.interval[1]);
            model_held += u32::from(with.model_interval[0] <= EFFECT && EFFECT <= with.model_interval[1]);
            called += u32::from(without.p <= ALPHA);
            model_called += u32::from(without.model_p <= ALPHA);
        }
        row("switchback, by the lot, 28 blocks", phi, held, called, switched);
        row("switchback, regression, 28 blocks", phi, model_held, model_called, switched);
    }
    report.table(
        format!("Errors that remember: 95 % intervals, seed {}", frame.seed),
        &["reading", "phi", "replicates", "covered", "±", "called without effect", "≥ 95 %"],
        rows,
    );
    Ok(())
}
