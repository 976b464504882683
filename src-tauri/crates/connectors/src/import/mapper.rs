//! Rows into events, by the mapping's expressions.

use std::collections::BTreeMap;

use epoch_model::business::Mapping;
use epoch_model::event::{NAME_BYTES_MAX, PROPS_BYTES_MAX, UNIT_BYTES_MAX};
use epoch_model::journal::canonical;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use serde_json::{Map, Value as Json};

use super::field::{Field, Refusal, Row, parse_object, push_text};
use super::record::{Kind, Reason, Record};
use super::time::{Clock, Reading, TimeFormat, in_range, read_any};

/// What the rows of a file are read with.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Names of the columns; `None` for JSON, where each row has its own.
    pub columns: Option<Vec<String>>,
    pub decimal: char,
    pub time_format: TimeFormat,
}

/// Compiled mapping with the buffers of the event being made.
pub struct Mapper {
    event: Field,
    time: Field,
    unit: Field,
    id: Option<Field>,
    /// Properties sorted by name, each with its key as JSON.
    props: Vec<(String, Field)>,
    /// Names that JSON rows do not repeat as properties.
    taken: Vec<String>,
    only_mapped: bool,
    json: bool,
    columns: usize,
    required: usize,
    decimal: char,
    format: TimeFormat,
    clock: Clock,
    scratch: String,
    /// The event.
    pub at: Millis,
    pub name: String,
    pub unit_text: String,
    pub props_text: String,
    pub id_text: String,
}

impl Mapper {
    /// Compiles. Fails with [`Code::ExpressionInvalid`] or, where a column is not there, [`Code::MappingInvalid`].
    pub fn new(mapping: &Mapping, layout: &Layout, zone: &str) -> Result<Self> {
        let columns = layout.columns.as_deref();
        let field = |text: &str, what: &str| Field::compile(text, what, columns);
        let mut props: BTreeMap<String, Field> = BTreeMap::new();
        for (key, text) in &mapping.props {
            props.insert(key.clone(), field(text, key)?);
        }
        let (event, time, unit) =
            (field(&mapping.event, "event")?, field(&mapping.time, "time")?, field(&mapping.unit, "unit")?);
        if matches!(time, Field::Absent) || matches!(event, Field::Absent) {
            return Err(Error::new(
                Code::MappingInvalid,
                "the mapping says neither what happened nor when",
                "give it `event` (a column, or a name in quotes such as 'order') and `time` (a column)",
            ));
        }
        let id = mapping.id.as_deref().map(|t| field(t, "id")).transpose()?;
        let as_is = |f: &Field| match f {
            Field::Column { name, .. } => Some(name.clone()),
            _ => None,
        };
        let taken: Vec<String> = [&event, &time, &unit].into_iter().chain(props.values()).filter_map(as_is).collect();
        let required = [&event, &time, &unit]
            .into_iter()
            .chain(&id)
            .chain(props.values())
            .map(Field::columns_needed)
            .max()
            .unwrap_or(0);
        if let (Some(names), false) = (columns, mapping.only_mapped) {
            for (index, name) in names.iter().enumerate() {
                if !taken.contains(name) && !props.contains_key(name) {
                    props.insert(name.clone(), Field::Column { index, name: name.clone() });
                }
            }
        }
        let zone = Zone::named(mapping.timezone.as_deref().filter(|z| !z.is_empty()).unwrap_or(zone))?;
        Ok(Self {
            event,
            time,
            unit,
            id,
            props: props.into_iter().collect(),
            taken,
            only_mapped: mapping.only_mapped,
            json: columns.is_none(),
            columns: columns.map_or(0, <[String]>::len),
            required,
            decimal: layout.decimal,
            format: layout.time_format.clone(),
            clock: Clock::new(zone),
            scratch: String::new(),
            at: 0,
            name: String::new(),
            unit_text: String::new(),
            props_text: String::new(),
            id_text: String::new(),
        })
    }

    /// Sets the format of times, once it was guessed from [`Self::time_text`].
    pub fn set_format(&mut self, format: TimeFormat) {
        self.format = format;
    }

    /// Makes the event of a row, into the public fields; `id_text` is empty when the row has none.
    pub fn map(&mut self, record: &Record) -> Result<(), Refusal> {
        if self.json {
            let object = parse_object(&record.raw)?;
            return self.fill(&Row::Object(&object));
        }
        if record.len() < self.required {
            let why = format!("the line has {} of {} columns, and the mapping needs more", record.len(), self.columns);
            return Err((Reason::TooFewFields, why));
        }
        if record.len() > self.columns && record.fields().skip(self.columns).any(|f| !f.trim().is_empty()) {
            return Err((
                Reason::TooManyFields,
                format!("the line has {} fields for {} columns", record.len(), self.columns),
            ));
        }
        self.fill(&Row::Fields(record, self.decimal))
    }

