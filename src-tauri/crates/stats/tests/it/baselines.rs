//! Coverage, false alarms, found anomalies, odd histories.

use epoch_stats::Baseline;
use epoch_stats::baseline::{At, Family, Past};
use epoch_stats::horizon::{self, Pool};

use crate::sim::{Sim, calm, hourly, rare};

/// Share inside p10..p90, share of alarms, over the buckets from `from` on.
fn walk(sim: &Sim, from: usize, step: usize) -> (f64, f64, f64) {
    let (mut inside, mut alarms, mut n) = (0.0, 0.0, 0.0);
    for i in (from..sim.values.len()).step_by(step) {
        let fit = Baseline::fit(&sim.past(i), sim.family).expect("enough history");
        let band = fit.band(sim.at(i));
        assert!(band.p10 <= band.p50 && band.p50 <= band.p90, "{}: {band:?}", sim.name);
        inside += f64::from(u8::from((band.p10..=band.p90).contains(&sim.values[i])));
        alarms += f64::from(u8::from(fit.score(sim.at(i), sim.values[i]).alarm));
        n += 1.0;
    }
    (inside / n, alarms / n, n)
}

#[test]
fn calm_series_are_covered_and_quiet() {
    let names: Vec<&str> = calm(0, 30).iter().map(|s| s.name).collect();
    let mut wrong = Vec::new();
    for (k, name) in names.iter().enumerate() {
        let (mut inside, mut alarms, mut n) = (0.0, 0.0, 0.0);
        for seed in 0..12 {
            let (i, a, m) = walk(&calm(seed, 200)[k], 60, 1);
            inside += i * m;
            alarms += a * m;
            n += m;
        }
        let (inside, alarms) = (inside / n, alarms / n);
        println!("{name}: coverage {:.1} %, alarms {:.2} %", 100.0 * inside, 100.0 * alarms);
        if !(0.76..=0.86).contains(&inside) || alarms > 0.014 {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn rare_events_raise_no_alarm_and_their_absence_none_either() {
    // Chargebacks, refunds of few orders, tickets of a small shop: rates of events a day, and orders a day.
    let counts = [(0.03, 0.0), (0.15, 0.0), (0.6, 0.0), (2.5, 0.0)];
    let shares = [(0.03, 26.0), (0.1, 12.0), (0.2, 20.0)];
    let quotients = [(0.03, -26.0), (0.02, -8.0), (0.2, -20.0)];
    for (rate, orders) in [&counts[..], &shares[..], &quotients[..]].concat() {
        let (mut alarms, mut inside, mut n) = (0.0, 0.0, 0.0);
        for seed in 0..25 {
            let sim = rare(seed, 150, rate, orders);
            // From the first weeks on: that is where almost nothing was seen yet.
            let (i, a, m) = walk(&sim, 16, 3);
            (alarms, inside, n) = (alarms + a * m, inside + i * m, n + m);
        }
        println!("{rate} of {orders}: coverage {:.1} %, alarms {:.2} %", 100.0 * inside / n, 100.0 * alarms / n);
        // What is whole-numbered covers what it must, and more where nearly everything is one number.
        assert!(alarms / n <= 0.006 && inside / n > 0.78, "{rate} of {orders}: {} {}", alarms / n, inside / n);
    }
}

#[test]
fn a_burst_of_what_is_rare_is_an_alarm_and_so_is_a_missing_clock() {
    for seed in 0..20 {
        let sim = rare(seed, 90, 0.05, 0.0);
        let fit = Baseline::fit(&sim.past(80), Family::Count).expect("enough history");
        assert!(!fit.score(sim.at(80), 1.0).alarm, "one, seed {seed}");
        assert!(fit.score(sim.at(80), 5.0).alarm, "five where one a month is usual, seed {seed}");
    }
    // One a day by the clock: not a matter of chance, so one that is missing is news.
    let values = vec![1.0; 60];
    let fine: Vec<u16> = (0..60).map(|i| i % 7).collect();
    let past = Past { values: &values, weights: &[], fine: &fine, coarse: &[], fine_slots: 7, coarse_slots: 1 };
    let fit = Baseline::fit(&past, Family::Count).expect("enough history");
    let at = At { fine: 60 % 7, coarse: 0, weight: 1.0 };
    assert!(fit.score(at, 0.0).alarm && !fit.score(at, 1.0).alarm);
}

#[test]
fn short_histories_are_covered_too() {
    let (mut inside, mut alarms, mut n) = (0.0, 0.0, 0.0);
    for seed in 0..40 {
        for sim in calm(seed + 100, 40) {
            let (i, a, m) = walk(&sim, 16, 6);
            inside += i * m;
            alarms += a * m;
            n += m;
        }
    }
    let (inside, alarms) = (inside / n, alarms / n);
    println!("16 to 40 days: coverage {:.1} %, alarms {:.2} %", 100.0 * inside, 100.0 * alarms);
    assert!((0.74..=0.88).contains(&inside) && alarms <= 0.02, "{inside} {alarms}");
}

#[test]
fn hours_of_the_week_are_covered() {
    let (inside, alarms, n) = walk(&hourly(5, 42), 28 * 24, 5);
    println!("hourly: coverage {:.1} %, alarms {:.2} % of {n}", 100.0 * inside, 100.0 * alarms);
    assert!((0.74..=0.88).contains(&inside) && alarms <= 0.015, "{inside} {alarms}");
    assert!(Baseline::fit(&hourly(5, 2).past(48), Family::Count).is_none());
    let (inside, _, _) = walk(&hourly(6, 9), 4 * 24, 3);
    println!("hourly, first days: coverage {:.1} %", 100.0 * inside);
    assert!(inside > 0.6, "{inside}");
}

#[test]
fn two_weeks_ahead_are_covered() {
    let (mut inside, mut n) = (0.0, 0.0);
    for seed in 0..12 {
        for sim in calm(seed + 50, 200) {
            let pool = match sim.family {
                Family::Count | Family::Amount => Pool::Sum,
                Family::Share | Family::Ratio => Pool::RatioOfSums,
            };
            for at in [100, 130, 170] {
                let fit = Baseline::fit(&sim.past(at), sim.family).expect("enough history");
                let ahead: Vec<At> = (at..at + 14)
                    .map(|i| At {
                        weight: if sim.weights.is_empty() { 1.0 } else { fit.weight_typical() },
                        ..sim.at(i)
                    })
                    .collect();
                let band = horizon::band(&horizon::draws(&fit, &ahead, pool, 7));
                let (mut top, mut bottom) = (0.0, 0.0);
                for i in at..at + 14 {
                    let w = if pool == Pool::Sum { 1.0 } else { sim.weights[i] };
                    top += sim.values[i] * w;
                    bottom += w;
                }
                let actual = if pool == Pool::Sum { top } else { top / bottom };
                inside += f64::from(u8::from((band.p10..=band.p90).contains(&actual)));
                n += 1.0;
            }
        }
    }
    println!("14 days ahead: coverage {:.1} % of {n}", 100.0 * inside / n);
    assert!((0.72..=0.88).contains(&(inside / n)), "{}", inside / n);
}

#[test]
fn planted_anomalies_are_found_and_do_not_spoil_what_follows() {
    let (mut found, mut total) = (0, 0);
    for seed in 0..10 {
        for mut sim in calm(seed + 300, 120) {
            if sim.name.contains("few") || sim.name.contains("profit") {
                continue;
            }
            // An earlier outage and an earlier peak must not blunt the detector.
            for (i, factor) in [(80, 3.0), (81, 3.0), (95, 0.1), (119, 0.3)] {
                sim.values[i] *= factor;
            }
            let fit = Baseline::fit(&sim.past(119), sim.family).expect("enough history");
            let score = fit.score(sim.at(119), sim.values[119]);
            total += 1;
            found += usize::from(score.alarm && score.z < 0.0);
        }
    }
    println!("drop to 30 %: found {found} of {total}");
    assert!(found * 100 >= total * 85, "{found} of {total}");
}

#[test]
fn a_lasting_shift_is_learnt() {
    let mut sim = calm(9, 160).remove(0);
    for v in &mut sim.values[120..] {
        *v *= 3.0;
    }
    let at = |i: usize| {
        let fit = Baseline::fit(&sim.past(i), sim.family).expect("enough history");
        fit.score(sim.at(i), sim.values[i])
    };
    assert!(at(120).alarm && at(121).alarm);
    assert!((130..160).filter(|i| at(*i).alarm).count() <= 2);
}

/// Daily revenue of a made-up shop: closed on Saturdays, a fortnight off at the turn of the year, a bulk order, two
/// broken days, growth before Christmas.
const SHOP: &str = include_str!("../fixtures/shop_daily_revenue.csv");

fn shop() -> Vec<f64> {
    SHOP.lines().skip(1).filter_map(|l| l.split(',').nth(1)?.parse().ok()).collect()
}

#[test]
fn a_shop_with_closed_days_is_covered() {
    let values = shop();
    let fine: Vec<u16> = (0..values.len()).map(|i| ((i + 2) % 7) as u16).collect();
    let (mut inside, mut alarms, mut n) = (0, 0, 0);
    for i in 28..values.len() {
        let past =
            Past { values: &values[..i], weights: &[], fine: &fine[..i], coarse: &[], fine_slots: 7, coarse_slots: 1 };
        let fit = Baseline::fit(&past, Family::Amount).expect("enough history");
        let at = At { fine: fine[i], coarse: 0, weight: 1.0 };
        let band = fit.band(at);
        if fine[i] == 5 {
            assert_eq!((band.p10, band.p50, band.p90), (0.0, 0.0, 0.0), "day {i} is a Saturday");
            continue;
        }
        assert!(band.p90.is_finite() && band.p10 >= 0.0);
        inside += usize::from((band.p10..=band.p90).contains(&values[i]));
        alarms += usize::from(fit.score(at, values[i]).alarm);
        n += 1;
    }
    println!("shop: {inside} of {n} inside, {alarms} alarms");
    assert!((0.72..=0.88).contains(&(inside as f64 / f64::from(n))), "{inside} of {n}");
    assert!(alarms <= 30, "{alarms}");
}

#[test]
fn odd_histories_do_not_break_it() {
    let fine: Vec<u16> = (0..60).map(|i| i % 7).collect();
    let past = |values: &[f64]| {
        let past =
            Past { values, weights: &[], fine: &fine[..values.len()], coarse: &[], fine_slots: 7, coarse_slots: 1 };
        Baseline::fit(&past, Family::Amount)
    };
    let at = At { fine: 0, coarse: 0, weight: 1.0 };
    assert!(past(&[]).is_none());
    assert!(past(&[1.0; 13]).is_none(), "two weeks are asked for");
    assert!(past(&[f64::NAN; 60]).is_none());
    let constant = past(&[29.0; 60]).expect("a constant is a history");
    assert!((constant.band(at).p50 - 29.0).abs() < 0.5);
    assert!(!constant.score(at, 29.0).alarm && constant.score(at, 12.0).alarm);
    let nothing = past(&[0.0; 60]).expect("nothing is a history");
    assert_eq!(nothing.band(at).p50, 0.0);
    let mut huge = [1e15; 60];
    huge[30] = -1e15;
    assert!(past(&huge).expect("fits").band(at).p50.is_finite());
}
