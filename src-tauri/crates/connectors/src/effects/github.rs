//! GitHub Actions: starts a workflow by `workflow_dispatch` and follows its run. The run is ours when its name carries our
//! key, so the workflow takes the key as an input and names its runs by it:
//!
//! ```yaml
//! run-name: deploy ${{ inputs.epochcore_key }}
//! on: { workflow_dispatch: { inputs: { epochcore_key: { type: string } } } }
//! ```

use std::time::Duration;

use epoch_model::business::EffectKind;
use epoch_model::time::Millis;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde_json::{Map, Value, json};

use super::delivery::{Delivery, DryRun, Found, Refusal, Sent, bounded};
use super::http::{self, Call};
use super::{Around, payload};

/// The input that carries the key.
const KEY_INPUT: &str = "epochcore_key";
/// A run's inputs, as the provider bounds them.
const INPUTS_MAX: usize = 25;
const TIMEOUT: Duration = Duration::from_secs(20);
/// A page of runs; each repeats its repository.
const ANSWER_MAX: usize = 4 << 20;
const RUNS: usize = 50;
/// How often a run is looked at.
const AGAIN: Duration = Duration::from_secs(10);
/// What two clocks may differ.
const SKEW_MS: Millis = 60_000;

fn parts(kind: &EffectKind) -> Option<(&str, &str, &str, &str, bool)> {
    let EffectKind::Github { repo, workflow, git_ref, api, allow_private } = kind else { return None };
    Some((repo, workflow, git_ref, api.trim_end_matches('/'), *allow_private))
}

/// The inputs of the run: the payload's `inputs`, or its own plain fields. The provider takes texts.
fn inputs(payload: &Value) -> Result<Map<String, Value>, String> {
    let from = payload.get("inputs").unwrap_or(payload);
    let Some(fields) = from.as_object() else { return Err("the payload is no object of inputs".to_owned()) };
    let mut inputs = Map::new();
    for name in fields.keys() {
        let value = payload::field(from, name).ok_or_else(|| format!("the input “{name}” is no plain value"))?;
        inputs.insert(name.clone(), Value::String(value));
    }
    if inputs.len() >= INPUTS_MAX {
        return Err(format!("a run takes at most {} inputs beside our key", INPUTS_MAX - 1));
    }
    if inputs.contains_key(KEY_INPUT) {
        return Err(format!("“{KEY_INPUT}” is for the key alone"));
    }
    Ok(inputs)
}

fn headers(around: &Around<'_>) -> Option<HeaderMap> {
    let mut token = HeaderValue::from_str(&format!("Bearer {}", around.token()?)).ok()?;
    token.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, token);
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("EpochCore"));
    headers.insert(HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
    Some(headers)
}

/// Starts the run. It is over when [`look_up`] says so.
pub(super) async fn dispatch(key: &str, kind: &EffectKind, payload: &Value, around: &Around<'_>) -> Sent {
    let Some((repo, workflow, git_ref, api, allow_private)) = parts(kind) else {
        return Delivery::semantic("this is no workflow of GitHub").into();
    };
    let mut inputs = match inputs(payload) {
        Ok(inputs) => inputs,
        Err(why) => return Delivery::semantic(why).into(),
    };
    let Some(headers) = headers(around) else {
        return Delivery::refused(Refusal::Auth, "no token is kept for it").into();
    };
    inputs.insert(KEY_INPUT.to_owned(), json!(key));
    let call = Call {
        method: Method::POST,
        url: &format!("{api}/repos/{repo}/actions/workflows/{workflow}/dispatches"),
        allow_private,
        headers,
        body: Some(json!({ "ref": git_ref, "inputs": inputs }).to_string()),
        timeout: TIMEOUT,
        answer_max: 64 * 1024,
    };
    match http::exchange(call, around.may_leave, around.now).await {
        Ok(reply) if reply.status.is_success() => {
            let delivery = Delivery::Underway { again: AGAIN, detail: "taken; its run is followed".to_owned() };
            Sent { delivery, limit: reply.limit }
        }
        Ok(reply) => Sent { delivery: reply.refusal(), limit: reply.limit },
        Err(delivery) => delivery.into(),
    }
}

