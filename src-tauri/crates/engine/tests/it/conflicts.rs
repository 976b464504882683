//! Decisions that could not be told apart afterwards are kept apart.

use epoch_engine::Input;
use epoch_model::Code;
use epoch_model::decision::{Act, Decision, State, Verdict};
use epoch_model::time::DAY;
use proptest::prelude::*;

use crate::offers::{card, expecting, offer, propose, set};
use crate::world::{BUSINESS, World, refusals};

/// Cheap enough that its cards are not held by the day's number of cards.
fn business() -> String {
    let formula = r#"
[[metric]]
key = "half_revenue"
kind = "formula"
formula = "revenue / 2"
format = "money"
better = "up"
domain = "sales"
"#;
    format!("{}\n{formula}", BUSINESS.replace("cards_per_day = 5", "cards_per_day = 500"))
}

fn ready() -> World {
    let mut world = World::new(&business());
    world.days(60);
    world
}

#[test]
fn two_that_want_the_same_become_one_card_with_the_evidence_of_both() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "one", set("pro_price", 25.0)));
    let before = card(&world, "client:a", "one");
    let mut second = offer("client:b", "two", set("pro_price", 24.0));
    second.evidence[0].text = "a rival is cheaper".into();
    assert_eq!(refusals(&propose(&mut world, second)), []);
    let merged = card(&world, "client:b", "two");
    assert_eq!(merged.id, before.id);
    assert!(merged.evidence.iter().any(|e| e.text == "a rival is cheaper"));
    assert!(merged.conflicts[0].resolution.contains("client:b wants") && merged.card_hash() != before.card_hash());
    let take = Input::Withdrawn { proposer: "client:b".into(), key: "two".into(), reason: String::new() };
    assert_eq!(refusals(&world.send(take)), [Code::WrongState], "the card is not its proposer's");
}

#[test]
fn the_other_way_is_refused_or_goes_first_when_it_is_worth_more() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "up", set("pro_price", 35.0)));
    let up = card(&world, "client:a", "up").id;
    let down = propose(&mut world, offer("client:b", "down", set("pro_price", 25.0)));
    assert_eq!(refusals(&down), [Code::WrongState]);
    assert_eq!(world.engine.proposal("client:b", "down"), None, "it may be proposed again later");
    let worth = expecting(offer("client:b", "down", set("pro_price", 25.0)), "revenue");
    assert_eq!(refusals(&propose(&mut world, worth)), []);
    assert_eq!(world.state(&up), Some(State::Superseded));
    assert_eq!(card(&world, "client:b", "down").conflicts[0].decision, up);
}

#[test]
fn taking_a_change_back_goes_before_everything_that_waits() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "change", set("pro_price", 25.0)));
    let id = card(&world, "client:a", "change").id;
    world.answer(&id, Verdict::Approve);
    world.done(&id);
    propose(&mut world, offer("client:a", "more", set("pro_price", 21.0)));
    let more = card(&world, "client:a", "more").id;
    assert_eq!(refusals(&propose(&mut world, offer("client:b", "back", set("pro_price", 29.0)))), []);
    assert_eq!(world.state(&more), Some(State::Superseded));
    assert_eq!(card(&world, "client:b", "back").state, State::Pending);
}

#[test]
fn what_moves_one_number_runs_one_after_the_other() {
    for metric in ["revenue", "half_revenue"] {
        let mut world = ready();
        if metric == "half_revenue" {
            // Its history is told like that of any other metric.
            let mut other = Vec::new();
            for (input, at, _) in &world.log {
                if let Input::Closed { grain, start, end, metrics } = input {
                    let mut m = metrics[0].clone();
                    m.metric = "half_revenue".into();
                    m.segments.clear();
                    m.point.value = m.point.value.map(|v| v / 2.0);
                    other.push((Input::Closed { grain: *grain, start: *start, end: *end, metrics: vec![m] }, *at));
                }
            }
            let mut fresh = World::new(&business());
            for (mine, (theirs, at)) in
                world.log.iter().filter(|(i, _, _)| matches!(i, Input::Closed { .. })).zip(other)
            {
                let (Input::Closed { grain, start, end, metrics }, Input::Closed { metrics: more, .. }) =
                    (mine.0.clone(), theirs)
                else {
                    panic!("both are closed buckets")
                };
                fresh.now = at;
                fresh.send(Input::Closed { grain, start, end, metrics: [metrics, more].concat() });
            }
            fresh.day = world.day;
            world = fresh;
        }
        propose(&mut world, expecting(offer("client:a", "price", set("pro_price", 25.0)), "revenue"));
        propose(&mut world, expecting(offer("client:b", "discount", set("featured_discount", 15.0)), metric));
        let (price, discount) = (card(&world, "client:a", "price").id, card(&world, "client:b", "discount"));
        assert_eq!(discount.state, State::Pending, "they stand side by side");
        assert_eq!(
            (discount.conflicts[0].decision.as_str(), discount.conflicts[0].on.as_str()),
            (price.as_str(), "metric revenue")
        );
        world.answer(&price, Verdict::Approve);
        let waits = world.engine.decision(&discount.id).expect("open").clone();
        assert_eq!(waits.state, State::Draft, "{metric}");
        assert!(waits.history.last().is_some_and(|t| t.reason.contains(&price)));
        world.done(&price);
        world.send(Input::Tick);
        assert_eq!(world.state(&discount.id), Some(State::Draft), "the first is still watched");
    }
}

/// Decisions that move a number and are under way or being watched.
fn acting(d: &Decision) -> bool {
    matches!(d.act, Act::SetLever { .. })
        && d.predicts()
        && matches!(d.state, State::Approved | State::Executing | State::InDoubt | State::Executed | State::Observing)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn no_lever_ever_has_two_live_decisions_and_no_number_two_changes(
        steps in prop::collection::vec((0_u8..4, 0_u8..6, any::<bool>(), any::<bool>(), 0_u8..3), 1..29)
    ) {
        let mut world = ready();
        for (i, (who, what, price, predicts, then)) in steps.into_iter().enumerate() {
            // No value comes twice: taking a change back would not wait.
            let i = u8::try_from(i).expect("few steps");
            let (lever, first, to) = if price {
                ("pro_price", 29, 20 + i)
            } else {
                ("featured_discount", 10, i)
            };
            let to = if to == first { f64::from(first) + 0.5 } else { f64::from(to) };
            let mut p = offer(&format!("client:c{who}"), &format!("k{i}"), set(lever, to));
            if predicts {
                p = expecting(p, "revenue");
            }
            propose(&mut world, p);
            let open: Vec<Decision> = world.engine.open_decisions().cloned().collect();
            let chosen = open.get(usize::from(what) % open.len().max(1));
            match (then, chosen) {
                (0, Some(d)) if d.state == State::Pending => {
                    world.answer(&d.id, Verdict::Approve);
                }
                (1, Some(d)) if d.state == State::Executing => {
                    world.done(&d.id);
                }
                (2, _) => {
                    world.now += DAY / 2;
                    world.send(Input::Tick);
                }
                _ => {}
            }
            for lever in ["pro_price", "featured_discount"] {
                let live = |d: &&Decision| d.act.lever() == Some(lever) && matches!(
                    d.state,
                    State::Draft | State::Pending | State::Asked | State::Approved | State::Executing | State::InDoubt
                );
                prop_assert!(world.engine.open_decisions().filter(live).count() <= 1, "two on {lever}");
            }
            let at_once: Vec<&Decision> = world.engine.open_decisions().filter(|d| acting(d)).collect();
            prop_assert!(at_once.len() <= 1, "{at_once:?}");
        }
    }
}
