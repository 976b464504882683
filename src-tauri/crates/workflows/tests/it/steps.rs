//! What each kind of node does, told as short stories.

use epoch_model::Code;
use epoch_model::business::LeverValue;
use epoch_model::time::{DAY, HOUR};
use epoch_workflows::run::{Request, State};
use epoch_workflows::{Answer, Command, Event, Scalar, Variables};
use serde_json::{Value, json};

use crate::bench::{MONDAY, World, definition, effect, end, node};

#[test]
fn an_effect_is_proposed_with_its_payload_filled_in_and_its_result_kept() {
    let text = format!(
        "[inputs.who]\ndefault = \"Ada\"\n{}{}",
        effect(
            "mail",
            "payload = { to = \"{who}\", n = \"{1 + 1}\", line = \"Hello {who}, {missing}\", fixed = [1, \"{{x}}\"] }\ninto = { id = \"ticket.id\", all = \"\" }\nnext = \"end\""
        ),
        end()
    );
    let mut world = World::started(&text);
    let Some(Command::Propose { key, attempt: 1, request: Request::Effect { effect, payload }, undoes: None, .. }) =
        world.told.first().cloned()
    else {
        panic!("{:?}", world.told)
    };
    assert_eq!(effect, "alert");
    assert_eq!(payload, json!({"to": "Ada", "n": 2, "line": "Hello Ada, unknown", "fixed": [1, "{x}"]}));
    assert_eq!((key, world.state()), (world.key("mail"), State::Running));
    world.done("mail", json!({"ticket": {"id": 7}}));
    assert_eq!(world.state(), State::Succeeded);
    assert_eq!((world.variable("id"), world.variable("all")), (json!(7), json!("{\"ticket\":{\"id\":7}}")));
    let ended = Command::Ended { state: State::Succeeded, reason: world.reason(), remaining: vec![] };
    assert_eq!(world.told.last(), Some(&ended));
}

#[test]
fn a_lever_takes_a_computed_value_of_its_own_type() {
    for (to, expect) in [
        ("31", LeverValue::Number(31.0)),
        ("\"{price * 2}\"", LeverValue::Number(58.0)),
        ("\"bold\"", LeverValue::Text("bold".into())),
        ("\"{price > 20}\"", LeverValue::Bool(true)),
    ] {
        let text = format!(
            "[inputs.price]\nkind = \"number\"\ndefault = 29\n{}{}",
            node("set", "lever", &format!("lever = \"pro_price\"\nto = {to}\nnext = \"end\"")),
            end()
        );
        let world = World::started(&text);
        let Some(Command::Propose { request: Request::Lever { to, .. }, .. }) = world.told.first() else { panic!() };
        assert_eq!(*to, expect);
    }
}

#[test]
fn a_lever_with_nothing_to_set_fails_before_anything_is_proposed() {
    let text = format!("{}{}", node("set", "lever", "lever = \"pro_price\"\nto = \"{absent}\"\nnext = \"end\""), end());
    let world = World::started(&text);
    assert_eq!(world.state(), State::Failed);
    assert!(world.proposals().is_empty());
    assert!(world.reason().contains("what to set pro_price to is not known"), "{}", world.reason());
}

