//! Experiments: the list with the portfolio, one with its story, a question before it is asked.

mod ask;
mod levers;
mod row;

pub(crate) use ask::{check, spec_of};

use epoch_host::Host;
use epoch_model::business::{Business, Metric};
use epoch_model::decision::{Decision, State as DecisionState};
use epoch_model::experiment::{Experiment, Spec, State};
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;

use crate::reads::kpis;
use crate::views::{ExperimentArgs, ExperimentNext, ExperimentServing, ExperimentView, ExperimentsView, MetricBrief};

pub(crate) fn experiments(host: &Host) -> Result<ExperimentsView> {
    let business = host.business();
    let store = host.store();
    let mut all = store.experiments()?;
    // Newest first within a state: the store lists them so, and the sort is stable.
    all.sort_by_key(|e| rank(e.state));
    let pending = pending(host)?;
    let now = host.now();
    let waiting = |e: &Experiment| Some((e.spec.key.clone(), row::card(e, &pending)?));
    let named = |m: &&Metric| all.iter().any(|e| names(&e.spec).any(|key| *key == m.key));
    Ok(ExperimentsView {
        rows: all.iter().map(|e| row::row(&business, e, &pending, now)).collect(),
        titles: business.metrics.iter().filter(named).map(kpis::brief).collect(),
        portfolio: store.portfolio()?.unwrap_or_default(),
        settings: business.experimenting.clone(),
        open: all.iter().filter_map(waiting).collect(),
        levers: levers::choices(host, &all),
        metrics: business.metrics.iter().filter(|m| m.kind.is_per_unit()).map(kpis::brief).collect(),
        now,
        currency: business.currency.clone(),
        currency_digits: business.currency_digits,
        experiments: all,
    })
}

pub(crate) fn experiment(host: &Host, args: &ExperimentArgs) -> Result<ExperimentView> {
    let business = host.business();
    let store = host.store();
    let experiment = host.experiment(&args.key)?;
    let pending = pending(host)?;
    let row = row::row(&business, &experiment, &pending, host.now());
    let decisions: Vec<Decision> =
        experiment.decisions.iter().filter_map(|id| store.decision(id).transpose()).collect::<Result<_>>()?;
    let card = decisions.iter().find(|d| d.state == DecisionState::Pending);
    let counted = match experiment.state {
        State::Running | State::Concluding => host.look_now(&args.key),
        _ => None,
    };
    let health = counted.map(|look| look.health).unwrap_or_default();
    Ok(ExperimentView {
        titles: titles(&business, &experiment.spec),
        readings: store.readings(&args.key)?,
        days: health.days,
        slices: health.slices,
        card: card.map(|d| d.id.clone()),
        card_hash: card.map(Decision::card_hash),
        decisions,
        next: vec![ExperimentNext { at: row.next_at, text: row.next.clone() }],
        serving: experiment.spec.lever.as_ref().map(|lever| serving(host, lever, &experiment)),
        cannot_end: cannot_end(&experiment),
        now: host.now(),
        currency: business.currency.clone(),
        currency_digits: business.currency_digits,
        timezone: business.timezone.clone(),
        row,
        experiment,
    })
}

/// Cards that wait, as keys of experiments and decisions.
fn pending(host: &Host) -> Result<Vec<Decision>> {
    let filter = DecisionFilter { states: vec![DecisionState::Pending], ..DecisionFilter::default() };
    let mut found = host.store().decisions(&filter)?;
    found.retain(|d| d.act.experiment().is_some());
    Ok(found)
}

/// The metrics a question names, the primary one first.
fn names(spec: &Spec) -> impl Iterator<Item = &String> {
    std::iter::once(&spec.metric).chain(&spec.secondary).chain(&spec.guardrails)
}

fn titles(business: &Business, spec: &Spec) -> Vec<MetricBrief> {
    let find = |key: &String| business.metrics.iter().find(|m| m.key == *key);
    names(spec).filter_map(find).map(kpis::brief).collect()
}

/// The error for a question that has something wrong with it.
fn bad(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message.into(), hint.into())
}

/// What needs somebody comes first, then what runs, what waits, what is over.
fn rank(state: State) -> u8 {
    match state {
        State::Concluding => 0,
        State::Waiting => 1,
        State::Running => 2,
        State::Designed => 3,
        State::Proposed => 4,
        State::Watching => 5,
        State::Refused | State::Stopped | State::Archived => 6,
    }
}

fn cannot_end(experiment: &Experiment) -> Option<String> {
    match experiment.state {
        State::Stopped | State::Archived | State::Refused => Some("it is over".to_owned()),
        State::Concluding => Some("it is answered; the decision that follows is open".to_owned()),
        State::Watching => Some("it is shipped already; change the lever to take it back".to_owned()),
        State::Proposed | State::Designed | State::Waiting | State::Running => None,
    }
}

fn serving(host: &Host, lever: &str, experiment: &Experiment) -> ExperimentServing {
    let compiled = host.levers();
    let Some(flag) = compiled.flag(lever) else {
        let notes = vec![format!("the lever “{lever}” is not declared any more")];
        return ExperimentServing { served_as: Vec::new(), in_force: false, notes };
    };
    let ruled = flag.serving.rules.iter().any(|r| r.key == experiment.spec.key);
    let in_force = ruled && !flag.serving.off;
    let mut notes = Vec::new();
    if flag.serving.off {
        notes.push("the lever is off: everybody gets its default".to_owned());
    }
    let views = crate::reads::protocols::definitions(&compiled, flag);
    if in_force {
        notes.extend(views.iter().flat_map(|p| p.notes.iter().map(|note| format!("{}: {note}", p.protocol.name()))));
        let health = host.lever_health(&compiled);
        let at = compiled.flags().iter().position(|f| f.key == flag.key);
        let warnings = at.and_then(|i| health.get(i)).into_iter().flat_map(|h| &h.warnings);
        notes.extend(warnings.map(|w| format!("{}: {}", w.text, w.next)));
    }
    let served = views.iter().filter(|p| in_force && p.served).map(|p| p.protocol.name().to_owned());
    ExperimentServing { served_as: served.collect(), in_force, notes }
}
