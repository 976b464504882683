//! `ras bench gateway`: events over HTTP that are durable before the answer, against the same server when it parses and
//! discards them; how long one event waits at half load; flags over HTTP and in process.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of requests in some seconds")]

use std::fmt::Write as _;
use std::sync::Arc;

use epoch_levers::{Book, Compiled, Subject};
use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::event::EventSink;
use epoch_model::serving::Flag;
use serde_json::{Map, Value, json};

use super::events::{CUT, Lines};
use super::http::{CLIENT_KEY, WRITE_KEY, request};
use super::ingest::open;
use super::load::{CONNECTIONS, Discard, closed_loop, open_loop, with_gateway};
use super::measure::{Spent, median, quantile, thread_cpu, timed};
use super::report::{Report, failed, same};
use crate::args;

/// Levers of a bulk evaluation.
const LEVERS: usize = 50;
/// Bulk evaluations a second.
const BULKS: f64 = 2_000.0;
/// Single events a second beside the load.
const SINGLES: f64 = 100.0;
/// Seconds of each measurement at a fixed rate.
const SECONDS: f64 = 10.0;

/// The lines as PostHog's SDKs batch them.
fn batches(data: &Lines, cuts: std::ops::Range<usize>) -> Result<Vec<Vec<u8>>> {
    cuts.map(|n| {
        let mut body = format!(r#"{{"api_key":"{WRITE_KEY}","batch":["#);
        for (i, line) in data.piece(1, n).lines().enumerate() {
            let row: Map<String, Value> = serde_json::from_str(line).map_err(failed)?;
            let text = |key: &str| row.get(key).map(Value::to_string).unwrap_or_default();
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(
                body,
                r#"{comma}{{"event":{},"distinct_id":{},"uuid":{},"timestamp":{},"properties":{}}}"#,
                text("event"),
                text("unit"),
                text("id"),
                text("time"),
                text("properties")
            );
        }
        body.push_str("]}");
        Ok(request("/batch/", "application/json", WRITE_KEY, &body))
    })
    .collect()
}

fn load(sink: Arc<dyn EventSink>, requests: &[Vec<u8>]) -> Result<Spent> {
    let book = Arc::new(epoch_gateway::WithoutLevers);
    let (sent, spent) = timed(|| with_gateway(sink, book, |address| closed_loop(address, requests)));
    sent.map(|()| spent)
}

fn durable(requests: &[Vec<u8>], events: u64) -> Result<Spent> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = open(dir.path())?;
    let spent = load(Arc::new(store.clone()), requests)?;
    same("events in the log", &store.count(None), &events)?;
    store.close()?;
    Ok(spent)
}

/// Milliseconds that single events waited while batches came at `per_second` events a second.
fn singles(data: &Lines, per_second: f64) -> Result<Vec<f64>> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = open(dir.path())?;
    let batches_a_second = per_second / CUT as f64;
    let wanted = (batches_a_second * SECONDS) as usize;
    let background = batches(data, 0..data.pieces(1).min(wanted))?;
    let seconds = background.len() as f64 / batches_a_second;
    let singles: Vec<Vec<u8>> = (0..(SINGLES * seconds) as usize)
        .map(|n| {
            let event = json!({"api_key": WRITE_KEY, "event": "click", "distinct_id": format!("single-{n}"), "properties": {"n": n}});
            request("/i/v0/e/", "application/json", WRITE_KEY, &event.to_string())
        })
        .collect();
    let book = Arc::new(epoch_gateway::WithoutLevers);
    let waited = with_gateway(Arc::new(store.clone()), book, |address| async move {
        let (load, waited) = tokio::join!(
            open_loop(address, &background, batches_a_second, CONNECTIONS),
            open_loop(address, &singles, SINGLES, 4)
        );
        load?;
        waited
    })?;
    store.close()?;
    Ok(waited)
}

/// Fifty levers such as a product has: plain, targeted, rolled out, under experiment.
fn levers() -> Result<Arc<Compiled>> {
    let mut text = String::from("[business]\nname = \"Bench\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n");
    for n in 0..LEVERS {
        let _ = write!(text, "[[lever]]\nkey = \"lever_{n}\"\nkind = \"boolean\"\ndefault = false\n");
        text.push_str(match n % 5 {
            0 => "",
            1 => "[[lever.rule]]\nkey = \"pro\"\nif = \"plan == 'pro'\"\nvalue = true\n",
            2 => "[[lever.rule]]\nkey = \"some\"\nvalue = true\nshare = \"30 %\"\n",
            3 => "[[lever.rule]]\nkey = \"beta\"\nif = \"country in ['DE', 'AT'] && seats > 3\"\nvalue = true\nshare = \"50 %\"\n",
            _ => "[[lever.rule]]\nkey = \"test\"\nexperiment = \"e\"\narms = [{ key = \"a\", value = false, weight = 1 }, { key = \"b\", value = true, weight = 1 }]\n",
        });
    }
    let business = Business::parse(&text).map_err(|problems| failed(format!("{problems:?}")))?;
    let flags = (1u32..).zip(business.levers).map(|(id, lever)| Flag {
        key: lever.key,
        id,
        title: lever.title,
        kind: lever.kind,
        value: lever.default.clone(),
        default: lever.default,
        serving: lever.serving,
        version: 1,
        updated_at: None,
        decision: None,
    });
    Ok(Arc::new(Compiled::new(flags.collect(), 1)))
}

