//! Levers: what is in force, who reads it, what it would serve.

use std::collections::BTreeSet;

use epoch_host::levers::{LeverChange, LeverHealth, Seen, is_random, served};
use epoch_host::{Host, PublishState};
use epoch_model::business::{Domain, LeverValue, PublishKind, PublishTarget};
use epoch_model::gate::RunState;
use epoch_model::serving::{Flag, Rule, Serve};
use epoch_model::{Code, Error, Result};

use crate::describe::lever_value;
use crate::reads::protocols;
use crate::views::{
    LeverArgs, LeverChangeView, LeverDetailView, LeverReaderView, LeverRowView, LeverTrialView, LeversView, NoticeView,
    PublishView, RuleView, TryLeverArgs, UnknownReadView, WarningView,
};

pub(crate) fn levers(host: &Host) -> LeversView {
    let compiled = host.levers();
    let health = host.lever_health(&compiled);
    LeversView {
        levers: compiled.flags().iter().zip(&health).map(|(flag, health)| row(host, flag, health)).collect(),
        unknown_reads: unknown_reads(&host.lever_readers(), |key| compiled.flag(key).is_some()),
        publish: host.publish_states().iter().map(|(target, state)| publish(host, target, state)).collect(),
        gateway: host.gateway_url(),
    }
}

pub(crate) fn lever(host: &Host, args: &LeverArgs) -> Result<LeverDetailView> {
    let compiled = host.levers();
    let health = host.lever_health(&compiled);
    let found = compiled.flags().iter().zip(&health).find(|(flag, _)| flag.key == args.key);
    let (flag, health) = found.ok_or_else(|| no_lever(&args.key))?;
    Ok(LeverDetailView {
        lever: row(host, flag, health),
        seed: flag.serving.seed.clone(),
        requires: flag.serving.requires.clone(),
        holdout: flag.serving.holdout.clone(),
        history: host.lever_history(&args.key)?.iter().map(change).collect(),
        readers: health.readers.iter().map(reader).collect(),
        protocols: protocols::definitions(&compiled, flag),
    })
}

pub(crate) fn try_lever(host: &Host, args: &TryLeverArgs) -> Result<LeverTrialView> {
    let compiled = host.levers();
    let flag = compiled.flag(&args.key).ok_or_else(|| no_lever(&args.key))?;
    let results = protocols::trials(&compiled, flag, &args.unit, &args.attributes);
    let values: Vec<&LeverValue> = results.iter().filter_map(|r| r.value.as_ref()).collect();
    let agree = values.windows(2).all(|pair| pair[0] == pair[1]);
    Ok(LeverTrialView { key: args.key.clone(), unit: args.unit.clone(), results, agree })
}

fn no_lever(key: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no lever “{key}”"), "list them with `ras lever list`")
}

/// What everybody should know of the levers: two ways of sorting the same people.
pub(crate) fn notices(host: &Host) -> Vec<NoticeView> {
    let compiled = host.levers();
    let mixed = compiled.flags().iter().zip(host.lever_health(&compiled)).flat_map(|(flag, health)| {
        let told = health.warnings.into_iter().filter(|w| w.code == "mixed_assignment");
        told.map(|w| NoticeView {
            code: w.code.into(),
            text: format!("{}: {}", flag.title, w.text),
            next: w.next,
            lever: Some(flag.key.clone()),
        })
    });
    mixed.collect()
}

fn row(host: &Host, flag: &Flag, health: &LeverHealth) -> LeverRowView {
    let declared = host.business().levers;
    let domain = declared.iter().find(|l| l.key == flag.key).map_or(Domain::Product, |l| l.domain);
    let mut warnings: Vec<WarningView> = health
        .warnings
        .iter()
        .map(|w| WarningView { code: w.code.into(), text: w.text.clone(), next: w.next.clone() })
        .collect();
    warnings.extend(protocols::unservable(&host.levers(), flag));
    let stale = ["not_read_lately", "one_value", "killed_long", "unread"];
    LeverRowView {
        key: flag.key.clone(),
        title: flag.title.clone(),
        kind: flag.kind.clone(),
        domain,
        value_text: lever_value(&flag.value),
        default_text: lever_value(&flag.default),
        value: flag.value.clone(),
        default: flag.default.clone(),
        off: flag.serving.off,
        served_as: served(flag),
        group: flag.serving.group.clone(),
        rules: flag.serving.rules.iter().map(rule).collect(),
        random: is_random(flag),
        version: flag.version,
        updated_at: flag.updated_at,
        decision: flag.decision.clone(),
        readers: u32::try_from(distinct(&health.readers)).unwrap_or(u32::MAX),
        last_read_at: health.readers.iter().map(|r| r.last).max(),
        state: health.state.name().into(),
        stale_reason: warnings
            .iter()
            .find(|w| stale.contains(&w.code.as_str()))
            .map(|w| format!("{}: {}", w.text, w.next)),
        warnings,
    }
}

/// One client that asks for all and for this one is one reader.
fn distinct(readers: &[Seen]) -> usize {
    readers.iter().map(|r| (r.protocol, &r.client, &r.key)).collect::<BTreeSet<_>>().len()
}

