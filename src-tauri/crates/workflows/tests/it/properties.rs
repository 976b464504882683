//! Whatever the definition and in whatever order events come: no panic, no lost path, no key twice, the same bytes again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use epoch_model::time::{Millis, Zone};
use epoch_workflows::run::{State, WaitOn};
use epoch_workflows::{Answer, Command, Definition, Event, Run, Scalar, Variables};
use proptest::prelude::*;
use serde_json::json;

use crate::bench::{MONDAY, definition, zone};

/// A node by numbers: its kind, where its ways lead (taken modulo the number of nodes), and what stands beside it.
#[derive(Debug, Clone)]
struct Plan {
    kind: u8,
    ways: (usize, usize),
    fork: bool,
    beside: u8,
}

/// Kinds as often as they are interesting: calls, forks and joins often, ends seldom (there is always one).
const KINDS: [u8; 20] = [0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 13];

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (prop::sample::select(&KINDS[..]), (0_usize..64, 0_usize..64), prop::bool::weighted(0.4), any::<u8>());
    prop::collection::vec(plan.prop_map(|(kind, ways, fork, beside)| Plan { kind, ways, fork, beside }), 1..12)
}

/// Mostly onward, so that paths meet again and come to the end; now and then anywhere.
fn way(from: usize, way: usize, count: usize) -> usize {
    if way.is_multiple_of(8) { way / 8 % count } else { (from + 1 + way % 3).min(count - 1) }
}

/// A definition that parses; it need not be one that may be published, the interpreter must hold all the same.
fn build(plans: &[Plan]) -> Definition {
    let count = plans.len() + 1;
    let mut text = String::from("[ceilings]\nsteps = 80\neffects = 12\nlives = \"30d\"\n");
    for (i, plan) in plans.iter().enumerate() {
        let (a, b) = (way(i, plan.ways.0, count), way(i, plan.ways.1, count));
        // A fork whose two paths come to a join of their own.
        let block = plan.kind == 13;
        let next = if block {
            format!("[\"n{i}a\", \"n{i}b\"]")
        } else if plan.fork && a != b {
            format!("[\"n{a}\", \"n{b}\"]")
        } else {
            format!("\"n{a}\"")
        };
        let has = |bit: u8| plan.beside & (1 << bit) != 0;
        let acts = matches!(plan.kind, 0..=2);
        let _ = write!(text, "[[node]]\nkey = \"n{i}\"\ntitle = \"N{i}\"\n");
        let _ = match plan.kind {
            0 | 1 => write!(
                text,
                "kind = \"effect\"\neffect = \"alert\"\npayload = {{ i = {i}, x = \"{{x}}\" }}\ninto = {{ x = \"n\" }}\n"
            ),
            2 => write!(text, "kind = \"lever\"\nlever = \"pro_price\"\nto = {}\n", 20 + i),
            3 => write!(text, "kind = \"wait\"\nfor = \"{} h\"\n", 1 + i),
            4 => write!(text, "kind = \"timer\"\nat = \"day 0{}:30\"\n", i % 10),
            5 => write!(text, "kind = \"signal\"\nsignal = \"s{}\"\ninto = \"x\"\n", i % 2),
            6 => write!(
                text,
                "kind = \"decision\"\nquestion = \"?\"\nwithin = \"1d\"\nsilence = \"no\"\noptions = [{{ key = \"yes\", title = \"Y\", next = \"n{b}\" }}, {{ key = \"no\", title = \"N\" }}]\n"
            ),
            7 => write!(
                text,
                "kind = \"branch\"\ncases = [{{ when = \"x > {i}\", next = \"n{b}\" }}]\notherwise = \"n{a}\"\n"
            ),
            8 => write!(text, "kind = \"measure\"\nmetric = \"visits\"\nwindow = \"1d\"\ninto = \"x\"\n"),
            9 => write!(text, "kind = \"set\"\nvalues = {{ x = \"coalesce(x, 0) + 1\" }}\n"),
            10 => write!(text, "kind = \"sub\"\nworkflow = \"other\"\nwait = {}\n", has(6)),
            11 => write!(text, "kind = \"join\"\nof = \"{}\"\n", if has(6) { "any" } else { "all" }),
            13 => write!(text, "kind = \"set\"\nvalues = {{ x = {i} }}\n"),
            _ => write!(
                text,
                "kind = \"end\"\noutcome = \"{}\"\n",
                if has(7) && has(6) { "failed" } else { "succeeded" }
            ),
        };
        if !matches!(plan.kind, 7 | 12) {
            let _ = writeln!(text, "next = {next}");
        }
        if acts && has(0) {
            let _ = writeln!(text, "on_error = \"n{b}\"");
        }
        if acts && has(1) {
            let _ = writeln!(text, "retry = {{ attempts = 3, first = \"30s\" }}");
        }
        if acts && has(2) {
            let _ = writeln!(text, "timeout = {{ after = \"9h\", next = \"n{b}\" }}");
        }
        if acts && (has(3) || has(4) || has(5)) {
            let undo =
                if plan.kind == 2 { "\"restore\"" } else { "{ effect = \"alert\", payload = { back = \"{x}\" } }" };
            let _ = writeln!(text, "undo = {undo}");
        }
    }
    for (i, plan) in plans.iter().enumerate().filter(|(_, plan)| plan.kind == 13) {
        let undo = "undo = { effect = \"alert\", payload = { back = 1 } }";
        let (of, next) = (if plan.beside % 4 == 0 { "any" } else { "all" }, way(i, plan.ways.0, count));
        let other = match plan.beside % 3 {
            0 => "kind = \"wait\"\nfor = \"2h\"".to_owned(),
            1 => "kind = \"signal\"\nsignal = \"s0\"".to_owned(),
            _ => format!("kind = \"effect\"\neffect = \"alert\"\npayload = {{ b = {i} }}\n{undo}"),
        };
        let _ = write!(
            text,
            "[[node]]\nkey = \"n{i}a\"\ntitle = \"A\"\nkind = \"effect\"\neffect = \"alert\"\npayload = {{ a = {i} }}\n{undo}\nnext = \"n{i}j\"\n\
             [[node]]\nkey = \"n{i}b\"\ntitle = \"B\"\n{other}\nnext = \"n{i}j\"\n\
             [[node]]\nkey = \"n{i}j\"\ntitle = \"J\"\nkind = \"join\"\nof = \"{of}\"\nnext = \"n{next}\"\n"
        );
    }
    let _ = write!(text, "[[node]]\nkey = \"n{}\"\ntitle = \"End\"\nkind = \"end\"\n", count - 1);
    definition(&text)
}

