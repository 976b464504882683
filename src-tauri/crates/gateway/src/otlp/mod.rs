//! OpenTelemetry over HTTP: logs, metrics and spans, in protocol buffers or JSON.
//!
//! Answers are the specification's: 200 with how much was refused, in the request's encoding; errors as
//! `google.rpc.Status`. What may be sent again is answered 429 or 503 with `Retry-After`.

mod answer;
mod any;
mod buckets;
mod logs;
mod metrics;
mod node;
mod record;
mod schema;
mod traces;
mod wire;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use epoch_model::Code;
use epoch_model::time::Millis;

use crate::app::{App, Shared};
use crate::decode::{json, payload};
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::Taken;
use crate::ingest::{basic, on_its_own_thread};
use crate::key;
use crate::problem::Problem;
use answer::{Encoding, Refused};
use node::Node;
use schema::Schema;

/// What a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Logs,
    Metrics,
    Traces,
}

/// `POST /v1/logs`.
pub(crate) async fn logs(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, Signal::Logs).await
}

/// `POST /v1/metrics`.
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, Signal::Metrics).await
}

/// `POST /v1/traces`.
pub(crate) async fn traces(State(app): State<App>, request: Request) -> Response {
    respond(&app, request, Signal::Traces).await
}

async fn respond(app: &App, request: Request, signal: Signal) -> Response {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(encoding) = Encoding::of(kind) else {
        let message = "the body is neither application/x-protobuf nor application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let problem =
            Problem::new(status, Code::InvalidArgument, message, "set the exporter's protocol to http/protobuf");
        return Encoding::Json.refused(&problem);
    };
    match take(app, request, signal, encoding).await {
        Ok(refused) => encoding.accepted(&refused),
        Err(problem) => encoding.refused(&problem),
    }
}

async fn take(app: &App, request: Request, signal: Signal, encoding: Encoding) -> Result<Refused, Problem> {
    app.rate.any()?;
    let user = || basic::credentials(request.headers()).map(|(user, _)| user).filter(|user| !user.is_empty());
    let key = key::of(request.uri(), request.headers()).or_else(user);
    let key = key.ok_or_else(|| Problem::unauthorized("no write key was given"))?;
    let source = app.config.keys.write_source(&key);
    let source = source.ok_or_else(|| Problem::unauthorized("this key may not send events"))?;
    app.rate.of(&source)?;
    let incoming = Incoming::admitted(app, request).await?;
    let shared = Arc::clone(app);
    // A small body may say much, since every record repeats what its resource says.
    let taken = on_its_own_thread(app, true, move || {
        let body = payload::unfold(&incoming.held.bytes, incoming.encoding(), &shared.config.limits)?;
        parse(&shared, source, signal, encoding == Encoding::Json, &body, incoming.received)
    });
    let taken = taken.await??;
    let mut refused = Refused {
        signal,
        records: taken.rejections.len() as u64,
        why: taken.rejections.first().map(|first| first.reason.clone()).unwrap_or_default(),
    };
    let receipt = commit(app, taken).await?;
    if receipt.rejected > 0 {
        refused.records += receipt.rejected;
        "the attributes do not parse".clone_into(&mut refused.why);
    }
    Ok(refused)
}

/// Parses a request's body.
pub(crate) fn parse(
    shared: &Shared,
    source: Arc<str>,
    signal: Signal,
    is_json: bool,
    body: &[u8],
    received: Millis,
) -> Result<Taken, Problem> {
    let (schema, read): (&'static Schema, fn(_, _, &Node<'_>, _) -> _) = match signal {
        Signal::Logs => (schema::LOGS_REQUEST, logs::parse),
        Signal::Metrics => (schema::METRICS_REQUEST, metrics::parse),
        Signal::Traces => (schema::TRACES_REQUEST, traces::parse),
    };
    let request = if is_json {
        let whole = json::whole(payload::trimmed(body), shared.config.limits.depth_max)?;
        Node::json(schema, whole)
    } else {
        Node::wire(schema, body)
    };
    read(shared, source, &request, received)
}
