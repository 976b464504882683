//! Connecting a product in one step, switching levers, erasing a person.

use epoch_host::Host;
use epoch_model::{Code, Error, Result};
use epoch_store::KeyKind;
use serde_json::Value;

use crate::app::{App, json};
use crate::commands::KeyMade;
use crate::reads::{kind_name, lever, source_view, stripe_url};
use crate::views::{AddSourceArgs, LeverArgs, Snippet, SourceAdded, UnitArgs};
use crate::writes::operator;
use crate::{reads, snippets};

/// Switches a lever off or on again.
pub(crate) fn switch(app: &App, a: &LeverArgs, off: bool) -> Result<Value> {
    let host = app.host()?;
    host.switch_lever(&a.key, off, &operator())?;
    app.tell(&["levers", "settings", "status"]);
    json(lever(&host, a)?)
}

/// Makes what a product needs: a `[[source]]` where one says something, and the keys.
pub(crate) fn add_source(app: &App, a: AddSourceArgs) -> Result<Value> {
    let host = app.host()?;
    let keys: Vec<(String, KeyKind)> = match a.kind.as_str() {
        "sdk" => vec![(a.key.clone(), KeyKind::Write), (format!("{}-levers", a.key), KeyKind::Client)],
        "levers" => vec![(a.key.clone(), KeyKind::Client)],
        "server" => vec![(a.key.clone(), KeyKind::Read)],
        "stripe" => Vec::new(),
        other => {
            let message = format!("“{other}” is nothing that can be connected");
            return Err(Error::new(Code::InvalidArgument, message, "use sdk, levers, server or stripe"));
        }
    };
    free(&host, &a, &keys)?;
    let titled = a.title.as_deref().filter(|title| a.kind == "sdk" && *title != a.key);
    if a.kind == "stripe" || titled.is_some() {
        host.add_config(&declaration(&a))?;
    }
    let made = keys
        .into_iter()
        .map(|(name, kind)| {
            let value = host.make_key(&name, kind, None)?;
            Ok(KeyMade { name, kind: kind_name(kind).into(), value })
        })
        .collect::<Result<Vec<_>>>()?;
    let mut next = Vec::new();
    if a.kind == "stripe" {
        match a.secret.as_deref().filter(|s| !s.trim().is_empty()) {
            Some(secret) => host.set_secret(&a.key, secret)?,
            None => next
                .push(format!("set the signing secret that Stripe shows for the endpoint: ras secret set {}", a.key)),
        }
    }
    let url = host.gateway_url();
    match &url {
        None => next.push("the gateway does not listen: start it with `ras serve`, or open the console".into()),
        Some(url) if a.kind == "stripe" => {
            next.insert(0, format!("in Stripe, add a webhook endpoint with the URL {}", stripe_url(url, &a.key)));
        }
        Some(_) => next.push("paste a snippet into the product; its first event shows up here".into()),
    }
    app.tell(&["connections", "settings", "status"]);
    let snippets = url.as_deref().map(|url| snippets_of(url, &made)).unwrap_or_default();
    json(SourceAdded { source: source_view(&host, &a.key)?, keys: made, snippets, next })
}

/// Nothing is made when anything of it is there already.
fn free(host: &Host, a: &AddSourceArgs, keys: &[(String, KeyKind)]) -> Result<()> {
    let taken = |what: &str| {
        let message = format!("there is a {what} named “{}” already", a.key);
        Err(Error::new(Code::InvalidArgument, message, "choose another name"))
    };
    if host.business().sources.iter().any(|s| s.key == a.key) {
        return taken("source");
    }
    if host.store().keys()?.iter().any(|k| keys.iter().any(|(name, _)| *name == k.id)) {
        return taken("key");
    }
    Ok(())
}

fn declaration(a: &AddSourceArgs) -> String {
    let mut table = toml_edit::Table::new();
    table["key"] = toml_edit::value(a.key.as_str());
    if let Some(title) = &a.title {
        table["title"] = toml_edit::value(title.as_str());
    }
    table["kind"] = toml_edit::value(a.kind.as_str());
    format!("[[source]]\n{table}")
}

fn snippets_of(url: &str, made: &[KeyMade]) -> Vec<Snippet> {
    let of = |key: &KeyMade| match key.kind.as_str() {
        "write" => snippets::writing(url, &key.value),
        "client" => snippets::reading(url, &key.value),
        _ => snippets::serving(url, &key.value),
    };
    made.iter().flat_map(of).collect()
}

/// Erases a person.
pub(crate) fn erase(app: &App, a: &UnitArgs) -> Result<Value> {
    let host = app.host()?;
    let erased = host.erase_person(&a.unit, &operator())?;
    app.tell(&["kpis", "connections", "status"]);
    json(reads::erased(erased, host.now()))
}