/// What the world does next: numbers choose among what the run waits for, and now and then something that does not fit.
type Move = (u8, u8, u8);

fn moves() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(any::<Move>(), 0..60)
}

fn answer(how: u8) -> Answer {
    match how % 24 {
        0 => Answer::Failed { reason: "it broke".into(), again: true },
        1 => Answer::Failed { reason: "it broke".into(), again: false },
        2 => Answer::Refused { reason: "no".into() },
        3 => Answer::Silence,
        4 => Answer::Withdrawn,
        n => Answer::Done { value: json!({"n": n, "from": 29}), cost_minor: i64::from(how) },
    }
}

/// The event of a move, from what the run waits for; sent events are repeated and answers come that nobody asked for.
fn event(run: &Run, sent: &[Event], (what, which, how): Move, now: &mut Millis) -> Event {
    if run.counters.events == 0 {
        return Event::Start;
    }
    let waits = run.waits_for();
    let repeated = sent.get(usize::from(which) % sent.len().max(1)).cloned();
    match what % 16 {
        0 => repeated.unwrap_or(Event::Start),
        1 if how == 0 => Event::Cancel { reason: "stop".into() },
        1 => Event::Answered { key: "0123456789abcdef01234567".into(), attempt: 1, answer: answer(how) },
        2 | 3 => {
            *now += Millis::from(how) * 600_000;
            Event::Timer
        }
        4..=6 => {
            // To the end of its life seldom: everything else would be cut short.
            let next = run.due().filter(|due| *due < run.lives_until || how == 0);
            *now = next.unwrap_or(*now).max(*now);
            Event::Timer
        }
        _ if waits.is_empty() => Event::Timer,
        _ => {
            let wait = &waits[usize::from(which) % waits.len()];
            let key = wait.key.clone();
            let attempt = if how == 77 { 9 } else { attempt_of(run, &key) };
            match &wait.on {
                WaitOn::Signal { name } => {
                    let id = format!("s{}", run.counters.events);
                    Event::Signal { id, name: name.clone(), key: Some(key), payload: json!(how) }
                }
                WaitOn::Founder => {
                    let value = json!(if how % 2 == 0 { "yes" } else { "no" });
                    Event::Answered { key, attempt, answer: Answer::Done { value, cost_minor: 0 } }
                }
                WaitOn::Measure => Event::Measured { key, value: Some(f64::from(how)), before: None },
                WaitOn::Child { .. } => {
                    let state = [State::Succeeded, State::Failed, State::Cancelled, State::Compensated];
                    let variables = Variables::from([("x".to_owned(), Scalar::Number(1.0))]);
                    Event::SubEnded { key, state: state[usize::from(how) % 4], reason: "r".into(), variables }
                }
                _ => Event::Answered { key, attempt, answer: answer(how) },
            }
        }
    }
}

