//! What tools answer, with its schema: plain numbers with unit and time, the business's words and the proposers' words apart.
//! Made from the views; invents nothing.

use epoch_host::clients::{ClientRecord, Record};
use epoch_model::autonomy::Standing;
use epoch_model::decision::{Decision, Evidence, Prediction, State};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::times::written;

/// The word of a serialised enum.
pub(crate) fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Where events behind a number are; the founder opens it in the console.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rows {
    pub(crate) metric: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Segment and its value.
    pub(crate) segment: Option<(String, String)>,
    /// Path of the page that shows them.
    pub(crate) console: String,
}

/// A KPI over a range.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KpiAnswer {
    pub(crate) metric: String,
    pub(crate) title: String,
    /// How it is computed, in words.
    pub(crate) definition: String,
    /// Unit of every value: a currency, `share` (0 to 1), `s`, or `count`.
    pub(crate) unit: String,
    /// What is analysed (`visitor`), where it is not events.
    pub(crate) per: Option<String>,
    /// Which way is good: `up`, `down`, `neither`.
    pub(crate) better: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Width of a bucket: `hour`, `day`, `week`, `month`.
    pub(crate) grain: String,
    /// Data is complete until then; later buckets are still filling.
    pub(crate) as_of: String,
    pub(crate) series: Vec<SeriesAnswer>,
    /// Series left out, the smallest ones.
    pub(crate) others: u32,
}

/// The whole, or one value of a segment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SeriesAnswer {
    /// The value of the segment; null for the whole.
    pub(crate) segment: Option<String>,
    /// Over the whole range, computed anew (not the mean of the buckets); null where it is not defined.
    pub(crate) total: Option<f64>,
    /// Events behind the total.
    pub(crate) events: u64,
    pub(crate) rows: Rows,
    pub(crate) points: Vec<PointAnswer>,
}

/// One bucket.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PointAnswer {
    pub(crate) start: String,
    /// Null where it is not defined (a ratio over nothing).
    pub(crate) value: Option<f64>,
    pub(crate) events: u64,
}

/// What may be known of the business before anything is proposed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DescribeAnswer {
    pub(crate) business: String,
    pub(crate) currency: String,
    /// Minor units per unit of money, as digits (2: a hundred cents).
    pub(crate) currency_digits: u32,
    pub(crate) timezone: String,
    pub(crate) now: String,
    pub(crate) as_of: String,
    pub(crate) kpis: Vec<Value>,
    pub(crate) goals: Vec<Value>,
    /// Levers with the value in force and the values they take.
    pub(crate) levers: Vec<Value>,
    /// Declared outside actions that may be proposed.
    pub(crate) effects: Vec<Value>,
    pub(crate) workflows: Vec<Value>,
    /// Metrics that must not get worse.
    pub(crate) guardrails: Vec<Value>,
    /// What is never exceeded, whoever decides alone.
    pub(crate) limits: Value,
    /// What this client may do.
    pub(crate) you: You,
    /// Kinds of act that may be proposed.
    pub(crate) may_propose: Vec<String>,
}

/// The caller.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct You {
    /// Its name as a proposer.
    pub(crate) principal: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) requests_per_second: u32,
    pub(crate) requests_at_once: u32,
    pub(crate) open_proposals: usize,
    pub(crate) open_proposals_max: usize,
    /// The founder stopped it: it reads, and proposes nothing.
    pub(crate) halted: bool,
}

impl You {
    pub(crate) fn of(client: &ClientRecord, record: &Record) -> Self {
        Self {
            principal: client.principal(),
            scopes: client.scopes.iter().map(|s| s.word().to_owned()).collect(),
            requests_per_second: epoch_host::clients::REQUESTS_PER_SECOND,
            requests_at_once: epoch_host::clients::REQUESTS_AT_ONCE,
            open_proposals: record.open,
            open_proposals_max: record.open_max,
            halted: record.halted,
        }
    }
}

