//! Unleash's endpoints: toggles for server SDKs, which evaluate them, and for browsers, for which they are evaluated here.

mod body;
mod failure;
mod features;
mod frontend;
mod usage;

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use bytes::Bytes;
use epoch_levers::Compiled;
use epoch_levers::unleash::{Payload, Toggles, payload};

pub(crate) use features::features;
pub(crate) use frontend::frontend;
pub(crate) use usage::{metrics, metrics_of_pages, register, register_of_pages};

use crate::serve::client;
use crate::serve::prepared::Prepared;

/// The levers in Unleash's terms.
pub(crate) struct Sheet {
    /// What the features endpoint answers.
    body: Bytes,
    payload: Payload,
    toggles: Toggles,
}

impl Sheet {
    fn of(levers: &Compiled) -> Self {
        let payload = payload(levers);
        Self { body: payload.json.to_string().into(), toggles: Toggles::new(&payload.json), payload }
    }
}

/// What the endpoints share.
#[derive(Default)]
pub(crate) struct Desk(Prepared<Sheet>);

impl Desk {
    fn sheet(&self, levers: &Arc<Compiled>) -> Arc<Sheet> {
        self.0.of(levers, Sheet::of)
    }
}

/// The SDK's name: `unleash-node-sdk:6.12.1`, written as other names are.
fn sdk(headers: &HeaderMap) -> String {
    client::name(headers).replacen(':', "/", 1)
}

/// The token as Unleash's SDKs send it: the whole header, some with `Bearer` before it.
fn token(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let bare = token.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(bare.map_or(token, |(_, token)| token.trim()))
}
