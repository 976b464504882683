//! What stands in each sheet.

use std::collections::BTreeMap;

use epoch_model::business::{Better, Format};
use epoch_model::decision::Decision;
use epoch_model::insight::Insight;
use serde::Serialize;

use super::{Cell, Look, Sheet, number, text};
use crate::data::{KpiSection, ReportData};
use crate::story::{kind_word, state_word};

pub(super) fn all(data: &ReportData) -> [Sheet; 5] {
    [kpis(data), series(data), insights(data), decisions(data), segments(data)]
}

/// The word an enum is written with.
fn word(value: impl Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Cell::Text(word),
        _ => Cell::Blank,
    }
}

fn kpi_of<'a>(data: &'a ReportData, metric: &str) -> Option<&'a KpiSection> {
    data.kpis.iter().find(|k| k.key == metric)
}

fn format_of(data: &ReportData, metric: &str) -> Format {
    kpi_of(data, metric).map_or(Format::Number, |k| k.format)
}

fn kpis(data: &ReportData) -> Sheet {
    let rows = data.kpis.iter().map(|k| {
        let share = k.format == Format::Percent;
        let points = match (k.value, k.previous) {
            (Some(now), Some(before)) if share => Some((now - before) * 100.0),
            _ => None,
        };
        vec![
            text(&k.key),
            text(&k.title),
            text(&k.definition),
            text(k.unit.clone().unwrap_or_default()),
            text(match k.better {
                Better::Up => "up",
                Better::Down => "down",
                Better::Neither => "neither",
            }),
            number(k.value, k.format),
            number(k.previous, k.format),
            if share { Cell::Blank } else { number(k.change, Look::Share) },
            number(points, Look::General),
            number(k.goal.map(|g| g.0), k.format),
            k.goal.and_then(|g| g.1).map_or(Cell::Blank, Cell::Time),
            text(&k.note),
        ]
    });
    Sheet {
        name: "KPIs",
        columns: vec![
            ("Metric", 18.0),
            ("KPI", 26.0),
            ("Definition", 40.0),
            ("Unit", 12.0),
            ("Better", 8.0),
            ("This period", 14.0),
            ("Period before", 14.0),
            ("Change", 10.0),
            ("Change (points)", 15.0),
            ("Goal", 14.0),
            ("Goal by", 17.0),
            ("Standing", 50.0),
        ],
        rows: rows.collect(),
    }
}

fn series(data: &ReportData) -> Sheet {
    let mut rows = Vec::new();
    for k in &data.kpis {
        let bands: BTreeMap<_, _> = k.band.iter().map(|b| (b.start, b)).collect();
        for point in &k.series.points {
            let band = bands.get(&point.start);
            rows.push(vec![
                text(&k.key),
                Cell::Time(point.start),
                number(point.value, k.format),
                number(point.numerator, Look::General),
                number(point.denominator, Look::General),
                number(point.events as f64, Look::Whole),
                number(band.map(|b| b.p10), k.format),
                number(band.map(|b| b.p50), k.format),
                number(band.map(|b| b.p90), k.format),
            ]);
        }
    }
    Sheet {
        name: "Series",
        columns: vec![
            ("Metric", 18.0),
            ("Start", 17.0),
            ("Value", 14.0),
            ("Numerator", 14.0),
            ("Denominator", 14.0),
            ("Events", 10.0),
            ("Expected p10", 14.0),
            ("Expected p50", 14.0),
            ("Expected p90", 14.0),
        ],
        rows,
    }
}

fn insight(i: &Insight, data: &ReportData) -> Vec<Cell> {
    let format = format_of(data, &i.metric);
    let expected = |pick: fn(&epoch_model::insight::Expectation) -> f64| number(i.expected.as_ref().map(pick), format);
    let drivers: Vec<String> =
        i.drivers.iter().map(|d| format!("{} {} ({:.0} %)", d.segment, d.value, d.share * 100.0)).collect();
    vec![
        text(&i.id),
        text(kind_word(i.kind)),
        text(&i.metric),
        Cell::Time(i.from),
        Cell::Time(i.to),
        text(&i.headline),
        number(i.actual, format),
        expected(|e| e.p10),
        expected(|e| e.p50),
        expected(|e| e.p90),
        number(i.score, Look::General),
        number(i.p_value, Look::General),
        text(match i.good {
            Some(true) => "good",
            Some(false) => "bad",
            None => "neither",
        }),
        text(drivers.join("; ")),
        text(i.decisions.join("; ")),
    ]
}

