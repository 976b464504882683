//! Over many experiments: false calls stay below what is allowed, and the engine's own checks are counted.

use epoch_model::business::{PolicyAnswer, PolicyRule};
use epoch_model::experiment::{Call, Purpose, Spec, State};

use crate::company::{Company, Traffic, price, quiet};
use crate::world::number;

/// A company with many levers like the price, whose policy lets everything run.
fn factory(levers: usize, seed: u64) -> Company {
    let mut business = quiet();
    let first = business.levers[0].clone();
    business.levers =
        (0..levers).map(|i| epoch_model::business::Lever { key: format!("price_{i}"), ..first.clone() }).collect();
    business.limits.exposure_per_decision = 1.0;
    business.limits.cards_per_day = 1000;
    // Every call of the stream is judged by what it says, not by whom chance lets answer.
    business.limits.audit_share = 0.0;
    business.experimenting.running_max = 1000;
    business.policy = vec![PolicyRule {
        name: "all runs".into(),
        levels: vec![],
        reversibility: vec![],
        domains: vec![],
        stake_at_most_minor: None,
        answer: PolicyAnswer::Run,
    }];
    let mut c = Company::new(business, seed);
    c.yes = false;
    c
}

fn on(lever: &str, key: &str, now: f64) -> Spec {
    let mut spec = price(key);
    spec.lever = Some(lever.to_owned());
    spec.arms[0].value = number(now);
    spec.arms[1].value = number(if now > 30.0 { 29.0 } else { 32.0 });
    spec.secondary.clear();
    spec.guardrails.clear();
    spec
}

#[test]
fn false_calls_stay_below_the_target_over_three_hundred_experiments() {
    let (mut shares, mut found, mut real, mut alone) = (Vec::new(), 0, 0, 0);
    for seed in 0..2_u64 {
        let levers = 50;
        let mut c = factory(levers, 100 + seed);
        let (mut calls, mut wrong) = (0_u32, 0_u32);
        for round in 0..3 {
            for i in 0..levers {
                let lever = format!("price_{i}");
                // A fifth of the changes help by what is looked for, a tenth do harm, the others nothing.
                let effect = match (i * 7 + round * 3) % 10 {
                    0 | 1 => 0.12,
                    2 => -0.12,
                    _ => 0.0,
                };
                real += usize::from(effect > 0.0);
                c.traffic.insert(lever.clone(), Traffic::with(4000.0, "signup_rate", effect));
                let value = match c.world.engine.lever(&lever) {
                    Some(epoch_model::business::LeverValue::Number(n)) => *n,
                    _ => 29.0,
                };
                c.ask(on(&lever, &format!("e{round}_{i}"), value));
            }
            let mut days = 0;
            while c.world.engine.experiments().any(|e| e.state == State::Running) && days < 70 {
                c.quick_day();
                days += 1;
            }
            for i in 0..levers {
                let e = c.experiment(&format!("e{round}_{i}"));
                let conclusion = e.conclusion.as_ref().unwrap_or_else(|| panic!("answered: {:?}", e.history));
                let shipped = c.card(e.decisions.last().expect("an end")).policy.answer == PolicyAnswer::Run;
                if matches!(conclusion.call, Call::Ship { .. }) {
                    assert!(shipped, "a call of the stream runs alone where policy lets it");
                    let true_effect = c.traffic[&format!("price_{i}")].effects[&("signup_rate".into(), "test".into())];
                    calls += 1;
                    alone += 1;
                    wrong += u32::from(true_effect <= 0.0);
                    found += usize::from(true_effect > 0.0);
                }
            }
            // Observed levers are free again a month later.
            for _ in 0..40 {
                c.quick_day();
            }
        }
        shares.push(if calls == 0 { 0.0 } else { f64::from(wrong) / f64::from(calls) });
        assert_eq!(c.portfolio.budget.calls, u64::from(calls));
    }
    let realised: f64 = shares.iter().sum::<f64>() / shares.len() as f64;
    println!("false share of calls by stream {shares:?}, mean {realised:.3}; {found} of {real} effects found");
    assert!(realised <= 0.05 + 0.03, "{shares:?}");
    assert!(found * 10 >= real * 7, "{found} of {real} found, {alone} calls");
}

#[test]
fn equal_arms_are_called_no_more_often_than_they_may() {
    let levers = 60;
    let mut c = factory(levers, 7);
    for i in 0..levers {
        let lever = format!("price_{i}");
        c.traffic.insert(lever.clone(), Traffic::with(4000.0, "signup_rate", 0.0));
        let mut spec = on(&lever, &format!("aa{i}"), 29.0);
        spec.arms[1].value = number(29.0);
        spec.purpose = Purpose::SelfAudit;
        c.ask(spec);
    }
    for _ in 0..60 {
        c.quick_day();
    }
    let audit = &c.portfolio.audit;
    println!("{audit:?}");
    assert_eq!(audit.aa_tests, levers as u64, "{audit:?}");
    assert!(audit.aa_called <= 8 && !audit.failed, "{audit:?}");
    assert!(audit.injected == levers as u64 && audit.found * 10 >= audit.injected * 6, "{audit:?}");
    assert!(
        audit.found_days > 6.0 && audit.intervals == 2 * levers as u64 && audit.inside * 100 >= audit.intervals * 88,
        "{audit:?}"
    );
    assert_eq!(c.portfolio.budget.tests, 0, "audits take nothing from the stream");
    assert!(c.world.engine.experiments().all(|e| e.state == State::Archived));
}
