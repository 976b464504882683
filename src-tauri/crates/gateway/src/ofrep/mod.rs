//! OpenFeature's remote evaluation protocol (OFREP 0.3.0): one flag, all flags, and a stream that tells when to ask
//! again. Levers are evaluated by our own rules.

mod answer;
mod failure;
mod question;
mod stream;

use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use epoch_levers::{Compiled, Subject};
use epoch_model::ports::Reader;
use epoch_model::serving::{Evaluation, Flag, Protocol};

pub(crate) use stream::events;

use crate::app::{App, Shared};
use crate::serve::assigned::Assignment;
use crate::serve::{client, etag};
use failure::Failure;
use question::Question;

/// `POST /ofrep/v1/evaluate/flags/{key}`.
pub(crate) async fn one(State(app): State<App>, Path(key): Path<String>, request: Request) -> Response {
    match evaluate_one(&app, &key, request).await {
        Ok(response) => response,
        Err(failure) => failure.response(Some(&key)),
    }
}

async fn evaluate_one(app: &App, key: &str, request: Request) -> Result<Response, Failure> {
    let question = Question::read(app, request).await?;
    let (levers, _) = app.levers();
    let subject = question.subject()?;
    let found = levers.flag(key).filter(|flag| flag.serving.serves(Protocol::Ofrep));
    let (flag, evaluation) = found
        .and_then(|flag| levers.evaluate(key, subject).map(|evaluation| (flag, evaluation)))
        .ok_or_else(|| Failure::not_found(key))?;
    let answered = [(flag, evaluation)];
    log(app, &question, subject.id, &answered)?;
    let mut body = Vec::with_capacity(256);
    let [(flag, evaluation)] = &answered;
    answer::one(&mut body, flag, evaluation)?;
    remember(app, &question, Some(key));
    Ok(json(body))
}

/// `POST /ofrep/v1/evaluate/flags`.
pub(crate) async fn all(State(app): State<App>, request: Request) -> Response {
    match evaluate_all(&app, request).await {
        Ok(response) => response,
        Err(failure) => failure.response(None),
    }
}

/// The queries `flagConfigEtag` and `flagConfigLastModified` name the configuration that a stream told of. They exist
/// for servers with caches between evaluation and configuration; here every answer is of the newest configuration.
async fn evaluate_all(app: &App, request: Request) -> Result<Response, Failure> {
    let question = Question::read(app, request).await?;
    let (levers, digest) = app.levers();
    let subject = question.subject()?;
    let etag = etag::of(&[digest.mark.as_bytes(), question.client.as_bytes(), question.raw()]);
    remember(app, &question, None);
    if etag::known(&question.headers, &etag) {
        return Ok(etag::not_modified(&etag));
    }
    let answered = evaluated(&levers, subject);
    log(app, &question, subject.id, &answered)?;
    let key = stream::key_for_address(app, question.key.as_deref());
    let body = answer::all(&answered, &levers, &digest, key)?;
    Ok(etag::marked(json(body), &etag))
}

fn evaluated<'a>(levers: &'a Compiled, subject: Subject<'_>) -> Vec<(&'a Flag, Evaluation)> {
    let served = levers.flags().iter().filter(|flag| flag.serving.serves(Protocol::Ofrep));
    served.filter_map(|flag| levers.evaluate(&flag.key, subject).map(|evaluation| (flag, evaluation))).collect()
}

fn log(app: &Shared, question: &Question, unit: &str, answered: &[(&Flag, Evaluation)]) -> Result<(), Failure> {
    let assignments = answered.iter().map(|(flag, evaluation)| Assignment { flag, unit, evaluation });
    Ok(app.assigned.log(app, Protocol::Ofrep, &question.client, assignments)?)
}

fn remember(app: &Shared, question: &Question, lever: Option<&str>) {
    let client = client::name(&question.headers);
    app.config.readers.read(Reader { protocol: Protocol::Ofrep, client: &client, key: &question.client, lever });
}

fn json(body: Vec<u8>) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}
