//! What was asked, and for whom.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use epoch_levers::Subject;
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::app::App;
use crate::decode::payload;
use crate::ingest::body::{self, Held};
use crate::key;
use crate::serve::keys;

/// A request whose key is good and whose body is an object.
pub(crate) struct Question {
    pub headers: HeaderMap,
    /// The key as given.
    pub key: Option<String>,
    /// The key's name.
    pub client: Arc<str>,
    context: Map<String, Value>,
    held: Held,
}

impl Question {
    pub(crate) async fn read(app: &App, request: Request) -> Result<Self, Failure> {
        app.rate.any()?;
        let (parts, payload) = request.into_parts();
        let key = key::of(&parts.uri, &parts.headers);
        let client = keys::client(app, key.as_deref())?;
        let held = body::read(payload, &app.config.limits, &app.budget).await?;
        let encoding = parts.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let data = payload::unwrap(&held.bytes, encoding, &app.config.limits).map_err(Failure::unreadable)?;
        let context = context(payload::trimmed(&data))?;
        drop(data);
        Ok(Self { headers: parts.headers, key, client, context, held })
    }

    /// The body as sent: what an answer depends on besides the levers.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.held.bytes
    }

    /// Whom to evaluate for. The targeting key is required by the protocol, and every share and arm hangs on it.
    pub(crate) fn subject(&self) -> Result<Subject<'_>, Failure> {
        match self.context.get("targetingKey") {
            None | Some(Value::Null) => Err(Failure::TargetingKeyMissing),
            Some(Value::String(id)) if id.is_empty() => Err(Failure::TargetingKeyMissing),
            Some(Value::String(id)) => Ok(Subject { id, attributes: &self.context }),
            Some(_) => Err(Failure::InvalidContext("the targetingKey is no text")),
        }
    }
}

fn context(data: &[u8]) -> Result<Map<String, Value>, Failure> {
    let body: Value = serde_json::from_slice(data).map_err(|error| Failure::Parse(error.to_string()))?;
    let Value::Object(mut body) = body else {
        return Err(Failure::Parse("the body is no object".into()));
    };
    match body.remove("context") {
        Some(Value::Object(context)) => Ok(context),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err(Failure::InvalidContext("the context is no object")),
    }
}
