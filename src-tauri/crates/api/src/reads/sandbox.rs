//! The simulated business as the console shows it, and what is done with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use epoch_host::Host;
use epoch_host::sandbox::{self as simulated, Judgement, Phase, SandboxOrder, SandboxState, Transport};
use epoch_model::{Code, Error, Result};
use epoch_sandbox::scenario::Company;
use epoch_sandbox::truth::TrueIncident;
use epoch_sandbox::{IncidentKind, Scenario};
use serde_json::Value;

use crate::app::{App, json};
use crate::reads::status;
use crate::reads::status::finite;
use crate::views::{
    DayMoneyView, InjectableView, InjectedView, LeverWorthView, PlannedView, SandboxBrief, SandboxStartArgs,
    SandboxTruthView, SandboxView, ScenarioView, ScoreView, SettingWorthView, TrueEdgeView, TrueIncidentView,
};

/// Findings to be judged instead of the engine's own.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct JudgeArgs {
    #[serde(default)]
    pub(crate) findings: Option<epoch_sandbox::Findings>,
}

/// How long a folder that is being closed is waited for.
const CLOSING: Duration = Duration::from_secs(15);
/// An hour per second.
const SPEED: f64 = 3_600.0;

fn company(of: Company) -> String {
    match of {
        Company::Shop => "shop",
        Company::Saas => "saas",
        Company::Marketplace => "marketplace",
    }
    .to_owned()
}

fn phase(of: Phase) -> String {
    match of {
        Phase::Filling => "filling",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Ended => "ended",
    }
    .to_owned()
}

/// The frame's word of it.
pub(crate) fn brief(host: &Host) -> Option<SandboxBrief> {
    let state = host.sandbox()?;
    Some(SandboxBrief {
        scenario: state.scenario.name.clone(),
        title: state.scenario.title.clone(),
        phase: phase(state.phase),
        progress: state.progress,
        speed: finite(state.charter.speed()),
    })
}

/// How it stands; nothing for a business that is real.
pub(crate) fn sandbox(host: &Host) -> Option<SandboxView> {
    let state = host.sandbox()?;
    let SandboxState { scenario, charter, .. } = &state;
    let injected = charter.injected.iter().rev();
    Some(SandboxView {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        company: company(scenario.company),
        seed: charter.seed,
        from: state.from,
        now: state.now,
        until: charter.until,
        history_until: charter.history_until,
        phase: phase(state.phase),
        progress: state.progress,
        events: state.events,
        speed: finite(charter.speed()),
        hold: charter.hold,
        held: state.held,
        skipping_until: state.skip_until,
        transport: match state.transport {
            Transport::InProcess => "in_process",
            Transport::Live => "live",
        }
        .to_owned(),
        injectable: IncidentKind::all()
            .filter(|kind| happens_to(*kind, scenario))
            .map(|kind| InjectableView { kind: kind.law().name.to_owned(), what: kind.law().cause.to_owned() })
            .collect(),
        injected: injected.map(|i| InjectedView { kind: i.kind.clone(), at: i.at, days: i.days }).collect(),
        problem: state.broken.as_ref().map(|e| e.message.clone()),
    })
}

/// Whether a kind of incident means anything to a company: a shop has no sellers that could leave.
fn happens_to(kind: IncidentKind, scenario: &Scenario) -> bool {
    match kind {
        IncidentKind::SellerExodus => scenario.supply.is_some(),
        IncidentKind::SupplierDelay => scenario.stock.is_some(),
        IncidentKind::ChurnWave => scenario.company == Company::Saas,
        IncidentKind::BadBatch | IncidentKind::CarrierDelay | IncidentKind::CouponAbuse => {
            scenario.company != Company::Saas
        }
        _ => true,
    }
}

