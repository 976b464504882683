//! Thirty looks, low base rates, skewed units, uneven splits.

use epoch_stats::sequential::group::{Futility, GroupDesign, Spending, exits, inference};
use epoch_stats::sequential::trial::{Setting, Source, run, table};
use epoch_stats::sequential::{AsymptoticDesign, Design, Floor, Look, Monitor, MsprtDesign, Side, Verdict, size_of};

use crate::{normal, rng};

const SOURCES: [Source; 3] =
    [Source::Proportion { rate: 0.005 }, Source::Proportion { rate: 0.05 }, Source::Revenue { rate: 0.05, sigma: 1.5 }];

fn setting(source: Source, effect: f64, units: [f64; 2]) -> Setting {
    Setting { source, effect, units, looks: 30, floor: Floor::default() }
}

fn asymptotic(units: [f64; 2], side: Side) -> Design {
    Design::Asymptotic(AsymptoticDesign { alpha: 0.05, side, units_tuned: units[0] + units[1] })
}

fn keeps_its_error(source: Source, runs: u32) {
    for units in [[10_000.0, 10_000.0], [28_500.0, 1_500.0]] {
        let plain = GroupDesign::two_sided(0.05, size_of(units));
        for design in [
            Design::Group(plain),
            Design::Group(GroupDesign { side: Side::Less, ..plain }),
            Design::Group(GroupDesign { spending: Spending::Pocock, side: Side::Greater, ..plain }),
            asymptotic(units, Side::Two),
            Design::Msprt(MsprtDesign { alpha: 0.05, side: Side::Two, tau: 0.01 }),
        ] {
            let rates = run(&design, &setting(source, 0.0, units), runs, &mut rng(11));
            let most = 0.05 + 3.0 * rates.error(0.05);
            assert!(rates.decided() <= most, "{units:?} {source:?} {design:?}: {rates:?}");
            assert!(rates.covered >= 1.0 - most, "{units:?} {source:?} {design:?}: {rates:?}");
        }
    }
}

#[test]
fn error_is_kept_at_a_base_rate_of_half_a_percent() {
    keeps_its_error(SOURCES[0], 700);
}

#[test]
fn error_is_kept_at_five_percent() {
    keeps_its_error(SOURCES[1], 400);
}

#[test]
fn error_is_kept_with_skewed_revenue() {
    keeps_its_error(SOURCES[2], 300);
}

#[test]
fn the_benchmark_keeps_its_promises() {
    let mut rng = rng(77);
    let rows = table::error(12, &mut rng);
    assert_eq!(rows.len(), 3 * 4 * 7);
    assert!(rows.iter().all(table::Row::holds), "{:?}", rows.iter().find(|row| !row.holds()));
    assert!(table::power(150, &mut rng).iter().all(table::Row::holds));
    let looks = table::by_looks();
    // One look is a fixed test; more cost little of the default and a third of the sequence.
    assert!((looks[0].1 - 0.8).abs() < 1e-6 && looks[0].2 < 0.6, "{looks:?}");
    assert!(looks.iter().all(|row| row.1 >= 0.95 * 0.8 && row.2 < 0.65), "{looks:?}");
}

/// The spending is not only kept but used: where it is not, power is given away.
#[test]
fn the_error_is_nearly_used_up() {
    let units = [20_000.0, 20_000.0];
    let design = Design::Group(GroupDesign::two_sided(0.05, size_of(units)));
    let rates = run(&design, &setting(SOURCES[1], 0.0, units), 3000, &mut rng(5));
    assert!(rates.decided() > 0.05 - 3.5 * rates.error(0.05), "{rates:?}");
}

/// Power with thirty looks is at least 0.95 of a fixed test of the same size, and most experiments end earlier.
#[test]
fn thirty_looks_cost_little_power() {
    let design = GroupDesign::two_sided(0.05, 1.0);
    let drift = 1.959_963_984_540_054 + 0.841_621_233_572_914_3;
    let course = exits::course(&design, &exits::equal(30), drift);
    assert!(course.power >= 0.95 * 0.8 && course.expected < 0.8, "{course:?}");

    // 5 % against 5.6 %: a fixed test of 21,983 units per arm has power 0.8.
    let units = [21_983.0, 21_983.0];
    let design = Design::Group(GroupDesign::two_sided(0.05, size_of(units)));
    let rates = run(&design, &setting(SOURCES[1], 0.12, units), 800, &mut rng(3));
    assert!(rates.up >= 0.95 * 0.8 - 2.0 * rates.error(0.8), "{rates:?}");
    assert!((rates.up - course.power).abs() < 3.5 * rates.error(0.8) && rates.down < 0.003, "{rates:?}");
    assert!((rates.used - course.expected).abs() < 0.03, "{rates:?} {course:?}");
    assert!(rates.covered > 0.95 - 3.0 * rates.error(0.05), "{rates:?}");
}

