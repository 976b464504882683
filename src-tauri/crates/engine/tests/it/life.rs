//! From history to anomaly to decision to approval to effect to score, and every way that does not end there.

use epoch_engine::{Action, Input};
use epoch_model::Code;
use epoch_model::business::{LeverValue, PolicyAnswer};
use epoch_model::decision::{Act, Decision, State, Verdict};
use epoch_model::gate::RunState;
use epoch_model::time::DAY;

use crate::world::{BUSINESS, World, effects, number, refusals};

/// A world in which revenue just fell and a price step waits for an answer.
fn fallen() -> (World, Decision) {
    let mut world = World::new(BUSINESS);
    world.days(90);
    world.day(0.4, 1.0);
    let card = world.on("pro_price").expect("a card");
    assert_eq!(card.state, State::Pending, "{:?}", card.policy);
    (world, card)
}

#[test]
fn the_whole_loop() {
    let (mut world, card) = fallen();
    assert!(
        matches!(&card.act, Act::SetLever { lever, from, to } if lever == "pro_price" && *from == number(29.0) && *to == number(28.0))
    );
    assert_eq!(card.dry_run, "pro_price: 29 -> 28");
    let (nothing, acting) = (&card.nothing.value, &card.prediction.value);
    // 14 days of about 4,900 EUR.
    assert!((55_000.0..80_000.0).contains(&nothing.p50), "{nothing:?}");
    assert!(nothing.p10 < nothing.p50 && nothing.p50 < nothing.p90 && acting.p10 < nothing.p10);
    assert!(acting.method.contains("expert prior"), "{}", acting.method);
    assert!((0.3..0.5).contains(&card.prediction.p_worse));
    let (low, middle, high) = card.prediction.money_minor.expect("money is worth itself");
    assert!(low < 0 && middle > 0 && high > middle);
    assert!(
        !card.evidence.is_empty()
            && !card.counter_evidence.is_empty()
            && card.counter_search.contains("segment values")
    );
    assert!(card.alternatives[0].what == "Do nothing" && card.alternatives.len() >= 2);
    for text in [&card.headline, &card.undo, &card.worst_case, &card.blast_radius, &card.on_expiry, &card.policy.reason]
    {
        assert!(!text.is_empty() && !text.contains('{'), "{text}");
    }

    let actions = world.answer(&card.id, Verdict::Approve);
    assert_eq!(effects(&actions).len(), 1);
    assert_eq!(world.state(&card.id), Some(State::Executing));
    world.done(&card.id);
    assert_eq!(world.state(&card.id), Some(State::Observing));
    assert_eq!(world.engine.lever("pro_price"), Some(&number(28.0)));
    for _ in 0..16 {
        world.day(1.03, 1.0);
    }
    assert_eq!(world.state(&card.id), Some(State::Scored));
    let scored = last(&world, &card.id);
    let outcome = scored.outcome.expect("an outcome");
    assert!(outcome.inside && outcome.loss < 0.5, "{outcome:?}");
    assert!(outcome.money_minor.is_some() && outcome.note.contains("control group"));
    assert_eq!(
        world.engine.calibration().get("playbook:revenue_drop_lower_price").map(|c| (c.scored, c.inside)),
        Some((1, 1))
    );
    let states: Vec<State> = scored.history.iter().map(|t| t.to).collect();
    assert_eq!(
        states,
        [
            State::Draft,
            State::Pending,
            State::Approved,
            State::Executing,
            State::Executed,
            State::Observing,
            State::Scored
        ]
    );
    assert!(scored.history[2].actor.starts_with("operator:"));

    // The next card knows its precedent.
    for _ in 0..30 {
        world.day(1.0, 1.0);
    }
    world.day(0.3, 1.0);
    let next = world.on("pro_price").expect("another card");
    assert_eq!(next.precedents.first().map(|p| p.decision.as_str()), Some(card.id.as_str()));
    assert_eq!(next.prediction.calibration.scored, 1);
    assert!(next.prediction.value.method.contains("one scored use"), "{}", next.prediction.value.method);
}

