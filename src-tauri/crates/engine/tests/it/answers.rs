//! Answers that keep a card open, silence, reminders, and the time in which a sovereign approval can be taken back.

use epoch_engine::Input;
use epoch_model::Code;
use epoch_model::business::LeverValue;
use epoch_model::decision::{Level, State, Verdict, Wake};
use epoch_model::proposal::Proposal;
use epoch_model::time::{DAY, HOUR};

use crate::offers::{call, card, choose, expecting, notices, offer, propose, set};
use crate::world::{BUSINESS, World, effects, refusals};

fn ready() -> World {
    let mut world = World::new(BUSINESS);
    world.days(90);
    world
}

fn question(text: &str) -> Verdict {
    Verdict::Ask { question: text.into() }
}

#[test]
fn a_question_waits_for_its_proposer_and_changes_the_card() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", choose()));
    let shown = card(&world, "client:a", "k");
    let old = world.sign(&shown, Verdict::Approve);
    world.answer(&shown.id, question("Why red?"));
    assert_eq!(card(&world, "client:a", "k").state, State::Asked);
    assert_eq!(refusals(&world.send(Input::Verdict { signed: old.clone() })), [Code::WrongState]);
    let reply = |by: &str| Input::Replied { decision: shown.id.clone(), by: by.into(), text: "It sells.".into() };
    assert_eq!(refusals(&world.send(reply("client:b"))), [Code::NotFound]);
    assert_eq!(refusals(&world.send(reply("client:a"))), []);
    let now = card(&world, "client:a", "k");
    let talk: Vec<&str> = now.talk.iter().map(|t| t.text.as_str()).collect();
    assert_eq!((now.state, talk.as_slice()), (State::Pending, ["Why red?", "It sells."].as_slice()));
    assert_eq!(
        refusals(&world.send(Input::Verdict { signed: old })),
        [Code::Stale],
        "it was for the card without the talk"
    );
    assert_eq!(refusals(&world.send(reply("client:a"))), [Code::WrongState]);
    assert_eq!(effects(&world.answer(&shown.id, Verdict::Approve)).len(), 1);
}

#[test]
fn the_engine_answers_for_its_own_cards_at_once() {
    let mut world = ready();
    world.day(0.4, 1.0);
    let shown = world.on("pro_price").expect("a card");
    world.answer(&shown.id, question("How do you know?"));
    let now = world.on("pro_price").expect("still there");
    assert_eq!(now.state, State::Pending);
    assert_eq!(now.talk.len(), 2);
    assert!(now.talk[1].text.contains(&shown.evidence[0].text) && now.talk[1].text.contains("prediction comes from"));
    assert_ne!(now.card_hash(), shown.card_hash());
}

#[test]
fn an_asked_card_expires_like_one_that_waits() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", set("pro_price", 25.0)));
    let id = card(&world, "client:a", "k").id;
    world.answer(&id, question("?"));
    world.now += 3 * DAY + HOUR;
    world.send(Input::Tick);
    assert_eq!(world.state(&id), Some(State::Expired));
}

#[test]
fn a_deferred_card_comes_back_when_what_it_waits_for_happened() {
    let mut world = ready();
    let long = |key: &str, act| Proposal { expires_in: 30 * DAY, ..offer("client:a", key, act) };
    propose(&mut world, long("k", set("pro_price", 25.0)));
    propose(&mut world, long("other", choose()));
    let (id, other) = (card(&world, "client:a", "k").id, card(&world, "client:a", "other").id);
    let defer = |wake| Verdict::Defer { until: i64::MAX, wake: Some(wake) };
    let nowhere = [Wake::Insight { metric: "nope".into() }, Wake::Decision { decision: "dec_999999".into() }];
    for wake in nowhere {
        assert_eq!(refusals(&world.answer(&id, defer(wake))), [Code::NotFound]);
    }
    world.answer(&id, defer(Wake::Decision { decision: other.clone() }));
    assert!(world.engine.decision(&id).is_some_and(|d| d.deferred_until.is_some() && d.deferred_for.is_some()));
    let before = world.engine.decision(&id).expect("open").card_hash();
    let woken = world.answer(&other, Verdict::Veto { reason: "other".into(), text: String::new() });
    let back = world.engine.decision(&id).expect("open");
    assert!(back.deferred_until.is_none() && back.deferred_for.is_none());
    assert_eq!(back.card_hash(), before, "putting off does not change what the card says");
    assert_eq!(notices(&woken).len(), 1);

    world.answer(&id, defer(Wake::Insight { metric: "refund_rate".into() }));
    world.day(1.0, 1.0);
    assert!(world.engine.decision(&id).is_some_and(|d| d.deferred_until.is_some()), "a quiet day wakes nobody");
    world.day_with(1.0, 1.0, 1.0, 6.0);
    assert!(world.engine.decision(&id).is_some_and(|d| d.deferred_until.is_none()), "refunds jumped");
}

