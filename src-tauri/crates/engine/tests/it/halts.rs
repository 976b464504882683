//! Stops of one scope hold effects ahead of all rules; proposals and reads go on.

use epoch_engine::{Engine, Input};
use epoch_model::Code;
use epoch_model::decision::{State, Verdict};
use epoch_model::gate::{Ground, OperatorKeys, RunState, admit};
use epoch_model::proposal::{Proposal, Scope};

use crate::offers::{call, card, offer, propose, set};
use crate::world::{BUSINESS, World, effects, refusals};

fn halt(world: &mut World, scope: &Scope, on: bool, actor: &str) -> Vec<epoch_engine::Action> {
    world.send(Input::Halted { scope: scope.clone(), on, actor: actor.into(), reason: "test".into() })
}

#[test]
fn a_stop_holds_its_scope_also_over_a_restart_and_lets_the_rest_go() {
    let scopes = [
        Scope::Proposer { proposer: "client:a".into() },
        Scope::Proposer { proposer: "client:*".into() },
        Scope::Kind { kind: "call".into() },
        Scope::Kind { kind: "webhook".into() },
        Scope::Target { target: "effect ops_alert".into() },
        Scope::Target { target: "ops_alert".into() },
    ];
    for scope in scopes {
        let mut world = World::new(BUSINESS);
        world.days(10);
        halt(&mut world, &scope, true, "client:anybody");
        let held = propose(&mut world, offer("client:a", "k", call("x")));
        assert!(effects(&held).is_empty(), "{scope:?}");
        assert_eq!(card(&world, "client:a", "k").state, State::Approved);
        let undo = Proposal { compensation: true, ..offer("workflow:w", "undo", call("x")) };
        let by_proposer = matches!(scope, Scope::Proposer { .. });
        assert_eq!(effects(&propose(&mut world, undo)).len(), usize::from(by_proposer), "{scope:?}");
        world.engine = Engine::restore(&world.engine.snapshot()).expect("its own snapshot");
        assert!(effects(&world.send(Input::Tick)).is_empty(), "{scope:?} is durable");
        assert_eq!(refusals(&halt(&mut world, &scope, false, "client:a")), [Code::Denied]);
        let released = halt(&mut world, &scope, false, "operator:me");
        assert_eq!(effects(&released).len(), 1 + usize::from(!by_proposer), "{scope:?}");
        assert_eq!(refusals(&halt(&mut world, &scope, false, "operator:me")), [Code::NotFound]);
    }
}

#[test]
fn a_stop_of_something_else_holds_nothing() {
    let mut world = World::new(BUSINESS);
    world.days(10);
    for scope in [
        Scope::Proposer { proposer: "client:b".into() },
        Scope::Kind { kind: "mail".into() },
        Scope::Target { target: "pro_price".into() },
    ] {
        halt(&mut world, &scope, true, "system");
    }
    assert_eq!(world.engine.halts().count(), 3);
    assert_eq!(effects(&propose(&mut world, offer("client:a", "k", call("x")))).len(), 1);
    propose(&mut world, offer("client:a", "price", set("pro_price", 25.0)));
    let id = card(&world, "client:a", "price").id;
    assert!(effects(&world.answer(&id, Verdict::Approve)).is_empty(), "an approval does not lift a stop");
}

#[test]
fn the_gate_turns_back_what_a_stop_holds() {
    let mut world = World::new(BUSINESS);
    world.days(10);
    propose(&mut world, offer("client:a", "k", call("x")));
    let d = card(&world, "client:a", "k");
    let keys = OperatorKeys::default();
    let plain = Ground::plain(&keys, "Northwind", RunState::Running);
    assert!(admit(&d, None, Some("webhook"), &plain).is_ok());
    for scope in [
        Scope::Proposer { proposer: "client:a".into() },
        Scope::Kind { kind: "webhook".into() },
        Scope::Kind { kind: "call".into() },
        Scope::Target { target: "ops_alert".into() },
    ] {
        let halts = [scope];
        let refused = admit(&d, None, Some("webhook"), &Ground { halts: &halts, ..plain });
        assert_eq!(refused.map_err(|e| e.code).err(), Some(Code::Denied), "{halts:?}");
    }
}
