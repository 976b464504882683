//! `ras bench ingest`: JSON lines to committed events and up-to-date KPIs, against rows into bare SQLite.

use std::path::Path;
use std::sync::{Arc, mpsc};

use epoch_connectors::import;
use epoch_model::business::{Business, Mapping};
use epoch_model::event::{EventBatch, EventSink as _, EventView, Receipt, event_id};
use epoch_model::{Error, Result};
use epoch_store::{Options, Store};
use serde::Deserialize;

use super::bare::Bare;
use super::events::{CUT, Lines, START};
use super::http;
use super::measure::{Spent, timed};
use super::report::{Report, failed, same};
use super::tally::Tally;
use crate::args;

/// Events of a batch, and of a transaction of the peer.
const BATCH: usize = 1000;
/// Batches sent ahead of their receipts, as an importer does.
const AHEAD: usize = 64;

const SOURCE: &str = "bench";

#[derive(Deserialize)]
struct Line<'a> {
    id: &'a str,
    event: &'a str,
    time: i64,
    unit: &'a str,
    #[serde(borrow)]
    properties: sonic_rs::LazyValue<'a>,
}

/// The business the benches run.
pub(super) fn business() -> Result<Business> {
    Business::parse(include_str!("business.toml")).map_err(|p| failed(format!("{p:?}")))
}

/// A store in an empty folder, on the machine's clock.
pub(super) fn open(dir: &Path) -> Result<Store> {
    Store::open(dir, &business()?, Options::new(Arc::new(epoch_host::clock::machine_now)))
}

fn parse(text: &str) -> Result<EventBatch> {
    let mut batch = EventBatch::new(SOURCE, START);
    for line in text.lines() {
        let line: Line<'_> = sonic_rs::from_str(line).map_err(failed)?;
        batch.push(EventView {
            id: event_id(SOURCE, line.id),
            time: line.time,
            name: line.event,
            unit: line.unit,
            props: line.properties.as_raw_str(),
        })?;
    }
    Ok(batch)
}

/// Sends batches with a number of them unanswered; answers how many events were accepted.
pub(super) fn send(store: &Store, mut next: impl FnMut() -> Result<Option<EventBatch>>) -> Result<u64> {
    let (tell, hear) = mpsc::channel::<Result<Receipt, Error>>();
    let (mut accepted, mut open) = (0, 0);
    while let Some(batch) = next()? {
        if open == AHEAD {
            accepted += hear.recv().map_err(failed)??.accepted;
            open -= 1;
        }
        let tell = tell.clone();
        store.submit(batch, Box::new(move |receipt| drop(tell.send(receipt))))?;
        open += 1;
    }
    for _ in 0..open {
        accepted += hear.recv().map_err(failed)??.accepted;
    }
    Ok(accepted)
}

fn lines(store: &Store, data: &Lines) -> Result<u64> {
    let cuts = BATCH / CUT;
    let mut pieces = 0..data.pieces(cuts);
    send(store, || pieces.next().map(|n| parse(data.piece(cuts, n))).transpose())
}

fn file(store: &Store, path: &Path, rejected: &Path) -> Result<u64> {
    let mapping = Mapping {
        event: "event".into(),
        time: "time".into(),
        unit: "unit".into(),
        id: Some("id".into()),
        ..import::preview(path, None, "UTC")?.mapping
    };
    let report = import::run(
        path,
        &mapping,
        import::Context {
            source: SOURCE,
            zone: "UTC",
            received: &epoch_host::clock::machine_now,
            sink: store,
            resume: None,
            on_progress: &mut |_| std::ops::ControlFlow::Continue(()),
            rejected_dir: rejected,
        },
    )?;
    Ok(report.accepted)
}

fn bare(data: &Lines) -> Result<Spent> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let mut peer = Bare::open(dir.path())?;
    let cuts = BATCH / CUT;
    for n in 0..data.pieces(cuts) {
        peer.insert(&parse(data.piece(cuts, n))?)?;
    }
    same("rows of the peer", &peer.count()?, &data.events)?;
    Ok(peer.spent)
}

