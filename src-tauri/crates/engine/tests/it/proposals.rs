//! What others put forward becomes a card like any other, once per key, and only when it holds together.

use epoch_engine::{Engine, Input};
use epoch_model::Code;
use epoch_model::business::{LeverValue, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Evidence, RowsRef, State, Strength, Verdict};
use epoch_model::proposal::Proposal;
use epoch_model::time::DAY;
use serde_json::json;

use crate::offers::{call, card, choose, expecting, offer, propose, propose_by, set};
use crate::world::{BUSINESS, World, effects, number, refusals};

fn ready() -> World {
    let mut world = World::new(BUSINESS);
    world.days(90);
    world
}

#[test]
fn a_proposal_with_an_expectation_has_a_whole_card() {
    let mut world = ready();
    propose(&mut world, expecting(offer("client:desk", "k1", set("pro_price", 25.0)), "revenue"));
    let d = card(&world, "client:desk", "k1");
    assert_eq!((d.state, d.proposal.as_deref()), (State::Pending, Some("k1")));
    assert_eq!(d.act, Act::SetLever { lever: "pro_price".into(), from: number(29.0), to: number(25.0) });
    assert!(d.prediction.value.p10 < d.prediction.value.p50 && d.prediction.value.p50 < d.prediction.value.p90);
    assert!(d.prediction.value.p50 > d.nothing.value.p50 && d.prediction.value.method.contains("client:desk expects"));
    assert!(d.stake_minor.is_some_and(|s| s > 0) && d.prediction.p_worse > 0.0 && d.prediction.p_worse < 0.5);
    assert_eq!(d.dry_run, "pro_price: 29 -> 25");
    assert!(d.counter_search.contains("scored decisions of this kind") && d.undo.contains("29"));
    assert!(d.evidence[0].at <= world.now, "nothing was observed in the future");
    assert_eq!((d.alternatives[0].what.as_str(), d.editable[0].field.as_str()), ("Do nothing", "to"));
    assert!(d.standing.is_some() && !d.idempotency_key.is_empty());
}

#[test]
fn a_step_that_predicts_nothing_ends_when_it_was_done() {
    let mut world = ready();
    let actions = propose(&mut world, offer("workflow:refund", "run 1 node 2", call("paid back")));
    let d = card(&world, "workflow:refund", "run 1 node 2");
    assert!(!d.predicts());
    assert_eq!(effects(&actions).len(), 1, "R0 runs alone: {:?}", d.policy);
    world.done(&d.id);
    assert_eq!(world.state(&d.id), Some(State::Executed));
    assert!(world.engine.decision(&d.id).is_none(), "nothing is watched, so it is over");
    assert_eq!(world.engine.proposal("workflow:refund", "run 1 node 2"), Some(d.id.as_str()));
}

#[test]
fn one_key_is_one_proposal_also_when_it_has_ended_and_after_a_restart() {
    let mut world = ready();
    let one = offer("workflow:w", "once", call("x"));
    propose(&mut world, one.clone());
    let id = card(&world, "workflow:w", "once").id;
    assert!(propose(&mut world, one.clone()).is_empty());
    world.done(&id);
    assert!(propose(&mut world, one.clone()).is_empty());
    world.engine = Engine::restore(&world.engine.snapshot()).expect("its own snapshot");
    assert!(propose(&mut world, one).is_empty());
    assert_eq!(world.engine.proposal("workflow:w", "once"), Some(id.as_str()));
    propose(&mut world, offer("workflow:w", "twice", call("x")));
    assert_ne!(world.engine.proposal("workflow:w", "twice"), Some(id.as_str()));
    assert_eq!(world.engine.proposal("workflow:other", "once"), None);
}

