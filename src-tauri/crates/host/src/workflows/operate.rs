//! What may be asked of procedures and runs from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use epoch_model::business::Problem;
use epoch_model::decision::Act;
use epoch_model::journal::JournalRow;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{RunFilter, RunRow};
use epoch_workflows::ledger::Day;
use epoch_workflows::migrate::{Nodes, Report, dry_run};
use epoch_workflows::{Definition, Event, Run, Variables, library, suggest};

use serde_json::{Value, json};

use super::open::read;
use super::{Beginning, Published, RefusedFile, Workflows, steps};
use crate::clock::Mode;
use crate::host::Host;
use crate::inner::Inner;
use crate::keys;

/// Live runs that one migration moves.
const MIGRATED_MAX: usize = 10_000;

impl Inner {
    /// In a thread of its own: works while nobody else moves time.
    pub(crate) fn pulse_workflows(&self) {
        let replaying = self.replay.lock().is_some_and(|s| !s.finished);
        if replaying {
            // Whoever moves time moves the runs, too.
            std::thread::sleep(std::time::Duration::from_millis(250));
            return;
        }
        self.work_on_workflows();
        self.workflows.wait(std::time::Duration::from_millis(500));
    }

    /// A pass, with its failure as a problem on screen.
    pub(crate) fn work_on_workflows(&self) {
        match self.workflows.pass() {
            Ok(_) => self.problems.solve("workflows"),
            Err(e) => {
                tracing::error!(error = %e, "runs could not be moved on");
                self.problems.put("workflows", e, None);
                std::thread::sleep(std::time::Duration::from_millis(250));
            }
        }
    }

    /// Looks at the founder's procedures.
    pub(crate) fn look_at_workflows(&self) {
        if let Err(e) = self.workflows.look_at_files() {
            tracing::error!(error = %e, "the workflows could not be read");
            self.problems.put("workflow-files", e, None);
        } else {
            self.problems.solve("workflow-files");
        }
    }

    fn live_run(&self, key: &str) -> Result<RunRow> {
        let missing = || Error::new(Code::NotFound, format!("there is no run “{key}”"), "list the runs");
        self.store.run(key)?.ok_or_else(missing)
    }
}

impl Workflows {
    /// Carries out what was decided about a workflow: starts a run of it, or publishes a version. `key` is the effect's, so
    /// that doing it twice is doing it once. Answers what was done, in words and as data.
    pub(crate) fn carry_out(&self, act: &Act, key: &str, decision: &str) -> Result<(String, Value)> {
        let by = format!("decision:{decision}");
        match act {
            Act::StartWorkflow { workflow, version, input } => {
                let run = format!("run_{}", &blake3::hash(key.as_bytes()).to_hex()[..24]);
                let newest = self.book.read().newest(workflow).map(|p| p.definition.version);
                if newest != Some(*version) && self.store.run(&run)?.is_none() {
                    let message = format!("version {version} of “{workflow}” is not the newest (any more)");
                    return Err(Error::new(Code::Stale, message, "decide again on the newest version"));
                }
                let input = if input.is_null() { json!({}) } else { input.clone() };
                let inputs = serde_json::from_value(input).map_err(|e| {
                    Error::new(Code::InvalidArgument, format!("the inputs do not fit: {e}"), "see its inputs")
                })?;
                let workflow = workflow.clone();
                let beginning =
                    Beginning { workflow, run: run.clone(), inputs, by, parent: None, awaited: false, mark: None };
                self.begin(beginning)?;
                Ok((format!("started {run}"), json!({ "run": run })))
            }
            Act::EditWorkflow { workflow, from_version, text } => {
                let definition = self.check(text).map_err(|problems| super::files::refusal(&problems))?;
                if definition.key != *workflow {
                    let message = format!("the text is of “{}”, not of “{workflow}”", definition.key);
                    return Err(Error::new(Code::InvalidArgument, message, "keep its key"));
                }
                let newest = self.book.read().newest(workflow).cloned();
                let same = newest.as_ref().is_some_and(|newest| newest.hash == definition.hash());
                if !same && newest.map_or(0, |newest| newest.definition.version) != *from_version {
                    let message = format!("“{workflow}” was changed since version {from_version}");
                    return Err(Error::new(Code::Stale, message, "write it against the newest version"));
                }
                let version = self.publish_text(text, &by)?.version;
                Ok((format!("published version {version}"), json!({ "version": version })))
            }
            _ => Err(Error::new(Code::Internal, "this is not about a workflow", "report this")),
        }
    }
}

