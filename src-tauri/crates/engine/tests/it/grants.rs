//! Standing grants: what the founder lets a proposer do again, within terms that the gate checks once more.

use epoch_engine::{Action, Input};
use epoch_model::Code;
use epoch_model::decision::{Decision, GrantTerms, State, Verdict};
use epoch_model::gate::{Ground, OperatorKeys, RunState, admit};
use epoch_model::proposal::Grant;
use epoch_model::time::DAY;

use crate::offers::{call, card, choose, offer, propose};
use crate::world::{BUSINESS, World, effects, refusals};

fn ready() -> World {
    let mut world = World::new(&format!("{BUSINESS}\n[[policy]]\nname = \"all ask\"\nanswer = \"ask\"\n"));
    world.days(10);
    world
}

fn terms(world: &World, change: impl FnOnce(&mut GrantTerms)) -> GrantTerms {
    let mut terms = GrantTerms {
        proposer: "client:a".into(),
        target: "effect ops_alert".into(),
        cap_minor: 100,
        uses: 2,
        until: world.now + 10 * DAY,
    };
    change(&mut terms);
    terms
}

fn grants(world: &World) -> Vec<Grant> {
    let mut told = world.log.iter().flat_map(|(_, _, a)| a).filter_map(|a| match a {
        Action::Grants(all) => Some(all.clone()),
        _ => None,
    });
    told.next_back().unwrap_or_default()
}

/// A world in which client:a has a grant.
fn granted() -> World {
    let mut world = ready();
    propose(&mut world, offer("client:a", "first", call("1")));
    let id = card(&world, "client:a", "first").id;
    let terms = terms(&world, |_| {});
    assert_eq!(effects(&world.answer(&id, Verdict::Delegate { terms })).len(), 1, "delegating approves this one");
    world
}

#[test]
fn a_grant_is_used_as_often_as_it_says_by_whom_and_on_what_it_says() {
    let mut world = granted();
    assert_eq!(effects(&propose(&mut world, offer("client:b", "k", call("2")))).len(), 0, "another proposer");
    for key in ["second", "third"] {
        let actions = propose(&mut world, offer("client:a", key, call(key)));
        assert_eq!(effects(&actions).len(), 1, "{key}");
        assert_eq!(card(&world, "client:a", key).grant.as_deref(), Some("grant_000001"));
    }
    assert_eq!(grants(&world)[0].used, 2);
    assert_eq!(effects(&propose(&mut world, offer("client:a", "fourth", call("4")))).len(), 0, "used up");
    assert_eq!(card(&world, "client:a", "fourth").state, State::Pending);
}

#[test]
fn a_grant_ends_with_its_time_and_when_it_is_revoked() {
    let mut world = granted();
    world.now += 10 * DAY;
    assert_eq!(effects(&propose(&mut world, offer("client:a", "late", call("2")))).len(), 0);
    let mut world = granted();
    let revoke = || Input::GrantRevoked { grant: "grant_000001".into(), by: "operator:me".into() };
    assert_eq!(refusals(&world.send(revoke())), []);
    assert!(grants(&world)[0].revoked.is_some());
    assert_eq!(refusals(&world.send(revoke())), [Code::WrongState]);
    assert_eq!(effects(&propose(&mut world, offer("client:a", "late", call("2")))).len(), 0);
    let unknown = Input::GrantRevoked { grant: "grant_9".into(), by: "operator:me".into() };
    assert_eq!(refusals(&world.send(unknown)), [Code::NotFound]);
}

#[test]
fn terms_that_would_reach_further_than_the_card_are_refused() {
    let mut world = ready();
    propose(&mut world, offer("client:a", "k", call("1")));
    propose(&mut world, offer("client:a", "q", choose()));
    let id = card(&world, "client:a", "k").id;
    let far = world.now + 400 * DAY;
    let now = world.now;
    let bad = [
        terms(&world, |t| t.proposer = "client:b".into()),
        terms(&world, |t| t.target = "effect other".into()),
        terms(&world, |t| t.uses = 0),
        terms(&world, |t| t.uses = 5000),
        terms(&world, |t| t.cap_minor = -1),
        terms(&world, |t| t.until = now),
        terms(&world, |t| t.until = far),
    ];
    for terms in bad {
        let said = format!("{terms:?}");
        assert_eq!(refusals(&world.answer(&id, Verdict::Delegate { terms })), [Code::InvalidArgument], "{said}");
        assert_eq!(card(&world, "client:a", "k").state, State::Pending);
    }
    let question = card(&world, "client:a", "q").id;
    let terms = terms(&world, |t| t.target = "question".into());
    assert_eq!(refusals(&world.answer(&question, Verdict::Delegate { terms })), [Code::InvalidArgument]);
}

#[test]
fn the_gate_believes_no_grant_it_cannot_verify() {
    let mut world = granted();
    propose(&mut world, offer("client:a", "second", call("2")));
    let d = card(&world, "client:a", "second");
    assert_eq!(d.state, State::Executing);
    let (keys, all) = (OperatorKeys(vec![world.key.verifying_key().to_bytes()]), grants(&world));
    let let_in = |d: &Decision, grants: &[Grant]| {
        let ground = Ground { grants, ..Ground::plain(&keys, "Northwind", RunState::Running) };
        admit(d, None, Some("webhook"), &ground).map(|_| ()).map_err(|e| e.code)
    };
    assert_eq!(let_in(&d, &all), Ok(()));
    let with = |change: &dyn Fn(&mut Grant)| {
        let mut all = all.clone();
        change(&mut all[0]);
        all
    };
    let denied = Err(Code::Denied);
    assert_eq!(let_in(&d, &[]), denied, "no such grant");
    assert_eq!(let_in(&d, &with(&|g| g.revoked = Some(1))), denied, "revoked");
    assert_eq!(let_in(&d, &with(&|g| g.used = 3)), denied, "used up");
    assert_eq!(let_in(&d, &with(&|g| g.terms.cap_minor = 1_000_000)), denied, "terms rewritten");
    let rewritten = with(&|g| {
        g.terms.cap_minor = 1_000_000;
        g.signed.claim.verdict = Verdict::Delegate { terms: g.terms.clone() };
    });
    assert_eq!(let_in(&d, &rewritten), Err(Code::SignatureInvalid), "terms and claim rewritten");
    let approval = with(&|g| g.signed.claim.verdict = Verdict::Approve);
    assert_eq!(let_in(&d, &approval), Err(Code::SignatureInvalid), "no delegation");
    for forged in [
        Decision { proposer: "client:b".into(), ..d.clone() },
        Decision { stake_minor: Some(101), ..d.clone() },
        Decision { cost_minor: 101, ..d.clone() },
        Decision { stake_minor: None, ..d.clone() },
        Decision { grant: Some("grant_000002".into()), ..d.clone() },
        Decision { grant: None, ..d.clone() },
    ] {
        assert_eq!(let_in(&forged, &all), denied, "{forged:?}");
    }
    let mut late = d.clone();
    for t in late.history.iter_mut().filter(|t| t.to == State::Approved) {
        t.at = all[0].terms.until;
    }
    assert_eq!(let_in(&late, &all), denied, "approved after its end");
    let other = Ground { grants: &all, ..Ground::plain(&keys, "Southwind", RunState::Running) };
    assert_eq!(admit(&d, None, None, &other).map_err(|e| e.code).err(), Some(Code::Denied), "another business");
}
