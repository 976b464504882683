//! The procedures that come with the program can be adopted and lived through as they stand.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::business::Business;
use epoch_workflows::library::{TEXTS, definitions};
use epoch_workflows::publish::{Around, check, check_text};
use epoch_workflows::run::{Request, State, WaitOn};
use epoch_workflows::{Answer, Command, Definition, Event, Run, Scalar, Variables, bind, bind_text, parse, suggest};
use serde_json::json;

use crate::bench::{MONDAY, business, zone};

fn roles(definition: &Definition, business: &Business) -> BTreeMap<String, String> {
    let offers = suggest(definition, business, &[]);
    let first = |(role, keys): (&String, &Vec<String>)| {
        let key = keys.first().unwrap_or_else(|| panic!("{}: nothing fits {role}", definition.key));
        (role.clone(), key.clone())
    };
    offers.iter().map(first).collect()
}

fn adopted(definition: &Definition, business: &Business) -> Definition {
    bind(definition, &roles(definition, business)).unwrap()
}

#[test]
fn every_text_parses_under_its_own_key() {
    for (key, text) in TEXTS {
        let definition = parse(text).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));
        assert_eq!(definition.key, key);
        assert!(!definition.unbound().is_empty(), "{key} names what only one business has");
    }
    assert_eq!(definitions().unwrap().len(), 6);
}

#[test]
fn bound_as_suggested_each_may_be_published() {
    let business = business();
    for definition in definitions().unwrap() {
        let bound = adopted(&definition, &business);
        assert!(bound.unbound().is_empty());
        let problems = check(&bound, &Around { business: &business, workflows: &[] });
        assert!(problems.is_empty(), "{}: {problems:#?}", bound.key);
    }
}

#[test]
fn unbound_none_may_be_published() {
    let business = business();
    for definition in definitions().unwrap() {
        let problems = check(&definition, &Around { business: &business, workflows: &[] });
        assert!(problems.iter().any(|p| p.message.starts_with("nothing fills the role")), "{}", definition.key);
    }
}

#[test]
fn suggestions_follow_keys_before_words_and_keep_to_the_kind() {
    let text = |need: &str| {
        format!(
            "key=\"a\"\ntitle=\"A\"\npurpose=\"A.\"\n[needs.it]\nabout=\"it\"\n{need}\n[[node]]\nkey=\"e\"\ntitle=\"E\"\nkind=\"end\"\n"
        )
    };
    for (need, expect) in [
        (
            "kind=\"metric\"\nkeys=[\"errors\"]\nwords=[\"refund\",\"visit\"]",
            vec!["errors", "visits", "refund_rate", "per_visit"],
        ),
        ("kind=\"metric\"\nwords=[\"re\"]\nbetter=\"down\"", vec!["refund_rate", "response_hours"]),
        ("kind=\"lever\"\nof=[\"boolean\"]", vec!["beta"]),
        ("kind=\"lever\"\nat_most=\"R1\"", vec!["pro_price", "beta"]),
        ("kind=\"effect\"\nof=[\"file\"]", vec!["drafts"]),
        ("kind=\"effect\"\nof=[\"webhook\"]\nat_most=\"R1\"", vec!["alert"]),
        ("kind=\"metric\"\nkeys=[\"nothing_like_it\"]", vec![]),
        ("kind=\"workflow\"", vec!["other"]),
    ] {
        let definition = parse(&text(need)).unwrap();
        assert_eq!(suggest(&definition, &business(), &["other"])["it"], expect, "{need}");
    }
}

