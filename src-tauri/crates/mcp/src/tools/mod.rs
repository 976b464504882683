//! The closed list of tools: what each is called, what it takes and answers, and what it needs. There is none that approves,
//! executes, configures or changes policy; a test compares the list with the one in the documentation.

mod inputs;
mod proposing;
mod reading;
mod waiting;

use std::sync::{Arc, LazyLock};

use epoch_host::clients::{ClientRecord, ClientScope};
use epoch_model::{Code, Error, Result};
use rmcp::handler::server::common::{schema_for_output, schema_for_type};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answers::{
    AwaitAnswer, DecisionAnswer, DecisionsAnswer, DescribeAnswer, ExperimentAnswer, KpiAnswer, RecordAnswer,
    StatusAnswer,
};
use crate::link::Link;

/// One tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Describe,
    Status,
    QueryKpi,
    ListDecisions,
    SearchDecisions,
    GetDecision,
    TrackRecord,
    AwaitDecision,
    ProposeDecision,
    ProposeExperiment,
    ProposeWorkflowEdit,
    Withdraw,
    Reply,
    ReportOutcome,
}

/// All of them, in the order of the documentation.
const VERBS: [Verb; 14] = [
    Verb::Describe,
    Verb::Status,
    Verb::QueryKpi,
    Verb::ListDecisions,
    Verb::SearchDecisions,
    Verb::GetDecision,
    Verb::TrackRecord,
    Verb::AwaitDecision,
    Verb::ProposeDecision,
    Verb::ProposeExperiment,
    Verb::ProposeWorkflowEdit,
    Verb::Withdraw,
    Verb::Reply,
    Verb::ReportOutcome,
];

impl Verb {
    /// Its name in the protocol.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Status => "status",
            Self::QueryKpi => "query_kpi",
            Self::ListDecisions => "list_decisions",
            Self::SearchDecisions => "search_decisions",
            Self::GetDecision => "get_decision",
            Self::TrackRecord => "track_record",
            Self::AwaitDecision => "await_decision",
            Self::ProposeDecision => "propose_decision",
            Self::ProposeExperiment => "propose_experiment",
            Self::ProposeWorkflowEdit => "propose_workflow_edit",
            Self::Withdraw => "withdraw",
            Self::Reply => "reply",
            Self::ReportOutcome => "report_outcome",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        VERBS.into_iter().find(|verb| verb.name() == name)
    }

    /// What its caller must be allowed.
    fn scope(self) -> ClientScope {
        match self {
            Self::ProposeDecision
            | Self::ProposeExperiment
            | Self::ProposeWorkflowEdit
            | Self::Withdraw
            | Self::Reply
            | Self::ReportOutcome => ClientScope::Propose,
            _ => ClientScope::Read,
        }
    }

    /// What it does, in a sentence or two.
    fn says(self) -> (&'static str, &'static str) {
        match self {
            Self::Describe => (
                "Describe the business",
                "The business, its KPIs, levers with the values they take, effects, workflows, limits, and what you may propose. Begin here.",
            ),
            Self::Status => {
                ("Status", "Whether the engine runs, how fresh the data is, what waits, and what you have open.")
            }
            Self::QueryKpi => (
                "Query a KPI",
                "A KPI over a range, whole or split by a segment: every number with its unit, period, the time until which data is complete, and where its rows are.",
            ),
            Self::ListDecisions => ("List decisions", "Decisions, newest first, by state or only your own."),
            Self::SearchDecisions => ("Search decisions", "Decisions whose card holds all the words."),
            Self::GetDecision => (
                "Read a decision",
                "One decision with its card: act, evidence, prediction, policy, questions and answers, history, outcome.",
            ),
            Self::TrackRecord => (
                "Your track record",
                "How your own proposals did: states, scored predictions, calibration, and what you may do alone.",
            ),
            Self::AwaitDecision => (
                "Wait for a decision",
                "Waits until a decision leaves a state, for at most 50 seconds; ask again if nothing changed.",
            ),
            Self::ProposeDecision => (
                "Propose a decision",
                "Puts forward to set a lever, call an effect or start a workflow. The business's policy or its founder decides; nothing runs by your word alone.",
            ),
            Self::ProposeExperiment => (
                "Propose an experiment",
                "Asks a question that an experiment on a lever can answer. It is designed, or refused with the reason; its start is a decision of the founder or the policy.",
            ),
            Self::ProposeWorkflowEdit => (
                "Propose a workflow edit",
                "Puts forward a new version of a workflow, whole, as TOML, written against its newest version.",
            ),
            Self::Withdraw => ("Withdraw a proposal", "Takes back a proposal of your own that did not run yet."),
            Self::Reply => ("Answer a question", "Answers what the founder asked about a proposal of your own."),
            Self::ReportOutcome => {
                ("Report an outcome", "Says what became of a decision of your own, beside what is measured.")
            }
        }
    }

    fn schemas(self) -> (Arc<JsonObject>, Arc<JsonObject>) {
        match self {
            Self::Describe => schemas::<inputs::Nothing, DescribeAnswer>(),
            Self::Status => schemas::<inputs::Nothing, StatusAnswer>(),
            Self::QueryKpi => schemas::<inputs::Query, KpiAnswer>(),
            Self::ListDecisions => schemas::<inputs::List, DecisionsAnswer>(),
            Self::SearchDecisions => schemas::<inputs::Search, DecisionsAnswer>(),
            Self::GetDecision => schemas::<inputs::One, DecisionAnswer>(),
            Self::TrackRecord => schemas::<inputs::Nothing, RecordAnswer>(),
            Self::AwaitDecision => schemas::<inputs::Await, AwaitAnswer>(),
            Self::ProposeDecision => schemas::<inputs::Propose, DecisionAnswer>(),
            Self::ProposeExperiment => schemas::<inputs::Ask, ExperimentAnswer>(),
            Self::ProposeWorkflowEdit => schemas::<inputs::ProposeWorkflow, DecisionAnswer>(),
            Self::Withdraw => schemas::<inputs::Withdraw, DecisionAnswer>(),
            Self::Reply => schemas::<inputs::Reply, DecisionAnswer>(),
            Self::ReportOutcome => schemas::<inputs::Report, DecisionAnswer>(),
        }
    }

    fn tool(self) -> Tool {
        let ((title, text), (input, output)) = (self.says(), self.schemas());
        let reads = self.scope() == ClientScope::Read;
        // Under one key a proposal is one; the rest of what writes is refused the second time or says the same again.
        let idempotent = reads || matches!(self, Self::ProposeDecision | Self::ProposeWorkflowEdit | Self::Withdraw);
        let hints = ToolAnnotations::with_title(title)
            .read_only(reads)
            .destructive(false)
            .idempotent(idempotent)
            .open_world(false);
        Tool::new(self.name(), text, input).with_title(title).with_raw_output_schema(output).with_annotations(hints)
    }
}

