//! Outgoing webhooks: signed (Standard Webhooks), idempotent by key, never to a private address unless allowed by name.

pub(crate) mod address;
mod sign;

use std::sync::Once;
use std::time::Duration;

use epoch_model::business::{EffectKind, EffectTarget};
use epoch_model::decision::Act;
use epoch_model::gate::Permit;
use epoch_model::journal::content_hash;
use epoch_model::time::Millis;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::Value;

pub use address::is_public;
pub use sign::{secret_key, signature};

/// From the first packet to a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the start to the answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest pause a receiver can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// How much of a refusal's answer is kept.
const ANSWER_CHARS: usize = 200;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Answered with 2xx.
    Delivered { status: u16 },
    /// Will not succeed by trying again.
    Refused { why: Refusal, detail: String },
    /// It did not arrive or the receiver asked for it: try again with the same idempotency key, after this long if it said so.
    Retry { after: Option<Duration>, detail: String },
    /// Sent, and no answer came: whether it arrived is not known.
    InDoubt { detail: String },
}

/// Why a call will not succeed by trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 401, 403: the receiver does not accept our secret.
    Auth,
    /// Any other 4xx, a redirect, an invalid URL.
    Semantic,
    /// The address is private, loopback, link-local or a metadata service.
    Address,
    /// The permit is for another act.
    Permit,
}

fn refused(why: Refusal, detail: impl Into<String>) -> Delivery {
    Delivery::Refused { why, detail: detail.into() }
}

fn retry(detail: impl Into<String>) -> Delivery {
    Delivery::Retry { after: None, detail: detail.into() }
}

/// Posts `body`, which must be the very payload the permit was given for, to `target`.
///
/// `secret` is the key itself or its text form (`whsec_` and base64). `now` becomes the `webhook-timestamp` (seconds). Must
/// run within a tokio runtime with time and IO.
pub async fn send(permit: &Permit, target: &EffectTarget, secret: &[u8], body: &Value, now: Millis) -> Delivery {
    let act = Act::Call { effect: target.key.clone(), payload: body.clone() };
    if serde_json::to_value(&act).map(|a| content_hash(&a)).ok().as_deref() != Some(permit.act_hash()) {
        return refused(Refusal::Permit, "the permit is not for this webhook with this payload");
    }
    let EffectKind::Webhook { url, allow_private, .. } = &target.kind else {
        return refused(Refusal::Semantic, format!("“{}” is not a webhook", target.key));
    };
    let Ok(url) = Url::parse(url) else {
        return refused(Refusal::Semantic, format!("“{url}” is not a URL"));
    };
    let client = match address::client_to(&url, *allow_private).await {
        Ok(client) => client,
        Err(delivery) => return delivery,
    };
    let body = body.to_string();
    let key = permit.idempotency_key();
    let Some(headers) = headers(key, secret, &body, now) else {
        return refused(Refusal::Semantic, "the secret or the idempotency key cannot be sent in a header");
    };
    match client.post(url).headers(headers).body(body).send().await {
        Ok(answer) => judge(answer, now).await,
        Err(e) if e.is_builder() => refused(Refusal::Semantic, format!("the request cannot be made: {e}")),
        Err(e) if e.is_connect() => retry(format!("no connection: {}", root(&e))),
        // Not every receiver looks at webhook-id: what may have arrived is never sent again by itself.
        Err(e) => {
            let why = if e.is_timeout() { "timeout".to_owned() } else { root(&e) };
            Delivery::InDoubt { detail: format!("sent, but not answered: {why}") }
        }
    }
}

/// The innermost cause, which is what a person can act on.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn headers(id: &str, secret: &[u8], body: &str, now: Millis) -> Option<HeaderMap> {
    let seconds = now.div_euclid(1000);
    let key = secret_key(secret)?;
    let signature = signature(&key, id, seconds, body)?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "EpochCore"),
        ("webhook-id", id),
        ("idempotency-key", id),
        ("webhook-timestamp", &seconds.to_string()),
        ("webhook-signature", &signature),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

async fn judge(mut answer: reqwest::Response, now: Millis) -> Delivery {
    let status = answer.status();
    if status.is_success() {
        return Delivery::Delivered { status: status.as_u16() };
    }
    let after = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| pause(v, now));
    // One piece is enough to say what was wrong, and bounds what a receiver can make us read.
    let text = answer.chunk().await.ok().flatten().unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).chars().take(ANSWER_CHARS).collect();
    let detail = format!("answered {status}: {}", text.trim());
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused(Refusal::Auth, detail),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Delivery::Retry { after, detail }
        }
        s if s.is_server_error() => Delivery::Retry { after, detail },
        s if s.is_redirection() => refused(Refusal::Semantic, format!("{detail} (redirects are not followed)")),
        _ => refused(Refusal::Semantic, detail),
    }
}

/// `Retry-After`: seconds, or a date.
fn pause(text: &str, now: Millis) -> Option<Duration> {
    let seconds = if let Ok(seconds) = text.trim().parse::<u64>() {
        seconds
    } else {
        let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp().as_millisecond();
        u64::try_from(at.saturating_sub(now) / 1000).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// A client that speaks to nothing but the addresses given for the host.
fn client(host: &str, addresses: &[std::net::SocketAddr]) -> reqwest::Result<Client> {
    static PROVIDER: Once = Once::new();
    // Another part of the process may have installed one already, which serves as well.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .resolve_to_addrs(host, addresses)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses() {
        let now = 1_445_412_420_000;
        for (text, expect) in [
            ("120", Some(120)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("99999999", Some(86_400)),
            ("soon", None),
        ] {
            assert_eq!(pause(text, now), expect.map(Duration::from_secs), "{text}");
        }
    }
}
