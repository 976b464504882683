//! Betting: coverage at all times, exactness in small blocks, what is found.

use epoch_stats::sequential::betting::{Block, EmpiricalBernstein, HarmTest, HedgedCapital};
use epoch_stats::sequential::{Side, Verdict};

use crate::{rng, uniform};

#[test]
fn bounded_means_are_covered_at_all_times() {
    let mut rng = rng(4);
    let (mut misses, mut widths) = ([0, 0], [0.0, 0.0]);
    for run in 0..300 {
        let (mut bernstein, mut hedged) = (EmpiricalBernstein::new(0.05), HedgedCapital::new(0.05, 200));
        // Cubes of uniforms: skewed, mean one quarter; every third run rare ones.
        let rare = run % 3 == 0;
        let truth = if rare { 0.05 } else { 0.25 };
        let mut missed = [false; 2];
        for _ in 0..500 {
            let u = uniform(&mut rng);
            let x = if rare { f64::from(u8::from(u < 0.05)) } else { u * u * u };
            bernstein.take(x);
            hedged.take(x);
            for (miss, [low, high]) in missed.iter_mut().zip([bernstein.interval(), hedged.interval()]) {
                *miss |= truth < low || truth > high;
            }
        }
        for (k, [low, high]) in [bernstein.interval(), hedged.interval()].into_iter().enumerate() {
            misses[k] += i32::from(missed[k]);
            widths[k] += (high - low) / 300.0;
        }
    }
    assert!(misses[0] <= 15 && misses[1] <= 15, "{misses:?}");
    assert!(widths[1] < widths[0] && widths[0] < 0.25 && widths[1] > 0.02, "{widths:?}");
}

/// Of all outcomes of a block, weighted by their probability without an effect, no e-value exceeds one on average:
/// the base rate being right, wrong or unknown.
#[test]
fn a_block_is_a_fair_game() {
    let choose = |n: i32, k: i32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    for (n0, n1) in [(12, 3), (6, 6), (2, 9)] {
        for base in [None, Some(0.05), Some(0.3)] {
            for rate in [0.01, 0.1, 0.5, 0.9] {
                for side in [Side::Two, Side::Greater, Side::Less] {
                    let mut start = HarmTest::new(0.05, side, true);
                    if let Some(base) = base {
                        // Balanced blocks before it: enough events that the base rate counts as known.
                        start.take(&Block { units: [200.0 / base; 2], events: [100.0; 2] });
                    }
                    let before = start.reading().log_e.exp();
                    let mut mean = 0.0;
                    for y0 in 0..=n0 {
                        for y1 in 0..=n1 {
                            let block =
                                Block { units: [f64::from(n0), f64::from(n1)], events: [f64::from(y0), f64::from(y1)] };
                            let p = choose(n0, y0)
                                * choose(n1, y1)
                                * f64::powi(rate, y0 + y1)
                                * f64::powi(1.0 - rate, n0 + n1 - y0 - y1);
                            mean += p * start.clone().take(&block).log_e.exp() / before;
                        }
                    }
                    assert!(mean <= 1.0 + 1e-9, "{n0} {n1} {base:?} {rate} {side:?}: {mean}");
                }
            }
        }
    }
}

/// Sixty days at 2 % exposure and a base rate of 0.5 %.
fn harmed(ratio: f64, days: u32, seed: u64) -> (f64, f64) {
    let mut rng = rng(seed);
    let (mut found, mut day_sum) = (0, 0.0);
    for _ in 0..400 {
        let mut test = HarmTest::new(0.05, Side::Greater, true);
        assert_eq!(test.verdict(), Verdict::Continue);
        for day in 1..=days {
            let mut draw = |n: u32, p: f64| (0..n).filter(|_| uniform(&mut rng) < p).count() as f64;
            let (control, treatment) = (draw(980, 0.005), draw(20, 0.005 * ratio));
            if test.take(&Block { units: [980.0, 20.0], events: [control, treatment] }).found {
                assert_eq!(test.verdict(), Verdict::Up);
                found += 1;
                day_sum += f64::from(day);
                break;
            }
        }
    }
    (f64::from(found) / 400.0, day_sum / f64::from(found.max(1)))
}

#[test]
fn harm_is_found_at_two_percent_exposure() {
    let (without, _) = harmed(1.0, 60, 31);
    assert!(without <= 0.05 + 3.0 * (0.05_f64 * 0.95 / 400.0).sqrt(), "{without}");
    let (with, days) = harmed(6.0, 60, 32);
    assert!(with > 0.9 && days < 35.0, "{with} {days}");
}
