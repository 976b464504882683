//! Baselines, anomalies, their words and their causes.

use epoch_engine::Action;
use epoch_model::insight::InsightKind;
use epoch_model::time::DAY;

use crate::world::{BUSINESS, World, closed, insights};

#[test]
fn a_calm_past_is_scored_and_stays_quiet() {
    let mut world = World::new(BUSINESS);
    let first = world.days(14);
    assert!(!first.iter().any(|a| matches!(a, Action::Scored { .. })), "two weeks are not enough to expect anything");
    let actions = world.days(120);
    let (mut inside, mut n) = (0, 0);
    for action in &actions {
        if let Action::Scored { actual: Some(v), expected, .. } = action {
            inside += usize::from((expected.p10..=expected.p90).contains(v));
            n += 1;
        }
    }
    assert!(n > 300 && inside * 100 / n >= 75, "{inside} of {n}");
    assert!(insights(&actions).len() <= 4, "{:#?}", insights(&actions));
}

#[test]
fn a_drop_is_found_explained_and_not_repeated() {
    let mut world = World::new(BUSINESS);
    world.days(90);
    let first = world.day(1.0, 0.1);
    let found = insights(&first);
    assert_eq!(found.len(), 1, "{found:#?}");
    let drop = found[0].clone();
    assert_eq!((drop.kind, drop.metric.as_str(), drop.good), (InsightKind::Anomaly, "revenue", Some(false)));
    assert_eq!(drop.drivers.first().map(|d| d.value.as_str()), Some("Germany"));
    assert!(drop.drivers[0].share > 0.8 && drop.drivers.len() == 1, "{:?}", drop.drivers);
    for part in ["Revenue", "EUR", "Apr 2025", "country Germany", "expected"] {
        assert!(drop.headline.contains(part), "{part} in {}", drop.headline);
    }
    let second = world.day(1.0, 0.1);
    let again = insights(&second);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].continues.as_ref(), Some(&drop.id));
    assert!(again[0].headline.contains("is still"), "{}", again[0].headline);
}

#[test]
fn late_history_teaches_but_never_decides() {
    let mut world = World::new(BUSINESS);
    world.now += 400 * DAY;
    world.days(90);
    let actions = world.day(0.2, 1.0);
    assert_eq!(insights(&actions).len(), 1);
    assert!(!actions.iter().any(|a| matches!(a, Action::Decision(_) | Action::Effect { .. })));
}

#[test]
fn rewritten_history_replaces_its_insight() {
    let mut world = World::new(BUSINESS);
    world.days(90);
    let wrong = world.day(0.2, 1.0);
    let id = insights(&wrong)[0].id.clone();
    let again = world.send(closed(90, 0.25, 1.0, 1.0, 1.0));
    assert_eq!(insights(&again)[0].id, id);
    // Corrected: the bucket is ordinary after all.
    let right = world.send(closed(90, 1.0, 1.0, 1.0, 1.0));
    assert!(insights(&right).is_empty());
    assert_eq!(world.engine.closed_until("revenue"), crate::world::START + 91 * DAY);
}

#[test]
fn guardrails_thresholds_and_goals_speak_once() {
    let text = format!(
        "{BUSINESS}\n[[guardrail]]\nmetric = \"refund_rate\"\nworsens_by_at_most = \"0.5 points\"\n\n[[goal]]\nmetric = \"revenue\"\ntarget = 9000\nby = 2025-12-31\n"
    );
    let mut world = World::new(&text);
    let actions = world.days(90);
    let goals: Vec<_> = insights(&actions).into_iter().filter(|i| i.kind == InsightKind::Goal).collect();
    assert_eq!(goals.len(), 1, "{goals:#?}");
    assert!(goals[0].headline.contains("9,000 EUR"), "{}", goals[0].headline);
    let mut broken = Vec::new();
    for _ in 0..3 {
        broken.extend(world.day_with(1.0, 1.0, 1.0, 3.0));
    }
    let rails: Vec<_> = insights(&broken).into_iter().filter(|i| i.kind == InsightKind::Guardrail).collect();
    assert_eq!(rails.len(), 1);
    assert!(rails[0].headline.contains("Refund rate"), "{}", rails[0].headline);
}
