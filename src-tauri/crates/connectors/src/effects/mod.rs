//! Effects that go out, one module per kind. Whoever sends needs a [`Permit`] for the very act; looking up what became of a
//! call and telling what would be sent need none, since they change nothing outside.
//!
//! Knows the protocols of the receivers. Must not know the outbox, the clock or the engine: when to try again is the host's.
//!
//! Without a permit there is no way to call an adapter:
//! ```compile_fail
//! use epoch_connectors::effects::{self, Around};
//! async fn without(target: &epoch_model::business::EffectTarget, around: &Around<'_>) {
//!     effects::send((), target, &serde_json::json!({}), around).await;
//! }
//! ```

mod delivery;
mod file;
mod github;
pub(crate) mod http;
mod mail;
mod model;
mod payload;
mod shell;
mod slack;

use std::path::Path;

use epoch_model::business::{EffectKind, EffectTarget};
use epoch_model::decision::Act;
use epoch_model::gate::{self, Permit};
use epoch_model::time::Millis;
use serde_json::Value;

pub use delivery::{ANSWER_BYTES_MAX, Delivery, DryRun, Found, Limit, Refusal, Sent};

use crate::webhook;

/// What a call stands in.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The business's folder.
    pub folder: &'a Path,
    /// What lets it in, or signs it; `None` where nothing is kept for it.
    pub secret: Option<&'a [u8]>,
    /// The machine's clock: timestamps of signatures and messages.
    pub now: Millis,
    /// When the attempt began; a look-up asks from there on.
    pub began: Millis,
    /// Asked last before anything leaves; `false` holds it back as [`Delivery::Held`].
    pub may_leave: &'a (dyn Fn() -> bool + Sync),
}

impl std::fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out of logs.
        f.debug_struct("Around").field("folder", &self.folder).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Around<'_> {
    /// The secret as one line of text.
    fn token(&self) -> Option<&str> {
        std::str::from_utf8(self.secret?).ok().map(str::trim).filter(|token| !token.is_empty())
    }
}

/// Sends `payload`, which must be the very one the permit was given for, to `target`. Must run within a tokio runtime with
/// time and IO. One attempt: what may be tried again, and when, is for the caller to say.
pub async fn send(permit: &Permit, target: &EffectTarget, payload: &Value, around: &Around<'_>) -> Sent {
    let act = Act::Call { effect: target.key.clone(), payload: payload.clone() };
    if gate::act_hash(&act) != permit.act_hash() {
        return Delivery::refused(Refusal::Permit, "the permit is not for this effect with this payload").into();
    }
    let key = permit.idempotency_key();
    match &target.kind {
        EffectKind::Webhook { url, allow_private, .. } => {
            webhook::post(key, url, *allow_private, payload, around).await
        }
        EffectKind::Github { .. } => github::dispatch(key, &target.kind, payload, around).await,
        EffectKind::File { path, append } => file::write(key, path, *append, payload, around).into(),
        EffectKind::Mail { .. } => mail::send(key, &target.kind, payload, around).await.into(),
        EffectKind::Slack { channel, api, allow_private } => {
            slack::post(key, &slack::Workspace { channel, api, allow_private: *allow_private }, payload, around).await
        }
        EffectKind::Shell { command, timeout_s, .. } => {
            shell::run(key, &target.key, command, *timeout_s, payload, around).await.into()
        }
        EffectKind::Model { .. } => model::ask(&target.kind, payload, around).await,
    }
}

/// Asks the receiver whether the call with this key arrived and what came of it. Kinds that cannot be asked answer
/// [`Found::Unknown`].
pub async fn look_up(key: &str, target: &EffectTarget, payload: &Value, around: &Around<'_>) -> Found {
    match &target.kind {
        EffectKind::Github { .. } => github::look_up(key, &target.kind, around).await,
        EffectKind::File { path, append } => file::look_up(key, path, *append, payload, around),
        EffectKind::Slack { channel, api, allow_private } => {
            let workspace = slack::Workspace { channel, api, allow_private: *allow_private };
            slack::look_up(key, &workspace, around).await
        }
        EffectKind::Shell { check: Some(check), timeout_s, .. } => {
            shell::check(key, &target.key, check, *timeout_s, payload, around).await
        }
        EffectKind::Webhook { .. } | EffectKind::Mail { .. } | EffectKind::Shell { .. } | EffectKind::Model { .. } => {
            Found::Unknown { detail: "this receiver cannot be asked".to_owned() }
        }
    }
}

/// How long after a call its receiver is sure to show it: before that, not being found means nothing.
pub fn settles_after(kind: &EffectKind) -> Millis {
    match kind {
        EffectKind::Github { .. } => 60_000,
        EffectKind::Slack { .. } => 5_000,
        _ => 0,
    }
}

/// What would be sent and where to, with secrets masked, and what stands in its way. Nothing leaves.
pub fn dry_run(target: &EffectTarget, payload: &Value, around: &Around<'_>) -> DryRun {
    match &target.kind {
        EffectKind::Webhook { url, .. } => webhook::describe(url, payload),
        EffectKind::Github { .. } => github::describe(&target.kind, payload, around),
        EffectKind::File { path, append } => file::describe(path, *append, payload, around),
        EffectKind::Mail { .. } => mail::describe(&target.kind, payload, around),
        EffectKind::Slack { channel, api, .. } => slack::describe(channel, api, payload, around),
        EffectKind::Shell { command, .. } => shell::describe(command, payload, around),
        EffectKind::Model { .. } => model::describe(&target.kind, payload, around),
    }
}

/// Whom rate limits are shared with: calls to one provider wait together.
pub fn provider(target: &EffectTarget) -> String {
    match &target.kind {
        EffectKind::Webhook { url, .. } | EffectKind::Model { url, .. } => http::host(url),
        EffectKind::Github { api, .. } | EffectKind::Slack { api, .. } => http::host(api),
        EffectKind::Mail { host, .. } => host.clone(),
        EffectKind::File { .. } | EffectKind::Shell { .. } => target.key.clone(),
    }
}
