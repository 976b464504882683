//! Replay: the journal's inputs through a fresh engine must give the journal's actions, byte for byte.

use epoch_engine::Engine;
use epoch_model::journal::{JournalRow, RowKind, canonical};
use epoch_model::{Code, Error, Result};
use epoch_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine_thread::{generator, input_of, journaled};

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// Inputs handled.
    pub inputs: u64,
    /// Actions compared.
    pub actions: u64,
    /// Decisions among them.
    pub decisions: u64,
    /// The first difference, if any.
    pub difference: Option<Difference>,
    /// BLAKE3 over all actions in order: two replays of the same folder print the same.
    pub digest: String,
}

/// Where a replay and the journal part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The input's row.
    pub seq: u64,
    /// What the journal holds (canonical JSON; empty when it holds less).
    pub journaled: String,
    /// What the engine answers now.
    pub replayed: String,
}

/// The seed of a business: in its first journal row.
pub fn seed_of(store: &Store) -> Result<u64> {
    let first = store.journal(1, 1)?;
    first.first().and_then(|row| row.body.get("seed")).and_then(Value::as_u64).ok_or_else(|| {
        Error::new(Code::StoreDamaged, "the journal does not begin with the business's seed", "restore a backup")
    })
}

/// Replays the whole journal.
pub fn replay(store: &Store) -> Result<ReplayReport> {
    let seed = seed_of(store)?;
    let mut engine = Engine::new();
    let mut digest = blake3::Hasher::new();
    let mut report = ReplayReport { inputs: 0, actions: 0, decisions: 0, difference: None, digest: String::new() };
    // Of the input at hand: its row, and the actions not yet met in the journal.
    let mut waiting: (u64, std::collections::VecDeque<String>) = (0, std::collections::VecDeque::new());
    let mut next = 1;
    loop {
        let rows = store.journal(next, 1000)?;
        let Some(last) = rows.last() else { break };
        next = last.seq + 1;
        for row in &rows {
            match row.kind {
                RowKind::Action => {
                    let replayed = waiting.1.pop_front().unwrap_or_default();
                    note(&mut report, waiting.0, canonical(&row.body), replayed);
                }
                RowKind::Input => {
                    leftover(&mut report, &mut waiting);
                    waiting = (row.seq, answer(&mut engine, row, seed, &mut digest, &mut report)?);
                }
                RowKind::Host => leftover(&mut report, &mut waiting),
            }
        }
    }
    leftover(&mut report, &mut waiting);
    report.digest = digest.finalize().to_hex().to_string();
    Ok(report)
}

fn answer(
    engine: &mut Engine,
    row: &JournalRow,
    seed: u64,
    digest: &mut blake3::Hasher,
    report: &mut ReplayReport,
) -> Result<std::collections::VecDeque<String>> {
    let actions = engine.handle(&input_of(row)?, row.at, &mut generator(seed, row.seq));
    report.inputs += 1;
    let mut texts = std::collections::VecDeque::with_capacity(actions.len());
    for action in &actions {
        report.actions += 1;
        report.decisions += u64::from(matches!(action, epoch_engine::Action::Decision(_)));
        let text = canonical(&journaled(action)?);
        digest.update(text.as_bytes());
        digest.update(b"\n");
        texts.push_back(text);
    }
    Ok(texts)
}

fn leftover(report: &mut ReplayReport, waiting: &mut (u64, std::collections::VecDeque<String>)) {
    if let Some(extra) = waiting.1.pop_front() {
        note(report, waiting.0, String::new(), extra);
    }
    waiting.1.clear();
}

fn note(report: &mut ReplayReport, seq: u64, journaled: String, replayed: String) {
    if report.difference.is_none() && journaled != replayed {
        report.difference = Some(Difference { seq, journaled, replayed });
    }
}

#[cfg(test)]
mod tests {
    use epoch_engine::Input;
    use epoch_model::business::Business;
    use epoch_model::journal::GENESIS;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_journaled_before_levers_were_served_is_still_read() {
        let text = "[business]\nname = \"Shop\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n\n[[lever]]\nkey = \"price\"\nkind = \"number\"\n\
                    min = 1\nmax = 9\nstep = 1\ndefault = 2\n\n[[source]]\nkey = \"exports\"\nkind = \"folder\"\npath = \"exports\"\n\n\
                    [[metric]]\nkey = \"orders\"\nkind = \"count\"\nevent = \"order\"\n";
        let business = Business::parse(text).expect("a business");
        let input = Input::Configure { business: Box::new(business), playbooks: Vec::new(), operator_keys: Vec::new() };
        let mut body = serde_json::to_value(&input).expect("JSON");
        let mut remove = |path: &str, names: &[&str]| {
            let object = body.pointer_mut(path).and_then(Value::as_object_mut).expect(path);
            for name in names {
                assert!(object.remove(*name).is_some(), "{path}: no {name}");
            }
        };
        remove("/business", &["publish"]);
        remove("/business/levers/0", &["serving"]);
        remove("/business/sources/0", &["allow", "deny", "hash", "keep_ip"]);
        remove("/business/metrics/0", &["by"]);
        let (actor, prev, hash) = ("system".into(), GENESIS.into(), GENESIS.into());
        let row = JournalRow { seq: 2, at: 0, kind: RowKind::Input, actor, cause: None, body, prev, hash };
        let Ok(Input::Configure { business, .. }) = input_of(&row) else { panic!("not understood: {}", json!(row)) };
        assert_eq!(business.levers[0].serving, epoch_model::serving::Serving::default());
    }
}
