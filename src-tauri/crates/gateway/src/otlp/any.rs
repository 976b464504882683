//! Attributes: OTLP's values as JSON, in bounds.

use std::fmt::Write;

use super::node::{Node, Value};
use super::wire::Broken;
use crate::decode::json;

/// Longest text of one value; what is longer is cut.
pub(super) const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Levels of lists within lists; deeper ones are left out.
const DEPTH_MAX: usize = 8;
/// Attributes of a record, and of a resource. OpenTelemetry's own default is 128.
const ATTRIBUTES_MAX: usize = 128;
/// Bytes of all attributes of a record, and of a resource: every record of a resource repeats those.
const BYTES_MAX: usize = 16 * 1024;

/// Attributes by name, their values in JSON.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    members: Vec<(String, String)>,
    bytes: usize,
}

impl Attributes {
    /// Those in field `number` of a message.
    pub(super) fn of(node: &Node<'_>, number: u32) -> Result<Self, Broken> {
        let mut found = Self::default();
        for attribute in node.messages(number) {
            found.take(&attribute?)?;
        }
        Ok(found)
    }

    /// Takes one more, if there is room.
    pub(super) fn take(&mut self, attribute: &Node<'_>) -> Result<(), Broken> {
        let (mut key, mut text) = (String::new(), String::from("null"));
        for field in attribute.fields() {
            match field? {
                (1, Value::Text(name)) => key = name.into_owned(),
                (2, Value::Message(value)) => {
                    text.clear();
                    write(&value, &mut text, &mut BYTES_MAX.saturating_sub(self.bytes), 0)?;
                }
                _ => {}
            }
        }
        let size = key.len() + text.len();
        let room = self.members.len() < ATTRIBUTES_MAX && self.bytes + size <= BYTES_MAX;
        if room && !key.is_empty() && text != "null" {
            self.bytes += size;
            self.members.push((key, text));
        }
        Ok(())
    }

    /// A text among them.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.members.iter().find(|(key, _)| key == name)?;
        serde_json::from_str(value).ok().filter(|text: &String| !text.is_empty())
    }

    /// Their names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// A value as JSON, of about `room` bytes at most.
pub(super) fn text_of(value: &Node<'_>) -> Result<String, Broken> {
    let mut out = String::new();
    write(value, &mut out, &mut (2 * TEXT_BYTES_MAX), 0)?;
    Ok(out)
}

fn write(value: &Node<'_>, out: &mut String, room: &mut usize, depth: usize) -> Result<(), Broken> {
    let start = out.len();
    for field in value.fields() {
        // One of the fields is set; if several are, the last one counts.
        out.truncate(start);
        match field?.1 {
            Value::Text(text) | Value::Base64(text) => {
                let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX.min(*room))).unwrap_or_default();
                out.push_str(&json::quoted(kept));
            }
            Value::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
            Value::Int(n) => _ = write!(out, "{n}"),
            Value::Unsigned(n) => _ = write!(out, "{n}"),
            Value::Double(n) => out.push_str(&number(n)),
            Value::Message(list) if depth < DEPTH_MAX => written_list(&list, out, room, depth)?,
            Value::Message(_) => {}
        }
    }
    if out.len() == start {
        out.push_str("null");
    }
    *room = room.saturating_sub(out.len() - start);
    Ok(())
}

/// An `ArrayValue` or a `KeyValueList`: they differ in what their elements hold.
fn written_list(list: &Node<'_>, out: &mut String, room: &mut usize, depth: usize) -> Result<(), Broken> {
    let is_object = list.is_key_values();
    out.push(if is_object { '{' } else { '[' });
    let start = out.len();
    for element in list.messages(1) {
        let element = element?;
        if *room == 0 {
            break;
        }
        if out.len() > start {
            out.push(',');
        }
        *room = room.saturating_sub(4);
        if !is_object {
            write(&element, out, room, depth + 1)?;
            continue;
        }
        let (mut key, mut text) = (String::new(), String::from("null"));
        for field in element.fields() {
            match field? {
                (1, Value::Text(name)) => {
                    name.get(..name.floor_char_boundary(*room)).unwrap_or_default().clone_into(&mut key);
                }
                (2, Value::Message(value)) => {
                    text.clear();
                    write(&value, &mut text, room, depth + 1)?;
                }
                _ => {}
            }
        }
        *room = room.saturating_sub(key.len());
        out.push_str(&json::quoted(&key));
        out.push(':');
        out.push_str(&text);
    }
    out.push(if is_object { '}' } else { ']' });
    Ok(())
}

/// A number as JSON; as text when JSON has no such number.
pub(super) fn number(n: f64) -> String {
    match serde_json::Number::from_f64(n) {
        Some(number) => number.to_string(),
        None => json::quoted(if n.is_nan() {
            "NaN"
        } else if n > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }),
    }
}
