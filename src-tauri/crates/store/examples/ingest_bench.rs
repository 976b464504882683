//! Durable ingestion against bare rusqlite, in one run, A-B-B-A: `cargo run --release -p epoch-store --example
//! ingest_bench -- [events] [pairs]`. Pin it to one core (`taskset -c 0`) for the figure of the goal.

#![expect(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(clippy::cast_possible_wrap, reason = "small numbers of its own making")]

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventSink, EventView, Receipt};
use epoch_model::time::DAY;
use epoch_store::{Options, Store};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

const BATCH: usize = 1000;
const START: i64 = 1_700_000_000_000;

const BUSINESS: &str = r#"
[business]
name = "Bench"
currency = "EUR"
timezone = "Europe/Berlin"
[[metric]]
key = "visits"
kind = "count"
event = "visit"
segments = ["country", "device"]
[[metric]]
key = "visitors"
kind = "unique"
event = "visit"
[[metric]]
key = "carts"
kind = "count"
event = "cart"
[[metric]]
key = "signups"
kind = "count"
event = "signup"
where = "country == 'DE'"
[[metric]]
key = "orders"
kind = "count"
event = "order"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
segments = ["country"]
[[metric]]
key = "buyers"
kind = "unique"
event = "order"
[[metric]]
key = "big_orders"
kind = "sum"
event = "order"
value = "amount"
where = "amount > 100"
[[metric]]
key = "median_order"
kind = "quantile"
event = "order"
value = "amount"
q = 0.5
[[metric]]
key = "conversion"
kind = "proportion"
denominator = { event = "visit" }
numerator = { event = "order", within = "7d" }
"#;

/// Events as a sender would make them: four names, 50,000 units, 90 days, lines of about 300 bytes.
fn batches(events: usize, seed: u64) -> Outcome<Vec<EventBatch>> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let names = ["visit", "visit", "visit", "visit", "visit", "cart", "cart", "signup", "order", "order"];
    let countries = ["DE", "FR", "IT", "ES", "NL", "AT", "PL", "SE"];
    let devices = ["desktop", "mobile", "tablet"];
    let mut out = Vec::new();
    for from in (0..events).step_by(BATCH) {
        let mut batch = EventBatch::new("bench", START);
        for i in from..(from + BATCH).min(events) {
            let r = rng.next_u64();
            let mut id = [0; 16];
            id[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
            id[8..].copy_from_slice(&rng.next_u64().to_be_bytes());
            let time = START + (i as i64) * 90 * DAY / events as i64 + (r % 60_000) as i64;
            let unit = format!("user-{:06}", (r >> 8) % 50_000);
            let props = format!(
                r#"{{"country":"{}","device":"{}","amount":{}.{:02},"path":"/shop/category-{}/item-{}","referrer":"https://www.example.com/search?q={:x}","session":"{:016x}","plan":"pro"}}"#,
                countries[(r >> 20) as usize % 8],
                devices[(r >> 24) as usize % 3],
                (r >> 28) % 200,
                (r >> 36) % 100,
                (r >> 40) % 50,
                (r >> 44) % 5000,
                r >> 32,
                rng.next_u64(),
            );
            let name = names[(r >> 56) as usize % names.len()];
            batch.push(EventView { id, time, name, unit: &unit, props: &props })?;
        }
        out.push(batch);
    }
    Ok(out)
}

/// CPU time of this process, from the kernel; zero where there is no /proc.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or("").split(' ').skip(11);
    let mut ticks = || fields.next().and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks() + ticks()) * 10)
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Seconds of wall and of CPU.
fn timed(work: impl FnOnce() -> Outcome) -> Outcome<(f64, f64)> {
    let (wall, used) = (Instant::now(), cpu());
    work()?;
    Ok((wall.elapsed().as_secs_f64(), cpu().saturating_sub(used).as_secs_f64()))
}

fn bare(dir: &Path, batches: &[EventBatch]) -> Outcome {
    let mut db = rusqlite::Connection::open(dir.join("bare.db"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch("CREATE TABLE events (id BLOB, time INTEGER, name TEXT, unit TEXT, props TEXT)")?;
    for batch in batches {
        let tx = db.transaction()?;
        {
            let mut insert = tx.prepare_cached("INSERT INTO events VALUES (?,?,?,?,?)")?;
            for e in batch.iter() {
                insert.execute((&e.id, e.time, e.name, e.unit, e.props))?;
            }
        }
        tx.commit()?;
    }
    Ok(())
}

/// Sends with up to 64 batches unanswered, as importers do.
fn ours(store: &Store, batches: Vec<EventBatch>) -> Outcome {
    let (tell, hear) = mpsc::channel::<Result<Receipt, epoch_model::Error>>();
    let count = batches.len();
    let mut accepted = 0;
    for (n, batch) in batches.into_iter().enumerate() {
        if n >= 64 {
            accepted += hear.recv()??.accepted;
        }
        let tell = tell.clone();
        store.submit(batch, Box::new(move |receipt| drop(tell.send(receipt))))?;
    }
    for receipt in hear.iter().take(count.min(64)) {
        accepted += receipt?.accepted;
    }
    if accepted == store.count(None) { Ok(()) } else { Err("events are missing".into()) }
}

fn main() -> Outcome {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse::<usize>().ok());
    let (events, pairs) = (args.next().unwrap_or(1_000_000), args.next().unwrap_or(2));
    let business = Business::parse(BUSINESS).map_err(|p| format!("{p:?}"))?;
    let all = batches(events, 1)?;
    let bytes: usize = all.iter().map(EventBatch::text_bytes).sum();
    println!("{events} events, {} bytes of name, unit and properties each, batches of {BATCH}", bytes / events);
    let (mut by_wall, mut by_cpu) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let (mut a, mut b) = ((0.0, 0.0), (0.0, 0.0));
        for side in if pair % 2 == 0 { ["bare", "ours"] } else { ["ours", "bare"] } {
            let dir = tempfile::tempdir()?;
            let rate = |(wall, used): (f64, f64)| {
                let (per_wall, per_cpu) = (events as f64 / wall, events as f64 / used);
                println!("{side}  {per_wall:>9.0} events/s of wall ({wall:.2} s)  {per_cpu:>9.0} of CPU ({used:.2} s)");
                (wall, used)
            };
            if side == "bare" {
                a = rate(timed(|| bare(dir.path(), &all))?);
            } else {
                let input = all.clone();
                let store = Store::open(dir.path(), &business, Options::new(Arc::new(|| START)))?;
                b = rate(timed(|| ours(&store, input))?);
                if pair + 1 == pairs {
                    println!("      {:?}", store.rebuild()?);
                }
                store.close()?;
                let size = std::fs::metadata(dir.path().join("business.db"))?.len();
                println!("      {} bytes on disk per event", size / events as u64);
            }
        }
        by_wall.push(a.0 / b.0);
        by_cpu.push(a.1 / b.1);
    }
    for (what, ratios) in [("wall", &mut by_wall), ("CPU", &mut by_cpu)] {
        ratios.sort_by(f64::total_cmp);
        println!("ratio to bare rusqlite by {what}: median {:.2}, worst {:.2}", ratios[ratios.len() / 2], ratios[0]);
    }
    Ok(())
}
