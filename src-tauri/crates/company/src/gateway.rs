//! The gateway as a product sees it.

use std::time::{Duration, Instant};

use epoch_model::{Code, Error, Result};
use ureq::Agent;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use ureq::http::{Response, StatusCode};

/// How long one request may take: the gateway itself answers 503 after thirty seconds.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long it is asked again before the company gives up, and pauses between.
const AGAIN_FOR: Duration = Duration::from_mins(2);
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Largest answer that is read.
const ANSWER_MAX: u64 = 16 * 1024 * 1024;

/// What a conditional question was answered.
pub(crate) enum Fetched {
    /// The answer known under that tag holds.
    Same,
    New {
        etag: String,
        body: Vec<u8>,
    },
}

/// A connection to the gateway.
pub(crate) struct Gateway {
    agent: Agent,
    capture: String,
    flags: String,
    client: String,
}

impl Gateway {
    pub(crate) fn new(address: &str, client_key: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            // The gateway is on this machine, whatever the environment says of proxies.
            .proxy(None)
            .user_agent(concat!("sandbox-company/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            capture: format!("{address}/batch/"),
            flags: format!("{address}/ofrep/v1/evaluate/flags"),
            client: format!("Bearer {client_key}"),
        }
    }

    /// Sends a gzipped batch until it is taken: after that it is on the disk.
    pub(crate) fn send(&self, body: &[u8]) -> Result<()> {
        until_taken(&|| {
            let request = self.agent.post(&self.capture).header(CONTENT_TYPE, "application/json");
            request.header(CONTENT_ENCODING, "gzip").send(body)
        })?;
        Ok(())
    }

    /// All levers for the subject of an OFREP context.
    pub(crate) fn levers(&self, context: &[u8], known: Option<&str>) -> Result<Fetched> {
        let (status, etag, body) = until_taken(&|| {
            let mut request = self.agent.post(&self.flags).header(CONTENT_TYPE, "application/json");
            request = request.header("authorization", &self.client);
            if let Some(etag) = known {
                request = request.header(IF_NONE_MATCH, etag);
            }
            request.send(context)
        })?;
        Ok(if status == StatusCode::NOT_MODIFIED { Fetched::Same } else { Fetched::New { etag, body } })
    }
}

/// Asks until it is taken, or refused for good.
fn until_taken(
    ask: &dyn Fn() -> std::result::Result<Response<ureq::Body>, ureq::Error>,
) -> Result<(StatusCode, String, Vec<u8>)> {
    let since = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        let asked = ask().and_then(|mut response| {
            let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec()?;
            Ok((response, body))
        });
        let (why, wait) = match asked {
            Ok((response, body)) => {
                let status = response.status();
                let said = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
                if status.is_success() || status == StatusCode::NOT_MODIFIED {
                    return Ok((status, said(ETAG).unwrap_or_default().to_owned(), body));
                }
                let text = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
                if !may_pass(status) {
                    return Err(refused(status, &text));
                }
                let seconds = said(RETRY_AFTER).and_then(|text| text.parse().ok()).map(Duration::from_secs);
                (format!("{status}: {text}"), seconds.unwrap_or_default())
            }
            Err(e) => (e.to_string(), Duration::ZERO),
        };
        if since.elapsed() > AGAIN_FOR {
            let message = format!("the gateway took nothing for two minutes: {why}");
            return Err(Error::new(Code::AddressUnavailable, message, "it is tried again"));
        }
        std::thread::sleep(wait.max(pause).min(PAUSE_MAX));
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether asking again may help.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn refused(status: StatusCode, text: &str) -> Error {
    let message = format!("the gateway refuses the simulated company: {status} {text}");
    let hint = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "its key was revoked: reset the sandbox to make new ones",
        _ => "report this",
    };
    Error::new(Code::InvalidArgument, message, hint)
}
