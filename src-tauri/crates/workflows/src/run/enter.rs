//! A token enters a node: what the node does at once, and what it then waits for.

use epoch_model::business::LeverValue;
use epoch_model::time::{DAY, Grain, HOUR, Millis, Zone};
use epoch_model::{Code, Error, Result};
use serde_json::json;

use super::key::{call_key, child_id};
use super::turn::Turn;
use super::{Command, Request, Wait, WaitOn};
use crate::definition::{Choice, Node, Outcome, Question, Step};
use crate::scalar::{Scalar, Variables, part};
use crate::template::{evaluate, fill_text};

/// What a node waits for.
struct Waits {
    on: WaitOn,
    due: Option<Millis>,
    command: Option<Command>,
    request: Option<Request>,
}

/// What a node does when it is entered.
enum Does {
    /// Says something to the host and waits.
    Waits(Box<Waits>),
    /// Sends the token on at once.
    Goes(Vec<String>),
    /// It was said to be a loop, or a ceiling was reached; nothing is left to do.
    Nothing,
}

impl Turn<'_> {
    /// Moves every token that stands before a node until all wait.
    pub fn drive(&mut self) {
        loop {
            while let Some(id) = self.ready.pop_front() {
                if !self.is_live() {
                    return;
                }
                self.enter(id);
            }
            if !self.is_live() || !self.gather() {
                break;
            }
        }
        if self.is_live() && self.run.tokens.is_empty() {
            self.end(super::State::Succeeded, "all of its paths have ended", Vec::new());
        }
    }

    fn enter(&mut self, id: u32) {
        let Some(key) = self.token(id).map(|token| token.node.clone()) else { return };
        let Some(node) = self.node(&key) else {
            self.quarantine(&format!("there is no node “{key}”"));
            return;
        };
        if self.run.counters.steps >= self.definition.ceilings.steps {
            self.quarantine(&format!(
                "it took {} steps, the most it may, at “{}”",
                self.run.counters.steps, node.title
            ));
            return;
        }
        self.run.counters.steps += 1;
        let visit = self.run.visits.entry(key.clone()).or_insert(0);
        *visit += 1;
        let visit = *visit;
        if let Some(token) = self.token_mut(id) {
            token.visit = visit;
        }
        match &node.step {
            Step::Join { gather } => return self.arrive(id, node, *gather),
            Step::End { outcome: Outcome::Succeeded } => return self.remove(id),
            Step::End { outcome: Outcome::Failed } => return self.fail_run(&format!("it came to “{}”", node.title)),
            _ => {}
        }
        let key = call_key(&self.run.id, &node.key, visit);
        match self.act(node, &key) {
            Ok(Does::Waits(waits)) => {
                let Waits { on, due, command, request } = *waits;
                let until = node.timeout.as_ref().map(|timeout| self.now.saturating_add(timeout.after_ms));
                let since = self.now;
                if let Some(token) = self.token_mut(id) {
                    token.wait = Some(Wait { key, on, since, due, until, attempt: 1, request });
                }
                self.commands.extend(command);
            }
            Ok(Does::Goes(ways)) => self.go(id, &ways),
            Ok(Does::Nothing) => {}
            Err(error) => self.fail(id, &error.message),
        }
    }

    fn act(&mut self, node: &Node, key: &str) -> Result<Does> {
        let key = key.to_owned();
        let name = node.key.clone();
        Ok(match &node.step {
            Step::Effect { effect, payload } => {
                let payload = payload.render(&self.run.variables)?;
                return Ok(self.propose(node, key, Request::Effect { effect: effect.clone(), payload }));
            }
            Step::Lever { lever, to } => {
                let to = lever_value(lever, &part(&to.render(&self.run.variables)?, ""))?;
                return Ok(self.propose(node, key, Request::Lever { lever: lever.clone(), to }));
            }
            Step::Wait { for_ms } => waits(WaitOn::Time, Some(self.now.saturating_add(*for_ms)), None, None),
            Step::Timer { at } => waits(WaitOn::Time, Some(at.next_after(self.now, self.zone)), None, None),
            Step::Signal { name } => waits(WaitOn::Signal { name: name.clone() }, None, None, None),
            Step::Decision { question, options, silence, within_ms } => {
                let question = fill_text(question, &self.run.variables)?;
                let options = titles(options, &self.run.variables)?;
                if !self.fresh(node, &json!([question, options])) {
                    return Ok(Does::Nothing);
                }
                let until = self.now.saturating_add(*within_ms);
                let ask = Command::Ask { key, node: name, question, options, silence: silence.clone(), until };
                waits(WaitOn::Founder, Some(until), Some(ask), None)
            }
            Step::Branch { cases, otherwise } => {
                for case in cases {
                    if evaluate(&case.when, &self.run.variables)?.as_value().is_true() {
                        return Ok(Does::Goes(vec![case.next.clone()]));
                    }
                }
                Does::Goes(vec![otherwise.clone()])
            }
            Step::Measure { metric, window_ms } => {
                let (before_from, from, to) = windows(self.now, *window_ms, self.zone);
                if !self.fresh(node, &json!([metric, from, to])) {
                    return Ok(Does::Nothing);
                }
                let read = Command::Measure { key, node: name, metric: metric.clone(), before_from, from, to };
                waits(WaitOn::Measure, None, Some(read), None)
            }
            Step::Experiment { question } => {
                let question = asked(question, &self.run.variables)?;
                if !self.fresh(node, &serde_json::to_value(&question).unwrap_or_default()) || !self.may_call(node) {
                    return Ok(Does::Nothing);
                }
                waits(WaitOn::Verdict, None, Some(Command::AskExperiment { key, node: name, question }), None)
            }
            Step::Set { values } => {
                let fresh: Result<Vec<(String, Scalar)>> = values
                    .iter()
                    .map(|(name, expression)| Ok((name.clone(), evaluate(expression, &self.run.variables)?)))
                    .collect();
                self.run.variables.extend(fresh?);
                Does::Goes(node.next.clone())
            }
            Step::Sub { workflow, inputs, wait } => {
                let given: Result<Variables> = inputs
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), part(&value.render(&self.run.variables)?, ""))))
                    .collect();
                let given = given?;
                if !self.fresh(node, &json!([workflow, given])) {
                    return Ok(Does::Nothing);
                }
                let (run, wait) = (child_id(&key), *wait);
                let workflow = workflow.clone();
                let start = Command::StartSub { key, node: name, workflow, run: run.clone(), inputs: given, wait };
                if !wait {
                    self.commands.push(start);
                    return Ok(Does::Goes(node.next.clone()));
                }
                waits(WaitOn::Child { run }, None, Some(start), None)
            }
            Step::Join { .. } | Step::End { .. } => Does::Nothing,
        })
    }

    fn propose(&mut self, node: &Node, key: String, request: Request) -> Does {
        if !self.fresh(node, &serde_json::to_value(&request).unwrap_or_default()) || !self.may_call(node) {
            return Does::Nothing;
        }
        let command = Command::Propose {
            key,
            node: node.key.clone(),
            attempt: 1,
            headline: node.title.clone(),
            request: request.clone(),
            undoes: None,
        };
        waits(WaitOn::Call, None, Some(command), Some(request))
    }

    /// Counts a call. `false` when it would be one too many: the run is quarantined.
    fn may_call(&mut self, node: &Node) -> bool {
        if self.run.counters.effects >= self.definition.ceilings.effects {
            let made = self.run.counters.effects;
            self.quarantine(&format!("it made {made} calls, the most it may, before “{}”", node.title));
            return false;
        }
        self.run.counters.effects += 1;
        true
    }
}

