//! What a look and a plan cost: nanoseconds per call, the least of several rounds. `cargo run --release --example timing`.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement reads the clock and prints")]

use std::hint::black_box;
use std::time::Instant;

use epoch_stats::plan::{Arrivals, Effect, Metric, Purpose, Question, Rule, answer, choose};
use epoch_stats::sequential::betting::{Block, HarmTest};
use epoch_stats::sequential::group::{Futility, GroupDesign, Spending, exits};
use epoch_stats::sequential::{AsymptoticDesign, Design, Floor, Look, Monitor, Side};

fn time<T>(name: &str, calls: u32, mut call: impl FnMut() -> T) {
    let mut least = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        least = least.min(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    println!("{name:<58} {:>12.0} ns", least * 1e9);
}

fn look(share: f64) -> Look {
    let n = 20_000.0 * share;
    Look { estimate: 0.01, se: 0.02, z: 0.5, units: [n, n], events: Some(0.05 * n), skewness: Some(0.0) }
}

fn main() {
    let futility = Futility { beta: 0.2, spending: Spending::ObrienFleming, drift: 2.9 };
    let plain = GroupDesign::two_sided(0.05, 10_000.0);
    let one_sided = GroupDesign { side: Side::Greater, futility: Some(futility), ..plain };
    for (name, design) in [("two-sided", plain), ("one-sided with futility", one_sided)] {
        let mut monitor = Monitor::new(Design::Group(design), Floor::default());
        for k in 1..15 {
            monitor.look(&look(f64::from(k) / 30.0));
        }
        time(&format!("group-sequential, look 15 of 30, {name}"), 200, || monitor.clone().look(&look(0.5)));
        time(&format!("group-sequential, all 30 looks, {name}"), 10, || exits::limits(&design, &exits::equal(30)));
    }
    let design = AsymptoticDesign { alpha: 0.05, side: Side::Two, units_tuned: 40_000.0 };
    let mut monitor = Monitor::new(Design::Asymptotic(design), Floor::default());
    time("asymptotic confidence sequence, one look", 100_000, || monitor.look(&look(0.5)));
    let mut harm = HarmTest::new(0.05, Side::Greater, true);
    let block = Block { units: [1900.0, 100.0], events: [95.0, 5.0] };
    time("harm test, one block", 100_000, || harm.take(&block));
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
    for (name, side, gives_up) in [
        ("two-sided", Side::Two, false),
        ("two-sided with futility", Side::Two, true),
        ("one-sided with futility", Side::Greater, true),
    ] {
        let rule = Rule::Group { looks: 30, spending: Spending::ObrienFleming, futility: gives_up };
        let question = Question { side, ..question };
        time(&format!("planning answer, 30 looks, {name}"), 2, || answer(&question, &rule, &arrivals, 7.0, 60.0));
    }
    let rule = Rule::Asymptotic { looks: 30 };
    time("planning answer, asymptotic sequence", 2, || answer(&question, &rule, &arrivals, 7.0, 60.0));
    time("choice of a design", 1000, || choose(&question, Purpose::Decide, &arrivals, 60.0));
}
