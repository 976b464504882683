//! Definitions: every version that was published, and which workflows are in force.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::DefinitionRow;
use epoch_workflows::Definition;

use super::files::RefusedFile;

/// A version with who published it.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    pub definition: Arc<Definition>,
    /// What it says, without its version.
    pub hash: String,
    pub published_at: Millis,
    pub by: String,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Book {
    versions: BTreeMap<String, BTreeMap<u32, Published>>,
    /// Keys whose file is there.
    pub in_force: BTreeSet<String>,
    /// Texts of the files as they were last read, and what is wrong with those that are refused.
    pub texts: BTreeMap<String, String>,
    pub refused: BTreeMap<String, RefusedFile>,
    /// Grows with each change, so that what is computed from it is computed again.
    pub edition: u64,
}

impl Book {
    /// From the store's rows.
    pub fn of(rows: Vec<DefinitionRow>) -> Result<Self> {
        let mut book = Self::default();
        for row in rows {
            let definition = serde_json::from_str(&row.body).map_err(|e| {
                Error::new(
                    Code::StoreDamaged,
                    format!("version {} of the workflow {} cannot be read: {e}", row.version, row.key),
                    "run `ras audit verify` and restore a backup",
                )
            })?;
            let (hash, by) = (row.hash, row.by);
            book.add(Published { definition: Arc::new(definition), hash, published_at: row.published_at, by });
        }
        Ok(book)
    }

    pub fn add(&mut self, published: Published) {
        let d = &published.definition;
        self.versions.entry(d.key.clone()).or_default().insert(d.version, published.clone());
        self.edition += 1;
    }

    /// The newest version.
    pub fn newest(&self, key: &str) -> Option<&Published> {
        self.versions.get(key)?.last_key_value().map(|(_, published)| published)
    }

    pub fn version(&self, key: &str, version: u32) -> Option<&Published> {
        self.versions.get(key)?.get(&version)
    }

    /// Versions of a workflow, oldest first.
    pub fn versions(&self, key: &str) -> Vec<Published> {
        self.versions.get(key).map(|v| v.values().cloned().collect()).unwrap_or_default()
    }

    /// The newest version of each, by key.
    pub fn all(&self) -> impl Iterator<Item = &Published> {
        self.versions.values().filter_map(|v| v.last_key_value().map(|(_, published)| published))
    }

    /// The newest version of each that is in force.
    pub fn active(&self) -> impl Iterator<Item = &Published> {
        self.all().filter(|p| self.in_force.contains(&p.definition.key))
    }
}
