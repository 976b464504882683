//! What proposers earn and lose, seen from outside.

use epoch_engine::{Action, Input, counterfactual};
use epoch_model::autonomy::{Autonomy, Standing};
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{Decision, State, Verdict};
use epoch_model::time::DAY;
use epoch_policy::Policy;

use crate::bounds::{call, decision, discount, free, put};
use crate::world::World;

fn ladder(world: &World) -> Vec<Standing> {
    let told = world.log.iter().rev().flat_map(|(_, _, a)| a.iter().rev());
    let mut told = told.filter_map(|a| match a {
        Action::Standings(s) => Some(s.clone()),
        _ => None,
    });
    told.next().unwrap_or_default()
}

#[test]
fn a_record_is_on_every_card_and_grows_with_scored_outcomes_only() {
    let mut world = free("audit_share = 0", "");
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    let standing = d.standing.clone().expect("a standing");
    assert_eq!(
        (standing.level, standing.threshold, standing.cell.act.as_str()),
        (Autonomy::Propose, Some(0.95), "set_lever")
    );
    assert!(standing.missing.len() >= 2 && standing.cases.abs() < 1e-9, "{standing:?}");
    world.done(&d.id);
    assert!(ladder(&world).iter().all(|s| s.cases.abs() < 1e-9), "that it ran is no outcome");
    world.days(10);
    assert_eq!(decision(&world, &p).state, State::Scored);
    let own = ladder(&world).into_iter().find(|s| s.cell == standing.cell).expect("on the ladder");
    assert!((own.cases - 1.0).abs() < 0.01 && (own.acceptable - 1.0).abs() < 0.01, "{own:?}");
    let cells = |all: Vec<Standing>| all.into_iter().map(|s| (s.cell, s.level)).collect::<Vec<_>>();
    assert_eq!(cells(world.engine.standings()), cells(ladder(&world)));
    let reliability = world.engine.reliability().get("client:desk").expect("a record");
    assert_eq!((reliability.scored, reliability.hits.len()), (1, 1));
}

#[test]
fn an_objection_after_it_ran_takes_the_cell_down_although_policy_lets_it_run() {
    let mut world = free("audit_share = 0", "");
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    world.done(&d.id);
    world.answer(&d.id, Verdict::Veto { reason: "wrong".into(), text: "customers complained".into() });
    let cell = d.standing.expect("a standing").cell;
    let down = ladder(&world).into_iter().find(|s| s.cell == cell).expect("on the ladder");
    assert!(down.lowered.as_ref().is_some_and(|(_, why)| why.contains("customers complained")), "{down:?}");
    world.days(10);
    let after = ladder(&world).into_iter().find(|s| s.cell == cell).expect("on the ladder");
    assert!(after.cases < 1.01 && after.acceptable < 0.01, "one objection is one case: {after:?}");
    let next = discount(&world, "b", 20.0);
    let asks = put(&mut world, &next);
    assert_eq!((asks.state, asks.policy.answer), (State::Pending, PolicyAnswer::Ask));
    assert!(
        asks.policy.reason.contains("taken down") && asks.policy.reason.contains("complained"),
        "{}",
        asks.policy.reason
    );
    world.answer(&asks.id, Verdict::Approve);
    world.done(&asks.id);
    world.days(10);
    let again = discount(&world, "c", 25.0);
    assert_eq!(put(&mut world, &again).state, State::Pending, "an approval alone does not make good for a fault");
}

#[test]
fn a_broken_guardrail_takes_down_what_was_being_observed() {
    let rail = "[[guardrail]]\nmetric = \"refund_rate\"\nworsens_by_at_most = \"50 %\"\n";
    let mut world = free("audit_share = 0", rail);
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    world.done(&d.id);
    world.day(1.0, 1.0);
    world.day_with(1.0, 1.0, 1.0, 5.0);
    let cell = d.standing.expect("a standing").cell;
    let down = ladder(&world).into_iter().find(|s| s.cell == cell).expect("on the ladder");
    assert!(down.lowered.as_ref().is_some_and(|(_, why)| why.contains("Guardrail broken")), "{down:?}");
    assert!(down.missing.iter().any(|m| m.contains("guardrail broke")), "{:?}", down.missing);
    world.days(10);
    let scored = ladder(&world).into_iter().find(|s| s.cell == cell).expect("on the ladder");
    assert!(
        scored.cases > 0.9 && scored.acceptable < 0.01,
        "inside its interval or not, it is not acceptable: {scored:?}"
    );
}

#[test]
fn another_version_asks_until_the_founder_approved_it_once() {
    let mut world = free("audit_share = 0", "");
    let of = |key: &str, version: &str| epoch_model::proposal::Proposal { version: version.into(), ..call(key) };
    for (key, version, state) in [
        ("a", "1.0", State::Executing),
        ("b", "1.0", State::Executing),
        ("c", "1.1", State::Pending),
        ("d", "1.1", State::Pending),
    ] {
        let d = put(&mut world, &of(key, version));
        assert_eq!(d.state, state, "{key}: {:?}", d.policy);
    }
    let id = decision(&world, &call("c")).id;
    world.answer(&id, Verdict::Approve);
    assert_eq!(put(&mut world, &of("e", "1.1")).state, State::Executing);
}

