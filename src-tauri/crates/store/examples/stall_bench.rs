//! How long a batch waits for its commit while everything else goes on beside it: checkpoints, merging, packing.
//!
//! `cargo run --release -p epoch-store --example stall_bench [millions of events] [units] [events per batch] [waiting]`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a bench prints"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventSink, EventView};
use epoch_store::{Options, Store};

const BUSINESS: &str = r#"
[business]
timezone = "Europe/Berlin"
[[metric]]
key = "visits"
event = "visit"
segments = ["country"]
[[metric]]
key = "visitors"
kind = "unique"
event = "visit"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
segments = ["country"]
[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "7d" }
denominator = { event = "visit" }
"#;

const START: i64 = 1_700_000_000_000;

fn batch(random: &mut impl FnMut(u64) -> u64, from: u64, size: u64, units: u64) -> EventBatch {
    let countries = ["DE", "FR", "GB", "US", "ES", "IT", "NL", "PL", "SE", "AT"];
    let mut batch = EventBatch::new("web", START);
    let (mut props, mut unit) = (String::new(), String::new());
    for n in from..from + size {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        id[8..].copy_from_slice(&n.to_be_bytes());
        let name = if random(10) == 0 { "order" } else { "visit" };
        props.clear();
        unit.clear();
        let country = countries[random(10) as usize];
        let _ = write!(
            props,
            r#"{{"$current_url":"https://shop.example.com/{n}","country":"{country}","amount":{}.5}}"#,
            random(200)
        );
        let _ = write!(unit, "u{}", random(units));
        let event = EventView { id, time: START + n as i64 * 10_000, name, unit: &unit, props: &props };
        if let Err(e) = batch.push(event) {
            eprintln!("{e}");
        }
    }
    batch
}

fn main() {
    let argument = |n: usize, default: u64| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (events, units) = (argument(1, 3) * 1_000_000, argument(2, 300_000));
    let (size, waiting) = (argument(3, 500), argument(4, 4) as usize);
    let Ok(business) = Business::parse(BUSINESS) else { return eprintln!("the business does not parse") };
    let dir = std::env::temp_dir().join(format!("epoch-stall-{}", std::process::id()));
    let clock = Instant::now();
    let now = move || START + clock.elapsed().as_millis() as i64;
    let opened = Store::create(&dir).and_then(|()| Store::open(&dir, &business, Options::new(Arc::new(now))));
    let store = match opened {
        Ok(store) => store,
        Err(e) => return eprintln!("{e}"),
    };
    let mut state = 42u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (tell, hear) = crossbeam_channel::unbounded();
    let (mut sent, mut under_way) = (0, 0);
    let mut waits: Vec<(Duration, u64)> = Vec::new();
    let mut last = Instant::now();
    let begun = Instant::now();
    let (mut at, mut made) = (0u64, 0u64);
    while sent < events || under_way > 0 {
        while sent < events && under_way < waiting {
            let batch = batch(&mut random, sent, size, units);
            let (tell, since) = (tell.clone(), Instant::now());
            let done = move |_| {
                let _ = tell.send((since, Instant::now()));
            };
            if let Err(e) = store.submit(batch, Box::new(done)) {
                return eprintln!("{e}");
            }
            sent += size;
            under_way += 1;
        }
        let Ok((since, done)) = hear.recv() else { break };
        under_way -= 1;
        at += size;
        made += 1;
        // From the last commit, or from when the batch was there: what the writer kept it waiting.
        waits.push((done.saturating_duration_since(since.max(last)), at));
        last = done;
    }
    let spent = begun.elapsed();
    waits.sort_unstable();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    println!("{made} batches of {size}, {:.0} events a second", events as f64 / spent.as_secs_f64());
    for share in [0.5, 0.99, 0.999] {
        let found = waits.get((waits.len() as f64 * share) as usize);
        println!("{:>5.1} % of commits within {:.1} ms", share * 100.0, found.map_or(0.0, |w| ms(w.0)));
    }
    let longest: Vec<String> =
        waits.iter().rev().take(12).map(|(wait, at)| format!("{:.1} ms at {at}", ms(*wait))).collect();
    println!("longest: {}", longest.join(", "));
    let clock = Instant::now();
    if let Err(e) = store.close() {
        eprintln!("{e}");
    }
    println!("closed in {:.0} ms", ms(clock.elapsed()));
    let _ = std::fs::remove_dir_all(&dir);
}
