//! Priors learnt from a known world, shrunk segments, the worth of experiments, and the sequential ratio test.

use epoch_stats::bayes::{Belief, PastEffect, Prior, Trial, learn, shrink};
use epoch_stats::compare::{Scale, compare};
use epoch_stats::moments::Moments;
use epoch_stats::srm::{CONCENTRATION, Sequential};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::sim::Draw;

fn near(got: f64, want: f64, relative: f64) {
    assert!((got / want - 1.0).abs() <= relative, "{got} is not {want}");
}

/// Past experiments of a business whose true effects are normal.
fn past(draw: &mut Draw, n: usize, mean: f64, sd: f64) -> Vec<PastEffect> {
    (0..n)
        .map(|_| {
            let se = 0.02 + 0.03 * draw.uniform();
            PastEffect { estimate: mean + sd * draw.normal() + se * draw.normal(), se }
        })
        .collect()
}

#[test]
fn an_absolute_prior_is_put_on_the_scale_of_a_relative_effect() {
    // gbstats leaves it: a belief of 0.01 +- 0.005 conversions would be read as 1 % +- 0.5 %.
    let (a, b) = (Moments::proportion(1000, 100), Moments::proportion(1000, 130));
    let prior = Prior { belief: Belief::new(0.01, 0.005).unwrap(), scale: Scale::Absolute };
    let relative = compare(&a, &b, Scale::Relative).unwrap();
    near(prior.on(&relative).mean, 0.1, 1e-12);
    near(prior.on(&relative).sd, 0.05, 1e-12);
    // The same belief says nearly the same of the same data on either scale.
    let absolute = prior.after(&compare(&a, &b, Scale::Absolute).unwrap());
    near(prior.after(&relative).mean, absolute.mean / 0.1, 0.05);
    let back = Prior { belief: Belief::new(0.1, 0.05).unwrap(), scale: Scale::Relative };
    near(back.on(&compare(&a, &b, Scale::Absolute).unwrap()).mean, 0.01, 1e-12);
}

#[test]
fn the_prior_is_learnt() {
    let mut draw = Draw::new(31);
    let (mut means, mut sds) = (0.0, 0.0);
    for _ in 0..40 {
        let learned = learn(&past(&mut draw, 100, 0.01, 0.03), Belief::flat(), 0.0).unwrap();
        means += learned.belief.mean / 40.0;
        sds += learned.belief.sd / 40.0;
    }
    assert!((means - 0.01).abs() < 0.003 && (sds - 0.03).abs() < 0.002, "{means} {sds}");
    // It predicts experiments it has not seen as well as the truth does, and better than a wide guess.
    let learned = learn(&past(&mut draw, 200, 0.01, 0.03), Belief::flat(), 0.0).unwrap();
    let unseen = past(&mut draw, 300, 0.01, 0.03);
    let mut wide = learned;
    wide.belief = Belief::new(0.0, 0.3).unwrap();
    assert!(learned.log_likelihood(&unseen) > wide.log_likelihood(&unseen) + 100.0);
    assert!((0.2..0.6).contains(&learned.signal) && !learned.heavy_tailed);
    // Few effects lean on the guess, many leave it.
    let guess = Belief::new(0.0, 0.1).unwrap();
    let few = learn(&past(&mut draw, 2, 0.01, 0.0), guess, 10.0).unwrap().belief.sd;
    let many = learn(&past(&mut draw, 400, 0.01, 0.0), guess, 10.0).unwrap().belief.sd;
    assert!(few > 0.08 && many < 0.04, "{few} {many}");
    assert_eq!(learn(&[], guess, 5.0).unwrap().belief, guess);
    assert!(learn(&[], guess, 0.0).is_none());
    // Nothing but noise: no true spread is made up.
    let none = learn(&past(&mut draw, 400, 0.0, 0.0), Belief::flat(), 0.0).unwrap();
    assert!(none.belief.sd < 0.01, "{none:?}");
}

#[test]
fn heavy_tails_are_noticed() {
    let mut draw = Draw::new(32);
    let effects: Vec<PastEffect> = (0..200)
        .map(|i| {
            let truth = if i % 12 == 0 { 0.25 * draw.normal() } else { 0.005 * draw.normal() };
            PastEffect { estimate: truth + 0.02 * draw.normal(), se: 0.02 }
        })
        .collect();
    assert!(learn(&effects, Belief::flat(), 0.0).unwrap().heavy_tailed);
    let calm = (0..100).filter(|_| learn(&past(&mut draw, 60, 0.0, 0.03), Belief::flat(), 0.0).unwrap().heavy_tailed);
    assert!(calm.count() < 12);
}

#[test]
fn posteriors_keep_their_promise_when_the_prior_is_learnt() {
    let mut draw = Draw::new(33);
    let learned = learn(&past(&mut draw, 200, 0.01, 0.03), Belief::flat(), 0.0).unwrap().belief;
    let held = (0..4000)
        .filter(|_| {
            let truth = 0.01 + 0.03 * draw.normal();
            learned.posterior(truth + 0.04 * draw.normal(), 0.04).interval(0.2).contains(truth)
        })
        .count();
    assert!((3080..=3320).contains(&held), "80 % intervals hold {held} of 4000");
}

