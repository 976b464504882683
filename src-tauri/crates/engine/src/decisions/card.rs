//! The words of the card: headline, evidence and counter-evidence that was really searched, alternatives, blast radius, undo.

use epoch_model::business::{Better, Domain, LeverValue, Metric, PolicyAnswer, Reversibility};
use epoch_model::decision::{
    Act, Alternative, Calibration, Decision, Evidence, Layer, Level, PolicyVerdict, Precedent, Prediction, RowsRef,
    State, Strength,
};
use epoch_model::insight::{Expectation, Insight};
use epoch_model::time::Millis;

use super::book::Book;
use crate::config::Config;
use crate::monitor::track::Track;
use crate::playbook::Playbook;
use crate::text;

/// Figures the words speak of.
pub(crate) struct Facts {
    pub episodes: usize,
    pub uses: usize,
}

/// A card with nothing on it but what it is about.
pub(crate) fn blank(id: &str, now: Millis, play: &Playbook, metric: &Metric, insight: &Insight, act: Act) -> Decision {
    Decision {
        insight: insight.id.clone(),
        founder_minutes: play.founder_minutes,
        worst_case: play.worst_case.clone(),
        ..empty(id, now, play.domain, format!("playbook:{}", play.key), &metric.key, act)
    }
}

/// The same without anything it was proposed for.
pub(crate) fn empty(id: &str, now: Millis, domain: Domain, proposer: String, metric: &str, act: Act) -> Decision {
    let prediction = Prediction {
        metric: metric.to_owned(),
        from: now,
        to: now,
        value: Expectation { p10: 0.0, p50: 0.0, p90: 0.0, method: String::new(), history: 0 },
        money_minor: None,
        p_worse: 0.0,
        calibration: Calibration::default(),
    };
    Decision {
        id: id.to_owned(),
        state: State::Draft,
        created_at: now,
        level: Level::Operational,
        layer: Layer::Executor,
        domain,
        headline: String::new(),
        proposer,
        policy_version: String::new(),
        act_hash: String::new(),
        act,
        idempotency_key: String::new(),
        dry_run: String::new(),
        goal: None,
        insight: String::new(),
        evidence: Vec::new(),
        counter_evidence: Vec::new(),
        counter_search: String::new(),
        nothing: prediction.clone(),
        prediction,
        alternatives: Vec::new(),
        cost_minor: 0,
        stake_minor: None,
        budget_left_minor: 0,
        founder_minutes: 0,
        reversibility: Reversibility::R3,
        undo: String::new(),
        blast_radius: String::new(),
        worst_case: String::new(),
        delay_cost_per_day_minor: None,
        expires_at: now,
        on_expiry: String::new(),
        preconditions: Vec::new(),
        guardrails: Vec::new(),
        policy: PolicyVerdict { answer: PolicyAnswer::Deny, rule: String::new(), reason: String::new() },
        editable: Vec::new(),
        precedents: Vec::new(),
        deferred_until: None,
        history: Vec::new(),
        outcome: None,
        proposal: None,
        origin: None,
        standing: None,
        budgets: Vec::new(),
        conditions: epoch_model::autonomy::Conditions::default(),
        audited: false,
        shadow: false,
        conflicts: Vec::new(),
        grant: None,
        cools_until: None,
        deferred_for: None,
        talk: Vec::new(),
        edited_from: None,
    }
}

