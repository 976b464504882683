//! Live runs go on by another version, or it is said why they cannot.

use epoch_model::Code;
use epoch_workflows::migrate::{Nodes, apply, dry_run};
use epoch_workflows::run::{State, call_key};
use epoch_workflows::{Command, Definition};
use serde_json::json;

use crate::bench::{MONDAY, UNDO, World, definition, effect, end, node, zone};

fn version(number: u32, text: &str) -> Definition {
    Definition { version: number, ..definition(text) }
}

fn old() -> String {
    format!(
        "{}{}{}",
        effect("a", &format!("{UNDO}\ninto = {{ id = \"id\" }}\nnext = \"wait\"")),
        node("wait", "wait", "for = \"2d\"\nnext = \"end\""),
        end()
    )
}

fn waiting() -> World {
    let mut world = World::started(&old());
    world.done("a", json!({"id": 1}));
    assert_eq!(world.at(), ["wait"]);
    world
}

fn map(pairs: &[(&str, &str)]) -> Nodes {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_run_lands_on_a_renamed_node_and_goes_on_from_there() {
    let new = version(
        2,
        &format!(
            "{}{}{}{}",
            effect("begin", &format!("{UNDO}\ninto = {{ id = \"id\" }}\nnext = \"pause\"")),
            node("pause", "wait", "for = \"9d\"\nnext = \"more\""),
            effect("more", "payload = { id = \"{id}\" }\nnext = \"end\""),
            end()
        ),
    );
    let mut world = waiting();
    let nodes = map(&[("wait", "pause"), ("a", "begin")]);
    let report = dry_run(&[world.run.clone()], &world.definition, &new, &nodes);
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.runs[0].lands, [("wait".to_owned(), "pause".to_owned())]);
    assert_eq!(report.nodes, nodes);
    let (key, due) = (world.key("wait"), world.run.due());
    apply(&mut world.run, &new, &nodes, world.now, &zone()).unwrap();
    assert_eq!((world.run.version, world.at(), world.run.due()), (2, vec!["pause".to_owned()], due));
    assert_eq!(world.key("pause"), key, "a wait keeps its key");
    world.definition = new;
    world.sleep();
    assert_eq!(world.at(), ["more"]);
    world.fails("more", false);
    assert_eq!(world.at(), ["begin"], "what was done before is undone as it was to be");
}

#[test]
fn what_stands_in_the_way_is_said_for_each_run() {
    let renamed = format!(
        "{}{}{}",
        effect("a", "next = \"pause\""),
        node("pause", "wait", "for = \"1d\"\nnext = \"end\""),
        end()
    );
    let other_kind = format!(
        "{}{}{}",
        effect("a", "next = \"wait\""),
        node("wait", "signal", "signal = \"x\"\nnext = \"end\""),
        end()
    );
    let more_needed = format!(
        "{}{}{}{}{}",
        effect("a", "next = \"sum\""),
        node("sum", "set", "values = { total = 3 }\nnext = \"wait\""),
        node("wait", "wait", "for = \"1d\"\nnext = \"tell\""),
        effect("tell", "payload = { text = \"{total}\" }\nnext = \"end\""),
        end()
    );
    for (text, nodes, expect) in [
        (&renamed, vec![], "it stands at “wait”, and version 2 has no “wait”"),
        (&renamed, vec![("wait", "gone")], "it stands at “wait”, and version 2 has no “gone”"),
        (&other_kind, vec![], "at “wait” it waits for an instant, and “wait” is a signal"),
        (&more_needed, vec![], "after “wait” the variable “total” is read, and the run does not have it"),
    ] {
        let mut world = waiting();
        let (new, nodes) = (version(2, text), map(&nodes));
        let report = dry_run(&[world.run.clone()], &world.definition, &new, &nodes);
        assert_eq!(report.runs[0].problems, [expect]);
        let before = world.run.clone();
        let error = apply(&mut world.run, &new, &nodes, world.now, &zone()).unwrap_err();
        assert_eq!((error.code, error.message.as_str(), &world.run), (Code::WrongState, expect, &before));
    }
}

