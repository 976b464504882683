//! From what somebody asks to the question as the engine hears it, and what would become of it.

use epoch_host::Host;
use epoch_model::business::{Better, Business, Metric, arm_key, misfit};
use epoch_model::experiment::{Design, Exposure, Origin, Pilot, Purpose, Refusal, Spec};
use epoch_model::predicate::Predicate;
use epoch_model::serving::{Arm, Flag};
use epoch_model::{Code, Error, Result};

use super::{bad, levers};
use crate::describe::{lever_value, money};
use crate::reads::status::problem;
use crate::views::{ArmDraft, AskExperimentArgs, ExperimentCheckView};

/// Most arms of an experiment.
const ARMS_MAX: usize = 20;

/// What would become of a question. Something wrong with it is an answer, too: somebody is typing.
pub(crate) fn check(host: &Host, args: &AskExperimentArgs) -> Result<ExperimentCheckView> {
    let mut view = ExperimentCheckView {
        problems: Vec::new(),
        spec: None,
        pilot: None,
        design: None,
        refusal: None,
        text: String::new(),
        notes: Vec::new(),
    };
    let spec = match spec_of(host, args) {
        Ok(spec) => spec,
        Err(e) => {
            view.text.clone_from(&e.message);
            view.problems.push(problem(&e, None));
            return Ok(view);
        }
    };
    match host.check_experiment(&spec) {
        Err(e) if matches!(e.code, Code::NotFound | Code::InvalidArgument) => {
            view.text.clone_from(&e.message);
            view.problems.push(problem(&e, None));
        }
        Err(e) => return Err(e),
        Ok((pilot, Ok(design))) => {
            view.text = answered_in(&design);
            view.notes = notes(host, &spec, &pilot, Some(&design));
            (view.pilot, view.design) = (Some(pilot), Some(design));
        }
        Ok((pilot, Err(refusal))) => {
            view.text = refused(&refusal);
            view.notes = notes(host, &spec, &pilot, None);
            (view.pilot, view.refusal) = (Some(pilot), Some(refusal));
        }
    }
    view.spec = Some(spec);
    Ok(view)
}

fn answered_in(design: &Design) -> String {
    let days = |n: f64| n.ceil().max(1.0);
    let (least, likely, most) = (days(design.days.p10), days(design.days.p50), days(design.days.p90));
    let range = if least < most { format!(" ({least} to {most})") } else { String::new() };
    let word = if (likely - 1.0).abs() < 0.5 { "day" } else { "days" };
    format!("{likely} {word}{range} to find a change of {} or more with {} units", percent(design.mde), design.units)
}

