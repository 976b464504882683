//! Connections: sources, keys with snippets, what arrives, what was refused, levers.

use std::collections::BTreeMap;

use epoch_host::Host;
use epoch_model::Result;
use epoch_model::business::{EffectKind, PublishKind, SourceKind};
use epoch_model::decision::Act;
use epoch_model::time::{DAY, Millis};
use epoch_store::{GatewayKey, KeyKind, OutboxState, SourceState};
use serde_json::Value;

use crate::views::{
    ConnectionsView, EventKindView, KeyView, LeverView, PropView, RejectionView, SecretView, SinkView, SourceView,
};
use crate::{describe, snippets};

/// A source that was heard of within this time is healthy.
const FRESH_MS: Millis = DAY;

pub(crate) fn connections(host: &Host) -> Result<ConnectionsView> {
    let store = host.store();
    let gateway = host.gateway_url();
    let states = store.sources()?;
    let rejections = store.rejections(None, None, 200)?;
    Ok(ConnectionsView {
        sources: sources(host, &states, gateway.as_deref())?,
        sinks: sinks(host)?,
        keys: keys(host, gateway.as_deref(), &states)?,
        events: events(host)?,
        rejections: rejections
            .into_iter()
            .map(|r| RejectionView {
                id: r.id,
                done: r.replayed_at.is_some(),
                at: r.received,
                source: r.source,
                position: r.position,
                code: serde_json::to_value(r.code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
                reason: r.reason,
                raw: r.raw,
            })
            .collect(),
        rejected_total: states.iter().map(|s| s.rejected).sum(),
        levers: levers(host)?,
        secrets: secrets(host),
        gateway,
    })
}

fn sources(host: &Host, states: &[SourceState], gateway: Option<&str>) -> Result<Vec<SourceView>> {
    let business = host.business();
    let here = gateway.unwrap_or("the gateway is off");
    let mut views: Vec<SourceView> = Vec::new();
    let mut put = |key: &str, title: &str, kind: &str, place: String| {
        if views.iter().all(|v| v.key != key) {
            views.push(source(host, (key, title, kind), place, states));
        }
    };
    for key in host.store().keys()?.iter().filter(|k| k.kind == KeyKind::Write) {
        let declared = business.sources.iter().find(|s| s.key == key.source);
        put(&key.source, declared.map_or(&key.source, |s| &s.title), "sdk", here.to_owned());
    }
    for declared in &business.sources {
        match &declared.kind {
            SourceKind::Folder { path, .. } => {
                let place = host.folder().path().join(path).display().to_string();
                put(&declared.key, &declared.title, "folder", place);
            }
            SourceKind::Sdk => put(&declared.key, &declared.title, "sdk", "no write key yet".to_owned()),
            SourceKind::Stripe => put(&declared.key, &declared.title, "stripe", stripe_url(here, &declared.key)),
        }
    }
    for state in states {
        put(&state.source, &state.source, "file", "imported files".into());
    }
    Ok(views)
}

/// Where Stripe sends its events for a source.
pub(crate) fn stripe_url(gateway: &str, source: &str) -> String {
    format!("{gateway}/hooks/stripe/{source}")
}

/// One source, once it is there.
pub(crate) fn source_view(host: &Host, key: &str) -> Result<Option<SourceView>> {
    let all = sources(host, &host.store().sources()?, host.gateway_url().as_deref())?;
    Ok(all.into_iter().find(|s| s.key == key))
}

fn source(host: &Host, (key, title, kind): (&str, &str, &str), place: String, states: &[SourceState]) -> SourceView {
    let now = host.now();
    let state = states.iter().find(|s| s.source == key).cloned().unwrap_or_default();
    let failed_last = state.last_error_at > state.last_received && state.last_error.is_some();
    let (health, text) = match state.last_received {
        _ if failed_last => ("failing", state.last_error.clone().unwrap_or_default()),
        None => ("waiting", "no event yet".to_owned()),
        Some(_) if kind == "file" => ("healthy", "imported; a file does not send by itself".to_owned()),
        Some(at) if now - at <= FRESH_MS => ("healthy", "events arrive".to_owned()),
        Some(_) => ("stale", "nothing for more than a day".to_owned()),
    };
    SourceView {
        key: key.to_owned(),
        title: title.to_owned(),
        kind: kind.to_owned(),
        place,
        health: health.to_owned(),
        health_text: text,
        accepted: state.accepted,
        duplicates: state.duplicates,
        rejected: state.rejected,
        first_event_at: host.first_event_at(key),
        last_event_at: state.last_event,
        last_received_at: state.last_received,
        last_error: state.last_error,
    }
}

/// Named secrets that are kept, and those that something waits for.
pub(crate) fn secrets(host: &Host) -> Vec<SecretView> {
    let business = host.business();
    let kept = host.secrets().names();
    let mut used: BTreeMap<String, Vec<String>> = kept.iter().map(|name| (name.clone(), Vec::new())).collect();
    for target in &business.publish {
        if let PublishKind::HttpPut { secret: Some(name), .. } = &target.kind {
            used.entry(name.clone()).or_default().push(format!("publish {}", target.key));
        }
    }
    for source in business.sources.iter().filter(|s| s.kind == SourceKind::Stripe) {
        used.entry(source.key.clone()).or_default().push(format!("source {}", source.key));
    }
    used.into_iter().map(|(name, used_by)| SecretView { set: kept.contains(&name), name, used_by }).collect()
}

fn sinks(host: &Host) -> Result<Vec<SinkView>> {
    let outbox = host.store().outbox(None, 10_000)?;
    Ok(host
        .business()
        .effects
        .iter()
        .map(|target| {
            let mine = outbox.iter().filter(|i| matches!(&i.act, Act::Call { effect, .. } if *effect == target.key));
            let (mut sent, mut failed, mut last) = (0, 0, None);
            for item in mine {
                match item.state {
                    OutboxState::Done => sent += 1,
                    OutboxState::Failed | OutboxState::InDoubt => failed += 1,
                    OutboxState::Pending | OutboxState::Sending => {}
                }
                last = Some(item);
            }
            let (health, text) = match last {
                None => ("unknown", "nothing sent yet".to_owned()),
                Some(i) if i.state == OutboxState::Done => ("healthy", "the last call was answered".to_owned()),
                Some(i) if i.state == OutboxState::Pending => ("waiting", i.detail.clone()),
                Some(i) => ("failing", i.detail.clone()),
            };
            SinkView {
                key: target.key.clone(),
                title: target.title.clone(),
                place: place(&target.kind),
                health: health.into(),
                health_text: text,
                sent,
                failed,
                has_secret: true,
            }
        })
        .collect())
}

/// Where an effect goes, without what may be secret in an address.
fn place(kind: &EffectKind) -> String {
    match kind {
        EffectKind::Webhook { url, .. } => {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            rest.split(['/', '?']).next().unwrap_or_default().to_owned()
        }
        kind => kind.place(),
    }
}

fn keys(host: &Host, gateway: Option<&str>, states: &[SourceState]) -> Result<Vec<KeyView>> {
    let (store, readers) = (host.store(), host.lever_readers());
    store
        .keys()?
        .iter()
        .map(|key| {
            let kept = store.meta(&format!("key.{}", key.id))?;
            let value = kept.as_ref().and_then(Value::as_str);
            let snippets = match (key.kind, value, gateway) {
                (KeyKind::Write, Some(value), Some(host)) if key.revoked_at.is_none() => snippets::writing(host, value),
                (KeyKind::Client, Some(value), Some(host)) if key.revoked_at.is_none() => {
                    snippets::reading(host, value)
                }
                _ => Vec::new(),
            };
            Ok(KeyView {
                name: key.id.clone(),
                kind: kind_name(key.kind).into(),
                source: key.source.clone(),
                value: value.map_or_else(|| masked(key), str::to_owned),
                created_at: key.created_at,
                last_used_at: match key.kind {
                    KeyKind::Write => states.iter().find(|s| s.source == key.source).and_then(|s| s.last_received),
                    KeyKind::Client | KeyKind::Read => {
                        readers.iter().filter(|r| r.key == key.source).map(|r| r.last).max()
                    }
                },
                revoked: key.revoked_at.is_some(),
                snippets,
            })
        })
        .collect()
}

/// A kind of key, as views and commands name it.
pub(crate) fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Write => "write",
        KeyKind::Client => "client",
        KeyKind::Read => "read",
    }
}