/// At a base rate of 0.5 % and a doubled rate: as at any other.
#[test]
fn rare_events_are_found_with_the_power_planned() {
    // 0.5 % against 0.8 %: a fixed test of 11,265 units per arm has power 0.8.
    let units = [11_265.0, 11_265.0];
    let design = Design::Group(GroupDesign::two_sided(0.05, size_of(units)));
    let rates = run(&design, &setting(SOURCES[0], 0.6, units), 1500, &mut rng(8));
    assert!(rates.up >= 0.95 * 0.8 - 2.0 * rates.error(0.8), "{rates:?}");
}

#[test]
fn giving_up_is_quick_without_an_effect_and_rare_with_one() {
    let times = exits::equal(30);
    let futility = Futility { beta: 0.2, spending: Spending::ObrienFleming, drift: 0.0 };
    let plain = GroupDesign { side: Side::Greater, futility: Some(futility), ..GroupDesign::two_sided(0.05, 1.0) };
    let drift = exits::drift_for(&plain, &times, 0.8);
    // 5 % against 5.6 %, one-sided, units for that drift.
    let each = 0.05 * 0.95 + 0.056 * 0.944;
    let n = (drift / 0.006).powi(2) * each;
    let design =
        Design::Group(GroupDesign { size_max: n / 2.0, futility: Some(Futility { drift, ..futility }), ..plain });
    let with = run(&design, &setting(SOURCES[1], 0.12, [n, n]), 600, &mut rng(1));
    assert!((with.up - 0.8).abs() < 3.0 * with.error(0.8), "{with:?}");
    let without = run(&design, &setting(SOURCES[1], 0.0, [n, n]), 1000, &mut rng(2));
    assert!(without.up < 0.05 + 3.0 * without.error(0.05) && without.futile > 0.9, "{without:?}");
    assert!(without.used < 0.6, "{without:?}");
}

/// After stopping: the estimate is above the truth as often as below, and the interval covers, whatever the drift.
#[test]
fn what_is_reported_after_stopping_is_unbiased_and_covers() {
    let design = GroupDesign { spending: Spending::Pocock, ..GroupDesign::two_sided(0.05, 1.0) };
    let times = [0.4, 0.7, 1.0];
    let limits = exits::limits(&design, &times);
    let mut rng = rng(21);
    for drift in [0.0, 2.5] {
        let (runs, mut above, mut naive_above, mut covered, mut p_small) = (900, 0, 0, 0, 0);
        for _ in 0..runs {
            let (mut b, mut before) = (0.0, 0.0);
            for (k, limit) in limits.iter().enumerate() {
                let step: f64 = limit.time - before;
                b += drift * step + step.sqrt() * normal(&mut rng);
                before = limit.time;
                let z = b / limit.time.sqrt();
                if z.abs() >= limit.upper || k == 2 {
                    // se of an estimate on the scale of the drift.
                    let end = inference::after(&design, &limits[..=k], z, 1.0 / limit.time.sqrt());
                    above += i32::from(end.estimate > drift);
                    naive_above += i32::from(b / limit.time > drift);
                    covered += i32::from(end.interval[0] <= drift && drift <= end.interval[1]);
                    p_small += i32::from(end.p_value <= 0.05);
                    break;
                }
            }
        }
        let share = |count: i32| f64::from(count) / f64::from(runs);
        assert!((share(above) - 0.5).abs() < 0.05, "{drift}: {}", share(above));
        assert!((share(covered) - 0.95).abs() < 0.022, "{drift}: {}", share(covered));
        if drift == 0.0 {
            assert!((share(p_small) - 0.05).abs() < 0.022, "{}", share(p_small));
        } else {
            assert!(share(naive_above) > 0.55, "the naive estimate is not biased: {}", share(naive_above));
        }
    }
}

fn look(share: f64, z: f64) -> Look {
    let n = 2000.0 * share;
    Look { estimate: 0.01 * z, se: 0.01, z, units: [n, n], events: None, skewness: None }
}