fn refused(refusal: &Refusal) -> String {
    match &refusal.cheaper {
        Some(cheaper) => format!("{} Instead: {cheaper}", refusal.reason),
        None => refusal.reason.clone(),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

fn notes(host: &Host, spec: &Spec, pilot: &Pilot, design: Option<&Design>) -> Vec<String> {
    let business = host.business();
    let mut notes = design.map(|d| d.why.clone()).unwrap_or_default();
    if pilot.moments.units == 0 {
        let event = &spec.exposure.event;
        notes.push(format!("no exposure (“{event}”) was seen in the last 28 days: report who saw which arm"));
    }
    if let Some(stake) = design.and_then(|d| d.stake_minor_per_month) {
        notes.push(format!("the smallest effect it finds is worth {} per month", money(stake, &business)));
    }
    let waiting = spec.lever.as_ref().and_then(|key| {
        levers::choices(host, &host.store().experiments().ok()?).into_iter().find(|l| l.key == *key)?.blocked
    });
    notes.extend(waiting.map(|why| format!("it would wait: {why}")));
    notes
}

/// The question as the engine hears it. [`Code::InvalidArgument`] says what is wrong with it.
pub(crate) fn spec_of(host: &Host, args: &AskExperimentArgs) -> Result<Spec> {
    let business = host.business();
    let compiled = host.levers();
    let flag = match &args.lever {
        Some(key) => Some(
            compiled
                .flag(key)
                .ok_or_else(|| bad(format!("there is no lever “{key}”"), "declare it in business.toml"))?,
        ),
        None => None,
    };
    if flag.is_some_and(|f| f.serving.off) {
        return Err(bad("the lever is off: nobody would see the arms", "switch it on first"));
    }
    let group = args.group.clone().or_else(|| flag.and_then(|f| f.serving.group.clone()));
    let metric = metric(&business, &args.metric, group.as_deref())?;
    if metric.better == Better::Neither {
        return Err(bad(format!("“{}” has no better direction", metric.key), "give it better = \"up\" or \"down\""));
    }
    let mut named = vec![metric.key.clone()];
    for key in args.secondary.iter().chain(args.guardrails.iter().flatten()) {
        self::metric(&business, key, group.as_deref())?;
        if named.contains(key) {
            return Err(bad(format!("“{key}” is named twice"), "name each metric once"));
        }
        named.push(key.clone());
    }
    if let Some(text) = &args.audience {
        Predicate::parse(text).map_err(|e| bad(e.message, e.hint))?;
    }
    let share = within("share", args.share.unwrap_or(1.0), 1e-6, 1.0)?;
    let mde = args.mde.map(|mde| within("mde", mde, 1e-6, 10.0)).transpose()?;
    let cap = args.cap.map(|cap| within("cap", cap, f64::MIN_POSITIVE, f64::MAX)).transpose()?;
    let exposure = match (flag, &args.exposure) {
        (_, Some(exposure)) => exposure.clone(),
        (Some(flag), None) => Exposure::of_lever(&flag.key),
        (None, None) => {
            return Err(bad(
                "neither a lever nor an exposure is given",
                "name a lever, or say which events sort the units",
            ));
        }
    };
    if flag.is_none() && (args.audience.is_some() || args.share.is_some()) {
        return Err(bad(
            "somebody else sorts its units: audience and share have no place here",
            "write them as the exposure's filter",
        ));
    }
    if args.purpose.is_some_and(|p| !matches!(p, Purpose::Decide | Purpose::Bandit)) {
        return Err(bad("the engine alone checks itself and tests again", "leave purpose out"));
    }
    let arms = arms(&args.arms, flag)?;
    let title = match &args.title {
        Some(title) if !title.trim().is_empty() => title.trim().to_owned(),
        _ => made_title(flag, &arms, metric),
    };
    Ok(Spec {
        key: key(host, args, flag, &title)?,
        hypothesis: args.hypothesis.clone().unwrap_or_default(),
        origin: Origin::Operator,
        purpose: args.purpose.unwrap_or(Purpose::Decide),
        lever: args.lever.clone(),
        secondary: args.secondary.clone(),
        guardrails: args.guardrails.clone().unwrap_or_else(|| own_guardrails(&business, &named, group.as_deref())),
        audience: args.audience.clone(),
        slice: None,
        from: None,
        until: args.until,
        hypothesis_id: args.hypothesis_id.clone(),
        parent: None,
        metric: metric.key.clone(),
        title,
        arms,
        exposure,
        share,
        group,
        mde,
        cap,
    })
}

fn within(what: &str, n: f64, low: f64, high: f64) -> Result<f64> {
    if n.is_finite() && (low..=high).contains(&n) {
        return Ok(n);
    }
    Err(bad(format!("{what} cannot be {n}"), "write a share such as 0.05 for 5 %"))
}

fn metric<'b>(business: &'b Business, key: &str, group: Option<&str>) -> Result<&'b Metric> {
    let found = business.metrics.iter().find(|m| m.key == key);
    let metric = found.ok_or_else(|| bad(format!("there is no metric “{key}”"), "see the list of metrics"))?;
    if !metric.kind.is_per_unit() {
        let message = format!("“{key}” cannot be said of one unit, so arms cannot be compared by it");
        return Err(bad(message, "use a count, sum, mean per unit, proportion, ratio of sums, retention or quantile"));
    }
    if metric.by.as_deref().is_some_and(|by| Some(by) != group) {
        let message = format!(
            "“{key}” is per {}, the arms are by {}",
            metric.by.as_deref().unwrap_or_default(),
            group.unwrap_or("person")
        );
        return Err(bad(message, "choose a metric of the units that are sorted"));
    }
    Ok(metric)
}

