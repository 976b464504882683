//! An HTTP PUT. It may be sent again without harm, so passing troubles are waited out a few times.

use std::time::Duration;

use epoch_model::{Code, Error, Result};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{StatusCode, Url};

use crate::effects::{Delivery, Refusal};
use crate::webhook::address::client_to;

/// Pauses before the second and the third attempt; whoever waits longer does so outside.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// How much of a refusal's answer is kept.
const ANSWER_CHARS: usize = 200;

pub(super) async fn put(url: &str, allow_private: bool, payload: &str, secret: Option<&str>) -> Result<()> {
    let url = Url::parse(url).map_err(|_| refused(format!("“{url}” is not a URL")))?;
    if url.scheme() != "https" && !allow_private {
        return Err(refused(format!("“{url}” is not https")));
    }
    let secret = secret.map(authorization).transpose()?;
    let mut last = Err(later("nothing was sent"));
    for pause in [None].into_iter().chain(PAUSES.map(Some)) {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        last = attempt(&url, allow_private, payload, secret.as_ref()).await;
        if last.as_ref().err().is_none_or(|e| e.code != Code::EffectFailed) {
            break;
        }
    }
    last
}

fn authorization(secret: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(secret.trim());
    let mut value = value.map_err(|_| refused("the secret cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn attempt(url: &Url, allow_private: bool, payload: &str, secret: Option<&HeaderValue>) -> Result<()> {
    let client = client_to(url, allow_private).await.map_err(|delivery| match delivery {
        Delivery::Refused { why: Refusal::Address, detail } => {
            Error::new(Code::Denied, detail, "publish to a public address, or set allow_private = true")
        }
        Delivery::Refused { detail, .. } => refused(detail),
        other => later(other.detail()),
    })?;
    let mut request = client
        .put(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "EpochCore")
        .body(payload.to_owned());
    if let Some(secret) = secret {
        request = request.header(AUTHORIZATION, secret.clone());
    }
    let answer = request.send().await.map_err(|e| {
        let why = if e.is_timeout() { "no answer in time".to_owned() } else { root(&e) };
        later(format!("“{}” was not reached: {why}", url.host_str().unwrap_or_default()))
    })?;
    judge(answer).await
}

/// The innermost cause, which is what a person can act on.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

async fn judge(mut answer: reqwest::Response) -> Result<()> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let asked = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(|v| format!(" (again after {v})"));
    // One piece is enough to say what was wrong, and bounds what a receiver can make us read.
    let text = answer.chunk().await.ok().flatten().unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).chars().take(ANSWER_CHARS).collect();
    let detail = format!("answered {status}{}: {}", asked.unwrap_or_default(), text.trim());
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::new(Code::Unauthorized, detail, "store the right secret under the target's name")
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => later(detail),
        s if s.is_server_error() => later(detail),
        s if s.is_redirection() => refused(format!("{detail} (redirects are not followed)")),
        _ => refused(detail),
    })
}

fn refused(detail: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, detail, "correct the target in business.toml")
}

fn later(detail: impl Into<String>) -> Error {
    Error::new(Code::EffectFailed, detail, "it is tried again")
}