/// Where the business stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusAnswer {
    /// `running`, `paused` (proposes, executes nothing), `stopped`.
    pub(crate) run_state: String,
    pub(crate) now: String,
    pub(crate) last_event: Option<String>,
    pub(crate) events: u64,
    pub(crate) approvals_waiting: u32,
    pub(crate) anomalies_open: u32,
    pub(crate) experiments_running: u32,
    /// Nothing here is real: the business is simulated.
    pub(crate) simulated: bool,
    /// What is wrong, in sentences.
    pub(crate) problems: Vec<String>,
    pub(crate) you: You,
}

/// Decisions, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecisionsAnswer {
    pub(crate) decisions: Vec<Brief>,
}

/// A decision in a line.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Brief {
    pub(crate) id: String,
    /// `pending` waits for the founder, `asked` for its proposer's `reply`; `executed`, `observing` and `scored` ran;
    /// `rejected`, `expired`, `withdrawn`, `superseded`, `stale`, `failed` did not come to an effect.
    pub(crate) state: String,
    pub(crate) created_at: String,
    pub(crate) headline: String,
    /// Who put it forward.
    pub(crate) proposer: String,
    /// The caller put it forward.
    pub(crate) mine: bool,
    /// What would change, as text.
    pub(crate) dry_run: String,
    /// `lever pro_price`, `effect alert`, …
    pub(crate) target: String,
    pub(crate) expires_at: String,
}

impl Brief {
    pub(crate) fn of(d: &Decision, caller: &str) -> Self {
        Self {
            id: d.id.clone(),
            state: word(d.state),
            created_at: written(d.created_at),
            headline: d.headline.clone(),
            proposer: d.proposer.clone(),
            mine: d.proposer == caller,
            dry_run: d.dry_run.clone(),
            target: d.act.target(),
            expires_at: written(d.expires_at),
        }
    }
}

/// A decision with its card.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecisionAnswer {
    #[serde(flatten)]
    pub(crate) brief: Brief,
    /// The proposer's own key, of the caller's decisions.
    pub(crate) key: Option<String>,
    /// What it does, exactly.
    pub(crate) act: Value,
    pub(crate) level: String,
    pub(crate) reversibility: String,
    pub(crate) evidence: Vec<Value>,
    pub(crate) counter_evidence: Vec<Value>,
    /// What is expected of it, and of doing nothing; null where nothing was predicted.
    pub(crate) prediction: Option<Value>,
    pub(crate) nothing: Option<Value>,
    /// In minor units of money.
    pub(crate) cost_minor: i64,
    pub(crate) stake_minor: Option<i64>,
    pub(crate) undo: String,
    pub(crate) worst_case: String,
    /// What the policy said, by which rule, and why.
    pub(crate) policy: Value,
    pub(crate) on_expiry: String,
    /// What pulls at the same thing.
    pub(crate) conflicts: Vec<Value>,
    /// Questions and answers; answer an open question with `reply`.
    pub(crate) talk: Vec<Value>,
    pub(crate) history: Vec<Value>,
    /// What came of it, once it was scored.
    pub(crate) outcome: Option<Value>,
    /// Path of the page that shows it to the founder.
    pub(crate) console: String,
}

impl DecisionAnswer {
    pub(crate) fn of(d: &Decision, caller: &str) -> Self {
        let mine = d.proposer == caller;
        let key = d.proposal.as_deref().and_then(|key| key.strip_prefix(caller)?.strip_prefix('/'));
        Self {
            key: key.filter(|_| mine).map(str::to_owned),
            act: plain(&d.act),
            level: word(d.level),
            reversibility: word(d.reversibility),
            evidence: d.evidence.iter().map(evidence).collect(),
            counter_evidence: d.counter_evidence.iter().map(evidence).collect(),
            prediction: d.predicts().then(|| prediction(&d.prediction)),
            nothing: d.predicts().then(|| prediction(&d.nothing)),
            cost_minor: d.cost_minor,
            stake_minor: d.stake_minor,
            undo: d.undo.clone(),
            worst_case: d.worst_case.clone(),
            policy: plain(&d.policy),
            on_expiry: d.on_expiry.clone(),
            conflicts: d.conflicts.iter().map(plain).collect(),
            talk: d.talk.iter().map(|r| json!({ "at": written(r.at), "by": r.by, "text": r.text })).collect(),
            history: d
                .history
                .iter()
                .map(|t| json!({ "at": written(t.at), "to": t.to, "by": t.actor, "reason": t.reason }))
                .collect(),
            outcome: d.outcome.as_ref().map(|o| {
                json!({
                    "at": written(o.at), "actual": o.actual, "inside": o.inside, "against_nothing": o.against_nothing,
                    "money_minor": o.money_minor, "loss": o.loss, "note": o.note,
                })
            }),
            console: format!("/decisions/{}", d.id),
            brief: Brief::of(d, caller),
        }
    }
}

