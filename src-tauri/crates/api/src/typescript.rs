//! Writes the console's types from the Rust ones: `ui/src/lib/backend/types.ts`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::commands::{self, COMMANDS};
use crate::views;

struct Collect<'a> {
    config: &'a Config,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Collect<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only derived types have a file of their own; primitives and containers are written inline.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(self.config);
        if self.declarations.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.declarations.insert(name, format!("{docs}export {}", T::decl(self.config)));
        T::visit_dependencies(self);
    }
}

/// The whole generated file.
pub fn types_file() -> String {
    let config = Config::new().with_large_int("number");
    let mut collect = Collect { config: &config, declarations: BTreeMap::new() };
    macro_rules! visit {
        ($($t:ty),* $(,)?) => { $( collect.visit::<$t>(); )* };
    }
    visit!(
        views::StatusView,
        views::TodayView,
        views::HierarchyView,
        views::KpisView,
        views::KpiView,
        views::RowsView,
        views::DecisionsView,
        views::DecisionView,
        views::ConnectionsView,
        views::ImportPreviewView,
        views::ImportProgress,
        views::ReportsView,
        views::SettingsView,
        views::Hit,
        views::AuditView,
        views::SeriesView,
        views::CountView,
        views::RebuildView,
        views::LeversView,
        views::LeverDetailView,
        views::LeverTrialView,
        views::LeverArgs,
        views::TryLeverArgs,
        views::ExperimentsView,
        views::ExperimentView,
        views::ExperimentCheckView,
        views::ExperimentArgs,
        views::AskExperimentArgs,
        views::EndExperimentArgs,
        views::AddSourceArgs,
        views::SourceAdded,
        views::SecretView,
        views::SecretArgs,
        views::NameArgs,
        views::UnitArgs,
        views::PersonView,
        views::ErasedView,
        views::PolicyView,
        views::PolicyArgs,
        views::PolicyCheckView,
        views::AskArgs,
        views::DelegateArgs,
        views::HaltArgs,
        views::BudgetView,
        views::CalibrationView,
        epoch_model::autonomy::Standing,
        epoch_model::proposal::Grant,
        epoch_model::proposal::Scope,
        epoch_model::decision::Wake,
        views::CounterfactualView,
        views::ClientView,
        views::MakeClientArgs,
        views::ClientMade,
        views::RevokeClientArgs,
        views::ClientRevoked,
        views::ReplayRejectionArgs,
        views::RejectionReplayed,
        views::SandboxView,
        views::ScenarioView,
        views::SandboxTruthView,
        views::SandboxStartArgs,
        views::SandboxSpeedArgs,
        views::SandboxSkipArgs,
        views::SandboxInjectArgs,
        views::WorkflowsView,
        views::WorkflowView,
        views::WorkflowCheckView,
        views::WorkflowLibraryView,
        views::WorkflowRunView,
        views::WorkflowArgs,
        views::WorkflowTextArgs,
        views::WorkflowDiffArgs,
        views::WorkflowRunsArgs,
        views::WorkflowRunArgs,
        views::WorkflowScalarView,
        views::WorkflowSignalArgs,
        views::WorkflowCancelArgs,
        views::WorkflowMigrateArgs,
        views::WorkflowAdoptArgs,
        epoch_workflows::migrate::Report,
        commands::CountArgs,
        commands::RepredictArgs,
        commands::BackupArgs,
        epoch_model::Error,
        epoch_model::decision::Decision,
        epoch_model::insight::Insight,
        commands::Nothing,
        commands::RangeArgs,
        commands::KpiArgs,
        commands::RowsArgs,
        commands::DecisionsArgs,
        commands::IdArgs,
        commands::SearchArgs,
        commands::PreviewArgs,
        crate::clients::ProposeArgs,
        commands::AnswerArgs,
        commands::EditArgs,
        commands::VetoArgs,
        commands::DeferArgs,
        commands::RunArgs,
        commands::CreateArgs,
        commands::OpenArgs,
        commands::ImportArgs,
        commands::SaveConfigArgs,
        commands::AddConfigArgs,
        commands::KeyArgs,
        commands::KeyMade,
        commands::ReportArgs,
        commands::ReportPreview,
        commands::PlaybookArgs,
        commands::ReplayArgs,
        commands::Change,
    );
    let mut out = String::from(
        "// Generated from Rust by `cargo run -p epoch-api --example types`; a test fails when this file is stale.\n\n",
    );
    for declaration in collect.declarations.values() {
        out.push_str(declaration);
        out.push_str("\n\n");
    }
    for (kind, interface) in [("read", "Reads"), ("write", "Writes")] {
        let _ = writeln!(out, "export interface {interface} {{");
        for c in COMMANDS.iter().filter(|c| c.kind == kind) {
            let _ = writeln!(out, "  {}: {{ args: {}; result: {} }};", c.name, c.args, c.result);
        }
        out.push_str("}\n\n");
    }
    out.push_str("/** Topics a read depends on. */\nexport const PROVIDES: Record<keyof Reads, string[]> = {\n");
    for c in COMMANDS.iter().filter(|c| c.kind == "read") {
        let _ = writeln!(out, "  {}: {:?},", c.name, c.topics);
    }
    out.push_str("};\n");
    out
}
