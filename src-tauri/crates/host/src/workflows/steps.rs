//! The story of a run, from its own rows of the journal: each names the one before it.
//!
//! A row holds the event, the clock, the version and the state after; the first one the inputs, too. With the definition of
//! that version that is all [`epoch_workflows::Run::handle`] needs, so [`retell`] gives the same run and the same commands.

use epoch_model::journal::JournalRow;
use epoch_model::time::Zone;
use epoch_model::{Code, Error, Result};
use epoch_store::Store;
use epoch_workflows::{Definition, Event, Run, Variables};
use serde_json::Value;

/// Journal rows of a run, newest first, at most `limit`.
pub fn rows(store: &Store, last: u64, limit: usize) -> Result<Vec<JournalRow>> {
    let mut rows = Vec::new();
    let mut seq = last;
    while seq > 0 && rows.len() < limit {
        let Some(row) = store.journal(seq, 1)?.into_iter().next().filter(|row| row.seq == seq) else { break };
        seq = row.body.get("before").and_then(Value::as_u64).filter(|before| *before < seq).unwrap_or(0);
        rows.push(row);
    }
    Ok(rows)
}

/// The run as its rows tell it, oldest row first. `definition` answers the version asked for.
pub fn retell(rows: &[JournalRow], definition: &dyn Fn(&str, u32) -> Option<Definition>, zone: &Zone) -> Result<Run> {
    let damaged =
        |what: &str| Error::new(Code::StoreDamaged, format!("the run's rows lack {what}"), "verify the journal");
    let first = rows.first().ok_or_else(|| damaged("the first"))?;
    let text = |row: &JournalRow, name: &str| row.body.get(name).and_then(Value::as_str).map(str::to_owned);
    let version =
        |row: &JournalRow| row.body.get("version").and_then(Value::as_u64).and_then(|v| u32::try_from(v).ok());
    let field = |row: &JournalRow, name: &str| row.body.get(name).cloned().unwrap_or_default();
    let (id, key) = (text(first, "run"), text(first, "workflow"));
    let (id, key) = (id.ok_or_else(|| damaged("its id"))?, key.ok_or_else(|| damaged("its workflow"))?);
    let inputs: Variables = serde_json::from_value(field(first, "inputs")).map_err(|_| damaged("its inputs"))?;
    let parent = serde_json::from_value(field(first, "parent")).map_err(|_| damaged("who started it"))?;
    let mut run: Option<Run> = None;
    for row in rows {
        let pinned =
            version(row).and_then(|v| definition(&key, v)).ok_or_else(|| damaged("a version that is known"))?;
        let event: Event = serde_json::from_value(field(row, "event")).map_err(|_| damaged("an event"))?;
        let mut moved = match run {
            Some(run) => run,
            None => Run::start(&pinned, &id, &inputs, row.at, Option::clone(&parent))?,
        };
        moved.handle(&pinned, &event, row.at, zone)?;
        run = Some(moved);
    }
    run.ok_or_else(|| damaged("the first"))
}
