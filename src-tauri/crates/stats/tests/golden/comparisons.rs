//! 43 comparisons computed by GrowthBook's gbstats, and where it is wrong on purpose of being right.

use epoch_stats::compare::{Contrast, Effect, Interval, Refusal, Scale, Side, compare, interaction, monthly};
use epoch_stats::moments::{Moments, QuantileAt, Sums};
use epoch_stats::student;
use serde::Deserialize;

use crate::close;

#[derive(Deserialize)]
pub struct Case {
    pub id: String,
    pub category: String,
    scale: String,
    pub alpha: f64,
    arms: Vec<Arm>,
    /// What an absolute effect is multiplied by, for scaled ones.
    pub times: Option<f64>,
    theta: Option<f64>,
    t_two_sided: Test,
    t_greater: Test,
    t_lesser: Test,
    pub bayes: std::collections::BTreeMap<String, Posterior>,
}

#[derive(Deserialize)]
pub struct Arm {
    #[serde(flatten)]
    sums: Option<Sums>,
    quantile: Option<QuantileAt>,
}

#[derive(Deserialize)]
struct Test {
    estimate: f64,
    se: f64,
    p: f64,
    lower: Option<f64>,
    upper: Option<f64>,
    error: Option<String>,
}

#[derive(Deserialize)]
pub struct Posterior {
    pub mean: f64,
    pub sd: f64,
    pub lower: f64,
    pub upper: f64,
    pub chance: f64,
    pub risk: [f64; 2],
    pub error: Option<String>,
}

impl Arm {
    fn moments(&self) -> Moments {
        match (self.sums, self.quantile) {
            (Some(sums), quantile) => Moments { quantile, ..sums.moments().unwrap() },
            (None, Some(at)) => Moments::quantile(at),
            (None, None) => panic!("neither sums nor a quantile"),
        }
    }
}

impl Case {
    pub fn moments(&self) -> [Moments; 2] {
        [self.arms[0].moments(), self.arms[1].moments()]
    }

    pub fn scale(&self) -> Scale {
        if self.scale == "relative" { Scale::Relative } else { Scale::Absolute }
    }

    /// The effect as our own functions give it.
    pub fn effect(&self) -> Result<Effect, Refusal> {
        let [a, b] = self.moments();
        compare(&a, &b, self.scale())
    }
}

pub fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/comparisons.json")).unwrap()
}

fn check(effect: &Effect, side: Side, alpha: f64, want: &Test, relative: f64) {
    close(effect.estimate, want.estimate, relative);
    close(effect.se, want.se, relative);
    let p = effect.p_value_of(side, 0.0);
    // The reference takes 1 - cdf, so it knows p-values to 1e-12 only.
    assert!((p - want.p).abs() <= 1e-12 + relative * want.p, "p {p:e} is not {:e}", want.p);
    let Interval { lower, upper } = effect.interval_of(side, alpha);
    for (got, want) in [(lower, want.lower), (upper, want.upper)] {
        match want {
            Some(want) => assert!((got - want).abs() <= relative * (want.abs() + effect.se), "{got} is not {want}"),
            None => assert!(got.is_infinite()),
        }
    }
}

#[test]
fn forty_three_comparisons_agree() {
    let cases = cases();
    assert_eq!(cases.len(), 43);
    let mut compared = 0;
    for case in &cases {
        println!("{}", case.id);
        if case.t_two_sided.error.is_some() {
            continue;
        }
        let mut effect = case.effect().unwrap();
        if let Some(times) = case.times {
            effect = effect.times(times);
        }
        let mut relative = 1e-7;
        if case.category == "quantile_clustered" {
            // The reference counts events as degrees of freedom; only units are independent. See the test below.
            let [a, b] = case.moments().map(|m| {
                let n = m.quantile.unwrap().events as f64;
                (m, n)
            });
            let v = [&a.0, &b.0].map(squared_error);
            effect.df = (v[0] + v[1]).powi(2) / (v[0] * v[0] / (a.1 - 1.0) + v[1] * v[1] / (b.1 - 1.0));
        }
        if case.id == "mean_cancellation_1e6" {
            // Sums of squares of 1e15 keep three digits of a variance of 1. See the test below.
            relative = 2e-3;
        }
        check(&effect, Side::Two, case.alpha, &case.t_two_sided, relative);
        check(&effect, Side::Greater, case.alpha, &case.t_greater, relative);
        check(&effect, Side::Less, case.alpha, &case.t_lesser, relative);
        if let Some(theta) = case.theta {
            let [a, b] = case.moments();
            close(Contrast::of(&a, &b).unwrap().theta, theta, 1e-9);
        }
        compared += 1;
    }
    assert_eq!(compared, 41);
}

/// Squared error of one arm's value, as the contrast with a copy of itself has it.
fn squared_error(m: &Moments) -> f64 {
    Contrast::of(m, m).unwrap().control_variance
}

