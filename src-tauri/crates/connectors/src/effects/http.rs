//! One HTTP exchange: to a checked address, no redirect followed, the answer bounded, the end put in one of the classes.

use std::time::Duration;

use epoch_model::time::Millis;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;

use super::delivery::{Delivery, Limit, Refusal, shortened};
use crate::webhook::address;

/// The longest pause a receiver can ask for.
const PAUSE_MAX: Duration = Duration::from_hours(24);
/// How much of a refusal's answer is kept.
const REFUSAL_BYTES: usize = 200;

/// What is asked.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: &'a str,
    pub allow_private: bool,
    pub headers: HeaderMap,
    pub body: Option<String>,
    /// From the start to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer that are read.
    pub answer_max: usize,
}

/// What was answered, whatever the status.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub retry_after: Option<Duration>,
    pub limit: Option<Limit>,
    pub body: Vec<u8>,
    /// The whole of it was read.
    pub whole: bool,
}

impl Reply {
    /// The answer as JSON; `None` when it is none, or was cut.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok().filter(|_| self.whole)
    }

    fn text(&self) -> String {
        shortened(String::from_utf8_lossy(&self.body).trim(), REFUSAL_BYTES).to_owned()
    }

    /// The class of an answer that is no success.
    pub fn refusal(&self) -> Delivery {
        let status = self.status;
        let detail = format!("answered {status}: {}", self.text());
        // A quota that is used up is told by 403 at some providers.
        let used_up = status == StatusCode::FORBIDDEN && self.limit.is_some_and(|l| l.remaining == 0);
        match status {
            StatusCode::TOO_MANY_REQUESTS => Delivery::Retry { after: self.retry_after, rate: true, detail },
            StatusCode::FORBIDDEN if used_up || self.retry_after.is_some() => {
                let after = self.retry_after.or(self.limit.map(|l| l.reset));
                Delivery::Retry { after, rate: true, detail }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Delivery::refused(Refusal::Auth, detail),
            // A proxy speaks here: what stands behind it may have done it.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Delivery::InDoubt { detail },
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
                Delivery::Retry { after: self.retry_after, rate: false, detail }
            }
            s if s.is_server_error() => Delivery::Retry { after: self.retry_after, rate: false, detail },
            s if s.is_redirection() => Delivery::semantic(format!("{detail} (redirects are not followed)")),
            _ => Delivery::semantic(detail),
        }
    }
}

/// Carries out one exchange. `may_leave` is asked after the address is known, right before the connection.
pub(crate) async fn exchange(
    call: Call<'_>,
    may_leave: &(dyn Fn() -> bool + Sync),
    now: Millis,
) -> Result<Reply, Delivery> {
    let Ok(url) = Url::parse(call.url) else {
        return Err(Delivery::semantic(format!("“{}” is not a URL", call.url)));
    };
    let client = address::client_to(&url, call.allow_private).await?;
    if !may_leave() {
        return Err(Delivery::Held);
    }
    let mut request = client.request(call.method, url).headers(call.headers).timeout(call.timeout);
    if let Some(body) = call.body {
        request = request.body(body);
    }
    let mut answer = request.send().await.map_err(|e| {
        if e.is_builder() {
            Delivery::semantic(format!("the request cannot be made: {e}"))
        } else if e.is_connect() {
            Delivery::retry(format!("no connection: {}", root(&e)))
        } else {
            let why = if e.is_timeout() { "timeout".to_owned() } else { root(&e) };
            Delivery::InDoubt { detail: format!("sent, but not answered: {why}") }
        }
    })?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let (mut body, mut whole) = (Vec::new(), true);
    loop {
        match answer.chunk().await {
            Ok(None) => break,
            Ok(Some(piece)) if body.len() + piece.len() <= call.answer_max => body.extend_from_slice(&piece),
            Ok(Some(piece)) => {
                body.extend_from_slice(&piece[..call.answer_max - body.len()]);
                whole = false;
                break;
            }
            // The status is known, which is what decides.
            Err(_) => {
                whole = false;
                break;
            }
        }
    }
    let retry_after = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| pause(v, now));
    Ok(Reply { status, retry_after, limit: limit(&headers, now), body, whole })
}

/// The innermost cause, which is what a person can act on.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// `Retry-After`: seconds, or a date.
fn pause(text: &str, now: Millis) -> Option<Duration> {
    let seconds = if let Ok(seconds) = text.trim().parse::<u64>() {
        seconds
    } else {
        let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp().as_millisecond();
        u64::try_from(at.saturating_sub(now) / 1000).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds).min(PAUSE_MAX))
}

/// `X-RateLimit-Remaining` and `X-RateLimit-Reset`; the latter is an instant in seconds, or, where it is small, a number of
/// seconds from now (both are in use).
fn limit(headers: &HeaderMap, now: Millis) -> Option<Limit> {
    const INSTANT_FROM: u64 = 1_000_000_000;
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let either = |name: &str| number(&format!("x-ratelimit-{name}")).or_else(|| number(&format!("ratelimit-{name}")));
    let (remaining, reset) = (either("remaining")?, either("reset")?);
    let seconds =
        if reset >= INSTANT_FROM { reset.saturating_sub(u64::try_from(now / 1000).unwrap_or(0)) } else { reset };
    Some(Limit { remaining, reset: Duration::from_secs(seconds).min(PAUSE_MAX) })
}

/// The host of an address, without what may be secret in it.
pub(crate) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

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

    #[test]
    fn limits() {
        let now = 1_445_412_420_000;
        for (prefix, reset, expect) in
            [("x-ratelimit", "1445412480", Some(60)), ("ratelimit", "30", Some(30)), ("x-ratelimit", "soon", None)]
        {
            let mut headers = HeaderMap::new();
            for (name, value) in [("remaining", "0"), ("reset", reset)] {
                let name = HeaderName::from_bytes(format!("{prefix}-{name}").as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            let found = limit(&headers, now);
            assert_eq!(
                found,
                expect.map(|s| Limit { remaining: 0, reset: Duration::from_secs(s) }),
                "{prefix} {reset}"
            );
        }
    }
}
