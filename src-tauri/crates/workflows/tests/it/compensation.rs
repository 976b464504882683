//! What was done is undone: the latest first, once, with the arguments of its time.

use epoch_model::Code;
use epoch_model::business::LeverValue;
use epoch_model::time::DAY;
use epoch_workflows::run::{Request, State, undo_key};
use epoch_workflows::{Answer, Command, Event, Variables};
use serde_json::json;

use crate::bench::{UNDO, World, effect, end, node};

/// Three effects, each with an undo, then one without.
fn chain() -> String {
    let undone = |key: &str, next: &str| effect(key, &format!("{UNDO}\nnext = \"{next}\""));
    format!("{}{}{}{}{}", undone("a", "b"), undone("b", "c"), undone("c", "d"), effect("d", "next = \"end\""), end())
}

fn until_d() -> World {
    let mut world = World::started(&chain());
    for node in ["a", "b", "c"] {
        world.done(node, json!({}));
    }
    world
}

#[test]
fn a_failure_undoes_the_latest_first_and_one_at_a_time() {
    let mut world = until_d();
    world.fails("d", false);
    assert_eq!(world.state(), State::Compensating);
    for node in ["c", "b", "a"] {
        assert_eq!(world.at(), [node], "one at a time");
        world.done(node, json!({}));
    }
    assert_eq!(world.proposals(), ["a", "b", "c", "d", "-c", "-b", "-a"]);
    assert_eq!(world.state(), State::Compensated);
    assert_eq!(world.reason(), "“d” failed: it broke");
}

#[test]
fn cancelling_undoes_too_and_withdraws_what_is_out() {
    let mut world = until_d();
    let key = world.key("d");
    let commands = world.send(Event::Cancel { reason: "the founder stopped it".into() }).unwrap();
    assert!(matches!(&commands[0], Command::Withdraw { key: own, answer: false, .. } if *own == key));
    assert_eq!(world.at(), ["c"]);
    assert_eq!(world.send(Event::Cancel { reason: "again".into() }).unwrap_err().code, Code::WrongState);
    for node in ["c", "b", "a"] {
        world.done(node, json!({}));
    }
    assert_eq!((world.state(), world.reason().as_str()), (State::Compensated, "the founder stopped it"));
}

#[test]
fn with_nothing_done_there_is_nothing_to_undo() {
    let mut world = World::started(&format!("{}{}", effect("a", "next = \"end\""), end()));
    world.send(Event::Cancel { reason: "no".into() }).unwrap();
    assert_eq!((world.state(), world.reason().as_str()), (State::Cancelled, "no"));
}

#[test]
fn an_undoing_that_fails_says_what_remains() {
    for answer in [
        Answer::Failed { reason: "it broke".into(), again: false },
        Answer::Refused { reason: "it broke".into() },
        Answer::Silence,
        Answer::Withdrawn,
    ] {
        let mut world = until_d();
        world.fails("d", false);
        world.done("c", json!({}));
        world.answer("b", answer).unwrap();
        assert_eq!(world.state(), State::Failed);
        let ended = world.run.ended.clone().unwrap();
        assert_eq!(ended.remaining, ["b", "a"]);
        assert!(ended.reason.contains("undoing “b” failed"), "{}", ended.reason);
    }
}

#[test]
fn an_undoing_is_tried_again_as_its_node_says() {
    let rest = format!("{UNDO}\nretry = {{ attempts = 2, first = \"10s\" }}\nnext = \"b\"");
    let mut world = World::started(&format!("{}{}{}", effect("a", &rest), effect("b", "next = \"end\""), end()));
    world.done("a", json!({}));
    world.fails("b", false);
    let key = world.key("a");
    world.fails("a", true);
    assert_eq!(world.state(), State::Compensating);
    let commands = world.sleep();
    assert!(matches!(&commands[0], Command::Propose { key: own, attempt: 2, undoes: Some(_), .. } if *own == key));
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Compensated);
}

#[test]
fn an_undoing_has_a_key_of_its_own_and_names_what_it_undoes() {
    let mut world = until_d();
    let call = world.run.done[2].key.clone();
    world.fails("d", false);
    let Some(Command::Propose { key, undoes, request: Request::Effect { payload, .. }, .. }) = world.told.last() else {
        panic!()
    };
    assert_eq!((key, undoes.as_ref()), (&undo_key(&call), Some(&call)));
    assert_eq!(*payload, json!({"take": "back"}));
    assert_ne!(*key, call);
}

