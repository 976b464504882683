//! A look: gates first, then the table, then the call, and what is said of it.

use epoch_model::experiment::{Call, Design, Gate, GateKind, Look, Purpose, Reading, Role, State};
use epoch_model::time::{DAY, Millis};

use super::call::{self, Called};
use super::design::DAYS_MIN;
use super::effects::{self, Table};
use super::gates::{self, Around};
use super::lab::{Lab, Trial};
use super::plan::{plan, planned};
use super::traffic::Traffic;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::text;

/// A split that stays wrong for so long ends the experiment.
const PATIENCE: Millis = 3 * DAY;
/// Least step of information between two looks that spend something.
const STEP: f64 = 1.0 / 14.0;

/// What a look led to.
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// A call.
    Called(Box<Called>),
    /// A gate that does not mend.
    Broken(String),
}

impl Engine {
    /// Reads what the store counted.
    pub(crate) fn looked(&mut self, config: &Config, looks: &[Look], out: &mut Vec<Action>) {
        for look in looks {
            let Some(mut trial) = self.lab.trials.remove(&look.experiment) else {
                super::ask::refused(&look.experiment, "no such experiment runs", out);
                continue;
            };
            if trial.experiment.state != State::Running || look.units.len() != trial.experiment.spec.arms.len() {
                // A look that was under way when it ended.
                self.lab.trials.insert(look.experiment.clone(), trial);
                continue;
            }
            let found = self.read(config, &mut trial, look, out);
            let key = look.experiment.clone();
            self.lab.trials.insert(key.clone(), trial);
            match found {
                Found::Nothing => {}
                Found::Called(called) => self.conclude(config, &key, *called, out),
                Found::Broken(cause) => self.give_up(config, &key, &cause, out),
            }
            if let Some(trial) = self.lab.trials.get(&key) {
                out.push(Action::Experiment(Box::new(trial.experiment.clone())));
            }
        }
    }

