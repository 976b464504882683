//! What it costs to count experiments: per event, and per look.

#![expect(clippy::cast_possible_wrap, reason = "counts of events and of flags")]

use std::sync::Arc;

use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::experiment::Spec;
use epoch_model::time::DAY;
use epoch_store::{Options, Store, Tracked};
use serde_json::json;

use super::super::measure::{Spent, median, quantile, timed};
use super::super::report::{Report, failed, same};
use super::Frame;

const START: i64 = 1_700_000_000_000;
const BATCH: u64 = 10_000;
/// Flags there are, however many of them are experiments.
const FLAGS: u64 = 1_000;
const UNITS: u64 = 100_000;
const METRICS: &str = r#"
[business]
name = "Bench"
timezone = "Europe/Berlin"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
[[metric]]
key = "orders"
kind = "count"
event = "order"
[[metric]]
key = "buyers"
kind = "unique"
event = "order"
[[metric]]
key = "aov"
kind = "ratio"
numerator = { event = "order", value = "amount" }
denominator = { event = "order" }
[[metric]]
key = "visits"
kind = "count"
event = "visit"
[[metric]]
key = "active"
kind = "unique"
event = "visit"
[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "7d" }
denominator = { event = "visit" }
[[metric]]
key = "load"
kind = "mean_per_unit"
event = "visit"
value = "load_ms"
[[metric]]
key = "back"
kind = "retention"
start = { event = "visit" }
comeback = { event = "visit" }
after = "1d"
within = "6d"
[[metric]]
key = "slow"
kind = "quantile"
event = "visit"
value = "load_ms"
q = 0.9
"#;

fn experiment(business: &Business, n: usize) -> Result<Tracked> {
    let metrics: Vec<&str> = business.metrics.iter().map(|m| m.key.as_str()).collect();
    let arms = ["a", "b", "c"].map(|key| json!({ "key": key, "value": key, "weight": 1.0 / 3.0 }));
    let spec: Spec = serde_json::from_value(json!({
        "key": format!("e{n}"), "title": "", "hypothesis": "", "origin": "file", "purpose": "decide", "lever": null,
        "arms": arms, "metric": metrics.first(), "secondary": metrics.get(1..), "guardrails": [],
        "exposure": {
            "event": "$feature_flag_called", "arm": "$feature_flag_response", "filter": format!("$feature_flag == 'f{n}'"),
        },
        "audience": null, "share": 1.0, "slice": null, "group": null, "from": null, "until": null, "mde": null,
        "cap": null, "hypothesis_id": null, "parent": null,
    }))
    .map_err(failed)?;
    let mut tracked = Tracked::of(&spec, &business.metrics, START, 14)?;
    tracked.segments = vec!["country".into()];
    Ok(tracked)
}

/// Numbers that look like chance (SplitMix64).
fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 8
}

/// Of twenty events one is an exposure, two are orders.
fn batch(from: u64, seed: u64) -> Result<EventBatch> {
    let mut batch = EventBatch::new("bench", START);
    for n in from..from + BATCH {
        let mixed = mix(n ^ (seed << 40));
        let unit = mixed % UNITS;
        let country = ["DE", "FR", "IT", "ES"][(unit % 4) as usize];
        let (name, props) = match n % 20 {
            0 => {
                let flag = mixed / UNITS % FLAGS;
                let arm = ["a", "b", "c"][((unit + flag) % 3) as usize];
                let props = format!(
                    r#"{{"$feature_flag":"f{flag}","$feature_flag_response":"{arm}","country":"{country}","$lib":"web","$lib_version":"1.2"}}"#
                );
                ("$feature_flag_called", props)
            }
            1 | 2 => ("order", format!(r#"{{"amount":{}.5,"country":"DE","item":"book"}}"#, mixed % 90)),
            _ => ("visit", format!(r#"{{"load_ms":{},"path":"/p/{}","country":"DE"}}"#, 80 + mixed % 900, mixed % 50)),
        };
        let time = START + (n as i64 * 37) % (20 * DAY);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        batch.push(EventView { id, time, name, unit: &format!("user-{unit}"), props: &props }).map_err(failed)?;
    }
    Ok(batch)
}

pub(super) fn run(frame: Frame, report: &mut Report) -> Result<()> {
    let events: u64 = if frame.quick { 50_000 } else { 1_000_000 };
    let business = Business::parse(METRICS).map_err(|problems| failed(format!("{problems:?}")))?;
    let mut without = None;
    for experiments in [0_usize, 10, 1_000] {
        let dir = tempfile::tempdir().map_err(failed)?;
        let store = Store::open(dir.path(), &business, Options::new(Arc::new(|| START)))?;
        let all: Vec<Tracked> = (0..experiments).map(|n| experiment(&business, n)).collect::<Result<_>>()?;
        let keys: Vec<String> = all.iter().map(|t| t.spec.key.clone()).collect();
        store.track(all)?;
        let (mut sent, mut spent, mut looking) = (0, Spent::default(), Vec::new());
        while sent < events {
            let batch = batch(sent, frame.seed)?;
            let (answer, took) = timed(|| store.append(batch));
            answer?;
            spent = Spent { wall: spent.wall + took.wall, cpu: spent.cpu + took.cpu };
            sent += BATCH;
            // After a batch, when a fifth of them has passed.
            if experiments > 0 && sent.is_multiple_of(events / 5) {
                let (looks, took) = timed(|| store.looks(&keys, START + 30 * DAY));
                same("looks", &looks?.len(), &experiments)?;
                looking.push(took.wall * 1e3);
            }
        }
        let per_event = spent.cpu * 1e9 / events as f64;
        let before = *without.get_or_insert(per_event);
        report.figure(format!("event_{experiments}_experiments"), per_event, "ns of a core");
        if experiments > 0 {
            report.figure(format!("event_{experiments}_experiments_more"), per_event - before, "ns of a core");
            report.figure(format!("store_looks_{experiments}"), median(&looking), "ms");
            report.figure(format!("store_looks_{experiments}_worst"), quantile(&looking, 1.0), "ms");
            report.figure(format!("counting_{experiments}_members"), store.remembered().0 as f64, "units");
        }
        store.close()?;
    }
    report.figure("store_events", events as f64, "events");
    report.note("event_N_experiments: appending with the commit, all threads, one exposure and two orders among twenty events; store_looks_1000: 10 metrics x 3 arms and four countries each, after a batch");
    Ok(())
}
