//! Log records: each is an event `$log`, or of its own name when it has one.

use std::sync::Arc;

use epoch_model::time::Millis;

use super::any::{Attributes, text_of};
use super::node::{Node, Value};
use super::record::{Record, Taking, broken, each};
use super::wire::Broken;
use crate::app::Shared;
use crate::ingest::intake::Taken;
use crate::problem::Problem;

/// What a record without a name is called.
const NAME: &str = "$log";

/// What severity numbers mean, four each.
const SEVERITIES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

pub(super) fn parse(shared: &Shared, source: Arc<str>, request: &Node<'_>, received: Millis) -> Result<Taken, Problem> {
    let mut taking = Taking::new(shared, source, received);
    each(request, &mut |node, around| {
        taking.count()?;
        taking.take(record(node).map_err(broken)?, Ok(()), around)
    })?;
    Ok(taking.done())
}

fn record(node: &Node<'_>) -> Result<Record, Broken> {
    let (mut time, mut observed, mut severity) = (0, 0, 0);
    let (mut name, mut level, mut body) = (String::new(), String::new(), None);
    let (mut trace, mut span) = (String::new(), String::new());
    let mut attributes = Attributes::default();
    for field in node.fields() {
        match field? {
            (1, Value::Unsigned(nanos)) => time = nanos,
            (11, Value::Unsigned(nanos)) => observed = nanos,
            (2, Value::Int(number)) => severity = number,
            (3, Value::Text(text)) => level = cut(&text),
            (5, Value::Message(value)) => body = Some(text_of(&value)?),
            (6, Value::Message(attribute)) => attributes.take(&attribute)?,
            (9, Value::Text(id)) => trace = cut(&id),
            (10, Value::Text(id)) => span = cut(&id),
            (12, Value::Text(text)) => name = cut(&text),
            _ => {}
        }
    }
    if name.is_empty() {
        NAME.clone_into(&mut name);
    }
    let mut record = Record::new(name, if time > 0 { time } else { observed }, attributes);
    let known = usize::try_from((severity - 1).div_euclid(4)).ok().and_then(|at| SEVERITIES.get(at));
    if level.is_empty() {
        known.copied().unwrap_or_default().clone_into(&mut level);
    }
    record.put_text("severity", &level);
    if severity > 0 {
        record.put("severity_number", &severity.to_string());
    }
    if let Some(body) = body.filter(|body| body != "null") {
        record.put("body", &body);
    }
    record.put_text("trace_id", &trace);
    record.put_text("span_id", &span);
    Ok(record)
}

/// Names and ids that are longer than any are cut; an event's name that is too long is refused later.
pub(super) fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(1024)).unwrap_or_default().to_owned()
}
