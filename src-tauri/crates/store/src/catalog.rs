//! What is known of the properties of every event name. Bounded: a sample of the events, of names, of values.

use std::collections::BTreeMap;

use epoch_model::error::Result;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use sonic_rs::{JsonType, JsonValueTrait};

use crate::erase::Traces;
use crate::fault::DbResult;
use crate::sources::shorten;
use crate::types::{EventKind, Property};

/// Events of a name that are all looked at …
const FIRST: u64 = 500;
/// … and after them one in this many.
const SAMPLE: u64 = 64;
const PROPERTIES_MAX: usize = 200;
const VALUES_MAX: usize = 10;
const VALUE_BYTES_MAX: usize = 80;
const NAME_BYTES_MAX: usize = 200;
/// Names whose properties are kept; of further ones only the counts are known.
const NAMES_MAX: u32 = 2000;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    types: u8,
    values: Vec<String>,
}

type Properties = BTreeMap<String, Seen>;

const TYPES: [&str; 6] = ["array", "bool", "null", "number", "object", "string"];

/// Properties by name id.
#[derive(Debug, Default)]
pub struct Catalog {
    names: BTreeMap<u32, (u64, Properties)>,
    changed: Vec<u32>,
}

impl Catalog {
    pub fn load(db: &Connection) -> Result<Self> {
        let mut names = BTreeMap::new();
        let mut select = db.prepare("SELECT id, count, properties FROM names LIMIT ?").db()?;
        let mut found = select.query([NAMES_MAX]).db()?;
        while let Some(row) = found.next().db()? {
            let count: i64 = row.get(1).db()?;
            let text: String = row.get(2).db()?;
            names.insert(row.get(0).db()?, (count.unsigned_abs(), serde_json::from_str(&text).unwrap_or_default()));
        }
        Ok(Self { names, changed: Vec::new() })
    }

    /// Looks at an event, or not. `props` is known to be a JSON object.
    pub fn see(&mut self, name: u32, props: &str) {
        if self.names.len() >= NAMES_MAX as usize && !self.names.contains_key(&name) {
            return;
        }
        let (count, properties) = self.names.entry(name).or_default();
        *count += 1;
        if *count > FIRST && !count.is_multiple_of(SAMPLE) {
            return;
        }
        if look(properties, props) && !self.changed.contains(&name) {
            self.changed.push(name);
        }
    }

    /// Takes the values of an event out of the samples.
    pub fn forget(&mut self, name: u32, props: &str) {
        let Some((_, properties)) = self.names.get_mut(&name) else { return };
        let mut less = false;
        for (key, value) in sonic_rs::to_object_iter(props).map_while(std::result::Result::ok) {
            if let Some(seen) = properties.get_mut(&*key) {
                let text = value.as_str().unwrap_or_else(|| value.as_raw_str());
                let before = seen.values.len();
                seen.values.retain(|v| v != shorten(text, VALUE_BYTES_MAX));
                less |= seen.values.len() < before;
            }
        }
        if less && !self.changed.contains(&name) {
            self.changed.push(name);
        }
    }

    /// Takes values that mention somebody out of the samples.
    pub fn forget_mentions(&mut self, of: &Traces) {
        for (name, (_, properties)) in &mut self.names {
            let mut less = false;
            for seen in properties.values_mut() {
                let before = seen.values.len();
                seen.values.retain(|v| !of.are_in(v.as_bytes()));
                less |= seen.values.len() < before;
            }
            if less && !self.changed.contains(name) {
                self.changed.push(*name);
            }
        }
    }

    /// Writes what is new; it counts as written after [`Self::committed`].
    pub fn write(&self, db: &Connection) -> Result<()> {
        for name in &self.changed {
            let Some((_, properties)) = self.names.get(name) else { continue };
            let text = serde_json::to_string(properties).unwrap_or_else(|_| "{}".into());
            db.prepare_cached("UPDATE names SET properties = ? WHERE id = ?")
                .db()?
                .execute(params![text, name])
                .db()?;
        }
        Ok(())
    }

    pub fn committed(&mut self) {
        self.changed.clear();
    }
}

/// Answers whether anything was new.
fn look(properties: &mut Properties, props: &str) -> bool {
    let mut new = false;
    for (key, value) in sonic_rs::to_object_iter(props).map_while(std::result::Result::ok) {
        if key.len() > NAME_BYTES_MAX {
            continue;
        }
        if !properties.contains_key(&*key) {
            if properties.len() >= PROPERTIES_MAX {
                continue;
            }
            properties.insert(key.to_string(), Seen::default());
            new = true;
        }
        let Some(seen) = properties.get_mut(&*key) else { continue };
        let bit = match value.get_type() {
            JsonType::Array => 0,
            JsonType::Boolean => 1,
            JsonType::Null => 2,
            JsonType::Number => 3,
            JsonType::Object => 4,
            JsonType::String => 5,
        };
        new |= seen.types & (1 << bit) == 0;
        seen.types |= 1 << bit;
        if seen.values.len() < VALUES_MAX && !value.is_null() {
            let text = value.as_str().unwrap_or_else(|| value.as_raw_str());
            let text = shorten(text, VALUE_BYTES_MAX);
            if !seen.values.iter().any(|v| v == text) {
                seen.values.push(text.to_owned());
                new = true;
            }
        }
    }
    new
}

pub fn kinds(db: &Connection) -> Result<Vec<EventKind>> {
    let mut select = db
        .prepare_cached("SELECT text, count, first, last, properties FROM names WHERE count > 0 ORDER BY text")
        .db()?;
    let mut found = select.query([]).db()?;
    let mut kinds = Vec::new();
    while let Some(row) = found.next().db()? {
        let count: i64 = row.get(1).db()?;
        let text: String = row.get(4).db()?;
        let properties: Properties = serde_json::from_str(&text).unwrap_or_default();
        let property = |(name, seen): (String, Seen)| Property {
            name,
            types: TYPES
                .iter()
                .enumerate()
                .filter(|(i, _)| seen.types & (1 << i) != 0)
                .map(|(_, t)| (*t).into())
                .collect(),
            samples: seen.values,
        };
        kinds.push(EventKind {
            name: row.get(0).db()?,
            count: count.unsigned_abs(),
            first: row.get(2).db()?,
            last: row.get(3).db()?,
            properties: properties.into_iter().map(property).collect(),
        });
    }
    Ok(kinds)
}
