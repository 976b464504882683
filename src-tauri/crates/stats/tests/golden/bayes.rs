//! Posteriors against gbstats, with its one defect of scale put right.

use epoch_stats::bayes::{Belief, Prior};
use epoch_stats::compare::{Effect, Scale};

use crate::close;
use crate::comparisons::{Posterior, cases};

/// The priors of the golden cases by name: mean and standard deviation.
fn prior(name: &str) -> Belief {
    match name {
        "flat" | "flat_inverse" => Belief::flat(),
        "n(0,0.3^2)" => Belief::new(0.0, 0.3).unwrap(),
        "n(0.1,0.1)" => Belief::new(0.1, 0.1_f64.sqrt()).unwrap(),
        "n(-0.05,0.02^2)" => Belief::new(-0.05, 0.02).unwrap(),
        _ => panic!("{name}"),
    }
}

fn check(effect: &Effect, belief: Belief, name: &str, alpha: f64, times: f64, want: &Posterior) {
    let posterior = belief.posterior(effect.estimate, effect.se);
    close(posterior.times(times).mean, want.mean, 1e-7);
    close(posterior.times(times).sd, want.sd, 1e-7);
    let lower_is_better = name.ends_with("inverse");
    let better = if lower_is_better { posterior.below(0.0) } else { posterior.above(0.0) };
    close(better, want.chance, 1e-7);
    let (stay, ship) = (posterior.gain(), posterior.loss());
    let [stay, ship] = if lower_is_better { [ship, stay] } else { [stay, ship] };
    close_or_tiny(stay, want.risk[0], posterior.sd);
    close_or_tiny(ship, want.risk[1], posterior.sd);
    let interval = posterior.times(times).interval(alpha);
    assert!((interval.lower - want.lower).abs() < 1e-7 * want.sd.max(want.lower.abs()));
    assert!((interval.upper - want.upper).abs() < 1e-7 * want.sd.max(want.upper.abs()));
}

/// Risks of a certain win are differences of nearly equal numbers in the reference.
fn close_or_tiny(got: f64, want: f64, sd: f64) {
    assert!((got - want).abs() <= 1e-7 * want + 1e-13 * sd, "{got:e} is not {want:e}");
}

#[test]
fn posteriors_agree() {
    let mut compared = 0;
    for case in cases() {
        if case.bayes["flat"].error.is_some() {
            assert!(case.effect().is_err());
            continue;
        }
        if case.id == "mean_cancellation_1e6" {
            continue;
        }
        let effect = case.effect().unwrap();
        for (name, want) in &case.bayes {
            println!("{} {name}", case.id);
            let belief = Prior { belief: prior(name), scale: Scale::Relative }.on(&effect);
            check(&effect, belief, name, case.alpha, case.times.unwrap_or(1.0), want);
            compared += 1;
        }
    }
    assert!(compared >= 150, "{compared}");
}
