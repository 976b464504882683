//! Score intervals of two proportions: published ones (Newcombe 1998, table II, first two), and a maximisation by search
//! with scipy 1.17.1 for the rest; then their coverage, exactly.

use epoch_stats::compare::{Refusal, Scale, Side, compare, few_events, score_interval, score_p_value};
use epoch_stats::moments::Moments;
use epoch_stats::special::binomial_ln_pmf;

fn arms(x1: u64, n1: u64, x0: u64, n0: u64) -> (Moments, Moments) {
    (Moments::proportion(n0, x0), Moments::proportion(n1, x1))
}

#[test]
fn intervals_agree() {
    for ([x1, n1, x0, n0], absolute, relative) in [
        ([56, 70, 48, 80], [0.05282971368111138, 0.3381729395196198], [0.07904712077615814, 0.6721453577754993]),
        ([9, 10, 3, 10], [0.17002501776945877, 0.8406495439605075], [0.32795657595327105, 7.691914958469598]),
        (
            [3, 500, 11, 480],
            [-0.03525393636861568, -0.0023405098186083857],
            [-0.9210884835776808, -0.13428432631389467],
        ),
        ([0, 40, 5, 38], [-0.27436339545703053, -0.03705127337096855], [-1.0, -0.30025206795134807]),
        ([12, 2000, 3, 2100], [0.000993862716540869, 0.009184571770507667], [0.27591277791265095, 12.837303549697033]),
        ([7, 9, 5, 11], [-0.11977640585872965, 0.6530338351014114], [-0.19219074147434664, 2.9240942990510477]),
    ] {
        let (a, b) = arms(x1, n1, x0, n0);
        for (scale, want) in [(Scale::Absolute, absolute), (Scale::Relative, relative)] {
            let got = score_interval(&a, &b, scale, Side::Two, 0.05).unwrap();
            for (got, want) in [(got.lower, want[0]), (got.upper, want[1])] {
                assert!((got - want).abs() < 1e-7 * (1.0 + want.abs()), "{scale:?} {got} is not {want}");
            }
            // At the ends of the interval the p-value is the level.
            let p = score_p_value(&a, &b, scale, Side::Two, got.upper).unwrap();
            assert!((p - 0.05).abs() < 1e-6, "{p}");
        }
    }
}

#[test]
fn no_event_is_no_obstacle() {
    let (a, b) = arms(6, 500, 0, 500);
    let relative = score_interval(&a, &b, Scale::Relative, Side::Two, 0.05).unwrap();
    assert!(relative.lower > 0.0 && relative.upper.is_infinite(), "more, and nobody knows by how much: {relative:?}");
    let (none, _) = arms(0, 500, 0, 500);
    let absolute = score_interval(&none, &none, Scale::Absolute, Side::Two, 0.05).unwrap();
    assert!(absolute.lower < -0.005 && absolute.upper > 0.005 && absolute.upper < 0.01);
    assert_eq!(score_interval(&none, &none, Scale::Relative, Side::Two, 0.05), Err(Refusal::ZeroVariance));
    assert_eq!(score_p_value(&none, &none, Scale::Absolute, Side::Two, 0.0), Ok(1.0));
    assert!(few_events(&a, &b) && !few_events(&Moments::proportion(900, 400), &Moments::proportion(900, 450)));
    let side = score_interval(&a, &b, Scale::Absolute, Side::Greater, 0.05).unwrap();
    assert!(side.upper.is_infinite() && side.lower > 0.0);
}

/// Chance that the interval holds the true difference, over all outcomes.
fn coverage(n: [u64; 2], p: [f64; 2], covers: impl Fn(&Moments, &Moments, f64) -> bool) -> f64 {
    let chances = |i: usize| -> Vec<f64> { (0..=30).map(|k| binomial_ln_pmf(k, n[i], p[i]).exp()).collect() };
    let (control, treatment) = (chances(0), chances(1));
    let mut sum = 0.0;
    for (x0, w0) in control.iter().enumerate() {
        for (x1, w1) in treatment.iter().enumerate() {
            let (a, b) = arms(x1 as u64, n[1], x0 as u64, n[0]);
            if covers(&a, &b, p[1] - p[0]) {
                sum += w0 * w1;
            }
        }
    }
    sum
}

#[test]
fn coverage_at_few_events_is_what_it_says() {
    let score = |a: &Moments, b: &Moments, truth: f64| {
        score_interval(a, b, Scale::Absolute, Side::Two, 0.05).unwrap().contains(truth)
    };
    let welch = |a: &Moments, b: &Moments, truth: f64| {
        compare(a, b, Scale::Absolute).is_ok_and(|e| e.interval(0.05).contains(truth))
    };
    // Units and shares of control and treatment; a small exposure is where estimate over error fails, since an arm without
    // an event claims to have no error.
    for (n, p, welch_most) in [
        ([300, 300], [0.01, 0.01], 0.96),
        ([300, 300], [0.001, 0.01], 0.95),
        ([2000, 100], [0.005, 0.005], 0.45),
        ([1000, 100], [0.01, 0.01], 0.65),
        ([1000, 100], [0.01, 0.03], 0.9),
        ([600, 200], [0.01, 0.005], 0.94),
    ] {
        let (ours, usual) = (coverage(n, p, score), coverage(n, p, welch));
        assert!((0.945..0.98).contains(&ours), "{n:?} {p:?}: {ours}");
        assert!(usual < welch_most, "{n:?} {p:?}: Welch {usual}");
    }
}