#[test]
fn waits_and_timers_wake_at_their_instant_and_not_before() {
    let text = format!(
        "{}{}{}",
        node("pause", "wait", "for = \"2h\"\nnext = \"monday\""),
        node("monday", "timer", "at = \"monday 09:00\"\nnext = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    assert_eq!((world.state(), world.run.due()), (State::Waiting, Some(MONDAY + 2 * HOUR)));
    let before = world.run.clone();
    assert!(world.after(2 * HOUR - 1).is_empty());
    assert_eq!(world.run, before, "the clock before it is due changes nothing");
    world.after(1);
    // Next Monday, 09:00 in Berlin, is 08:00 UTC.
    assert_eq!(world.run.due(), Some(MONDAY - 2 * HOUR + 7 * DAY));
    world.sleep();
    assert_eq!(world.state(), State::Succeeded);
}

#[test]
fn a_signal_is_taken_once_and_only_where_it_is_waited_for() {
    let text = format!(
        "{}{}{}",
        node("first", "signal", "signal = \"go\"\ninto = { sum = \"order.sum\" }\nnext = \"second\""),
        node("second", "signal", "signal = \"go\"\nnext = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    let signal = |id: &str, name: &str| Event::Signal {
        id: id.into(),
        name: name.into(),
        key: None,
        payload: json!({"order": {"sum": 12.5}}),
    };
    assert_eq!(world.send(signal("a", "other")).unwrap_err().code, Code::WrongState);
    world.send(signal("a", "go")).unwrap();
    assert_eq!(world.variable("sum"), json!(12.5));
    assert_eq!(world.at(), ["second"], "one signal moves one step");
    assert_eq!(world.send(signal("a", "go")).unwrap_err().code, Code::WrongState, "the same signal twice");
    world.send(signal("b", "go")).unwrap();
    assert_eq!(world.state(), State::Succeeded);
}

#[test]
fn two_steps_that_wait_for_one_signal_are_told_apart_by_key() {
    let text = format!(
        "{}{}{}{}",
        node("fork", "set", "values = { x = 1 }\nnext = [\"a\", \"b\"]"),
        node("a", "signal", "signal = \"go\"\ninto = { a = \"n\" }\nnext = \"end\""),
        node("b", "signal", "signal = \"go\"\ninto = { b = \"n\" }\nnext = \"end\""),
        end()
    );
    let mut world = World::started(&text);
    let send = |id: &str, key: Option<String>, n: i32| Event::Signal {
        id: id.into(),
        name: "go".into(),
        key,
        payload: json!({ "n": n }),
    };
    let error = world.send(send("1", None, 0)).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    let (a, b) = (world.key("a"), world.key("b"));
    assert!(a != b && error.hint.contains(&a) && error.hint.contains(&b));
    world.send(send("1", Some(b), 2)).unwrap();
    assert_eq!((world.variable("a"), world.variable("b")), (json!("never set"), json!(2)));
    world.send(send("2", None, 1)).unwrap();
    assert_eq!((world.variable("a"), world.state()), (json!(1), State::Succeeded));
}

const CHOICE: &str = "question = \"Do it for {who}?\"\nwithin = \"2d\"\nsilence = \"no\"\ninto = \"chosen\"\noptions = [{ key = \"yes\", title = \"Do it\", next = \"act\" }, { key = \"no\", title = \"Leave it\" }]\nnext = \"end\"";

fn asked() -> World {
    let text = format!(
        "[inputs.who]\ndefault = \"Ada\"\n{}{}{}",
        node("ask", "decision", CHOICE),
        effect("act", "next = \"end\""),
        end()
    );
    World::started(&text)
}

#[test]
fn the_founder_s_choice_leads_on_and_silence_is_the_safe_one() {
    let chosen = |value: Value| Answer::Done { value, cost_minor: 0 };
    for (answer, at, variable) in [
        (Some(chosen(json!("yes"))), vec!["act"], "yes"),
        (Some(chosen(json!({"choice": "yes", "text": "quickly"}))), vec!["act"], "yes"),
        (Some(chosen(json!("no"))), vec![], "no"),
        (Some(Answer::Silence), vec![], "no"),
        (Some(Answer::Refused { reason: "vetoed".into() }), vec![], "no"),
        (None, vec![], "no"),
    ] {
        let mut world = asked();
        let Some(Command::Ask { question, silence, until, .. }) = world.told.first() else { panic!() };
        assert_eq!((question.as_str(), silence.as_str(), *until), ("Do it for Ada?", "no", MONDAY + 2 * DAY));
        match answer {
            Some(answer) => world.answer("ask", answer).unwrap(),
            None => world.sleep(),
        };
        assert_eq!(world.at(), at);
        assert_eq!(world.variable("chosen"), json!(variable));
    }
}

#[test]
fn silence_takes_the_card_back_and_an_answer_after_it_is_refused() {
    let mut world = asked();
    let key = world.key("ask");
    let commands = world.sleep();
    assert!(matches!(&commands[0], Command::Withdraw { key: own, answer: false, .. } if *own == key));
    let late = Event::Answered { key, attempt: 1, answer: Answer::Done { value: json!("yes"), cost_minor: 0 } };
    assert_eq!(world.send(late).unwrap_err().code, Code::WrongState);
}

#[test]
fn an_option_that_is_none_is_refused() {
    let mut world = asked();
    let error = world.answer("ask", Answer::Done { value: json!("maybe"), cost_minor: 0 }).unwrap_err();
    assert_eq!((error.code, error.hint.as_str()), (Code::InvalidArgument, "choose one of yes, no"));
}

#[test]
fn a_branch_takes_the_first_case_that_holds() {
    for (rate, expect) in [("0.2", "high"), ("0.07", "middle"), ("0.01", "low"), ("null", "low")] {
        let cases = "cases = [{ when = \"rate > 0.1\", next = \"high\" }, { when = \"rate > 0.05\", next = \"middle\" }]\notherwise = \"low\"";
        let ways: String = ["high", "middle", "low"].map(|key| effect(key, "next = \"end\"")).concat();
        let text = format!(
            "{}{}{ways}{}",
            node("set", "set", &format!("values = {{ rate = \"{rate}\" }}\nnext = \"way\"")),
            node("way", "branch", cases),
            end()
        );
        assert_eq!(World::started(&text).at(), [expect]);
    }
}

#[test]
fn set_computes_all_from_what_was_before() {
    let text = format!(
        "{}{}{}",
        node("one", "set", "values = { a = 1, b = \"'x'\", c = true }\nnext = \"two\""),
        node("two", "set", "values = { a = \"a + 1\", d = \"concat(b, text(a))\" }\nnext = \"end\""),
        end()
    );
    let world = World::started(&text);
    assert_eq!((world.variable("a"), world.variable("d")), (json!(2), json!("x1")));
    assert_eq!(world.state(), State::Succeeded);
}

#[test]
fn an_expression_that_mixes_types_fails_its_node_and_names_it() {
    let text = format!("{}{}", node("bad", "set", "values = { a = \"true + 1\" }\nnext = \"end\""), end());
    let world = World::started(&text);
    assert_eq!(world.state(), State::Failed);
    assert!(world.reason().contains("“bad” failed"), "{}", world.reason());
}

#[test]
fn a_measurement_takes_whole_days_of_the_business_s_zone() {
    let text = format!(
        "{}{}",
        node(
            "read",
            "measure",
            "metric = \"visits\"\nwindow = \"7d\"\ninto = \"now\"\nbefore = \"then\"\nnext = \"end\""
        ),
        end()
    );
    let mut world = World::started(&text);
    let Some(Command::Measure { metric, before_from, from, to, .. }) = world.told.first().cloned() else { panic!() };
    // Midnight in Berlin is 23:00 UTC of the day before.
    let midnight = MONDAY - 11 * HOUR;
    assert_eq!((metric.as_str(), before_from, from, to), ("visits", midnight - 14 * DAY, midnight - 7 * DAY, midnight));
    world.measured("read", 110.0, 100.0);
    assert_eq!((world.variable("now"), world.variable("then")), (json!(110), json!(100)));
}

#[test]
fn windows_across_a_clock_change_begin_at_local_midnights() {
    let text = format!("{}{}", node("read", "measure", "metric = \"visits\"\nwindow = \"1d\"\nnext = \"end\""), end());
    let mut world = World::new(&text);
    // Monday, 30 March 2026: on Sunday the clocks went forward, so that day had 23 hours.
    world.now = MONDAY + 28 * DAY;
    world.send(Event::Start).unwrap();
    let Some(Command::Measure { before_from, from, to, .. }) = world.told.first() else { panic!() };
    assert_eq!((to - from, from - before_from), (23 * HOUR, 24 * HOUR));
}

#[test]
fn what_is_not_known_stays_missing() {
    let text = format!(
        "{}{}",
        node(
            "read",
            "measure",
            "metric = \"visits\"\nwindow = \"3h\"\ninto = { v = \"value\", c = \"change\" }\nnext = \"end\""
        ),
        end()
    );
    let mut world = World::started(&text);
    let key = world.key("read");
    world.send(Event::Measured { key, value: Some(f64::NAN), before: Some(0.0) }).unwrap();
    assert_eq!((world.variable("v"), world.variable("c")), (Value::Null, Value::Null));
}

#[test]
fn an_experiment_asks_and_takes_its_verdict() {
    let text = format!(
        "[inputs.price]\nkind = \"number\"\ndefault = 33\n{}{}",
        node(
            "test",
            "experiment",
            "lever = \"pro_price\"\nmetric = \"revenue\"\nhypothesis = \"{price} earns more.\"\nshare = \"20 %\"\narms = [{ key = \"now\", value = 29 }, { key = \"test\", value = \"{price}\" }]\ninto = { winner = \"winner\", lift = \"lift\" }\nnext = \"end\""
        ),
        end()
    );
    let mut world = World::started(&text);
    let Some(Command::AskExperiment { question, .. }) = world.told.first() else { panic!() };
    assert_eq!((question.hypothesis.as_str(), question.share), ("33 earns more.", 0.2));
    assert_eq!(question.arms[1].value, LeverValue::Number(33.0));
    assert_eq!(world.state(), State::Waiting);
    world.done("test", json!({"winner": "test", "lift": 0.03}));
    assert_eq!((world.variable("winner"), world.variable("lift")), (json!("test"), json!(0.03)));
}

fn sub(wait: bool) -> String {
    let rest = format!(
        "workflow = \"other\"\nwait = {wait}\ninputs = {{ n = \"{{1 + 1}}\", who = \"Ada\" }}\n{}next = \"end\"",
        if wait { "into = { found = \"result\" }\n" } else { "" }
    );
    format!("{}{}", node("other", "sub", &rest), end())
}

#[test]
fn another_workflow_is_started_with_its_inputs_and_waited_for() {
    let mut world = World::started(&sub(true));
    let Some(Command::StartSub { key, workflow, run, inputs, wait: true, .. }) = world.told.first().cloned() else {
        panic!()
    };
    assert_eq!(
        (workflow.as_str(), &inputs["n"], &inputs["who"]),
        ("other", &Scalar::Number(2.0), &Scalar::text("Ada"))
    );
    assert!(run.contains(&key), "the child's id follows from the key");
    let running =
        Event::SubEnded { key: key.clone(), state: State::Running, reason: String::new(), variables: Variables::new() };
    assert_eq!(world.send(running).unwrap_err().code, Code::InvalidArgument);
    let variables = Variables::from([("result".to_owned(), Scalar::Number(9.0))]);
    world.send(Event::SubEnded { key, state: State::Succeeded, reason: "done".into(), variables }).unwrap();
    assert_eq!((world.variable("found"), world.state()), (json!(9), State::Succeeded));
}

#[test]
fn another_workflow_that_fails_fails_the_step() {
    let mut world = World::started(&sub(true));
    let key = world.key("other");
    let ended =
        Event::SubEnded { key, state: State::Quarantined, reason: "a loop".into(), variables: Variables::new() };
    world.send(ended).unwrap();
    assert_eq!(world.state(), State::Failed);
    assert!(world.reason().contains("a loop"));
}

#[test]
fn another_workflow_that_is_not_waited_for_goes_its_own_way() {
    let world = World::started(&sub(false));
    assert!(matches!(world.told.first(), Some(Command::StartSub { wait: false, .. })));
    assert_eq!(world.state(), State::Succeeded);
}

#[test]
fn a_failed_step_follows_its_error_edge_with_the_reason() {
    let text = format!(
        "{}{}{}",
        effect("try", "on_error = \"tell\"\nnext = \"end\""),
        effect("tell", "payload = { text = \"It failed: {error}\" }\nnext = \"end\""),
        end()
    );
    for (answer, reason) in [
        (Answer::Failed { reason: "no answer".into(), again: false }, "no answer"),
        (Answer::Failed { reason: "no answer".into(), again: true }, "no answer"),
        (Answer::Refused { reason: "policy says no".into() }, "policy says no"),
        (Answer::Silence, "nobody answered in time"),
        (Answer::Withdrawn, "it was withdrawn"),
    ] {
        let mut world = World::started(&text);
        let commands = world.answer("try", answer).unwrap();
        let Some(Command::Propose { request: Request::Effect { payload, .. }, .. }) = commands.last() else { panic!() };
        assert_eq!(payload["text"], json!(format!("It failed: {reason}")));
        assert!(!commands.iter().any(|c| matches!(c, Command::Withdraw { .. })), "what is answered is not withdrawn");
    }
}

#[test]
fn attempts_keep_key_and_arguments_pause_longer_and_end() {
    let text = format!(
        "{}{}",
        effect(
            "try",
            "payload = { n = 1 }\nretry = { attempts = 4, first = \"10s\", factor = 3, most = \"1 minute\" }\nnext = \"end\""
        ),
        end()
    );
    let mut world = World::started(&text);
    let key = world.key("try");
    for (attempt, most) in [(2, 10_000), (3, 30_000), (4, 60_000)] {
        world.fails("try", true);
        let pause = world.run.due().unwrap() - world.now;
        assert!((1..=most).contains(&pause), "{attempt}: {pause}");
        let commands = world.sleep();
        let [Command::Propose { key: again, attempt: n, request: Request::Effect { payload, .. }, .. }] =
            commands.as_slice()
        else {
            panic!("{commands:?}")
        };
        assert_eq!((again, *n, &payload["n"]), (&key, attempt, &json!(1)));
    }
    world.fails("try", true);
    assert_eq!(world.state(), State::Failed);
    assert_eq!(world.run.counters.effects, 1, "attempts are one call");
}

#[test]
fn the_answer_to_an_earlier_attempt_is_refused() {
    let text = format!("{}{}", effect("try", "retry = { attempts = 3, first = \"10s\" }\nnext = \"end\""), end());
    let mut world = World::started(&text);
    let key = world.key("try");
    let failed = |attempt| Event::Answered {
        key: key.clone(),
        attempt,
        answer: Answer::Failed { reason: "x".into(), again: true },
    };
    world.send(failed(1)).unwrap();
    assert_eq!(world.send(failed(1)).unwrap_err().code, Code::WrongState, "doubled, while it pauses");
    world.sleep();
    assert_eq!(world.send(failed(1)).unwrap_err().code, Code::WrongState, "doubled, while the next is out");
    assert_eq!(world.send(failed(3)).unwrap_err().code, Code::WrongState, "never sent");
    world.send(failed(2)).unwrap();
}

#[test]
fn a_step_that_takes_too_long_goes_its_own_way_or_fails() {
    for (timeout, expect) in [("{ after = \"1h\", next = \"end\" }", State::Succeeded), ("\"1h\"", State::Failed)] {
        let mut world =
            World::started(&format!("{}{}", effect("slow", &format!("timeout = {timeout}\nnext = \"end\"")), end()));
        assert_eq!(world.run.due(), Some(MONDAY + HOUR));
        let commands = world.sleep();
        assert!(matches!(commands[0], Command::Withdraw { answer: false, .. }), "{commands:?}");
        assert_eq!(world.state(), expect);
    }
}

#[test]
fn events_for_nothing_are_refused_with_the_reason() {
    let mut world = World::new(&format!("{}{}", effect("mail", "next = \"end\""), end()));
    let answered = |key: &str| Event::Answered { key: key.into(), attempt: 1, answer: Answer::Silence };
    assert_eq!(world.send(answered("x")).unwrap_err().code, Code::WrongState, "not started");
    world.send(Event::Start).unwrap();
    assert_eq!(world.send(Event::Start).unwrap_err().code, Code::WrongState);
    assert_eq!(world.send(answered("x")).unwrap_err().code, Code::NotFound);
    let key = world.key("mail");
    let measured = Event::Measured { key: key.clone(), value: Some(1.0), before: None };
    assert_eq!(world.send(measured).unwrap_err().code, Code::InvalidArgument, "of another kind");
    world.done("mail", json!({}));
    for event in [answered(&key), Event::Cancel { reason: "x".into() }, Event::Start] {
        assert_eq!(world.send(event).unwrap_err().code, Code::WrongState, "it has ended");
    }
    assert_eq!((world.after(90 * DAY), world.run.due()), (vec![], None));
}

#[test]
fn another_version_is_refused() {
    let mut world = World::started(&format!("{}{}", effect("mail", "next = \"end\""), end()));
    world.definition.version = 2;
    assert_eq!(world.send(Event::Timer).unwrap_err().code, Code::Stale);
}

#[test]
fn inputs_are_checked_when_a_run_starts() {
    let definition = definition(&format!(
        "[inputs.price]\nkind = \"number\"\n[inputs.who]\ndefault = \"Ada\"\n[inputs.sure]\nkind = \"boolean\"\ndefault = false\n{}",
        end()
    ));
    let start = |given: &[(&str, Scalar)]| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        epoch_workflows::Run::start(&definition, "r", &given, MONDAY, None)
    };
    let run = start(&[("price", Scalar::Number(3.0))]).unwrap();
    assert_eq!((&run.variables["who"], &run.variables["sure"]), (&Scalar::text("Ada"), &Scalar::Bool(false)));
    for (given, message) in [
        (vec![], "the input “price” is missing"),
        (vec![("price", Scalar::text("3"))], "the input “price” should be a number"),
        (vec![("price", Scalar::Number(3.0)), ("extra", Scalar::Null)], "t has no input “extra”"),
    ] {
        let error = start(&given).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::InvalidArgument, message));
    }
}