fn last(world: &World, id: &str) -> Decision {
    let mut found = world.log.iter().rev().flat_map(|(_, _, a)| a.iter().rev()).filter_map(|a| match a {
        Action::Decision(d) if d.id == id => Some(d.as_ref().clone()),
        _ => None,
    });
    found.next().expect("was emitted")
}

#[test]
fn what_only_drafts_runs_alone() {
    let mut world = World::new(BUSINESS);
    world.days(90);
    let actions = world.day(0.4, 1.0);
    let sent = effects(&actions);
    assert_eq!(sent.len(), 1);
    let Act::Call { effect, payload } = sent[0].1 else { panic!("a webhook") };
    assert_eq!(effect, "ops_alert");
    assert!(payload["text"].as_str().is_some_and(|t| t.contains("Revenue was")), "{payload}");
    let alert = world.engine.decision(sent[0].0).expect("open");
    assert_eq!(alert.policy.answer, PolicyAnswer::Run);
}

#[test]
fn a_lever_that_reaches_everybody_asks_whatever_the_rule_says() {
    let (_, card) = fallen();
    assert_eq!(card.policy.answer, PolicyAnswer::Ask);
    let free = format!(
        "{}\n[[policy]]\nname = \"all runs\"\nanswer = \"run\"\n",
        BUSINESS.replace("exposure_per_decision = \"10 %\"", "exposure_per_decision = \"100 %\"")
    );
    let mut world = World::new(&free);
    world.days(90);
    world.day(0.4, 1.0);
    let all: Vec<Action> = world.log.iter().flat_map(|(_, _, a)| a.clone()).collect();
    assert!(effects(&all).iter().any(|(_, act)| matches!(act, Act::SetLever { lever, .. } if lever == "pro_price")));
    let strict = format!("{BUSINESS}\n[[policy]]\nname = \"all runs\"\nanswer = \"run\"\n");
    let mut world = World::new(&strict);
    world.days(90);
    world.day(0.4, 1.0);
    let card = world.on("pro_price").expect("a card");
    assert_eq!(card.state, State::Pending);
    assert!(card.policy.reason.contains("100 % of customers"), "{}", card.policy.reason);
    let denied = format!("{BUSINESS}\n[[policy]]\nname = \"no prices\"\ndomains = [\"pricing\"]\nanswer = \"deny\"\n");
    let mut world = World::new(&denied);
    world.days(90);
    let actions = world.day(0.4, 1.0);
    let refused = actions.iter().any(|a| matches!(a, Action::Decision(d) if d.state == State::Rejected && d.history.iter().any(|t| t.reason.contains("no prices"))));
    assert!(refused && world.on("pro_price").is_none());
}

#[test]
fn verdicts_are_checked() {
    let (mut world, card) = fallen();
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let mut tampered = world.sign(&card, Verdict::Veto { reason: "wrong".into(), text: String::new() });
    tampered.claim.verdict = Verdict::Approve;
    let mut old = card.clone();
    old.headline.push('!');
    let cases = [
        (world.sign_as(&stranger, "Northwind", &card, Verdict::Approve), Code::SignatureInvalid),
        (tampered, Code::SignatureInvalid),
        (world.sign_as(&world.key, "Southwind", &card, Verdict::Approve), Code::Denied),
        (world.sign(&old, Verdict::Approve), Code::Stale),
        (world.sign(&Decision { id: "dec_999999".into(), ..card.clone() }, Verdict::Approve), Code::NotFound),
        (world.sign(&card, Verdict::edit_to(number(99.0))), Code::InvalidArgument),
        (world.sign(&card, Verdict::edit_to(number(27.5))), Code::InvalidArgument),
        (world.sign(&card, Verdict::edit_to(LeverValue::Bool(true))), Code::InvalidArgument),
    ];
    for (signed, code) in cases {
        let actions = world.send(Input::Verdict { signed });
        assert_eq!(refusals(&actions), [code]);
        assert!(effects(&actions).is_empty());
    }
    assert_eq!(world.state(&card.id), Some(State::Pending));
    world.answer(&card.id, Verdict::Approve);
    let again = world.sign(&card, Verdict::Approve);
    assert_eq!(refusals(&world.send(Input::Verdict { signed: again })), [Code::WrongState]);
}

