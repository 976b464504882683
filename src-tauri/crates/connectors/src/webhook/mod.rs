//! Outgoing webhooks: signed (Standard Webhooks), idempotent by key, never to a private address unless allowed by name.
//!
//! The body is the payload alone, which is what was on the card: any receiver of JSON takes it (Zapier's and Make's hooks, a
//! webhook node of n8n, a handler of one's own).

pub(crate) mod address;
mod sign;

use std::time::Duration;

use epoch_model::time::Millis;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

pub use crate::effects::{Delivery, Refusal};
pub use address::is_public;
pub use sign::{secret_key, signature};

use crate::effects::http::{self, Call};
use crate::effects::{ANSWER_BYTES_MAX, Around, DryRun, Sent};

/// From the start to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Posts `payload`, signed with the secret around it: the key itself, or its text form (`whsec_` and base64).
pub(crate) async fn post(key: &str, url: &str, allow_private: bool, payload: &Value, around: &Around<'_>) -> Sent {
    let body = payload.to_string();
    let Some(headers) = headers(key, around.secret.unwrap_or_default(), &body, around.now) else {
        return Delivery::semantic("the secret or the idempotency key cannot be sent in a header").into();
    };
    let call = Call {
        method: Method::POST,
        url,
        allow_private,
        headers,
        body: Some(body),
        timeout: TIMEOUT,
        answer_max: ANSWER_BYTES_MAX / 2,
    };
    match http::exchange(call, around.may_leave, around.now).await {
        Ok(reply) if reply.status.is_success() => {
            let status = reply.status.as_u16();
            let answer = match reply.json() {
                Some(value) => json!({ "status": status, "json": value }),
                None => json!({ "status": status, "text": String::from_utf8_lossy(&reply.body) }),
            };
            Sent { delivery: Delivery::delivered(format!("answered {status}"), answer), limit: reply.limit }
        }
        Ok(reply) => Sent { delivery: reply.refusal(), limit: reply.limit },
        Err(delivery) => delivery.into(),
    }
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

/// What would be posted; the address may hold a secret, so only its host is told.
pub(crate) fn describe(url: &str, payload: &Value) -> DryRun {
    let problems = match reqwest::Url::parse(url) {
        Ok(_) => Vec::new(),
        Err(_) => vec!["the address is not a URL".to_owned()],
    };
    DryRun { text: format!("POST to {}\nSigned with ••••\n\n{payload:#}", http::host(url)), problems }
}
