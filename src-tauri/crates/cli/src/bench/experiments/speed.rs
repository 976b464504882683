//! What one core takes to compare, and to answer what an experiment would need.

use std::hint::black_box;

use epoch_stats::compare::{Scale, compare};
use epoch_stats::moments::{Moments, Unit};
use epoch_stats::plan::{Arrivals, Effect, Metric, Question, Rule, answer};
use epoch_stats::sequential::Side;
use epoch_stats::sequential::group::Spending;

use super::super::measure::thread_cpu;
use super::super::report::Report;
use super::Frame;

/// Seconds of one call: the least of five rounds that take at least `seconds` each.
pub(super) fn least(seconds: f64, mut call: impl FnMut()) -> f64 {
    let round = |call: &mut dyn FnMut()| {
        let (start, mut calls) = (thread_cpu(), 0_u32);
        loop {
            call();
            calls += 1;
            let spent = thread_cpu() - start;
            if spent >= seconds || calls == u32::MAX {
                return spent / f64::from(calls);
            }
        }
    };
    (0..5).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

/// Proportions, means, means with covariate and ratios in turn.
pub(super) fn moments(metric: u32, arm: u32) -> Moments {
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

pub(super) fn run(frame: Frame, report: &mut Report) {
    let seconds = if frame.quick { 0.02 } else { 0.3 };
    let arms: Vec<Vec<Moments>> = (0..10).map(|metric| (0..3).map(|arm| moments(metric, arm)).collect()).collect();
    let compared = least(seconds, || {
        for metric in black_box(&arms) {
            for arm in &metric[1..] {
                for scale in [Scale::Absolute, Scale::Relative] {
                    if let Ok(effect) = compare(&metric[0], arm, scale) {
                        black_box((effect.p_value(), effect.interval(0.05)));
                    }
                }
            }
        }
    });
    report.figure("compare_10_metrics_3_arms", compared * 1e3, "ms of a core");
    let question = Question {
        metric: Metric::proportion(0.05),
        effect: Effect::Relative(0.1),
        side: Side::Two,
        alpha: 0.05,
        power: 0.8,
        arms: 3,
        metrics: 1,
        control_share: 1.0 / 3.0,
    };
    let arrivals = Arrivals::of(&[410.0, 395.0, 430.0, 402.0, 388.0, 250.0, 241.0].repeat(4));
    let mut slowest = 0.0_f64;
    for (name, rule) in [
        ("group", Rule::Group { looks: 30, spending: Spending::ObrienFleming, futility: false }),
        ("group_futility", Rule::Group { looks: 30, spending: Spending::ObrienFleming, futility: true }),
        ("sequence", Rule::Asymptotic { looks: 30 }),
        ("fixed", Rule::Fixed),
    ] {
        let took = least(0.1 * seconds, || {
            black_box(answer(&question, &rule, &arrivals, 7.0, 60.0));
        });
        slowest = slowest.max(took);
        report.figure(format!("plan_{name}"), took * 1e3, "ms of a core");
    }
    report.figure("plan_slowest", slowest * 1e3, "ms of a core");
    report.note("compare_10_metrics_3_arms: from moments, absolute and relative, p-value and interval each; goal <= 0.2 ms; plan_slowest: goal <= 50 ms");
}
