//! What people complain about in other approval systems, each shown not to happen here.

use epoch_engine::{Action, Engine, Input};
use epoch_model::Code;
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{State, Verdict};
use epoch_model::gate::{Ground, OperatorKeys, RunState, admit};
use epoch_model::time::DAY;

use crate::offers::{call, card, choose, notices, offer, propose, set};
use crate::world::{BUSINESS, World, effects, refusals};

fn asking() -> World {
    let mut world = World::new(&format!("{BUSINESS}\n[[policy]]\nname = \"all ask\"\nanswer = \"ask\"\n"));
    world.days(10);
    world
}

#[test]
fn an_approval_can_be_found() {
    let mut world = asking();
    let told = propose(&mut world, offer("client:a", "k", call("x")));
    let d = card(&world, "client:a", "k");
    assert_eq!(notices(&told), [d.headline.as_str()], "the founder is told once, and by which card");
    assert!(world.engine.open_decisions().any(|open| open.id == d.id && open.state == State::Pending));
}

#[test]
fn every_card_comes_to_an_end() {
    let mut world = asking();
    for i in 0..12 {
        propose(&mut world, offer("client:a", &format!("k{i}"), call("x")));
    }
    for day in 0..12 {
        world.now += day * DAY;
        for id in world.engine.open_decisions().map(|d| d.id.clone()).collect::<Vec<_>>() {
            if world.engine.decision(&id).is_some_and(|d| d.state == State::Executing) {
                world.done(&id);
            }
        }
        world.send(Input::Tick);
    }
    assert_eq!(world.engine.open_decisions().count(), 0);
}

#[test]
fn the_gate_is_not_opt_in_for_the_agent() {
    let mut world = asking();
    propose(&mut world, offer("agent:eager", "k", call("x")));
    let mut d = card(&world, "agent:eager", "k");
    let keys = OperatorKeys(vec![world.key.verifying_key().to_bytes()]);
    let ground = Ground::plain(&keys, "Northwind", RunState::Running);
    assert!(admit(&d, None, None, &ground).is_err(), "it waits");
    // Whoever writes the state himself has still no signature.
    d.state = State::Executing;
    assert_eq!(admit(&d, None, None, &ground).map_err(|e| e.code).err(), Some(Code::Denied));
}

#[test]
fn a_timeout_is_not_logged_as_the_founder_s_no() {
    let mut world = asking();
    propose(&mut world, offer("client:a", "k", set("pro_price", 25.0)));
    let id = card(&world, "client:a", "k").id;
    world.now += 3 * DAY;
    let actions = world.send(Input::Tick);
    let last = actions.iter().find_map(|a| match a {
        Action::Decision(d) if d.id == id => d.history.last().cloned(),
        _ => None,
    });
    let last = last.expect("it expired");
    assert_eq!((last.to, last.actor.as_str()), (State::Expired, "system"));
}

#[test]
fn side_effects_are_not_repeated_after_a_restart() {
    let mut world = asking();
    propose(&mut world, offer("workflow:w", "k", call("x")));
    let d = card(&world, "workflow:w", "k");
    assert_eq!(effects(&world.answer(&d.id, Verdict::Approve)).len(), 1);
    world.engine = Engine::restore(&world.engine.snapshot()).expect("its own snapshot");
    let again = [world.send(Input::Tick), propose(&mut world, offer("workflow:w", "k", call("x")))].concat();
    assert!(effects(&again).is_empty());
}

#[test]
fn two_gates_of_one_step_are_not_mixed_up() {
    let mut world = asking();
    for key in ["left", "right"] {
        propose(&mut world, offer("workflow:w", key, call(key)));
    }
    let (left, right) = (card(&world, "workflow:w", "left"), card(&world, "workflow:w", "right"));
    let mut signed = world.sign(&left, Verdict::Approve);
    assert_eq!(effects(&world.send(Input::Verdict { signed: signed.clone() }))[0].0, left.id);
    assert_eq!(world.engine.decision(&right.id).map(|d| d.state), Some(State::Pending));
    signed.claim.decision.clone_from(&right.id);
    assert_eq!(refusals(&world.send(Input::Verdict { signed })), [Code::SignatureInvalid]);
}

#[test]
fn an_approval_counts_once_and_only_in_time() {
    let mut world = asking();
    propose(&mut world, offer("client:a", "k", choose()));
    let d = card(&world, "client:a", "k");
    let signed = world.sign(&d, Verdict::Approve);
    assert_eq!(refusals(&world.send(Input::Verdict { signed: signed.clone() })), []);
    assert_eq!(refusals(&world.send(Input::Verdict { signed })), [Code::WrongState], "a second time");
    propose(&mut world, offer("client:a", "late", set("pro_price", 25.0)));
    let d = card(&world, "client:a", "late");
    let signed = world.sign(&d, Verdict::Approve);
    world.now += 3 * DAY;
    assert_eq!(refusals(&world.send(Input::Verdict { signed })), [Code::WrongState], "after its time");
}

#[test]
fn what_was_approved_cannot_be_changed_afterwards() {
    let mut world = asking();
    propose(&mut world, offer("client:a", "k", call("harmless")));
    let d = card(&world, "client:a", "k");
    let actions = world.answer(&d.id, Verdict::Approve);
    propose(&mut world, offer("client:a", "k", call("harmful")));
    let now = card(&world, "client:a", "k");
    assert_eq!((&now.act, now.act_hash.as_str()), (&d.act, d.act_hash.as_str()));
    assert_eq!(effects(&actions)[0].1, &d.act);
}

#[test]
fn a_rule_that_fails_denies() {
    // `amount` of a text: the rule cannot be evaluated, whatever it wanted to say.
    let mut business = crate::world::business(BUSINESS);
    business.cedar = Some("permit(principal, action, resource) when { context.nothing_like_it > 1 };".to_owned());
    let mut world = World::of(business, Vec::new());
    world.days(3);
    let actions = propose(&mut world, offer("workflow:w", "k", call("x")));
    assert!(effects(&actions).is_empty());
    let denied = actions.iter().any(|a| {
        matches!(a, Action::Decision(d)
        if d.state == State::Rejected && d.policy.answer == PolicyAnswer::Deny)
    });
    assert!(denied, "{actions:?}");
}

#[test]
fn nothing_happens_when_nothing_happened() {
    let mut world = asking();
    propose(&mut world, offer("client:a", "k", choose()));
    let idle: Vec<Action> = (0..100)
        .flat_map(|_| {
            world.now += 60_000;
            world.send(Input::Tick)
        })
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}