/// Runs one of ours in a folder of its own and checks what came out.
fn ours(tally: &Tally, work: impl FnOnce(&Store) -> Result<u64>) -> Result<(Spent, Spent, u64)> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = open(dir.path())?;
    let (accepted, spent) = timed(|| work(&store));
    same("accepted events", &accepted?, &tally.events)?;
    tally.check(&store)?;
    let (closed, closing) = timed(|| store.close());
    closed?;
    let bytes = std::fs::metadata(dir.path().join("business.db")).map_err(failed)?.len();
    Ok((spent, closing, bytes))
}

/// Figures of one side.
#[derive(Default)]
struct Side {
    spent: Vec<Spent>,
}

impl Side {
    fn report(&self, name: &str, events: f64, report: &mut Report) {
        let wall: Vec<f64> = self.spent.iter().map(|s| events / s.wall).collect();
        let cpu: Vec<f64> = self.spent.iter().map(|s| s.cpu * 1e6 / events).collect();
        report.rates(&format!("{name}_rate"), &wall, "events/s");
        report.figure(format!("{name}_cpu"), super::measure::median(&cpu), "us/event");
    }

    /// By wall and by processor, pair by pair.
    fn over(&self, peer: &Side) -> (Vec<f64>, Vec<f64>) {
        let pairs = || self.spent.iter().zip(&peer.spent);
        (pairs().map(|(a, b)| b.wall / a.wall).collect(), pairs().map(|(a, b)| b.cpu / a.cpu).collect())
    }
}

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let events = args.events.unwrap_or(1_000_000);
    let mut tally = Tally::new();
    let data = Lines::generate(args.seed, events, |row| tally.see(row));
    report.figure("line_bytes", data.text.len() as f64 / events as f64, "bytes");
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join("events.jsonl");
    let requests = http::requests(&data);
    std::fs::write(&path, &data.text).map_err(failed)?;

    let [mut peer, mut ours_lines, mut ours_http, mut ours_file] = [const { Side { spent: Vec::new() } }; 4];
    let (mut closing, mut bytes) = (Vec::new(), 0);
    for round in 0..args.rounds.unwrap_or(3) {
        let mut order = ["bare", "lines", "http", "file"];
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            match side {
                "bare" => peer.spent.push(bare(&data)?),
                "lines" => {
                    let (spent, closed, size) = ours(&tally, |store| lines(store, &data))?;
                    ours_lines.spent.push(spent);
                    closing.push(closed.wall * 1e3);
                    bytes = size;
                }
                "http" => ours_http.spent.push(ours(&tally, |store| http::send(store, &requests))?.0),
                _ => ours_file.spent.push(ours(&tally, |store| file(store, &path, folder.path()))?.0),
            }
        }
    }
    let n = events as f64;
    for (name, side) in [("bare", &peer), ("lines", &ours_lines), ("http", &ours_http), ("file", &ours_file)] {
        side.report(name, n, report);
    }
    report.figure("close", super::measure::median(&closing), "ms");
    report.figure("disk_per_event", bytes as f64 / n, "bytes");
    for (name, side) in [("bare_sqlite", &ours_lines), ("http", &ours_http), ("file", &ours_file)] {
        let (wall, cpu) = side.over(&peer);
        report.ratios(name, &wall);
        report.ratios(&format!("{name}_cpu"), &cpu);
    }
    report.note("ours / bare rusqlite (WAL, synchronous FULL, commit per 1,000, one STRICT table, no index, rows parsed before)");
    report.note("lines: JSON text to committed events and current KPIs; http: batches of 100 over 8 connections; file: `ras import`");
    report.note("goals: bare_sqlite >= 0.5 on one core (see bare_sqlite_cpu), http >= 0.3");
    Ok(())
}
