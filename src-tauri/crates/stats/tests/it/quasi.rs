//! Switchbacks and interrupted series, on series whose truth is known.

use epoch_stats::interrupted::{Series, Structure, SyntheticOptions, placebo_in_time, structural, synthetic};
use epoch_stats::switchback::{Plan, Settings, power, read};
use rand_core::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::sim::Draw;

/// Errors that remember, from their stationary distribution.
fn ar1(n: usize, phi: f64, draw: &mut Draw) -> Vec<f64> {
    let mut x = draw.normal() / (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + draw.normal();
            x
        })
        .collect()
}

const WEEK: [f64; 7] = [0.0, 1.0, 2.0, 2.5, 2.0, -2.0, -3.0];

fn shop(n: usize, phi: f64, draw: &mut Draw) -> Vec<f64> {
    ar1(n, phi, draw).iter().enumerate().map(|(t, e)| 100.0 + 0.05 * t as f64 + WEEK[t % 7] + e).collect()
}

#[test]
fn structural_intervals_hold_under_memory() {
    for (phi, seed) in [(0.0, 1), (0.5, 2), (0.8, 3)] {
        let mut draw = Draw::new(seed);
        let (runs, mut covered, mut found, mut width) = (60, 0, 0, 0.0);
        for _ in 0..runs {
            let mut values = shop(70, phi, &mut draw);
            for v in &mut values[56..] {
                *v += 3.0;
            }
            let series = Series { values, controls: Vec::new(), changed_at: 56 };
            let reading = structural(&series, Structure::default(), 0.1).expect("56 buckets are enough");
            covered += u32::from(reading.interval[0] <= 42.0 && 42.0 <= reading.interval[1]);
            found += u32::from(reading.p < 0.1);
            width += (reading.interval[1] - reading.interval[0]) / f64::from(runs);
        }
        // 54 of 60 expected, spread 2.3: 90 % intervals are honest.
        assert!(covered >= 47, "phi {phi}: {covered} of {runs} intervals hold the truth");
        if phi == 0.0 {
            assert!(found >= 55 && width < 40.0, "{found} found, width {width}");
        }
    }
}

#[test]
fn a_control_that_shares_the_noise_sharpens() {
    let mut draw = Draw::new(4);
    let shared = ar1(70, 0.7, &mut draw);
    let own: Vec<f64> = (0..70).map(|t| 50.0 + 3.0 * shared[t] + 0.3 * draw.normal()).collect();
    let other: Vec<f64> = (0..70).map(|t| 900.0 + 80.0 * shared[t] + 5.0 * draw.normal()).collect();
    let alone = Series { values: own, controls: Vec::new(), changed_at: 60 };
    let helped = Series { controls: vec![other], ..alone.clone() };
    let structure = Structure { trend: true, season: 0 };
    let width = |s: &Series| {
        let r = structural(s, structure, 0.05).expect("sound");
        assert!(r.interval[0] < 0.0 && 0.0 < r.interval[1], "nothing happened: {r:?}");
        r.interval[1] - r.interval[0]
    };
    assert!(width(&helped) < 0.25 * width(&alone));
}

#[test]
fn placebos_in_time_know_what_is_usual() {
    let mut draw = Draw::new(5);
    let mut series = Series { values: shop(90, 0.4, &mut draw), controls: Vec::new(), changed_at: 80 };
    let (p, places) = placebo_in_time(&series, Structure::default(), 40).expect("there is room");
    assert!(p > 0.1 && places == 31, "{p} {places}");
    for v in &mut series.values[80..] {
        *v += 8.0;
    }
    assert!(placebo_in_time(&series, Structure::default(), 40).expect("there is room").0 <= 0.05);
    assert_eq!(placebo_in_time(&series, Structure::default(), 75), None);
}

fn donors(draw: &mut Draw, effect: f64, outside: f64) -> Series {
    let factors: Vec<Vec<f64>> = (0..2).map(|_| ar1(60, 0.9, draw)).collect();
    let load: Vec<[f64; 2]> = (0..12).map(|_| [draw.uniform(), draw.uniform()]).collect();
    let make = |load: [f64; 2], draw: &mut Draw| -> Vec<f64> {
        (0..60)
            .map(|t| 20.0 + 4.0 * load[0] * factors[0][t] + 4.0 * load[1] * factors[1][t] + 0.3 * draw.normal())
            .collect()
    };
    let controls: Vec<Vec<f64>> = load.iter().map(|l| make(*l, draw)).collect();
    let mine = [0.4 * load[0][0] + 0.6 * load[1][0] + outside, 0.4 * load[0][1] + 0.6 * load[1][1] + outside];
    let mut values = make(mine, draw);
    for v in &mut values[50..] {
        *v += effect;
    }
    Series { values, controls, changed_at: 50 }
}

