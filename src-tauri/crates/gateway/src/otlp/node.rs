//! A message in either encoding, read field by field: what is above sees field numbers and values, whichever it came in.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sonic_rs::{ArrayJsonIter, JsonType, JsonValueTrait, LazyValue, ObjectJsonIter};

use super::schema::{Field, Kind, Schema};
use super::wire::{self, Broken, Raw};
use crate::decode::json;

/// A message.
#[derive(Clone)]
pub(super) struct Node<'a> {
    schema: &'static Schema,
    body: Body<'a>,
}

#[derive(Clone)]
enum Body<'a> {
    Wire(&'a [u8]),
    Json(LazyValue<'a>),
}

/// A field's value.
pub(super) enum Value<'a> {
    Message(Node<'a>),
    Text(Cow<'a, str>),
    /// Bytes that JSON writes as base64, as they are written there.
    Base64(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Double(f64),
}

impl<'a> Node<'a> {
    /// A message on the wire.
    pub(super) fn wire(schema: &'static Schema, message: &'a [u8]) -> Self {
        Self { schema, body: Body::Wire(message) }
    }

    /// A message in JSON, checked to be whole.
    pub(super) fn json(schema: &'static Schema, message: LazyValue<'a>) -> Self {
        Self { schema, body: Body::Json(message) }
    }

    /// Its fields in the order they are written, each value of a repeated one by itself; unknown ones are left out.
    pub(super) fn fields(&self) -> Fields<'a> {
        let from = match &self.body {
            Body::Wire(message) => From::Wire(message),
            Body::Json(message) => message.clone().into_object_iter().map_or(From::Broken, From::Object),
        };
        Fields { schema: self.schema, from, many: None }
    }

    /// Whether its elements are keys and values.
    pub(super) fn is_key_values(&self) -> bool {
        std::ptr::eq(self.schema, super::schema::KEY_VALUES)
    }

    /// The messages in a repeated field, or the one in a single.
    pub(super) fn messages(&self, number: u32) -> impl Iterator<Item = Result<Node<'a>, Broken>> {
        self.fields().filter_map(move |field| match field {
            Ok((found, Value::Message(node))) => (found == number).then_some(Ok(node)),
            Ok(_) => None,
            Err(broken) => Some(Err(broken)),
        })
    }
}

/// What is left to read of a message.
pub(super) struct Fields<'a> {
    schema: &'static Schema,
    from: From<'a>,
    many: Option<(&'static Field, Many<'a>)>,
}