struct Fixed(Arc<Compiled>);

impl Book for Fixed {
    fn current(&self) -> Arc<Compiled> {
        Arc::clone(&self.0)
    }
    fn on_change(&self, _: Box<dyn Fn(u64) + Send + Sync>) {}
}

fn context(n: usize) -> Value {
    let (plan, country) = (["free", "pro"][n % 2], ["DE", "FR", "AT"][n % 3]);
    json!({"targetingKey": format!("user-{n}"), "plan": plan, "country": country, "seats": n % 9})
}

/// Milliseconds of bulk evaluations at a fixed rate, for ever new units.
fn bulks(book: &Arc<Compiled>) -> Result<Vec<f64>> {
    let requests: Vec<Vec<u8>> = (0..(BULKS * SECONDS) as usize)
        .map(|n| {
            let body = json!({ "context": context(n) }).to_string();
            request("/ofrep/v1/evaluate/flags", "application/json", CLIENT_KEY, &body)
        })
        .collect();
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = open(dir.path())?;
    let book = Arc::new(Fixed(Arc::clone(book)));
    let took = with_gateway(Arc::new(store.clone()), book, |address| open_loop(address, &requests, BULKS, CONNECTIONS));
    store.close()?;
    took
}

/// Evaluations per second of this thread.
fn in_process(book: &Compiled) -> f64 {
    let keys: Vec<String> = (0..LEVERS).map(|n| format!("lever_{n}")).collect();
    let people: Vec<(String, Value)> = (0..1000).map(|n| (format!("user-{n}"), context(n))).collect();
    let empty = Map::new();
    let (start, mut done) = (thread_cpu(), 0u64);
    while thread_cpu() - start < 2.0 {
        for (id, attributes) in &people {
            let subject = Subject { id, attributes: attributes.as_object().unwrap_or(&empty) };
            for key in &keys {
                std::hint::black_box(book.evaluate(key, subject));
                done += 1;
            }
        }
    }
    done as f64 / (thread_cpu() - start)
}

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let events = args.events.unwrap_or(1_000_000);
    let data = Lines::generate(args.seed, events, |_| {});
    let requests = batches(&data, 0..data.pieces(1))?;
    let bytes: usize = requests.iter().map(Vec::len).sum();
    report.figure("event_bytes", bytes as f64 / events as f64, "bytes");
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for round in 0..args.rounds.unwrap_or(5) {
        let mut order = [true, false];
        if round % 2 == 1 {
            order.reverse();
        }
        for durably in order {
            if durably {
                kept.push(durable(&requests, events)?);
            } else {
                dropped.push(load(Arc::new(Discard), &requests)?);
            }
        }
    }
    let rate = |spent: &[Spent]| -> Vec<f64> { spent.iter().map(|s| events as f64 / s.wall).collect() };
    let cost = |spent: &[Spent]| -> Vec<f64> { spent.iter().map(|s| s.cpu * 1e6 / events as f64).collect() };
    report.rates("durable_rate", &rate(&kept), "events/s");
    report.figure("durable_cpu", median(&cost(&kept)), "us/event");
    report.rates("discard_rate", &rate(&dropped), "events/s");
    report.figure("discard_cpu", median(&cost(&dropped)), "us/event");
    let pairs = || kept.iter().zip(&dropped);
    report.ratios("parse_and_discard", &pairs().map(|(a, b)| b.wall / a.wall).collect::<Vec<_>>());
    report.ratios("parse_and_discard_cpu", &pairs().map(|(a, b)| b.cpu / a.cpu).collect::<Vec<_>>());

    let half = median(&rate(&kept)) / 2.0;
    let waited = singles(&data, half)?;
    report.figure("half_load", half, "events/s");
    report.figure("single_p50", median(&waited), "ms");
    report.figure("single_p99", quantile(&waited, 0.99), "ms");

    let book = levers()?;
    let took = bulks(&book)?;
    report.figure("bulk_rate", BULKS, "requests/s");
    report.figure("bulk_p50", median(&took), "ms");
    report.figure("bulk_p99", quantile(&took, 0.99), "ms");
    report.figure("evaluations", in_process(&book), "1/s per core");
    report
        .note("durable: PostHog batches of 100 over 32 connections, the load on the same cores, 200 after the commit");
    report.note("parse_and_discard: the same server and requests with a sink that forgets / durable; goal >= 0.5, and durable_rate >= 150,000");
    report.note(
        "single_p99: one event at a time beside batches at half of durable_rate, from when it was due; goal <= 20 ms",
    );
    report.note(
        "bulk_p99: OFREP, 50 levers, a new unit each time, assignments logged; goal <= 2 ms; evaluations goal >= 2 M",
    );
    Ok(())
}
