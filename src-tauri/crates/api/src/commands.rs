//! The one list of commands: names, arguments, results, what they provide and what they make stale.
//!
//! Desktop, CLI and tests dispatch through this list; the console's TypeScript types are generated from it.

use std::collections::BTreeMap;

use epoch_model::business::{LeverValue, Mapping};
use epoch_model::time::Grain;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// No arguments.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct Nothing {}

/// A range; both ends absent means the newest 28 days of data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct RangeArgs {
    #[serde(default)]
    pub from: Option<i64>,
    #[serde(default)]
    pub to: Option<i64>,
}

/// One KPI over a range.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct KpiArgs {
    pub metric: String,
    #[serde(default)]
    pub from: Option<i64>,
    #[serde(default)]
    pub to: Option<i64>,
    #[serde(default)]
    pub grain: Option<Grain>,
    #[serde(default)]
    pub by: Option<String>,
}

/// The events behind a number.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RowsArgs {
    /// Events that count for this metric; or …
    #[serde(default)]
    pub metric: Option<String>,
    /// … events of this name; or all.
    #[serde(default)]
    pub event: Option<String>,
    pub from: i64,
    pub to: i64,
    /// Segment and value.
    #[serde(default)]
    pub segment: Option<(String, String)>,
    #[serde(default)]
    pub cursor: Option<String>,
    /// At most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// How many events: of this name, or all.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct CountArgs {
    #[serde(default)]
    pub event: Option<String>,
}

/// Where a backup goes; the business's `backups` folder when absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct BackupArgs {
    #[serde(default)]
    pub path: Option<String>,
}

/// A filter over decisions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct DecisionsArgs {
    /// States; empty for all.
    #[serde(default)]
    pub states: Vec<epoch_model::decision::State>,
    #[serde(default)]
    pub limit: Option<u32>,
}

/// By id.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct IdArgs {
    pub id: String,
}

/// A text to search for.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SearchArgs {
    pub text: String,
}

/// A file to look at before importing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PreviewArgs {
    pub path: String,
    /// The mapping as corrected; guessed when absent.
    #[serde(default)]
    pub mapping: Option<Mapping>,
}

/// An answer to a card. Signed by the process that holds the operator's key.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AnswerArgs {
    pub id: String,
    /// The hash of the card that was on screen.
    pub card_hash: String,
}

/// Approves with other values for editable fields (`to`, `choice`, `payload.<name>`).
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct EditArgs {
    pub id: String,
    pub card_hash: String,
    pub set: BTreeMap<String, LeverValue>,
}

/// The card as it would be with other values; nothing changes.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RepredictArgs {
    pub id: String,
    pub set: BTreeMap<String, LeverValue>,
}

/// Says no, with a reason (`wrong`, `not_now`, `too_risky`, `too_costly`, `other`).
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VetoArgs {
    pub id: String,
    pub card_hash: String,
    pub reason: String,
    #[serde(default)]
    pub text: String,
}

/// Hides a card until then, or until something happens.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeferArgs {
    pub id: String,
    pub card_hash: String,
    pub until: i64,
    /// Earlier if this happens.
    #[serde(default)]
    pub wake: Option<epoch_model::decision::Wake>,
}

/// Why the engine is paused, stopped or resumed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct RunArgs {
    #[serde(default)]
    pub reason: String,
}

/// Makes a new business.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CreateArgs {
    pub name: String,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub timezone: Option<String>,
    /// Folder; below the data home when absent.
    #[serde(default)]
    pub folder: Option<String>,
}

/// Opens a folder.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OpenArgs {
    pub folder: String,
}

