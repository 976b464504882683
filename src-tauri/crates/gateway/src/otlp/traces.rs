//! Spans: those that failed and those without a parent, which say how long a request took as a whole, are events `$span`.
//! The others are accepted and not kept: what a trace looks like inside is for a tracing backend.

use std::sync::Arc;

use epoch_model::time::Millis;

use super::any::{Attributes, number};
use super::logs::cut;
use super::node::{Node, Value};
use super::record::{Record, Taking, broken, each};
use super::wire::Broken;
use crate::app::Shared;
use crate::ingest::intake::Taken;
use crate::problem::Problem;

const NAME: &str = "$span";
const KINDS: [&str; 6] = ["", "internal", "server", "client", "producer", "consumer"];
const STATES: [&str; 3] = ["unset", "ok", "error"];
const FAILED: i64 = 2;

pub(super) fn parse(shared: &Shared, source: Arc<str>, request: &Node<'_>, received: Millis) -> Result<Taken, Problem> {
    let mut taking = Taking::new(shared, source, received);
    each(request, &mut |node, around| {
        taking.count()?;
        match record(node).map_err(broken)? {
            Some(record) => taking.take(record, Ok(()), around),
            None => Ok(()),
        }
    })?;
    Ok(taking.done())
}

fn record(node: &Node<'_>) -> Result<Option<Record>, Broken> {
    let (mut start, mut end, mut kind, mut state) = (0_u64, 0_u64, 0, 0);
    let (mut name, mut why) = (String::new(), String::new());
    let (mut trace, mut span, mut parent) = (String::new(), String::new(), String::new());
    for field in node.fields() {
        match field? {
            (1, Value::Text(id)) => trace = cut(&id),
            (2, Value::Text(id)) => span = cut(&id),
            (4, Value::Text(id)) => parent = cut(&id),
            (5, Value::Text(text)) => name = cut(&text),
            (6, Value::Int(number)) => kind = number,
            (7, Value::Unsigned(nanos)) => start = nanos,
            (8, Value::Unsigned(nanos)) => end = nanos,
            (15, Value::Message(status)) => {
                for field in status.fields() {
                    match field? {
                        (2, Value::Text(text)) => why = cut(&text),
                        (3, Value::Int(code)) => state = code,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let root = parent.bytes().all(|digit| digit == b'0');
    if !root && state != FAILED {
        return Ok(None);
    }
    let mut record = Record::new(NAME, start, Attributes::of(node, 9)?);
    let word = |words: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|at| words.get(at)).copied();
    record.put_text("name", &name);
    record.put_text("kind", word(&KINDS, kind).unwrap_or_default());
    record.put_text("status", word(&STATES, state).unwrap_or_default());
    record.put_text("status_message", &why);
    if start > 0 && end >= start {
        record.put("duration_ms", &number((end - start) as f64 / 1e6));
    }
    record.put("root", if root { "true" } else { "false" });
    record.put_text("trace_id", &trace);
    record.put_text("span_id", &span);
    if !root {
        record.put_text("parent_span_id", &parent);
    }
    Ok(Some(record))
}
