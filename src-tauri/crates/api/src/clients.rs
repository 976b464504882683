//! Outside clients: the founder's commands about them, and what they themselves may ask for. The latter is a kind of its own
//! on the local socket, apart from `read` and `write`, so that the list of what a client can reach is this file.

use epoch_host::Host;
use epoch_host::clients::{ClientRecord, ClientScope, Credential, Draft};
use epoch_model::decision::{Decision, State};
use epoch_model::experiment::Experiment;
use epoch_model::gate::RunState;
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::app::{App, args, json, unknown};
use crate::commands::IdArgs;
use crate::reads::spec_of;
use crate::views::{AskExperimentArgs, ClientMade, ClientRevoked, ClientView, MakeClientArgs, RevokeClientArgs};
use crate::writes::operator;

/// Most decisions of one answer.
const FOUND_MAX: usize = 100;

// --- the founder's side ---------------------------------------------------------------------------------------------

pub(crate) fn clients(host: &Host) -> Result<Vec<ClientView>> {
    host.clients().into_iter().map(|client| view(host, client)).collect()
}

fn view(host: &Host, client: ClientRecord) -> Result<ClientView> {
    let record = host.client_record(&client.id)?;
    Ok(ClientView {
        scopes: client.scopes.iter().map(|s| s.word().to_owned()).collect(),
        id: client.id,
        prefix: client.prefix,
        created_at: client.created_at,
        revoked_at: client.revoked_at,
        open: u32::try_from(record.open).unwrap_or(u32::MAX),
        proposed: record.decisions.iter().map(|(_, n)| n).sum(),
        scored: record.calibration.scored,
        inside: record.calibration.inside,
        halted: record.halted,
    })
}

pub(crate) fn make(app: &App, given: Value) -> Result<Value> {
    let MakeClientArgs { name, scopes } = args(given)?;
    let scopes = if scopes.is_empty() { vec!["read".to_owned(), "propose".to_owned()] } else { scopes };
    let scopes: Vec<ClientScope> = scopes.iter().map(|word| scope(word)).collect::<Result<_>>()?;
    let token = app.host()?.make_client(&name, &scopes, &operator())?;
    app.tell(&["settings"]);
    json(ClientMade { name, token })
}

pub(crate) fn renew(app: &App, given: Value) -> Result<Value> {
    let IdArgs { id } = args(given)?;
    let token = app.host()?.renew_client(&id, &operator())?;
    app.tell(&["settings"]);
    json(ClientMade { name: id, token })
}

pub(crate) fn revoke(app: &App, given: Value) -> Result<Value> {
    let RevokeClientArgs { name, reason } = args(given)?;
    let revoked = app.host()?.revoke_client(&name, &reason, &operator())?;
    app.tell(&["settings", "decisions"]);
    json(ClientRevoked { name, withdrawn: revoked.withdrawn })
}

fn scope(word: &str) -> Result<ClientScope> {
    [ClientScope::Read, ClientScope::Propose]
        .into_iter()
        .find(|s| s.word() == word)
        .ok_or_else(|| Error::new(Code::InvalidArgument, format!("“{word}” is no scope"), "use read, propose or both"))
}

// --- the client's side ----------------------------------------------------------------------------------------------

/// Asks to be let in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnterArgs {
    pub credential: Credential,
    /// Whether this is a request that counts.
    pub count: bool,
}

/// What a client is told of the business beside its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ground {
    pub business: epoch_model::business::Business,
    /// Lever and value in force.
    pub levers: Vec<(String, epoch_model::business::LeverValue)>,
    /// Workflow and its newest version.
    pub workflows: Vec<(String, u32)>,
    pub run_state: RunState,
    pub now: i64,
    /// Until when data is complete.
    pub as_of: i64,
}

/// Names the client and what it acts on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActArgs<T> {
    pub client: String,
    #[serde(flatten)]
    pub act: T,
}

/// A proposal.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ProposeArgs {
    /// `{ key, headline, act: { kind: "set_lever", lever, to } | …, expected?, reasons?, expires_in?, … }`; docs/mcp.md has all of it.
    #[ts(type = "Record<string, unknown>")]
    pub draft: Draft,
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuestionArgs {
    pub question: AskExperimentArgs,
}

