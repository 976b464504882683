//! Streamable HTTP, on loopback only: `Host` against DNS rebinding, `Origin` against pages, a bearer token per client.
//!
//! Every request stands for itself (no sessions), so that a revoked token ends everything of its client at once.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use epoch_api::clients::EnterArgs;
use epoch_host::clients::{ClientRecord, Credential, token_hash};
use epoch_model::{Code, Error, Result};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::link::Link;
use crate::server::{Caller, Server};
use crate::tools;

/// Where the protocol is spoken.
const PATH: &str = "/mcp";
/// Longest body of a request.
const BODY_MAX: usize = 512 << 10;
/// Requests under way at once, long polls included.
const AT_ONCE: usize = 256;
/// Refused tokens per second that are still looked up.
const STRANGERS_PER_SECOND: u32 = 20;
/// Longest token that is looked at.
const TOKEN_MAX: usize = 128;

struct Door {
    link: Arc<Link>,
    strangers: DefaultDirectRateLimiter,
    room: Arc<Semaphore>,
}

/// A bound listener.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl Listening {
    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves until `stop`, then lets what is under way end for `grace`.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send, grace: Duration) -> Result<()> {
        let serving = axum::serve(self.listener, self.router).into_future();
        let ended = async {
            stop.await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            served = serving => served.map_err(|e| {
                Error::new(Code::Internal, format!("the listener ended: {e}"), "start it again")
            }),
            () = ended => Ok(()),
        }
    }
}

/// Binds to a loopback address; any other is [`Code::AddressUnavailable`], since tokens would travel in the clear.
pub async fn listen(link: Arc<Link>, address: SocketAddr) -> Result<Listening> {
    if !address.ip().is_loopback() {
        let message = format!("{} is reachable from other machines", address.ip());
        return Err(Error::new(Code::AddressUnavailable, message, "listen on 127.0.0.1 or [::1]"));
    }
    let busy = |e: std::io::Error| {
        Error::new(Code::AddressUnavailable, format!("{address}: {e}"), "choose another port, or 0 for any")
    };
    let listener = TcpListener::bind(address).await.map_err(busy)?;
    let address = listener.local_addr().map_err(busy)?;
    Ok(Listening { listener, address, router: router(link) })
}

fn router(link: Arc<Link>) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        // The door below has checked both before; this is the second lock.
        .enforce_origin_validation()
        .with_max_request_body_bytes(BODY_MAX);
    let serving = Arc::clone(&link);
    let service: StreamableHttpService<Server, NeverSessionManager> =
        StreamableHttpService::new(move || Ok(Server::of_requests(Arc::clone(&serving))), Arc::default(), config);
    let quota = Quota::per_second(NonZeroU32::new(STRANGERS_PER_SECOND).unwrap_or(NonZeroU32::MIN));
    let door = Arc::new(Door { link, strangers: RateLimiter::direct(quota), room: Arc::new(Semaphore::new(AT_ONCE)) });
    Router::new().route_service(PATH, service).layer(from_fn_with_state(door, enter))
}

/// What every request passes before the protocol sees it.
async fn enter(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    if !from_here(&request) {
        return problem(StatusCode::FORBIDDEN, Code::Denied, "this is served to programs on this machine only", "");
    }
    let Ok(_place) = Arc::clone(&door.room).try_acquire_owned() else {
        let mut full = problem(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, "too many requests at once", "wait");
        full.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return full;
    };
    let Some(credential) = bearer(request.headers()) else {
        return unauthorized("no token was sent");
    };
    let (link, asked) = (Arc::clone(&door.link), EnterArgs { credential: credential.clone(), count: false });
    match tools::blocking(move || link.ask::<ClientRecord>("enter", asked)).await {
        Ok(_) => {}
        Err(e) if e.code == Code::Unauthorized => {
            if door.strangers.check().is_err() {
                let hint = "wait a second";
                return problem(StatusCode::TOO_MANY_REQUESTS, Code::Overloaded, "too many refused tokens", hint);
            }
            return unauthorized(&e.message);
        }
        Err(e) => return problem(StatusCode::SERVICE_UNAVAILABLE, e.code, &e.message, &e.hint),
    }
    // The token goes no further than this: not into the protocol, not into a log.
    request.headers_mut().remove(AUTHORIZATION);
    request.extensions_mut().insert(Caller(credential));
    next.run(request).await
}

/// The caller by its token; only the token's hash is kept from here on.
fn bearer(headers: &HeaderMap) -> Option<Credential> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= TOKEN_MAX;
    fits.then(|| Credential::TokenHash(token_hash(token)))
}

/// Whether `Host` names this machine and no page of another site asks.
fn from_here(request: &Request) -> bool {
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    host.is_some_and(loopback) && authority.is_none_or(loopback) && !headers.contains_key(ORIGIN)
}

/// Whether `name[:port]` is this machine.
fn loopback(authority: &str) -> bool {
    if let Ok(address) = authority.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = authority.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(authority, |(n, _)| n);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn unauthorized(message: &str) -> Response {
    let hint = "ask the founder for a token: `ras mcp client add NAME`";
    let mut response = problem(StatusCode::UNAUTHORIZED, Code::Unauthorized, message, hint);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"epochcore\""));
    response
}

fn problem(status: StatusCode, code: Code, message: &str, hint: &str) -> Response {
    (status, axum::Json(json!({ "code": code, "message": message, "hint": hint }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn only_names_of_this_machine_are_served() {
        for here in ["127.0.0.1:80", "127.0.0.1", "localhost:9", "LOCALHOST", "[::1]:8", "[::1]", "127.9.9.9:1"] {
            assert!(loopback(here), "{here}");
        }
        for other in ["evil.example:80", "127.0.0.1.evil.example", "10.0.0.1:80", "0.0.0.0:80", "", "localhost.evil:1"]
        {
            assert!(!loopback(other), "{other}");
        }
    }
}