fn attempt_of(run: &Run, key: &str) -> u32 {
    let waits = run.tokens.iter().filter_map(|token| token.wait.as_ref());
    let token = waits.filter(|wait| wait.key == key).map(|wait| wait.attempt).next();
    let undoing = run.undoing.as_ref().filter(|undoing| undoing.key == key).map(|undoing| undoing.attempt);
    let settling = run.settling.iter().find(|s| s.key == key).map(|s| s.attempt);
    token.or(undoing).or(settling).unwrap_or(1)
}

fn fresh(definition: &Definition) -> Run {
    Run::start(definition, "run_1", &Variables::new(), MONDAY, None).unwrap()
}

fn bytes(run: &Run) -> String {
    serde_json::to_string(run).unwrap()
}

/// What must be true of a run between two events.
fn sound(run: &Run, definition: &Definition) -> Result<(), TestCaseError> {
    let live = matches!(run.state, State::Running | State::Waiting);
    if live && run.counters.events > 0 {
        prop_assert!(!run.tokens.is_empty(), "a live run lost its paths");
        prop_assert!(run.tokens.iter().all(|token| token.wait.is_some()), "a path waits for nothing");
    }
    if run.state.is_terminal() {
        prop_assert!(run.due().is_none() && run.undoing.is_none());
        prop_assert!(run.ended.as_ref().is_some_and(|ended| ended.state == run.state && !ended.reason.is_empty()));
    } else {
        prop_assert!(run.due().is_some() || !run.waits_for().is_empty(), "nothing wakes it");
    }
    if run.state == State::Compensating {
        prop_assert!(run.ending.is_some() && run.tokens.is_empty());
        prop_assert!(run.undoing.is_some() || !run.settling.is_empty(), "undoing that nothing moves");
    }
    let waits = run.waits_for();
    let keys: BTreeSet<&String> = waits.iter().map(|wait| &wait.key).collect();
    prop_assert_eq!(keys.len(), waits.len(), "two waits under one key");
    prop_assert!(run.counters.steps <= definition.ceilings.steps);
    prop_assert!(run.counters.effects <= definition.ceilings.effects);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn runs_are_sound_replayable_and_restorable_after_every_event(plans in plans(), moves in moves()) {
        let definition = build(&plans);
        let zone: Zone = zone();
        let (mut run, mut now) = (fresh(&definition), MONDAY);
        let mut told: Vec<Command> = Vec::new();
        let mut taken: Vec<(Millis, Event)> = Vec::new();
        let mut sent: Vec<Event> = Vec::new();
        for step in moves {
            let event = event(&run, &sent, step, &mut now);
            // The host may crash between any two events: it goes on from what it wrote.
            let mut restored: Run = serde_json::from_str(&bytes(&run)).unwrap();
            prop_assert_eq!(&restored, &run);
            let before = bytes(&run);
            let due = run.due();
            let result = run.handle(&definition, &event, now, &zone);
            let again = restored.handle(&definition, &event, now, &zone);
            prop_assert_eq!(&again, &result, "the same event gave something else");
            prop_assert_eq!(bytes(&restored), bytes(&run));
            match result {
                Ok(commands) => {
                    let idle = matches!(event, Event::Timer) && due.is_none_or(|due| due > now);
                    if idle {
                        prop_assert!(commands.is_empty() && bytes(&run) == before, "work although nothing was due");
                    } else {
                        taken.push((now, event.clone()));
                    }
                    told.extend(commands);
                }
                Err(error) => {
                    prop_assert!(!error.message.is_empty());
                    prop_assert_eq!(bytes(&run), before, "a refused event changed the run");
                }
            }
            sent.push(event);
            sound(&run, &definition)?;
        }
        let mut replayed = fresh(&definition);
        let mut retold: Vec<Command> = Vec::new();
        for (at, event) in &taken {
            retold.extend(replayed.handle(&definition, event, *at, &zone).unwrap());
        }
        prop_assert_eq!(bytes(&replayed), bytes(&run));
        prop_assert_eq!(retold, told);
    }

    #[test]
    fn a_key_names_one_thing_and_what_is_done_is_undone_backwards(plans in plans(), moves in moves()) {
        let definition = build(&plans);
        let zone = zone();
        let (mut run, mut now) = (fresh(&definition), MONDAY);
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        let mut attempts: BTreeSet<(String, u32)> = BTreeSet::new();
        let mut undone: Vec<String> = Vec::new();
        let mut to_undo: Option<Vec<String>> = None;
        let mut ends = Vec::new();
        for step in moves {
            let event = event(&run, &[], step, &mut now);
            let Ok(commands) = run.handle(&definition, &event, now, &zone) else { continue };
            for command in &commands {
                let (key, thing) = match command {
                    Command::Propose { key, attempt, request, undoes, .. } => {
                        prop_assert!(attempts.insert((key.clone(), *attempt)), "an attempt was asked for twice");
                        if let Some(call) = undoes.as_ref().filter(|_| *attempt == 1) {
                            prop_assert!(first.contains_key(call), "what was never done is undone");
                            undone.push(call.clone());
                        }
                        (key, serde_json::to_string(request).unwrap())
                    }
                    Command::Ask { key, question, .. } => (key, question.clone()),
                    Command::StartSub { key, run, .. } => (key, run.clone()),
                    Command::Measure { key, from, .. } => (key, from.to_string()),
                    Command::Ended { state, .. } => {
                        ends.push(*state);
                        continue;
                    }
                    _ => continue,
                };
                // Another attempt says the same under the same key; nothing else ever has it.
                let known = first.entry(key.clone()).or_insert_with(|| thing.clone());
                prop_assert_eq!(&*known, &thing);
            }
            if run.state == State::Compensating && run.undoing.is_some() && to_undo.is_none() {
                to_undo = Some(run.done.iter().rev().map(|done| done.key.clone()).collect());
            }
        }
        if let Some(order) = to_undo {
            prop_assert!(order.starts_with(&undone), "{undone:?} is not the beginning of {order:?}");
            if run.state == State::Compensated {
                prop_assert_eq!(order, undone, "something was not undone");
            }
        }
        // A quarantined run may be cancelled, so it can end twice; nothing else can.
        let terminal = ends.iter().filter(|state| **state != State::Quarantined).count();
        prop_assert!(terminal <= 1 && ends.len() <= 2);
        prop_assert_eq!(run.state.is_terminal(), !ends.is_empty() && run.ended.is_some());
    }

    #[test]
    fn a_run_that_is_answered_comes_to_an_end(plans in plans(), seed in any::<u8>()) {
        let definition = build(&plans);
        let zone = zone();
        let (mut run, mut now) = (fresh(&definition), MONDAY);
        for round in 0..1500_u16 {
            if run.state.is_terminal() {
                break;
            }
            let [how, ..] = (u16::from(seed) + round).to_le_bytes();
            let [which, ..] = (round / 3).to_le_bytes();
            // Answers to what can be answered, the clock for everything else.
            let answerable = run.waits_for().iter().any(|w| !matches!(w.on, WaitOn::Time | WaitOn::Pause | WaitOn::Gather { .. }));
            let kind = if answerable && round % 7 != 6 { 8 } else { 4 };
            let how = if kind == 4 { 0 } else { how | 5 };
            let event = event(&run, &[], (kind, which, how), &mut now);
            let _ = run.handle(&definition, &event, now, &zone);
        }
        prop_assert!(run.state.is_terminal(), "{:?} waits for {:?}", run.state, run.waits_for());
    }

    #[test]
    fn any_definition_can_be_drawn_told_compared_and_checked(a in plans(), b in plans()) {
        let (a, b) = (build(&a), build(&b));
        prop_assert_eq!(epoch_workflows::graph(&a).nodes.len(), a.nodes.len());
        prop_assert_eq!(epoch_workflows::words(&a).len(), a.nodes.len());
        prop_assert!(epoch_workflows::diff(&a, &a).is_empty());
        prop_assert_eq!(epoch_workflows::diff(&a, &b).is_empty(), a.hash() == b.hash());
        let business = crate::bench::business();
        let around = epoch_workflows::publish::Around { business: &business, workflows: &["other"] };
        for problem in epoch_workflows::publish::check(&a, &around) {
            prop_assert!(!problem.message.is_empty() && !problem.path.is_empty());
        }
    }
}
