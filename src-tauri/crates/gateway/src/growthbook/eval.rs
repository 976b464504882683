//! `POST /api/eval/{clientKey}`: the features of one person, reduced to their values.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use epoch_levers::growthbook::{Context, unit};
use epoch_levers::{Compiled, Subject};
use epoch_model::ports::Reader;
use epoch_model::serving::{Evaluation, Flag, Protocol};
use serde_json::{Map, Value, json};

use super::features::SSE_SUPPORT;
use super::{Sheet, failure};
use crate::app::App;
use crate::problem::Problem;
use crate::serve::assigned::Assignment;
use crate::serve::value::Plain;
use crate::serve::{client, keys, object};

pub(crate) async fn evaluate(State(app): State<App>, Path(key): Path<String>, request: Request) -> Response {
    answer(&app, &key, request).await.unwrap_or_else(failure::response)
}

async fn answer(app: &App, key: &str, request: Request) -> Result<Response, Problem> {
    app.rate.any()?;
    let name = keys::client(app, Some(key))?;
    let (parts, body) = request.into_parts();
    let (asked, held) = object::read(app, &parts.headers, body).await?;
    let context = context(asked)?;
    let (levers, _) = app.levers();
    let sheet = app.growthbook.sheet(&levers);
    let features = sheet.features.remote(&context);
    log(app, &name, &levers, &context, &features)?;
    drop(held);
    app.growthbook.evaluates_here(&name, true);
    remember(app, &parts.headers, &name);
    Ok(answered(&sheet, features))
}

fn answered(sheet: &Sheet, features: Map<String, Value>) -> Response {
    let body = json!({"status": 200, "features": features, "experiments": [], "dateUpdated": sheet.updated});
    let mut response = Json(body).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(SSE_SUPPORT.0, SSE_SUPPORT.1);
    response
}

fn remember(app: &App, headers: &HeaderMap, name: &Arc<str>) {
    let client = client::name(headers);
    app.config.readers.read(Reader { protocol: Protocol::Growthbook, client: &client, key: name, lever: None });
}

fn context(mut asked: Map<String, Value>) -> Result<Context, Problem> {
    let attributes = match asked.remove("attributes") {
        None | Some(Value::Null) => json!({}),
        Some(attributes @ Value::Object(_)) => attributes,
        Some(_) => return Err(Problem::bad("the attributes are no object", "send {\"attributes\": {…}}")),
    };
    let url = asked.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    let forced = asked.get("forcedVariations").and_then(Value::as_object);
    let forced_variations =
        forced.into_iter().flatten().filter_map(|(key, n)| Some((key.clone(), n.as_i64()?))).collect();
    Ok(Context { attributes, url, forced_variations, forced_features: forced_features(asked.remove("forcedFeatures")) })
}

/// Pairs, as JavaScript's maps become lists; an object, too.
fn forced_features(sent: Option<Value>) -> HashMap<String, Value> {
    match sent {
        Some(Value::Object(map)) => map.into_iter().collect(),
        Some(Value::Array(pairs)) => pairs.into_iter().filter_map(|pair| serde_json::from_value(pair).ok()).collect(),
        _ => HashMap::new(),
    }
}

/// Chance is the same in GrowthBook's terms and in our own, so our own rules know the probabilities. What was forced on
/// somebody for a test was not chance.
fn log(
    app: &App,
    name: &str,
    levers: &Compiled,
    context: &Context,
    features: &Map<String, Value>,
) -> Result<(), Problem> {
    let Some(unit) = unit(&context.attributes) else { return Ok(()) };
    let attributes = with_groups(levers, &context.attributes);
    let subject = Subject { id: &unit, attributes: &attributes };
    let chosen = |flag: &Flag, evaluation: &Evaluation| {
        let served = features.get(&flag.key).and_then(|feature| feature.get("defaultValue"));
        !context.forced_features.contains_key(&flag.key)
            && served
                .is_some_and(|served| serde_json::to_value(Plain(&evaluation.value)).is_ok_and(|own| own == *served))
    };
    let evaluations: Vec<(&Flag, Evaluation)> = levers
        .flags()
        .iter()
        .filter(|flag| features.contains_key(&flag.key))
        .filter_map(|flag| levers.evaluate(&flag.key, subject).map(|evaluation| (flag, evaluation)))
        .filter(|(flag, evaluation)| chosen(flag, evaluation))
        .collect();
    let assignments = evaluations.iter().map(|(flag, evaluation)| Assignment { flag, unit: &unit, evaluation });
    app.assigned.log(app, Protocol::Growthbook, name, assignments)
}

/// Attributes named like a type of groups are the groups of that type.
fn with_groups(levers: &Compiled, attributes: &Value) -> Map<String, Value> {
    let mut own = attributes.as_object().cloned().unwrap_or_default();
    let types = levers.flags().iter().filter_map(|flag| flag.serving.group.as_ref());
    let groups: Map<String, Value> = types.filter_map(|kind| Some((kind.clone(), own.get(kind)?.clone()))).collect();
    own.insert("$groups".into(), Value::Object(groups));
    own
}