#[test]
fn arguments_of_an_undoing_are_those_of_its_time() {
    let text = format!(
        "{}{}{}{}{}",
        node("one", "set", "values = { n = 1 }\nnext = \"a\""),
        effect(
            "a",
            "into = { id = \"id\" }\nundo = { effect = \"alert\", payload = { n = \"{n}\", id = \"{id}\" } }\nnext = \"two\""
        ),
        node("two", "set", "values = { n = 2, id = 0 }\nnext = \"b\""),
        effect("b", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    world.done("a", json!({"id": 41}));
    world.fails("b", false);
    let Some(Command::Propose { request: Request::Effect { payload, .. }, .. }) = world.told.last() else { panic!() };
    assert_eq!(*payload, json!({"n": 1, "id": 41}));
}

#[test]
fn a_lever_is_put_back_to_what_it_was() {
    for (value, expect) in [(json!({"from": 29, "to": 33}), Some(LeverValue::Number(29.0))), (json!({}), None)] {
        let text = format!(
            "{}{}{}",
            node("price", "lever", "lever = \"pro_price\"\nto = 33\nundo = \"restore\"\nnext = \"b\""),
            effect("b", "next = \"end\""),
            end()
        );
        let mut world = World::started(&text);
        let key = world.key("price");
        world.done("price", value);
        world.fails("b", false);
        let Some(Command::Propose { request, .. }) = world.told.last() else { panic!() };
        assert_eq!(*request, Request::Restore { lever: "pro_price".into(), of: key, to: expect });
    }
}

#[test]
fn an_undoing_that_cannot_be_made_up_ends_the_run_as_failed() {
    let undo = "undo = { effect = \"alert\", payload = { n = \"{true + 1}\" } }";
    let text = format!("{}{}{}", effect("a", &format!("{undo}\nnext = \"b\"")), effect("b", "next = \"end\""), end());
    let mut world = World::started(&text);
    world.done("a", json!({}));
    world.fails("b", false);
    assert_eq!((world.state(), world.run.ended.clone().unwrap().remaining), (State::Failed, vec!["a".to_owned()]));
}

/// An effect with an undo that is out when the run is cancelled.
fn in_flight() -> (World, String) {
    let text = format!("{}{}", effect("a", &format!("{UNDO}\nnext = \"end\"")), end());
    let mut world = World::started(&text);
    let key = world.key("a");
    let commands = world.send(Event::Cancel { reason: "stop".into() }).unwrap();
    assert!(matches!(commands[0], Command::Withdraw { answer: true, .. }), "it may have taken place");
    assert_eq!(world.state(), State::Compensating);
    (world, key)
}

#[test]
fn a_withdrawn_call_that_took_place_all_the_same_is_undone() {
    let (mut world, key) = in_flight();
    let answer = Answer::Done { value: json!({}), cost_minor: 7 };
    world.send(Event::Answered { key, attempt: 1, answer }).unwrap();
    assert_eq!((world.proposals(), world.run.counters.spent_minor), (vec!["a".into(), "-a".into()], 7));
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Compensated);
}

#[test]
fn a_withdrawn_call_that_did_not_take_place_needs_no_undoing() {
    let (mut world, key) = in_flight();
    world.send(Event::Answered { key, attempt: 1, answer: Answer::Withdrawn }).unwrap();
    assert_eq!((world.state(), world.proposals()), (State::Cancelled, vec!["a".to_owned()]));
}

#[test]
fn a_withdrawn_call_of_which_nothing_is_heard_is_named() {
    let (mut world, _) = in_flight();
    assert_eq!(world.run.due(), Some(world.now + DAY));
    world.sleep();
    assert_eq!((world.state(), world.run.ended.clone().unwrap().remaining), (State::Failed, vec!["a".to_owned()]));
}

#[test]
fn a_call_that_timed_out_and_took_place_later_is_undone_when_the_run_fails() {
    let text = format!(
        "{}{}{}",
        effect("a", &format!("{UNDO}\ntimeout = {{ after = \"1h\", next = \"b\" }}\nnext = \"end\"")),
        effect("b", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    let key = world.key("a");
    world.sleep();
    assert_eq!(world.run.tokens[0].node, "b");
    world.send(Event::Answered { key, attempt: 1, answer: Answer::Done { value: json!({}), cost_minor: 0 } }).unwrap();
    let key = world.run.tokens[0].wait.clone().unwrap().key;
    let failed = Answer::Failed { reason: "x".into(), again: false };
    world.send(Event::Answered { key, attempt: 1, answer: failed }).unwrap();
    assert_eq!(world.proposals(), ["a", "b", "-a"]);
}

#[test]
fn cancelling_cancels_what_was_started_and_waits_for_its_end() {
    let text = format!("{}{}", node("other", "sub", "workflow = \"other\"\nnext = \"end\""), end());
    for (state, expect) in [
        (State::Compensated, State::Cancelled),
        (State::Cancelled, State::Cancelled),
        (State::Succeeded, State::Cancelled),
        (State::Failed, State::Failed),
    ] {
        let mut world = World::started(&text);
        let key = world.key("other");
        let commands = world.send(Event::Cancel { reason: "stop".into() }).unwrap();
        assert!(matches!(&commands[0], Command::CancelSub { key: own, .. } if *own == key));
        assert_eq!(world.state(), State::Compensating);
        world.send(Event::SubEnded { key, state, reason: "r".into(), variables: Variables::new() }).unwrap();
        assert_eq!(world.state(), expect);
    }
}

#[test]
fn an_end_that_fails_undoes_what_was_done() {
    let text =
        format!("{}{}", effect("a", &format!("{UNDO}\nnext = \"bad\"")), node("bad", "end", "outcome = \"failed\""));
    let mut world = World::started(&text);
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Compensating);
    world.done("a", json!({}));
    assert_eq!((world.state(), world.reason().as_str()), (State::Compensated, "it came to “bad”"));
}

#[test]
fn what_was_withdrawn_long_ago_is_waited_for_from_the_failure_on() {
    let text = format!(
        "{}{}{}",
        effect("a", &format!("{UNDO}\ntimeout = {{ after = \"1h\", next = \"b\" }}\nnext = \"end\"")),
        effect("b", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    world.sleep();
    world.now += 5 * DAY;
    world.send(Event::Cancel { reason: "stop".into() }).unwrap();
    assert_eq!((world.state(), world.run.due()), (State::Compensating, Some(world.now + DAY)));
}