#[test]
fn of_a_pause_and_a_timeout_that_both_passed_the_earlier_counts() {
    let text = |timeout: &str| {
        let retry = "retry = { attempts = 3, first = \"1h\" }";
        format!("{}{}", effect("try", &format!("{retry}\ntimeout = \"{timeout}\"\nnext = \"end\"")), end())
    };
    // The pause is one hour at most, so it ends before one timeout and, begun late enough, after the other.
    let mut world = World::started(&text("5h"));
    world.fails("try", true);
    let commands = world.after(6 * HOUR);
    assert!(matches!(commands.as_slice(), [Command::Propose { attempt: 2, .. }]), "{commands:?}");
    world.sleep();
    assert_eq!((world.state(), world.reason().as_str()), (State::Failed, "“try” failed: it took too long"));
    let mut world = World::started(&text("2h"));
    world.now += 2 * HOUR - 1;
    world.fails("try", true);
    world.after(6 * HOUR);
    assert_eq!(world.reason(), "“try” failed: it took too long");
}

#[test]
fn pauses_differ_by_call_and_attempt_and_are_even() {
    let retry =
        epoch_workflows::definition::Retry { attempts: 9, first_ms: 1_000_000, factor: 1.0, most_ms: 1_000_000 };
    assert_eq!(retry.pause_ms("a", 1), retry.pause_ms("a", 1));
    assert_ne!(retry.pause_ms("a", 1), retry.pause_ms("a", 2));
    assert_ne!(retry.pause_ms("a", 1), retry.pause_ms("b", 1));
    let pauses: Vec<i64> = (0..2000).map(|n| retry.pause_ms(&n.to_string(), 1)).collect();
    let mean = pauses.iter().sum::<i64>() / 2000;
    // Of an even draw of 2000 the mean lies within four standard errors (6,455) of the middle.
    assert!((mean - 500_000).abs() < 26_000, "{mean}");
    assert!(pauses.iter().any(|p| *p < 10_000) && pauses.iter().any(|p| *p > 990_000));
}

#[test]
fn keys_of_different_things_differ() {
    use epoch_workflows::run::call_key;
    assert_ne!(call_key("r", "b1", 1), call_key("r", "b", 11));
    assert_ne!(call_key("r1", "b", 1), call_key("r", "1b", 1));
    assert_eq!(call_key("r", "b", 1).len(), 24);
}

#[test]
fn the_clock_starts_a_run_that_was_only_written_down() {
    let mut world = World::new(&format!("{}{}", effect("mail", "next = \"end\""), end()));
    assert_eq!(world.run.due(), Some(MONDAY));
    let commands = world.after(0);
    assert!(matches!(commands.as_slice(), [Command::Propose { .. }]));
    assert_eq!(world.send(Event::Start).unwrap_err().code, Code::WrongState);
}