fn schemas<I: JsonSchema + 'static, O: JsonSchema + 'static>() -> (Arc<JsonObject>, Arc<JsonObject>) {
    let mut input = (*schema_for_type::<I>()).clone();
    input.insert("additionalProperties".into(), json!(false));
    input.entry("properties").or_insert_with(|| json!({}));
    for meta in ["$schema", "title", "description"] {
        input.remove(meta);
    }
    (Arc::new(input), schema_for_output::<O>())
}

static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| VERBS.into_iter().map(Verb::tool).collect());

/// The tools as the protocol lists them.
pub(crate) fn all() -> Vec<Tool> {
    TOOLS.clone()
}

/// The names of all tools.
pub fn names() -> Vec<&'static str> {
    VERBS.into_iter().map(Verb::name).collect()
}

/// What a tool works with.
pub(crate) struct Desk {
    pub(crate) link: Arc<Link>,
    pub(crate) client: ClientRecord,
}

/// Calls a tool for a client that was let in.
pub(crate) async fn run(link: Arc<Link>, client: ClientRecord, verb: Verb, given: Value) -> Result<Value> {
    if !client.scopes.contains(&verb.scope()) {
        let message = format!("“{}” may not {}", client.id, verb.scope().word());
        return Err(Error::new(Code::Unauthorized, message, "ask the founder for a client with this scope"));
    }
    known_fields(verb, &given)?;
    let desk = Desk { link, client };
    if verb == Verb::AwaitDecision {
        return answer(waiting::wait(Arc::new(desk), taken(given)?).await?);
    }
    blocking(move || match verb {
        Verb::Describe => taken::<inputs::Nothing>(given).and_then(|_| answer(reading::describe(&desk)?)),
        Verb::Status => taken::<inputs::Nothing>(given).and_then(|_| answer(reading::status(&desk)?)),
        Verb::QueryKpi => answer(reading::kpi(&desk, taken(given)?)?),
        Verb::ListDecisions => answer(reading::list(&desk, taken(given)?)?),
        Verb::SearchDecisions => answer(reading::search(&desk, taken(given)?)?),
        Verb::GetDecision => answer(reading::decision(&desk, taken(given)?)?),
        Verb::TrackRecord => taken::<inputs::Nothing>(given).and_then(|_| answer(reading::record(&desk)?)),
        Verb::ProposeDecision => answer(proposing::decision(&desk, taken(given)?)?),
        Verb::ProposeExperiment => answer(proposing::experiment(&desk, taken(given)?)?),
        Verb::ProposeWorkflowEdit => answer(proposing::workflow(&desk, taken(given)?)?),
        Verb::Withdraw => answer(proposing::withdraw(&desk, taken(given)?)?),
        Verb::Reply => answer(proposing::reply(&desk, taken(given)?)?),
        Verb::ReportOutcome => answer(proposing::report(&desk, taken(given)?)?),
        Verb::AwaitDecision => Err(Error::new(Code::Internal, "waiting does not block", "report this")),
    })
    .await
}

