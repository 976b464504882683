//! Bandits: draws, floors, drift, and inference on what they collected.

use epoch_stats::bandit::{Collected, Mixture, MixtureTest, Normal, Policy, Rewards, Row, Rule, Sampler, normal_ranks};
use rand_core::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::sim::Draw;

#[test]
fn draws_follow_the_shares_and_say_them() {
    let sampler = Sampler::new(&[0.1, 0.0, 0.6, 0.3, 0.0]).expect("they sum to one");
    let mut rng = Pcg64::seed_from_u64(5);
    let mut seen = [0.0; 5];
    for _ in 0..100_000 {
        let choice = sampler.choose(&mut rng);
        assert_eq!(choice.propensity, sampler.weights()[choice.arm]);
        seen[choice.arm] += 1e-5;
    }
    assert_eq!((seen[1], seen[4]), (0.0, 0.0));
    for (got, want) in seen.iter().zip(sampler.weights()) {
        assert!((got - want).abs() < 0.006, "{seen:?}");
    }
    assert_eq!(Sampler::new(&[0.5, 0.4]), None);
    assert_eq!(Sampler::new(&[1.5, -0.5]), None);
    assert_eq!(Sampler::new(&[]), None);
}

#[test]
fn ranks_of_ten_arms_far_apart_in_spread() {
    let arms: Vec<Normal> =
        (0..10).map(|k| Normal { mean: 0.1 * f64::from(k), sd: 10.0_f64.powi(k % 4 - 3) }).collect();
    let ranks = normal_ranks(&arms, false);
    assert!((ranks.best.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // Against draws.
    let mut draw = Draw::new(9);
    let (mut best, mut second, runs) = (vec![0.0; 10], vec![0.0; 10], 20_000);
    for _ in 0..runs {
        let mut order: Vec<(f64, usize)> =
            arms.iter().enumerate().map(|(k, a)| (a.mean + a.sd * draw.normal(), k)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        best[order[0].1] += 1.0 / f64::from(runs);
        second[order[1].1] += 1.0 / f64::from(runs);
    }
    for k in 0..10 {
        assert!((best[k] - ranks.best[k]).abs() < 0.015, "{best:?} {ranks:?}");
        assert!((second[k] - ranks.second[k]).abs() < 0.015, "{second:?} {ranks:?}");
    }
    assert!(normal_ranks(&[Normal { mean: 0.0, sd: 0.0 }, arms[0]], false).best[0].is_nan());
    assert_eq!(normal_ranks(&arms[..1], false).best, [1.0]);
}

#[test]
fn rewards_keep_their_digits_and_arms_without_spread_are_not_certain() {
    let mut far = Rewards::default();
    for x in [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0] {
        far.push(x);
    }
    assert_eq!(far.variance(), 30.0);
    // 0 of 150 is no proof of a worse arm.
    let arms = [Rewards::from_sums(150.0, 0.0, 0.0), Rewards::from_sums(150.0, 1.0, 1.0)];
    let allocation = Policy::default().allocate(&arms);
    assert!(allocation.best[0] > 0.05, "{allocation:?}");
    assert_eq!(Policy::default().allocate(&[Rewards::default(); 3]).weights, [1.0 / 3.0; 3]);
}

#[test]
fn a_certain_leader_leaves_half_to_challengers_in_top_two() {
    let arms = [0.0, 1.0, 90.0].map(|mean| Rewards { units: 1e6, mean, deviations: 1e6 });
    for rule in [Rule::TopTwo, Rule::TopTwoResampled] {
        let weights = Policy { rule, floor: 0.0, ..Policy::default() }.allocate(&arms).weights;
        assert!((weights[2] - 0.5).abs() < 1e-9 && (weights[0] + weights[1] - 0.5).abs() < 1e-9, "{weights:?}");
    }
}

/// One bandit on arms with these means: draws with the lot mixed in, every unit handed to `read`.
fn play(means: &[f64], units: u64, seed: u64, mut read: impl FnMut(Row<'_>)) {
    let mut draw = Draw::new(seed);
    let mut rng = Pcg64::seed_from_u64(seed ^ 0x5eed);
    let policy = Policy { burn_in: 10.0, floor: 0.0, ..Policy::default() };
    let mut rewards = vec![Rewards::default(); means.len()];
    let mut shares = vec![1.0 / means.len() as f64; means.len()];
    for t in 1..=units {
        if t % 100 == 0 {
            shares = policy.allocate(&rewards).weights;
        }
        let mixed = Mixture::default().mix(&shares, t);
        let arm = Sampler::new(&mixed).expect("shares").choose(&mut rng).arm;
        let reward = means[arm] + draw.normal();
        rewards[arm].push(reward);
        read(Row { arm, reward, propensities: &mixed });
    }
}

#[test]
fn looking_all_the_time_at_a_bandit_errs_in_five_of_a_hundred() {
    let (runs, mut wrong, mut width) = (120, 0, 0.0);
    for seed in 0..runs {
        let mut test = MixtureTest::new();
        let mut missed = false;
        play(&[1.0, 1.3], 600, seed, |row| {
            assert!(test.push(Some(row.arm), row.reward, row.propensities[row.arm]));
            let (value, half) = test.difference(0.05, 600.0);
            missed |= (value - 0.3).abs() > half;
        });
        wrong += u32::from(missed);
        width += test.difference(0.05, 600.0).1 / runs as f64;
    }
    // 5 % of 120 is 6; 12 is beyond chance (0.7 %).
    assert!(wrong <= 12, "{wrong} of {runs} sequences missed the truth at some time");
    assert!(width < 0.8, "mean half-width {width}");
}

#[test]
fn weighted_scores_cover_where_plain_means_are_biased() {
    let runs = 300;
    let (mut covered, mut plain, mut weighted) = (0, 0.0, 0.0);
    for seed in 0..runs {
        let mut collected = Collected::new(2);
        let mut naive = Rewards::default();
        // Nothing to find: both arms are alike.
        play(&[0.0, 0.0], 300, 1000 + seed, |row| {
            assert!(collected.push(row));
            if row.arm == 1 {
                naive.push(row.reward);
            }
        });
        let difference = collected.difference(1, 0.1);
        covered += u32::from(difference.interval[0] <= 0.0 && 0.0 <= difference.interval[1]);
        plain += naive.mean / runs as f64;
        weighted += collected.mean(1, 0.1).value / runs as f64;
    }
    // 270 of 300 expected, four standard errors of 5.2 below: 249.
    assert!((249..=291).contains(&covered), "{covered} of {runs}");
    assert!(weighted.abs() < 0.02, "weighted {weighted}, plain {plain}");
    assert!(plain < weighted - 0.004, "plain means are pulled down: {plain}, weighted {weighted}");
}

#[test]
fn what_makes_no_sense_is_not_read() {
    let mut collected = Collected::new(2);
    assert!(!collected.push(Row { arm: 2, reward: 1.0, propensities: &[0.5, 0.5] }));
    assert!(!collected.push(Row { arm: 0, reward: 1.0, propensities: &[0.0, 1.0] }));
    assert!(!collected.push(Row { arm: 0, reward: f64::NAN, propensities: &[0.5, 0.5] }));
    assert_eq!(collected.units(), 0);
    assert!(!MixtureTest::new().push(Some(0), 1.0, 0.0));
}

#[test]
fn discounting_follows_a_truth_that_turned() {
    let policy = Policy { burn_in: 0.0, ..Policy::default() };
    let share_of_new_best = |keep: f64| {
        let mut draw = Draw::new(3);
        let mut arms = [Rewards::default(); 2];
        for day in 0..60 {
            // The better arm changes on day 40.
            let means = if day < 40 { [1.0, 0.5] } else { [0.5, 1.0] };
            for (arm, mean) in arms.iter_mut().zip(means) {
                arm.discount(keep);
                for _ in 0..20 {
                    arm.push(mean + draw.normal());
                }
            }
        }
        policy.allocate(&arms).weights[1]
    };
    assert!(share_of_new_best(0.5_f64.powf(1.0 / 7.0)) > 0.95);
    assert!(share_of_new_best(1.0) < 0.2);
}
