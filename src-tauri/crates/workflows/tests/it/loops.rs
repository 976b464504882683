//! Poison is found and put aside: loops, ceilings, days.

use epoch_model::Code;
use epoch_model::time::{DAY, HOUR};
use epoch_workflows::ledger::Ledger;
use epoch_workflows::run::State;
use epoch_workflows::{Answer, Event};
use serde_json::json;

use crate::bench::{DAY_AND_MORE, MONDAY, UNDO, World, definition, effect, end, node, zone};

#[test]
fn the_same_call_again_and_again_is_quarantined() {
    let mut world = World::started(&effect("again", "payload = { n = 1 }\nnext = \"again\""));
    for _ in 0..3 {
        assert_eq!(world.state(), State::Running);
        world.done("again", json!({"ok": true}));
    }
    assert_eq!((world.state(), world.proposals().len()), (State::Quarantined, 3));
    assert!(world.reason().starts_with("a loop: “again”"), "{}", world.reason());
    assert_eq!(world.run.due(), None, "poison does nothing more");
    assert!(world.after(DAY_AND_MORE).is_empty());
}

#[test]
fn other_arguments_are_no_loop() {
    let text = format!(
        "{}{}",
        node("zero", "set", "values = { n = 0 }\nnext = \"count\""),
        node("count", "set", "values = { n = \"n + 1\" }\nnext = \"again\"")
            + &effect("again", "payload = { n = \"{n}\" }\nnext = \"count\"")
    );
    let mut world = World::started(&text);
    for _ in 0..10 {
        world.done("again", json!({}));
    }
    assert_eq!(world.state(), State::Running);
}

#[test]
fn something_from_outside_makes_the_same_call_new() {
    let signal = node("wait", "signal", "signal = \"go\"\nnext = \"again\"");
    let pause = node("wait", "wait", "for = \"1h\"\nnext = \"again\"");
    for between in [signal, pause] {
        let mut world = World::started(&format!("{}{between}", effect("again", "next = \"wait\"")));
        for round in 0..10 {
            world.done("again", json!({}));
            if world.run.due() == Some(world.run.lives_until) {
                let id = round.to_string();
                world.send(Event::Signal { id, name: "go".into(), key: None, payload: json!(null) }).unwrap();
            } else {
                world.sleep();
            }
        }
        assert_eq!((world.state(), world.proposals().len()), (State::Running, 11));
    }
}

#[test]
fn a_loop_that_only_computes_runs_into_the_ceiling_of_steps() {
    let text = format!(
        "{}{}",
        node("zero", "set", "values = { n = 0 }\nnext = \"count\""),
        node("count", "set", "values = { n = \"n + 1\" }\nnext = \"count\"")
    );
    let world = World::started(&text);
    assert_eq!((world.state(), world.run.counters.steps), (State::Quarantined, 1000));
    assert!(world.reason().contains("1000 steps"), "{}", world.reason());
}

#[test]
fn a_fork_that_feeds_itself_runs_into_the_ceiling_of_paths() {
    let text = node("many", "set", "values = { n = 0 }\nnext = [\"many\", \"still\"]")
        + &node("still", "wait", "for = \"1d\"\nnext = \"many\"");
    let world = World::started(&text);
    assert_eq!(world.state(), State::Quarantined);
    assert!(world.reason().contains("paths at once"), "{}", world.reason());
}

#[test]
fn ceilings_hold() {
    let counting = |ceilings: &str| {
        format!(
            "[ceilings]\n{ceilings}\n{}{}{}",
            node("zero", "set", "values = { n = 0 }\nnext = \"count\""),
            node("count", "set", "values = { n = \"n + 1\" }\nnext = \"call\""),
            effect("call", "payload = { n = \"{n}\" }\nnext = \"count\"")
        )
    };
    for (ceilings, calls, reason) in [
        ("effects = 5", 5, "5 calls"),
        ("steps = 7", 3, "7 steps"),
        ("money_minor = 100", 4, "it spent 120 where 100"),
        ("repeats = 1", 20, ""),
    ] {
        let mut world = World::started(&counting(ceilings));
        for _ in 0..20 {
            if world.state().is_terminal() {
                break;
            }
            world.answer("call", Answer::Done { value: json!({}), cost_minor: 30 }).unwrap();
        }
        assert_eq!(world.proposals().len(), calls + usize::from(reason.is_empty()), "{ceilings}");
        assert!(world.reason().contains(reason), "{}", world.reason());
        assert_eq!(world.state() == State::Quarantined, !reason.is_empty());
    }
}