fn insights(data: &ReportData) -> Sheet {
    Sheet {
        name: "Insights",
        columns: vec![
            ("Id", 13.0),
            ("Kind", 11.0),
            ("Metric", 18.0),
            ("From", 17.0),
            ("To", 17.0),
            ("Headline", 60.0),
            ("Seen", 14.0),
            ("Expected p10", 14.0),
            ("Expected p50", 14.0),
            ("Expected p90", 14.0),
            ("Score", 10.0),
            ("p-value", 12.0),
            ("Good or bad", 12.0),
            ("Drivers", 50.0),
            ("Decisions", 24.0),
        ],
        rows: data.insights.iter().map(|i| insight(i, data)).collect(),
    }
}

fn decision(d: &Decision, data: &ReportData) -> Vec<Cell> {
    let format = format_of(data, &d.prediction.metric);
    let minor = 10f64.powi(i32::try_from(data.currency_digits).unwrap_or(2));
    let money = |m: Option<i64>| number(m.map(|m| m as f64 / minor), Look::Money);
    let outcome = d.outcome.as_ref();
    vec![
        text(&d.id),
        Cell::Time(d.created_at),
        text(state_word(d.state)),
        word(d.level),
        word(d.domain),
        word(d.reversibility),
        text(&d.headline),
        text(&d.dry_run),
        text(&d.prediction.metric),
        number(d.prediction.value.p10, format),
        number(d.prediction.value.p50, format),
        number(d.prediction.value.p90, format),
        number(d.nothing.value.p50, format),
        money(Some(d.cost_minor)),
        money(d.stake_minor),
        outcome.map_or(Cell::Blank, |o| Cell::Time(o.at)),
        number(outcome.map(|o| o.actual), format),
        outcome.map_or(Cell::Blank, |o| text(if o.inside { "yes" } else { "no" })),
        number(outcome.map(|o| o.against_nothing), format),
        money(outcome.and_then(|o| o.money_minor)),
        number(outcome.map(|o| o.loss), Look::General),
        text(&d.policy.rule),
    ]
}

fn decisions(data: &ReportData) -> Sheet {
    Sheet {
        name: "Decisions",
        columns: vec![
            ("Id", 13.0),
            ("Created", 17.0),
            ("State", 14.0),
            ("Level", 12.0),
            ("Domain", 12.0),
            ("Reversibility", 12.0),
            ("Headline", 60.0),
            ("Change", 30.0),
            ("Metric", 18.0),
            ("Predicted p10", 14.0),
            ("Predicted p50", 14.0),
            ("Predicted p90", 14.0),
            ("Doing nothing p50", 17.0),
            ("Cost", 12.0),
            ("Stake", 12.0),
            ("Scored", 17.0),
            ("Outcome", 14.0),
            ("Inside 80 %", 11.0),
            ("Against nothing", 15.0),
            ("Against nothing (money)", 22.0),
            ("Loss", 10.0),
            ("Policy rule", 26.0),
        ],
        rows: data.decisions.iter().map(|d| decision(d, data)).collect(),
    }
}

fn segments(data: &ReportData) -> Sheet {
    let rows = data.kpis.iter().flat_map(|k| {
        k.segments.iter().map(|s| {
            vec![
                text(&k.key),
                text(&s.segment),
                text(&s.value),
                number(s.amount, k.format),
                number(s.share, Look::Share),
            ]
        })
    });
    Sheet {
        name: "Segments",
        columns: vec![("Metric", 18.0), ("Segment", 18.0), ("Value", 30.0), ("Amount", 14.0), ("Share", 10.0)],
        rows: rows.collect(),
    }
}
