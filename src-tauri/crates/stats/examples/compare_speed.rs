//! How long ten metrics of three arms take from their moments: `cargo run --release -p epoch-stats --example compare_speed`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "measures a duration and prints it")]

use std::hint::black_box;
use std::time::Instant;

use epoch_stats::compare::{Scale, Side, compare};
use epoch_stats::moments::{Moments, Unit};

const ROUNDS: u32 = 2_000;

fn main() {
    let arms: Vec<Vec<Moments>> = (0..10_u32).map(|metric| (0..3).map(|arm| moments(metric, arm)).collect()).collect();
    let start = Instant::now();
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        for metric in black_box(&arms) {
            for arm in &metric[1..] {
                for scale in [Scale::Absolute, Scale::Relative] {
                    if let Ok(effect) = compare(&metric[0], arm, scale) {
                        sum += effect.p_value() + effect.interval(0.05).lower + effect.p_value_of(Side::Greater, 0.0);
                    }
                }
            }
        }
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("{micros:.1} us for 10 metrics x 3 arms, absolute and relative, p-values and interval (check {sum:.3})");
}

/// Proportions, means, means with covariate and ratios in turn.
fn moments(metric: u32, arm: u32) -> Moments {
    let unit = |i: u32| {
        let x = f64::from((i * 7919 + metric * 31) % 997) / 997.0;
        let y = x * (1.0 + 0.01 * f64::from(arm)) + f64::from((i * 104_729) % 1009) / 1009.0;
        match metric % 3 {
            0 => Unit::outcome(y),
            1 => Unit::outcome(y).with_pre(x),
            _ => Unit::ratio(y, 1.0 + x),
        }
    };
    if metric.is_multiple_of(4) {
        return Moments::proportion(5_000, 400 + u64::from(20 * arm));
    }
    Moments::of_units((0..5_000 + 37 * arm).map(unit))
}
