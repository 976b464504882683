//! Means of skewed units in a small arm, from their moments: with and without a covariate.

use epoch_stats::compare::{Scale, compare};
use epoch_stats::moments::{Covariate, Moments};
use epoch_stats::normal;
use epoch_stats::sequential::statistic::z_of_moments;
use epoch_stats::sequential::{Floor, Look, Side};
use rand_pcg::Pcg64;

use crate::{rng, uniform};

/// An arm in which a fifth spend after and a fifth before, half of them both; what they spend is log-normal, with a common
/// part.
fn arm(units: u32, rng: &mut Pcg64) -> Moments {
    let spenders: Vec<[f64; 2]> = (0..units)
        .filter_map(|_| {
            let lot = uniform(rng);
            (lot < 0.3).then(|| {
                let common = normal::quantile(uniform(rng));
                [lot < 0.2, lot > 0.1].map(|spends| {
                    f64::from(u8::from(spends)) * (0.5 * common + 0.4 * normal::quantile(uniform(rng))).exp()
                })
            })
        })
        .collect();
    let n = f64::from(units);
    let mean = |k: usize| spenders.iter().map(|s| s[k]).sum::<f64>() / n;
    let (y, x) = (mean(0), mean(1));
    // Who did not spend lies as far below zero as the mean is above.
    let rest = n - spenders.len() as f64;
    let sum =
        |f: &dyn Fn(f64, f64) -> f64| spenders.iter().map(|s| f(s[0] - y, s[1] - x)).sum::<f64>() + rest * f(-y, -x);
    Moments {
        units: u64::from(units),
        mean: y,
        m2: sum(&|y, _| y * y),
        m3: Some(sum(&|y, _| y * y * y)),
        pre: Some(Covariate {
            mean: x,
            m2: sum(&|_, x| x * x),
            with_outcome: sum(&|y, x| y * x),
            ..Covariate::default()
        }),
        ..Moments::default()
    }
}

/// A twentieth of the units in one arm: how often equal arms differ at 5 %.
#[test]
fn a_small_arm_of_skewed_units_is_not_called_for_its_tail() {
    let mut rng = rng(31);
    let runs = 1500;
    let (mut both, mut ours, mut welch, mut looks) = ([0.0; 2], [0.0; 2], [0.0; 2], [0.0; 2]);
    for _ in 0..runs {
        let with = [arm(9_500, &mut rng), arm(500, &mut rng)];
        for (k, [control, treatment]) in [with, with.map(|m| m.without_pre())].into_iter().enumerate() {
            let effect = compare(&control, &treatment, Scale::Absolute).unwrap();
            let (z, skewness) = z_of_moments(&control, &treatment, &effect);
            let look = Look { z, skewness, ..Look::of(&effect, None) };
            if Floor::default().is_early(&look) {
                continue;
            }
            assert!(skewness.unwrap() > 0.02, "{skewness:?}");
            looks[k] += 1.0;
            both[k] += f64::from(u8::from(normal::two_sided(z) <= 0.05));
            ours[k] += f64::from(u8::from(normal::cdf(z) <= 0.025));
            welch[k] += f64::from(u8::from(effect.p_value_of(Side::Less, 0.0) <= 0.025));
        }
    }
    for k in 0..2 {
        let [both, ours, welch] = [both[k], ours[k], welch[k]].map(|count| count / looks[k]);
        let error = |share: f64| (share * (1.0 - share) / looks[k]).sqrt();
        assert!(looks[k] > 0.9 * f64::from(runs), "{} of {runs} were large enough", looks[k]);
        assert!(both <= 0.05 + 3.0 * error(0.05), "{both}");
        assert!((ours - 0.025).abs() < 3.0 * error(0.025), "towards the short tail: {ours}");
        assert!(welch > 0.025 + 2.0 * error(0.025) && welch > ours, "nothing to mend: {welch}, {ours}");
    }
}
