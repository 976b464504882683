//! How long an erasure takes, and how long others wait for their commits meanwhile.
//!
//! `cargo run --release -p epoch-store --example erase_bench [millions of events] [units]`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_store::{Options, Store};

const BUSINESS: &str = r#"
[[metric]]
key = "visitors"
kind = "unique"
event = "visit"
segments = ["country"]
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "7d" }
denominator = { event = "visit" }
"#;

const START: i64 = 1_700_000_000_000;

fn batch(numbers: std::ops::Range<u64>, units: u64) -> Result<EventBatch> {
    let mut batch = EventBatch::new("web", START);
    for n in numbers {
        let random = n.wrapping_mul(6_364_136_223_846_793_005).rotate_left(29);
        let unit = format!("user-{}@example.org", random % units);
        let country =
            ["DE", "FR", "IT", "US"].get(usize::try_from(random >> 40).unwrap_or(0) % 4).copied().unwrap_or("");
        let props = format!(
            r#"{{"country":"{country}","amount":{}.5,"$current_url":"https://shop.example.com/p/{n}","$lib":"web"}}"#,
            random >> 60
        );
        let name = if n.is_multiple_of(10) { "order" } else { "visit" };
        let time = START + i64::try_from(n).unwrap_or(0) * 1000;
        batch.push(EventView { id: u128::from(random).to_be_bytes(), time, name, unit: &unit, props: &props })?;
    }
    Ok(batch)
}

fn run() -> Result<()> {
    let argument = |n: usize, default: u64| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (events, units) = (argument(1, 2) * 1_000_000, argument(2, 200_000));
    let dir = std::env::temp_dir().join(format!("epoch-erase-bench-{}", std::process::id()));
    let business = Business::parse(BUSINESS).map_err(|problems| {
        epoch_model::Error::new(epoch_model::Code::ConfigInvalid, format!("{problems:?}"), "correct the bench")
    })?;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0));
    Store::create(&dir)?;
    let store = Store::open(&dir, &business, Options::new(Arc::new(now)))?;
    let clock = Instant::now();
    for n in 0..events / 1000 {
        store.append(batch(n * 1000..n * 1000 + 1000, units)?)?;
    }
    println!("{events} events of {units} units in {:.1} s", clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    let person = store.person("user-7@example.org")?;
    println!("looked up in {:.2} s: {:?} events", clock.elapsed().as_secs_f64(), person.map(|p| p.events));
    let stop = AtomicBool::new(false);
    let (mut waits, outcome) = std::thread::scope(|scope| {
        let feeder = scope.spawn(|| -> Result<Vec<Duration>> {
            let (mut waits, mut n) = (Vec::new(), events);
            while !stop.load(Ordering::Relaxed) {
                let clock = Instant::now();
                store.append(batch(n..n + 100, units)?)?;
                waits.push(clock.elapsed());
                n += 100;
            }
            Ok(waits)
        });
        std::thread::sleep(Duration::from_secs(2));
        let clock = Instant::now();
        let outcome = store.erase("user-7@example.org");
        println!("erased in {:.2} s while a hundred events at a time went on", clock.elapsed().as_secs_f64());
        stop.store(true, Ordering::Relaxed);
        (feeder.join().unwrap_or_else(|_| Ok(Vec::new())), outcome)
    });
    println!("{:?}", outcome?);
    if let Ok(waits) = &mut waits {
        waits.sort_unstable();
        let at = |q: usize| waits.get((waits.len() * q / 1000).min(waits.len().saturating_sub(1))).copied();
        println!("commits waited: half {:?}, 99 % {:?}, longest {:?}", at(500), at(990), at(1000));
    }
    store.close()?;
    if let Err(e) = std::fs::remove_dir_all(&dir) {
        eprintln!("{}: {e}", dir.display());
    }
    Ok(())
}

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
    }
}