/// Starts an import.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ImportArgs {
    pub path: String,
    pub mapping: Mapping,
    /// Seconds of history per second; without it the file is imported at once.
    #[serde(default)]
    pub as_live: Option<f64>,
    /// With `as_live`: history before this instant is imported at once, the rest arrives.
    #[serde(default)]
    pub live_from: Option<i64>,
    /// With `as_live`: whether time stands still while a card waits. It does unless told otherwise.
    #[serde(default)]
    pub hold: Option<bool>,
    /// The source its events belong to; `file` when absent.
    #[serde(default)]
    pub source: Option<String>,
    /// TOML of metrics to add to `business.toml` first.
    #[serde(default)]
    pub add_metrics: Vec<String>,
}

/// Replaces `business.toml`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SaveConfigArgs {
    pub toml: String,
}

/// Adds a table such as `[[metric]]` to `business.toml`, keeping comments.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AddConfigArgs {
    pub toml: String,
}

/// Makes a key.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct KeyArgs {
    pub name: String,
    /// `write`, `client` or `read`.
    pub kind: String,
    /// The source its events belong to; the key's own name when absent. A key that takes the place of another one keeps
    /// its source.
    #[serde(default)]
    pub source: Option<String>,
}

/// A key's new value, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyMade {
    pub name: String,
    /// `write`, `client` or `read`.
    pub kind: String,
    pub value: String,
}

/// Makes a report.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportArgs {
    #[serde(default)]
    pub from: Option<i64>,
    #[serde(default)]
    pub to: Option<i64>,
    /// `pdf`, `html`, `csv`, `xlsx`.
    pub format: String,
    /// Where to write it; the business's `reports` folder when absent.
    #[serde(default)]
    pub path: Option<String>,
}

/// The page to show in the preview.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportPreview {
    /// A whole HTML document without scripts.
    pub html: String,
}

/// A playbook on or off.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PlaybookArgs {
    pub key: String,
    pub on: bool,
}

/// Speed of a running replay; 0 holds it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReplayArgs {
    pub speed: f64,
}

/// What changed, for the page to refresh: topics such as `status`, `kpis`, `decisions`, `connections`, `settings`, `reports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Change {
    pub topics: Vec<String>,
}

/// A command of the list.
#[derive(Debug, Clone, Copy)]
pub struct CommandInfo {
    pub name: &'static str,
    /// `read` or `write`.
    pub kind: &'static str,
    pub args: &'static str,
    pub result: &'static str,
    /// Topics a read depends on, or a write makes stale.
    pub topics: &'static [&'static str],
}

