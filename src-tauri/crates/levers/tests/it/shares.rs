//! Chance, counted: shares, arms, layers and holdouts over many units. Units and seeds are fixed, so nothing here is
//! left to luck: a test fails when hashes or their seeds change for the worse.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use epoch_model::serving::Reason;
use serde_json::{Map, Value, json};

use crate::kit::{evaluate, levers, object, values};

const UNITS: usize = 40_000;

fn units() -> impl Iterator<Item = String> {
    (0..UNITS).map(|n| format!("unit-{n}"))
}

/// Within four and a half standard deviations of a binomial share.
fn near(count: usize, of: usize, share: f64) -> bool {
    let (n, k) = (of as f64, count as f64);
    (k - n * share).abs() <= 4.5 * (n * share * (1.0 - share)).sqrt() + 1e-9
}

fn subjects() -> Vec<Map<String, Value>> {
    [
        json!({}),
        json!({"plan": "pro", "country": "DE", "seats": 8, "beta": true}),
        json!({"plan": "pro", "country": "US", "seats": 3, "beta": true, "$groups": {"company": "c"}, "employees": 200}),
        json!({"plan": "free", "country": "AT", "churned": 1, "seats": 6.5}),
    ]
    .map(object)
    .into()
}

#[test]
fn values_come_as_often_as_their_propensity_says() {
    let levers = levers();
    for flag in levers.flags() {
        for attributes in subjects() {
            if flag.serving.group.is_some() {
                continue;
            }
            let mut seen: BTreeMap<String, (usize, Option<f64>)> = BTreeMap::new();
            for id in units().take(8_000) {
                let got = evaluate(levers, &flag.key, &id, &attributes);
                let entry = seen.entry(format!("{:?}", got.value)).or_insert((0, got.propensity));
                entry.0 += 1;
                if let (Some(a), Some(b)) = (entry.1, got.propensity) {
                    assert!((a - b).abs() < 1e-12, "{}: {a} and {b} for one value", flag.key);
                }
                // A unit whose value no draw had a say in gets it for sure.
                entry.1 = entry.1.or(got.propensity);
            }
            let total: f64 = seen.values().map(|(_, p)| p.unwrap_or(1.0)).sum();
            assert!((total - 1.0).abs() < 1e-9, "{} {attributes:?}: {seen:?}", flag.key);
            for (value, (count, p)) in &seen {
                assert!(near(*count, 8_000, p.unwrap_or(1.0)), "{} {attributes:?} {value}: {seen:?}", flag.key);
            }
            assert!(seen.len() <= values(flag).len());
        }
    }
}

#[test]
fn layers_never_share_a_unit_and_holdouts_share_all() {
    let levers = levers();
    let none = Map::new();
    let (mut a, mut b, mut c, mut held) = (0, 0, 0, 0);
    for id in units() {
        let (first, second) = (evaluate(levers, "layer_a", &id, &none), evaluate(levers, "layer_b", &id, &none));
        let experiments: Vec<&str> = [&first, &second].into_iter().filter_map(|e| e.experiment.as_deref()).collect();
        assert!(experiments.len() <= 1, "{id} is in {experiments:?}");
        match experiments.first() {
            Some(&"exp-a") => a += 1,
            Some(&"exp-b") => b += 1,
            Some(&"exp-c") => c += 1,
            _ => {}
        }
        let out = |key| evaluate(levers, key, &id, &none).reason == Reason::HeldOut;
        assert_eq!(out("held"), out("held_price"), "{id}");
        held += usize::from(out("held"));
    }
    assert!(near(a, UNITS, 0.4) && near(b, UNITS, 0.3) && near(c, UNITS, 0.1) && near(held, UNITS, 0.05));
}

/// Pearson's statistic of a table of counts against independence.
fn chi_square(table: &[Vec<usize>]) -> f64 {
    let total: usize = table.iter().flatten().sum();
    let columns: Vec<usize> = (0..table[0].len()).map(|c| table.iter().map(|row| row[c]).sum()).collect();
    let mut sum = 0.0;
    for row in table {
        let of_row: usize = row.iter().sum();
        for (count, of_column) in row.iter().zip(&columns) {
            let expected = (of_row * of_column) as f64 / total as f64;
            sum += (*count as f64 - expected).powi(2) / expected;
        }
    }
    sum
}

#[test]
fn draws_are_independent_of_each_other() {
    use epoch_levers::hash::{Seed, arm_seed, holdout_seed, layer_seed, share_seed};
    let seeds = [
        arm_seed("price", "price_test"),
        share_seed("price", "price_test"),
        share_seed("price", "rest"),
        arm_seed("pricf", "price_test"),
        layer_seed("pricing"),
        holdout_seed("pricing"),
        holdout_seed("global"),
    ];
    for i in 0..seeds.len() {
        for j in 0..i {
            let (one, other) = (Seed::new(&seeds[i]), Seed::new(&seeds[j]));
            let mut table = vec![vec![0; 8]; 8];
            for id in units() {
                table[one.bucket(&id) as usize / 1250][other.bucket(&id) as usize / 1250] += 1;
            }
            let statistic = chi_square(&table);
            // 49 degrees of freedom: 99.99 % of independent tables lie below 97.
            assert!(statistic < 97.0, "{} and {}: {statistic}", seeds[i], seeds[j]);
        }
    }
    // Arms of those a share takes are as the weights say.
    let levers = levers();
    let pro = object(json!({"plan": "pro"}));
    let mut arms: BTreeMap<String, usize> = BTreeMap::new();
    let taken: usize = units()
        .map(|id| evaluate(levers, "price", &id, &pro))
        .filter(|got| got.experiment.is_some())
        .map(|got| *arms.entry(got.variant.unwrap()).and_modify(|n| *n += 1).or_insert(1))
        .count();
    assert!(
        near(taken, UNITS, 0.5) && arms.len() == 3 && arms.values().all(|n| near(*n, taken, 1.0 / 3.0)),
        "{arms:?}"
    );
}

#[test]
fn a_draw_used_twice_is_one_draw() {
    // Both slices look at one point of the layer, and the prerequisites at the same one again.
    let levers = levers();
    let none = Map::new();
    let mut late = 0;
    for id in units() {
        let got = evaluate(levers, "after_layers", &id, &none);
        let p = got.propensity.unwrap();
        // layer_b in its slice and true: 0.3 / 2; there layer_a is off for sure; then half of them.
        let expect = if got.value == LeverValue::Number(5.0) { 0.075 } else { 0.925 };
        assert!((p - expect).abs() < 1e-9, "{id}: {p}");
        late += usize::from(got.value == LeverValue::Number(5.0));
    }
    assert!(near(late, UNITS, 0.075), "{late}");
}