impl Host {
    /// The newest version of every workflow, and whether it is in force.
    pub fn workflows(&self) -> Vec<(Published, bool)> {
        let book = self.inner.workflows.book.read();
        book.all().map(|p| (p.clone(), book.in_force.contains(&p.definition.key))).collect()
    }

    /// Every version of a workflow, oldest first.
    pub fn versions_of_workflow(&self, key: &str) -> Vec<Published> {
        self.inner.workflows.book.read().versions(key)
    }

    /// Files that are refused.
    pub fn refused_workflows(&self) -> Vec<RefusedFile> {
        self.inner.workflows.book.read().refused.values().cloned().collect()
    }

    /// What was used of today.
    pub fn workflow_day(&self, key: &str) -> Day {
        let w = &self.inner.workflows;
        w.ledger.lock().day(key, self.inner.clock.now(), &w.zone())
    }

    /// When the clock starts a workflow next.
    pub fn workflow_next_at(&self, key: &str) -> Option<Millis> {
        let mut open = self.inner.workflows.open.lock();
        self.inner.workflows.schedule(&mut open);
        open.schedule.iter().find(|(_, workflow, _)| workflow == key).map(|(at, _, _)| *at)
    }

    /// What a text says, or what stands in the way of publishing it.
    pub fn check_workflow(&self, text: &str) -> std::result::Result<Definition, Vec<Problem>> {
        self.inner.workflows.check(text)
    }

    /// Writes a text among the founder's files and publishes it as the next version.
    pub fn publish_workflow(&self, text: &str, by: &str) -> Result<Arc<Definition>> {
        let published = self.inner.workflows.publish_text(text, by)?;
        self.inner.work_on_workflows();
        Ok(published)
    }

