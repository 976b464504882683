//! Mixpanel's ingestion API as its SDKs speak it: `/track`, `/engage`, `/groups`, `/import`.
//!
//! `/track` and `/engage` are PostHog's paths, too (its older browser SDKs): what a request holds says whose it is.
//! Answers are the vendor's: `1` or `0`, or JSON with `verbose=1`; `ip`, `img` and `redirect` change nothing.

pub(crate) mod events;
pub(crate) mod import;
pub(crate) mod profile;
mod strict;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(crate) use import::import;

use crate::app::{App, Shared};
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::Taken;
use crate::posthog;
use crate::problem::Problem;

/// Whose SDK sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    Mixpanel,
    PostHog,
}

type Parse = fn(&Shared, &Incoming, &[u8]) -> Result<(Vendor, Taken), Problem>;

/// `POST|GET /track`.
pub(crate) async fn track(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, |shared, incoming, data| {
        if events::is_posthog(shared, data)? {
            let taken = posthog::parse::events(shared, &incoming.uri, data, incoming.received)?;
            return Ok((Vendor::PostHog, taken));
        }
        Ok((Vendor::Mixpanel, events::parse(shared, &incoming.uri, data, incoming.received)?))
    })
    .await
}

/// `POST|GET /engage`.
pub(crate) async fn engage(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, |shared, incoming, data| profile::people(shared, &incoming.uri, data, incoming.received))
        .await
}

/// `POST|GET /groups`.
pub(crate) async fn groups(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, |shared, incoming, data| {
        Ok((Vendor::Mixpanel, profile::groups(shared, &incoming.uri, data, incoming.received)?))
    })
    .await
}

async fn respond(app: &App, request: Request, parse: Parse) -> Response {
    let beacon = posthog::is_beacon(request.uri());
    let incoming = match Incoming::read(app, request).await {
        Ok(incoming) => incoming,
        Err(problem) => return answer(false, Err(&problem)),
    };
    let verbose = is_verbose(&incoming);
    match take(app, incoming, parse).await {
        Ok(Vendor::PostHog) => posthog::accepted(beacon),
        Ok(Vendor::Mixpanel) => answer(verbose, Ok(())),
        Err(problem) => answer(verbose, Err(&problem)),
    }
}

async fn take(app: &App, incoming: Incoming, parse: Parse) -> Result<Vendor, Problem> {
    let parsed = incoming.decoded(app, move |shared, incoming| parse(shared, incoming, &incoming.json(shared)?));
    let (vendor, taken) = parsed.await??;
    posthog::keep(app, taken).await?;
    Ok(vendor)
}

fn is_verbose(incoming: &Incoming) -> bool {
    incoming.option("verbose").is_some_and(|value| value == "1")
}

fn answer(verbose: bool, result: Result<(), &Problem>) -> Response {
    let (status, error) = match result {
        Ok(()) => (StatusCode::OK, None),
        Err(problem) => (problem.status, Some(&problem.error.message)),
    };
    let mut response = if verbose {
        (status, Json(json!({"error": error, "status": u8::from(error.is_none())}))).into_response()
    } else {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        (status, [(CONTENT_TYPE, kind)], if error.is_none() { "1" } else { "0" }).into_response()
    };
    retry(&mut response, result.err());
    response
}

fn retry(response: &mut Response, problem: Option<&Problem>) {
    if let Some(seconds) = problem.and_then(|problem| problem.retry_after) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
