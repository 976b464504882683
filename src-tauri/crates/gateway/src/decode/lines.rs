//! JSON lines: told apart from one JSON value, and bounded in number.

use super::json;

/// JSON lines by name, or by shape: a first line that is complete and something after it.
pub(crate) fn is_lines(kind: &str, data: &[u8], depth_max: usize) -> bool {
    if ["application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/ndjson"]
        .iter()
        .any(|k| kind.starts_with(k))
    {
        return true;
    }
    let Some(end) = data.iter().position(|b| *b == b'\n') else { return false };
    let (first, rest) = data.split_at(end);
    data.starts_with(b"{") && !rest.trim_ascii().is_empty() && json::whole(first, depth_max).is_ok()
}

/// The lines that hold something.
pub(crate) fn of(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}