/// A decision of the client's own, and words about it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WordsArgs {
    pub decision: String,
    pub text: String,
    /// Only of a report: whether it went as it should.
    #[serde(default)]
    pub good: Option<bool>,
}

/// Which decisions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FindArgs {
    /// States; empty for all.
    #[serde(default)]
    pub states: Vec<State>,
    /// Only of this proposer.
    #[serde(default)]
    pub proposer: Option<String>,
    /// Words that all occur in the headline, the dry run or the evidence, in any case.
    #[serde(default)]
    pub text: Option<String>,
    /// Only created before.
    #[serde(default)]
    pub before: Option<i64>,
    /// At most 100.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// What a client may ask for, one arm each. Nothing here answers a card, runs, configures or changes policy.
pub(crate) fn dispatch(app: &App, name: &str, given: Value) -> Result<Value> {
    let host = app.host()?;
    let host = &*host;
    match name {
        "enter" => {
            let EnterArgs { credential, count } = args(given)?;
            json(host.enter_client(&credential, count)?)
        }
        "ground" => json(ground(host)?),
        "decision" => {
            let IdArgs { id } = args(given)?;
            json(host.store().decision(&id)?.ok_or_else(|| {
                let id: String = id.chars().take(40).collect();
                Error::new(Code::NotFound, format!("there is no decision “{id}”"), "list_decisions lists them")
            })?)
        }
        "find" => json(find(host, &args(given)?)?),
        "record" => {
            let IdArgs { id } = args(given)?;
            json(host.client_record(&id)?)
        }
        "propose" => {
            let ActArgs { client, act: ProposeArgs { draft } } = args(given)?;
            json(host.propose_as_client(&client, &draft)?)
        }
        "ask" => {
            let ActArgs { client, act: QuestionArgs { question } } = args(given)?;
            let asked: Experiment = host.ask_as_client(&client, spec_of(host, &question)?)?;
            json(asked)
        }
        "withdraw" => {
            let ActArgs { client, act: WordsArgs { decision, text, .. } } = args(given)?;
            json(host.withdraw_as_client(&client, &decision, &text)?)
        }
        "reply" => {
            let ActArgs { client, act: WordsArgs { decision, text, .. } } = args(given)?;
            json(host.reply_as_client(&client, &decision, &text)?)
        }
        "report" => {
            let ActArgs { client, act: WordsArgs { decision, text, good } } = args(given)?;
            let good = good.ok_or_else(|| {
                Error::new(Code::InvalidArgument, "whether it went well is not said", "give `good`: true or false")
            })?;
            json(host.report_as_client(&client, &decision, good, &text)?)
        }
        _ => Err(unknown(name)),
    }
}

fn ground(host: &Host) -> Result<Ground> {
    let compiled = host.levers();
    Ok(Ground {
        business: host.business(),
        levers: compiled.flags().iter().map(|flag| (flag.key.clone(), flag.value.clone())).collect(),
        workflows: host.workflow_versions()?.into_iter().collect(),
        run_state: host.run_info().state,
        now: host.now(),
        as_of: host.data_horizon()?.unwrap_or_else(|| host.now()),
    })
}

fn find(host: &Host, asked: &FindArgs) -> Result<Vec<Decision>> {
    let filter = DecisionFilter {
        states: asked.states.clone(),
        before: asked.before,
        limit: 5_000,
        ..DecisionFilter::default()
    };
    let words: Vec<String> =
        asked.text.as_deref().unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut all = host.store().decisions(&filter)?;
    all.retain(|d| asked.proposer.as_ref().is_none_or(|p| d.proposer == *p) && says(d, &words));
    all.truncate(asked.limit.unwrap_or(20).clamp(1, FOUND_MAX));
    Ok(all)
}

fn says(decision: &Decision, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let evidence = decision.evidence.iter().chain(&decision.counter_evidence).map(|e| e.text.as_str());
    let parts = [decision.headline.as_str(), decision.dry_run.as_str(), decision.proposer.as_str()];
    let text = parts.into_iter().chain(evidence).collect::<Vec<_>>().join("\n").to_lowercase();
    words.iter().all(|word| text.contains(word))
}