/// All commands. The order is the order of the documentation.
pub const COMMANDS: &[CommandInfo] = &[
    read("status", "Nothing", "StatusView", &["status"]),
    read("today", "RangeArgs", "TodayView", &["kpis", "decisions", "status"]),
    read("hierarchy", "Nothing", "HierarchyView", &["decisions", "kpis"]),
    read("kpis", "RangeArgs", "KpisView", &["kpis"]),
    read("kpi", "KpiArgs", "KpiView", &["kpis", "decisions"]),
    read("rows", "RowsArgs", "RowsView", &["kpis"]),
    read("approvals", "Nothing", "Array<Decision>", &["decisions"]),
    read("decisions", "DecisionsArgs", "DecisionsView", &["decisions"]),
    read("decision", "IdArgs", "DecisionView", &["decisions"]),
    read("repredict", "RepredictArgs", "Decision", &["decisions"]),
    read("check_config", "SaveConfigArgs", "Array<ProblemView>", &[]),
    read("insights", "RangeArgs", "Array<Insight>", &["kpis"]),
    read("series", "KpiArgs", "SeriesView", &["kpis"]),
    read("count", "CountArgs", "CountView", &["kpis"]),
    read("connections", "Nothing", "ConnectionsView", &["connections"]),
    read("levers", "Nothing", "LeversView", &["levers"]),
    read("lever", "LeverArgs", "LeverDetailView", &["levers"]),
    read("try_lever", "TryLeverArgs", "LeverTrialView", &["levers"]),
    read("experiments", "Nothing", "ExperimentsView", &["experiments", "decisions"]),
    read("experiment", "ExperimentArgs", "ExperimentView", &["experiments", "decisions", "levers"]),
    read("experiment_check", "AskExperimentArgs", "ExperimentCheckView", &["experiments"]),
    read("person", "UnitArgs", "PersonView", &["kpis"]),
    read("import_preview", "PreviewArgs", "ImportPreviewView", &[]),
    read("import_progress", "Nothing", "ImportProgress | null", &["status"]),
    read("reports", "Nothing", "ReportsView", &["reports"]),
    read("report_preview", "RangeArgs", "ReportPreview", &["kpis", "decisions"]),
    read("policy", "Nothing", "PolicyView", &["settings"]),
    read("counterfactual", "PolicyArgs", "CounterfactualView", &["settings", "decisions"]),
    read("check_policy", "PolicyArgs", "PolicyCheckView", &["settings", "decisions"]),
    read("settings", "Nothing", "SettingsView", &["settings"]),
    read("clients", "Nothing", "Array<ClientView>", &["settings", "decisions"]),
    read("search", "SearchArgs", "Array<Hit>", &["settings", "decisions"]),
    read("audit", "Nothing", "AuditView", &["decisions"]),
    read("grants", "Nothing", "Array<Grant>", &["decisions"]),
    read("halts", "Nothing", "Array<Scope>", &["status", "decisions"]),
    read("autonomy", "Nothing", "Array<Standing>", &["decisions"]),
    read("budgets", "Nothing", "Array<BudgetView>", &["decisions", "settings"]),
    read("calibration", "Nothing", "Array<CalibrationView>", &["decisions"]),
    read("sandbox", "Nothing", "SandboxView | null", &["sandbox", "status"]),
    read("sandbox_scenarios", "Nothing", "Array<ScenarioView>", &[]),
    read("sandbox_truth", "Nothing", "SandboxTruthView", &[]),
    read("workflows", "Nothing", "WorkflowsView", &["workflows", "decisions"]),
    read("workflow", "WorkflowArgs", "WorkflowView", &["workflows", "decisions"]),
    read("workflow_check", "WorkflowTextArgs", "WorkflowCheckView", &["settings"]),
    read("workflow_diff", "WorkflowDiffArgs", "WorkflowDiff", &["workflows"]),
    read("workflow_library", "Nothing", "Array<WorkflowLibraryView>", &["workflows", "settings"]),
    read("workflow_migration", "WorkflowMigrateArgs", "WorkflowMigration", &["workflows"]),
    read("runs", "WorkflowRunsArgs", "Array<WorkflowRunBrief>", &["workflows", "decisions"]),
    read("run", "IdArgs", "WorkflowRunView", &["workflows", "decisions"]),
    write("create_business", "CreateArgs", "StatusView", &["status", "settings"]),
    write("open_business", "OpenArgs", "StatusView", &["status", "settings"]),
    write("propose", "ProposeArgs", "Decision", &["decisions", "status"]),
    write("approve", "AnswerArgs", "Decision", &["decisions", "status"]),
    write("edit", "EditArgs", "Decision", &["decisions", "status"]),
    write("veto", "VetoArgs", "Decision", &["decisions", "status"]),
    write("defer", "DeferArgs", "Decision", &["decisions", "status"]),
    write("ask", "AskArgs", "Decision", &["decisions", "status"]),
    write("delegate", "DelegateArgs", "Decision", &["decisions", "status"]),
    write("withdraw_approval", "IdArgs", "Decision", &["decisions", "status"]),
    write("reopen", "IdArgs", "Decision", &["decisions", "status"]),
    write("revoke_grant", "IdArgs", "Array<Grant>", &["decisions"]),
    write("halt", "HaltArgs", "Array<Scope>", &["status", "decisions"]),
    write("release", "HaltArgs", "Array<Scope>", &["status", "decisions"]),
    write("pause", "RunArgs", "StatusView", &["status"]),
    write("stop", "RunArgs", "StatusView", &["status"]),
    write("resume", "RunArgs", "StatusView", &["status"]),
    write("import_start", "ImportArgs", "ImportProgress", &["status", "kpis", "connections"]),
    write("import_cancel", "Nothing", "ImportProgress | null", &["status"]),
    write("replay_speed", "ReplayArgs", "StatusView", &["status"]),
    write("save_config", "SaveConfigArgs", "SettingsView", &["settings", "kpis", "status"]),
    write("add_config", "AddConfigArgs", "SettingsView", &["settings", "kpis", "status"]),
    write("save_policy", "PolicyArgs", "PolicyView", &["settings", "status"]),
    write("set_playbook", "PlaybookArgs", "SettingsView", &["settings"]),
    write("make_key", "KeyArgs", "KeyMade", &["connections"]),
    write("revoke_key", "IdArgs", "ConnectionsView", &["connections"]),
    write("make_client", "MakeClientArgs", "ClientMade", &["settings"]),
    write("renew_client", "IdArgs", "ClientMade", &["settings"]),
    write("revoke_client", "RevokeClientArgs", "ClientRevoked", &["settings", "decisions"]),
    write("kill_lever", "LeverArgs", "LeverDetailView", &["levers", "settings"]),
    write("restore_lever", "LeverArgs", "LeverDetailView", &["levers", "settings"]),
    write("ask_experiment", "AskExperimentArgs", "Experiment", &["experiments", "decisions"]),
    write("end_experiment", "EndExperimentArgs", "Experiment", &["experiments", "decisions", "levers"]),
    write("workflow_publish", "WorkflowTextArgs", "WorkflowView", &["workflows", "settings"]),
    write("workflow_adopt", "WorkflowAdoptArgs", "WorkflowView", &["workflows", "settings"]),
    write("workflow_run", "WorkflowRunArgs", "WorkflowRunView", &["workflows", "decisions"]),
    write("workflow_migrate", "WorkflowMigrateArgs", "WorkflowMigration", &["workflows"]),
    write("run_signal", "WorkflowSignalArgs", "WorkflowRunView", &["workflows", "decisions"]),
    write("run_cancel", "WorkflowCancelArgs", "WorkflowRunView", &["workflows", "decisions"]),
    write("add_source", "AddSourceArgs", "SourceAdded", &["connections", "settings"]),
    write("set_secret", "SecretArgs", "Array<SecretView>", &["connections"]),
    write("remove_secret", "NameArgs", "Array<SecretView>", &["connections"]),
    write("replay_rejection", "ReplayRejectionArgs", "RejectionReplayed", &["connections", "kpis"]),
    write("erase_person", "UnitArgs", "ErasedView", &["kpis", "connections"]),
    write("make_report", "ReportArgs", "ReportFile", &["reports"]),
    write("backup", "BackupArgs", "BackupView", &["settings"]),
    write("rebuild", "Nothing", "RebuildView", &["kpis"]),
    write("sandbox_start", "SandboxStartArgs", "StatusView", &["status", "settings", "sandbox"]),
    write("sandbox_speed", "SandboxSpeedArgs", "SandboxView", &["status", "sandbox"]),
    write("sandbox_skip", "SandboxSkipArgs", "SandboxView", &["status", "sandbox"]),
    write("sandbox_inject", "SandboxInjectArgs", "SandboxView", &["sandbox"]),
    write("sandbox_reset", "Nothing", "StatusView", &["status", "settings", "sandbox"]),
    write("sandbox_delete", "Nothing", "StatusView", &["status", "settings", "sandbox"]),
];

const fn read(
    name: &'static str,
    args: &'static str,
    result: &'static str,
    topics: &'static [&'static str],
) -> CommandInfo {
    CommandInfo { name, kind: "read", args, result, topics }
}

const fn write(
    name: &'static str,
    args: &'static str,
    result: &'static str,
    topics: &'static [&'static str],
) -> CommandInfo {
    CommandInfo { name, kind: "write", args, result, topics }
}
