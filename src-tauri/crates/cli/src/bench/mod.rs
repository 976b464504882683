//! `ras bench`: measures, against a peer in the same run. Every goal is a ratio of two sides interleaved A-B-B-A, whose
//! results were found equal.

mod bare;
mod crash;
mod events;
mod experiments;
mod gateway;
mod http;
mod ingest;
mod load;
mod measure;
mod query;
mod report;
mod sandbox;
mod soak;
mod tally;
mod workflows;

use epoch_model::{Code, Error, Result};
use report::Report;
use serde_json::json;

use crate::args::Bench;
use crate::output::{Output, table};

type Run = fn(&Bench, &mut Report) -> Result<()>;

const BENCHES: [(&str, &str, Run); 8] = [
    (
        "crash",
        "a host killed at every commit and outside call, --points of them; --sim N lives weeks under faults N times",
        crash::run,
    ),
    (
        "experiments",
        "whether experiments keep error, coverage, power and false discovery rate on simulated truth; what looks and plans cost",
        experiments::run,
    ),
    (
        "gateway",
        "events over HTTP against parsing and discarding them; one event's wait at half load; flags",
        gateway::run,
    ),
    ("ingest", "1 M events as JSON lines, over HTTP and from a file, against bare rusqlite", ingest::run),
    ("soak", "ten minutes of events with memory watched, then under kill -9 every few seconds with retries", soak::run),
    (
        "sandbox",
        "a year of the largest simulated shop, alone; a year through the whole host, with --all of every scenario",
        sandbox::run,
    ),
    (
        "workflows",
        "durable steps of one run against bare commits, of a thousand at once against other executors; open runs found again",
        workflows::run,
    ),
    ("query", "KPIs of a year by day at 10 M events, against SQLite over the rows; memory", query::run),
];

/// Runs a bench by name, or lists them.
pub(crate) fn bench(args: &Bench, output: &Output) -> Result<()> {
    if args.name == "list" {
        let all = BENCHES.map(|(name, what, _)| json!({ "name": name, "what": what }));
        output.answer(&json!(all), || {
            table(&["bench", "what"], &BENCHES.map(|(n, what, _)| vec![n.into(), what.into()]))
        });
        return Ok(());
    }
    let Some((name, _, run)) = BENCHES.iter().find(|(name, ..)| *name == args.name) else {
        let message = format!("there is no bench “{}”", args.name);
        return Err(Error::new(Code::NotFound, message, "see `ras bench list`"));
    };
    let mut report = Report::default();
    run(args, &mut report)?;
    report.print(name, args.seed, output);
    Ok(())
}