#[test]
fn the_founder_is_reminded_three_times_and_not_while_a_card_is_put_off() {
    let mut world = ready();
    propose(&mut world, Proposal { expires_in: 100 * HOUR, ..offer("client:a", "k", set("pro_price", 25.0)) });
    let id = card(&world, "client:a", "k").id;
    let start = world.now;
    let mut heard = Vec::new();
    for hour in 1..100 {
        world.now = start + hour * HOUR;
        if !notices(&world.send(Input::Tick)).is_empty() {
            heard.push(hour);
        }
    }
    assert_eq!(heard, [25, 50, 80]);
    world.now = start + 100 * HOUR;
    world.send(Input::Tick);
    assert_eq!(world.state(&id), Some(State::Expired));

    propose(&mut world, Proposal { expires_in: 100 * HOUR, ..offer("client:a", "later", set("pro_price", 25.0)) });
    let id = card(&world, "client:a", "later").id;
    let start = world.now;
    world.answer(&id, Verdict::until(start + 90 * HOUR));
    world.now = start + 60 * HOUR;
    assert!(notices(&world.send(Input::Tick)).is_empty());
}

#[test]
fn silence_runs_drafts_and_nothing_that_cannot_be_undone() {
    let text = format!("{BUSINESS}\n[[policy]]\nname = \"all ask\"\nanswer = \"ask\"\n");
    let mut world = World::new(&text);
    world.days(10);
    propose(&mut world, offer("client:a", "r0", call("x")));
    propose(&mut world, offer("client:a", "r1", set("pro_price", 25.0)));
    propose(
        &mut world,
        Proposal {
            reversibility: Some(epoch_model::business::Reversibility::R3),
            ..offer("client:a", "r3", call("y"))
        },
    );
    let ids: Vec<String> = ["r0", "r1", "r3"].iter().map(|k| card(&world, "client:a", k).id).collect();
    world.now += 3 * DAY;
    world.send(Input::Tick);
    let states: Vec<_> = ids.iter().map(|id| world.state(id)).collect();
    assert_eq!(states, [Some(State::Executing), Some(State::Expired), Some(State::Expired)]);
    let expired = world.log.iter().flat_map(|(_, _, a)| a).any(|a| matches!(a, epoch_engine::Action::Decision(d)
        if d.id == ids[2] && d.history.last().is_some_and(|t| t.actor == "system" && t.reason.contains("nobody answered"))));
    assert!(expired, "a timeout is written as the system's, not as the founder's no");
}

#[test]
fn a_sovereign_approval_cools_off_and_can_be_taken_back() {
    let text = BUSINESS.replace("reversibility = \"R1\"", "reversibility = \"R3\"");
    let mut world = World::new(&text);
    world.days(90);
    let big = |key: &str| {
        let mut p = expecting(offer("client:a", key, set("pro_price", 25.0)), "revenue");
        let e = p.expected.as_mut().expect("just set");
        (e.p10, e.p50, e.p90) = (-3.0, 0.5, 8.0);
        p
    };
    propose(&mut world, big("back"));
    let d = card(&world, "client:a", "back");
    assert_eq!(d.level, Level::Sovereign, "{:?} {:?} {}", d.stake_minor, d.reversibility, d.prediction.p_worse);
    assert!(effects(&world.answer(&d.id, Verdict::Approve)).is_empty());
    let cooling = world.engine.decision(&d.id).expect("open").clone();
    assert_eq!((cooling.state, cooling.cools_until), (State::Approved, Some(world.now + DAY)));
    world.answer(&d.id, Verdict::Veto { reason: "not_now".into(), text: "slept on it".into() });
    assert_eq!(world.state(&d.id), Some(State::Withdrawn));

    propose(&mut world, big("on"));
    let d = card(&world, "client:a", "on");
    // Its own deadline passes while it cools off.
    world.now += 3 * DAY - HOUR;
    world.answer(&d.id, Verdict::Approve);
    world.now += DAY - HOUR;
    assert!(effects(&world.send(Input::Tick)).is_empty());
    world.now += HOUR;
    assert_eq!(effects(&world.send(Input::Tick)).len(), 1);
}

#[test]
fn an_objection_after_the_fact_stays_on_the_record() {
    let mut world = ready();
    propose(&mut world, expecting(offer("client:a", "k", set("pro_price", 25.0)), "revenue"));
    let id = card(&world, "client:a", "k").id;
    world.answer(&id, Verdict::Approve);
    world.done(&id);
    world.answer(&id, Verdict::Veto { reason: "wrong".into(), text: "customers left".into() });
    let d = world.engine.decision(&id).expect("still observed");
    assert_eq!(d.state, State::Observing);
    assert!(d.history.last().is_some_and(|t| t.reason.contains("objected to after it ran: wrong: customers left")));
}

#[test]
fn a_question_of_a_procedure_is_answered_by_one_of_its_options() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", choose()));
    let id = card(&world, "client:a", "k").id;
    let pick = |what: &str| Verdict::Edit {
        set: std::iter::once(("choice".to_owned(), LeverValue::Text(what.into()))).collect(),
    };
    assert_eq!(refusals(&world.answer(&id, pick("green"))), [Code::InvalidArgument]);
    let actions = world.answer(&id, pick("blue"));
    assert!(matches!(effects(&actions)[0].1, epoch_model::decision::Act::Choose { choice, .. } if choice == "blue"));
}