#[test]
fn rules_may_ask_for_what_was_earned_and_how_things_stand() {
    let text = r#"
        @title("Earned") permit (principal, action in [Action::"execute", Action::"propose"], resource) when { context.autonomy >= 2 };
        @title("Known hands") permit (principal, action in [Action::"execute", Action::"propose"], resource)
          when { context.effect == "webhook" && !context.first_contact && !context.breaker_open };
        @title("Asks") permit (principal, action == Action::"propose", resource);
    "#;
    let plain = free("audit_share = 0", "");
    let Some((Input::Configure { business, .. }, _, _)) = plain.log.first() else { panic!("configured first") };
    let mut business = business.as_ref().clone();
    business.cedar = Some(text.to_owned());
    let mut world = World::of(business, Vec::new());
    let first = put(&mut world, &call("a"));
    assert_eq!((first.state, first.policy.rule.as_str()), (State::Pending, "Asks"));
    assert!(first.conditions.first_contact);
    world.answer(&first.id, Verdict::Approve);
    world.done(&first.id);
    let second = put(&mut world, &call("b"));
    assert_eq!((second.state, second.policy.rule.as_str()), (State::Executing, "Known hands"));
    world.send(Input::Breaker { effect: "ops_alert".into(), open: true });
    assert_eq!(put(&mut world, &call("c")).state, State::Pending);
    world.send(Input::Breaker { effect: "ops_alert".into(), open: false });
    assert_eq!(put(&mut world, &call("d")).state, State::Executing);
}

/// Decisions that were asked and approved, asked and refused, and ran alone, all but the refused ones scored.
fn past() -> (World, Vec<Decision>) {
    let mut world = free("audit_share = 0", "");
    world.days(60);
    let mut made = Vec::new();
    for n in 0..8_u32 {
        let p = discount(&world, &format!("n{n}"), if n.is_multiple_of(2) { 15.0 } else { 20.0 });
        let d = put(&mut world, &p);
        assert_eq!(d.state, State::Executing, "{:?}", d.policy);
        world.done(&d.id);
        for _ in 0..10 {
            world.day(1.0 + 0.01 * f64::from(n), 1.0);
        }
        made.push(decision(&world, &p));
    }
    (world, made)
}

#[test]
fn another_policy_is_held_against_what_happened() {
    let (world, made) = past();
    let Some((Input::Configure { business, .. }, _, _)) = world.log.first() else { panic!("configured first") };
    let read = |text: &str| Policy::read(text).expect("valid");
    let runs = read("permit (principal, action, resource);");
    let same = counterfactual(&runs, business, &made);
    assert_eq!((same.looked_at, same.same), (8, 8));
    assert!(same.difference.is_empty() && same.unknowable.is_empty(), "{same:?}");

    let asks = read(r#"permit (principal, action == Action::"propose", resource);"#);
    let asked = counterfactual(&asks, business, &made);
    assert_eq!((asked.would_ask.decisions, asked.would_ask.unknown), (8, 0));
    assert!(asked.minutes_saved < 0 && asked.unknowable.len() == 2, "{asked:?}");

    let denies = read(
        r#"forbid (principal, action, resource) when { context.act == "set_lever" }; permit (principal, action, resource);"#,
    );
    let denied = counterfactual(&denies, business, &made);
    let came: f64 = made.iter().filter_map(|d| d.outcome.as_ref()?.money_minor).map(|m| m as f64).sum();
    let [lost] = denied.difference.as_slice() else { panic!("one unit: {denied:?}") };
    assert_eq!((lost.unit.as_str(), lost.scored), ("money", 8));
    assert!((lost.total + came).abs() < 1e-6, "what it brought is taken away");
    let (low, high) = (lost.low.expect("a bound"), lost.high.expect("a bound"));
    assert!(low < lost.total && lost.total < high);

    // The same ones asked and refused have no outcome.
    let mut refused = made.clone();
    for d in &mut refused {
        d.outcome = None;
        d.state = State::Rejected;
        d.history.retain(|t| t.to == State::Draft);
        let mut asked = d.history[0].clone();
        asked.to = State::Pending;
        d.history.push(asked);
    }
    let would = counterfactual(&runs, business, &refused);
    assert_eq!((would.would_run.decisions, would.would_run_refused, would.would_run.unknown), (8, 8, 8));
    assert!(would.would_run.came_to.is_empty() && would.refused_predicted_minor.1 != 0, "{would:?}");
    assert!(would.unknowable[0].contains("no outcome"), "{:?}", would.unknowable);
}

#[test]
fn two_runs_of_the_same_inputs_give_the_same_bytes() {
    let (world, _) = past();
    let mut engine = epoch_engine::Engine::new();
    let mut rng = <rand_pcg::Pcg64 as rand_core::SeedableRng>::seed_from_u64(5);
    for (n, (input, now, actions)) in world.log.iter().enumerate() {
        if n % 50 == 7 {
            engine = epoch_engine::Engine::restore(&engine.snapshot()).expect("restores");
        }
        let again = engine.handle(input, *now, &mut rng);
        assert_eq!(
            serde_json::to_string(&again).expect("writes"),
            serde_json::to_string(actions).expect("writes"),
            "input {n}"
        );
    }
    assert!(world.now > 100 * DAY);
}