fn own_guardrails(business: &Business, named: &[String], group: Option<&str>) -> Vec<String> {
    let keys = business.guardrails.iter().map(|g| &g.metric);
    let mut found: Vec<String> =
        keys.filter(|key| !named.contains(key) && metric(business, key, group).is_ok()).cloned().collect();
    found.dedup();
    found
}

/// With one arm only, the value in force is the control.
fn arms(drafts: &[ArmDraft], flag: Option<&Flag>) -> Result<Vec<Arm>> {
    let control = match (drafts, flag) {
        ([_], Some(flag)) => Some(ArmDraft { key: None, value: flag.value.clone(), weight: None }),
        _ => None,
    };
    let drafts: Vec<&ArmDraft> = control.iter().chain(drafts).collect();
    if !(2..=ARMS_MAX).contains(&drafts.len()) {
        return Err(bad(
            format!("an experiment has 2 to {ARMS_MAX} arms"),
            "give the value to compare with the one in force",
        ));
    }
    let mut arms: Vec<Arm> = Vec::with_capacity(drafts.len());
    for (i, draft) in drafts.iter().enumerate() {
        let key = draft.key.clone().unwrap_or_else(|| arm_key(i));
        let weight = draft.weight.unwrap_or(1.0);
        if !word(&key, 64) {
            return Err(bad(format!("“{key}” cannot name an arm"), "letters, digits, _ - and . only"));
        }
        if !(0.0..=1e6).contains(&weight) || (i == 0 && weight <= 0.0) {
            return Err(bad(format!("{key} cannot have the weight {weight}"), "a weight is a number above 0"));
        }
        if let Some((message, hint)) = flag.and_then(|f| misfit(&f.kind, &draft.value)) {
            return Err(bad(message, hint));
        }
        if arms.iter().any(|a| a.key == key || (flag.is_some() && a.value == draft.value)) {
            return Err(bad(
                format!("the arm {key} is there twice, by its name or its value"),
                "give each arm its own",
            ));
        }
        arms.push(Arm { key, value: draft.value.clone(), weight });
    }
    let total: f64 = arms.iter().map(|a| a.weight).sum();
    for arm in &mut arms {
        arm.weight /= total;
    }
    Ok(arms)
}

fn word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn made_title(flag: Option<&Flag>, arms: &[Arm], metric: &Metric) -> String {
    let values: Vec<String> = arms.iter().map(|a| lever_value(&a.value)).collect();
    let what = flag.map_or("arms", |f| f.title.as_str());
    format!("{what}: {} by {}", values.join(" against "), metric.title.to_lowercase())
}

/// As given, else the lever's (or the title's) word with the first number that is free.
fn key(host: &Host, args: &AskExperimentArgs, flag: Option<&Flag>, title: &str) -> Result<String> {
    let free = |key: &str| -> Result<bool> {
        let ruled = flag.is_some_and(|f| f.serving.rules.iter().any(|r| r.key == key));
        Ok(!ruled && host.store().experiment(key)?.is_none())
    };
    if let Some(key) = args.key.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
        if !word(key, 64) {
            return Err(bad(format!("“{key}” cannot be a key"), "letters, digits, _ - and . only, 64 at most"));
        }
        if !free(key)? {
            return Err(bad(format!("“{key}” is taken"), "choose another key"));
        }
        return Ok(key.to_owned());
    }
    let base: String = match flag {
        Some(flag) => flag.key.clone(),
        None => title
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .take(40)
            .collect(),
    };
    for n in 1..10_000_u32 {
        let key = format!("{base}-{n}");
        if free(&key)? {
            return Ok(key);
        }
    }
    Err(Error::new(Code::Internal, "no key is free", "give it a key"))
}