/// The scenarios that come with the program.
pub(crate) fn scenarios() -> Vec<ScenarioView> {
    let view = |scenario: Scenario| {
        let demand = &scenario.demand;
        let paid: f64 = scenario
            .channels
            .iter()
            .filter(|c| c.spend > 0.0)
            .map(|c| c.visitors_max * c.spend.powf(c.slope) / (c.spend.powf(c.slope) + c.half_at.powf(c.slope)))
            .sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "people of a company in a year")]
        let customers = ((demand.visitors_per_day + paid) * f64::from(scenario.days)).round() as u64;
        ScenarioView {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            company: company(scenario.company),
            what: scenario.about.clone(),
            days: scenario.days,
            customers,
        }
    };
    Scenario::all().into_iter().map(view).collect()
}

/// What was really going on.
pub(crate) fn truth(host: &Host) -> Result<SandboxTruthView> {
    let Judgement { truth, score, .. } = host.sandbox_judgement(None)?;
    let insights = host.store().insights(&epoch_store::InsightFilter { limit: 1_000_000, ..Default::default() })?;
    let incident = |i: &TrueIncident| {
        let found = score.alarms.incidents.iter().find(|one| one.key == i.key && one.found);
        #[expect(clippy::cast_possible_truncation, reason = "hours of a simulation, in milliseconds")]
        let found_at = found.and_then(|f| f.delay_hours).map(|hours| i.start + (hours * 3_600_000.0).round() as i64);
        let metric = found.and_then(|f| f.metric.clone());
        let by = |n: &&epoch_model::insight::Insight| Some(n.at) == found_at && Some(&n.metric) == metric.as_ref();
        TrueIncidentView {
            key: i.key.clone(),
            kind: i.kind.clone(),
            what: i.cause.clone(),
            start: i.start,
            end: i.end,
            segment: i.segment.as_ref().map(|t| (t.dimension.clone(), t.value.clone())),
            shows: i.shows.clone(),
            found_at,
            insight: insights.iter().find(by).map(|n| n.id.clone()),
            metric,
            localised: found.and_then(|f| f.localised),
        }
    };
    let minor = 10_f64.powi(i32::try_from(host.business().currency_digits).unwrap_or(2));
    let in_force = host.levers();
    let mut worth: BTreeMap<String, LeverWorthView> = BTreeMap::new();
    for surface in truth.surfaces.iter().filter(|s| s.from <= truth.until && truth.until <= s.until) {
        let best = surface.settings.iter().max_by(|a, b| a.profit_per_day.total_cmp(&b.profit_per_day));
        let Some(best) = best.map(|setting| setting.value.clone()) else { continue };
        let oracle = truth.oracle.iter().rev().find(|step| step.from <= truth.until);
        #[expect(clippy::cast_possible_truncation, reason = "a company's profit a day in minor units")]
        let settings = surface.settings.iter().map(|s| SettingWorthView {
            value: s.value.clone(),
            minor_per_day: (s.profit_per_day * minor).round() as i64,
        });
        let view = LeverWorthView {
            lever: surface.lever.clone(),
            now: in_force.flag(&surface.lever).map(|f| if f.serving.off { f.default.clone() } else { f.value.clone() }),
            best,
            oracle: oracle.and_then(|step| step.levers.get(&surface.lever).cloned()),
            settings: settings.collect(),
        };
        worth.insert(surface.lever.clone(), view);
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(SandboxTruthView {
        scenario: truth.scenario.clone(),
        seed: truth.seed,
        from: truth.from,
        until: truth.until,
        currency: truth.currency.clone(),
        incidents: truth.incidents.iter().map(incident).collect(),
        planned: truth
            .planned
            .iter()
            .filter(|p| p.start < truth.until)
            .map(|p| PlannedView { what: p.what.clone(), start: p.start, end: p.end })
            .collect(),
        money: truth
            .money
            .iter()
            .map(|d| DayMoneyView { day: d.start, actual: d.actual, nothing: d.nothing, oracle: d.oracle })
            .collect(),
        edges: truth
            .edges
            .iter()
            .map(|e| TrueEdgeView {
                from: e.from.clone(),
                to: e.to.clone(),
                sign: e.sign,
                elasticity: e.elasticity,
                lag_days: e.lag_days,
            })
            .collect(),
        levers: worth.into_values().collect(),
        score: ScoreView {
            incidents: count(score.alarms.total),
            found: count(score.alarms.found),
            median_delay_hours: score.alarms.median_delay_hours,
            insights: count(score.alarms.insights),
            explained: count(score.alarms.explained),
            false_alarms: count(score.alarms.false_alarms),
            false_alarms_per_week: score.alarms.false_alarms_per_week,
            actual_minor: score.money.actual,
            nothing_minor: score.money.nothing,
            oracle_minor: score.money.oracle,
            share: score.money.share,
            experiments_right: count(score.experiments.right),
            experiments_wrong: count(score.experiments.wrong),
            guardrail_days: score.guardrail_days.iter().map(|(k, n)| (k.clone(), count(*n))).collect(),
        },
    })
}

/// Makes a simulated business and opens it.
pub(crate) fn start(app: &App, a: SandboxStartArgs) -> Result<Value> {
    let scenario = simulated::scenario(&a.scenario)?;
    let folder = match a.folder {
        Some(folder) => PathBuf::from(folder),
        None => free_folder(&app.options.home, &scenario.name),
    };
    let order = SandboxOrder {
        scenario: a.scenario,
        seed: a.seed.unwrap_or(1),
        history_days: a.history_days.unwrap_or(simulated::HISTORY_DAYS),
        speed: a.speed.unwrap_or(SPEED),
        hold: a.hold.unwrap_or(false),
        days: None,
        transport: a.live.unwrap_or(app.options.company.is_some()).into(),
    };
    Host::create_sandbox(&folder, &order)?;
    app.open(&folder)?;
    json(status(app)?)
}

fn free_folder(home: &Path, name: &str) -> PathBuf {
    let mut folder = home.join(format!("sandbox-{name}"));
    let mut n = 2;
    while folder.exists() {
        folder = home.join(format!("sandbox-{name}-{n}"));
        n += 1;
    }
    folder
}

/// The open sandbox from its first day again.
pub(crate) fn reset(app: &App) -> Result<Value> {
    let (folder, state) = close(app)?;
    let charter = state.charter;
    remove(&folder)?;
    let day = 86_400_000;
    let days = |until: i64| u32::try_from((until - state.from + day / 2) / day).unwrap_or(0);
    let order = SandboxOrder {
        scenario: charter.scenario.clone(),
        seed: charter.seed,
        history_days: days(charter.history_until),
        speed: charter.speed(),
        hold: charter.hold,
        days: Some(days(charter.until)),
        transport: charter.transport,
    };
    Host::create_sandbox(&folder, &order)?;
    app.open(&folder)?;
    json(status(app)?)
}

/// Deletes the open sandbox's folder.
pub(crate) fn delete(app: &App) -> Result<Value> {
    let (folder, _) = close(app)?;
    remove(&folder)?;
    app.tell(&["status", "kpis", "decisions", "connections", "levers", "settings", "reports", "sandbox"]);
    json(status(app)?)
}

/// Closes the open business, if it is simulated, and waits until its folder is free.
fn close(app: &App) -> Result<(PathBuf, SandboxState)> {
    let host = app.host()?;
    let state = host.sandbox().ok_or_else(|| {
        Error::new(Code::WrongState, "this business is not simulated", "only simulated businesses can be deleted here")
    })?;
    let folder = host.folder().path().to_owned();
    let gone = std::sync::Arc::downgrade(&host);
    drop(host);
    app.close();
    let until = Instant::now() + CLOSING;
    while gone.strong_count() > 0 {
        if Instant::now() > until {
            return Err(Error::new(Code::FolderBusy, "the business is still being used", "try again in a moment"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok((folder, state))
}

fn remove(folder: &Path) -> Result<()> {
    if !simulated::is_sandbox(folder) {
        let message = format!("{} holds no simulated business", folder.display());
        return Err(Error::new(Code::WrongState, message, "delete it by hand if you mean it"));
    }
    std::fs::remove_dir_all(folder).map_err(|e| epoch_host::config::io_error(folder, &e))
}
