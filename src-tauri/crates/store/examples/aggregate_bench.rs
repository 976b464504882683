//! How fast ten metrics are kept up to date, how much memory they take, how fast they are read, what it costs when two units
//! turn out to be one person.
//!
//! `cargo run --release -p epoch-store --example aggregate_bench [millions of events] [units]`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a bench prints"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use epoch_model::business::Business;
use epoch_model::series::SeriesQuery;
use epoch_model::time::{DAY, Grain};
use epoch_store::aggregate::{Aggregates, Plan};

const BUSINESS: &str = r#"
[business]
timezone = "Europe/Berlin"
[[metric]]
key = "visits"
event = "visit"
[[metric]]
key = "visitors"
kind = "unique"
event = "visit"
[[metric]]
key = "by_country"
event = "visit"
segments = ["country"]
[[metric]]
key = "orders"
event = "order"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
segments = ["country"]
[[metric]]
key = "aov"
kind = "ratio"
numerator = { event = "order", value = "amount" }
denominator = { event = "order" }
[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "7d" }
denominator = { event = "visit" }
[[metric]]
key = "spend"
kind = "mean_per_unit"
event = "order"
value = "amount"
[[metric]]
key = "p95"
kind = "quantile"
event = "visit"
value = "load_ms"
q = 0.95
[[metric]]
key = "mobile"
event = "visit"
where = "device == 'mobile' and load_ms > 100"
"#;

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).and_then(|l| l.split_whitespace().nth(1));
    line.and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Time on the processor: other work on the machine does not count.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn main() {
    let argument = |n: usize, default: u64| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (events, units) = (argument(1, 10) * 1_000_000, argument(2, 300_000));
    let business = match Business::parse(BUSINESS) {
        Ok(business) => business,
        Err(problems) => return eprintln!("{problems:?}"),
    };
    let plan = match Plan::compile(&business) {
        Ok(plan) => Arc::new(plan),
        Err(e) => return eprintln!("{e}"),
    };
    let mut aggregates = Aggregates::new(Arc::clone(&plan));
    let countries = ["DE", "FR", "GB", "US", "ES", "IT", "NL", "PL", "SE", "AT"];
    let start = 1_700_000_000_000;
    let year = 365 * DAY;
    let mut state = 42u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let before = resident_mib();
    let (mut spent, mut cpu, mut bytes) = (std::time::Duration::ZERO, 0, 0);
    let mut batch: Vec<(&str, u32, i64, String)> = Vec::new();
    for block in 0..events / 1000 {
        batch.clear();
        for i in 0..1000 {
            let n = block * 1000 + i;
            let name = if random(10) == 0 { "order" } else { "visit" };
            let mut props = String::new();
            let (country, device) = (countries[random(10) as usize], ["mobile", "desktop"][random(2) as usize]);
            let _ = write!(
                props,
                r#"{{"$current_url":"https://shop.example.com/products/{n}","$browser":"Firefox","$browser_version":128,"$os":"Linux","$screen_width":1920,"$lib":"web","$session_id":"0190a1b2-{n:08}","country":"{country}","device":"{device}","load_ms":{},"amount":"{}.{:02}","$referrer":"https://www.example.org/search"}}"#,
                50 + random(3000),
                1 + random(200),
                random(100),
            );
            bytes += props.len() as u64;
            let late = if random(50) == 0 { random(30 * DAY as u64) as i64 } else { 0 };
            let time = start + (year as u128 * u128::from(n) / u128::from(events)) as i64 - late;
            batch.push((name, 1 + random(units) as u32, time, props));
        }
        let (clock, before) = (Instant::now(), cpu_ns());
        for (name, unit, time, props) in &batch {
            if let Err(e) = aggregates.apply(name, *unit, *time, props) {
                return eprintln!("{e}");
            }
        }
        spent += clock.elapsed();
        cpu += cpu_ns().saturating_sub(before);
    }
    let each = |ns: f64| ns / events as f64;
    let (wall, cpu) = (each(spent.as_nanos() as f64), each(cpu as f64));
    println!("{events} events of {} bytes: {cpu:.0} ns of processor each ({wall:.0} on the clock)", bytes / events);
    println!("memory {:.0} MiB above the start", resident_mib() - before);
    for metric in &business.metrics {
        let q = SeriesQuery { metric: metric.key.clone(), from: start, to: start + year, grain: Grain::Day, by: None };
        let clock = Instant::now();
        let total = aggregates.series(&q).ok().and_then(|s| s.first().and_then(|s| s.total.value));
        println!("{:>12}  a year by day in {:.2} ms, total {total:?}", metric.key, clock.elapsed().as_secs_f64() * 1e3);
    }
    let clock = Instant::now();
    let records = aggregates.take_dirty();
    let size: usize = records.iter().map(|(k, v)| k.len() + v.len()).sum();
    println!("{} records, {:.1} MB, in {:.2} s", records.len(), size as f64 / 1e6, clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    let loaded = Aggregates::load(plan, records.into_iter()).map(|a| a.all_records().len());
    println!("loaded and listed again: {loaded:?} in {:.2} s", clock.elapsed().as_secs_f64());
    let pairs = (units / 4).min(100_000) as u32;
    let (clock, before, mut changed) = (Instant::now(), cpu_ns(), 0);
    for unit in 0..pairs {
        changed += u32::from(aggregates.link(2 * unit + 1, 2 * unit + 2, false).is_some());
    }
    let (wall, cpu) = (clock.elapsed().as_nanos() as f64, cpu_ns().saturating_sub(before) as f64);
    let each = |ns: f64| ns / f64::from(pairs) / 1e3;
    println!(
        "{pairs} links, {changed} of them changed numbers: {:.1} us of processor each ({:.1} on the clock)",
        each(cpu),
        each(wall)
    );
}
