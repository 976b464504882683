//! What is looked for inside an event's properties, and the properties as they are stored.

use std::borrow::Cow;
use std::ops::Range;

use epoch_model::Result;
use serde_json::{Map, Value};
use sonic_rs::{JsonValueTrait, LazyValue};

use crate::decode::json;
use crate::ingest::intake::invalid;

/// Properties and what was found in them.
pub(super) struct Props<'a> {
    /// The JSON object to store.
    pub text: Cow<'a, str>,
    pub token: Option<LazyValue<'a>>,
    pub distinct_id: Option<LazyValue<'a>>,
    pub insert_id: Option<LazyValue<'a>>,
}

impl<'a> Props<'a> {
    /// Taken as they are: everything needed stood beside them.
    pub(super) fn unread(properties: Option<&LazyValue<'a>>) -> Result<Self> {
        let text = match properties {
            None => Cow::Borrowed("{}"),
            Some(object) if object.is_object() => json::raw(object),
            Some(_) => return Err(invalid("the properties are no object")),
        };
        Ok(Self { text, token: None, distinct_id: None, insert_id: None })
    }
}

/// Looks through the properties. The write key is taken out of what is stored; members of `beside` (`$set`, …) are put
/// in, one level deep merged with a member of the same name, whose entries win.
pub(super) fn read<'a>(
    properties: Option<&LazyValue<'a>>,
    beside: &[(Cow<'a, str>, LazyValue<'a>)],
) -> Result<Props<'a>> {
    let mut props = Props::unread(properties)?;
    let Some(object) = properties else {
        if !beside.is_empty() {
            props.text = Cow::Owned(spliced("{}", beside));
        }
        return Ok(props);
    };
    let raw = props.text.clone();
    let mut clash = false;
    let mut cut = None;
    let mut end_before = None;
    for member in object.clone().into_object_iter().into_iter().flatten() {
        let (key, value) = member.map_err(|_| invalid("the properties do not parse"))?;
        let end = value.as_raw_str().as_ptr().addr().saturating_sub(raw.as_ptr().addr()) + value.as_raw_str().len();
        match key.as_ref() {
            "token" if value.is_str() => {
                cut = Some(span(&raw, end_before, end));
                props.token = Some(value);
            }
            "distinct_id" if !value.is_null() => props.distinct_id = Some(value),
            "$insert_id" if !value.is_null() => props.insert_id = Some(value),
            name if beside.iter().any(|(other, _)| other == name) => clash = true,
            _ => {}
        }
        end_before = Some(end);
    }
    if let Some(cut) = cut.filter(|cut| raw.get(cut.clone()).is_some()) {
        let mut text = raw.into_owned();
        text.replace_range(cut, "");
        props.text = Cow::Owned(text);
    }
    if !beside.is_empty() {
        // A repeated name would make readers disagree on which one counts.
        props.text = Cow::Owned(if clash { merged(&props.text, beside) } else { spliced(&props.text, beside) });
    }
    Ok(props)
}

/// A member from the end of the one before it to its own end; the first member up to the one after it.
fn span(raw: &str, end_before: Option<usize>, end: usize) -> Range<usize> {
    if let Some(start) = end_before {
        return start..end;
    }
    let after = raw.get(end..).unwrap_or_default();
    let blank = after.len() - after.trim_ascii_start().len();
    let comma = usize::from(after.trim_ascii_start().starts_with(','));
    1..end + if comma == 1 { blank + comma } else { 0 }
}

type Member<'a> = (Cow<'a, str>, LazyValue<'a>);

fn spliced(props: &str, beside: &[Member<'_>]) -> String {
    let inner = json::inside(props);
    let mut out = String::with_capacity(
        inner.len() + beside.iter().map(|(k, v)| k.len() + v.as_raw_str().len() + 4).sum::<usize>() + 2,
    );
    out.push('{');
    out.push_str(inner);
    for (key, value) in beside {
        json::push_member(&mut out, key, value.as_raw_str());
    }
    out.push('}');
    out
}

fn merged(props: &str, beside: &[Member<'_>]) -> String {
    let Ok(mut all) = serde_json::from_str::<Map<String, Value>>(props) else { return props.to_owned() };
    for (key, value) in beside {
        let Ok(value) = serde_json::from_str::<Value>(value.as_raw_str()) else { continue };
        match (all.get_mut(key.as_ref()), value) {
            (Some(Value::Object(own)), Value::Object(extra)) => {
                for (name, value) in extra {
                    own.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                all.insert(key.to_string(), value);
            }
        }
    }
    Value::Object(all).to_string()
}
