//! The frame around every page.

use epoch_host::clock::Mode;
use epoch_model::decision::State;
use epoch_model::experiment;
use epoch_model::gate::RunState;
use epoch_model::time::DAY;
use epoch_model::{Error, Result};
use epoch_store::{DecisionFilter, InsightFilter};

use crate::app::App;
use crate::reads::{import_progress, notices};
use crate::views::{BusinessBrief, ClockView, ProblemView, StatusView};

/// An error as the page shows it.
pub(crate) fn problem(error: &Error, line: Option<u32>) -> ProblemView {
    let code = serde_json::to_value(error.code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    ProblemView { code, message: error.message.clone(), hint: error.hint.clone(), line }
}

pub(crate) fn status(app: &App) -> Result<StatusView> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let Ok(host) = app.host() else {
        let problems = app.open_problem.lock().iter().map(|e| problem(e, None)).collect();
        return Ok(StatusView {
            business: None,
            run_state: RunState::Running,
            run_reason: None,
            now: epoch_host::clock::machine_now(),
            clock: ClockView::Real,
            last_event_at: None,
            last_commit_at: None,
            events: 0,
            gateway: None,
            approvals_waiting: 0,
            anomalies_open: 0,
            experiments_running: 0,
            import: None,
            problems,
            notices: Vec::new(),
            sandbox: None,
            version,
        });
    };
    let store = host.store();
    let business = host.business();
    let now = host.now();
    let run = host.run_info();
    let clock = match (host.clock_mode(), host.replay_state()) {
        (Mode::Real, _) => ClockView::Real,
        (Mode::Replay { until, .. }, Some(s)) => {
            ClockView::Replay { speed: if s.finished { 0.0 } else { finite(s.speed) }, held: s.held, until }
        }
        (Mode::Replay { until, .. }, None) => ClockView::Replay { speed: 0.0, held: false, until },
    };
    let pending = DecisionFilter { states: vec![State::Pending], ..DecisionFilter::default() };
    let waiting = store.decisions(&pending)?;
    let waiting = waiting.iter().filter(|d| d.deferred_until.is_none_or(|until| until <= now)).count();
    let horizon = host.data_horizon()?.unwrap_or(now);
    let recent = InsightFilter { from: Some(horizon - 2 * DAY), ..InsightFilter::default() };
    let span = store.span();
    let running = store.experiments()?.iter().filter(|e| e.state == experiment::State::Running).count();
    Ok(StatusView {
        business: Some(BusinessBrief {
            name: business.name.clone(),
            currency: business.currency.clone(),
            currency_digits: business.currency_digits,
            timezone: business.timezone.clone(),
            folder: host.folder().path().display().to_string(),
            metrics: u32::try_from(business.metrics.len()).unwrap_or(u32::MAX),
        }),
        run_state: run.state,
        run_reason: (run.state != RunState::Running).then(|| format!("{} ({})", run.reason, run.actor)),
        now,
        clock,
        last_event_at: span.map(|(_, last)| last),
        last_commit_at: host.last_commit_at(),
        events: store.count(None),
        gateway: host.gateway_url(),
        approvals_waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        anomalies_open: u32::try_from(store.insights(&recent)?.len()).unwrap_or(u32::MAX),
        experiments_running: u32::try_from(running).unwrap_or(u32::MAX),
        import: import_progress(&host),
        problems: host.problems().all().iter().map(|(e, line)| problem(e, *line)).collect(),
        notices: notices(&host),
        sandbox: crate::reads::sandbox::brief(&host),
        version,
    })
}

/// JSON has no infinity; "as fast as it goes" is shown as a very large speed.
pub(crate) fn finite(speed: f64) -> f64 {
    if speed.is_finite() { speed } else { 1e12 }
}
