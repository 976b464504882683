//! A proposal as a client words it, and the proposal the engine hears: names resolved, texts bounded and marked as the
//! client's. Decides nothing about the business.

use epoch_model::business::{Business, Domain, LeverValue, Reversibility};
use epoch_model::decision::{Act, Alternative, Evidence, RowsRef, Strength};
use epoch_model::proposal::{Expected, Proposal};
use epoch_model::time::{DAY, Millis};
use epoch_model::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::{bad, line, lines, payload, said};

const HEADLINE_MAX: usize = 140;
const REASON_MAX: usize = 600;
const REASONS_MAX: usize = 8;
const PAYLOAD_MAX: usize = 16 << 10;
const WORKFLOW_MAX: usize = 128 << 10;
const KEY_MAX: usize = 60;
/// How long a card waits unless the client says otherwise, and the least and the most it may say.
const EXPIRES_IN: Millis = 3 * DAY;
const EXPIRES_MIN: Millis = DAY / 24;
const EXPIRES_MAX: Millis = 30 * DAY;

/// What a client wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Sets a declared lever.
    SetLever { lever: String, to: LeverValue },
    /// Calls a declared effect.
    CallEffect { effect: String, payload: Value },
    /// Starts a run of a workflow, of its newest version.
    StartWorkflow { workflow: String, input: Value },
    /// Publishes a new version of a workflow, written against `from_version` (0 for a new one).
    EditWorkflow { workflow: String, from_version: u32, text: String },
}

/// Something that speaks for or against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// One or two sentences.
    pub text: String,
    /// The rows it rests on.
    #[serde(default)]
    pub rows: Option<RowsRef>,
}

/// A proposal as a client words it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The client's own key: proposing again under it is the same proposal.
    pub key: String,
    pub headline: String,
    pub act: Deed,
    #[serde(default)]
    pub expected: Option<Expected>,
    #[serde(default)]
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub against: Vec<Reason>,
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    /// How long the founder has to answer, ms; three days when absent.
    #[serde(default)]
    pub expires_in: Option<Millis>,
    /// Harder to undo than what it acts on says; never easier.
    #[serde(default)]
    pub reversibility: Option<Reversibility>,
    /// Which version of itself the client is; another one earns autonomy anew.
    #[serde(default)]
    pub version: String,
}

/// What a draft is resolved against.
pub(crate) struct Ground<'a> {
    pub(crate) business: &'a Business,
    pub(crate) now: Millis,
    /// The value of a lever in force.
    pub(crate) lever: &'a dyn Fn(&str) -> Option<LeverValue>,
    /// The newest version of a workflow.
    pub(crate) workflow: &'a dyn Fn(&str) -> Option<u32>,
}

/// The key under which the engine knows a client's proposal: clients cannot reach each other's.
pub(crate) fn engine_key(principal: &str, key: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if key.is_empty() || key.len() > KEY_MAX || !key.chars().all(fits) {
        return Err(bad(
            format!("a key of {} characters does not do", key.chars().count()),
            format!("use 1 to {KEY_MAX} letters, digits, - _ . and :"),
        ));
    }
    Ok(format!("{principal}/{key}"))
}

/// Quoted, so that nobody takes it for the engine's own words.
fn quoted(principal: &str, text: &str) -> String {
    // The founder's own words need no marks.
    if principal.starts_with("operator:") { text.to_owned() } else { format!("{principal}: “{text}”") }
}

impl Draft {
    /// The proposal the engine hears.
    pub(crate) fn resolve(&self, principal: &str, ground: &Ground<'_>) -> Result<Proposal> {
        let (act, domain) = self.act(ground)?;
        let expires_in = self.expires_in.unwrap_or(EXPIRES_IN);
        if !(EXPIRES_MIN..=EXPIRES_MAX).contains(&expires_in) {
            return Err(bad("the time to answer does not do", "give the founder between an hour and 30 days"));
        }
        if let Some(e) = &self.expected {
            let ordered = e.p10.is_finite() && e.p90.is_finite() && e.p10 <= e.p50 && e.p50 <= e.p90;
            if !ordered || e.p10 < -1.0 || e.p90 > 100.0 {
                return Err(bad(
                    "the expectation does not hold together",
                    "give relative changes with p10 <= p50 <= p90, such as -0.01, 0.02, 0.05",
                ));
            }
            if !(DAY..=366 * DAY).contains(&e.horizon) {
                return Err(bad("the horizon does not do", "expect something within a day to a year"));
            }
            if !ground.business.metrics.iter().any(|m| m.key == e.metric) {
                return Err(unknown("metric", &e.metric, ground.business.metrics.iter().map(|m| m.key.as_str())));
            }
        }
        Ok(Proposal {
            key: engine_key(principal, &self.key)?,
            proposer: principal.to_owned(),
            headline: quoted(principal, &said("headline", &self.headline, HEADLINE_MAX)?),
            act,
            domain,
            expected: self.expected.clone(),
            evidence: evidence(principal, "reasons", &self.reasons, ground)?,
            counter_evidence: evidence(principal, "against", &self.against, ground)?,
            alternatives: self.alternatives(principal)?,
            expires_in,
            compensation: false,
            origin: None,
            reversibility: self.reversibility,
            version: line(&self.version).chars().take(KEY_MAX).collect(),
        })
    }

