//! Who may talk to us at all: `Host` against DNS rebinding, `Origin` against foreign pages, CORS for browser SDKs.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HOST, HeaderName, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::{self, App};
use crate::problem::Problem;
use crate::routes::{self, Route};

const ASKS_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Refuses foreign hosts everywhere and foreign origins on all routes but those for pages; answers preflights. What is
/// not in the list of routes goes no further.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let config = &app.config;
    if !host_allowed(request.uri(), request.headers(), config.listen, &config.allowed_hosts) {
        let hint = "call the gateway by its address, or add the name to the allowed hosts";
        return Problem::denied("this host name is not served here", hint).json();
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let route = routes::of(request.uri().path());
    if !route.is_some_and(Route::is_for_pages) {
        if origin.is_some_and(|origin| !origin_allowed(&origin, config.listen, &config.allowed_hosts)) {
            let hint = "read routes are for programs on this machine, not for pages of other sites";
            return Problem::denied("this origin may not read here", hint).json();
        }
        return if route.is_some() { next.run(request).await } else { app::not_found().await };
    }
    let Some(origin) = origin else { return next.run(request).await };
    let mut response =
        if request.method() == Method::OPTIONS { preflight(request.headers()) } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
    response
}

fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        wanted.unwrap_or(HeaderValue::from_static("content-type, content-encoding, authorization, x-api-key")),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    if asked.contains_key(ASKS_PRIVATE_NETWORK) {
        headers.insert(ALLOWS_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    response
}

fn host_allowed(uri: &Uri, headers: &HeaderMap, listen: SocketAddr, allowed: &[String]) -> bool {
    if uri.authority().is_some_and(|authority| !authority_allowed(authority.as_str(), listen, allowed)) {
        return false;
    }
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) => authority_allowed(host, listen, allowed),
        _ => false,
    }
}

fn origin_allowed(origin: &HeaderValue, listen: SocketAddr, allowed: &[String]) -> bool {
    let authority = origin.to_str().ok().and_then(|o| o.strip_prefix("http://").or_else(|| o.strip_prefix("https://")));
    authority.is_some_and(|authority| authority_allowed(authority, listen, allowed))
}

/// Whether `name[:port]` means this machine or is in the list.
fn authority_allowed(authority: &str, listen: SocketAddr, allowed: &[String]) -> bool {
    let name = without_port(authority);
    let Some(name) = name else { return false };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    if address.is_some_and(|ip| ip.is_loopback() || (ip == listen.ip() && !ip.is_unspecified())) {
        return true;
    }
    name.eq_ignore_ascii_case("localhost")
        || allowed.iter().any(|entry| entry.eq_ignore_ascii_case(name) || entry.eq_ignore_ascii_case(authority))
}

/// The name without its port; `None` when what follows the colon is no port.
fn without_port(authority: &str) -> Option<&str> {
    let colon = authority.rfind(':').filter(|at| authority.rfind(']').is_none_or(|bracket| bracket < *at));
    let Some(at) = colon else { return Some(authority) };
    let (name, port) = authority.split_at(at);
    port.get(1..)?.parse::<u16>().ok().map(|_| name)
}