#[test]
fn a_monitor_says_what_happened() {
    let mut monitor = Monitor::new(Design::Group(GroupDesign::two_sided(0.05, 1000.0)), Floor::default());
    assert_eq!(monitor.look(&look(0.01, 9.0)).verdict, Verdict::TooEarly);
    let first = monitor.look(&look(0.3, 2.0));
    assert_eq!(first.verdict, Verdict::Continue);
    assert!(first.boundary.upper > 3.8 && first.spent < 0.001 && first.interval[0] < 0.0 && first.p_value > 0.04);
    // Nothing new: nothing is decided and nothing spent.
    let again = monitor.look(&look(0.3, 9.0));
    assert_eq!((again.verdict, again.spent), (Verdict::Continue, first.spent));
    assert_eq!(monitor.peek(&look(0.6, -3.5)).verdict, Verdict::Down);
    assert_eq!(monitor.times().count(), 1, "peeking is not looking");
    assert_eq!(monitor.look(&look(0.6, 1.0)).verdict, Verdict::Continue);
    // Ended early for other reasons: what is left is spent.
    let mut other = monitor.clone();
    let end = other.conclude(&look(0.8, 2.2));
    assert_eq!(end.verdict, Verdict::Up);
    assert!((end.spent - 0.05).abs() < 1e-15 && end.p_value < 0.05 && end.boundary.upper < 2.1);
    let after = other.after(&look(0.8, 2.2)).unwrap();
    assert!(
        after.interval[0] > 0.0 && after.estimate < 0.022 && (after.p_value - end.p_value).abs() < 1e-6,
        "{after:?}"
    );
    // Over-running.
    let over = monitor.look(&look(1.2, 1.9));
    assert_eq!(over.verdict, Verdict::Undecided);
    assert!(over.fraction > 1.19 && (over.spent - 0.05).abs() < 1e-15);
    assert_eq!(monitor.look(&look(1.3, 9.0)).verdict, Verdict::Undecided, "there is nothing left to spend");
}

/// Stored and read again, a monitor goes on as if nothing had happened, digit by digit.
#[test]
fn a_monitor_survives_storage() {
    let futility = Some(Futility { beta: 0.2, spending: Spending::Pocock, drift: 2.9 });
    for design in [
        Design::Group(GroupDesign { futility, ..GroupDesign::two_sided(0.05, 1000.0) }),
        asymptotic([2000.0, 2000.0], Side::Greater),
        Design::Msprt(MsprtDesign { alpha: 0.05, side: Side::Less, tau: 0.02 }),
    ] {
        let mut kept = Monitor::new(design, Floor::default());
        let mut stored = serde_json::to_string(&kept).unwrap();
        for k in 1..=20 {
            let look = look(f64::from(k) / 20.0, 1.7 - 0.1 * f64::from(k));
            let mut read: Monitor = serde_json::from_str(&stored).unwrap();
            let (a, b) = (kept.look(&look), read.look(&look));
            assert_eq!(a, b);
            assert_eq!(kept, read);
            stored = serde_json::to_string(&read).unwrap();
        }
    }
}

/// An interval leaves out zero just when its p-value is at most alpha.
#[test]
fn intervals_and_p_values_agree() {
    for side in [Side::Two, Side::Greater, Side::Less] {
        let (acs, msprt) =
            (AsymptoticDesign { alpha: 0.05, side, units_tuned: 3000.0 }, MsprtDesign { alpha: 0.05, side, tau: 0.02 });
        for i in -60..=60 {
            let (z, se) = (f64::from(i) * 0.1, 0.013);
            let out = |[low, high]: [f64; 2]| low > 0.0 || high < 0.0;
            assert_eq!(acs.p_value(z, 2000.0) <= 0.05, out(acs.interval(z * se, se, 2000.0)), "{side:?} {z}");
            assert_eq!(msprt.p_value(z * se, se) <= 0.05, out(msprt.interval(z * se, se)), "{side:?} {z}");
        }
    }
}

/// The likelihood ratio is the mixture over the prior, by summation of the densities themselves.
#[test]
fn the_mixture_is_a_mixture() {
    let (tau, se) = (0.02_f64, 0.013_f64);
    for (side, from, weight) in [(Side::Two, -20_000, 1.0), (Side::Greater, 0, 2.0), (Side::Less, -20_000, 2.0)] {
        let design = MsprtDesign { alpha: 0.05, side, tau };
        let until = if side == Side::Less { 0 } else { 20_000 };
        for estimate in [-0.03, 0.0, 0.011, 0.05] {
            let step = 1e-5;
            let sum: f64 = (from..until)
                .map(|i| {
                    let effect = (f64::from(i) + 0.5) * step;
                    let prior = weight * epoch_stats::normal::pdf(effect / tau) / tau;
                    prior * ((effect * estimate - 0.5 * effect * effect) / (se * se)).exp() * step
                })
                .sum();
            let got = design.log_ratio(estimate, se);
            assert!((got - sum.ln()).abs() < 1e-5, "{side:?} {estimate}: {got} {}", sum.ln());
        }
    }
}
