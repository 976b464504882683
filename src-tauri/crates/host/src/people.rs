//! Persons: what is kept of one, and forgetting one.

use epoch_model::Result;
use epoch_store::{EraseReport, EventRow, Person, RowsQuery};
use serde_json::json;

use crate::host::Host;
use crate::keys;

/// Events shown of one person.
const RECENT_MAX: usize = 100;
/// Pages of the log looked through for them.
const PAGES_MAX: usize = 50;
const PAGE: usize = 1_000;

impl Host {
    /// A person by any of their ids, with their newest events as far as those are among the newest fifty thousand of that
    /// time. `None` when nobody is known by it.
    pub fn person(&self, unit: &str) -> Result<Option<(Person, Vec<EventRow>)>> {
        let Some(person) = self.inner.store.person(unit)? else { return Ok(None) };
        let mut recent = Vec::new();
        let (Some(first), Some(last)) = (person.first, person.last) else { return Ok(Some((person, recent))) };
        let mut query = RowsQuery { metric: None, name: None, from: first, to: last + 1, cursor: None, limit: PAGE };
        for _ in 0..PAGES_MAX {
            let page = self.inner.store.rows(&query)?;
            recent.extend(page.rows.into_iter().filter(|row| person.ids.contains(&row.unit)));
            query.cursor = page.next;
            if recent.len() >= RECENT_MAX || recent.len() as u64 == person.events || query.cursor.is_none() {
                break;
            }
        }
        recent.truncate(RECENT_MAX);
        Ok(Some((person, recent)))
    }

    /// Takes a person out of everything, and tells the engine the numbers anew from their first event on. The journal says
    /// who did it and how much it was; of the person it holds a hash under a key that is not in the folder.
    pub fn erase_person(&self, unit: &str, actor: &str) -> Result<EraseReport> {
        let key = keys::hash_key(crate::audit::seed_of(&self.inner.store)?)?;
        let report = self.inner.store.erase(unit)?;
        let body = json!({
            "type": "person_erased",
            "person": blake3::keyed_hash(&key, unit.as_bytes()).to_hex().as_str(),
            "erasure": report.erasure,
            "events": report.events,
            "ids": report.merged_ids,
            "rejections": report.rejections,
        });
        self.inner.engine.record_with(actor, body, Vec::new())?;
        if let Some(earliest) = report.earliest {
            self.inner.close_buckets(Some(earliest))?;
        }
        Ok(report)
    }
}
