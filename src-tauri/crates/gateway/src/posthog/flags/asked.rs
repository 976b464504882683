//! What a request for flags asks, and for whom.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::HeaderMap;
use epoch_levers::posthog::Subject;
use serde_json::{Map, Value};

use crate::app::App;
use crate::decode::payload;
use crate::ingest::incoming::Incoming;
use crate::key::query;
use crate::problem::Problem;
use crate::serve::client;

/// The body's fields that matter.
pub(super) struct Asked {
    pub token: String,
    pub source: Arc<str>,
    pub distinct_id: String,
    groups: Map<String, Value>,
    person_properties: Map<String, Value>,
    group_properties: Map<String, Value>,
    /// `None`: all.
    keys: Option<Vec<String>>,
}

impl Asked {
    pub(super) fn read(app: &App, incoming: &Incoming) -> Result<Self, Problem> {
        let data = incoming.json(app)?;
        let unreadable = |cause: &str| Problem::bad(format!("failed to parse request: {cause}"), "send a JSON object");
        let body: Value =
            serde_json::from_slice(payload::trimmed(&data)).map_err(|error| unreadable(&error.to_string()))?;
        let Value::Object(mut body) = body else { return Err(unreadable("the body is no object")) };
        let mut first = |names: &[&str]| names.iter().find_map(|name| body.remove(*name).filter(|v| !v.is_null()));
        let token = first(&["token", "api_key", "$token"]).and_then(text);
        let token = token.or_else(|| query(&incoming.uri, &["token", "api_key"]).map(Cow::into_owned));
        let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Problem::unauthorized("No API token provided. Please include a valid API token in your request.")
        })?;
        let source = super::super::startup::known(app, &token)?;
        let hint = "name the person";
        let distinct_id = first(&["distinct_id", "$distinct_id"])
            .and_then(text)
            .ok_or_else(|| Problem::bad("The distinct_id field is missing from the request.", hint))?;
        if distinct_id.is_empty() {
            return Err(Problem::bad("The distinct_id field cannot be empty.", hint));
        }
        let keys = first(&["flag_keys_to_evaluate"]).and_then(|keys| match keys {
            Value::Array(keys) => Some(keys.into_iter().filter_map(text).collect()),
            _ => None,
        });
        let mut object = |name: &str| match body.remove(name) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        let (groups, person_properties) = (object("groups"), object("person_properties"));
        let group_properties = object("group_properties");
        Ok(Self { token, source, distinct_id, groups, person_properties, group_properties, keys })
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            distinct_id: &self.distinct_id,
            groups: &self.groups,
            person_properties: &self.person_properties,
            group_properties: &self.group_properties,
        }
    }

    pub(super) fn wants(&self, key: &str) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.iter().any(|wanted| wanted == key))
    }

    /// The flag asked for, when it is one.
    pub(super) fn only_one(&self) -> Option<&str> {
        match self.keys.as_deref() {
            Some([key]) => Some(key),
            _ => None,
        }
    }

    /// What asks: servers say so in a header, the browser's SDK among the person's properties.
    pub(super) fn client<'a>(&'a self, headers: &'a HeaderMap) -> Cow<'a, str> {
        let property = |name: &str| self.person_properties.get(name).and_then(Value::as_str);
        match property("$lib") {
            Some(library) => Cow::Owned(client::library(library, property("$lib_version").unwrap_or_default())),
            None => client::name(headers),
        }
    }
}

/// Ids may be numbers.
fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