#[test]
fn segments_are_drawn_together_as_far_as_they_are_one() {
    let mut draw = Draw::new(34);
    for spread in [0.0, 0.03, 0.2] {
        let (mut held, mut raw, mut drawn) = (0, 0.0, 0.0);
        for _ in 0..60 {
            let truth: Vec<f64> = (0..8).map(|_| 0.05 + spread * draw.normal()).collect();
            let seen: Vec<PastEffect> = truth
                .iter()
                .map(|t| {
                    let se = 0.03 + 0.05 * draw.uniform();
                    PastEffect { estimate: t + se * draw.normal(), se }
                })
                .collect();
            for ((s, t), o) in shrink(&seen, 0.1).iter().zip(&truth).zip(&seen) {
                held += u32::from(s.interval.contains(*t));
                raw += (o.estimate - t) * (o.estimate - t);
                drawn += (s.mean - t) * (s.mean - t);
            }
        }
        assert!(held >= 420, "90 % intervals hold {held} of 480 at spread {spread}");
        let most = if spread == 0.0 {
            0.4
        } else if spread < 0.1 {
            0.75
        } else {
            1.02
        };
        assert!(drawn < most * raw, "{} at spread {spread}", drawn / raw);
    }
    // One segment comes back as it was; another order gives the same.
    let one = shrink(&[PastEffect { estimate: 0.3, se: 0.1 }], 0.05);
    near(one[0].mean, 0.3, 1e-12);
    near(one[0].sd, 0.1, 1e-12);
    near(one[0].interval.upper, 0.3 + 0.1959963984540054, 1e-9);
    assert!(shrink(&[PastEffect { estimate: f64::NAN, se: 0.1 }], 0.05).is_empty());
    assert!(shrink(&[], 0.05).is_empty());
}

#[test]
fn information_is_worth_what_deciding_with_it_brings() {
    let mut draw = Draw::new(35);
    let prior = Belief::new(-0.01, 0.04).unwrap();
    let se = 0.03;
    let (mut with, mut knowing) = (0.0, 0.0);
    let runs = 60_000;
    for _ in 0..runs {
        let truth = prior.mean + prior.sd * draw.normal();
        let after = prior.posterior(truth + se * draw.normal(), se);
        with += if after.mean > 0.0 { truth } else { 0.0 };
        knowing += truth.max(0.0);
    }
    // Deciding now brings nothing: the prior is against it.
    near(prior.sample_information(se), with / f64::from(runs), 0.03);
    near(prior.perfect_information(), knowing / f64::from(runs), 0.03);
    near(prior.sample_information(0.0), prior.perfect_information(), 1e-12);
    assert_eq!(prior.sample_information(f64::INFINITY), 0.0);
    assert!(prior.sample_information(0.02) > prior.sample_information(0.05));
    // Whether the prior is for or against, what is not known is worth the same.
    let mirrored = Belief::new(0.01, 0.04).unwrap();
    near(mirrored.sample_information(se), prior.sample_information(se), 1e-12);
}

#[test]
fn the_best_length_of_an_experiment_weighs_knowing_against_waiting() {
    let trial = Trial {
        prior: Belief::new(0.0, 2.0).unwrap(),
        outcome_variance: 40_000.0,
        units_per_day: 500.0,
        treated: 0.5,
        horizon_days: 180.0,
        cost: 1_000.0,
        upkeep_per_day: 0.0,
    };
    let best = trial.best(180);
    assert!(best.days > 10.0 && best.days < 120.0, "{best:?}");
    assert!(best.net > trial.worth(1.0).net && best.net > trial.worth(179.0).net);
    near(best.ships, 0.5, 1e-9);
    // Ten times the traffic knows sooner and is worth more; a certain loss is not worth running.
    let busy = Trial { units_per_day: 5_000.0, ..trial };
    assert!(busy.best(180).days < best.days && busy.best(180).net > best.net);
    let hopeless = Trial { prior: Belief::new(-20.0, 1.0).unwrap(), ..trial };
    assert_eq!(hopeless.best(180).days, 0.0);
    assert!(hopeless.best(180).net <= 0.0);
    // Upkeep above what it could bring: never shipped.
    let dear = Trial { upkeep_per_day: 1e6, ..trial };
    assert!(dear.worth(30.0).ships < 1e-9);
}

#[test]
fn the_sequential_ratio_test_may_be_looked_at_all_the_time() {
    let mut random = Pcg64::seed_from_u64(36);
    // 64 units between two looks, 600 looks.
    let mut alarms = |extra: bool| {
        (0..300)
            .filter(|_| {
                let mut test = Sequential::new(&[1.0, 1.0], CONCENTRATION).unwrap();
                let mut counts = [0_u64, 0];
                (0..600).any(|_| {
                    let bits = random.next_u64();
                    // Of every 64 units one in 32 of the control is taken away: 48.4 % remain.
                    let bits = if extra {
                        bits | random.next_u64()
                            & random.next_u64()
                            & random.next_u64()
                            & random.next_u64()
                            & random.next_u64()
                    } else {
                        bits
                    };
                    counts[0] += u64::from(bits.count_ones());
                    counts[1] += u64::from(bits.count_zeros());
                    test.look(&counts) < 0.05
                })
            })
            .count()
    };
    let (calm, off) = (alarms(false), alarms(true));
    assert!(calm <= 15 + 11, "{calm} false alarms of 300 at 5 %");
    assert!(off > 290, "{off} of 300 found");
}