/// Finds our run by its name, and how it stands.
pub(super) async fn look_up(key: &str, kind: &EffectKind, around: &Around<'_>) -> Found {
    let unknown = |detail: String| Found::Unknown { detail };
    let Some((repo, workflow, _, api, allow_private)) = parts(kind) else {
        return unknown("this is no workflow of GitHub".to_owned());
    };
    let Some(headers) = headers(around) else { return unknown("no token is kept for it".to_owned()) };
    let Ok(from) = jiff::Timestamp::from_millisecond((around.began - SKEW_MS).div_euclid(1000) * 1000) else {
        return unknown("the time it was sent at is out of range".to_owned());
    };
    let call = Call {
        method: Method::GET,
        url: &format!(
            "{api}/repos/{repo}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page={RUNS}&created=%3E%3D{from}"
        ),
        allow_private,
        headers,
        body: None,
        timeout: TIMEOUT,
        answer_max: ANSWER_MAX,
    };
    let reply = match http::exchange(call, &|| true, around.now).await {
        Ok(reply) if reply.status.is_success() => reply,
        Ok(reply) => return unknown(reply.refusal().detail().to_owned()),
        Err(delivery) => return unknown(delivery.detail().to_owned()),
    };
    let Some(list) = reply.json() else { return unknown("the list of runs cannot be read".to_owned()) };
    let Some(runs) = list.get("workflow_runs").and_then(Value::as_array) else {
        return unknown("the answer is no list of runs".to_owned());
    };
    let named = |run: &&Value, name: &str| run.get(name).and_then(Value::as_str).is_some_and(|t| t.contains(key));
    match runs.iter().find(|run| named(run, "display_title") || named(run, "name")) {
        Some(run) => state(run),
        // More were started since than one page tells of: not found here is not absent.
        None if runs.len() >= RUNS => unknown("too many runs since to be sure".to_owned()),
        None => Found::Absent,
    }
}

fn state(run: &Value) -> Found {
    let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (status, conclusion, url) = (text("status"), text("conclusion"), text("html_url"));
    let answer =
        bounded(json!({ "status": status, "conclusion": run.get("conclusion"), "url": url, "run": run.get("id") }));
    match (status.as_str(), conclusion.as_str()) {
        ("completed", "success" | "neutral") => Found::Arrived { detail: format!("{conclusion}: {url}"), answer },
        ("completed", other) => Found::Failed { detail: format!("the run ended with {other}: {url}"), answer },
        _ => Found::Underway { again: AGAIN, detail: format!("{status}: {url}"), answer },
    }
}

pub(super) fn describe(kind: &EffectKind, payload: &Value, around: &Around<'_>) -> DryRun {
    let mut problems = Vec::new();
    let Some((repo, workflow, git_ref, api, _)) = parts(kind) else {
        return DryRun { text: String::new(), problems: vec!["this is no workflow of GitHub".to_owned()] };
    };
    let inputs = inputs(payload).unwrap_or_else(|why| {
        problems.push(why);
        Map::new()
    });
    if around.token().is_none() {
        problems.push("no token is kept for it".to_owned());
    }
    let token = payload::masked(around.token().is_some());
    let mut text =
        format!("Start {workflow} of {repo} on {git_ref} at {}\nAuthorization: Bearer {token}\n", http::host(api));
    for (name, value) in &inputs {
        text.extend(["  ", name, " = ", value.as_str().unwrap_or_default(), "\n"]);
    }
    text.extend(["  ", KEY_INPUT, " = (the decision's key; the run's name must carry it)"]);
    DryRun { text, problems }
}