#[test]
fn an_edit_is_predicted_anew() {
    let (mut world, card) = fallen();
    let preview = world
        .engine
        .preview_edit(&card.id, &std::collections::BTreeMap::from([("to".to_owned(), number(26.0))]))
        .expect("within range");
    assert!(preview.prediction.value.p50 > card.prediction.value.p50);
    assert!(preview.headline.contains("26"), "{}", preview.headline);
    let actions = world.answer(&card.id, Verdict::edit_to(number(26.0)));
    assert!(matches!(effects(&actions)[0].1, Act::SetLever { to, .. } if *to == number(26.0)));
    let edited = world.engine.decision(&card.id).expect("open");
    assert_ne!(edited.act_hash, card.act_hash);
    assert_eq!(edited.edited_from.as_ref().map(|d| d.card_hash()), Some(card.card_hash()));
    assert_eq!(edited.dry_run, "pro_price: 29 -> 26");
}

#[test]
fn veto_defer_and_silence() {
    let (mut world, card) = fallen();
    world.answer(&card.id, Verdict::until(world.now + DAY));
    assert!(world.engine.decision(&card.id).expect("open").deferred_until.is_some());
    world.answer(&card.id, Verdict::until(world.now));
    assert_eq!(world.engine.decision(&card.id).expect("open").deferred_until, None, "deferring is undone");
    world.answer(&card.id, Verdict::until(world.now + DAY));
    world.now += DAY;
    let actions = world.send(Input::Tick);
    assert!(actions.iter().any(|a| matches!(a, Action::Notify { decision, .. } if *decision == card.id)));
    world.answer(&card.id, Verdict::Veto { reason: "not_now".into(), text: "sale next week".into() });
    assert_eq!(world.state(&card.id), Some(State::Rejected));
    assert!(last(&world, &card.id).history.last().expect("history").reason.contains("sale next week"));

    let (mut world, card) = fallen();
    world.now = card.expires_at;
    let actions = world.send(Input::Tick);
    assert!(effects(&actions).is_empty());
    assert_eq!(world.state(&card.id), Some(State::Expired));
    assert_eq!(last(&world, &card.id).history.last().expect("history").actor, "system");
    let late = world.sign(&card, Verdict::Approve);
    assert_eq!(refusals(&world.send(Input::Verdict { signed: late })), [Code::WrongState]);
}

#[test]
fn a_draft_or_read_runs_when_nobody_answers() {
    let text = format!("{BUSINESS}\n[[policy]]\nname = \"all asks\"\nanswer = \"ask\"\n");
    let run = |sleep: i64| {
        let mut world = World::new(&text);
        world.days(90);
        world.day(0.4, 1.0);
        let alert =
            world.engine.open_decisions().filter(|d| matches!(d.act, Act::Call { .. })).last().expect("a card").clone();
        assert_eq!(alert.state, State::Pending);
        world.now = alert.expires_at + sleep;
        let actions = world.send(Input::Tick);
        (effects(&actions).len(), world.state(&alert.id))
    };
    assert_eq!(run(0), (1, Some(State::Executing)));
    assert_eq!(run(8 * DAY), (0, Some(State::Expired)), "a laptop that slept for a week sends no stale message");
}

