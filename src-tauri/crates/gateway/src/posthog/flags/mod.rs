//! PostHog's flags: `/flags` and `/decide` for one person, definitions for SDKs that evaluate by themselves, remote
//! configuration payloads.
//!
//! An evaluation uses what the request carries. Properties that came with events (`$set`) are not remembered here, nor is
//! what an anonymous visitor was served before it was identified (`$anon_distinct_id`): an id gets what its hash says.

mod answer;
mod asked;
mod definitions;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use epoch_levers::Compiled;
use epoch_levers::posthog::Served;
use epoch_model::ports::Reader;
use epoch_model::serving::{Evaluation, Flag, Protocol, Reason};

pub(crate) use definitions::{Definitions, definitions, payload};

use crate::app::App;
use crate::ingest::incoming::Incoming;
use crate::key::query;
use crate::problem::Problem;
use crate::serve::assigned::Assignment;
use crate::serve::exposure;
use asked::Asked;

/// `POST|GET /flags`, `/decide`.
pub(crate) async fn flags(State(app): State<App>, request: Request) -> Response {
    let decide = request.uri().path().starts_with("/decide");
    match evaluate(&app, decide, request).await {
        Ok(response) => response,
        Err(problem) => problem.text(),
    }
}

async fn evaluate(app: &App, decide: bool, request: Request) -> Result<Response, Problem> {
    let incoming = Incoming::read(app, request).await?;
    let asked = Asked::read(app, &incoming)?;
    let (levers, _) = app.levers();
    let served = served(&levers, &asked);
    log(app, &asked, &served)?;
    let version = query(&incoming.uri, &["v"]).and_then(|v| v.parse::<u32>().ok());
    let wants_config = decide || query(&incoming.uri, &["config"]).is_some_and(|value| value == "true" || value == "1");
    let config = wants_config.then(|| super::startup::config(app, &asked.token));
    let body = answer::write(answer::Shape::of(decide, version), &served, (app.config.clock)(), config)?;
    let client = asked.client(&incoming.headers);
    app.config.readers.read(Reader {
        protocol: Protocol::Posthog,
        client: &client,
        key: &asked.source,
        lever: asked.only_one(),
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

fn served<'a>(levers: &'a Compiled, asked: &Asked) -> Vec<(&'a Flag, Served)> {
    let wanted = levers.flags().iter().filter(|flag| asked.wants(&flag.key));
    wanted.filter_map(|flag| levers.posthog_flag(&flag.key, asked.subject()).map(|served| (flag, served))).collect()
}

fn log(app: &App, asked: &Asked, served: &[(&Flag, Served)]) -> Result<(), Problem> {
    let chance = served.iter().filter(|(_, served)| served.propensity.is_some());
    let evaluations: Vec<(&Flag, Evaluation)> = chance.map(|(flag, served)| (*flag, evaluation(served))).collect();
    for (flag, served) in served {
        if let Some(propensity) = served.propensity {
            app.exposures.note(flag, &asked.distinct_id, exposure::response(served), propensity);
        }
    }
    let unit = &asked.distinct_id;
    let assignments = evaluations.iter().map(|(flag, evaluation)| Assignment { flag, unit, evaluation });
    app.assigned.log(app, Protocol::Posthog, &asked.source, assignments)
}

fn evaluation(served: &Served) -> Evaluation {
    let rule = || served.rule.clone().filter(|_| served.enabled);
    Evaluation {
        value: served.value.clone(),
        variant: served.arm.clone().or_else(|| served.variant.clone()).or_else(rule),
        reason: Reason::Split,
        rule: served.rule.clone(),
        experiment: served.experiment.clone(),
        propensity: served.propensity,
    }
}
