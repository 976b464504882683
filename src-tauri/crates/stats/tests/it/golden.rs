//! Against scipy 1.17.1.

use epoch_stats::{effect, normal, robust, student};

fn close(got: f64, want: f64, relative: f64) {
    let off = if want == 0.0 { got.abs() } else { (got / want - 1.0).abs() };
    assert!(off <= relative, "{got:e} is not {want:e} (off by {off:e})");
}

#[test]
fn normal_tails_keep_their_digits() {
    for (z, want) in [
        (0.0, 0.5),
        (0.5, 0.3085375387259869),
        (1.96, 0.024997895148220435),
        (5.0, 2.866515718791933e-07),
        (10.0, 7.61985302416047e-24),
        (20.0, 2.7536241186061556e-89),
        (37.0, 5.7255712225239266e-300),
    ] {
        close(normal::sf(z), want, 1e-12);
    }
    for (p, want) in [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798409),
        (1e-6, -4.753424308822899),
        (0.025, -1.9599639845400545),
        (0.3, -0.5244005127080409),
        (0.5, 0.0),
        (0.9, 1.2815515655446004),
        (0.999999, 4.753424308817087),
    ] {
        close(normal::quantile(p), want, 1e-13);
    }
    assert!(normal::quantile(-0.1).is_nan() && normal::quantile(1.0).is_infinite());
}

#[test]
fn student_tails_keep_their_digits() {
    for (t, df, want) in [
        (0.0, 1.0, 0.5),
        (1.0, 1.0, 0.25),
        (2.5, 3.0, 0.04385332350403278),
        (12.0, 4.0, 0.0001382142742514865),
        (40.0, 4.0, 1.1670081613006339e-06),
        (3.0, 4.5, 0.01719043394437981),
        (2.0, 30.0, 0.027312522481491547),
        (6.0, 30.0, 6.971384383602382e-07),
        (5.0, 1000.0, 3.3836281823243174e-07),
        (1.5, 7.3, 0.08778154640154305),
        (-2.0, 5.0, 0.9490302605850708),
    ] {
        close(student::sf(t, df), want, 1e-10);
    }
    for (p, df, want) in [
        (0.1, 3.0, 1.6377443536962089),
        (0.9, 4.0, -1.533206274058944),
        (0.001, 5.0, 5.893429531356009),
        (1e-10, 6.0, 83.4094327802082),
        (0.4, 2.5, 0.2814595127485477),
        (0.025, 1.0, 12.706204736174705),
    ] {
        close(student::isf(p, df), want, 1e-9);
    }
}

#[test]
fn quantiles_are_type_7() {
    let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0];
    let mut sorted = x;
    sorted.sort_by(f64::total_cmp);
    for (q, want) in [(0.0, 1.0), (0.1, 1.0), (0.25, 2.5), (0.5, 4.0), (0.75, 5.0), (0.9, 6.0), (1.0, 9.0)] {
        close(robust::quantile_sorted(&sorted, q), want, 1e-12);
    }
    close(robust::mad(&mut x.clone()), 1.482602218505602, 1e-12);
    close(robust::median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5, 0.0);
    assert!(robust::median(&mut []).is_nan());
}

#[test]
fn effects_combine() {
    use epoch_stats::baseline::Band;
    let prior = Band { p10: -0.02, p50: 0.02, p90: 0.06 };
    close(effect::below(prior, 0.02), 0.5, 1e-12);
    close(effect::below(prior, -0.02), 0.1, 1e-9);
    let draws: Vec<f64> = (0..400).map(|i| 100.0 + f64::from(i) / 100.0).collect();
    let acting = effect::apply(&draws, prior).expect("draws");
    close(acting.p50, 102.0 * 1.02, 0.005);
    assert!(acting.p10 < 100.5 && acting.p90 > 107.0);
    let after = effect::update(prior, &[(0.0, 0.02), (0.0, 0.02), (0.0, 0.02), (0.0, 0.02)]);
    assert!(after.p50 < 0.006 && after.p90 < prior.p90, "{after:?}");
    assert!(effect::pinball(prior, 0.02) < effect::pinball(prior, 0.2));
}
