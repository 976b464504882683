//! `ras import`: shows what a file would become, imports it, and says how it went.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use epoch_api::views::{ImportPreviewView, ImportProgress};
use epoch_api::{App, AppOptions, control};
use epoch_host::config::Folder;
use epoch_host::{Host, ImportRequest};
use epoch_model::business::{Business, Mapping};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args;
use crate::output::Output;
use crate::session::{Session, Way, instant, split_dir, take, zone_in};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Imports a file.
pub(crate) fn import(args: &args::Import, output: &Output) -> Result<()> {
    let (dir, file) = split_dir(&args.paths, args.dir.as_ref())?;
    let file = file.canonicalize().map_err(|e| epoch_host::config::io_error(&file, &e))?;
    Folder::new(&dir).check()?;
    let declared = declared_mapping(args, &dir)?;
    let given = explicit_mapping(args, declared)?;
    // A replay runs a whole host, so that decisions can be answered while history arrives.
    let (mut session, live) = match args.as_live {
        Some(_) => {
            let app = Arc::new(App::new(AppOptions { background: true, ..AppOptions::default() }));
            if let Some(client) = take(&app, &dir)? {
                (Some(Session::over(&dir, client)), None)
            } else {
                let served = control::serve(&app)?;
                (None, Some((app, served)))
            }
        }
        None => (Some(Session::open(&dir)?), None),
    };
    let mut read = |name: &str, a: Value| match (&mut session, &live) {
        (Some(session), _) => session.read(name, a),
        (None, Some((app, _))) => app.read(name, a),
        (None, None) => Ok(Value::Null),
    };
    let preview: ImportPreviewView = parse(read("import_preview", json!({ "path": file, "mapping": given.clone() }))?)?;
    let mapping = if given.is_some() { preview.mapping.clone() } else { amend(preview.mapping.clone(), args)? };
    if args.preview {
        output.answer(&serde_json::to_value(&preview).unwrap_or_default(), || shown(&preview));
        return Ok(());
    }
    if given.is_none() {
        for line in shown(&preview) {
            output.say(&line);
        }
        if output.interactive() && !args.yes && !agreed(output) {
            return Err(Error::new(
                Code::MappingInvalid,
                "nothing was imported",
                "correct it with --map FIELD=EXPRESSION",
            ));
        }
    }
    let zone = zone_in(&read("status", Value::Null)?)?;
    let live_from = args.live_from.as_deref().map(|t| instant(t, &zone)).transpose()?;
    let source = args.source.clone().unwrap_or_else(|| epoch_api::FILE_SOURCE.to_owned());
    let progress = match (session.as_mut().map(|s| &mut s.way), live) {
        (Some(Way::Remote(client)), _) => {
            // JSON has no infinity; the running host goes this fast from day to day.
            let speed = args.as_live.map(|s| if s.is_finite() { s } else { 1e12 });
            let request = json!({ "path": file, "mapping": mapping, "as_live": speed, "live_from": live_from, "hold": args.hold, "source": source });
            client.call("write", "import_start", request)?;
            follow(output, || {
                let value = client.call("read", "import_progress", Value::Null)?;
                Ok((parse(value)?, None))
            })?
        }
        (Some(Way::Local(app)), _) => {
            let host = app.host()?;
            start(&host, &file, mapping, source, args, live_from)?;
            let done = follow(output, || Ok((parse(app.read("import_progress", Value::Null)?)?, None)))?;
            host.work_once()?;
            done
        }
        (None, Some((app, _served))) => {
            let host = app.host()?;
            start(&host, &file, mapping, source, args, live_from)?;
            let done = follow(output, || {
                let held = host.replay_state().is_some_and(|s| s.held);
                Ok((parse(app.read("import_progress", Value::Null)?)?, held.then(|| waiting(&app, &dir))))
            })?;
            drop(host);
            app.close();
            done
        }
        (None, None) => return Err(Error::new(Code::Internal, "no session", "report this")),
    };
    finish(output, &progress)
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|e| Error::new(Code::Internal, format!("the host's answer is not understood: {e}"), "report this"))
}

fn start(
    host: &Host,
    file: &Path,
    mapping: Mapping,
    source: String,
    args: &args::Import,
    live_from: Option<Millis>,
) -> Result<()> {
    let request =
        ImportRequest { path: file.to_owned(), mapping, source, as_live: args.as_live, live_from, hold: args.hold };
    host.start_import(request).map(|_| ())
}

fn waiting(app: &App, dir: &Path) -> String {
    let first = app.read("approvals", Value::Null).ok().and_then(|v| v.get(0).cloned()).unwrap_or_default();
    let text = |key: &str| first.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} waits: {} (ras approve {} {})", text("id"), text("headline"), dir.display(), text("id"))
}

