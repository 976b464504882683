//! Paths side by side, and how they come together.

use epoch_workflows::run::State;
use epoch_workflows::{Command, Event};
use serde_json::json;

use crate::bench::{UNDO, World, effect, end, node};

fn fork(ways: &str) -> String {
    node("fork", "set", &format!("values = {{ x = 1 }}\nnext = [{ways}]"))
}

#[test]
fn a_join_of_all_waits_for_every_path() {
    let text = format!(
        "{}{}{}{}{}{}",
        fork("\"a\", \"b\", \"c\""),
        effect("a", "next = \"join\""),
        effect("b", "next = \"join\""),
        node("c", "wait", "for = \"1h\"\nnext = \"join\""),
        node("join", "join", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    assert_eq!(world.at(), ["a", "b", "c"]);
    world.done("b", json!({}));
    world.sleep();
    assert_eq!(world.at(), ["a", "join", "join"]);
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Succeeded);
    assert_eq!(world.run.visits["end"], 1, "one token leaves the join");
}

#[test]
fn a_path_that_ends_elsewhere_is_not_waited_for() {
    let text = format!(
        "{}{}{}{}{}{}",
        fork("\"a\", \"b\""),
        effect("a", "next = \"join\""),
        node("b", "signal", "signal = \"go\"\ntimeout = { after = \"1h\", next = \"gone\" }\nnext = \"join\""),
        node("join", "join", "next = \"last\""),
        effect("last", "next = \"gone\""),
        node("gone", "end", "")
    );
    let mut world = World::started(&text);
    world.done("a", json!({}));
    assert_eq!(world.at(), ["join", "b"].map(String::from).into_iter().collect::<Vec<_>>());
    world.sleep();
    assert_eq!(world.at(), ["last"], "the other path has ended, so the join goes on");
}

#[test]
fn a_join_of_any_goes_on_with_the_first_and_withdraws_the_others() {
    let text = format!(
        "{}{}{}{}{}{}{}",
        fork("\"a\", \"b\", \"c\""),
        effect("a", &format!("{UNDO}\nnext = \"join\"")),
        effect("b", "next = \"join\""),
        node("c", "signal", "signal = \"go\"\nnext = \"join\""),
        node("join", "join", "of = \"any\"\nnext = \"last\""),
        effect("last", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    let (a, b) = (world.key("a"), world.key("b"));
    let commands =
        world.send(Event::Signal { id: "1".into(), name: "go".into(), key: None, payload: json!(null) }).unwrap();
    let withdrawn: Vec<(&str, bool)> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Withdraw { key, answer, .. } => Some((key.as_str(), *answer)),
            _ => None,
        })
        .collect();
    assert_eq!(withdrawn, [(a.as_str(), true), (b.as_str(), false)]);
    assert_eq!(world.run.tokens.len(), 1);
    assert_eq!(world.run.tokens[0].node, "last");
    assert!(world.run.tokens[0].scopes.is_empty(), "it has left the fork");
    assert_eq!(world.run.settling.len(), 1, "whether a took place is still to be heard");
}

#[test]
fn forks_within_forks_come_together_inside_out() {
    let text = format!(
        "{}{}{}{}{}{}{}{}",
        fork("\"inner\", \"c\""),
        node("inner", "set", "values = { y = 1 }\nnext = [\"a\", \"b\"]"),
        effect("a", "next = \"first\""),
        effect("b", "next = \"first\""),
        node("first", "join", "next = \"both\""),
        effect("c", "next = \"both\""),
        node("both", "join", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    assert_eq!(world.at(), ["c", "a", "b"]);
    world.done("a", json!({}));
    world.done("c", json!({}));
    assert_eq!(world.at(), ["both", "first", "b"]);
    world.done("b", json!({}));
    assert_eq!(world.state(), State::Succeeded);
    assert_eq!((world.run.visits["both"], world.run.visits["end"]), (2, 1));
}

#[test]
fn two_joins_of_one_fork_do_not_wait_for_each_other() {
    let text = format!(
        "{}{}{}{}{}{}{}{}{}",
        fork("\"a\", \"b\", \"c\", \"d\""),
        effect("a", "next = \"left\""),
        effect("b", "next = \"left\""),
        effect("c", "next = \"right\""),
        effect("d", "next = \"right\""),
        node("left", "join", "next = \"both\""),
        node("right", "join", "next = \"both\""),
        node("both", "join", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    for node in ["a", "b", "c", "d"] {
        world.done(node, json!({}));
    }
    assert_eq!(world.state(), State::Succeeded);
    assert_eq!((world.run.visits["left"], world.run.visits["both"], world.run.visits["end"]), (2, 2, 1));
}

#[test]
fn a_fork_in_a_loop_gathers_each_round_by_itself() {
    let text = format!(
        "{}{}{}{}{}{}{}{}",
        node("zero", "set", "values = { n = 0 }\nnext = \"fork\""),
        node("fork", "set", "values = { n = \"n + 1\" }\nnext = [\"a\", \"b\"]"),
        node("a", "wait", "for = \"1h\"\nnext = \"join\""),
        node("b", "wait", "for = \"2h\"\nnext = \"join\""),
        node("join", "join", "next = \"more\""),
        node("more", "branch", "cases = [{ when = \"n < 3\", next = \"fork\" }]\notherwise = \"end\""),
        end(),
        ""
    );
    let mut world = World::started(&text);
    while !world.state().is_terminal() {
        world.sleep();
    }
    assert_eq!((world.state(), world.run.visits["join"], world.run.visits["end"]), (State::Succeeded, 6, 1));
}

#[test]
fn one_failing_path_fails_the_run_and_withdraws_the_others() {
    let text = format!(
        "{}{}{}{}{}",
        fork("\"a\", \"b\""),
        effect("a", "next = \"join\""),
        node(
            "b",
            "decision",
            "question = \"?\"\nwithin = \"1d\"\nsilence = \"n\"\noptions = [{ key = \"y\", title = \"Y\" }, { key = \"n\", title = \"N\" }]\nnext = \"join\""
        ),
        node("join", "join", "next = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    let asked = world.key("b");
    let commands = world.fails("a", false);
    assert!(commands.iter().any(|c| matches!(c, Command::Withdraw { key, answer: false, .. } if *key == asked)));
    assert_eq!((world.state(), world.run.tokens.len()), (State::Failed, 0));
}

#[test]
fn paths_that_never_meet_end_the_run_with_the_last() {
    let text =
        format!("{}{}{}{}", fork("\"a\", \"b\""), effect("a", "next = \"end\""), effect("b", "next = \"end\""), end());
    let mut world = World::started(&text);
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Running);
    world.done("b", json!({}));
    assert_eq!(world.state(), State::Succeeded);
}

#[test]
fn a_join_of_any_leaves_alone_what_never_comes_to_it() {
    let text = format!(
        "{}{}{}{}{}{}",
        fork("\"a\", \"b\", \"c\""),
        effect("a", "next = \"join\""),
        effect("b", "next = \"join\""),
        effect("c", "next = \"end\""),
        node("join", "join", "of = \"any\"\nnext = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    world.done("a", json!({}));
    assert_eq!((world.at(), world.state()), (vec!["c".to_owned()], State::Running));
    world.done("c", json!({}));
    assert_eq!(world.state(), State::Succeeded);
}