/// Lives a run through, the founder taking the option with this number wherever there is one, until it ends.
fn live(definition: &Definition, option: usize, answer: &dyn Fn(&Command) -> Answer) -> (Run, Vec<String>) {
    let mut inputs = Variables::new();
    for (name, value) in [("price_now", 29.0), ("price_test", 33.0)] {
        inputs.insert(name.into(), Scalar::Number(value));
    }
    inputs.insert("what".into(), Scalar::text("Shared boards"));
    inputs.retain(|name, _| definition.inputs.contains_key(name));
    let zone = zone();
    let mut now = MONDAY;
    let mut run = Run::start(definition, format!("run_{option}"), &inputs, now, None).unwrap();
    let mut open = run.handle(definition, &Event::Start, now, &zone).unwrap();
    let mut texts = Vec::new();
    let mut measured = 0;
    for _ in 0..500 {
        if run.state.is_terminal() {
            return (run, texts);
        }
        let event = open.pop().and_then(|command| match &command {
            Command::Propose { key, attempt, request, .. } => {
                if let Request::Effect { payload, .. } = request {
                    texts.push(payload["text"].as_str().unwrap_or_default().to_owned());
                }
                Some(Event::Answered { key: key.clone(), attempt: *attempt, answer: answer(&command) })
            }
            Command::AskExperiment { key, .. } => {
                Some(Event::Answered { key: key.clone(), attempt: 1, answer: answer(&command) })
            }
            Command::Ask { key, options, .. } => {
                let value = json!(options[option % options.len()].key);
                Some(Event::Answered { key: key.clone(), attempt: 1, answer: Answer::Done { value, cost_minor: 0 } })
            }
            Command::Measure { key, .. } => {
                // What was high comes down, slowly.
                measured += 1;
                let value = Some(3.0 - 0.1 * f64::from(measured));
                Some(Event::Measured { key: key.clone(), value, before: Some(2.0) })
            }
            _ => None,
        });
        let waits_for_somebody = run.waits_for().iter().find(|w| matches!(w.on, WaitOn::Signal { .. })).cloned();
        let event = match event {
            Some(event) => event,
            None if open.is_empty() => match run.due().filter(|due| *due < run.lives_until) {
                Some(due) => {
                    now = due.max(now);
                    Event::Timer
                }
                None => match waits_for_somebody.map(|wait| (wait.on, wait.key)) {
                    Some((WaitOn::Signal { name }, key)) => Event::Signal {
                        id: format!("sig_{now}"),
                        name,
                        key: Some(key),
                        payload: json!({"offer": "a month"}),
                    },
                    _ => panic!("{}: nothing wakes it: {:#?}", definition.key, run.waits_for()),
                },
            },
            None => continue,
        };
        open.extend(run.handle(definition, &event, now, &zone).unwrap());
    }
    panic!("{} does not end", definition.key)
}

#[test]
fn each_lives_to_an_end_whatever_the_founder_chooses() {
    let business = business();
    let fine = |command: &Command| match command {
        Command::AskExperiment { .. } => Answer::Done {
            value: json!({"experiment": "x", "decision": "ship", "winner": "test", "value": 33, "lift": 0.04, "low": 0.01, "high": 0.07}),
            cost_minor: 0,
        },
        Command::Propose { request: Request::Lever { to, .. }, .. } => {
            Answer::Done { value: json!({"from": false, "to": to}), cost_minor: 0 }
        }
        _ => Answer::Done { value: json!({}), cost_minor: 0 },
    };
    for definition in definitions().unwrap() {
        let bound = adopted(&definition, &business);
        let mut ends = BTreeSet::new();
        for option in 0..3 {
            let (run, texts) = live(&bound, option, &fine);
            // A launch whose watched number rises by half is taken back.
            let taken_back = bound.key == "launch" && run.state == State::Compensated;
            assert!(run.state == State::Succeeded || taken_back, "{} {option}: {:?}", bound.key, run.ended);
            for text in &texts {
                assert!(!text.is_empty() && !text.contains("unknown") && !text.contains('{'), "{}: {text}", bound.key);
            }
            ends.insert(run.counters.steps);
        }
        assert!(
            ends.len() > 1 || bound.key == "incident" || bound.key == "weekly-review",
            "{}: one way only",
            bound.key
        );
    }
}

#[test]
fn each_lives_to_an_end_when_effects_fail() {
    let business = business();
    let broken = |command: &Command| match command {
        Command::AskExperiment { .. } => Answer::Refused { reason: "another experiment has the lever".into() },
        _ => Answer::Failed { reason: "the disk is full".into(), again: true },
    };
    for definition in definitions().unwrap() {
        let (run, _) = live(&adopted(&definition, &business), 0, &broken);
        assert_eq!(run.state, State::Failed, "{}: {:?}", definition.key, run.ended);
    }
}

#[test]
fn a_text_is_adopted_with_its_comments() {
    let business = business();
    let around = Around { business: &business, workflows: &[] };
    for (key, text) in TEXTS {
        let definition = parse(text).unwrap();
        let roles = roles(&definition, &business);
        let adopted = bind_text(text, &roles).unwrap();
        assert_eq!(adopted.matches('#').count(), text.matches('#').count(), "{key} lost a comment");
        let published = check_text(&adopted, &around).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));
        assert_eq!(published, bind(&definition, &roles).unwrap(), "{key}");
        assert!(check_text(text, &around).unwrap_err().iter().all(|problem| problem.line > 1), "{key}: unbound");
    }
    let wrong = BTreeMap::from([("nobody".to_owned(), "drafts".to_owned())]);
    assert!(bind_text(TEXTS[0].1, &wrong).is_err() && bind_text("no toml [", &wrong).is_err());
}

#[test]
fn every_simulated_company_can_adopt_all_of_them() {
    for name in ["shop-calm", "saas-calm", "marketplace-calm"] {
        let scenario = epoch_sandbox::Scenario::builtin(name).unwrap();
        let text = epoch_sandbox::World::new(&scenario, 1).business_toml();
        let business = Business::parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        for definition in definitions().unwrap() {
            let problems = check(&adopted(&definition, &business), &Around { business: &business, workflows: &[] });
            assert!(problems.is_empty(), "{name}, {}: {problems:#?}", definition.key);
        }
    }
}