/// Work that waits for the business, off the threads that serve the network.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::new(Code::Internal, "the work broke off", "try again; the log has the details"))?
}

fn known_fields(verb: Verb, given: &Value) -> Result<()> {
    let (input, _) = verb.schemas();
    let known = input.get("properties").and_then(Value::as_object);
    let stranger = given
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
        .find(|field| known.is_none_or(|known| !known.contains_key(*field)));
    match (stranger, known) {
        (Some(field), Some(known)) => {
            let field: String = field.chars().take(40).collect();
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let hint = format!("there are: {}", names.join(", "));
            Err(Error::new(Code::InvalidArgument, format!("{} has no field “{field}”", verb.name()), hint))
        }
        _ => Ok(()),
    }
}

fn taken<T: DeserializeOwned>(given: Value) -> Result<T> {
    serde_json::from_value(given).map_err(|e| {
        Error::new(Code::InvalidArgument, format!("the arguments do not fit: {e}"), "see the tool's input schema")
    })
}

fn answer(value: impl Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|e| Error::new(Code::Internal, format!("the answer cannot be written: {e}"), "report this"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the documentation promises, and all of it.
    const CLOSED: [&str; 14] = [
        "describe",
        "status",
        "query_kpi",
        "list_decisions",
        "search_decisions",
        "get_decision",
        "track_record",
        "await_decision",
        "propose_decision",
        "propose_experiment",
        "propose_workflow_edit",
        "withdraw",
        "reply",
        "report_outcome",
    ];

    #[test]
    fn the_list_of_tools_is_closed_and_documented() {
        assert_eq!(names(), CLOSED);
        let documented = include_str!("../../../../../docs/mcp.md");
        let rows: Vec<&str> = documented
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
            .filter(|name| !name.contains(' '))
            .collect();
        assert_eq!(rows, CLOSED, "docs/mcp.md");
        for verb in ["approve", "execute", "edit", "veto", "delegate", "config", "policy", "resume", "settle", "revoke"]
        {
            assert!(
                names()
                    .iter()
                    .all(|name| !name.split('_').any(|part| part == verb) || *name == "propose_workflow_edit")
            );
        }
    }

    #[test]
    fn every_tool_has_schemas_and_says_that_it_destroys_nothing() {
        for tool in all() {
            let hints = tool.annotations.clone().expect("annotations");
            assert_eq!(hints.destructive_hint, Some(false), "{}", tool.name);
            let proposes = Verb::named(&tool.name).expect("known").scope() == ClientScope::Propose;
            assert_eq!(hints.read_only_hint, Some(!proposes), "{}", tool.name);
            for schema in [Some(&tool.input_schema), tool.output_schema.as_ref()] {
                let schema = schema.expect("a schema");
                assert_eq!(schema.get("type"), Some(&json!("object")), "{}", tool.name);
                assert!(schema.contains_key("properties"), "{}", tool.name);
            }
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_a_mistake() {
        assert!(known_fields(Verb::QueryKpi, &json!({ "metric": "mrr" })).is_ok());
        for verb in VERBS {
            let error = known_fields(verb, &json!({ "approve": true })).expect_err(verb.name());
            assert_eq!(error.code, Code::InvalidArgument);
        }
    }
}
