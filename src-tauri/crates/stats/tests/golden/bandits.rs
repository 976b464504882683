//! Shares of bandits against gbstats (posteriors, floors) and quadrature with many digits.

use epoch_stats::bandit::{Beta, Policy, Rewards, Rule, beta_ranks};
use serde::Deserialize;

use crate::close;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    arms: Vec<[f64; 3]>,
    lower_is_better: bool,
    floor: f64,
    posterior_mean: Vec<f64>,
    posterior_variance: Vec<f64>,
    best: Vec<f64>,
    top_two: Vec<f64>,
    shares_mc: Vec<f64>,
    weights_mc: Option<Vec<f64>>,
}

fn near(got: &[f64], want: &[f64], off: f64, id: &str) {
    assert_eq!(got.len(), want.len(), "{id}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= off, "{id}: {got:?} is not {want:?}");
    }
}

#[test]
fn best_arm_and_top_two() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/bandits.json")).expect("the fixture is JSON");
    assert_eq!(fixture.cases.len(), 42);
    for case in &fixture.cases {
        let rewards: Vec<Rewards> = case.arms.iter().map(|a| Rewards::from_sums(a[0], a[1], a[2])).collect();
        let policy = Policy { floor: case.floor, lower_is_better: case.lower_is_better, ..Policy::default() };
        let got = policy.allocate(&rewards);
        for (k, posterior) in got.posteriors.iter().enumerate() {
            close(posterior.mean, case.posterior_mean[k], 1e-10);
            close(posterior.sd * posterior.sd, case.posterior_variance[k], 1e-9);
        }
        near(&got.best, &case.best, 1e-12, &case.id);
        near(&got.top_two, &case.top_two, 1e-12, &case.id);
        near(&got.best, &case.shares_mc, 0.02, &case.id);
        assert_eq!(got.burning_in, case.weights_mc.is_none(), "{}", case.id);
        match &case.weights_mc {
            Some(weights) => near(&got.weights, weights, 0.02, &case.id),
            None => near(&got.weights, &[0.5, 0.5], 0.0, &case.id),
        }
        assert!(got.weights.iter().all(|w| *w >= case.floor));
        close(got.weights.iter().sum(), 1.0, 1e-13);
    }
}

/// gbstats gives the best arm 5.8 % of top-two traffic where lower is better; it belongs among the best two almost surely.
#[test]
fn top_two_where_lower_is_better() {
    let rewards = [[400.0, 800.0, 2200.0], [420.0, 790.0, 2100.0], [410.0, 840.0, 2400.0]]
        .map(|a| Rewards::from_sums(a[0], a[1], a[2]));
    let policy = Policy { rule: Rule::TopTwo, lower_is_better: true, floor: 0.0, ..Policy::default() };
    near(&policy.allocate(&rewards).weights, &[0.356_699_427_6, 0.495_130_044_9, 0.148_170_527_5], 1e-9, "top two");
    // Russo's rule by its formula, from the exact shares 0.0772, 0.9021, 0.0207.
    let resampled = Policy { rule: Rule::TopTwoResampled, ..policy }.allocate(&rewards);
    let [a, b, c] = [0.077_150_970_3, 0.902_102_034_9, 0.020_746_994_8];
    let odds = |p: f64| p / (1.0 - p);
    near(
        &resampled.weights,
        &[
            a * 0.5 * (1.0 + odds(b) + odds(c)),
            b * 0.5 * (1.0 + odds(a) + odds(c)),
            c * 0.5 * (1.0 + odds(a) + odds(b)),
        ],
        1e-8,
        "resampled",
    );
    close(resampled.weights.iter().sum(), 1.0, 1e-12);
}

/// mpmath with 18 digits, by its own quadrature.
#[test]
fn bernoulli_arms() {
    let beta = |successes, failures| Beta { successes, failures };
    for (arms, best) in [
        (vec![beta(1.0, 1.0), beta(2.0, 1.0)], vec![1.0 / 3.0, 2.0 / 3.0]),
        (
            vec![beta(11.0, 91.0), beta(21.0, 81.0), beta(13.0, 100.0)],
            vec![0.02223296690503058, 0.9475283388465029, 0.03023869424846658],
        ),
        (vec![beta(1.0, 1001.0), beta(4.0, 998.0)], vec![0.06231264057816013, 0.9376873594218397]),
        (vec![beta(51.0, 451.0), beta(63.0, 439.0)], vec![0.1153106677956857, 0.8846893322043141]),
    ] {
        near(&beta_ranks(&arms, false).best, &best, 1e-11, "beta");
        // The least share is the greatest share of failures.
        let turned: Vec<Beta> = arms.iter().map(|a| Beta { successes: a.failures, failures: a.successes }).collect();
        near(&beta_ranks(&turned, true).best, &best, 1e-11, "beta, turned");
    }
    // Few of very many: far apart in size, and singular at 0.
    let odd = [(0.5, 0.5), (3.5, 9.5), (200.0, 1e6), (20_000.0, 1e8)];
    let odd = odd.map(|(successes, failures)| Beta { successes, failures });
    let ranks = beta_ranks(&odd[..2], false);
    near(&ranks.best, &[0.658961489, 0.341038511], 2e-9, "beta, half");
    let pair = beta_ranks(&odd[2..], false);
    // Nearly normal on the log scale: equal centres, so one half and a little.
    assert!((pair.best[0] - 0.5).abs() < 0.02 && (pair.best[0] + pair.best[1] - 1.0).abs() < 1e-12);
}
