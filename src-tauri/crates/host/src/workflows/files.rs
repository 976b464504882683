//! The founder's files `workflows/*.toml`: read when they change, refused whole, published as versions that never change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use epoch_model::business::Problem;
use epoch_model::journal::RowKind;
use epoch_model::{Code, Error, Result};
use epoch_store::{DefinitionRow, Entry};
use epoch_workflows::Definition;
use epoch_workflows::publish::{Around, check_text};
use serde_json::json;

use super::{Published, Workflows};
use crate::config;
use crate::order::Flight;

/// The folder of the files, in the business's folder.
pub(crate) const DIR: &str = "workflows";
/// Files that are read; more than that is no collection of procedures.
const FILES_MAX: usize = 500;
/// Bytes of a file that are read.
const BYTES_MAX: u64 = 256 * 1024;

/// A file that is refused; what was published before stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// `workflows/launch.toml`.
    pub file: String,
    pub problems: Vec<Problem>,
}

fn problem(message: impl Into<String>, hint: &str) -> Vec<Problem> {
    vec![Problem { line: 0, column: 0, path: String::new(), message: message.into(), hint: hint.to_owned() }]
}

/// Why a text is refused, in one error.
pub(crate) fn refusal(problems: &[Problem]) -> Error {
    let Some(first) = problems.first() else {
        return Error::new(Code::ConfigInvalid, "the workflow is not valid", "look at its text");
    };
    let more = if problems.len() > 1 { format!(" (and {} more)", problems.len() - 1) } else { String::new() };
    let message = format!("line {}: {}{more}", first.line, first.message);
    Error::new(Code::ConfigInvalid, message, first.hint.clone())
}

impl Workflows {
    fn dir(&self) -> PathBuf {
        self.folder.path().join(DIR)
    }

    /// What a text says, and what stands in the way of publishing it.
    pub(crate) fn check(&self, text: &str) -> std::result::Result<Definition, Vec<Problem>> {
        let business = self.config.read().business.clone();
        let keys: Vec<String> = self.book.read().all().map(|p| p.definition.key.clone()).collect();
        Self::check_beside(text, &business, keys)
    }

    fn check_beside(
        text: &str,
        business: &epoch_model::business::Business,
        mut keys: Vec<String>,
    ) -> std::result::Result<Definition, Vec<Problem>> {
        if let Ok(parsed) = epoch_workflows::parse(text) {
            keys.push(parsed.key);
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        check_text(text, &Around { business, workflows: &keys })
    }

    /// Reads the files again where one changed. Answers whether anything did.
    pub(crate) fn look_at_files(&self) -> Result<bool> {
        let texts = self.read_files()?;
        if texts == self.book.read().texts {
            return Ok(false);
        }
        let business = self.config.read().business.clone();
        let parsed = texts.values().filter_map(|text| epoch_workflows::parse(text).ok());
        let keys: Vec<String> = parsed.map(|d| d.key).collect();
        let (mut refused, mut in_force) = (BTreeMap::new(), BTreeSet::new());
        for (file, text) in &texts {
            let name = format!("{DIR}/{file}");
            match Self::check_beside(text, &business, keys.clone()) {
                Ok(definition) if in_force.contains(&definition.key) => {
                    let message = format!("another file has the key “{}” already", definition.key);
                    refused.insert(file.clone(), RefusedFile { file: name, problems: problem(message, "rename it") });
                }
                Ok(definition) => {
                    in_force.insert(definition.key.clone());
                    self.publish(definition, text, &format!("file:{name}"))?;
                }
                Err(problems) => {
                    // The last good version stays in force while its file is there.
                    let key = epoch_workflows::parse(text).map_or_else(|_| stem(file), |d| d.key);
                    in_force.insert(key);
                    refused.insert(file.clone(), RefusedFile { file: name, problems });
                }
            }
        }
        let mut book = self.book.write();
        in_force.retain(|key| book.newest(key).is_some());
        (book.texts, book.refused, book.in_force) = (texts, refused, in_force);
        book.edition += 1;
        Ok(true)
    }

    /// Texts that are held against a business that changed meanwhile.
    pub(crate) fn look_again(&self) {
        self.book.write().texts.clear();
    }

    fn read_files(&self) -> Result<BTreeMap<String, String>> {
        let dir = self.dir();
        let list = match std::fs::read_dir(&dir) {
            Ok(list) => list,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(e) => return Err(config::io_error(&dir, &e)),
        };
        let mut texts = BTreeMap::new();
        for entry in list.flatten().take(FILES_MAX) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let toml = entry.path().extension().is_some_and(|ext| ext == "toml") && !name.starts_with('.');
            let fits = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= BYTES_MAX);
            if toml && fits {
                let path = entry.path();
                texts.insert(name, std::fs::read_to_string(&path).map_err(|e| config::io_error(&path, &e))?);
            }
        }
        Ok(texts)
    }

    /// Publishes a definition as the next version, unless the newest says the same.
    pub(super) fn publish(&self, mut definition: Definition, text: &str, by: &str) -> Result<Arc<Definition>> {
        let hash = definition.hash();
        let newest = self.book.read().newest(&definition.key).cloned();
        if let Some(same) = newest.as_ref().filter(|newest| newest.hash == hash) {
            return Ok(same.definition.clone());
        }
        definition.version = newest.map_or(1, |newest| newest.definition.version + 1);
        let now = self.clock.now();
        let body = json!({
            "type": "workflow_published",
            "workflow": definition.key,
            "version": definition.version,
            "hash": hash,
        });
        let mut entry = Entry::new(now, RowKind::Host, by, body);
        entry.definitions.push(DefinitionRow {
            key: definition.key.clone(),
            version: definition.version,
            hash: hash.clone(),
            text: text.to_owned(),
            body: definition.canonical(),
            published_at: now,
            by: by.to_owned(),
        });
        let order = self.engine.order();
        let Flight { pending, .. } = order.send(&self.store, vec![entry])?;
        if let Err(e) = pending.wait() {
            order.settle(&self.store)?;
            return Err(e);
        }
        let definition = Arc::new(definition);
        let mut book = self.book.write();
        book.in_force.insert(definition.key.clone());
        book.add(Published { definition: definition.clone(), hash, published_at: now, by: by.to_owned() });
        Ok(definition)
    }

    /// Writes a text among the founder's files and publishes it. [`Code::ConfigInvalid`] says what is wrong with it.
    pub(crate) fn publish_text(&self, text: &str, by: &str) -> Result<Arc<Definition>> {
        let definition = self.check(text).map_err(|problems| refusal(&problems))?;
        let file = {
            let book = self.book.read();
            let own = |t: &String| epoch_workflows::parse(t).is_ok_and(|d| d.key == definition.key);
            let known = book.texts.iter().find(|(_, t)| own(t)).map(|(file, _)| file.clone());
            known.unwrap_or_else(|| format!("{}.toml", definition.key))
        };
        let dir = self.dir();
        std::fs::create_dir_all(&dir).map_err(|e| config::io_error(&dir, &e))?;
        config::write_whole(&dir.join(&file), text.as_bytes())?;
        let published = self.publish(definition, text, by)?;
        let mut book = self.book.write();
        book.texts.insert(file.clone(), text.to_owned());
        book.refused.remove(&file);
        Ok(published)
    }
}

fn stem(file: &str) -> String {
    file.strip_suffix(".toml").unwrap_or(file).to_owned()
}
