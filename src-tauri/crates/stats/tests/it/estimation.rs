//! Estimates from moments: what must hold for any data, and whether intervals cover what they promise.

use epoch_stats::compare::{
    Contrast, Refusal, Scale, Stratum, compare, imbalance, imbalances, interaction, post_stratified,
};
use epoch_stats::moments::{Cap, Mismatch, Moments, Outcome, Sums, Unit};
use proptest::prelude::*;

use crate::sim::Draw;

fn near(got: f64, want: f64, relative: f64, absolute: f64) {
    assert!((got - want).abs() <= relative * want.abs() + absolute, "{got:e} is not {want:e}");
}

/// All numbers of moments, so that two can be compared.
fn numbers(m: &Moments) -> Vec<f64> {
    let mut all = vec![m.units as f64, m.mean, m.m2];
    if let Some(d) = m.den {
        all.extend([d.mean, d.m2, d.with_outcome]);
    }
    if let Some(x) = m.pre {
        all.extend([x.mean, x.m2, x.with_outcome, x.with_den]);
        if let Some(e) = x.den {
            all.extend([e.mean, e.m2, e.with_outcome, e.with_den, e.with_pre]);
        }
    }
    all
}

fn same(a: &Moments, b: &Moments, absolute: f64) {
    // The means' last digits times the squares.
    assert_eq!(a.m3.is_some(), b.m3.is_some());
    near(a.m3.unwrap_or_default(), b.m3.unwrap_or_default(), 1e-10, 100.0 * absolute);
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(&b) {
        near(*a, *b, 1e-10, absolute);
    }
}

