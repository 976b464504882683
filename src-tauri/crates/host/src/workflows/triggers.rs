//! What starts runs by itself: the clock, findings, decisions of others.

use epoch_model::decision::Decision;
use epoch_model::insight::Insight;
use epoch_model::time::Millis;
use epoch_workflows::trigger::{inputs_of_decision, inputs_of_insight};
use epoch_workflows::{Definition, Trigger, Variables, next_at};

use super::open::Open;
use super::{Beginning, Message, Workflows, may_trigger, proposer};

/// The run a trigger starts: the same cause starts one run, however often it is heard.
fn run_id(workflow: &str, cause: &str) -> String {
    let hash = blake3::hash(format!("{workflow}\n{cause}").as_bytes());
    format!("run_{}", &hash.to_hex()[..24])
}

impl Workflows {
    /// Starts what the clock starts by `now`. What was missed while nobody was there is started once, for the latest time.
    pub(super) fn wake_schedule(&self, open: &mut Open, now: Millis) {
        self.schedule(open);
        while let Some((at, workflow, trigger)) = open.schedule.first().cloned().filter(|(at, _, _)| *at <= now) {
            open.schedule.remove(&(at, workflow.clone(), trigger));
            let definition = {
                let book = self.book.read();
                book.active().find(|p| p.definition.key == workflow).map(|p| p.definition.clone())
            };
            let Some(definition) = definition else { continue };
            let Some(rule) = definition.triggers.get(trigger as usize) else { continue };
            let zone = self.zone();
            let (mut latest, mut next) = (at, next_at(rule, at, &zone));
            while let Some(then) = next.filter(|then| *then <= now) {
                (latest, next) = (then, next_at(rule, then, &zone));
            }
            if let Some(next) = next {
                open.schedule.insert((next, workflow.clone(), trigger));
            }
            let mark = (workflow.clone(), trigger, latest);
            open.marks.insert((workflow.clone(), trigger), latest);
            let run = run_id(&workflow, &format!("trigger {trigger} at {latest}"));
            begin(open, &workflow, run, Variables::new(), Some(mark));
        }
    }

    /// Makes the schedule anew when definitions changed.
    pub(super) fn schedule(&self, open: &mut Open) {
        let book = self.book.read();
        if open.scheduled == Some(book.edition) {
            return;
        }
        open.scheduled = Some(book.edition);
        open.schedule.clear();
        let zone = self.zone();
        for published in book.active() {
            let d: &Definition = &published.definition;
            for (n, trigger) in (0_u32..).zip(&d.triggers) {
                let started = open.marks.get(&(d.key.clone(), n)).copied().unwrap_or(Millis::MIN);
                let after = started.max(published.published_at);
                if let Some(at) = next_at(trigger, after, &zone) {
                    open.schedule.insert((at, d.key.clone(), n));
                }
            }
        }
    }

    /// A finding starts what waits for it.
    pub(super) fn found(&self, open: &mut Open, insight: &Insight) {
        let cause = format!("insight {}", insight.id);
        for definition in self.triggered(|trigger| trigger.on_insight(insight)) {
            let inputs = inputs_of_insight(&definition, insight);
            begin(open, &definition.key, run_id(&definition.key, &cause), inputs, None);
        }
    }

    /// A decision of others that came to a state starts what waits for it.
    pub(super) fn became(&self, open: &mut Open, decision: &Decision) {
        if !may_trigger(decision.state) {
            return;
        }
        let state = super::pass::to_json(&decision.state).unwrap_or_default();
        let cause = format!("decision {} {state}", decision.id);
        for definition in self.triggered(|trigger| trigger.on_decision(decision)) {
            let inputs = inputs_of_decision(&definition, decision);
            begin(open, &definition.key, run_id(&definition.key, &cause), inputs, None);
        }
    }

    fn triggered(&self, fits: impl Fn(&Trigger) -> bool) -> Vec<std::sync::Arc<Definition>> {
        let book = self.book.read();
        let active = book.active().map(|p| &p.definition);
        active.filter(|d| d.triggers.iter().any(&fits)).cloned().collect()
    }
}

fn begin(open: &mut Open, workflow: &str, run: String, inputs: Variables, mark: Option<(String, u32, Millis)>) {
    let (workflow, by) = (workflow.to_owned(), proposer(workflow));
    let beginning = Beginning { workflow, run, inputs, by, parent: None, awaited: false, mark };
    open.queue.push_back(Message::Begin { beginning: Box::new(beginning), reply: None });
}
