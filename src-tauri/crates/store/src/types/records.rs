//! What is committed with the journal: decisions, findings, levers, effects.

use epoch_model::business::{Domain, LeverValue};
use epoch_model::decision::{Act, Decision, State};
use epoch_model::experiment::{Experiment, Portfolio, Reading};
use epoch_model::insight::{Expectation, Insight, InsightKind};
use epoch_model::journal::RowKind;
use epoch_model::serving::Rule;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::workflows::{DefinitionRow, RunWrite};

/// One input (or host event) with everything that follows from it. All entries of one call are one transaction.
#[derive(Debug, Clone)]
pub struct Entry {
    pub at: Millis,
    pub kind: RowKind,
    /// `system`, `engine`, `operator:<key id>`, `source:<key>`, `playbook:<key>`.
    pub actor: String,
    pub body: Value,
    /// One journal row each, after the entry's own and with it as their cause: actor and body.
    pub actions: Vec<(String, Value)>,
    /// Inserted, or replaced by id.
    pub insights: Vec<Insight>,
    /// Inserted, or replaced by id.
    pub decisions: Vec<Decision>,
    /// Inserted, or replaced by metric and start.
    pub expectations: Vec<Scored>,
    /// Inserted, or replaced by key.
    pub levers: Vec<LeverRow>,
    /// Inserted, or replaced by key.
    pub experiments: Vec<Experiment>,
    /// Inserted, or replaced by experiment and number.
    pub readings: Vec<Reading>,
    /// Replaces the one that is there.
    pub portfolio: Option<Portfolio>,
    /// Queued once: an idempotency key that is already there changes nothing.
    pub outbox: Vec<NewEffect>,
    /// Put (or removed, with `None`) under their keys.
    pub meta: Vec<(String, Option<Value>)>,
    /// Steps of runs, whose journal row this is.
    pub runs: Vec<RunWrite>,
    /// Published; a version that is there must say the same.
    pub definitions: Vec<DefinitionRow>,
    /// What was used of a day, by workflow; replaced.
    pub workflow_days: Vec<(String, String)>,
    /// For which instant the clock started a run: workflow, number of the trigger, instant.
    pub workflow_mark: Option<(String, u32, Millis)>,
    /// The engine's whole state after this entry. The last three are kept.
    pub snapshot: Option<Vec<u8>>,
}

impl Entry {
    /// An entry that is nothing but its journal row.
    pub fn new(at: Millis, kind: RowKind, actor: impl Into<String>, body: Value) -> Self {
        Self {
            at,
            kind,
            actor: actor.into(),
            body,
            actions: Vec::new(),
            insights: Vec::new(),
            decisions: Vec::new(),
            expectations: Vec::new(),
            levers: Vec::new(),
            experiments: Vec::new(),
            readings: Vec::new(),
            portfolio: None,
            outbox: Vec::new(),
            meta: Vec::new(),
            runs: Vec::new(),
            definitions: Vec::new(),
            workflow_days: Vec::new(),
            workflow_mark: None,
            snapshot: None,
        }
    }
}

/// A closed bucket with what had been expected of it: the band on the chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    pub metric: String,
    pub start: Millis,
    pub end: Millis,
    pub actual: Option<f64>,
    pub expected: Expectation,
    /// Robust z; sign is the direction.
    pub score: f64,
    pub p_value: f64,
}

/// A lever's value in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeverRow {
    pub key: String,
    pub value: LeverValue,
    pub updated_at: Millis,
    /// The decision that set it; `None` when it was changed outside.
    pub decision: Option<String>,
    /// `engine`, `operator:<key id>`, `source:<key>`.
    pub by: String,
    /// Rules that running experiments keep, served after those of the file; the lever's value is for whom none of them takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// An effect to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEffect {
    pub decision: String,
    pub idempotency_key: String,
    pub act: Act,
    /// Not before then.
    pub due: Millis,
}

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waiting for `next_at`.
    Pending,
    /// Recorded before the call; after a crash it becomes `InDoubt`.
    Sending,
    Done,
    Failed,
    /// Sent, perhaps. Never sent again by itself.
    InDoubt,
}

/// An effect with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxItem {
    pub id: u64,
    pub decision: String,
    pub idempotency_key: String,
    pub act: Act,
    pub state: OutboxState,
    /// Calls started.
    pub attempts: u32,
    pub next_at: Millis,
    /// What the last attempt said.
    pub detail: String,
    pub updated_at: Millis,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum OutboxResult {
    Done {
        detail: String,
    },
    Failed {
        detail: String,
    },
    /// Not delivered for certain; again at that time.
    Retry {
        at: Millis,
        detail: String,
    },
    InDoubt {
        detail: String,
    },
}

/// Which decisions; everything that is `None` or empty restricts nothing. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionFilter {
    pub states: Vec<State>,
    pub domain: Option<Domain>,
    /// Metric of the prediction.
    pub metric: Option<String>,
    /// The lever it sets.
    pub lever: Option<String>,
    /// The insight it came from.
    pub insight: Option<String>,
    /// Only created before (the last one's `created_at` of the page before).
    pub before: Option<Millis>,
    /// Most rows; 0 means 1,000.
    pub limit: usize,
}

/// Which insights. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsightFilter {
    pub metric: Option<String>,
    pub kind: Option<InsightKind>,
    /// Bucket starts at or after.
    pub from: Option<Millis>,
    /// Bucket starts before.
    pub to: Option<Millis>,
    /// Only found before.
    pub before: Option<Millis>,
    /// Most rows; 0 means 1,000.
    pub limit: usize,
}

/// What a gateway key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Send events.
    Write,
    /// Read the levers of one unit.
    Client,
    /// Read everything.
    Read,
}

/// A key of the gateway: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayKey {
    pub id: String,
    pub kind: KeyKind,
    /// The source whose events it writes.
    pub source: String,
    /// BLAKE3 of the key, hex.
    pub hash: String,
    /// Its first characters, to recognise it by.
    pub prefix: String,
    pub created_at: Millis,
    pub revoked_at: Option<Millis>,
}
