//! What it costs to count experiments: per event, per look, per unit.
//!
//! `cargo run --release -p epoch-store --example experiments_bench [thousands of events] [units]`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    reason = "a bench prints, and stops at what should not be"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::experiment::Spec;
use epoch_model::time::DAY;
use epoch_store::{Options, Store, Tracked};
use serde_json::json;

const START: i64 = 1_700_000_000_000;
const BATCH: u64 = 10_000;
/// Flags there are, however many of them are experiments.
const FLAGS: u64 = 1_000;

fn business() -> Business {
    let mut text = "[business]\nname = \"Bench\"\ntimezone = \"Europe/Berlin\"\n".to_owned();
    for (key, kind) in [
        ("revenue", "kind = \"sum\"\nevent = \"order\"\nvalue = \"amount\""),
        ("orders", "kind = \"count\"\nevent = \"order\""),
        ("buyers", "kind = \"unique\"\nevent = \"order\""),
        (
            "aov",
            "kind = \"ratio\"\nnumerator = { event = \"order\", value = \"amount\" }\ndenominator = { event = \"order\" }",
        ),
        ("visits", "kind = \"count\"\nevent = \"visit\""),
        ("active", "kind = \"unique\"\nevent = \"visit\""),
        (
            "conversion",
            "kind = \"proportion\"\nnumerator = { event = \"order\", within = \"7d\" }\ndenominator = { event = \"visit\" }",
        ),
        ("load", "kind = \"mean_per_unit\"\nevent = \"visit\"\nvalue = \"load_ms\""),
        (
            "back",
            "kind = \"retention\"\nstart = { event = \"visit\" }\ncomeback = { event = \"visit\" }\nafter = \"1d\"\nwithin = \"6d\"",
        ),
        ("slow", "kind = \"quantile\"\nevent = \"visit\"\nvalue = \"load_ms\"\nq = 0.9"),
    ] {
        writeln!(text, "[[metric]]\nkey = \"{key}\"\n{kind}").unwrap();
    }
    Business::parse(&text).unwrap()
}

fn experiment(business: &Business, n: usize) -> Tracked {
    let metrics: Vec<&str> = business.metrics.iter().map(|m| m.key.as_str()).collect();
    let arms = ["a", "b", "c"].map(|key| json!({ "key": key, "value": key, "weight": 1.0 / 3.0 }));
    let spec: Spec = serde_json::from_value(json!({
        "key": format!("e{n}"), "title": "", "hypothesis": "", "origin": "file", "purpose": "decide", "lever": null,
        "arms": arms, "metric": metrics[0], "secondary": metrics[1..], "guardrails": [],
        "exposure": {
            "event": "$feature_flag_called", "arm": "$feature_flag_response", "filter": format!("$feature_flag == 'f{n}'"),
        },
        "audience": null, "share": 1.0, "slice": null, "group": null, "from": null, "until": null, "mde": null,
        "cap": null, "hypothesis_id": null, "parent": null,
    }))
    .unwrap();
    let mut tracked = Tracked::of(&spec, &business.metrics, START, 14).unwrap();
    tracked.segments = vec!["country".into()];
    tracked
}

/// Numbers that look like chance (SplitMix64).
fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 8
}

/// Time on the processor, of all threads: other work on the machine does not count.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // User and system time, in hundredths of a second.
    [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum::<u64>() * 10
}

/// Of twenty events one is an exposure, two are orders.
fn batch(from: u64, units: u64) -> EventBatch {
    let mut batch = EventBatch::new("bench", START);
    for n in from..from + BATCH {
        let mixed = mix(n);
        let unit = mixed % units;
        let (name, props) = match n % 20 {
            0 => {
                let flag = mixed / units % FLAGS;
                let arm = ["a", "b", "c"][((unit + flag) % 3) as usize];
                let country = ["DE", "FR", "IT", "ES"][(unit % 4) as usize];
                (
                    "$feature_flag_called",
                    format!(
                        r#"{{"$feature_flag":"f{flag}","$feature_flag_response":"{arm}","country":"{country}","$lib":"web","$lib_version":"1.2"}}"#
                    ),
                )
            }
            1 | 2 => ("order", format!(r#"{{"amount":{}.5,"country":"DE","item":"book"}}"#, mixed % 90)),
            _ => ("visit", format!(r#"{{"load_ms":{},"path":"/p/{}","country":"DE"}}"#, 80 + mixed % 900, mixed % 50)),
        };
        let time = START + (n as i64 * 37) % (20 * DAY);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        batch.push(EventView { id, time, name, unit: &format!("user-{unit}"), props: &props }).unwrap();
    }
    batch
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).and_then(|l| l.split_whitespace().nth(1));
    line.and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let events = args.next().unwrap_or(1_000) * 1_000;
    let units = args.next().unwrap_or(100_000);
    let business = business();
    for experiments in [0, 10, 1_000] {
        let dir = std::env::temp_dir().join(format!("experiments-bench-{}-{experiments}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let store = Store::open(&dir, &business, Options::new(Arc::new(|| START))).unwrap();
        let all: Vec<Tracked> = (0..experiments).map(|n| experiment(&business, n)).collect();
        store.track(all.clone()).unwrap();
        let before = resident_mib();
        let (mut sent, mut busy) = (0, 0);
        while sent < events {
            let batch = batch(sent, units);
            let started = cpu_ms();
            store.append(batch).unwrap();
            busy += cpu_ms() - started;
            sent += BATCH;
        }
        let (members, points) = store.remembered();
        println!(
            "{experiments} experiments: {} ns per event; {members} units, {points} events remembered, {:.0} MiB more",
            busy * 1_000_000 / events,
            resident_mib() - before,
        );
        if experiments > 0 {
            let keys: Vec<String> = all.iter().map(|t| t.spec.key.clone()).collect();
            let started = Instant::now();
            let looks = store.looks(&keys, START + 30 * DAY).unwrap();
            let took = started.elapsed();
            let counted: u64 = looks.iter().flat_map(|l| &l.units).sum();
            println!(
                "  {} looks of 10 metrics x 3 arms in {:.1} ms; {counted} units in arms",
                looks.len(),
                took.as_secs_f64() * 1e3
            );
            let started = Instant::now();
            store.track(Vec::new()).unwrap();
            store.track(all).unwrap();
            println!("  counted from the log in {:.2} s", started.elapsed().as_secs_f64());
            assert_eq!(store.looks(&keys, START + 30 * DAY).unwrap(), looks);
        }
        store.close().unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