    /// The text of the time of a row, for guessing its format.
    pub fn time_text(&mut self, record: &Record) -> Option<String> {
        let mut out = String::new();
        if self.json {
            let object = parse_object(&record.raw).ok()?;
            self.time.write_text(&Row::Object(&object), &mut out).ok()?;
        } else if record.kind == Kind::Fields {
            self.time.write_text(&Row::Fields(record, self.decimal), &mut out).ok()?;
        }
        (!out.is_empty()).then_some(out)
    }

    fn fill(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        self.name.clear();
        self.unit_text.clear();
        self.id_text.clear();
        self.scratch.clear();
        self.time.write_text(row, &mut self.scratch)?;
        if self.scratch.is_empty() {
            return Err((Reason::NoTime, "the time is empty".into()));
        }
        self.at = match read_any(&self.scratch, &self.format) {
            Some(Reading::Instant(at)) => Some(at),
            Some(Reading::Stamp(stamp)) => self.clock.instant(stamp),
            None => None,
        }
        .ok_or_else(|| {
            let why = format!("“{}” is not a time of the form {}", short(&self.scratch), self.format.name());
            (Reason::BadTime, why)
        })?;
        if !in_range(self.at) {
            let why = format!("the time “{}” is before 1970 or after 2199", short(&self.scratch));
            return Err((Reason::TimeOutOfRange, why));
        }
        self.event.write_text(row, &mut self.name)?;
        if self.name.is_empty() {
            return Err((Reason::NoEventName, "the event has no name".into()));
        }
        self.unit.write_text(row, &mut self.unit_text)?;
        if let Some(id) = &self.id {
            id.write_text(row, &mut self.id_text)?;
        }
        for (what, text, most) in
            [("event's name", &self.name, NAME_BYTES_MAX), ("unit", &self.unit_text, UNIT_BYTES_MAX)]
        {
            if text.len() > most {
                return Err((Reason::TooLarge, format!("the {what} is longer than {most} bytes")));
            }
        }
        self.fill_props(row)?;
        if self.props_text.len() > PROPS_BYTES_MAX {
            return Err((Reason::TooLarge, format!("the properties are larger than {PROPS_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    fn fill_props(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        let out = &mut self.props_text;
        out.clear();
        out.push('{');
        match row {
            Row::Fields(..) => {
                for (key, field) in &self.props {
                    put(key, field, row, out)?;
                }
            }
            Row::Object(object) => {
                let mut rest = BTreeMap::new();
                if !self.only_mapped {
                    collect_rest(object, &self.taken, &mut rest);
                }
                for (key, _) in &self.props {
                    rest.remove(key.as_str());
                }
                let mut own = self.props.iter().peekable();
                for (key, value) in rest {
                    while let Some((k, field)) = own.next_if(|(k, _)| k.as_str() < key) {
                        put(k, field, row, out)?;
                    }
                    put_key(key, out);
                    out.push_str(&canonical(value));
                }
                for (key, field) in own {
                    put(key, field, row, out)?;
                }
            }
        }
        out.push('}');
        Ok(())
    }
}

/// What a JSON row has beside what the mapping takes; the members of `properties` stand beside the others.
fn collect_rest<'a>(object: &'a Map<String, Json>, taken: &[String], rest: &mut BTreeMap<&'a str, &'a Json>) {
    let absent = |v: &Json| v.is_null() || v.as_str().is_some_and(str::is_empty);
    let is_taken = |prefix: &str, key: &str| taken.iter().any(|t| t.strip_prefix(prefix) == Some(key));
    for (key, value) in object {
        match value {
            Json::Object(inner) if key == "properties" => {
                for (k, v) in inner.iter().filter(|(k, v)| !absent(v) && !is_taken("properties.", k)) {
                    rest.entry(k).or_insert(v);
                }
            }
            _ if absent(value) || is_taken("", key) => {}
            _ => {
                rest.insert(key, value);
            }
        }
    }
}

fn put_key(key: &str, out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
    push_text(key, out);
    out.push(':');
}

/// Writes a property, or nothing where it has no value.
fn put(key: &str, field: &Field, row: &Row<'_>, out: &mut String) -> Result<(), Refusal> {
    let before = out.len();
    put_key(key, out);
    if !field.write_json(row, out)? {
        out.truncate(before);
    }
    Ok(())
}

fn short(text: &str) -> &str {
    text.get(..60).unwrap_or(text)
}