#[test]
fn what_does_not_hold_together_is_refused_and_leaves_nothing_behind() {
    let mut world = ready();
    let base = || offer("client:desk", "k", set("pro_price", 25.0));
    let with = |change: &dyn Fn(&mut Proposal)| {
        let mut p = base();
        change(&mut p);
        p
    };
    let evidence = |strength, text: &str| Evidence { text: text.into(), strength, at: 0, insight: None, rows: None };
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let rows = |metric: &str, from, to| Some(RowsRef { metric: metric.into(), from, to, segment: None });
    let end = Act::EndExperiment { experiment: "x".into(), lever: "pro_price".into(), from: number(1.0), ship: None };
    let no_choice = Act::Choose { question: "?".into(), options: vec!["a".into()], choice: "b".into() };
    let twice = Act::Choose { question: "?".into(), options: vec!["a".into(), "a".into()], choice: "a".into() };
    let payload = |payload| Act::Call { effect: "ops_alert".into(), payload };
    let cases: Vec<(&str, Proposal, Code)> = vec![
        ("unknown lever", with(&|p| p.act = set("nope", 1.0)), Code::NotFound),
        ("value off the range", with(&|p| p.act = set("pro_price", 500.0)), Code::InvalidArgument),
        ("not a number", with(&|p| p.act = set("pro_price", f64::NAN)), Code::InvalidArgument),
        ("nothing to do", with(&|p| p.act = set("pro_price", 29.0)), Code::WrongState),
        ("an experiment", with(&|p| p.act = end.clone()), Code::Denied),
        ("unknown effect", with(&|p| p.act = Act::Call { effect: "nope".into(), payload: json!({}) }), Code::NotFound),
        ("payload is a list", with(&|p| p.act = payload(json!([1]))), Code::InvalidArgument),
        ("payload is deep", with(&|p| p.act = payload(json!({ "a": deep.clone() }))), Code::InvalidArgument),
        ("payload is large", with(&|p| p.act = payload(json!({ "a": "x".repeat(70_000) }))), Code::InvalidArgument),
        ("choice not offered", with(&|p| p.act = no_choice.clone()), Code::InvalidArgument),
        ("option twice", with(&|p| p.act = twice.clone()), Code::InvalidArgument),
        ("no key", with(&|p| p.key = " ".into()), Code::InvalidArgument),
        ("long key", with(&|p| p.key = "k".repeat(201)), Code::InvalidArgument),
        ("long headline", with(&|p| p.headline = "k".repeat(301)), Code::InvalidArgument),
        ("control characters", with(&|p| p.headline = "a\u{7}b".into()), Code::InvalidArgument),
        ("much evidence", with(&|p| p.evidence = vec![evidence(Strength::Expert, "e"); 21]), Code::InvalidArgument),
        ("long evidence", with(&|p| p.evidence[0].text = "e".repeat(1001)), Code::InvalidArgument),
        ("rows of nothing", with(&|p| p.evidence[0].rows = rows("nope", 0, 1)), Code::NotFound),
        ("rows backwards", with(&|p| p.evidence[0].rows = rows("revenue", 1, 1)), Code::InvalidArgument),
        ("own experiment", with(&|p| p.evidence[0].strength = Strength::Experiment), Code::InvalidArgument),
        ("own quasi-experiment", with(&|p| p.evidence[0].strength = Strength::Quasi), Code::InvalidArgument),
        ("no time to answer", with(&|p| p.expires_in = 0), Code::InvalidArgument),
        ("for ever", with(&|p| p.expires_in = i64::MAX), Code::InvalidArgument),
        ("unknown metric", expecting(base(), "nope"), Code::NotFound),
        (
            "quantiles out of order",
            with(&|p| {
                *p = expecting(p.clone(), "revenue");
                p.expected.as_mut().expect("just set").p10 = 1.0;
            }),
            Code::InvalidArgument,
        ),
        (
            "not finite",
            with(&|p| {
                *p = expecting(p.clone(), "revenue");
                p.expected.as_mut().expect("just set").p90 = f64::INFINITY;
            }),
            Code::InvalidArgument,
        ),
        ("a client undoes without asking", with(&|p| p.compensation = true), Code::Denied),
    ];
    let before = world.engine.snapshot();
    for (what, proposal, code) in cases {
        let actions = propose(&mut world, proposal);
        assert_eq!(refusals(&actions), [code], "{what}");
        assert_eq!(world.engine.snapshot(), before, "{what} left something behind");
    }
}

#[test]
fn nobody_speaks_in_another_s_name() {
    let mut world = ready();
    for (proposer, by) in [
        ("client:a", "client:b"),
        ("workflow:w", "client:a"),
        ("playbook:p", "system"),
        ("playbook:p", "client:a"),
        ("operator:x", "client:a"),
        ("operator:x", "operator:y"),
        ("engine", "system"),
        ("experiment:start", "system"),
        ("client:a b", "client:a b"),
    ] {
        let actions = propose_by(&mut world, by, offer(proposer, "k", call("x")));
        assert_eq!(refusals(&actions), [Code::Denied], "{proposer} by {by}");
    }
}

#[test]
fn a_client_has_a_bounded_number_of_open_decisions() {
    let mut world = ready();
    for i in 0..50 {
        assert_eq!(refusals(&propose(&mut world, offer("client:a", &format!("k{i}"), choose()))), []);
    }
    assert_eq!(refusals(&propose(&mut world, offer("client:a", "k50", choose()))), [Code::Overloaded]);
    assert_eq!(refusals(&propose(&mut world, offer("client:b", "k50", choose()))), []);
}

#[test]
fn an_undoing_step_runs_without_asking_whatever_policy_says() {
    let denies = format!("{BUSINESS}\n[[policy]]\nname = \"nothing\"\nanswer = \"deny\"\n");
    let mut world = World::new(&denies);
    world.days(10);
    let refused = propose(&mut world, offer("workflow:w", "do", call("x")));
    assert!(effects(&refused).is_empty());
    let undo = Proposal { compensation: true, ..offer("workflow:w", "undo", call("x")) };
    let actions = propose(&mut world, undo);
    assert_eq!(effects(&actions).len(), 1);
    let d = card(&world, "workflow:w", "undo");
    assert_eq!((d.policy.answer, d.policy.rule.as_str()), (PolicyAnswer::Run, "undoing"));
}