#[test]
fn synthetic_control_finds_what_happened_and_nothing_where_nothing_did() {
    let mut draw = Draw::new(6);
    let touched = synthetic(&donors(&mut draw, 3.0, 0.0), SyntheticOptions::default()).expect("sound");
    assert!((touched.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(touched.weights.iter().all(|w| *w >= 0.0));
    assert!((touched.cumulated - 30.0).abs() < 5.0, "{touched:?}");
    assert!(touched.p_space <= 1.0 / 13.0 + 1e-12 && touched.p_time <= 0.06, "{touched:?}");
    let (runs, mut false_space, mut false_time) = (40, 0, 0);
    for _ in 0..runs {
        let nothing = synthetic(&donors(&mut draw, 0.0, 0.0), SyntheticOptions::default()).expect("sound");
        false_space += u32::from(nothing.p_space <= 0.1);
        false_time += u32::from(nothing.p_time <= 0.1);
    }
    // 4 of 40 expected; 10 is beyond chance (0.5 %).
    assert!(false_space <= 10 && false_time <= 10, "{false_space} {false_time}");
}

#[test]
fn augmentation_reaches_outside_the_controls() {
    let mut draw = Draw::new(7);
    // Louder than every control: no mean of them follows it.
    let series = donors(&mut draw, 3.0, 1.0);
    let plain = synthetic(&series, SyntheticOptions::default()).expect("sound");
    let augmented =
        synthetic(&series, SyntheticOptions { augment: Some(0.01), ..SyntheticOptions::default() }).expect("sound");
    assert!(augmented.misfit_before < 0.6 * plain.misfit_before, "{} {}", augmented.misfit_before, plain.misfit_before);
    assert!((augmented.cumulated - 30.0).abs() < 6.0, "{augmented:?}");
    assert!(augmented.weights.iter().any(|w| *w < 0.0));
}

#[test]
fn weights_are_recovered_without_noise() {
    let mut draw = Draw::new(8);
    let controls: Vec<Vec<f64>> = (0..6).map(|_| ar1(40, 0.5, &mut draw)).collect();
    let values = (0..40).map(|t| 5.0 + 0.7 * controls[1][t] + 0.3 * controls[4][t]).collect();
    let series = Series { values, controls, changed_at: 30 };
    let reading = synthetic(&series, SyntheticOptions { ridge: 0.0, ..SyntheticOptions::default() }).expect("sound");
    for (w, want) in reading.weights.iter().zip([0.0, 0.7, 0.0, 0.0, 0.3, 0.0]) {
        assert!((w - want).abs() < 1e-6, "{:?}", reading.weights);
    }
    assert!(reading.cumulated.abs() < 1e-5);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let flat = |n| Series { values: vec![1.0; n], controls: Vec::new(), changed_at: n / 2 };
    assert_eq!(structural(&flat(12), Structure::default(), 0.05), None);
    assert_eq!(synthetic(&flat(60), SyntheticOptions::default()), None);
    let mut odd = flat(60);
    odd.values[3] = f64::NAN;
    assert_eq!(structural(&odd, Structure::default(), 0.05), None);
}

const PLAN: Plan = Plan { blocks: 28, block_buckets: 4, cycle: 7, washout_buckets: 1 };

#[test]
fn every_place_in_the_season_sees_both_sides() {
    for seed in 0..50 {
        let mut rng = Pcg64::seed_from_u64(seed);
        let sides = PLAN.draw(&mut rng);
        assert_eq!(sides.iter().filter(|s| **s).count(), 14);
        for slot in 0..7 {
            assert_eq!(sides.iter().skip(slot).step_by(7).filter(|s| **s).count(), 2);
        }
        assert_eq!(PLAN.draw(&mut Pcg64::seed_from_u64(seed)), sides);
    }
    let odd = Plan { blocks: 9, block_buckets: 1, cycle: 1, washout_buckets: 0 };
    let treated = odd.draw(&mut Pcg64::seed_from_u64(1)).iter().filter(|s| **s).count();
    assert!(treated == 4 || treated == 5);
    assert_eq!(Plan { washout_buckets: 4, ..PLAN }.problem().map(|p| p.0), Some("washout_buckets"));
    assert_eq!(Plan { cycle: 15, ..PLAN }.problem().map(|p| p.0), Some("cycle"));
}

/// Buckets of a switchback: memory, season, an effect, and a share of it that the next block's first bucket inherits.
fn run(effect: f64, phi: f64, seed: u64) -> (Vec<bool>, Vec<f64>) {
    let mut draw = Draw::new(seed);
    let sides = PLAN.draw(&mut Pcg64::seed_from_u64(seed ^ 0x51de));
    let noise = ar1(112, phi, &mut draw);
    let values = (0..112).map(|t| {
        let (block, at) = (t / 4, t % 4);
        let before = block > 0 && sides[block - 1];
        let side = if at == 0 && before != sides[block] { 0.5 } else { f64::from(u8::from(sides[block])) };
        50.0 + WEEK[block % 7] + noise[t] + effect * side
    });
    let values = values.collect();
    (sides, values)
}

#[test]
fn randomisation_holds_its_level_and_intervals_hold_the_truth() {
    let (runs, mut false_calls, mut held, mut model_held) = (60, 0, 0, 0);
    let settings = Settings { alpha: 0.1, draws: 199, trend: true };
    for seed in 0..runs {
        let mut rng = Pcg64::seed_from_u64(0x10_0000 + seed);
        let (sides, values) = run(0.0, 0.6, seed);
        false_calls += u32::from(read(&PLAN, &sides, &values, settings, &mut rng).expect("sound").p <= 0.1);
        let (sides, values) = run(1.5, 0.6, 500 + seed);
        let reading = read(&PLAN, &sides, &values, settings, &mut rng).expect("sound");
        held += u32::from(reading.interval[0] <= 1.5 && 1.5 <= reading.interval[1]);
        model_held += u32::from(reading.model_interval[0] <= 1.5 && 1.5 <= reading.model_interval[1]);
        assert!(reading.washed_out > 0 && reading.blocks == 28);
    }
    // 6 and 54 of 60 expected, spread 2.3.
    assert!(false_calls <= 13, "{false_calls}");
    assert!(held >= 47 && model_held >= 47, "{held} {model_held}");
}

#[test]
fn a_large_effect_is_found_and_its_carry_over_seen() {
    let mut rng = Pcg64::seed_from_u64(9);
    let (sides, values) = run(4.0, 0.3, 10);
    let reading = read(&PLAN, &sides, &values, Settings::default(), &mut rng).expect("sound");
    assert!(reading.p <= 0.002 && reading.model_p < 1e-4, "{reading:?}");
    assert!(reading.interval[0] > 2.0 && reading.interval[1] < 6.0, "{reading:?}");
    assert!((reading.relative - 0.08).abs() < 0.03);
    assert!(reading.carryover.expect("28 blocks").p > 0.05, "{reading:?}");
    // Half of the effect stays through the whole next block.
    let values: Vec<f64> =
        values.iter().enumerate().map(|(t, v)| if t >= 4 && sides[t / 4 - 1] { v + 2.0 } else { *v }).collect();
    let carried = read(&PLAN, &sides, &values, Settings::default(), &mut rng).expect("sound").carryover;
    let carried = carried.expect("28 blocks");
    assert!(carried.p < 0.01 && (carried.effect - 2.0).abs() < 1.0, "{carried:?}");
}

#[test]
fn power_grows_with_the_effect_and_starts_at_alpha() {
    let mut draw = Draw::new(11);
    let past: Vec<f64> =
        ar1(400, 0.5, &mut draw).iter().enumerate().map(|(t, e)| 50.0 + WEEK[(t / 4) % 7] + e).collect();
    let mut rng = Pcg64::seed_from_u64(12);
    let mut at = |relative| power(&PLAN, &past, relative, 0.1, 60, &mut rng).expect("the past is long enough");
    let (nothing, some, much) = (at(0.0), at(0.02), at(0.05));
    assert!(nothing < 0.25 && nothing < some && some < much && much > 0.8, "{nothing} {some} {much}");
    assert_eq!(power(&PLAN, &past[..100], 0.1, 0.1, 10, &mut rng), None);
}