enum From<'a> {
    Wire(&'a [u8]),
    Object(ObjectJsonIter<'a>),
    Broken,
    End,
}

/// Several values of one field.
enum Many<'a> {
    Packed(&'a [u8]),
    Array(ArrayJsonIter<'a>),
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.step();
        if matches!(found, Some(Err(_))) {
            (self.from, self.many) = (From::End, None);
        }
        found
    }
}

impl<'a> Fields<'a> {
    fn step(&mut self) -> Option<Result<(u32, Value<'a>), Broken>> {
        loop {
            if let Some((field, many)) = &mut self.many {
                let value = match many {
                    Many::Packed([]) => None,
                    Many::Packed(rest) => Some(unpacked(field.kind, rest)),
                    Many::Array(elements) => elements.next().map(|element| match element {
                        Ok(element) => read(field.kind, element),
                        Err(_) => Err(Broken),
                    }),
                };
                match value {
                    Some(value) => return Some(value.map(|value| (field.number, value))),
                    None => self.many = None,
                }
            }
            match &mut self.from {
                From::Wire(message) => {
                    let (number, raw) = match wire::next(message)? {
                        Ok(found) => found,
                        Err(broken) => return Some(Err(broken)),
                    };
                    let Some(field) = self.schema.iter().find(|field| field.number == number) else { continue };
                    match (raw, field.kind) {
                        (Raw::Bytes(packed), Kind::Fixed64 | Kind::Sfixed64 | Kind::Double | Kind::Int) => {
                            self.many = Some((field, Many::Packed(packed)));
                        }
                        _ => return Some(decoded(field.kind, raw).map(|value| (number, value))),
                    }
                }
                From::Object(members) => {
                    let Ok((name, value)) = members.next()? else { return Some(Err(Broken)) };
                    let Some(field) = self.schema.iter().find(|field| is_named(field.name, &name)) else { continue };
                    match value.get_type() {
                        JsonType::Null => {}
                        JsonType::Array => {
                            self.many = value.into_array_iter().map(|elements| (field, Many::Array(elements)));
                        }
                        _ => return Some(read(field.kind, value).map(|value| (field.number, value))),
                    }
                }
                From::Broken => return Some(Err(Broken)),
                From::End => return None,
            }
        }
    }
}

/// `asInt` may be written `as_int`, too.
fn is_named(name: &str, written: &str) -> bool {
    if name == written || !written.contains('_') {
        return name == written;
    }
    let letters = written.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase());
    letters.eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

fn decoded(kind: Kind, raw: Raw<'_>) -> Result<Value<'_>, Broken> {
    Ok(match (kind, raw) {
        (Kind::Message(schema), Raw::Bytes(message)) => Value::Message(Node::wire(schema, message)),
        (Kind::Nested(schema), Raw::Bytes(message)) => Value::Message(Node::wire(schema(), message)),
        (Kind::Text, Raw::Bytes(bytes)) => Value::Text(String::from_utf8_lossy(bytes)),
        (Kind::Id, Raw::Bytes(bytes)) => Value::Text(Cow::Owned(hex(bytes))),
        (Kind::Bytes, Raw::Bytes(bytes)) => {
            let most = bytes.get(..bytes.len().min(super::any::TEXT_BYTES_MAX)).unwrap_or_default();
            Value::Base64(Cow::Owned(STANDARD.encode(most)))
        }
        (Kind::Bool, Raw::Varint(n)) => Value::Bool(n != 0),
        (Kind::Int | Kind::Enum(..), Raw::Varint(n)) | (Kind::Sfixed64, Raw::Fixed64(n)) => Value::Int(n.cast_signed()),
        (Kind::Zigzag, Raw::Varint(n)) => Value::Int((n >> 1).cast_signed() ^ -(n & 1).cast_signed()),
        (Kind::Fixed64, Raw::Fixed64(n)) => Value::Unsigned(n),
        (Kind::Double, Raw::Fixed64(n)) => Value::Double(f64::from_bits(n)),
        _ => return Err(Broken),
    })
}

fn unpacked<'a>(kind: Kind, rest: &mut &[u8]) -> Result<Value<'a>, Broken> {
    let raw = match kind {
        Kind::Int => wire::varint(rest).map(Raw::Varint),
        _ => wire::fixed64(rest).map(Raw::Fixed64),
    };
    decoded(kind, raw.ok_or(Broken)?)
}

/// As protocol buffers are written in JSON: numbers may be text, enums may be names.
fn read(kind: Kind, value: LazyValue<'_>) -> Result<Value<'_>, Broken> {
    let text = || json::borrowed_text(&value).ok_or(Broken);
    Ok(match kind {
        Kind::Message(schema) if value.is_object() => Value::Message(Node::json(schema, value)),
        Kind::Nested(schema) if value.is_object() => Value::Message(Node::json(schema(), value)),
        Kind::Text if value.is_str() => Value::Text(text()?),
        Kind::Id if value.is_str() => Value::Text(Cow::Owned(text()?.to_ascii_lowercase())),
        Kind::Bytes if value.is_str() => Value::Base64(text()?),
        Kind::Bool => Value::Bool(value.as_bool().ok_or(Broken)?),
        Kind::Int | Kind::Zigzag | Kind::Sfixed64 => Value::Int(text()?.parse().map_err(|_| Broken)?),
        Kind::Fixed64 => Value::Unsigned(text()?.parse().map_err(|_| Broken)?),
        Kind::Double => Value::Double(double(&text()?).ok_or(Broken)?),
        Kind::Enum(prefix, names) => {
            let text = text()?;
            let named = || names.iter().find(|(name, _)| text.strip_prefix(prefix) == Some(name)).map(|(_, n)| *n);
            Value::Int(text.parse().ok().or_else(named).ok_or(Broken)?)
        }
        _ => return Err(Broken),
    })
}

/// Also `NaN`, `Infinity` and `-Infinity`, as the standard has it.
fn double(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)]));
    // Ids have 16 bytes at most; longer ones are none.
    bytes.iter().take(32).flat_map(digits).collect()
}
