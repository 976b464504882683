//! `GET|POST /api/frontend`: the toggles that are on for one person, evaluated here.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use epoch_levers::unleash::{Context, Evaluated, attributes};
use epoch_levers::{Compiled, Subject};
use epoch_model::ports::Reader;
use epoch_model::serving::{Evaluation, Flag, Protocol, Serve};
use serde_json::{Value, json};

use super::{Sheet, body, failure, sdk, token};
use crate::app::App;
use crate::problem::Problem;
use crate::serve::assigned::Assignment;
use crate::serve::{etag, keys, object};

pub(crate) async fn frontend(State(app): State<App>, request: Request) -> Response {
    answer(&app, request).await.unwrap_or_else(failure::response)
}

async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    app.rate.any()?;
    let (parts, sent) = request.into_parts();
    let name = keys::client(app, token(&parts.headers))?;
    let (fields, raw) = if parts.method == Method::POST {
        let (object, held) = object::read(app, &parts.headers, sent).await?;
        (body::of_body(object)?, held.bytes.to_vec())
    } else {
        (body::of_address(&parts.uri), parts.uri.query().unwrap_or_default().as_bytes().to_vec())
    };
    let (levers, digest) = app.levers();
    let client = sdk(&parts.headers);
    app.config.readers.read(Reader { protocol: Protocol::Unleash, client: &client, key: &name, lever: None });
    // Who has nothing that sticks is sorted anew each time, so their answers are never the same.
    let unit = ["userId", "sessionId"].iter().find_map(|name| text(&fields, name));
    let tag = unit.as_ref().map(|_| etag::of(&[digest.mark.as_bytes(), b"unleash", &raw]));
    if let Some(tag) = tag.as_ref().filter(|tag| etag::known(&parts.headers, tag)) {
        return Ok(etag::not_modified(tag));
    }
    let (draw, _) = uuid::Uuid::new_v4().as_u64_pair();
    let context = Context { fields, now: (app.config.clock)(), draw };
    let sheet = app.unleash.sheet(&levers);
    let found = evaluated(&levers, &sheet, &context);
    if let Some(unit) = &unit {
        log(app, &name, &levers, &sheet, &context, unit, &found)?;
    }
    let toggles: Vec<Value> =
        found.iter().filter(|(_, found)| found.enabled).map(|(flag, found)| toggle(flag, found)).collect();
    let response = Json(json!({"toggles": toggles})).into_response();
    Ok(match tag {
        Some(tag) => etag::marked(response, &tag),
        None => ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], response).into_response(),
    })
}

fn text(fields: &Value, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn evaluated<'a>(levers: &'a Compiled, sheet: &Sheet, context: &Context) -> Vec<(&'a Flag, Evaluated)> {
    let served = levers.flags().iter().filter(|flag| sheet.payload.serves(&flag.key));
    served.map(|flag| (flag, sheet.toggles.evaluate(&flag.key, context))).collect()
}

fn toggle(flag: &Flag, found: &Evaluated) -> Value {
    let tested = flag.serving.rules.iter().any(|rule| matches!(rule.serve, Serve::Experiment { .. }));
    json!({"name": flag.key, "enabled": found.enabled, "variant": found.variant_json(), "impressionData": tested})
}

fn log(
    app: &App,
    name: &str,
    levers: &Compiled,
    sheet: &Sheet,
    context: &Context,
    unit: &str,
    found: &[(&Flag, Evaluated)],
) -> Result<(), Problem> {
    let attributes = attributes(levers, context);
    let subject = Subject { id: unit, attributes: &attributes };
    let read = |(flag, found): &(&'_ Flag, Evaluated)| sheet.payload.read(levers, &flag.key, found, context, subject);
    let evaluations: Vec<(&Flag, Evaluation)> =
        found.iter().filter_map(|one| read(one).map(|evaluation| (one.0, evaluation))).collect();
    let assignments = evaluations.iter().map(|(flag, evaluation)| Assignment { flag, unit, evaluation });
    app.assigned.log(app, Protocol::Unleash, name, assignments)
}
