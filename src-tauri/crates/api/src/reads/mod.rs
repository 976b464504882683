//! Reads of the command list: each builds one view from the store.

mod connections;
mod decisions;
mod experiments;
mod hierarchy;
mod imports;
mod kpis;
mod levers;
mod people;
mod policy;
mod protocols;
pub(crate) mod sandbox;
mod settings;
mod status;
mod today;
pub(crate) mod workflows;

use epoch_model::Result;
use serde_json::Value;

use crate::app::{App, args, json, unknown};
use crate::commands::{CountArgs, RepredictArgs};
use crate::reports;
use crate::views::CountView;

pub(crate) use connections::{connections, kind_name, secrets, source_view, stripe_url};
pub(crate) use experiments::spec_of;
pub(crate) use imports::import_progress;
pub(crate) use kpis::{range, tiles};
pub(crate) use levers::{lever, notices};
pub(crate) use people::erased;
pub(crate) use policy::policy;
pub(crate) use settings::{backup_at, settings};
pub(crate) use status::status;
pub(crate) use today::lead as today_lead;

pub(crate) fn dispatch(app: &App, name: &str, given: Value) -> Result<Value> {
    if name == "status" {
        return json(status(app)?);
    }
    if name == "sandbox_scenarios" {
        return json(sandbox::scenarios());
    }
    let host = app.host()?;
    let host = &*host;
    match name {
        "today" => json(today::today(host, &args(given)?)?),
        "hierarchy" => json(hierarchy::hierarchy(host)?),
        "kpis" => json(kpis::kpis(host, &args(given)?)?),
        "kpi" => json(kpis::kpi(host, &args(given)?)?),
        "rows" => json(kpis::rows(host, &args(given)?)?),
        "approvals" => json(decisions::approvals(host)?),
        "decisions" => json(decisions::decisions(host, &args(given)?)?),
        "decision" => json(decisions::decision(host, &args(given)?)?),
        "repredict" => {
            let RepredictArgs { id, set } = args(given)?;
            json(host.preview_edit(&id, &set)?)
        }
        "check_config" => json(settings::check(host, &args(given)?)),
        "series" => json(kpis::plain(host, &args(given)?)?),
        "count" => {
            let CountArgs { event } = args(given)?;
            json(CountView { count: host.store().count(event.as_deref()) })
        }
        "insights" => json(decisions::insights(host, &args(given)?)?),
        "connections" => json(connections(host)?),
        "levers" => json(levers::levers(host)),
        "lever" => json(lever(host, &args(given)?)?),
        "try_lever" => json(levers::try_lever(host, &args(given)?)?),
        "experiments" => json(experiments::experiments(host)?),
        "experiment" => json(experiments::experiment(host, &args(given)?)?),
        "experiment_check" => json(experiments::check(host, &args(given)?)?),
        "person" => json(people::person(host, &args(given)?)?),
        "import_preview" => json(imports::preview(host, &args(given)?)?),
        "import_progress" => json(import_progress(host)),
        "reports" => json(reports::list(host)),
        "report_preview" => json(reports::preview(host, &args(given)?)?),
        "policy" => json(policy::policy(host)?),
        "counterfactual" => json(policy::counterfactual(host, &args(given)?)?),
        "check_policy" => json(policy::check(host, &args(given)?)?),
        "settings" => json(settings(host)?),
        "search" => json(settings::search(host, &args(given)?)?),
        "clients" => json(crate::clients::clients(host)?),
        "audit" => json(decisions::audit(host)?),
        "grants" => json(host.grants()?),
        "halts" => json(host.halts()?),
        "autonomy" => json(host.standings()?),
        "budgets" => json(decisions::budgets(host)?),
        "calibration" => json(decisions::calibration(host)?),
        "workflows" => json(workflows::workflows(host)?),
        "workflow" => json(workflows::workflow(host, &args(given)?)?),
        "workflow_check" => json(workflows::check(host, &args(given)?)),
        "workflow_diff" => json(workflows::difference(host, &args(given)?)?),
        "workflow_library" => json(workflows::shelf(host)?),
        "workflow_migration" => json(workflows::migration(host, &args(given)?)?),
        "runs" => json(workflows::runs(host, &args(given)?)?),
        "run" => json(workflows::run(host, &args(given)?)?),
        "sandbox" => json(sandbox::sandbox(host)),
        "sandbox_truth" => json(sandbox::truth(host)?),
        "sandbox_judgement" => {
            let sandbox::JudgeArgs { findings } = args(given)?;
            json(host.sandbox_judgement(findings)?)
        }
        _ => Err(unknown(name)),
    }
}
