//! Tools that read: views of the business in the protocol's terms. What a secret could stand in (addresses of effects,
//! sources) is left out.

use epoch_api::clients::{FindArgs, Ground};
use epoch_api::commands::{IdArgs, KpiArgs};
use epoch_api::views::{SeriesView, StatusView};
use epoch_host::clients::{ClientScope, Record};
use epoch_model::Result;
use epoch_model::business::{Business, Format, LeverKind};
use epoch_model::decision::Decision;
use epoch_model::series::Series;
use serde_json::{Map, Value, json};

use super::Desk;
use super::inputs::{List, One, Query, Search};
use crate::answers::{
    Brief, DecisionAnswer, DecisionsAnswer, DescribeAnswer, KpiAnswer, PointAnswer, RecordAnswer, Rows, SeriesAnswer,
    StatusAnswer, You, plain, word,
};
use crate::times::{read, written};

/// Most buckets over all series of one answer.
const POINTS_MAX: usize = 4_000;
/// Most values of a segment in one answer.
const SERIES_MAX: usize = 12;

impl Desk {
    pub(super) fn ground(&self) -> Result<Ground> {
        self.link.ask("ground", Map::new())
    }

    fn own_record(&self) -> Result<Record> {
        self.link.ask("record", IdArgs { id: self.client.id.clone() })
    }

    pub(super) fn one(&self, id: &str) -> Result<Decision> {
        self.link.ask("decision", IdArgs { id: id.to_owned() })
    }
}

pub(super) fn describe(desk: &Desk) -> Result<DescribeAnswer> {
    let ground = desk.ground()?;
    let you = You::of(&desk.client, &desk.own_record()?);
    let b = &ground.business;
    let may_propose: &[&str] = if desk.client.scopes.contains(&ClientScope::Propose) {
        &["set_lever", "call_effect", "start_workflow", "experiment", "workflow_edit"]
    } else {
        &[]
    };
    Ok(DescribeAnswer {
        business: b.name.clone(),
        currency: b.currency.clone(),
        currency_digits: b.currency_digits,
        timezone: b.timezone.clone(),
        now: written(ground.now),
        as_of: written(ground.as_of),
        kpis: b
            .metrics
            .iter()
            .map(|m| {
                json!({
                    "key": m.key, "title": m.title, "unit": unit(m.format, b), "per": m.unit, "better": m.better,
                    "domain": m.domain, "segments": m.segments, "grain": m.grain,
                })
            })
            .collect(),
        goals: b
            .goals
            .iter()
            .map(|g| json!({ "metric": g.metric, "target": g.target, "by": g.by.map(written) }))
            .collect(),
        levers: levers(&ground),
        effects: b
            .effects
            .iter()
            .map(|e| {
                json!({
                    "key": e.key, "title": e.title, "kind": e.kind.word(), "domain": e.domain,
                    "reversibility": e.reversibility, "cost_minor": e.cost_minor,
                    "promise": e.kind.promise().words(),
                })
            })
            .collect(),
        workflows: ground.workflows.iter().map(|(key, version)| json!({ "key": key, "version": version })).collect(),
        guardrails: b.guardrails.iter().map(plain).collect(),
        limits: plain(&b.limits),
        you,
        may_propose: may_propose.iter().map(|&kind| kind.to_owned()).collect(),
    })
}

fn levers(ground: &Ground) -> Vec<Value> {
    let in_force = |key: &str| ground.levers.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone());
    let lever = |l: &epoch_model::business::Lever| {
        let takes = match &l.kind {
            LeverKind::Boolean => json!({ "kind": "boolean" }),
            LeverKind::Number { min, max, step } => json!({ "kind": "number", "min": min, "max": max, "step": step }),
            LeverKind::Variant { options } => json!({ "kind": "variant", "options": options }),
            LeverKind::Text { max_chars } => json!({ "kind": "text", "max_chars": max_chars }),
        };
        json!({
            "key": l.key, "title": l.title, "value": in_force(&l.key), "default": l.default, "takes": takes,
            "domain": l.domain, "reversibility": l.reversibility, "cost_minor": l.cost_minor, "off": l.serving.off,
        })
    };
    ground.business.levers.iter().map(lever).collect()
}

fn unit(format: Format, business: &Business) -> String {
    match format {
        Format::Money => business.currency.clone(),
        Format::Percent => "share".to_owned(),
        Format::Duration => "s".to_owned(),
        _ => "count".to_owned(),
    }
}

