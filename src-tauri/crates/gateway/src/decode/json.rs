//! Lazy views of JSON: the whole text is checked once, after that only the fields that matter are looked at.

use std::borrow::Cow;

use sonic_rs::{JsonType, JsonValueTrait, LazyValue};

use crate::problem::Problem;

/// Checks that `body` is one JSON value nested no deeper than `depth_max`, and returns a lazy view of it.
pub(crate) fn whole(body: &[u8], depth_max: usize) -> Result<LazyValue<'_>, Problem> {
    if too_deep(body, depth_max) {
        return Err(Problem::bad(
            format!("failed to parse request: nested more than {depth_max} levels deep"),
            "flatten the properties",
        ));
    }
    // The lazy parser trusts bytes inside strings to be UTF-8 before it has looked at them.
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::bad("failed to parse request: not UTF-8", "send valid JSON in UTF-8"))?;
    sonic_rs::from_str(text).map_err(|error| {
        // The library's message goes on with an excerpt of the body, which may hold personal data.
        let text = error.to_string();
        let cause = text.lines().next().unwrap_or_default().trim_end_matches([':', ' ']);
        Problem::bad(format!("failed to parse request: {cause}"), "send valid JSON in UTF-8")
    })
}

/// The checking pass recurses, so depth is bounded before it, not in it.
fn too_deep(body: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The elements of an array, `max` at most; `None` when it is none.
pub(crate) fn elements(array: LazyValue<'_>, max: usize) -> Result<Option<Vec<LazyValue<'_>>>, Problem> {
    let Some(iter) = array.into_array_iter() else { return Ok(None) };
    let mut elements = Vec::new();
    for element in iter {
        if elements.len() >= max {
            return Err(Problem::too_large(format!("more than {max} events in one request")));
        }
        elements.push(element.map_err(|_| Problem::bad("failed to parse request", "send valid JSON in UTF-8"))?);
    }
    Ok(Some(elements))
}

/// The raw text of a checked value.
pub(crate) fn raw<'a>(value: &LazyValue<'a>) -> Cow<'a, str> {
    value.as_raw_cow()
}

/// A string without its quotes, a number as it is written; `None` for anything else.
pub(crate) fn text<'v>(value: &'v LazyValue<'_>) -> Option<Cow<'v, str>> {
    match value.get_type() {
        JsonType::String => value.as_str().map(Cow::Borrowed),
        JsonType::Number => Some(Cow::Borrowed(value.as_raw_str())),
        _ => None,
    }
}

/// As [`text`], borrowed from the request where nothing is escaped.
pub(crate) fn borrowed_text<'a>(value: &LazyValue<'a>) -> Option<Cow<'a, str>> {
    if let Cow::Borrowed(raw) = value.as_raw_cow()
        && let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('\\')
    {
        return Some(Cow::Borrowed(inner));
    }
    text(value).map(|text| Cow::Owned(text.into_owned()))
}

/// Whether the member may be treated as absent.
pub(crate) fn is_absent(value: &LazyValue<'_>) -> bool {
    value.get_type() == JsonType::Null
}

/// `object` without its outer braces and blank space.
pub(crate) fn inside(object: &str) -> &str {
    let inner = object.trim().strip_prefix('{').unwrap_or_default();
    inner.strip_suffix('}').unwrap_or(inner).trim()
}

/// The members of a checked value, nulls left out; none when it is no object.
pub(crate) fn members<'a>(value: &LazyValue<'a>) -> impl Iterator<Item = (Cow<'a, str>, LazyValue<'a>)> {
    let object = value.clone().into_object_iter();
    object.into_iter().flatten().filter_map(Result::ok).filter(|(_, value)| !is_absent(value))
}

/// `text` as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Appends `"key":value` and, before it, a comma where one is due.
pub(crate) fn push_member(out: &mut String, key: &str, value: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    if key.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&quoted(key));
    } else {
        out.push('"');
        out.push_str(key);
        out.push('"');
    }
    out.push(':');
    out.push_str(value);
}

/// `object` with members put in; its own win. Borrowed where there is nothing to put in.
pub(crate) fn with<'a>(object: Cow<'a, str>, beside: &[(&str, Cow<'_, str>)]) -> Cow<'a, str> {
    if beside.is_empty() {
        return object;
    }
    let inner = inside(&object);
    let mut out =
        String::with_capacity(inner.len() + beside.iter().map(|(k, v)| k.len() + v.len() + 4).sum::<usize>() + 2);
    out.push('{');
    out.push_str(inner);
    for (name, value) in beside.iter().filter(|(name, _)| !has(&object, name)) {
        push_member(&mut out, name, value);
    }
    out.push('}');
    Cow::Owned(out)
}

/// Whether a checked object has a member of this name.
pub(crate) fn has(object: &str, name: &str) -> bool {
    sonic_rs::get(object, &[name]).is_ok()
}