#[test]
fn what_cannot_be_compared_says_why() {
    let by = |id: &str| cases().into_iter().find(|c| c.id == id).unwrap().effect().unwrap_err();
    // The reference reports zero variance for both.
    assert_eq!(by("prop_zero_baseline"), Refusal::ZeroBaseline);
    assert_eq!(by("prop_no_units"), Refusal::TooFewUnits);
    let constant = Moments::of([2.0, 2.0, 2.0]);
    assert_eq!(compare(&constant, &constant, Scale::Absolute).unwrap_err(), Refusal::ZeroVariance);
    let (p, m) = (Moments::proportion(10, 3), Moments::of([1.0, 2.0]));
    assert_eq!(compare(&p, &m, Scale::Absolute).unwrap_err(), Refusal::Shape);
    // No conversion in the control is no reason to say nothing about the difference.
    let (a, b) = (Moments::proportion(1000, 0), Moments::proportion(1000, 30));
    let effect = compare(&a, &b, Scale::Absolute).unwrap();
    close(effect.estimate, 0.03, 1e-12);
    close(effect.df, 999.0, 1e-12);
}

#[test]
fn welch_as_scipy_has_it() {
    #[derive(Deserialize)]
    struct Welch {
        id: String,
        scipy_welch_p: f64,
        t: f64,
    }
    #[derive(Deserialize)]
    struct File {
        welch: Vec<Welch>,
    }
    let file: File = serde_json::from_str(include_str!("fixtures/tests.json")).unwrap();
    let cases = cases();
    assert_eq!(file.welch.len(), 7);
    for want in file.welch {
        let effect = cases.iter().find(|c| c.id == want.id).unwrap().effect().unwrap();
        close(effect.p_value(), want.scipy_welch_p, 1e-10);
        close(effect.t(), want.t, 1e-10);
    }
}

#[test]
fn a_huge_effect_has_a_tiny_p_value_and_not_zero() {
    // gbstats: 2 (1 - cdf) = 0.0.
    let (a, b) = (Moments::proportion(100_000, 10_000), Moments::proportion(100_000, 14_000));
    let effect = compare(&a, &b, Scale::Absolute).unwrap();
    close(effect.p_value(), 4.470_540_760_498_318_5e-167, 1e-10);
}

#[test]
fn a_mean_far_above_its_deviation_keeps_its_digits() {
    // Two million plus noise of a millionth: raw sums of squares know nothing of the noise.
    let noise = |i: u32| f64::from((i * 7919) % 1000) * 1e-9;
    let values = |shift: f64| (0..2000_u32).map(move |i| 2e6 + shift + noise(i));
    let (small, far) = (Moments::of((0..2000).map(noise)), Moments::of(values(0.0)));
    // The values themselves are rounded to 2.3e-10.
    close(far.m2, small.m2, 1e-3);
    let raw = Sums {
        units: 2000,
        sum: values(0.0).sum(),
        squares: Some(values(0.0).map(|v| v * v).sum()),
        ..Sums::default()
    };
    assert_eq!(raw.moments().unwrap().m2, 0.0, "lost, and said to be lost rather than made up");
    let effect = compare(&far, &Moments::of(values(1e-6)), Scale::Absolute).unwrap();
    close(effect.estimate, 1e-6, 1e-3);
    assert!(effect.p_value() < 1e-100);
}

#[test]
fn above_the_baseline_is_positive_also_where_the_baseline_is_negative() {
    let case = cases().into_iter().find(|c| c.id == "mean_negative_baseline_absolute").unwrap();
    let [a, b] = case.moments();
    assert!(a.mean < b.mean && b.mean < 0.0);
    let effect = compare(&a, &b, Scale::Relative).unwrap();
    close(effect.estimate, (b.mean - a.mean) / a.mean.abs(), 1e-12);
    // The mirrored metric has the mirrored effect.
    let mirror = |m: &Moments| Moments { mean: -m.mean, ..*m };
    let mirrored = compare(&mirror(&a), &mirror(&b), Scale::Relative).unwrap();
    close(mirrored.estimate, -effect.estimate, 1e-12);
    close(mirrored.se, effect.se, 1e-12);
}

#[test]
fn events_that_share_units_have_the_units_degrees_of_freedom() {
    // Eight units with 400 events each: the reference would speak of 3,199 degrees of freedom per arm.
    let arm = |shift: f64| -> Moments {
        let units: Vec<Vec<f64>> = (0..8_u32)
            .map(|u| (0..400_u32).map(|e| shift + f64::from(u % 4) + f64::from((e * 37) % 400) / 100.0).collect())
            .collect();
        let slices: Vec<&[f64]> = units.iter().map(Vec::as_slice).collect();
        Moments::quantile_of_units(&slices, 0.5).unwrap()
    };
    let (a, b) = (arm(0.0), arm(0.5));
    let effect = compare(&a, &b, Scale::Absolute).unwrap();
    close(effect.estimate, 0.5, 1e-9);
    assert!(effect.df > 12.0 && effect.df < 14.001, "{}", effect.df);
    let naive = 2.0 * a.quantile.unwrap().variance().unwrap();
    assert!(effect.variance() > 20.0 * naive, "events of one unit are alike");
}