#[test]
fn paused_proposes_and_waits() {
    let (mut world, card) = fallen();
    world.run(RunState::Paused);
    let actions = world.answer(&card.id, Verdict::Approve);
    assert!(effects(&actions).is_empty());
    assert_eq!(world.state(&card.id), Some(State::Approved));
    let actions = world.run(RunState::Running);
    assert_eq!(effects(&actions).len(), 1);

    let (mut world, card) = fallen();
    world.run(RunState::Stopped);
    world.answer(&card.id, Verdict::Approve);
    let program = Input::Run { state: RunState::Running, actor: "system".into(), reason: String::new() };
    assert_eq!(refusals(&world.send(program)), [Code::Denied]);
    world.now += 8 * DAY;
    let actions = world.run(RunState::Running);
    assert!(effects(&actions).is_empty());
    assert_eq!(world.state(&card.id), Some(State::Stale), "an approval that waited past its time comes back");
}

#[test]
fn a_lever_changed_outside_makes_the_card_stale() {
    let (mut world, card) = fallen();
    world.send(Input::LeverSeen { lever: "pro_price".into(), value: number(31.0), by: "founder".into() });
    assert_eq!(world.state(&card.id), Some(State::Stale));
    let unknown = Input::LeverSeen { lever: "nope".into(), value: number(1.0), by: "founder".into() };
    assert_eq!(refusals(&world.send(unknown)), [Code::NotFound]);
}

#[test]
fn results_of_effects() {
    for (ok, in_doubt, state) in
        [(true, false, State::Observing), (false, false, State::Failed), (false, true, State::InDoubt)]
    {
        let (mut world, card) = fallen();
        world.answer(&card.id, Verdict::Approve);
        world.send(Input::EffectResult { decision: card.id.clone(), ok, in_doubt, detail: "x".into(), answer: None });
        assert_eq!(world.state(&card.id), Some(state));
        let changed = world.engine.lever("pro_price") == Some(&number(28.0));
        assert_eq!(changed, ok);
        if in_doubt {
            world.done(&card.id);
            assert_eq!(world.state(&card.id), Some(State::Observing));
        }
        let stray = Input::EffectResult {
            decision: card.id.clone(),
            ok: true,
            in_doubt: false,
            detail: String::new(),
            answer: None,
        };
        assert_eq!(refusals(&world.send(stray)), [Code::WrongState]);
    }
}

#[test]
fn a_change_after_which_conversion_falls_is_taken_back() {
    let (mut world, card) = fallen();
    world.answer(&card.id, Verdict::Approve);
    world.done(&card.id);
    world.days(3);
    world.day_with(1.0, 1.0, 0.3, 1.0);
    let back = world
        .engine
        .open_decisions()
        .find(|d| d.proposer == "playbook:conversion_drop_after_change")
        .expect("a way back")
        .clone();
    assert!(
        matches!(&back.act, Act::SetLever { lever, from, to } if lever == "pro_price" && *from == number(28.0) && *to == number(29.0))
    );
    world.answer(&back.id, Verdict::Approve);
    world.done(&back.id);
    assert_eq!(world.engine.lever("pro_price"), Some(&number(29.0)));
    world.days(8);
    world.day_with(1.0, 1.0, 0.3, 1.0);
    assert!(
        world
            .engine
            .open_decisions()
            .all(|d| d.id == back.id || d.id == card.id || !d.proposer.ends_with("after_change")),
        "what took a change back is not taken back itself: {:?}",
        world.engine.open_decisions().map(|d| (&d.id, &d.headline, &d.proposer, d.state)).collect::<Vec<_>>()
    );
    world.days(7);
    let first = last(&world, &card.id);
    assert!(first.outcome.expect("scored").note.contains(&back.id), "the first figure is a mixture and says so");
}

#[test]
fn cards_and_money_of_a_day_are_limited() {
    let text = BUSINESS.replace("cards_per_day = 5", "cards_per_day = 0");
    let mut world = World::new(&text);
    world.days(90);
    world.day(0.4, 1.0);
    let draft = world.on("pro_price").expect("a draft");
    assert_eq!(draft.state, State::Draft);
    assert!(draft.history.last().expect("history").reason.contains("waits"), "{:?}", draft.history);
    world.now = draft.expires_at;
    world.send(Input::Tick);
    assert_eq!(world.state(&draft.id), Some(State::Withdrawn));
}