    /// Takes over a procedure that comes with the program; roles that are not given take what fits best.
    pub fn adopt_workflow(&self, key: &str, roles: &BTreeMap<String, String>, by: &str) -> Result<Arc<Definition>> {
        let missing = || Error::new(Code::NotFound, format!("the library has no workflow “{key}”"), "list the library");
        let text = library::text(key).ok_or_else(missing)?;
        let definition = epoch_workflows::parse(text).map_err(|p| super::files::refusal(&p))?;
        let business = self.business();
        let known: Vec<String> = self.workflows().into_iter().map(|(p, _)| p.definition.key.clone()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let mut bound = roles.clone();
        for (role, fits) in suggest(&definition, &business, &known) {
            if let (false, Some(best)) = (bound.contains_key(&role), fits.first()) {
                bound.insert(role, best.clone());
            }
        }
        if let Some(role) = definition.needs.keys().find(|role| !bound.contains_key(*role)) {
            let about = definition.needs.get(role).map(|need| need.about.clone()).unwrap_or_default();
            return Err(Error::new(
                Code::InvalidArgument,
                format!("nothing of this business fits the role “{role}”: {about}"),
                "declare it in business.toml, or name a key for the role",
            ));
        }
        self.publish_workflow(&epoch_workflows::needs::bind_text(text, &bound)?, by)
    }

    /// Starts a run; answers its id.
    pub fn start_run(&self, workflow: &str, inputs: Variables, by: &str) -> Result<String> {
        let run = format!("run_{}", crate::inner::hex(&keys::random::<12>()?));
        let (workflow, by) = (workflow.to_owned(), by.to_owned());
        let beginning = Beginning { workflow, run: run.clone(), inputs, by, parent: None, awaited: false, mark: None };
        self.inner.workflows.begin(beginning)?;
        self.after_step();
        Ok(run)
    }

    /// Starts so many runs at once with the same inputs: their steps share transactions. Answers their ids.
    pub fn start_runs(&self, workflow: &str, count: u32, inputs: &Variables, by: &str) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let run = format!("run_{}", crate::inner::hex(&keys::random::<12>()?));
            ids.push(run.clone());
            let (workflow, inputs, by) = (workflow.to_owned(), inputs.clone(), by.to_owned());
            let beginning = Beginning { workflow, run, inputs, by, parent: None, awaited: false, mark: None };
            self.inner.workflows.announce(beginning);
        }
        self.inner.workflows.pass()?;
        Ok(ids)
    }

    /// Sends a run a signal. The same id is taken once.
    pub fn signal_run(
        &self,
        run: &str,
        name: &str,
        id: Option<String>,
        key: Option<String>,
        payload: serde_json::Value,
        by: &str,
    ) -> Result<()> {
        self.inner.live_run(run)?;
        let id = match id {
            Some(id) => id,
            None => crate::inner::hex(&keys::random::<8>()?),
        };
        let event = Event::Signal { id, name: name.to_owned(), key, payload };
        self.inner.workflows.hand(run, event, by)?;
        self.after_step();
        Ok(())
    }

    /// Cancels a run; what it did is undone.
    pub fn cancel_run(&self, run: &str, reason: &str, by: &str) -> Result<()> {
        self.inner.live_run(run)?;
        let reason = if reason.trim().is_empty() { "cancelled by the operator" } else { reason.trim() };
        self.inner.workflows.hand(run, Event::Cancel { reason: reason.to_owned() }, by)?;
        self.after_step();
        Ok(())
    }

    /// Effects that a step caused are sent at once where nobody works in the background.
    fn after_step(&self) {
        if self.inner.clock.mode() == Mode::Real {
            self.inner.send_effects();
            self.inner.work_on_workflows();
        }
    }

    /// A run, whole, with its row.
    pub fn run(&self, key: &str) -> Result<(Run, RunRow)> {
        let row = self.inner.live_run(key)?;
        Ok((read(&row)?.run, row))
    }

    /// Runs with their rows, newest first.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<(Run, RunRow)>> {
        let rows = self.inner.store.runs(filter)?;
        rows.into_iter().map(|row| Ok((read(&row)?.run, row))).collect()
    }

    /// Journal rows of a run's steps, newest first.
    pub fn run_steps(&self, key: &str, limit: usize) -> Result<Vec<JournalRow>> {
        let row = self.inner.live_run(key)?;
        steps::rows(&self.inner.store, row.step, limit)
    }

    fn migration(&self, key: &str, from: u32, to: u32, nodes: &Nodes) -> Result<(Report, Vec<Run>)> {
        let find = |version: u32| {
            let book = self.inner.workflows.book.read();
            let missing =
                || Error::new(Code::NotFound, format!("there is no version {version} of “{key}”"), "list its versions");
            book.version(key, version).map(|p| p.definition.clone()).ok_or_else(missing)
        };
        let (old, new) = (find(from)?, find(to)?);
        let filter = RunFilter { workflow: Some(key.to_owned()), open: true, before: None, limit: MIGRATED_MAX };
        let runs: Vec<Run> = self.runs(&filter)?.into_iter().map(|(run, _)| run).collect();
        let runs: Vec<Run> = runs.into_iter().filter(|run| run.version == from).collect();
        Ok((dry_run(&runs, &old, &new, nodes), runs))
    }

    /// What a migration would do to every live run of a version.
    pub fn check_migration(&self, key: &str, from: u32, to: u32, nodes: &Nodes) -> Result<Report> {
        self.migration(key, from, to, nodes).map(|(report, _)| report)
    }

    /// Moves the live runs of a version to the newest. [`Code::WrongState`] unless every one of them lands.
    pub fn migrate_runs(&self, key: &str, from: u32, to: u32, nodes: &Nodes, by: &str) -> Result<Report> {
        let newest = self.versions_of_workflow(key).last().map(|p| p.definition.version);
        if newest != Some(to) {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("runs move to the newest version, and {to} is not"),
                "publish the version they are to go on by",
            ));
        }
        let (report, runs) = self.migration(key, from, to, nodes)?;
        if let Some((run, first)) = report.runs.iter().find_map(|r| Some((&r.run, r.problems.first()?))) {
            return Err(Error::new(
                Code::WrongState,
                format!("{run} would not land: {first}"),
                "add the node to the map, or let the run end first",
            ));
        }
        for run in runs {
            self.inner.workflows.hand(&run.id, Event::Migrate { nodes: nodes.clone() }, by)?;
        }
        Ok(report)
    }
}
