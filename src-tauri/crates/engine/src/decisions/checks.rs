//! What is checked of a proposal before anything is made of it: who speaks for whom, sizes, texts. Looks nothing up but metrics.

use epoch_model::proposal::Proposal;
use epoch_model::time::{DAY, HOUR, Millis};
use epoch_model::{Code, Error, Result};
use serde_json::Value;

use crate::config::Config;
use crate::text;

const MINUTE: Millis = 60_000;
/// Longest key, headline, sentence of evidence; most pieces of each kind.
const KEY_MAX: usize = 200;
pub(super) const HEADLINE_MAX: usize = 300;
pub(super) const SENTENCE_MAX: usize = 1000;
pub(super) const PIECES_MAX: usize = 20;
/// Largest payload, bytes of its JSON, and its depth; largest definition of a workflow.
const PAYLOAD_MAX: usize = 64 << 10;
const DEPTH_MAX: usize = 16;
pub(super) const DEFINITION_MAX: usize = 256 << 10;

pub(super) fn bad(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message, "correct the proposal and put it forward under another key")
}

pub(super) fn none(what: &str, name: &str) -> Error {
    let message = format!("no {what} “{}” is declared", text::shorten(name, 60));
    Error::new(Code::NotFound, message, "use a name of business.toml")
}

/// Who may speak for whom: the host for workflows and agents, a client and an operator for themselves; an operator may put
/// anything forward again.
pub(super) fn may_speak(proposer: &str, by: &str, compensation: bool) -> Result<()> {
    let deny = |message: &str| Err(Error::new(Code::Denied, message, "propose it in your own name"));
    let Some((kind, name)) = proposer.split_once(':') else { return deny("a proposer has a kind and a name") };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
        return deny("a proposer's name has up to 100 letters, digits, dots, - and _");
    }
    let may = match kind {
        "workflow" | "agent" => by == "system" || by.starts_with("operator:"),
        "client" => by == proposer || by.starts_with("operator:"),
        "operator" => by == proposer,
        "playbook" => by.starts_with("operator:"),
        _ => false,
    };
    if !may {
        return deny("nobody may propose in another's name");
    }
    if compensation && !(kind == "workflow" && by == "system") {
        return deny("only a step of a workflow undoes without asking");
    }
    Ok(())
}

pub(super) fn checked_words(config: &Config, p: &Proposal, now: Millis) -> Result<()> {
    checked_text("the key", &p.key, KEY_MAX)?;
    checked_text("the headline", &p.headline, HEADLINE_MAX)?;
    if p.evidence.len().max(p.counter_evidence.len()).max(p.alternatives.len()) > PIECES_MAX {
        return Err(bad(format!("at most {PIECES_MAX} pieces of evidence, counter-evidence and alternatives each")));
    }
    for e in p.evidence.iter().chain(&p.counter_evidence) {
        checked_text("a piece of evidence", &e.text, SENTENCE_MAX)?;
        if let Some(rows) = &e.rows {
            config.metric(&rows.metric).ok_or_else(|| none("metric", &rows.metric))?;
            if rows.from >= rows.to {
                return Err(bad("the rows of a piece of evidence end before they begin"));
            }
            if let Some((segment, value)) = &rows.segment {
                checked_text("a segment", segment, KEY_MAX)?;
                checked_text("a segment's value", value, KEY_MAX)?;
            }
        }
        if let Some(insight) = &e.insight {
            checked_text("a finding's id", insight, 40)?;
        }
    }
    for a in &p.alternatives {
        checked_text("an alternative", &a.what, SENTENCE_MAX)?;
        checked_text("the reason against an alternative", &a.why_not, SENTENCE_MAX)?;
    }
    if !(MINUTE..=90 * DAY).contains(&p.expires_in) || now.checked_add(p.expires_in).is_none() {
        return Err(bad("the founder has between a minute and 90 days to answer"));
    }
    if p.version.chars().count() > KEY_MAX || p.version.chars().any(char::is_control) {
        return Err(bad(format!("a version has at most {KEY_MAX} characters")));
    }
    if let Some(origin) = &p.origin {
        checked_text("the run", &origin.run, KEY_MAX)?;
        checked_text("the node", &origin.node, KEY_MAX)?;
    }
    let Some(e) = &p.expected else { return Ok(()) };
    let orderly = e.p10 <= e.p50 && e.p50 <= e.p90 && [e.p10, e.p50, e.p90].iter().all(|v| v.abs() <= 10.0);
    if !orderly {
        return Err(bad("p10, p50 and p90 are relative changes in rising order, at most ten times the metric"));
    }
    if !(HOUR..=400 * DAY).contains(&e.horizon) {
        return Err(bad("the horizon is between an hour and 400 days"));
    }
    Ok(())
}

pub(super) fn checked_text(what: &str, text: &str, most: usize) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > most {
        return Err(bad(format!("{what} has between one and {most} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(bad(format!("{what} has control characters in it")));
    }
    Ok(())
}

pub(super) fn checked_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
        return Err(bad("a workflow's name has up to 100 letters, digits, - and _"));
    }
    Ok(())
}

pub(super) fn checked_payload(value: &Value) -> Result<()> {
    fn depth(value: &Value, left: usize) -> bool {
        left > 0
            && match value {
                Value::Array(items) => items.iter().all(|v| depth(v, left - 1)),
                Value::Object(map) => map.values().all(|v| depth(v, left - 1)),
                _ => true,
            }
    }
    if !depth(value, DEPTH_MAX) {
        return Err(bad(format!("the payload is nested deeper than {DEPTH_MAX}")));
    }
    if epoch_model::journal::canonical(value).len() > PAYLOAD_MAX {
        return Err(bad(format!("the payload has more than {PAYLOAD_MAX} bytes")));
    }
    Ok(())
}
