//! `POST /import`: events of the past, with what became of each.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sonic_rs::LazyValue;

use super::events::{Event, Taking, records, source_of, token_of};
use super::{is_verbose, retry, strict};
use crate::app::{App, Shared};
use crate::decode::{json, lines, payload};
use crate::ingest::basic;
use crate::ingest::commit::commit;
use crate::ingest::incoming::Incoming;
use crate::ingest::intake::{Taken, invalid};
use crate::key::query;
use crate::problem::Problem;

/// Events in one request, as the vendor has it.
const EVENTS_MAX: usize = 2000;
/// Bytes of a body, unfolded.
const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of one event.
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// A request's events, and what is told of those that were refused.
pub(crate) struct Import {
    pub taken: Taken,
    failed: Vec<Value>,
}

/// `POST /import`.
pub(crate) async fn import(State(app): State<App>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(problem) => return refused(false, &problem),
    };
    let verbose = is_verbose(&incoming);
    let is_strict = incoming.option("strict").is_some_and(|value| value == "1");
    match take(&app, incoming, is_strict).await {
        Ok((imported, failed)) if failed.is_empty() || !is_strict => done(verbose, imported),
        Ok((imported, failed)) => partly(verbose, imported, &failed),
        Err(problem) => refused(verbose, &problem),
    }
}

async fn take(app: &App, incoming: Incoming, is_strict: bool) -> Result<(u64, Vec<Value>), Problem> {
    let import =
        incoming.decoded(app, move |shared, incoming| parse(shared, incoming, &incoming.json(shared)?, is_strict));
    let Import { taken, failed } = import.await??;
    let refused: BTreeSet<u64> = taken.rejections.iter().map(|rejection| rejection.position).collect();
    let imported = taken.seen - refused.len() as u64;
    commit(app, taken).await?;
    Ok((imported, failed))
}

/// Parses a request's JSON or JSON lines.
pub(crate) fn parse(shared: &Shared, incoming: &Incoming, data: &[u8], is_strict: bool) -> Result<Import, Problem> {
    let depth_max = shared.config.limits.depth_max;
    if data.len() > BYTES_MAX {
        return Err(Problem::too_large("request exceeds max limit of 10485760 bytes"));
    }
    let data = payload::trimmed(data);
    let records: Vec<Result<LazyValue<'_>, (&[u8], Problem)>> = if lines::is_lines(incoming.kind(), data, depth_max) {
        let lines = lines::of(data).take(EVENTS_MAX + 1);
        lines.map(|line| json::whole(line, depth_max).map_err(|problem| (line, problem))).collect()
    } else {
        records(data, depth_max, EVENTS_MAX)?.into_iter().map(Ok).collect()
    };
    if records.len() > EVENTS_MAX {
        return Err(Problem::too_large(format!("request exceeds max limit of {EVENTS_MAX} events")));
    }
    let source = source_of(shared, key(shared, incoming, &records).as_deref())?;
    let mut taking = Taking::new(shared, source, incoming.received);
    let mut failed = Vec::new();
    for record in &records {
        let index = taking.intake.seen();
        let before = taking.intake.rejections.len();
        let mut fault = None;
        match record {
            Ok(record) => {
                let raw = json::raw(record);
                fault = if is_strict { strict::fault(record) } else { None };
                let event = match fault {
                    Some((_, message)) => Err(invalid(message)),
                    None if raw.len() > EVENT_BYTES_MAX => Err(invalid("the event is larger than 1 MB")),
                    None => Event::read(record),
                };
                taking.take(event, &raw);
            }
            Err((line, problem)) => {
                taking.intake.take(Err(invalid(problem.error.message.clone())), &String::from_utf8_lossy(line));
            }
        }
        if let Some(rejection) = taking.intake.rejections.get(before) {
            let (field, message) = fault.unwrap_or(("event", &rejection.reason));
            failed.push(strict::failed(index, record.as_ref().ok(), field, message));
        }
    }
    Ok(Import { taken: taking.intake.done(), failed })
}

/// The key: project token or API secret as user, a service account's secret as password, or the events' own token.
fn key<T>(shared: &Shared, incoming: &Incoming, records: &[Result<LazyValue<'_>, T>]) -> Option<String> {
    let (user, password) = basic::credentials(&incoming.headers).unzip();
    let in_query = query(&incoming.uri, &["token", "api_key"]).map(std::borrow::Cow::into_owned);
    let in_body = records.iter().flatten().find_map(token_of);
    let given = [user, password, in_query, in_body];
    let mut given = given.into_iter().flatten().filter(|key| !key.is_empty()).peekable();
    let first = given.peek().cloned();
    given.find(|key| shared.config.keys.write_source(key).is_some()).or(first)
}

fn done(verbose: bool, imported: u64) -> Response {
    let mut body = json!({"code": 200, "num_records_imported": imported, "status": "OK"});
    if verbose {
        // Some SDKs read this path's answer like that of the others.
        body = json!({"code": 200, "num_records_imported": imported, "error": null, "status": 1});
    }
    Json(body).into_response()
}

fn partly(verbose: bool, imported: u64, failed: &[Value]) -> Response {
    let status = if verbose { json!(0) } else { json!("Bad Request") };
    let body = json!({
        "code": 400,
        "error": "some data points in the request failed validation",
        "status": status,
        "num_records_imported": imported,
        "failed_records": failed,
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn refused(verbose: bool, problem: &Problem) -> Response {
    let name = problem.status.canonical_reason().unwrap_or_default();
    let status = if verbose { json!(0) } else { json!(name) };
    let body = json!({"code": problem.status.as_u16(), "error": problem.error.message, "status": status});
    let mut response = (problem.status, Json(body)).into_response();
    retry(&mut response, Some(problem));
    response
}
