//! The events of a file, one after the other, for replaying it as if it happened now.

use std::path::Path;
use std::sync::Arc;

use epoch_model::Result;
use epoch_model::business::Mapping;
use epoch_model::event::event_id;

use super::identity::Occurrences;
use super::mapper::Mapper;
use super::open;
use super::record::{Kind, Record, Rows};
use super::sniff::Sniffed;
use super::types::OwnedEvent;

/// Names shared between events; a file with more different ones gets them unshared.
const NAMES_MAX: usize = 256;

/// Iterator over the events of a file in file order; rows that are refused are skipped and counted.
pub struct Events {
    rows: Box<dyn Rows>,
    mapper: Mapper,
    record: Record,
    occurrences: Occurrences,
    source: Box<str>,
    names: Vec<Arc<str>>,
    rejected: u64,
    ended: bool,
}

impl Events {
    /// See [`super::events`].
    pub fn open(path: &Path, mapping: &Mapping, source: &str, zone: &str) -> Result<Self> {
        let mut found = Sniffed::open(path, Some(mapping))?;
        let mapper = open::mapper(&mut found, mapping, zone)?;
        Ok(Self {
            rows: found.rows()?,
            mapper,
            record: Record::default(),
            occurrences: Occurrences::default(),
            source: source.into(),
            names: Vec::new(),
            rejected: 0,
            ended: false,
        })
    }

    /// Rows refused so far.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    fn name(&mut self) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|n| ***n == *self.mapper.name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = self.mapper.name.as_str().into();
        if self.names.len() < NAMES_MAX {
            self.names.push(Arc::clone(&name));
        }
        name
    }
}

impl Iterator for Events {
    type Item = Result<OwnedEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.rows.next(&mut self.record) {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(e) => {
                    self.ended = true;
                    return Some(Err(e));
                }
            }
            let usable = match self.record.kind {
                _ if self.ended => break,
                Kind::Blank => continue,
                Kind::Bad(..) => false,
                Kind::Fields | Kind::Json => self.mapper.map(&self.record).is_ok(),
            };
            if !usable {
                self.rejected = self.rejected.saturating_add(1);
                continue;
            }
            let name = self.name();
            let m = &self.mapper;
            let id = if m.id_text.is_empty() {
                self.occurrences.id(&m.name, &m.unit_text, m.at, &m.props_text)
            } else {
                event_id(&self.source, &m.id_text)
            };
            let (unit, props) = (m.unit_text.as_str().into(), m.props_text.as_str().into());
            return Some(Ok(OwnedEvent { id, time: m.at, name, unit, props }));
        }
        None
    }
}
