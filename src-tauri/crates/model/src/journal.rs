//! The journal's row and its chain: canonical JSON, BLAKE3 over the row before.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::time::Millis;

/// What a row records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Something that can influence a decision, journaled before it is handled.
    Input,
    /// What the engine answered to the input before it.
    Action,
    /// Something about the host itself (started, stopped, key created, restored).
    Host,
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct JournalRow {
    /// From 1, without a gap.
    pub seq: u64,
    /// The business's clock when it was written.
    pub at: Millis,
    /// Kind.
    pub kind: RowKind,
    /// `system`, `engine`, `operator:<key id>`, `source:<key>`, `playbook:<key>`.
    pub actor: String,
    /// For an action: the input that caused it.
    pub cause: Option<u64>,
    /// The thing itself, canonical JSON.
    #[ts(type = "unknown")]
    pub body: Value,
    /// Hash of the row before (64 hex digits; zeros for the first).
    pub prev: String,
    /// Hash of this row.
    pub hash: String,
}

/// The hash of the row before the first.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Canonical JSON: keys sorted by code point, no white space, numbers as `serde_json` prints them. Two equal values give
/// the same bytes.
pub fn canonical(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_unstable();
                out.push('{');
                for (i, key) in keys.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&Value::String(key.clone()).to_string());
                    out.push(':');
                    write(&map[key], out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// BLAKE3 of the canonical JSON of a value, in hex.
pub fn content_hash(value: &Value) -> String {
    blake3::hash(canonical(value).as_bytes()).to_hex().to_string()
}

/// The hash of a row: BLAKE3 over `prev`, `seq`, `at`, `kind`, `actor`, `cause` and the canonical body, each on its own line.
/// `body` is the canonical JSON as stored.
pub fn row_hash(
    prev: &str,
    seq: u64,
    at: Millis,
    kind: RowKind,
    actor: &str,
    cause: Option<u64>,
    body: &str,
) -> String {
    let kind = match kind {
        RowKind::Input => "input",
        RowKind::Action => "action",
        RowKind::Host => "host",
    };
    let cause = cause.map_or_else(String::new, |c| c.to_string());
    let text = format!("{prev}\n{seq}\n{at}\n{kind}\n{actor}\n{cause}\n{body}");
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
