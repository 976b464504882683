//! `ras source`, `ras secret`, `ras rejected`, `ras person`.

use std::io::{BufRead as _, Read as _};
use std::path::Path;

use epoch_api::views::{ConnectionsView, PersonView, SecretView, SourceAdded, StatusView};
use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};

use crate::args::{About, PersonCommand, RejectedCommand, Secret, SecretCommand, SourceCommand};
use crate::output::{Output, table};
use crate::session::{Session, about};

/// Longest text read from stdin.
const STDIN_MAX: u64 = 4 << 20;

pub(crate) fn source(command: &SourceCommand, out: &Output) -> Result<()> {
    let SourceCommand::Add { about: a, kind, title } = command;
    let (dir, key) = about(a)?;
    let asked = json!({ "kind": kind, "key": key, "title": title });
    let value = Session::open(&dir)?.write("add_source", asked)?;
    out.answer(&value, || {
        let Ok(added) = serde_json::from_value::<SourceAdded>(value.clone()) else { return Vec::new() };
        let mut lines: Vec<String> =
            added.keys.iter().map(|k| format!("{} key “{}”: {}", k.kind, k.name, k.value)).collect();
        lines.extend(added.next.iter().map(|next| format!("next: {next}")));
        for s in &added.snippets {
            lines.extend([String::new(), format!("{}  {}", s.title, s.install), s.code.clone()]);
        }
        lines
    });
    Ok(())
}

pub(crate) fn secret(a: &Secret, out: &Output) -> Result<()> {
    match &a.command {
        None => webhook_secret(&a.dir, out),
        Some(SecretCommand::List(a)) => {
            let value = Session::open(&a.dir)?.read("connections", json!({}))?["secrets"].take();
            named(&value, out);
            Ok(())
        }
        Some(SecretCommand::Set(a)) => {
            let (dir, name) = about(a)?;
            let mut session = Session::open(&dir)?;
            out.say(&format!("the secret “{name}”, on one line:"));
            let mut line = String::new();
            let stdin = std::io::stdin().lock();
            stdin.take(STDIN_MAX).read_line(&mut line).map_err(|e| unread(&e))?;
            let value = session.write("set_secret", json!({ "name": name, "value": line }))?;
            named(&value, out);
            Ok(())
        }
        Some(SecretCommand::Remove(a)) => {
            let (dir, name) = about(a)?;
            let value = Session::open(&dir)?.write("remove_secret", json!({ "name": name }))?;
            named(&value, out);
            Ok(())
        }
    }
}

fn unread(e: &std::io::Error) -> Error {
    Error::new(Code::InvalidArgument, format!("stdin cannot be read: {e}"), "pipe it in, as in `printf %s … | ras …`")
}

fn webhook_secret(dir: &Path, out: &Output) -> Result<()> {
    let status: StatusView = Session::open(dir)?.view("status", json!({}))?;
    let business = status.business.map(|b| b.name).unwrap_or_default();
    let secret = epoch_host::keys::webhook_secret_text(&business)?;
    out.answer(&json!({ "webhook_secret": secret }), || vec![secret.clone()]);
    Ok(())
}

fn named(value: &Value, out: &Output) {
    out.answer(value, || {
        let all: Vec<SecretView> = serde_json::from_value(value.clone()).unwrap_or_default();
        let set = |set: bool| if set { "kept" } else { "missing" };
        let rows: Vec<_> = all.iter().map(|s| vec![s.name.clone(), set(s.set).into(), s.used_by.join(", ")]).collect();
        table(&["secret", "", "needed by"], &rows)
    });
}

pub(crate) fn rejected(command: &RejectedCommand, out: &Output) -> Result<()> {
    match command {
        RejectedCommand::List(a) => {
            let value = Session::open(&a.dir)?.read("connections", json!({}))?;
            let rejections = value["rejections"].clone();
            out.answer(&rejections, || {
                let Ok(view) = serde_json::from_value::<ConnectionsView>(value.clone()) else { return Vec::new() };
                let done = |done: bool| if done { "taken since" } else { "" };
                let rows: Vec<_> = view
                    .rejections
                    .iter()
                    .map(|r| {
                        let raw = r.raw.chars().take(60).collect();
                        vec![r.id.to_string(), r.source.clone(), done(r.done).into(), r.reason.clone(), raw]
                    })
                    .collect();
                table(&["id", "source", "", "why", "text"], &rows)
            });
            Ok(())
        }
        RejectedCommand::Replay { about: a, raw } => {
            let (dir, id) = about(a)?;
            let id: u64 = id.parse().map_err(|_| {
                Error::new(Code::InvalidArgument, format!("“{id}” is no number"), "list them with `ras rejected list`")
            })?;
            let raw = match raw.as_deref() {
                Some("-") => {
                    let mut text = String::new();
                    std::io::stdin().lock().take(STDIN_MAX).read_to_string(&mut text).map_err(|e| unread(&e))?;
                    Some(text)
                }
                other => other.map(str::to_owned),
            };
            let value = Session::open(&dir)?.write("replay_rejection", json!({ "id": id, "raw": raw }))?;
            out.answer(&value, || vec![format!("{} taken, {} known already", value["accepted"], value["duplicates"])]);
            Ok(())
        }
    }
}

pub(crate) fn person(command: &PersonCommand, out: &Output) -> Result<()> {
    match command {
        PersonCommand::Show(a) => show(a, out),
        PersonCommand::Erase { about: a, yes } => {
            let (dir, unit) = about(a)?;
            if !yes && !agreed(&unit, out)? {
                return Err(Error::new(
                    Code::InvalidArgument,
                    "nothing was erased",
                    "give --yes to erase without being asked",
                ));
            }
            let value = Session::open(&dir)?.write("erase_person", json!({ "unit": unit }))?;
            out.answer(&value, || {
                vec![
                    format!("{} events under {} ids are erased", value["events"], value["ids"]),
                    value["note"].as_str().unwrap_or_default().to_owned(),
                ]
            });
            Ok(())
        }
    }
}

fn agreed(unit: &str, out: &Output) -> Result<bool> {
    if !out.interactive() {
        return Ok(false);
    }
    out.say(&format!("Erase everything of “{unit}”? This cannot be undone. [y/N]"));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| unread(&e))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn show(a: &About, out: &Output) -> Result<()> {
    let (dir, unit) = about(a)?;
    let view: PersonView = Session::open(&dir)?.view("person", json!({ "unit": unit }))?;
    out.answer(&serde_json::to_value(&view).unwrap_or_default(), || {
        let mut lines = vec![format!("{} events under {}", view.events, view.ids.join(", "))];
        let rows: Vec<_> = view
            .recent
            .iter()
            .map(|r| vec![r.time.to_string(), r.name.clone(), r.unit.clone(), r.props.to_string()])
            .collect();
        lines.extend(table(&["time", "event", "id", "properties"], &rows));
        lines
    });
    Ok(())
}
