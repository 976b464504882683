//! Slack: one message to one channel (`chat.postMessage`). Its metadata carries the key, so `conversations.history` tells
//! whether it arrived.

use std::time::Duration;

use epoch_model::time::Millis;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use serde_json::{Value, json};

use super::delivery::{Delivery, DryRun, Found, Refusal, Sent};
use super::http::{self, Call, Reply};
use super::{Around, payload};

const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_MAX: usize = 4 << 20;
/// Pages of history that are looked through.
const PAGES: usize = 5;
/// What two clocks may differ.
const SKEW_MS: Millis = 60_000;
const EVENT_TYPE: &str = "epochcore_effect";
/// Longest text the provider takes.
const TEXT_CHARS_MAX: usize = 40_000;

/// Where a message goes.
pub(super) struct Workspace<'a> {
    pub channel: &'a str,
    pub api: &'a str,
    pub allow_private: bool,
}

fn headers(around: &Around<'_>) -> Option<HeaderMap> {
    let mut token = HeaderValue::from_str(&format!("Bearer {}", around.token()?)).ok()?;
    token.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, token);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(USER_AGENT, HeaderValue::from_static("EpochCore"));
    Some(headers)
}

/// The message's own fields; the text is required, also beside blocks, for notifications.
fn message(channel: &str, payload: &Value) -> Result<Value, String> {
    let text = payload::field(payload, "text").filter(|t| !t.trim().is_empty()).ok_or("the payload has no “text”")?;
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(format!("the text is longer than {TEXT_CHARS_MAX} characters"));
    }
    let mut message = json!({ "channel": channel, "text": text });
    for name in ["blocks", "thread_ts"] {
        if let Some(value) = payload.get(name) {
            message[name] = value.clone();
        }
    }
    Ok(message)
}

pub(super) async fn post(key: &str, to: &Workspace<'_>, payload: &Value, around: &Around<'_>) -> Sent {
    let mut message = match message(to.channel, payload) {
        Ok(message) => message,
        Err(why) => return Delivery::semantic(why).into(),
    };
    message["metadata"] = json!({ "event_type": EVENT_TYPE, "event_payload": { "key": key } });
    let Some(headers) = headers(around) else {
        return Delivery::refused(Refusal::Auth, "no bot token is kept for it").into();
    };
    let call = Call {
        method: Method::POST,
        url: &format!("{}/chat.postMessage", to.api.trim_end_matches('/')),
        allow_private: to.allow_private,
        headers,
        body: Some(message.to_string()),
        timeout: TIMEOUT,
        answer_max: 256 * 1024,
    };
    match http::exchange(call, around.may_leave, around.now).await {
        Ok(reply) => Sent { limit: reply.limit, delivery: judge(&reply) },
        Err(delivery) => delivery.into(),
    }
}

/// The provider answers 200 and says in the body whether it worked.
fn judge(reply: &Reply) -> Delivery {
    if !reply.status.is_success() {
        return reply.refusal();
    }
    let Some(answer) = reply.json() else {
        return Delivery::InDoubt { detail: "answered, but not in JSON".to_owned() };
    };
    if answer.get("ok") == Some(&Value::Bool(true)) {
        let kept = json!({ "channel": answer.get("channel"), "ts": answer.get("ts") });
        return Delivery::delivered("posted", kept);
    }
    let error = answer.get("error").and_then(Value::as_str).unwrap_or("no error named").to_owned();
    let detail = format!("answered {error}");
    match error.as_str() {
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" | "missing_scope"
        | "no_permission" | "access_denied" => Delivery::refused(Refusal::Auth, detail),
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Delivery::Retry { after: reply.retry_after, rate: true, detail }
        }
        "service_unavailable" | "team_added_to_org" => Delivery::retry(detail),
        // Of these the provider says that some of it may have taken place.
        "internal_error" | "fatal_error" | "request_timeout" => Delivery::InDoubt { detail },
        _ => Delivery::semantic(detail),
    }
}

pub(super) async fn look_up(key: &str, at: &Workspace<'_>, around: &Around<'_>) -> Found {
    let unknown = |detail: &str| Found::Unknown { detail: detail.to_owned() };
    let oldest = (around.began - SKEW_MS).max(0) / 1000;
    let mut cursor = String::new();
    for _ in 0..PAGES {
        let Some(headers) = headers(around) else { return unknown("no bot token is kept for it") };
        let root = at.api.trim_end_matches('/');
        let mut query = reqwest::Url::parse(&format!("{root}/conversations.history")).ok();
        let Some(url) = query.as_mut() else { return unknown("the address is no URL") };
        url.query_pairs_mut()
            .append_pair("channel", at.channel)
            .append_pair("limit", "200")
            .append_pair("include_all_metadata", "true")
            .append_pair("oldest", &oldest.to_string())
            .append_pair("cursor", &cursor);
        let call = Call {
            method: Method::GET,
            url: url.as_str(),
            allow_private: at.allow_private,
            headers,
            body: None,
            timeout: TIMEOUT,
            answer_max: ANSWER_MAX,
        };
        let page = match http::exchange(call, &|| true, around.now).await {
            Ok(reply) if reply.status.is_success() => reply.json(),
            Ok(reply) => return unknown(reply.refusal().detail()),
            Err(delivery) => return unknown(delivery.detail()),
        };
        let Some(page) = page.filter(|p| p.get("ok") == Some(&Value::Bool(true))) else {
            return unknown("the channel's history cannot be read");
        };
        let messages = page.get("messages").and_then(Value::as_array);
        let ours = |m: &&Value| m.pointer("/metadata/event_payload/key").and_then(Value::as_str) == Some(key);
        if let Some(message) = messages.and_then(|all| all.iter().find(ours)) {
            let answer = json!({ "channel": at.channel, "ts": message.get("ts") });
            return Found::Arrived { detail: "found in the channel".to_owned(), answer };
        }
        match page.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
            Some(next) if !next.is_empty() => next.clone_into(&mut cursor),
            _ => return Found::Absent,
        }
    }
    unknown("too many messages since to be sure")
}

pub(super) fn describe(channel: &str, api: &str, payload: &Value, around: &Around<'_>) -> DryRun {
    let mut problems = Vec::new();
    if around.token().is_none() {
        problems.push("no bot token is kept for it".to_owned());
    }
    let message = message(channel, payload).unwrap_or_else(|why| {
        problems.push(why);
        Value::Null
    });
    let token = payload::masked(around.token().is_some());
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    DryRun {
        text: format!("Post to {channel} at {}\nAuthorization: Bearer {token}\n\n{text}", http::host(api)),
        problems,
    }
}
