//! `ras bench query`: a year by day of every KPI from the rollups, against computing it from the rows.

use std::time::Instant;

use epoch_model::Result;

use super::bare::Bare;
use super::events::{Generator, Row};
use super::ingest;
use super::measure::{median, quantile, resident_mb, thread_cpu, timed};
use super::report::{Report, failed, same};
use super::tally::{Tally, series};
use crate::args;

/// Events of a batch.
const BATCH: usize = 1000;
/// Rows the peer computes from at most: it is slow enough there.
const PEER_ROWS: u64 = 1_000_000;

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let events = args.events.unwrap_or(10_000_000);
    let rounds = args.rounds.unwrap_or(30).max(1);
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = ingest::open(dir.path())?;
    let (mut generator, mut row, mut tally) = (Generator::new(args.seed, events), Row::default(), Tally::new());
    report.figure("resident_empty", resident_mb(), "MB");
    let (sent, spent) = timed(|| {
        ingest::send(&store, || {
            let batch = generator.batch(BATCH, &mut row, |row| tally.see(row))?;
            Ok((!batch.is_empty()).then_some(batch))
        })
    });
    same("accepted events", &sent?, &events)?;
    report.figure("filled", events as f64 / spent.wall, "events/s");
    tally.check(&store)?;

    // What the store does while nobody waits (merging ids) is over by then.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let (mut all, mut all_cpu) = (Vec::new(), Vec::new());
    for metric in &ingest::business()?.metrics {
        for by in std::iter::once(None).chain(metric.segments.iter().map(|s| Some(s.as_str()))) {
            let mut times = Vec::new();
            for _ in 0..rounds {
                let (clock, cpu) = (Instant::now(), thread_cpu());
                series(&store, &metric.key, by)?;
                all_cpu.push((thread_cpu() - cpu) * 1e3);
                times.push(clock.elapsed().as_secs_f64() * 1e3);
            }
            let name = by.map_or_else(|| metric.key.clone(), |by| format!("{}_by_{by}", metric.key));
            report.figure(name, median(&times), "ms");
            all.extend(times);
        }
    }
    report.figure("p50", median(&all), "ms");
    report.figure("p99", quantile(&all, 0.99), "ms");
    report.figure("p99_cpu", quantile(&all_cpu, 0.99), "ms");
    report.figure("worst", quantile(&all, 1.0), "ms");
    report.figure("resident", resident_mb(), "MB");
    let (closed, closing) = timed(|| store.close());
    closed?;
    drop(store);
    report.figure("close", closing.wall * 1e3, "ms");
    let (opened, opening) = timed(|| ingest::open(dir.path()));
    let store = opened?;
    tally.check(&store)?;
    report.figure("open", opening.wall * 1e3, "ms");
    report.figure("resident_reopened", resident_mb(), "MB");
    drop(store);
    peer(args, events.min(PEER_ROWS), report)
}

/// Fills a store and a plain table with the same events, compares what they say, and times both.
fn peer(args: &args::Bench, events: u64, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let store = ingest::open(dir.path())?;
    let mut bare = Bare::open(dir.path())?;
    let (mut generator, mut row, mut tally) = (Generator::new(args.seed, events), Row::default(), Tally::new());
    ingest::send(&store, || {
        let batch = generator.batch(BATCH, &mut row, |row| tally.see(row))?;
        bare.insert(&batch)?;
        Ok((!batch.is_empty()).then_some(batch))
    })?;
    tally.check(&store)?;
    report.figure("peer_rows", events as f64, "events");
    let kpis = [
        ("pageviews", "pageview", "count(*)"),
        ("visitors", "pageview", "count(DISTINCT unit)"),
        ("revenue", "order", "total(json_extract(props, '$.amount'))"),
    ];
    let mut ratios = Vec::new();
    for (metric, event, what) in kpis {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for round in 0..6 {
            for side in [round % 2, 1 - round % 2] {
                if side == 0 {
                    theirs.push(bare.by_day(event, what)?);
                } else {
                    let clock = Instant::now();
                    let series = series(&store, metric, None)?;
                    ours.push((series, clock.elapsed().as_secs_f64() * 1e3));
                }
            }
        }
        let values = ours.first().and_then(|(s, _)| s.first()).map(|s| &s.points);
        // Days without any event have no row in SQL.
        let values: Vec<f64> =
            values.into_iter().flatten().filter(|p| p.events > 0).filter_map(|p| p.value.map(cent)).collect();
        let rows = theirs.first().map(|(rows, _)| rows.iter().map(|v| cent(*v)).collect()).unwrap_or_default();
        same(metric, &values, &rows)?;
        let took = |all: &[f64]| median(all);
        let theirs: Vec<f64> = theirs.iter().map(|(_, ms)| *ms).collect();
        let ours: Vec<f64> = ours.iter().map(|(_, ms)| *ms).collect();
        report.figure(format!("sqlite_{metric}"), took(&theirs), "ms");
        report.ratio(format!("sqlite_{metric}"), took(&theirs) / took(&ours));
        ratios.push(took(&theirs) / took(&ours));
    }
    report.ratio("sqlite_recompute", quantile(&ratios, 0.0));
    report.note(
        "a year by day of each KPI, whole and by each segment; ratios: SQLite over a plain table / ours, same events",
    );
    report.note("goals: p99 <= 5 ms (p99_cpu: without other work on the machine) and resident <= 150 MB at 10 M events, sqlite_recompute >= 100");
    Ok(())
}

/// To the cent: sums of doubles differ in their last digits.
fn cent(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
