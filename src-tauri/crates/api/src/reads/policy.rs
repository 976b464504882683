//! The policy in plain words, and another one held against it.

use epoch_engine::judge_by;
use epoch_host::Host;
use epoch_model::Result;
use epoch_model::business::{Business, Period, PolicyAnswer};
use epoch_policy::{Policy, Problem, SCHEMA, Tally};
use epoch_store::DecisionFilter;

use crate::describe;
use crate::views::{CounterfactualView, PolicyArgs, PolicyChange, PolicyCheckView, PolicyPreview, PolicyView};

/// Decisions a change is held against.
const LOOKED_AT: usize = 200;

fn problem(p: epoch_model::business::Problem) -> Problem {
    // One of `business.toml` has no line in the policy's text.
    let line = if p.path == epoch_host::policy::FILE { p.line } else { 0 };
    Problem { line, message: p.message, hint: p.hint }
}

pub(crate) fn policy(host: &Host) -> Result<PolicyView> {
    let business = host.business();
    let in_force = host.policy()?;
    // What does not read denies everything, and has no rules to tell.
    let policy = Policy::read(&in_force.text).unwrap_or_default();
    let (since, by) = in_force.since.unzip();
    Ok(PolicyView {
        rules: policy.in_words(&|minor| describe::money(minor, &business)),
        findings: policy.lint(),
        text: in_force.text,
        from_file: in_force.from_file,
        table: in_force.table,
        refused: in_force.refused,
        problems: in_force.problems.into_iter().map(problem).collect(),
        schema: SCHEMA.to_owned(),
        hash: in_force.hash,
        since,
        by,
        limits: limits(&business),
    })
}

/// What no rule can lift.
fn limits(business: &Business) -> Vec<String> {
    let limits = &business.limits;
    let money = |minor| describe::money(minor, business);
    let per_cent = |share: f64| (share * 10_000.0).round() / 100.0;
    let mut out = vec![
        format!("What costs more than {} asks, whatever a rule says.", money(limits.autonomous_spend_per_day_minor)),
        format!(
            "What touches more than {} % of customers asks, whatever a rule says.",
            per_cent(limits.exposure_per_decision)
        ),
    ];
    if let Some(most) = limits.exposure_per_day {
        out.push(format!("What runs alone touches at most {} % of customers a day, all together.", per_cent(most)));
    }
    out.extend(limits.budgets.iter().map(|b| {
        let per = match b.per {
            Period::Decision => "for one decision",
            Period::Day => "a day",
            Period::Week => "a week",
            Period::Month => "a month",
        };
        format!("“{}” pays at most {} {per}, whoever approved it.", b.title, money(b.amount_minor))
    }));
    out.extend(limits.rates.iter().map(|r| {
        let of = if r.of == "*" { "outside acts" } else { r.of.as_str() };
        format!("At most {} of {of} within {} s, whoever approved them.", r.most, r.per / 1000)
    }));
    if let Some(most) = limits.drawdown {
        let days = most.over / epoch_model::time::DAY;
        let loss = money(most.loss_minor);
        out.push(format!("When what ran alone lost {loss} within {days} days, everything asks until you resume."));
    }
    if limits.audit_share > 0.0 {
        let share = per_cent(limits.audit_share);
        out.push(format!("{share} % of what may run alone is put to you all the same, drawn by chance."));
    }
    out.push(
        "What lost its record by an objection, a broken guardrail or drift asks, whatever a rule says.".to_owned(),
    );
    out.push("Taking something new back never waits.".to_owned());
    out.push("A stop holds everything.".to_owned());
    out
}

/// Problems, or what the text would mean.
pub(crate) fn check(host: &Host, args: &PolicyArgs) -> Result<PolicyCheckView> {
    let in_force = host.policy()?;
    let text = if args.text.trim().is_empty() { &in_force.table } else { &args.text };
    let problems: Vec<Problem> = host.check_policy(&args.text)?.into_iter().map(problem).collect();
    if !problems.is_empty() {
        return Ok(PolicyCheckView { problems, ..PolicyCheckView::default() });
    }
    let policy = match Policy::read(text) {
        Ok(policy) => policy,
        Err(problems) => return Ok(PolicyCheckView { problems, ..PolicyCheckView::default() }),
    };
    let before = Policy::read(&in_force.text).unwrap_or_default();
    let business = host.business();
    let money = |minor| describe::money(minor, &business);
    let (loosens, loosens_proven) = policy.looser_than(&before, &money);
    Ok(PolicyCheckView {
        problems,
        rules: policy.in_words(&money),
        findings: policy.lint(),
        loosens,
        loosens_proven,
        preview: preview(host, &business, &before, &policy)?,
    })
}

/// Decisions a policy is held against with their outcomes.
const HELD_AGAINST: usize = 2_000;

/// What would have gone another way under this text, and what that came to.
pub(crate) fn counterfactual(host: &Host, args: &PolicyArgs) -> Result<CounterfactualView> {
    let in_force = host.policy()?;
    let text = if args.text.trim().is_empty() { &in_force.table } else { &args.text };
    let policy = match Policy::read(text) {
        Ok(policy) => policy,
        Err(problems) => return Ok(CounterfactualView { problems, ..CounterfactualView::default() }),
    };
    let newest = host.store().decisions(&DecisionFilter { limit: HELD_AGAINST, ..DecisionFilter::default() })?;
    let counterfactual = epoch_engine::counterfactual(&policy, &host.business(), &newest);
    Ok(CounterfactualView { problems: Vec::new(), counterfactual })
}

fn preview(host: &Host, business: &Business, before: &Policy, after: &Policy) -> Result<PolicyPreview> {
    let newest = host.store().decisions(&DecisionFilter { limit: LOOKED_AT, ..DecisionFilter::default() })?;
    let mut tally = Tally::default();
    for d in &newest {
        let was = judge_by(before, business, d, d.created_at).answer;
        tally.count(&d.id, was, judge_by(after, business, d, d.created_at));
    }
    let would = |answer| {
        let of = tally.changed.iter().filter(|c| c.would_be == answer).count();
        u32::try_from(of).unwrap_or(u32::MAX)
    };
    let (would_run, would_ask, would_deny) =
        (would(PolicyAnswer::Run), would(PolicyAnswer::Ask), would(PolicyAnswer::Deny));
    let changed = tally.changed.into_iter().filter_map(|c| {
        let d = newest.iter().find(|d| d.id == c.decision)?;
        Some(PolicyChange {
            decision: c.decision,
            headline: d.headline.clone(),
            at: d.created_at,
            state: d.state,
            had: d.policy.answer,
            was: c.was,
            would_be: c.would_be,
            rule: c.rule,
            reason: c.reason,
        })
    });
    Ok(PolicyPreview {
        looked_at: tally.looked_at,
        same: tally.same,
        would_run,
        would_ask,
        would_deny,
        changed: changed.collect(),
    })
}