#[test]
fn an_input_with_a_default_fills_what_a_run_lacks() {
    let text = format!(
        "[inputs.total]\nkind = \"number\"\ndefault = 4\n{}{}{}{}",
        effect("a", "next = \"wait\""),
        node("wait", "wait", "for = \"1d\"\nnext = \"tell\""),
        effect("tell", "payload = { text = \"{total}\" }\nnext = \"end\""),
        end()
    );
    let mut world = waiting();
    apply(&mut world.run, &version(2, &text), &Nodes::new(), world.now, &zone()).unwrap();
    assert_eq!(world.variable("total"), json!(4));
}

#[test]
fn runs_that_have_ended_or_are_of_another_version_are_left_out() {
    let mut ended = waiting();
    ended.sleep();
    assert_eq!(ended.state(), State::Succeeded);
    let mut other = waiting();
    other.run.version = 7;
    let report = dry_run(&[ended.run, other.run], &version(1, &old()), &version(2, &old()), &Nodes::new());
    assert!(report.runs.is_empty());
}

#[test]
fn a_run_that_is_being_undone_stays_where_it_is() {
    let mut world = waiting();
    world.send(epoch_workflows::Event::Cancel { reason: "x".into() }).unwrap();
    let report = dry_run(&[world.run.clone()], &world.definition, &version(2, &old()), &Nodes::new());
    assert!(!report.is_clean());
}

#[test]
fn a_name_that_is_taken_over_never_gives_a_key_twice() {
    // In the new version the old node “a” is called “b”, and there is another “a” behind it.
    let first = format!("{}{}", node("a", "wait", "for = \"1d\"\nnext = \"end\""), end());
    let second = version(
        2,
        &format!("{}{}{}", node("b", "wait", "for = \"1d\"\nnext = \"a\""), effect("a", "next = \"end\""), end()),
    );
    let mut world = World::started(&first);
    let used = world.key("a");
    assert_eq!(used, call_key("run_1", "a", 1));
    apply(&mut world.run, &second, &map(&[("a", "b")]), MONDAY, &zone()).unwrap();
    world.definition = second;
    let commands = world.sleep();
    let Some(Command::Propose { key, .. }) = commands.last() else { panic!("{commands:?}") };
    assert_ne!(*key, used);
}

#[test]
fn two_counts_that_become_one_go_on_from_the_larger() {
    let text = |first: &str| {
        format!(
            "{}{}",
            node(first, "signal", "signal = \"go\"\nnext = \"b\""),
            node("b", "signal", "signal = \"go\"\nnext = \"a\"")
                + &node("a", "signal", "signal = \"go\"\nnext = \"b\"")
        )
    };
    let mut world = World::started(&text("first"));
    let go = |world: &mut World, id: &str| {
        let signal =
            epoch_workflows::Event::Signal { id: id.into(), name: "go".into(), key: None, payload: json!(null) };
        world.send(signal).unwrap();
    };
    for id in ["1", "2", "3", "4"] {
        go(&mut world, id);
    }
    assert_eq!((world.at(), world.run.visits["a"], world.run.visits["b"]), (vec!["a".to_owned()], 2, 2));
    go(&mut world, "5");
    assert_eq!((world.run.visits["a"], world.run.visits["b"]), (2, 3));
    let new = version(2, &text("first"));
    apply(&mut world.run, &new, &map(&[("a", "b"), ("first", "b")]), world.now, &zone()).unwrap();
    assert_eq!(world.run.visits["b"], 3);
}

#[test]
fn paths_of_a_fork_that_was_renamed_still_meet() {
    let text = |fork: &str| {
        format!(
            "{}{}{}{}{}",
            node(fork, "set", "values = { x = 1 }\nnext = [\"a\", \"c\"]"),
            effect("a", "next = \"join\""),
            effect("c", "next = \"join\""),
            node("join", "join", "next = \"end\""),
            end()
        )
    };
    let mut world = World::started(&text("fork"));
    let new = version(2, &text("split"));
    apply(&mut world.run, &new, &map(&[("fork", "split")]), world.now, &zone()).unwrap();
    world.definition = new;
    world.done("a", json!({}));
    assert_eq!(world.at(), ["join", "c"]);
    world.done("c", json!({}));
    assert_eq!((world.state(), world.run.visits["end"]), (State::Succeeded, 1));
}