#[test]
fn a_run_does_not_live_for_ever() {
    let mut world = World::started(&format!(
        "[ceilings]\nlives = \"3d\"\n{}{}",
        node("wait", "signal", "signal = \"go\"\nnext = \"end\""),
        end()
    ));
    assert_eq!(world.run.due(), Some(MONDAY + 3 * DAY));
    world.sleep();
    assert_eq!(
        (world.state(), world.reason().as_str()),
        (State::Quarantined, "it lived for 3 days, the longest it may")
    );
}

#[test]
fn cancelling_poison_undoes_what_was_done() {
    let text = format!(
        "[ceilings]\nmoney_minor = 10\n{}{}",
        effect("a", &format!("{UNDO}\nnext = \"b\"")),
        effect("b", "next = \"end\"") + &end()
    );
    let mut world = World::started(&text);
    let commands = world.answer("a", Answer::Done { value: json!({}), cost_minor: 11 }).unwrap();
    assert_eq!((world.state(), commands.len()), (State::Quarantined, 1), "what is done is not withdrawn: {commands:?}");
    assert_eq!(world.run.tokens[0].node, "a", "it says where it stood");
    world.send(Event::Cancel { reason: "looked at".into() }).unwrap();
    assert_eq!((world.state(), world.at()), (State::Compensating, vec!["a".to_owned()]));
    world.done("a", json!({}));
    assert_eq!(world.state(), State::Compensated);
}

#[test]
fn answers_to_what_poison_had_out_are_still_taken() {
    let text = format!("[ceilings]\nlives = \"1d\"\n{}{}", effect("a", &format!("{UNDO}\nnext = \"end\"")), end());
    let mut world = World::started(&text);
    let key = world.key("a");
    world.sleep();
    assert_eq!(world.state(), State::Quarantined);
    world.send(Event::Answered { key, attempt: 1, answer: Answer::Done { value: json!({}), cost_minor: 0 } }).unwrap();
    assert_eq!((world.state(), world.run.done.len()), (State::Quarantined, 1));
}

#[test]
fn a_day_has_its_own_ceilings() {
    let definition =
        definition(&format!("[ceilings]\nruns_per_day = 2\neffects_per_day = 3\nmoney_per_day_minor = 50\n{}", end()));
    let zone = zone();
    let mut ledger = Ledger::default();
    // Monday 10:00 UTC; midnight in Berlin is 13 hours away.
    for now in [MONDAY, MONDAY + 14 * HOUR] {
        for _ in 0..2 {
            ledger.admit_run(&definition, now, &zone).unwrap();
        }
        assert_eq!(ledger.admit_run(&definition, now, &zone).unwrap_err().code, Code::Denied);
    }
    for _ in 0..3 {
        ledger.admit_call(&definition, MONDAY, &zone).unwrap();
    }
    assert_eq!(ledger.admit_call(&definition, MONDAY + HOUR, &zone).unwrap_err().code, Code::Denied);
    let mut spent = Ledger::default();
    spent.spend("t", 49, MONDAY, &zone);
    spent.admit_call(&definition, MONDAY, &zone).unwrap();
    spent.spend("t", 1, MONDAY, &zone);
    assert!(spent.admit_call(&definition, MONDAY, &zone).unwrap_err().message.contains("spent 50"));
    spent.admit_call(&definition, MONDAY + 14 * HOUR, &zone).unwrap();
    let kept: Ledger = serde_json::from_str(&serde_json::to_string(&spent).unwrap()).unwrap();
    assert_eq!(kept, spent);
}