    fn act(&self, ground: &Ground<'_>) -> Result<(Act, Domain)> {
        let business = ground.business;
        match &self.act {
            Deed::SetLever { lever, to } => {
                let keys = || business.levers.iter().map(|l| l.key.as_str());
                let known = business.levers.iter().find(|l| l.key == *lever);
                let known = known.ok_or_else(|| unknown("lever", lever, keys()))?;
                let from = (ground.lever)(lever).unwrap_or_else(|| known.default.clone());
                if let Some((message, hint)) = epoch_model::business::misfit(&known.kind, to) {
                    return Err(bad(format!("“{lever}”: {message}"), hint));
                }
                if from == *to {
                    return Err(bad(format!("“{lever}” has this value already"), "propose another one"));
                }
                Ok((Act::SetLever { lever: lever.clone(), from, to: to.clone() }, known.domain))
            }
            Deed::CallEffect { effect, payload: given } => {
                let keys = || business.effects.iter().map(|e| e.key.as_str());
                let known = business.effects.iter().find(|e| e.key == *effect);
                let known = known.ok_or_else(|| unknown("effect", effect, keys()))?;
                let payload = payload("payload", given, PAYLOAD_MAX)?;
                Ok((Act::Call { effect: effect.clone(), payload }, known.domain))
            }
            Deed::StartWorkflow { workflow, input } => {
                let version = (ground.workflow)(workflow).ok_or_else(|| no_workflow(workflow))?;
                let input = payload("input", input, PAYLOAD_MAX)?;
                Ok((Act::StartWorkflow { workflow: workflow.clone(), version, input }, Domain::Operations))
            }
            Deed::EditWorkflow { workflow, from_version, text } => {
                if text.len() > WORKFLOW_MAX {
                    return Err(bad("the workflow is too long", format!("use at most {WORKFLOW_MAX} bytes")));
                }
                let newest = (ground.workflow)(workflow).unwrap_or(0);
                if newest != *from_version {
                    let message = format!("the newest version of “{workflow}” is {newest}, not {from_version}");
                    return Err(Error::new(Code::Stale, message, "read it again and write against that version"));
                }
                let (workflow, from_version, text) = (workflow.clone(), *from_version, lines(text));
                Ok((Act::EditWorkflow { workflow, from_version, text }, Domain::Operations))
            }
        }
    }

    fn alternatives(&self, principal: &str) -> Result<Vec<Alternative>> {
        bounded("alternatives", self.alternatives.len())?;
        let one = |a: &Alternative| {
            Ok(Alternative {
                what: quoted(principal, &said("what", &a.what, REASON_MAX)?),
                why_not: said("why_not", &a.why_not, REASON_MAX)?,
            })
        };
        self.alternatives.iter().map(one).collect()
    }
}

/// What somebody outside says counts as an expert's word, however it was come by: only our own measurements are more.
fn evidence(principal: &str, field: &str, reasons: &[Reason], ground: &Ground<'_>) -> Result<Vec<Evidence>> {
    bounded(field, reasons.len())?;
    let one = |reason: &Reason| {
        let rows = reason.rows.clone();
        if let Some(rows) = &rows {
            let known = ground.business.metrics.iter().any(|m| m.key == rows.metric);
            if !known || rows.from >= rows.to {
                return Err(bad(
                    format!("the rows of a reason in “{field}” do not exist"),
                    "name a metric of the business and a range",
                ));
            }
        }
        Ok(Evidence {
            text: quoted(principal, &said(field, &reason.text, REASON_MAX)?),
            strength: Strength::Expert,
            at: ground.now,
            insight: None,
            rows,
        })
    };
    reasons.iter().map(one).collect()
}

fn bounded(field: &str, n: usize) -> Result<()> {
    if n > REASONS_MAX {
        return Err(bad(format!("“{field}” has {n} entries"), format!("give the {REASONS_MAX} that matter most")));
    }
    Ok(())
}

fn unknown<'a>(what: &str, key: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    let key = line(key).chars().take(KEY_MAX).collect::<String>();
    let hint =
        if known.is_empty() { "none is declared".to_owned() } else { format!("there are: {}", known.join(", ")) };
    Error::new(Code::NotFound, format!("there is no {what} “{key}”"), hint)
}

fn no_workflow(key: &str) -> Error {
    let key = line(key).chars().take(KEY_MAX).collect::<String>();
    Error::new(Code::NotFound, format!("there is no workflow “{key}”"), "describe lists the workflows")
}