#[test]
fn harder_to_undo_is_believed_easier_is_not() {
    let mut world = ready();
    for (said, is) in [(Reversibility::R3, Reversibility::R3), (Reversibility::R0, Reversibility::R1)] {
        let key = format!("{said:?}");
        let p = Proposal { reversibility: Some(said), ..offer("client:a", &key, set("pro_price", 25.0)) };
        propose(&mut world, p);
        let d = card(&world, "client:a", &key);
        assert_eq!(d.reversibility, is);
        world.answer(&d.id, Verdict::Veto { reason: "other".into(), text: String::new() });
    }
}

#[test]
fn a_proposal_is_taken_back_by_its_proposer_alone_and_only_before_it_ran() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", choose()));
    propose(&mut world, offer("workflow:w", "ran", call("x")));
    let withdraw = |proposer: &str, key: &str| Input::Withdrawn {
        proposer: proposer.into(),
        key: key.into(),
        reason: "changed my mind".into(),
    };
    assert_eq!(refusals(&world.send(withdraw("client:b", "k"))), [Code::NotFound]);
    assert_eq!(refusals(&world.send(withdraw("workflow:w", "ran"))), [Code::WrongState]);
    let id = card(&world, "client:a", "k").id;
    assert_eq!(refusals(&world.send(withdraw("client:a", "k"))), []);
    assert_eq!(world.state(&id), Some(State::Withdrawn));
    assert_eq!(refusals(&world.send(withdraw("client:a", "k"))), [Code::WrongState]);
}

#[test]
fn a_report_is_heard_from_its_proposer_after_it_ran() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", call("x")));
    let id = card(&world, "client:a", "k").id;
    let report =
        |by: &str, good| Input::Reported { decision: id.clone(), by: by.into(), good, text: "it broke".into() };
    assert_eq!(refusals(&world.send(report("client:a", false))), [Code::WrongState]);
    world.done(&id);
    assert_eq!(refusals(&world.send(report("client:b", false))), [Code::NotFound]);
    let heard = world.send(report("client:a", false));
    assert!(crate::offers::notices(&heard)[0].contains("went badly: it broke"));
}

#[test]
fn what_expired_can_be_opened_again_with_a_fresh_prediction() {
    let mut world = ready();
    propose(&mut world, expecting(offer("client:a", "k", set("pro_price", 25.0)), "revenue"));
    let shown = card(&world, "client:a", "k");
    world.now += 4 * DAY;
    world.day = (world.now - crate::world::START) / DAY - 1;
    world.day(1.0, 1.0);
    assert_eq!(world.state(&shown.id), Some(State::Expired));
    let ended = world
        .log
        .iter()
        .flat_map(|(_, _, a)| a)
        .filter_map(|a| match a {
            epoch_engine::Action::Decision(d) if d.id == shown.id => Some(d.as_ref().clone()),
            _ => None,
        })
        .next_back()
        .expect("emitted");
    let business = crate::world::business(BUSINESS);
    assert_eq!(epoch_engine::again(&shown, &business, 0).map_err(|e| e.code), Err(Code::WrongState));
    let again = epoch_engine::again(&ended, &business, world.now).expect("it ended without running");
    let key = again.key.clone();
    propose_by(&mut world, "operator:me", again);
    let fresh = card(&world, "client:a", &key);
    assert_ne!(fresh.id, shown.id);
    assert_eq!(fresh.act, shown.act);
    assert!(fresh.prediction.from > shown.prediction.from);
    let ratio = |d: &epoch_model::decision::Decision| d.prediction.value.p50 / d.nothing.value.p50;
    assert!((ratio(&fresh) - ratio(&shown)).abs() < 0.02, "{} and {}", ratio(&fresh), ratio(&shown));
}

#[test]
fn fields_of_a_call_are_edited_within_their_types() {
    let asks = format!("{BUSINESS}\n[[policy]]\nname = \"all ask\"\nanswer = \"ask\"\n");
    let mut world = World::new(&asks);
    world.days(10);
    propose(&mut world, offer("client:a", "k", call("hello")));
    let d = card(&world, "client:a", "k");
    let edit = |pairs: &[(&str, LeverValue)]| Verdict::Edit {
        set: pairs.iter().map(|(f, v)| ((*f).to_owned(), v.clone())).collect(),
    };
    for bad in [
        edit(&[("payload.text", number(1.0))]),
        edit(&[("payload.size", LeverValue::Text("x".into()))]),
        edit(&[("payload.other", LeverValue::Text("x".into()))]),
        edit(&[("to", number(1.0))]),
        edit(&[]),
    ] {
        assert_eq!(refusals(&world.answer(&d.id, bad)), [Code::InvalidArgument]);
    }
    let actions =
        world.answer(&d.id, edit(&[("payload.text", LeverValue::Text("bye".into())), ("payload.size", number(4.0))]));
    let Act::Call { payload, .. } = effects(&actions)[0].1 else { panic!("a call") };
    assert_eq!(payload, &json!({ "text": "bye", "size": 4.0, "loud": false }));
}
