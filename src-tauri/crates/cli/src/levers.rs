//! `ras levers` and `ras lever`.

use std::path::Path;

use epoch_api::views::{LeverDetailView, LeverRowView, LeverTrialView, LeversView};
use epoch_model::serving::Protocol;
use epoch_model::{Code, Error, Result};
use serde_json::{Map, Value, json};

use crate::args::LeverCommand;
use crate::output::{Output, table};
use crate::session::{Session, about};

/// What is published.
pub(crate) fn in_force(dir: &Path, out: &Output) -> Result<()> {
    let value = Session::open(dir)?.read("connections", json!({}))?;
    let levers = value["levers"].clone();
    out.answer(&levers, || {
        let rows = levers.as_array().map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<_> = rows
            .iter()
            .map(|l| {
                vec![l["key"].as_str().unwrap_or_default().to_owned(), l["value"].to_string(), l["default"].to_string()]
            })
            .collect();
        table(&["lever", "value", "default"], &rows)
    });
    Ok(())
}

pub(crate) fn lever(command: &LeverCommand, out: &Output) -> Result<()> {
    match command {
        LeverCommand::List(a) => list(&a.dir, out),
        LeverCommand::Show(a) => {
            let (dir, key) = about(a)?;
            let value = Session::open(&dir)?.read("lever", json!({ "key": key }))?;
            told(&value, out)
        }
        LeverCommand::Kill(a) => {
            let (dir, key) = about(a)?;
            let value = Session::open(&dir)?.write("kill_lever", json!({ "key": key }))?;
            told(&value, out)
        }
        LeverCommand::Restore(a) => {
            let (dir, key) = about(a)?;
            let value = Session::open(&dir)?.write("restore_lever", json!({ "key": key }))?;
            told(&value, out)
        }
        LeverCommand::Try { about: a, unit, attributes } => {
            let (dir, key) = about(a)?;
            let attributes: Map<String, Value> = serde_json::from_str(attributes).map_err(|e| {
                let hint = "write e.g. --attributes '{\"plan\": \"pro\"}'";
                Error::new(Code::InvalidArgument, format!("the attributes are no JSON object: {e}"), hint)
            })?;
            attempt(&dir, &key, unit, &attributes, out)
        }
    }
}

fn list(dir: &Path, out: &Output) -> Result<()> {
    let view: LeversView = Session::open(dir)?.view("levers", json!({}))?;
    out.answer(&serde_json::to_value(&view).unwrap_or_default(), || {
        let row = |l: &LeverRowView| {
            let rules: Vec<&str> = l.rules.iter().map(|r| r.text.as_str()).collect();
            vec![l.key.clone(), l.state.clone(), l.value_text.clone(), l.readers.to_string(), rules.join("; ")]
        };
        let mut lines =
            table(&["lever", "state", "value", "readers", "rules"], &view.levers.iter().map(row).collect::<Vec<_>>());
        for lever in &view.levers {
            lines.extend(lever.warnings.iter().map(|w| format!("! {}: {} ({})", lever.key, w.text, w.next)));
        }
        lines.extend(view.publish.iter().map(|p| format!("published to {}: {}", p.place, p.health_text)));
        lines
    });
    Ok(())
}

fn told(value: &Value, out: &Output) -> Result<()> {
    let view: LeverDetailView = serde_json::from_value(value.clone())
        .map_err(|e| Error::new(Code::Internal, format!("the lever is not understood: {e}"), "report this"))?;
    out.answer(value, || {
        let l = &view.lever;
        let mut lines = vec![format!("{} is {}: {} (default {})", l.key, l.state, l.value_text, l.default_text)];
        lines.extend(l.rules.iter().map(|r| format!("  {}", r.text)));
        lines.extend(l.warnings.iter().map(|w| format!("! {} ({})", w.text, w.next)));
        lines.extend(
            view.history.iter().map(|c| format!("  version {}: {} ({})", c.version.unwrap_or(0), c.text, c.actor)),
        );
        lines.extend(
            view.readers.iter().map(|r| format!("  read by {} with {}, {} times", r.client, r.key, r.requests)),
        );
        lines
    });
    Ok(())
}

fn attempt(dir: &Path, key: &str, unit: &str, attributes: &Map<String, Value>, out: &Output) -> Result<()> {
    let asked = json!({ "key": key, "unit": unit, "attributes": attributes });
    let view: LeverTrialView = Session::open(dir)?.view("try_lever", asked)?;
    out.answer(&serde_json::to_value(&view).unwrap_or_default(), || {
        let name = |p: Protocol| format!("{p:?}").to_lowercase();
        let rows: Vec<_> = view
            .results
            .iter()
            .map(|r| {
                let why = r.problem.clone().or_else(|| r.rule.clone()).unwrap_or_default();
                let chance = r.propensity.map_or_else(String::new, |p| format!("{p:.4}"));
                vec![name(r.protocol), r.value_text.clone(), r.variant.clone().unwrap_or_default(), why, chance]
            })
            .collect();
        table(&["protocol", "value", "variant", "rule", "probability"], &rows)
    });
    Ok(())
}