/// Shows a bar until the import is over.
fn follow(
    output: &Output,
    mut look: impl FnMut() -> Result<(Option<ImportProgress>, Option<String>)>,
) -> Result<ImportProgress> {
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut said = String::new();
    loop {
        let (progress, held) = look()?;
        if let Some(progress) = progress {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes_done);
            let left = progress.seconds_left.map_or_else(String::new, |s| format!(", {s:.0} s left"));
            let rejected =
                if progress.rejected > 0 { format!(", {} rejected", progress.rejected) } else { String::new() };
            bar.set_message(format!("{} rows, {:.0} rows/s{left}{rejected}", progress.rows, progress.rows_per_second));
            if progress.state != "running" {
                bar.finish_and_clear();
                return Ok(progress);
            }
        }
        if let Some(held) = held
            && held != said
        {
            bar.suspend(|| output.say(&held));
            said = held;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn finish(output: &Output, p: &ImportProgress) -> Result<()> {
    if let Some(problem) = &p.error {
        let code = serde_json::from_value(json!(problem.code)).unwrap_or(Code::Internal);
        return Err(Error::new(code, problem.message.clone(), problem.hint.clone()));
    }
    output.answer(&serde_json::to_value(p).unwrap_or_default(), || {
        let mut lines = vec![format!(
            "{}: {} rows, {} accepted, {} known already, {} rejected",
            p.file, p.rows, p.accepted, p.duplicates, p.rejected
        )];
        lines.extend(p.rejected_file.iter().map(|f| format!("rejected lines with reasons: {f}")));
        lines
    });
    Ok(())
}

fn shown(preview: &ImportPreviewView) -> Vec<String> {
    let mapping = &preview.mapping;
    let mut lines = vec![format!("{} ({})", preview.path, preview.format)];
    let mut fields =
        vec![("event", mapping.event.clone()), ("time", mapping.time.clone()), ("unit", mapping.unit.clone())];
    fields.extend(mapping.id.iter().map(|id| ("id", id.clone())));
    lines.extend(fields.iter().map(|(field, e)| format!("  {field:<10} = {e}")));
    lines.extend(mapping.props.iter().map(|(field, e)| format!("  {field:<10} = {e}")));
    lines.extend(preview.reasons.iter().map(|r| format!("  · {r}")));
    lines.push("first events:".into());
    lines.extend(preview.events.iter().take(3).map(|e| format!("  {} {} {} {}", e.time, e.name, e.unit, e.props)));
    lines.extend(preview.problems.iter().map(|p| format!("  ! {} ({})", p.message, p.hint)));
    lines
}

fn agreed(output: &Output) -> bool {
    let _ = write!(std::io::stderr(), "Import with this mapping? [Y/n] ");
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line).is_err() {
        output.say("no answer");
        return false;
    }
    matches!(line.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

fn declared_mapping(args: &args::Import, dir: &Path) -> Result<Option<Mapping>> {
    let Some(key) = &args.source else { return Ok(None) };
    let text = epoch_host::config::read_text(&Folder::new(dir).toml())?;
    let business = Business::parse(&text).map_err(|p| epoch_host::config::refusal(&p))?;
    let source = business.sources.iter().find(|s| &s.key == key).ok_or_else(|| {
        Error::new(Code::NotFound, format!("business.toml has no source “{key}”"), "declare it, or leave --source out")
    })?;
    Ok(source.map.clone())
}

/// The mapping as it is given: complete only with event and time; otherwise what is given amends the guess.
fn explicit_mapping(args: &args::Import, declared: Option<Mapping>) -> Result<Option<Mapping>> {
    let complete =
        ["event", "time"].iter().all(|f| args.map.iter().any(|m| m.trim_start().starts_with(&format!("{f}="))));
    match declared {
        Some(mapping) => Ok(Some(amend(mapping, args)?)),
        None if complete => Ok(Some(amend(Mapping::default(), args)?)),
        None => Ok(None),
    }
}

fn amend(mut mapping: Mapping, args: &args::Import) -> Result<Mapping> {
    for field in &args.map {
        let (name, expression) = field.split_once('=').ok_or_else(|| {
            Error::new(Code::MappingInvalid, format!("“{field}” has no ="), "write --map FIELD=EXPRESSION")
        })?;
        let expression = expression.trim().to_owned();
        match name.trim() {
            "event" => mapping.event = expression,
            "time" => mapping.time = expression,
            "unit" => mapping.unit = expression,
            "id" => mapping.id = Some(expression).filter(|e| !e.is_empty()),
            prop => {
                mapping.props.insert(prop.to_owned(), expression);
            }
        }
    }
    mapping.only_mapped |= args.only_mapped;
    mapping.delimiter = args.delimiter.or(mapping.delimiter);
    mapping.encoding = args.encoding.clone().or(mapping.encoding);
    mapping.time_format = args.time_format.clone().or(mapping.time_format);
    mapping.timezone = args.zone.clone().or(mapping.timezone);
    mapping.sheet = args.sheet.clone().or(mapping.sheet);
    Ok(mapping)
}