    fn read(&mut self, config: &Config, trial: &mut Trial, look: &Look, out: &mut Vec<Action>) -> Found {
        let (Some(design), Some(started)) = (trial.experiment.design.clone(), trial.experiment.started_at) else {
            return Found::Nothing;
        };
        let spec = trial.experiment.spec.clone();
        let elapsed = (look.at.saturating_sub(started)).max(0) as f64 / DAY as f64;
        let ended = spec.until.filter(|u| *u <= look.at);
        let over = ended.is_some() || elapsed >= f64::from(design.days_max);
        let units: u64 = look.units.iter().sum();
        if trial.plan.is_none() {
            let whole = ended.is_some() && trial.experiment.looks == 0;
            let level = trial.ticket.map(|t| t.level);
            trial.plan = Some(plan(&spec, &design, level, config.business.experimenting.alpha, units, whole));
        }
        let Some(tests) = trial.plan.as_mut() else { return Found::Nothing };
        let covariate = design.covariate_days > 0;
        let audit_failed = self.lab.audit.failed(config) && trial.experiment.spec.purpose != Purpose::SelfAudit;
        let around = Around { config, spec: &spec, started_at: started, until: ended, covariate, audit_failed };
        let (gates, other) = gates::gates(&around, tests, look);
        if let (Some(other), Some(lever)) = (other, &spec.lever) {
            self.lab.interact(lever, &other);
        }
        let failing: Vec<&Gate> = gates.iter().filter(|g| gates::blocks(g)).collect();
        let blocked = !failing.is_empty();

        let weights = super::ask::weights(&spec);
        let density = super::design::density(&weights);
        let information = if planned(&design) && density > 0.0 {
            let least = (1..spec.arms.len()).map(|i| effects::size(look, i)).fold(f64::INFINITY, f64::min);
            least / (design.units as f64 * density).max(1.0)
        } else {
            0.0
        };
        let early = spec.lever.is_some() && elapsed < DAYS_MIN - 0.01 && design.days.p50 >= DAYS_MIN - 0.01;
        let due = information >= 1.0 || information >= tests.spent_at + STEP || !planned(&design);
        let held = trial.not_before.is_some_and(|at| self.now < at);
        let formal = !blocked && (over || (due && !early)) && !held;

        let traffic = observed(&design, look, &spec, elapsed);
        let table = Table {
            config,
            spec: &spec,
            design: &design,
            prior: self.lab.prior(),
            per_day: traffic.per_day / spec.share.max(1e-9),
            covariate,
            segments: formal,
        };
        let mut rows = table.rows(tests, look);
        let reads = if blocked { Vec::new() } else { call::feed(tests, &rows, formal, over) };
        if formal {
            tests.spent_at = information;
        }
        for (row, arm) in rows.iter_mut().filter(|r| r.effect.role == Role::Primary).zip(&tests.arms) {
            row.effect.stopping = arm.limits;
        }
        let called = (!blocked && !held).then(|| call::call(&spec, tests, &rows, &reads, over && formal));
        if spec.purpose == Purpose::SelfAudit && !blocked {
            super::audit::inject(&mut self.lab.audit, config, &spec, &design, tests, look, formal, over, elapsed);
        }

        let number = trial.experiment.looks.saturating_add(1);
        let the_call = if blocked { Call::Blocked } else { called.as_ref().map_or(Call::Continue, |c| c.call.clone()) };
        let going_on = matches!(the_call, Call::Continue | Call::Blocked);
        let left = (design.units as f64 * (1.0 - information).max(0.0)).ceil();
        let days_left = (going_on && planned(&design)).then(|| traffic.days_for(left));
        let next_look = going_on.then(|| look.at.saturating_add(design.look_every.clamp(DAY, 7 * DAY)));
        let words = words(config, &spec, &gates, called.as_ref(), information, days_left.map(|d| d.p50), units);
        let mut reading = Reading {
            experiment: spec.key.clone(),
            number,
            at: look.at,
            units: look.units.clone(),
            gates,
            effects: rows.iter().map(|r| r.effect.clone()).collect(),
            information,
            days_left,
            next_look,
            call: the_call,
            text: words,
        };
        if let Some(called) = called.as_ref().filter(|c| c.call != Call::Continue)
            && let Some(after) = called.after
        {
            reading.text = format!("{} {}", reading.text, stopped(config, &spec, called.index, &after));
        }
        trial.experiment.looks = number;
        trial.experiment.last = Some(reading.clone());
        out.push(Action::Reading(Box::new(reading)));

        let broken = broken_split(trial, look.at);
        match (broken, called) {
            (Some(cause), _) => Found::Broken(cause),
            (None, Some(called)) if called.call != Call::Continue => Found::Called(Box::new(called)),
            _ => {
                if over && blocked {
                    let cause = failing_text(trial);
                    return Found::Broken(cause);
                }
                Found::Nothing
            }
        }
    }
}

/// Notes since when a gate fails; a split that stays wrong is a reason to end.
fn broken_split(trial: &mut Trial, at: Millis) -> Option<String> {
    let failing = trial.experiment.last.as_ref().is_some_and(|r| r.gates.iter().any(gates::blocks));
    if !failing {
        trial.failing_since = None;
        return None;
    }
    let since = *trial.failing_since.get_or_insert(at);
    let splits = trial.experiment.last.as_ref().and_then(|r| {
        r.gates.iter().find(|g| !g.passed && matches!(g.kind, GateKind::SampleRatio | GateKind::MixedUnits))
    })?;
    // Somebody else's sorting cannot be ended, only not believed.
    let lasting = at.saturating_sub(since) >= PATIENCE && trial.experiment.spec.lever.is_some();
    lasting.then(|| {
        let cause = splits.cause.clone().unwrap_or_default();
        format!("{}: {cause}", splits.text)
    })
}