fn waits(on: WaitOn, due: Option<Millis>, command: Option<Command>, request: Option<Request>) -> Does {
    Does::Waits(Box::new(Waits { on, due, command, request }))
}

fn lever_value(lever: &str, value: &Scalar) -> Result<LeverValue> {
    value.to_lever().ok_or_else(|| {
        Error::new(
            Code::InvalidArgument,
            format!("what to set {lever} to is not known"),
            "give the variable it is computed from a value first",
        )
    })
}

fn titles(options: &[Choice], variables: &Variables) -> Result<Vec<Choice>> {
    options.iter().map(|option| Ok(Choice { title: fill_text(&option.title, variables)?, ..option.clone() })).collect()
}

fn asked(question: &Question, variables: &Variables) -> Result<Question> {
    let mut asked = question.clone();
    asked.hypothesis = fill_text(&question.hypothesis, variables)?;
    for arm in &mut asked.arms {
        if let LeverValue::Text(text) = &arm.value {
            arm.value = lever_value(&question.lever, &crate::template::fill(text, variables)?)?;
        }
    }
    Ok(asked)
}

/// The window before `now` and the one before it: whole local days for windows of a day and more, else whole hours; what is
/// not over yet is left out.
fn windows(now: Millis, window_ms: Millis, zone: &Zone) -> (Millis, Millis, Millis) {
    let (grain, slack) = if window_ms >= DAY { (Grain::Day, DAY / 2) } else { (Grain::Hour, HOUR / 2) };
    let to = zone.floor(now, grain);
    // Half a unit more finds the start of the day whose clock was changed, too.
    let back = |at: Millis| zone.floor(at - window_ms + slack, grain);
    let from = back(to);
    (back(from), from, to)
}
