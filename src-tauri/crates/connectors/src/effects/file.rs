//! A file of the business's folder: replaced whole, or added to with a marker that carries the key. Readers see the old or
//! the new file, never a part. Never outside the folder, never through a link, never what the engine itself reads.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};

use epoch_model::time::Millis;
use serde_json::{Value, json};

use super::delivery::{Delivery, DryRun, Found};
use super::{Around, payload};

/// What is the engine's or the founder's own, in the folder itself; names are compared without case.
const OURS: [&str; 10] = [
    "business.toml",
    "policy.cedar",
    "playbooks.toml",
    "levers.json",
    "host.json",
    "stop",
    "sandbox",
    "workflows",
    "backups",
    "logs",
];
/// Files larger than this are not added to.
const APPEND_MAX: u64 = 64 << 20;

/// The path within the folder with `{date}` (UTC) and fields filled in.
fn place(path: &str, payload: &Value, now: Millis) -> Result<String, String> {
    let filled = payload::fill(path, |name| match name {
        "date" => Some(jiff::Timestamp::from_millisecond(now).ok()?.strftime("%Y-%m-%d").to_string()),
        // A value becomes a part of one name: it cannot add folders or hide the file.
        name => payload::field(payload, name).map(|value| {
            let plain: String = value
                .chars()
                .take(80)
                .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' })
                .collect();
            plain.trim_matches('.').to_owned()
        }),
    })?;
    let below = |part: Component<'_>| matches!(part, Component::Normal(n) if !n.to_string_lossy().starts_with('.'));
    if filled.is_empty()
        || filled.ends_with('/')
        || filled.contains(['\\', ':'])
        || !Path::new(&filled).components().all(below)
    {
        return Err(format!("“{filled}” is no plain file below the business's folder"));
    }
    let first = filled.split('/').next().unwrap_or_default().to_lowercase();
    if OURS.contains(&first.as_str()) || first.starts_with("business.db") {
        return Err(format!("“{filled}” is the engine's own"));
    }
    Ok(filled)
}

/// What stands in the way of writing there; links are refused wherever they lead.
fn way(folder: &Path, path: &str) -> Result<PathBuf, Delivery> {
    let mut full = folder.to_owned();
    let parts: Vec<_> = Path::new(path).components().collect();
    for (n, part) in parts.iter().enumerate() {
        full.push(part);
        let last = n + 1 == parts.len();
        match fs::symlink_metadata(&full) {
            Ok(found) if found.is_symlink() => return Err(Delivery::semantic(format!("“{path}” goes through a link"))),
            Ok(found) if found.is_dir() == last => return Err(Delivery::semantic(format!("“{path}” is no file"))),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(failed(path, &e)),
        }
    }
    Ok(full)
}

fn failed(path: &str, e: &std::io::Error) -> Delivery {
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::Interrupted | ErrorKind::ResourceBusy => {
            Delivery::retry(format!("“{path}” cannot be written: {e}"))
        }
        _ => Delivery::semantic(format!("“{path}” cannot be written: {e}")),
    }
}

/// What is written: the payload's `text`, or the payload itself as JSON.
fn content(payload: &Value) -> String {
    let mut text = payload::field(payload, "text").unwrap_or_else(|| format!("{payload:#}"));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// What is added: lines of JSON carry the key as a field, everything else in a comment after the text.
fn addition(key: &str, path: &str, payload: &Value) -> String {
    let extension = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default();
    if matches!(extension, "jsonl" | "ndjson") {
        return format!("{}\n", json!({ "key": key, "payload": payload }));
    }
    format!("{}{}\n", content(payload), marker(key))
}

fn marker(key: &str) -> String {
    format!("<!-- epochcore {key} -->")
}

fn carries(text: &str, key: &str) -> bool {
    let (comment, field) = (marker(key), format!("\"key\":{}", json!(key)));
    text.lines().any(|line| line == comment || line.contains(&field))
}

fn read(full: &Path) -> std::io::Result<Option<String>> {
    match fs::read(full) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

pub(super) fn write(key: &str, path: &str, append: bool, payload: &Value, around: &Around<'_>) -> Delivery {
    let path = match place(path, payload, around.began) {
        Ok(path) => path,
        Err(why) => return Delivery::semantic(why),
    };
    let full = match way(around.folder, &path) {
        Ok(full) => full,
        Err(delivery) => return delivery,
    };
    let done = |detail: &str, bytes: usize| Delivery::delivered(detail, json!({ "path": path, "bytes": bytes }));
    let text = if append {
        if fs::metadata(&full).is_ok_and(|m| m.len() > APPEND_MAX) {
            return Delivery::semantic(format!("“{path}” is too large to be added to"));
        }
        // Bytes, not text: what is there stays as it is, whatever its encoding.
        let before = match fs::read(&full) {
            Ok(before) => before,
            Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
            Err(e) => return failed(&path, &e),
        };
        if carries(&String::from_utf8_lossy(&before), key) {
            return done("was there already", before.len());
        }
        let line = if before.last().is_none_or(|b| *b == b'\n') { "" } else { "\n" };
        [&before, line.as_bytes(), addition(key, &path, payload).as_bytes()].concat()
    } else {
        content(payload).into_bytes()
    };
    if !(around.may_leave)() {
        return Delivery::Held;
    }
    match put(&full, &text) {
        Ok(()) => done("written", text.len()),
        Err(e) => failed(&path, &e),
    }
}

fn put(full: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = full.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let name = full.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, full)?;
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| {
        // The temporary file is only a leftover; the error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    })
}

/// By the marker, or by the content.
pub(super) fn look_up(key: &str, path: &str, append: bool, payload: &Value, around: &Around<'_>) -> Found {
    let unknown = |detail: String| Found::Unknown { detail };
    let path = match place(path, payload, around.began) {
        Ok(path) => path,
        Err(why) => return unknown(why),
    };
    let full = match way(around.folder, &path) {
        Ok(full) => full,
        Err(delivery) => return unknown(delivery.detail().to_owned()),
    };
    match read(&full) {
        Ok(Some(text)) if if append { carries(&text, key) } else { text == content(payload) } => {
            let answer = json!({ "path": path, "bytes": text.len() });
            Found::Arrived { detail: "found in the file".to_owned(), answer }
        }
        Ok(_) => Found::Absent,
        Err(e) => unknown(format!("“{path}” cannot be read: {e}")),
    }
}

pub(super) fn describe(path: &str, append: bool, payload: &Value, around: &Around<'_>) -> DryRun {
    let place = place(path, payload, around.began).and_then(|place| match way(around.folder, &place) {
        Ok(full) => Ok((place, full)),
        Err(delivery) => Err(delivery.detail().to_owned()),
    });
    match place {
        Err(why) => DryRun { text: format!("Write {path}"), problems: vec![why] },
        Ok((place, full)) => {
            let there = full.exists();
            let verb = match (append, there) {
                (true, true) => "Add to",
                (false, true) => "Replace",
                (_, false) => "Make",
            };
            let text = if append { addition("(the decision's key)", &place, payload) } else { content(payload) };
            DryRun { text: format!("{verb} {place}, {} bytes\n\n{text}", text.len()), problems: Vec::new() }
        }
    }
}