fn failing_text(trial: &Trial) -> String {
    let gate = trial.experiment.last.as_ref().and_then(|r| r.gates.iter().find(|g| gates::blocks(g)));
    gate.map_or_else(String::new, |g| match &g.cause {
        Some(cause) => format!("{}: {cause}", g.text),
        None => g.text.clone(),
    })
}

/// Traffic as it is while it runs, else as it was planned.
fn observed(design: &Design, look: &Look, spec: &epoch_model::experiment::Spec, elapsed: f64) -> Traffic {
    let days: Vec<u64> = look.health.days.iter().map(|d| d.units.iter().sum()).collect();
    let full = days.len().saturating_sub(1);
    if full >= 7 {
        return Traffic::of(days.get(..full).unwrap_or_default());
    }
    let units: u64 = look.units.iter().sum();
    let per_day = if design.units_per_day > 0.0 {
        design.units_per_day
    } else if elapsed > 0.0 && spec.lever.is_none() {
        units as f64 / elapsed
    } else {
        0.0
    };
    Traffic::steady(per_day, elapsed)
}

fn words(
    config: &Config,
    spec: &epoch_model::experiment::Spec,
    gates: &[Gate],
    called: Option<&Called>,
    information: f64,
    days_left: Option<f64>,
    units: u64,
) -> String {
    let title = config.metric(&spec.metric).map_or(spec.metric.as_str(), |m| m.title.as_str());
    if let Some(gate) = gates.iter().find(|g| gates::blocks(g)) {
        let cause = gate.cause.as_ref().map_or_else(String::new, |c| format!(" ({c})"));
        return format!("Nothing is decided while the data is not sound: {}{cause}.", gate.text);
    }
    match called.map(|c| (&c.call, c)) {
        Some((Call::Ship { arm }, _)) => format!("{arm} is better on {title}."),
        Some((Call::RollBack { arm }, c)) => format!("{arm} is taken back: {}.", c.why),
        Some((Call::Futile, c)) => format!("It ends without an effect on {title}: {}.", c.why),
        Some((Call::Inconclusive, c)) if c.promising => format!(
            "Its time is over. On its own {} would be called better, but not within the share of false calls you allow for calls without asking.",
            spec.arms.get(c.index).map_or("an arm", |a| a.key.as_str())
        ),
        Some((Call::Inconclusive, _)) => format!("Its time is over without an answer on {title}."),
        _ => {
            let left =
                days_left.map_or_else(String::new, |d| format!(", about {} days to go", text::number(d.ceil(), 0)));
            let seen = if information > 0.0 {
                format!("{} % of what is needed{left}", text::number((information * 100.0).min(999.0), 0))
            } else {
                format!("{} units", text::number(units as f64, 0))
            };
            format!("It goes on: {seen}.")
        }
    }
}

fn stopped(
    config: &Config,
    spec: &epoch_model::experiment::Spec,
    index: usize,
    after: &epoch_stats::sequential::group::inference::Final,
) -> String {
    let s = config.metric(&spec.metric).map_or(1.0, super::sums::sign);
    let arm = spec.arms.get(index).map_or("the arm", |a| a.key.as_str());
    let (a, b) = (s * after.interval[0], s * after.interval[1]);
    format!(
        "{arm} changes it by {} ({} to {}), corrected for having looked before.",
        text::change(s * after.estimate),
        text::change(a.min(b)),
        text::change(a.max(b))
    )
}

impl Lab {
    /// Two experiments whose levers depend on each other.
    fn interact(&mut self, lever: &str, other: &str) {
        let theirs = self.trials.get(other).and_then(|t| t.experiment.spec.lever.clone());
        if let Some(theirs) = theirs.filter(|t| t != lever) {
            let pair = if *lever < *theirs { (lever.to_owned(), theirs) } else { (theirs, lever.to_owned()) };
            self.changed |= self.interacting.insert(pair);
        }
    }
}