fn percent(share: f64) -> String {
    let rounded = (share * 10_000.0).round() / 100.0;
    format!("{rounded} %")
}

/// A rule in one sentence.
pub(crate) fn rule(rule: &Rule) -> RuleView {
    let whom = |share: f64| match (&rule.when, share < 1.0) {
        (None, false) => "everyone".to_owned(),
        (None, true) => format!("{} of all", percent(share)),
        (Some(when), false) => format!("those with {when}"),
        (Some(when), true) => format!("{} of those with {when}", percent(share)),
    };
    let mut view = RuleView {
        key: rule.key.clone(),
        name: rule.name.clone(),
        when: rule.when.clone(),
        text: String::new(),
        share: 1.0,
        value: None,
        experiment: None,
        arms: Vec::new(),
        slice: None,
    };
    match &rule.serve {
        Serve::Value { value, share } => {
            let verb = if rule.when.is_none() && *share >= 1.0 { "gets" } else { "get" };
            view.text = format!("{} {verb} {}", whom(*share), lever_value(value));
            (view.share, view.value) = (*share, Some(value.clone()));
        }
        Serve::Experiment { experiment, arms, share, slice } => {
            let arms_text: Vec<String> =
                arms.iter().map(|a| format!("{} {} ({})", a.key, lever_value(&a.value), percent(a.weight))).collect();
            let within = slice.as_ref().map_or(String::new(), |s| {
                format!(", within {} to {} of layer {}", percent(s.from), percent(s.to), s.layer)
            });
            view.text = format!("{} in {experiment}: {}{within}", whom(*share), arms_text.join(", "));
            view.share = *share;
            view.experiment = Some(experiment.clone());
            view.arms.clone_from(arms);
            view.slice.clone_from(slice);
        }
    }
    view
}

fn change(c: &LeverChange) -> LeverChangeView {
    let shown = |v: &Option<LeverValue>| v.as_ref().map_or_else(|| "–".to_owned(), lever_value);
    let text = match c.kind.as_str() {
        "value" => format!("{} → {}", shown(&c.from), shown(&c.to)),
        "declared" => format!("declared with {}", shown(&c.to)),
        "rules" => "what it serves to whom was changed in business.toml".to_owned(),
        "killed" => "switched off: everybody gets the default".to_owned(),
        "restored" => "switched on again".to_owned(),
        "experiment_started" => format!("the experiment {} started", c.experiment.as_deref().unwrap_or_default()),
        "experiment_ended" => format!("the experiment {} ended", c.experiment.as_deref().unwrap_or_default()),
        _ => "taken out of business.toml".to_owned(),
    };
    LeverChangeView {
        at: c.at,
        kind: c.kind.clone(),
        text,
        from: c.from.clone(),
        to: c.to.clone(),
        actor: c.by.clone(),
        decision: c.decision.clone(),
        version: Some(c.version),
    }
}

fn reader(s: &Seen) -> LeverReaderView {
    LeverReaderView {
        protocol: s.protocol,
        client: s.client.clone(),
        key: s.key.clone(),
        first_at: s.first,
        last_at: s.last,
        requests: s.requests,
        all: s.lever.is_none(),
    }
}

fn unknown_reads(seen: &[Seen], exists: impl Fn(&str) -> bool) -> Vec<UnknownReadView> {
    let unknown = seen.iter().filter_map(|s| s.lever.as_ref().filter(|key| !exists(key)).map(|key| (key, s)));
    let view = |(lever, s): (&String, &Seen)| UnknownReadView {
        lever: lever.clone(),
        protocol: s.protocol,
        client: s.client.clone(),
        key: s.key.clone(),
        last_at: s.last,
        requests: s.requests,
    };
    unknown.map(view).take(100).collect()
}

fn publish(host: &Host, target: &PublishTarget, state: &PublishState) -> PublishView {
    let (kind, place) = match &target.kind {
        PublishKind::File { path } => ("file", path.clone()),
        // The path of a URL may hold a secret.
        PublishKind::HttpPut { url, .. } => ("http_put", host_of(url)),
        PublishKind::Git { repo, path, .. } => ("git", format!("{repo}: {path}")),
    };
    let behind = state.version != Some(host.levers().version());
    let held = behind && host.run_info().state != RunState::Running;
    let (health, text) = match (&state.error, state.version) {
        (Some(e), _) => ("failing", format!("{}; {}", e.message, e.hint)),
        _ if held => ("held", "the engine is paused or stopped; it is published when it goes on".to_owned()),
        (None, Some(_)) if !behind => ("healthy", "what is in force lies there".to_owned()),
        (None, Some(_)) => ("waiting", "a change is about to be published".to_owned()),
        (None, None) => ("unknown", "nothing published yet".to_owned()),
    };
    PublishView {
        key: target.key.clone(),
        kind: kind.into(),
        place,
        health: health.into(),
        health_text: text,
        version: state.version,
        published_at: state.at,
        last_error: state.error.as_ref().map(|e| e.message.clone()),
        next_at: state.next_at,
    }
}

fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default().to_owned()
}
