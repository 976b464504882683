//! Sample ratios and several tests at once, against GrowthBook, scipy and statsmodels.

use epoch_stats::multiple::{self, Correction};
use epoch_stats::srm::{CONCENTRATION, Sequential, Slice, chi_square, explain};
use serde::Deserialize;

use crate::close;

#[derive(Deserialize)]
struct Ratio {
    users: Vec<u64>,
    weights: Vec<f64>,
    p: f64,
}

#[derive(Deserialize)]
struct Adjusted {
    p: Vec<f64>,
    bonferroni: Vec<f64>,
    holm: Vec<f64>,
    hommel: Vec<f64>,
    fdr_bh: Vec<f64>,
    fdr_by: Vec<f64>,
}

#[derive(Deserialize)]
struct GrowthBook {
    holm_bonferroni: Vec<(f64, f64)>,
    benjamini_hochberg: Vec<(f64, f64)>,
    adjusted_ci: Vec<Stretched>,
}

#[derive(Deserialize)]
struct Stretched {
    adjusted_p: f64,
    lift: f64,
    alpha: f64,
    ci: [f64; 2],
}

#[derive(Deserialize)]
struct File {
    srm: Vec<Ratio>,
    srm_growthbook: Vec<(Vec<u64>, Vec<f64>, f64)>,
    srm_correct: Vec<Ratio>,
    multiple: Vec<Adjusted>,
    multiple_growthbook: GrowthBook,
}

fn file() -> File {
    serde_json::from_str(include_str!("fixtures/tests.json")).unwrap()
}

fn p_of(users: &[u64], weights: &[f64]) -> f64 {
    chi_square(users, weights).unwrap().p_value
}

#[test]
fn sample_ratios() {
    let file = file();
    for case in &file.srm_correct {
        close(p_of(&case.users, &case.weights), case.p, 1e-10);
    }
    for (users, weights, p) in &file.srm_growthbook {
        if users.len() != weights.len() {
            // GrowthBook calls one arm of two balanced; what is missing may also have got lost.
            assert!(chi_square(users, weights).is_none());
            continue;
        }
        assert!((p_of(users, weights) - p).abs() < 1e-8);
    }
    let mut deviations = 0;
    for case in &file.srm {
        let got = p_of(&case.users, &case.weights);
        if case.weights.contains(&0.0) {
            // gbstats expects nobody in the third arm, yet counts its 900 units: 2.9e-60. Two arms of equal weight had
            // 1,000 and 1,200 units: 2e-5.
            assert!(case.p < 1e-59);
            close(got, p_of(&case.users[..2], &case.weights[..2]), 1e-14);
            deviations += 1;
        } else {
            close(got, case.p, 1e-9);
        }
    }
    assert_eq!((file.srm.len(), deviations), (15, 1));
    assert!(chi_square(&[1, 2], &[1.0]).is_none() && chi_square(&[1, 2], &[1.0, -1.0]).is_none());
    let far = chi_square(&[1000, 1200, 7], &[1.0, 1.0, 0.0]).unwrap();
    assert_eq!(far.df, 1.0);
    close(far.z.abs(), 200.0 / 2200.0_f64.sqrt(), 1e-12);
}

#[test]
fn the_sequential_test_is_the_dirichlet_mixture() {
    // Three units into arms 0, 0, 1 with concentration 2 and equal shares: predictive 1/2, 2/3, 1/4 over (1/2)^3.
    let mut test = Sequential::new(&[3.0, 3.0], 2.0).unwrap();
    test.look(&[2, 1]);
    close(test.log_e_value(), (0.5 * (2.0 / 3.0) * 0.25 * 8.0_f64).ln(), 1e-12);
    assert_eq!(test.p_value(), 1.0);
    // A million units a little off are no accident; in the meant shares nothing is said.
    let mut test = Sequential::new(&[0.5, 0.5, 0.0], CONCENTRATION).unwrap();
    assert!(test.look(&[5_000, 5_060, 40]) > 0.5);
    assert!(test.look(&[500_000, 505_000, 4_000]) < 1e-3);
    let seen = test.p_value();
    test.look(&[600_000, 600_001, 5_000]);
    assert_eq!(test.p_value(), seen, "what was proved stays proved");
    assert!(Sequential::new(&[1.0, 0.0], 10.0).is_none() && Sequential::new(&[1.0, f64::NAN], 10.0).is_none());
}

#[test]
fn the_cause_of_a_mismatch_is_found() {
    // One version of an SDK loses a third of the treatment; countries only inherit it.
    let slice = |dimension, value, a: u64, b: u64| Slice { dimension, value, counts: vec![a, b] };
    let slices = [
        slice(0, 0, 20_000, 20_120),
        slice(0, 1, 5_000, 3_400),
        slice(0, 2, 8_030, 7_980),
        slice(1, 0, 16_600, 15_800),
        slice(1, 1, 16_430, 15_700),
    ];
    let found = explain(&slices, &[0.5, 0.5], 0.001);
    assert_eq!(found[0].slice, 1);
    assert!(found[0].explains && found[0].share > 0.9 && found[0].without > 0.1, "{:?}", found[0]);
    assert!(found[0].z.abs() > 15.0);
    assert!(found[1..].iter().all(|f| !f.explains), "{found:?}");
    // Balanced slices explain nothing.
    assert!(explain(&[slice(0, 0, 500, 510), slice(0, 1, 700, 690)], &[0.5, 0.5], 0.001).is_empty());
}

#[test]
fn adjusted_p_values() {
    let file = file();
    assert_eq!(file.multiple.len(), 7);
    for case in &file.multiple {
        for (got, want) in [
            (multiple::bonferroni(&case.p), &case.bonferroni),
            (multiple::holm(&case.p), &case.holm),
            (multiple::hommel(&case.p), &case.hommel),
            (multiple::benjamini_hochberg(&case.p), &case.fdr_bh),
            (multiple::benjamini_yekutieli(&case.p), &case.fdr_by),
        ] {
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                close(*got, *want, 1e-12);
            }
        }
    }
    for (correction, want) in [
        (Correction::Holm, &file.multiple_growthbook.holm_bonferroni),
        (Correction::BenjaminiHochberg, &file.multiple_growthbook.benjamini_hochberg),
    ] {
        let p: Vec<f64> = want.iter().map(|(p, _)| *p).collect();
        for (got, (_, want)) in correction.adjust(&p).iter().zip(want) {
            close(*got, *want, 1e-12);
        }
    }
    // What could not be tested is no test.
    let got = multiple::holm(&[0.02, f64::NAN, 0.01]);
    assert!(got[1].is_nan() && got[0] == 0.02 && got[2] == 0.02);
    assert!(multiple::hommel(&[]).is_empty());
}

#[test]
fn intervals_that_belong_to_adjusted_p_values() {
    for case in file().multiple_growthbook.adjusted_ci {
        let half = multiple::adjusted_half_width(case.lift, case.adjusted_p, f64::INFINITY, case.alpha);
        assert!((case.lift - half - case.ci[0]).abs() < 1e-6 && (case.lift + half - case.ci[1]).abs() < 1e-6);
    }
    // It excludes zero exactly where the adjusted p-value says so.
    assert!(multiple::adjusted_half_width(-0.1, 0.049, 40.0, 0.05) < 0.1);
    assert!(multiple::adjusted_half_width(-0.1, 0.051, 40.0, 0.05) > 0.1);
    assert!(multiple::adjusted_half_width(0.1, 1.0, 40.0, 0.05).is_infinite());
}