/// Fills the placeholders of a template. What is not known becomes empty.
pub(crate) fn fill(template: &str, config: &Config, metric: &Metric, insight: &Insight, act: Option<&Act>) -> String {
    let show = |v| text::value(metric, &config.business, v);
    let expected = insight.expected.as_ref();
    let driver = insight.drivers.first();
    let (lever, from, to) = match act {
        Some(Act::SetLever { lever, from, to }) => {
            (config.lever(lever).map_or_else(|| lever.clone(), |l| l.title.clone()), text::lever(from), text::lever(to))
        }
        _ => (String::new(), String::new(), String::new()),
    };
    let change = expected
        .filter(|e| e.p50 != 0.0)
        .map_or_else(String::new, |e| text::change((insight.actual - e.p50) / e.p50.abs()));
    let pairs = [
        ("{metric}", metric.title.clone()),
        ("{actual}", show(insight.actual)),
        ("{expected}", expected.map_or_else(String::new, |e| show(e.p50))),
        ("{change}", change),
        ("{segment}", driver.map_or_else(String::new, |d| d.segment.clone())),
        ("{value}", driver.map_or_else(String::new, |d| d.value.clone())),
        ("{headline}", insight.headline.clone()),
        ("{business}", config.business.name.clone()),
        ("{lever}", lever),
        ("{from}", from),
        ("{to}", to),
    ];
    // One pass, so that a segment value such as "{to}" is text and not a placeholder.
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((name, value)) = pairs.iter().find(|(name, _)| rest.starts_with(name)) {
            out.push_str(value);
            rest = &rest[name.len()..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// Everything on the card that is said in words.
#[expect(clippy::too_many_arguments, reason = "a card draws on everything")]
pub(crate) fn words(
    config: &Config,
    metric: &Metric,
    insight: &Insight,
    play: &Playbook,
    track: &Track,
    book: &Book,
    facts: &Facts,
    d: &mut Decision,
) {
    d.headline = fill(&play.headline, config, metric, insight, Some(&d.act));
    let goal = mechanics(config, Some(metric), book, d);
    evidence(insight, play, facts, d);
    counter_evidence(config, metric, insight, track, book, goal, d);
    alternatives(config, metric, play, d);
    d.blast_radius = blast_radius(config, Some(metric), Some(insight), &d.act);
}

/// What follows from the act and the configuration alone: the difference, the way back, goal, guardrails, precedents.
/// Answers the goal's target, if there is one.
pub(crate) fn mechanics(config: &Config, metric: Option<&Metric>, book: &Book, d: &mut Decision) -> Option<f64> {
    d.dry_run = match &d.act {
        Act::SetLever { lever, from, to } => format!("{lever}: {} -> {}", raw(from), raw(to)),
        Act::Call { effect, payload } => {
            let (word, place) = config.effect(effect).map_or(("", String::new()), |e| (e.kind.word(), e.kind.place()));
            format!("{word} {place}: {}", text::shorten(&epoch_model::journal::canonical(payload), 2000))
        }
        Act::StartExperiment { lever, arms, share, .. } => {
            let arms: Vec<String> = arms.iter().map(|a| format!("{} {}", a.key, raw(&a.value))).collect();
            format!("{lever}: {} for {} of units", arms.join(" | "), text::percent(*share))
        }
        Act::EndExperiment { lever, from, ship, .. } => {
            format!("{lever}: {} for everyone", raw(ship.as_ref().unwrap_or(from)))
        }
        Act::StartWorkflow { workflow, version, input } => {
            let input = text::shorten(&epoch_model::journal::canonical(input), 2000);
            format!("run {workflow}, version {version}, with {input}")
        }
        Act::EditWorkflow { workflow, from_version, .. } => {
            format!("{workflow}: version {from_version} -> {}", from_version.saturating_add(1))
        }
        Act::Choose { options, choice, .. } => format!("{choice}, of: {}", options.join(", ")),
    };
    let goal = metric.and_then(|m| config.business.goals.iter().find(|g| g.metric == m.key));
    d.goal = goal.zip(metric).map(|(g, m)| format!("{} of {}", m.title, text::value(m, &config.business, g.target)));
    d.guardrails = config
        .business
        .guardrails
        .iter()
        .map(|g| config.metric(&g.metric).map_or_else(|| g.metric.clone(), |m| m.title.clone()))
        .collect();
    d.precedents = book
        .past
        .iter()
        .rev()
        .filter(|p| p.target == d.act.target())
        .take(5)
        .map(|p| Precedent {
            decision: p.id.clone(),
            headline: p.headline.clone(),
            predicted: p.predicted,
            actual: p.actual,
        })
        .collect();
    d.undo = match (&d.act, d.reversibility) {
        (Act::SetLever { lever, from, .. }, Reversibility::R0 | Reversibility::R1) => {
            format!("set {lever} back to {} at any time, at no cost", text::lever(from))
        }
        (Act::SetLever { lever, from, .. }, Reversibility::R2) => {
            format!(
                "set {lever} back to {}; that costs {} again",
                text::lever(from),
                text::money(&config.business, d.cost_minor)
            )
        }
        (Act::EndExperiment { ship: None, .. }, _) => "it can be asked again at any time".to_owned(),
        (Act::StartExperiment { .. }, _) => "end it at any time: everyone gets what they had".to_owned(),
        (Act::EndExperiment { lever, from, .. }, _) => format!("set {lever} back to {}", text::lever(from)),
        (Act::Call { .. }, Reversibility::R0 | Reversibility::R1) => {
            "a message cannot be unsent, but nothing depends on it".to_owned()
        }
        (Act::Call { .. }, Reversibility::R2) => "only by hand, at the receiver".to_owned(),
        (Act::StartWorkflow { .. }, _) => "cancel the run: what its steps did is undone where they say how".to_owned(),
        (Act::EditWorkflow { from_version, .. }, _) => format!("publish version {from_version} again"),
        (Act::Choose { .. }, _) => "nothing happens outside".to_owned(),
        (_, Reversibility::R3) => "cannot be undone".to_owned(),
    };
    d.on_expiry = match d.reversibility {
        Reversibility::R0 => "runs, because it only reads or drafts".to_owned(),
        Reversibility::R1 => {
            "does not run, unless policy then lets it run by itself and at most 5 % of customers are touched".to_owned()
        }
        Reversibility::R2 | Reversibility::R3 => "does not run".to_owned(),
    };
    goal.map(|g| g.target)
}

fn evidence(insight: &Insight, play: &Playbook, facts: &Facts, d: &mut Decision) {
    let first = insight.drivers.first().map(|f| (f.segment.clone(), f.value.clone()));
    let rows = |segment| Some(RowsRef { metric: insight.metric.clone(), from: insight.from, to: insight.to, segment });
    let piece = |text: String, strength, rows| Evidence {
        text,
        strength,
        at: insight.at,
        insight: Some(insight.id.clone()),
        rows,
    };
    d.evidence = vec![piece(insight.headline.clone(), Strength::Observational, rows(None))];
    for driver in &insight.drivers {
        let text = format!(
            "{} {} carries {} % of the deviation",
            driver.segment,
            driver.value,
            text::number(driver.share * 100.0, 0)
        );
        d.evidence.push(piece(
            text,
            Strength::Observational,
            rows(Some((driver.segment.clone(), driver.value.clone()))),
        ));
    }
    if facts.episodes > 0 {
        let text = format!(
            "after {} earlier anomalies of this direction the metric went on as the forecast for doing nothing says",
            facts.episodes
        );
        d.evidence.push(piece(text, Strength::Observational, rows(first)));
    }
    if facts.uses > 0 {
        let text = format!(
            "the same was done and scored {} time{} before",
            facts.uses,
            if facts.uses == 1 { "" } else { "s" }
        );
        d.evidence.push(piece(text, Strength::Quasi, None));
    }
    let text = format!(
        "{}: an expert expects {} to {} over {} against doing nothing",
        play.title,
        text::change(play.prior.p10),
        text::change(play.prior.p90),
        text::lasting(play.horizon)
    );
    d.evidence.push(Evidence { text, strength: Strength::Expert, at: d.created_at, insight: None, rows: None });
}

fn counter_evidence(
    config: &Config,
    metric: &Metric,
    insight: &Insight,
    track: &Track,
    book: &Book,
    goal: Option<f64>,
    d: &mut Decision,
) {
    let mut searched = Vec::new();
    let mut found = Vec::new();
    let mut add = |text: String, rows: Option<RowsRef>| {
        found.push(Evidence {
            text,
            strength: Strength::Observational,
            at: insight.at,
            insight: Some(insight.id.clone()),
            rows,
        });
    };
    let values: usize = track.segments.values().map(std::collections::BTreeMap::len).sum();
    if values > 0 {
        searched.push(format!("{values} segment values"));
        let share: f64 = insight.drivers.iter().map(|s| s.share).sum();
        if share >= 0.5 && !insight.drivers.is_empty() {
            add(
                format!(
                    "outside {} {} hardly anything moved, while the act reaches everybody",
                    insight.drivers[0].segment, insight.drivers[0].value
                ),
                None,
            );
        }
    }
    let recent: Vec<bool> = track.cells.iter().rev().skip(1).take(28).filter_map(|c| c.inside).collect();
    searched.push(format!("the {} buckets before", recent.len()));
    let inside = recent.iter().filter(|i| **i).count();
    if recent.len() >= 7 && inside * 100 >= recent.len() * 75 {
        let from = track.cells.iter().rev().nth(28).map_or(insight.from, |c| c.start);
        add(
            format!(
                "in {inside} of the {} buckets before it was inside its interval: it may be a single odd bucket",
                recent.len()
            ),
            Some(RowsRef { metric: metric.key.clone(), from, to: insight.from, segment: None }),
        );
    }
    let same: Vec<_> = book.past.iter().filter(|p| p.target == d.act.target()).collect();
    searched.push(format!("{} scored decisions of this kind", same.len()));
    for past in same.iter().rev().filter(|p| !p.helped).take(3) {
        add(format!("{} did not help: {}", past.id, past.headline), None);
    }
    if let Some(target) = goal {
        searched.push("the goal".to_owned());
        let met = if metric.better == Better::Down { insight.actual <= target } else { insight.actual >= target };
        if met {
            add(format!("the goal of {} is met all the same", text::value(metric, &config.business, target)), None);
        }
    }
    let events = track.cells.back().map_or(0, |c| c.events);
    searched.push("how much data it rests on".to_owned());
    if events < 30 {
        add(format!("only {events} events are behind the number"), None);
    }
    d.counter_evidence = found;
    d.counter_search = format!("searched: {}", searched.join(", "));
}

fn alternatives(config: &Config, metric: &Metric, play: &Playbook, d: &mut Decision) {
    let show = |v| text::value(metric, &config.business, v);
    let (nothing, acting) = (&d.nothing.value, &d.prediction.value);
    let mut out = vec![Alternative {
        what: "Do nothing".to_owned(),
        why_not: format!(
            "{} ({} to {}) would be expected instead of {} ({} to {}); the act is worse with a probability of {} %",
            show(nothing.p50),
            show(nothing.p10),
            show(nothing.p90),
            show(acting.p50),
            show(acting.p10),
            show(acting.p90),
            text::number(d.prediction.p_worse * 100.0, 0)
        ),
    }];
    out.extend(play.alternatives.iter().cloned());
    d.alternatives = out;
}

pub(crate) fn blast_radius(config: &Config, metric: Option<&Metric>, insight: Option<&Insight>, act: &Act) -> String {
    match act {
        Act::StartExperiment { arms, share, .. } => {
            let others: f64 = arms.iter().skip(1).map(|arm| arm.weight).sum();
            format!(
                "{} of those who meet it are in it; {} get something new",
                text::percent(*share),
                text::percent(share * others)
            )
        }
        Act::EndExperiment { ship: None, .. } => {
            "whoever had something new gets what everybody has; nobody gets anything new (0 %)".to_owned()
        }
        Act::SetLever { lever, .. } | Act::EndExperiment { lever, .. } => {
            let reach = "everybody who meets it (100 %)";
            let touched: Vec<&str> = config
                .lever(lever)
                .map(|l| {
                    config.business.metrics.iter().filter(|m| m.domain == l.domain).map(|m| m.title.as_str()).collect()
                })
                .unwrap_or_default();
            let focus = insight.and_then(|i| i.drivers.first()).map_or_else(String::new, |f| {
                format!("; {} % of the deviation is in {} {}", text::number(f.share * 100.0, 0), f.segment, f.value)
            });
            let numbers = match (touched.is_empty(), metric) {
                (true, Some(metric)) => metric.title.clone(),
                (true, None) => "none that is declared".to_owned(),
                _ => touched.join(", "),
            };
            format!("{reach}; numbers it can move: {numbers}{focus}")
        }
        Act::Call { effect, .. } => {
            let title = config.effect(effect).map_or(effect.as_str(), |e| e.title.as_str());
            format!("one message to {title}; no customer is touched (0 %)")
        }
        Act::StartWorkflow { workflow, .. } => {
            format!("one run of {workflow}; each of its steps is decided by itself")
        }
        Act::EditWorkflow { workflow, .. } => format!("runs of {workflow} that start from then on"),
        Act::Choose { .. } => "nothing but the run that asks".to_owned(),
    }
}

fn raw(value: &LeverValue) -> String {
    match value {
        LeverValue::Bool(b) => b.to_string(),
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(t) => t.clone(),
    }
}