pub(super) fn status(desk: &Desk) -> Result<StatusAnswer> {
    let view: StatusView = desk.link.read("status", Map::new())?;
    Ok(StatusAnswer {
        run_state: word(view.run_state),
        now: written(view.now),
        last_event: view.last_event_at.map(written),
        events: view.events,
        approvals_waiting: view.approvals_waiting,
        anomalies_open: view.anomalies_open,
        experiments_running: view.experiments_running,
        simulated: view.sandbox.is_some(),
        problems: view.problems.into_iter().map(|p| p.message).collect(),
        you: You::of(&desk.client, &desk.own_record()?),
    })
}

pub(super) fn kpi(desk: &Desk, asked: Query) -> Result<KpiAnswer> {
    let ground = desk.ground()?;
    let zone = &ground.business.timezone;
    let at = |field: &str, text: Option<String>| text.map(|t| read(field, &t, zone)).transpose();
    let args = KpiArgs {
        metric: asked.metric,
        from: at("from", asked.from)?,
        to: at("to", asked.to)?,
        grain: asked.grain.map(Into::into),
        by: asked.segment.clone(),
    };
    let view: SeriesView = desk.link.read("series", args)?;
    let format = view.metric.format;
    let points: usize = view.series.iter().take(SERIES_MAX).map(|s| s.points.len()).sum();
    if points > POINTS_MAX {
        let message = format!("the answer would hold {points} buckets");
        let hint = "choose wider buckets, a shorter range, or no segment";
        return Err(epoch_model::Error::new(epoch_model::Code::InvalidArgument, message, hint));
    }
    let others = u32::try_from(view.series.len().saturating_sub(SERIES_MAX)).unwrap_or(u32::MAX);
    let series = view.series.iter().take(SERIES_MAX);
    Ok(KpiAnswer {
        title: view.metric.title.clone(),
        definition: view.metric.definition.clone(),
        unit: unit(format, &ground.business),
        per: view.metric.unit.clone(),
        better: word(view.metric.better),
        from: written(view.from),
        to: written(view.to),
        grain: word(view.grain),
        as_of: written(ground.as_of),
        series: series.map(|s| line(s, &view, asked.segment.as_deref())).collect(),
        others,
        metric: view.metric.key,
    })
}

fn line(series: &Series, view: &SeriesView, segment: Option<&str>) -> SeriesAnswer {
    let of = segment.zip(series.segment.clone()).map(|(name, value)| (name.to_owned(), value));
    SeriesAnswer {
        segment: series.segment.clone(),
        total: series.total.value,
        events: series.total.events,
        rows: Rows {
            metric: view.metric.key.clone(),
            from: written(view.from),
            to: written(view.to),
            segment: of,
            console: format!("/kpis/{}?from={}&to={}", view.metric.key, view.from, view.to),
        },
        points: series
            .points
            .iter()
            .map(|p| PointAnswer { start: written(p.start), value: p.value, events: p.events })
            .collect(),
    }
}

pub(super) fn list(desk: &Desk, asked: List) -> Result<DecisionsAnswer> {
    let before = match &asked.before {
        Some(text) => Some(read("before", text, &desk.ground()?.business.timezone)?),
        None => None,
    };
    let principal = desk.client.principal();
    found(
        desk,
        &FindArgs {
            states: asked.states.into_iter().map(Into::into).collect(),
            proposer: asked.mine.then_some(principal),
            text: None,
            before,
            limit: asked.limit,
        },
    )
}

pub(super) fn search(desk: &Desk, asked: Search) -> Result<DecisionsAnswer> {
    let text = asked.text.chars().take(200).collect();
    found(desk, &FindArgs { text: Some(text), limit: asked.limit, ..FindArgs::default() })
}

fn found(desk: &Desk, args: &FindArgs) -> Result<DecisionsAnswer> {
    let all: Vec<Decision> = desk.link.ask("find", args)?;
    let principal = desk.client.principal();
    Ok(DecisionsAnswer { decisions: all.iter().map(|d| Brief::of(d, &principal)).collect() })
}

pub(super) fn decision(desk: &Desk, asked: One) -> Result<DecisionAnswer> {
    Ok(DecisionAnswer::of(&desk.one(&asked.decision)?, &desk.client.principal()))
}

pub(super) fn record(desk: &Desk) -> Result<RecordAnswer> {
    Ok(RecordAnswer::of(&desk.client, &desk.own_record()?))
}