#[test]
fn end_to_end() {
    #[derive(Deserialize)]
    struct File {
        id: String,
        analysis: Analysis,
        metrics: Vec<Metric>,
    }
    #[derive(Deserialize)]
    struct Analysis {
        alpha: f64,
    }
    #[derive(Deserialize)]
    struct Metric {
        #[serde(rename = "metric")]
        name: String,
        arms: Vec<Sums>,
        inverse: bool,
        expected: Vec<Want>,
        srm: f64,
    }
    #[derive(Deserialize)]
    struct Want {
        estimate: f64,
        se: f64,
        lower: f64,
        upper: f64,
        p: Option<f64>,
        chance: Option<f64>,
        risk: Option<[f64; 2]>,
    }
    let files: Vec<File> = serde_json::from_str(include_str!("fixtures/end_to_end.json")).unwrap();
    let mut compared = 0;
    for file in files {
        for metric in file.metrics {
            println!("{} {}", file.id, metric.name);
            let arms: Vec<Moments> = metric.arms.iter().map(|s| s.moments().unwrap()).collect();
            let units: Vec<u64> = arms.iter().map(|a| a.units).collect();
            close(epoch_stats::srm::chi_square(&units, &[1.0, 1.0, 1.0]).unwrap().p_value, metric.srm, 1e-9);
            for (arm, want) in arms[1..].iter().zip(&metric.expected) {
                let contrast = Contrast::of(&arms[0], arm).unwrap();
                let effect = contrast.effect(Scale::Relative).unwrap();
                close(effect.estimate, want.estimate, 1e-7);
                close(effect.se, want.se, 1e-7);
                let mut interval = effect.interval(file.analysis.alpha);
                if let (Some(chance), Some(risk)) = (want.chance, want.risk) {
                    let posterior = epoch_stats::bayes::Belief::flat().posterior(effect.estimate, effect.se);
                    let better = if metric.inverse { posterior.below(0.0) } else { posterior.above(0.0) };
                    close(better, chance, 1e-7);
                    let losses = [posterior.gain(), posterior.loss()];
                    let losses = if metric.inverse { [losses[1], losses[0]] } else { losses };
                    close(losses[0], risk[0], 1e-7);
                    close(losses[1], risk[1], 1e-7);
                    interval = posterior.interval(file.analysis.alpha);
                }
                if let Some(p) = want.p {
                    assert!((effect.p_value() - p).abs() < 1e-12);
                }
                assert!((interval.lower - want.lower).abs() < 1e-7 * effect.se.max(want.lower.abs()));
                assert!((interval.upper - want.upper).abs() < 1e-7 * effect.se.max(want.upper.abs()));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 60);
}

#[test]
fn money_a_month() {
    let (a, b) = (Moments::proportion(1000, 100), Moments::proportion(1000, 130));
    let absolute = compare(&a, &b, Scale::Absolute).unwrap();
    // 20,000 visitors a month, an order is worth 24.50.
    let money = monthly(&absolute, 20_000.0, 2_450.0, 0.05).unwrap();
    close(money.estimate, 0.03 * 20_000.0 * 2_450.0, 1e-12);
    close(money.lower, absolute.interval(0.05).lower * 49e6, 1e-12);
    // The same from the relative effect, whose interval is a little wider for not knowing the baseline.
    let relative = monthly(&compare(&a, &b, Scale::Relative).unwrap(), 20_000.0, 2_450.0, 0.05).unwrap();
    close(relative.estimate, money.estimate, 1e-12);
    // What costs turns the ends around.
    let cost = monthly(&absolute, 20_000.0, -2_450.0, 0.05).unwrap();
    assert!(cost.lower < cost.estimate && cost.estimate < cost.upper);
    close(cost.upper, -money.lower, 1e-12);
}

#[test]
fn interaction_is_a_difference_in_differences() {
    let cell = |hits: u64| Moments::proportion(10_000, hits);
    // Alone each lifts 10 % to 12 %; together to 12 % only.
    let cells = [[cell(1000), cell(1200)], [cell(1200), cell(1200)]];
    let effect = interaction(&cells, Scale::Absolute).unwrap();
    close(effect.estimate, -0.02, 1e-12);
    let se = ((0.09 + 3.0 * 0.12 * 0.88) / 10_000.0_f64).sqrt();
    close(effect.se, se, 1e-12);
    let relative = interaction(&cells, Scale::Relative).unwrap();
    close(relative.estimate, -0.2, 1e-12);
    assert!(relative.p_value() < 0.01);
    close(student::two_sided(effect.t(), effect.df), effect.p_value(), 1e-14);
}