pub(crate) fn plain(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn evidence(e: &Evidence) -> Value {
    json!({ "text": e.text, "strength": e.strength, "at": written(e.at), "rows": e.rows.as_ref().map(plain) })
}

fn prediction(p: &Prediction) -> Value {
    json!({
        "metric": p.metric, "from": written(p.from), "to": written(p.to),
        "p10": p.value.p10, "p50": p.value.p50, "p90": p.value.p90, "method": p.value.method,
        "money_minor": p.money_minor, "p_worse": p.p_worse,
    })
}

/// How the caller's proposals did so far.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RecordAnswer {
    pub(crate) principal: String,
    /// State and number of its decisions.
    pub(crate) decisions: Vec<(String, u32)>,
    /// Predictions that were scored.
    pub(crate) scored: u32,
    /// How many of them lay inside their 80 % interval.
    pub(crate) inside: u32,
    /// Share inside; null while none was scored. Good calibration lies near 0.8.
    pub(crate) coverage: Option<f64>,
    /// What it may do alone per kind of act, and what is missing for more.
    pub(crate) standings: Vec<Value>,
    pub(crate) you: You,
}

impl RecordAnswer {
    pub(crate) fn of(client: &ClientRecord, record: &Record) -> Self {
        let calibration = record.calibration;
        let coverage = f64::from(calibration.inside) / f64::from(calibration.scored);
        Self {
            principal: client.principal(),
            decisions: record.decisions.iter().map(|(state, n)| (word(state), *n)).collect(),
            scored: calibration.scored,
            inside: calibration.inside,
            coverage: (calibration.scored > 0).then_some(coverage),
            standings: record.standings.iter().map(standing).collect(),
            you: You::of(client, record),
        }
    }
}

fn standing(s: &Standing) -> Value {
    json!({
        "act": s.cell.act, "reversibility": s.cell.reversibility, "size": s.cell.size, "level": s.level,
        "cases": s.cases, "acceptable": s.acceptable, "lower": s.lower, "threshold": s.threshold, "missing": s.missing,
        "lowered": s.lowered.as_ref().map(|(at, why)| json!({ "at": written(*at), "why": why })),
    })
}

/// What became of waiting.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AwaitAnswer {
    /// Whether it left the state it was waited for.
    pub(crate) changed: bool,
    /// Nothing more will happen to it by itself.
    pub(crate) ended: bool,
    pub(crate) decision: DecisionAnswer,
}

/// Whether a decision has come to its end.
pub(crate) fn ended(state: State) -> bool {
    matches!(
        state,
        State::Rejected
            | State::Expired
            | State::Withdrawn
            | State::Superseded
            | State::Stale
            | State::Executed
            | State::Failed
            | State::Scored
    )
}

/// What became of a question.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExperimentAnswer {
    pub(crate) key: String,
    /// `refused` where it cannot be answered; `waiting` once its start is put to the founder.
    pub(crate) state: String,
    pub(crate) metric: String,
    /// Days it is planned to take (10, 50 and 90 in a hundred cases end sooner), and the smallest relative effect it finds.
    pub(crate) days: Option<(f64, f64, f64)>,
    pub(crate) smallest_effect: Option<f64>,
    /// Why it cannot be answered, and what would be cheaper.
    pub(crate) refusal: Option<String>,
    pub(crate) instead: Option<String>,
    /// Decisions about it, to be awaited.
    pub(crate) decisions: Vec<String>,
}
