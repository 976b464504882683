//! A thousand runs at once, and a hundred thousand that are open when the host starts.

use std::time::Instant;

use epoch_host::Host;
use epoch_model::Result;
use epoch_store::RunFilter;
use epoch_workflows::Variables;

use super::super::measure::{resident_mb, timed};
use super::super::report::{Report, same};
use super::Frame;
use super::company::{Company, SHORT};

/// Answers steps per second.
pub(super) fn run(frame: Frame, report: &mut Report) -> Result<f64> {
    let runs: u32 = if frame.quick { 100 } else { 1_000 };
    let company = Company::new()?;
    let host = company.open()?;
    let mut rates = Vec::new();
    for _ in 0..frame.rounds.min(5) {
        let (started, spent) = timed(|| host.start_runs("short", runs, &Variables::new(), "operator:bench"));
        for id in started? {
            let (run, _) = host.run(&id)?;
            same("the steps of a run", &run.counters.events, &(SHORT + 1))?;
        }
        rates.push(f64::from(runs) * f64::from(SHORT + 1) / spent.wall);
    }
    report.rates("runs_at_once", &rates, "steps/s");
    report.figure("runs_at_once_runs", f64::from(runs), "runs");
    Ok(super::super::measure::median(&rates))
}

/// Open runs found again when the host starts.
pub(super) fn recovered(frame: Frame, report: &mut Report) -> Result<()> {
    let runs: u32 = if frame.quick { 5_000 } else { 100_000 };
    let company = Company::new()?;
    {
        let host = company.open()?;
        host.start_runs("sleeper", runs, &Variables::new(), "operator:bench")?;
    }
    let before = resident_mb();
    let begun = Instant::now();
    let host: Host = company.open()?;
    let wall = begun.elapsed().as_secs_f64();
    report.figure("open_runs", f64::from(runs), "runs");
    report.figure("open_runs_found_again_with_the_host", wall, "s");
    report.figure("open_runs_memory", (resident_mb() - before).max(0.0), "MB");
    let open = host.runs(&RunFilter { open: true, limit: 1, ..RunFilter::default() })?;
    let Some((run, _)) = open.first() else { return same("open runs", &0, &1) };
    let begun = Instant::now();
    host.signal_run(&run.id, "go", None, None, serde_json::Value::Null, "operator:bench")?;
    report.figure("one_of_them_moves", begun.elapsed().as_secs_f64() * 1e3, "ms");
    same("the run ended", &host.run(&run.id)?.0.state.is_terminal(), &true)
}