fn masked(key: &GatewayKey) -> String {
    format!("{}…", key.prefix)
}

fn events(host: &Host) -> Result<Vec<EventKindView>> {
    let business = host.business();
    let mut kinds = host.store().catalog()?;
    kinds.sort_by_key(|k| std::cmp::Reverse(k.count));
    Ok(kinds
        .into_iter()
        .map(|k| EventKindView {
            metrics: business
                .metrics
                .iter()
                .filter(|m| describe::reads_event(m, &k.name))
                .map(|m| m.key.clone())
                .collect(),
            props: k
                .properties
                .into_iter()
                .map(|p| PropView {
                    kind: match p.types.as_slice() {
                        [one] if one == "string" => "text".into(),
                        [one] if one == "bool" => "boolean".into(),
                        [one] => one.clone(),
                        _ => "mixed".into(),
                    },
                    name: p.name,
                    samples: p.samples,
                })
                .collect(),
            name: k.name,
            count: k.count,
            first_at: k.first,
            last_at: k.last,
        })
        .collect())
}

fn levers(host: &Host) -> Result<Vec<LeverView>> {
    let (_, rows) = host.store().levers()?;
    let (declared, compiled) = (host.business().levers, host.levers());
    Ok(declared
        .into_iter()
        .map(|lever| {
            let row = rows.iter().find(|r| r.key == lever.key);
            // Everybody gets the default of a lever that is off, as `levers.json` says, too.
            let flag = compiled.flag(&lever.key).filter(|flag| !flag.serving.off);
            LeverView {
                value: flag.map_or_else(|| lever.default.clone(), |flag| flag.value.clone()),
                updated_at: row.map(|r| r.updated_at),
                decision: row.and_then(|r| r.decision.clone()),
                key: lever.key,
                title: lever.title,
                kind: lever.kind,
                domain: lever.domain,
                default: lever.default,
            }
        })
        .collect())
}
