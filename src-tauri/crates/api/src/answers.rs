//! Writes about decisions beside the plain answers: questions, grants, stops of one scope, opening again.

use epoch_host::Host;
use epoch_model::decision::{State, Verdict};
use epoch_model::{Code, Error, Result};
use serde_json::Value;

use crate::app::{App, args, json};
use crate::commands::IdArgs;
use crate::views::{AskArgs, DelegateArgs, HaltArgs};
use crate::writes::{operator, sign_and_give};

/// `None` for a command that is not one of these.
pub(crate) fn dispatch(app: &App, name: &str, given: Value) -> Option<Result<Value>> {
    Some(match name {
        "ask" => ask(app, given),
        "delegate" => delegate(app, given),
        "withdraw_approval" => withdraw_approval(app, given),
        "reopen" => reopen(app, given),
        "revoke_grant" => revoke_grant(app, given),
        "halt" => halt(app, given, true),
        "release" => halt(app, given, false),
        _ => return None,
    })
}

fn ask(app: &App, given: Value) -> Result<Value> {
    let AskArgs { id, card_hash, question } = args(given)?;
    json(sign_and_give(&*app.host()?, &id, &card_hash, Verdict::Ask { question })?)
}

fn delegate(app: &App, given: Value) -> Result<Value> {
    let DelegateArgs { id, card_hash, terms } = args(given)?;
    json(sign_and_give(&*app.host()?, &id, &card_hash, Verdict::Delegate { terms })?)
}

fn withdraw_approval(app: &App, given: Value) -> Result<Value> {
    let IdArgs { id } = args(given)?;
    let host = app.host()?;
    json(take_back(&host, &id)?)
}

/// Takes an approval back that did not run yet. It only stops something, so it needs no card on screen.
pub fn take_back(host: &Host, id: &str) -> Result<epoch_model::decision::Decision> {
    let found = host.store().decision(id)?;
    let card = found.ok_or_else(|| {
        Error::new(Code::NotFound, format!("there is no decision “{id}”"), "list them with `ras decisions`")
    })?;
    if card.state != State::Approved {
        let message = "it is not approved, or has begun already";
        return Err(Error::new(Code::WrongState, message, "veto it on its card"));
    }
    let text = "its approval was taken back before it ran".to_owned();
    sign_and_give(host, id, &card.card_hash(), Verdict::Veto { reason: "not_now".to_owned(), text })
}

fn reopen(app: &App, given: Value) -> Result<Value> {
    let IdArgs { id } = args(given)?;
    json(app.host()?.reopen(&id, &operator())?)
}

fn revoke_grant(app: &App, given: Value) -> Result<Value> {
    let IdArgs { id } = args(given)?;
    json(app.host()?.revoke_grant(&id, &operator())?)
}

fn halt(app: &App, given: Value, on: bool) -> Result<Value> {
    let HaltArgs { scope, reason } = args(given)?;
    let halts = app.host()?.halt(scope, on, &operator(), &reason)?;
    app.tell(&["status"]);
    json(halts)
}
