//! A business, experiments on it, events.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::experiment::Spec;
use epoch_store::{Options, Store, Tracked};
use serde_json::{Value, json};

/// Noon in Berlin.
pub const START: i64 = 1_700_046_000_000;

const BUSINESS: &str = r#"
[business]
name = "Shop"
timezone = "Europe/Berlin"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
segments = ["country"]
[[metric]]
key = "orders"
kind = "count"
event = "order"
where = "amount > 0"
[[metric]]
key = "buyers"
kind = "unique"
event = "order"
[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "36h" }
denominator = { event = "visit" }
segments = ["country", "plan"]
[[metric]]
key = "spend"
kind = "mean_per_unit"
event = "order"
value = "amount * 2 - 1"
[[metric]]
key = "aov"
kind = "ratio"
numerator = { event = "order", value = "amount" }
denominator = { event = "order" }
[[metric]]
key = "share_of_visits"
kind = "ratio"
numerator = { event = "order", of = "unit" }
denominator = { event = "visit" }
[[metric]]
key = "return"
kind = "retention"
start = { event = "visit" }
comeback = { event = "visit" }
after = "1d"
within = "2d"
[[metric]]
key = "median"
kind = "quantile"
event = "order"
value = "amount"
q = 0.5
[[metric]]
key = "per_company"
kind = "mean_per_unit"
event = "order"
value = "amount"
by = "company"
[[metric]]
key = "invoices"
kind = "unique"
event = "order"
of = "invoice"
[[metric]]
key = "twice"
kind = "formula"
formula = "2 * orders"
"#;

pub fn business() -> Business {
    Business::parse(BUSINESS).unwrap_or_else(|p| panic!("{p:?}"))
}

/// Small bounds, so that checkpoints happen with few events.
pub fn options() -> Options {
    let clock = AtomicI64::new(START);
    Options {
        recent_ids: 500,
        checkpoint_events: 1500,
        ..Options::new(Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)))
    }
}

pub fn open(dir: &Path) -> Store {
    Store::open(dir, &business(), options()).unwrap()
}

/// A question with two arms; the first metric is the primary one.
pub fn spec(key: &str, exposure: Value, group: Option<&str>, metrics: &[&str]) -> Spec {
    let arms = json!([
        { "key": "control", "value": 29.0, "weight": 0.5 },
        { "key": "test", "value": 32.0, "weight": 0.5 },
    ]);
    serde_json::from_value(json!({
        "key": key, "title": key, "hypothesis": "", "origin": "file", "purpose": "decide", "lever": null, "arms": arms,
        "metric": metrics[0], "secondary": metrics[1..], "guardrails": [], "exposure": exposure, "audience": null,
        "share": 1.0, "slice": null, "group": group, "from": null, "until": null, "mde": null, "cap": null,
        "hypothesis_id": null, "parent": null,
    }))
    .unwrap()
}

/// Exposures of a flag, as SDKs report them.
pub fn flag(name: &str) -> Value {
    json!({
        "event": "$feature_flag_called", "arm": "$feature_flag_response",
        "filter": format!("$feature_flag == '{name}'"),
    })
}

pub fn tracked(spec: &Spec, from: i64, covariate_days: u32) -> Tracked {
    Tracked::of(spec, &business().metrics, from, covariate_days).unwrap()
}

/// An event as it was sent.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub unit: String,
    pub time: i64,
    pub props: Value,
}

pub fn event(name: &str, unit: &str, time: i64, props: Value) -> Event {
    Event { name: name.into(), unit: unit.into(), time, props }
}

pub fn batch(events: &[Event]) -> EventBatch {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut batch = EventBatch::new("web", START);
    for e in events {
        let id = u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64 | 0x5a5a;
        let props = e.props.to_string();
        batch
            .push(EventView { id: id.to_be_bytes(), time: e.time, name: &e.name, unit: &e.unit, props: &props })
            .unwrap();
    }
    batch
}

pub fn send(store: &Store, events: &[Event]) {
    store.append(batch(events)).unwrap();
}
