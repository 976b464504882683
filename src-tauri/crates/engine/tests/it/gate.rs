//! The gate lets through what the engine executes with a genuine answer, and nothing else.

use epoch_model::Code;
use epoch_model::business::{LeverValue, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Decision, SignedVerdict, State, Verdict};
use epoch_model::gate::{Ground, OperatorKeys, RunState, act_hash, admit};

use crate::world::{BUSINESS, World, number};

fn keys(world: &World) -> OperatorKeys {
    OperatorKeys(vec![world.key.verifying_key().to_bytes()])
}

/// A decision as it executes after this answer, with the answer.
fn executing(verdict: Verdict) -> (World, Decision, SignedVerdict) {
    let mut world = World::new(BUSINESS);
    world.days(90);
    world.day(0.4, 1.0);
    let card = world.on("pro_price").expect("a card");
    let signed = world.sign(&card, verdict.clone());
    world.answer(&card.id, verdict);
    let running = world.engine.decision(&card.id).expect("open").clone();
    assert_eq!(running.state, State::Executing);
    (world, running, signed)
}

#[test]
fn approvals_and_edits_pass() {
    for verdict in [Verdict::Approve, Verdict::edit_to(number(25.0))] {
        let (world, d, signed) = executing(verdict);
        let permit = admit(&d, Some(&signed), None, &Ground::plain(&keys(&world), "Northwind", RunState::Running))
            .expect("admitted");
        assert_eq!((permit.decision(), permit.act_hash()), (d.id.as_str(), d.act_hash.as_str()));
        assert_eq!(permit.idempotency_key(), d.idempotency_key);
    }
}

#[test]
fn everything_else_is_denied() {
    for verdict in [Verdict::Approve, Verdict::edit_to(number(25.0))] {
        let (world, d, signed) = executing(verdict.clone());
        let deny = |what: &str, d: &Decision, signed: Option<&SignedVerdict>, business: &str, run, code| {
            let refused = admit(d, signed, None, &Ground::plain(&keys(&world), business, run)).expect_err(what);
            assert_eq!(refused.code, code, "{what}");
        };
        let (ok, run) = (Some(&signed), RunState::Running);
        deny("paused", &d, ok, "Northwind", RunState::Paused, Code::Denied);
        deny("stopped", &d, ok, "Northwind", RunState::Stopped, Code::Denied);
        deny("other business", &d, ok, "Southwind", run, Code::Denied);
        deny("no approval", &d, None, "Northwind", run, Code::Denied);
        for state in [State::Pending, State::Approved, State::Executed, State::Rejected, State::InDoubt] {
            deny("not executing", &Decision { state, ..d.clone() }, ok, "Northwind", run, Code::Denied);
        }
        let other = Act::SetLever { lever: "pro_price".into(), from: number(29.0), to: number(49.0) };
        deny("act swapped", &Decision { act: other.clone(), ..d.clone() }, ok, "Northwind", run, Code::Denied);
        let rehashed = Decision { act_hash: act_hash(&other), act: other, ..d.clone() };
        deny("act and hash swapped", &rehashed, ok, "Northwind", run, Code::Denied);
        let lever = match &d.act {
            Act::SetLever { from, to, .. } => {
                Act::SetLever { lever: "featured_discount".into(), from: from.clone(), to: to.clone() }
            }
            _ => panic!("a lever"),
        };
        let relevered = Decision { act_hash: act_hash(&lever), act: lever, ..d.clone() };
        deny("same value on another lever", &relevered, ok, "Northwind", run, Code::Denied);
        deny("other decision", &Decision { id: "dec_000099".into(), ..d.clone() }, ok, "Northwind", run, Code::Denied);
        if verdict == Verdict::Approve {
            let mut late = d.clone();
            let mut system = d.clone();
            for t in late.history.iter_mut().filter(|t| t.to == State::Approved) {
                t.at = d.expires_at;
            }
            for t in system.history.iter_mut().filter(|t| t.to == State::Approved) {
                t.actor = "system".into();
            }
            deny("approved after its time was over", &late, ok, "Northwind", run, Code::Denied);
            deny("approved by nobody", &system, ok, "Northwind", run, Code::Denied);
            deny(
                "card changed after approval",
                &Decision { headline: "x".into(), ..d.clone() },
                ok,
                "Northwind",
                run,
                Code::Denied,
            );
        } else {
            let mut forged = d.clone();
            if let Some(shown) = &mut forged.edited_from {
                shown.headline.push('!');
            }
            deny("shown card changed", &forged, ok, "Northwind", run, Code::Denied);
            deny("shown card gone", &Decision { edited_from: None, ..d.clone() }, ok, "Northwind", run, Code::Denied);
        }
        let stranger = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let foreign = world.sign_as(&stranger, "Northwind", &d, verdict.clone());
        deny("unknown key", &d, Some(&foreign), "Northwind", run, Code::SignatureInvalid);
        let mut renamed = foreign;
        renamed.key_id.clone_from(&signed.key_id);
        deny("forged signature", &d, Some(&renamed), "Northwind", run, Code::SignatureInvalid);
        let mut rewritten = signed.clone();
        rewritten.claim.verdict = Verdict::edit_to(LeverValue::Number(49.0));
        deny("claim rewritten", &d, Some(&rewritten), "Northwind", run, Code::SignatureInvalid);
        let veto = world.sign(&d, Verdict::Veto { reason: "wrong".into(), text: String::new() });
        deny("a veto", &d, Some(&veto), "Northwind", run, Code::Denied);
    }
}

#[test]
fn policy_and_silence() {
    let (world, d, _) = executing(Verdict::Approve);
    let with = |answer, reversibility| {
        let mut d = d.clone();
        d.policy.answer = answer;
        d.reversibility = reversibility;
        d
    };
    let admitted =
        |d: &Decision| admit(d, None, None, &Ground::plain(&keys(&world), "Northwind", RunState::Running)).is_ok();
    assert!(admitted(&with(PolicyAnswer::Run, Reversibility::R1)));
    assert!(!admitted(&with(PolicyAnswer::Deny, Reversibility::R0)));
    assert!(
        !admitted(&with(PolicyAnswer::Ask, Reversibility::R0)),
        "approved by an operator, so the answer is asked for"
    );
    let mut silent = with(PolicyAnswer::Ask, Reversibility::R0);
    for t in silent.history.iter_mut().filter(|t| t.to == State::Approved) {
        t.actor = "system".to_owned();
        t.at = silent.expires_at;
    }
    assert!(admitted(&silent));
    silent.reversibility = Reversibility::R1;
    assert!(!admitted(&silent));
}
