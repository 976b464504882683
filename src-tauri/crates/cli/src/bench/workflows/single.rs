//! One run, step after step, beside bare commits on the same disk: A-B-B-A, so that a busy moment hits both.

use std::time::Instant;

use epoch_model::Result;
use epoch_workflows::Variables;

use super::super::report::{Report, failed, same};
use super::Frame;
use super::bare::Bare;
use super::company::{Company, LONG};

pub(super) fn run(frame: Frame, report: &mut Report) -> Result<()> {
    let runs: u32 = if frame.quick { 3 } else { 25 };
    let company = Company::new()?;
    let host = company.open()?;
    // What a step writes, so that the peer writes as much.
    let id = start(&host)?;
    let (row, told) = (host.run(&id)?.1, host.run_steps(&id, 2)?);
    let step = told.last().map(|row| row.body.to_string()).ok_or_else(|| failed("the run left no step"))?;
    let mut bare = Bare::open(&company.dir)?;
    let steps = runs * (LONG + 1);
    let ours = || -> Result<f64> {
        let begun = Instant::now();
        let ids: Vec<String> = (0..runs).map(|_| start(&host)).collect::<Result<_>>()?;
        let wall = begun.elapsed().as_secs_f64();
        for id in ids {
            same("the steps of the run", &host.run(&id)?.0.counters.events, &(LONG + 1))?;
        }
        Ok(f64::from(steps) / wall)
    };
    bare.rate(200, &step, &row.body)?;
    let (mut own, mut peer, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..frame.rounds {
        let (a, b) = if round % 2 == 0 {
            let a = ours()?;
            (a, bare.rate(steps, &step, &row.body)?)
        } else {
            let b = bare.rate(steps, &step, &row.body)?;
            (ours()?, b)
        };
        own.push(a);
        peer.push(b);
        ratio.push(a / b);
    }
    report.rates("one_run", &own, "steps/s");
    report.rates("bare_commits", &peer, "commits/s");
    report.ratios("one_run_to_bare_commits", &ratio);
    Ok(())
}

/// Starts a run and waits for its end: without background work a pass goes on until nothing is left.
fn start(host: &epoch_host::Host) -> Result<String> {
    host.start_run("long", Variables::new(), "operator:bench")
}