fn unit() -> impl Strategy<Value = Unit> {
    (-50.0..50.0_f64, 0.0..9.0_f64, -50.0..50.0_f64, 0.0..9.0_f64).prop_map(|(outcome, den, pre, pre_den)| Unit {
        outcome,
        den: Some(den),
        pre: Some(pre),
        pre_den: Some(pre_den),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn parts_make_the_whole_and_the_whole_less_a_part_is_the_rest(
        a in prop::collection::vec(unit(), 1..40),
        b in prop::collection::vec(unit(), 1..40),
        shift in -1e7..1e7_f64,
    ) {
        let far = |u: &Unit| Unit { outcome: u.outcome + shift, ..*u };
        let (a, b): (Vec<Unit>, Vec<Unit>) = (a.iter().map(far).collect(), b.iter().map(far).collect());
        let whole = Moments::of_units(a.iter().chain(&b).copied());
        let (ma, mb) = (Moments::of_units(a.iter().copied()), Moments::of_units(b.iter().copied()));
        let absolute = 1e-4;
        same(&ma.combine(&mb).unwrap(), &whole, absolute);
        same(&mb.combine(&ma).unwrap(), &whole, absolute);
        same(&whole.subtract(&mb).unwrap(), &ma, absolute);
        let mut one_by_one = whole;
        for u in &b {
            one_by_one.remove(u).unwrap();
        }
        same(&one_by_one, &ma, 10.0 * absolute);
    }

    #[test]
    fn a_changed_unit_is_as_if_it_had_always_been_so(
        units in prop::collection::vec(unit(), 1..40),
        new in unit(),
        at in 0usize..40,
    ) {
        let at = at % units.len();
        let mut changed = Moments::of_units(units.iter().copied());
        changed.change(&units[at], &new).unwrap();
        let mut after = units;
        after[at] = new;
        same(&changed, &Moments::of_units(after.iter().copied()), 1e-8);
    }

    #[test]
    fn other_units_of_measure_change_nothing(
        a in prop::collection::vec(1.0..90.0_f64, 3..40),
        b in prop::collection::vec(1.0..90.0_f64, 3..40),
        factor in 1e-6..1e6_f64,
        shift in -1e3..1e3_f64,
    ) {
        let of = |x: &[f64], f: &dyn Fn(f64) -> f64| Moments::of(x.iter().map(|v| f(*v)));
        let id = |v: f64| v;
        let plain = |scale| compare(&of(&a, &id), &of(&b, &id), scale).unwrap();
        let scaled = |scale| compare(&of(&a, &|v| factor * v), &of(&b, &|v| factor * v), scale).unwrap();
        near(scaled(Scale::Absolute).t(), plain(Scale::Absolute).t(), 1e-8, 1e-9);
        near(scaled(Scale::Absolute).se, factor * plain(Scale::Absolute).se, 1e-9, 0.0);
        near(scaled(Scale::Relative).estimate, plain(Scale::Relative).estimate, 1e-8, 1e-9);
        near(scaled(Scale::Relative).p_value(), plain(Scale::Relative).p_value(), 1e-7, 1e-12);
        let moved = compare(&of(&a, &|v| v + shift), &of(&b, &|v| v + shift), Scale::Absolute).unwrap();
        near(moved.p_value(), plain(Scale::Absolute).p_value(), 1e-6, 1e-12);
        // Exchanging the arms mirrors the effect.
        let back = compare(&of(&b, &id), &of(&a, &id), Scale::Absolute).unwrap();
        near(back.estimate, -plain(Scale::Absolute).estimate, 1e-10, 1e-9);
        near(back.df, plain(Scale::Absolute).df, 1e-10, 0.0);
    }

    #[test]
    fn raw_sums_of_small_numbers_give_the_same_moments(units in prop::collection::vec(0..30u32, 2..60)) {
        let values: Vec<f64> = units.iter().map(|v| f64::from(*v)).collect();
        let raw = Sums {
            units: values.len() as u64,
            sum: values.iter().sum(),
            squares: Some(values.iter().map(|v| v * v).sum()),
            ..Sums::default()
        };
        let mean = raw.sum / raw.units as f64;
        let whole = Moments::of(values.iter().copied());
        near(whole.m3.unwrap(), values.iter().map(|v| (v - mean).powi(3)).sum(), 1e-9, 1e-7);
        same(&raw.moments().unwrap(), &Moments { m3: None, ..whole }, 1e-9);
    }
}

/// Squares of such variances are no numbers any more; degrees of freedom and beliefs still are.
#[test]
fn tiny_variances_keep_their_degrees_of_freedom() {
    let arm = |mean: f64| Moments { units: 100, mean, m2: 99e-300, ..Moments::default() };
    let effect = compare(&arm(1.0), &arm(1.5), Scale::Absolute).unwrap();
    assert!((effect.df - 198.0).abs() < 1e-9, "{}", effect.df);
    let after = epoch_stats::bayes::Belief { mean: 0.0, sd: 0.1 }.posterior(effect.estimate, 1e-200);
    assert!((after.mean - 0.5).abs() < 1e-12 && (after.sd / 1e-200 - 1.0).abs() < 1e-12);
}

#[test]
fn what_cannot_be_combined_is_refused() {
    let (mean, share) = (Moments::of([1.0, 2.0]), Moments::proportion(5, 2));
    assert_eq!(mean.combine(&share), Err(Mismatch::Shape));
    assert_eq!(mean.subtract(&Moments::of([1.0, 2.0, 3.0])), Err(Mismatch::Units));
    let slices: [&[f64]; 3] = [&[1.0, 2.0], &[3.0], &[4.0]];
    let median = Moments::quantile_of_units(&slices, 0.5).unwrap();
    assert_eq!(median.combine(&median), Err(Mismatch::Quantile));
    // Two units of the share: exact, whatever the order.
    let both = share.combine(&Moments::proportion(7, 7)).unwrap();
    same(&both, &Moments::proportion(12, 9), 1e-12);
    assert_eq!(both.outcome, Outcome::Binary);
    let impossible = Sums { units: 3, sum: 4.0, ..Sums::default() };
    assert_eq!(impossible.moments(), Err(Mismatch::Sums));
}

#[test]
fn a_cap_holds_for_units_as_their_events_come() {
    let cap = Cap { lower: 0.0, upper: 100.0 };
    let mut arm = Moments::of([cap.apply(20.0), cap.apply(70.0), 0.0]);
    // The second unit orders for another 60: 130, capped.
    arm.change(&Unit::outcome(70.0), &Unit::outcome(cap.apply(130.0))).unwrap();
    same(&arm, &Moments::of([20.0, 100.0, 0.0]), 1e-9);
    let mut all: Vec<f64> = (0..=100).map(f64::from).collect();
    all[100] = 1e6;
    assert_eq!(Cap::at_quantiles(&all, 0.0, 0.99), Some(Cap { lower: 0.0, upper: 99.0 }));
    assert!(cap.apply(f64::NAN).is_nan() && Cap::at_quantiles(&[], 0.0, 1.0).is_none());
}

/// Share of experiments whose 95 % interval holds the truth, and the mean width of it.
fn coverage(runs: u32, mut one: impl FnMut() -> (f64, f64, f64)) -> (f64, f64) {
    let (mut held, mut width) = (0, 0.0);
    for _ in 0..runs {
        let (lower, upper, truth) = one();
        held += u32::from(lower <= truth && truth <= upper);
        width += upper - lower;
    }
    (f64::from(held) / f64::from(runs), width / f64::from(runs))
}

/// 95 % within three standard errors of 4,000 runs.
fn covers(share: f64, what: &str) {
    assert!((0.9395..=0.9605).contains(&share), "{what}: {share}");
}

#[test]
fn intervals_cover_what_they_promise() {
    let mut draw = Draw::new(20_261_122);
    let ends = |a: &Moments, b: &Moments, scale| {
        let i = compare(a, b, scale).unwrap().interval(0.05);
        (i.lower, i.upper)
    };
    let (share, _) = coverage(4000, || {
        let mut arm = |p: f64| Moments::proportion(400, (0..400).filter(|_| draw.uniform() < p).count() as u64);
        let (l, u) = ends(&arm(0.2), &arm(0.25), Scale::Relative);
        (l, u, 0.25)
    });
    covers(share, "relative effect of a proportion");
    let (share, _) = coverage(4000, || {
        let mut arm = |n: u32, k: f64| Moments::of((0..n).map(|_| (0.6 * draw.normal()).exp() * k));
        let (l, u) = ends(&arm(60, 1.0), &arm(150, 2.0), Scale::Absolute);
        (l, u, (0.18_f64).exp())
    });
    covers(share, "skewed means with unequal variances");
    let (share, _) = coverage(4000, || {
        // Orders of 30 each, sessions 1 to 6, a unit's own rate of buying: events of a unit are alike.
        let mut arm = |lift: f64| {
            Moments::of_units((0..150).map(|_| {
                let sessions = 1.0 + (6.0 * draw.uniform()).floor();
                let rate = lift * (0.1 + 0.8 * draw.uniform());
                let orders = (0..sessions as u32).filter(|_| draw.uniform() < rate).count();
                Unit::ratio(orders as f64, sessions)
            }))
        };
        let (l, u) = ends(&arm(0.8), &arm(1.0), Scale::Relative);
        (l, u, 0.25)
    });
    covers(share, "ratio of totals");
}

#[test]
fn what_was_known_before_narrows_the_interval_and_keeps_its_promise() {
    let mut draw = Draw::new(7);
    let mut arm = |shift: f64| {
        Moments::of_units((0..100).map(|_| {
            let before = 5.0 + 2.0 * draw.normal();
            Unit::outcome(before + shift + draw.normal()).with_pre(before)
        }))
    };
    let mut plain = 0.0;
    for scale in [Scale::Absolute, Scale::Relative] {
        let truth = if scale == Scale::Absolute { 0.5 } else { 0.1 };
        let (share, width) = coverage(4000, || {
            let (a, b) = (arm(0.0), arm(0.5));
            let i = compare(&a, &b, scale).unwrap().interval(0.05);
            let without = compare(&a.without_pre(), &b.without_pre(), scale).unwrap().interval(0.05);
            plain += (without.upper - without.lower) / 4000.0;
            (i.lower, i.upper, truth)
        });
        covers(share, "with a covariate");
        // Variance falls to 1 of 5.
        assert!(width < 0.52 * plain, "{width} of {plain}");
        plain = 0.0;
    }
}

#[test]
fn ratios_with_what_was_known_before() {
    let mut draw = Draw::new(8);
    let mut arm = |lift: f64| {
        Moments::of_units((0..120).map(|_| {
            let rate = 2.0 + draw.uniform();
            let (now, before) = (1.0 + (5.0 * draw.uniform()).floor(), 1.0 + (5.0 * draw.uniform()).floor());
            Unit {
                outcome: now * rate * lift + 0.3 * draw.normal(),
                den: Some(now),
                pre: Some(before * rate + 0.3 * draw.normal()),
                pre_den: Some(before),
            }
        }))
    };
    let mut plain = 0.0;
    let (share, width) = coverage(4000, || {
        let (a, b) = (arm(1.0), arm(1.1));
        let i = compare(&a, &b, Scale::Relative).unwrap().interval(0.05);
        let without = compare(&a.without_pre(), &b.without_pre(), Scale::Relative).unwrap().interval(0.05);
        plain += (without.upper - without.lower) / 4000.0;
        (i.lower, i.upper, 0.1)
    });
    covers(share, "ratio with a covariate");
    assert!(width < 0.8 * plain, "{width} of {plain}");
}

#[test]
fn strata_narrow_the_interval_and_keep_its_promise() {
    let mut draw = Draw::new(9);
    let mut plain = 0.0;
    let (share, width) = coverage(4000, || {
        // Two plans, 30 % and 70 %, far apart in level and with effects of 2 and 0: the truth is 0.6.
        let mut cells = [[Moments::default(); 2]; 2];
        for i in 0..240_usize {
            let (arm, big) = (i % 2, draw.uniform() < 0.3);
            let lift = if big && arm == 1 { 2.0 } else { 0.0 };
            let value = if big { 20.0 } else { 5.0 } + lift + draw.normal();
            cells[usize::from(big)][arm].add(&Unit::outcome(value));
        }
        let strata: Vec<Stratum> = cells.iter().map(|c| Stratum { control: c[0], treatment: c[1] }).collect();
        let contrast = post_stratified(&strata).unwrap();
        let i = contrast.effect(Scale::Absolute).unwrap().interval(0.05);
        let whole = |arm: usize| cells[0][arm].combine(&cells[1][arm]).unwrap();
        let without = compare(&whole(0), &whole(1), Scale::Absolute).unwrap().interval(0.05);
        plain += (without.upper - without.lower) / 4000.0;
        (i.lower, i.upper, 0.6)
    });
    covers(share, "post-stratified");
    assert!(width < 0.3 * plain, "{width} of {plain}");
}

#[test]
fn one_stratum_is_no_stratum_and_a_thin_one_joins() {
    let arm =
        |k: u32| Moments::of_units((0..40).map(move |i| Unit::ratio(f64::from(i * k % 7), 1.0 + f64::from(i % 3))));
    let (a, b) = (arm(3), arm(5));
    let direct = Contrast::of(&a, &b).unwrap();
    let alone = post_stratified(&[Stratum { control: a, treatment: b }]).unwrap();
    near(alone.difference, direct.difference, 1e-12, 1e-15);
    near(alone.variance, direct.variance, 1e-12, 0.0);
    near(alone.df, direct.df, 1e-12, 0.0);
    let (relative, same) = (alone.effect(Scale::Relative).unwrap(), direct.effect(Scale::Relative).unwrap());
    near(relative.se, same.se, 1e-12, 0.0);
    let one = Moments::of_units([Unit::ratio(2.0, 1.0)]);
    let thin = Stratum { control: one, treatment: Moments::default() };
    let joined = post_stratified(&[Stratum { control: a, treatment: b }, thin]).unwrap();
    assert_eq!(joined.units, [41, 40]);
    assert_eq!(post_stratified(&[thin]).unwrap_err(), Refusal::TooFewUnits);
}

#[test]
fn quantiles_of_events_that_share_units() {
    let mut draw = Draw::new(10);
    // Units differ in speed, so their events are alike; medians are 1 and 1.2.
    let (share, _) = coverage(2000, || {
        let mut arm = |level: f64| {
            let units: Vec<Vec<f64>> = (0..80)
                .map(|_| {
                    let own = 0.4 * draw.normal();
                    let events = 1 + (draw.uniform() * 8.0) as usize;
                    (0..events).map(|_| level * (own + 0.5 * draw.normal()).exp()).collect()
                })
                .collect();
            let slices: Vec<&[f64]> = units.iter().map(Vec::as_slice).collect();
            Moments::quantile_of_units(&slices, 0.5).unwrap()
        };
        let i = compare(&arm(1.0), &arm(1.2), Scale::Relative).unwrap().interval(0.05);
        (i.lower, i.upper, 0.2)
    });
    // The bounds that say how steep the distribution is are order statistics, a little wide of the mark with 350 events.
    assert!((0.935..=0.972).contains(&share), "{share}");
}

#[test]
fn imbalance_before_exposure() {
    let mut draw = Draw::new(11);
    let mut arm = |shift: f64| {
        Moments::of_units((0..200).map(|_| Unit::outcome(draw.normal()).with_pre(3.0 + shift + draw.normal())))
    };
    let found = (0..1000).filter(|_| imbalance(&arm(0.0), &arm(0.0)).unwrap().p_value < 0.05).count();
    assert!((25..=78).contains(&found), "{found} of 1000 at 5 %");
    let off = imbalance(&arm(0.0), &arm(0.6)).unwrap();
    assert!(off.p_value < 1e-4 && off.effect.estimate > 0.3);
    let without = Moments::of([1.0, 2.0]);
    let all = imbalances(&[(arm(0.0), arm(0.6)), (without, without), (arm(0.0), arm(0.0))]);
    assert_eq!(all[1].unwrap_err(), Refusal::Shape);
    let first = all[0].unwrap();
    near(first.adjusted, 2.0 * first.p_value, 1e-12, 0.0);
}

#[test]
fn interactions_are_found_and_not_invented() {
    let mut draw = Draw::new(12);
    let mut p_of = |both: f64| {
        let mut cell = |shift: f64| Moments::of((0..100).map(|_| 10.0 + shift + draw.normal()));
        let cells = [[cell(0.0), cell(0.3)], [cell(0.5), cell(0.8 + both)]];
        interaction(&cells, Scale::Absolute).unwrap().p_value()
    };
    let alarms = (0..1000).filter(|_| p_of(0.0) < 0.05).count();
    assert!((25..=78).contains(&alarms), "{alarms} of 1000 at 5 %");
    assert!((0..200).filter(|_| p_of(-1.0) < 0.05).count() > 190);
}
