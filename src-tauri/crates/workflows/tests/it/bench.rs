//! A business, short ways to write definitions, and a host that performs commands by a script.

use epoch_model::Result;
use epoch_model::business::Business;
use epoch_model::time::{HOUR, Millis, Zone};
use epoch_workflows::run::State;
use epoch_workflows::{Answer, Command, Definition, Event, Run, Variables, parse};
use serde_json::{Value, json};

/// Monday, 2 March 2026, 10:00 UTC.
pub const MONDAY: Millis = 1_772_445_600_000;

pub const BUSINESS: &str = r#"
[business]
name = "Northwind"
currency = "EUR"
timezone = "Europe/Berlin"
[[metric]]
key = "visits"
kind = "count"
event = "visit"
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
[[metric]]
key = "checkout_rate"
kind = "ratio"
numerator = { event = "order" }
denominator = { event = "visit" }
[[metric]]
key = "refund_rate"
kind = "ratio"
numerator = { event = "refund" }
denominator = { event = "order" }
better = "down"
[[metric]]
key = "orders"
kind = "count"
event = "order"
[[metric]]
key = "errors"
kind = "count"
event = "error"
better = "down"
[[metric]]
key = "response_hours"
kind = "mean_per_unit"
event = "answer"
value = "hours"
better = "down"
[[metric]]
key = "cancellations"
kind = "count"
event = "cancel"
better = "down"
[[metric]]
key = "per_visit"
kind = "formula"
formula = "revenue / visits"
[[lever]]
key = "pro_price"
kind = "number"
min = 10
max = 60
step = 1
default = 29
reversibility = "R1"
[[lever]]
key = "headline"
kind = "variant"
options = ["plain", "bold"]
default = "plain"
reversibility = "R2"
[[lever]]
key = "beta"
kind = "boolean"
default = false
reversibility = "R1"
[[effect]]
key = "drafts"
kind = "file"
path = "drafts/{date}.md"
reversibility = "R0"
[[effect]]
key = "alert"
kind = "webhook"
url = "https://example.com/alert"
reversibility = "R1"
[[effect]]
key = "letter"
kind = "webhook"
url = "https://example.com/letter"
reversibility = "R2"
[[effect]]
key = "wire"
kind = "webhook"
url = "https://example.com/wire"
reversibility = "R3"
"#;

pub fn business() -> Business {
    Business::parse(BUSINESS).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn definition(text: &str) -> Definition {
    let head = "key = \"t\"\ntitle = \"T\"\npurpose = \"Test.\"\n";
    parse(&format!("{head}{text}")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn zone() -> Zone {
    Zone::named("Europe/Berlin").unwrap()
}

/// A run and the host around it.
pub struct World {
    pub definition: Definition,
    pub run: Run,
    pub now: Millis,
    /// Every command, in order.
    pub told: Vec<Command>,
    /// Every event that was taken, with its time.
    pub taken: Vec<(Millis, Event)>,
}

impl World {
    pub fn new(text: &str) -> Self {
        Self::with(definition(text), &Variables::new())
    }

    pub fn with(definition: Definition, inputs: &Variables) -> Self {
        let run = Run::start(&definition, "run_1", inputs, MONDAY, None).unwrap();
        Self { definition, run, now: MONDAY, told: Vec::new(), taken: Vec::new() }
    }

    pub fn started(text: &str) -> Self {
        let mut world = Self::new(text);
        world.send(Event::Start).unwrap();
        world
    }

    /// Sends an event. A refused one must change nothing.
    pub fn send(&mut self, event: Event) -> Result<Vec<Command>> {
        let before = self.run.clone();
        let result = self.run.handle(&self.definition, &event, self.now, &zone());
        match &result {
            Ok(commands) => {
                self.told.extend(commands.iter().cloned());
                self.taken.push((self.now, event));
            }
            Err(_) => assert_eq!(before, self.run, "a refused event changed the run"),
        }
        result
    }

    pub fn after(&mut self, ms: Millis) -> Vec<Command> {
        self.now += ms;
        self.send(Event::Timer).unwrap()
    }

    /// Moves to the next instant at which the run wakes by itself.
    pub fn sleep(&mut self) -> Vec<Command> {
        self.now = self.run.due().expect("something to wake for").max(self.now);
        self.send(Event::Timer).unwrap()
    }

    /// The key the run waits under at a node.
    pub fn key(&self, node: &str) -> String {
        let waits = self.run.waits_for();
        let found = waits.iter().find(|wait| wait.node == node);
        found.unwrap_or_else(|| panic!("nothing waits at {node}: {waits:#?}")).key.clone()
    }

    pub fn attempt(&self, key: &str) -> u32 {
        let attempts = self.told.iter().filter_map(|command| match command {
            Command::Propose { key: own, attempt, .. } if own == key => Some(*attempt),
            _ => None,
        });
        attempts.max().unwrap_or(1)
    }

    pub fn answer(&mut self, node: &str, answer: Answer) -> Result<Vec<Command>> {
        let key = self.key(node);
        let attempt = self.attempt(&key);
        self.send(Event::Answered { key, attempt, answer })
    }

    pub fn done(&mut self, node: &str, value: Value) -> Vec<Command> {
        self.answer(node, Answer::Done { value, cost_minor: 0 }).unwrap()
    }

    pub fn fails(&mut self, node: &str, again: bool) -> Vec<Command> {
        self.answer(node, Answer::Failed { reason: "it broke".into(), again }).unwrap()
    }

    pub fn measured(&mut self, node: &str, value: f64, before: f64) -> Vec<Command> {
        let key = self.key(node);
        self.send(Event::Measured { key, value: Some(value), before: Some(before) }).unwrap()
    }

    pub fn state(&self) -> State {
        self.run.state
    }

    /// The nodes the run waits at, in order.
    pub fn at(&self) -> Vec<String> {
        self.run.waits_for().into_iter().map(|wait| wait.node).collect()
    }

    pub fn variable(&self, name: &str) -> Value {
        self.run.variables.get(name).map_or(json!("never set"), epoch_workflows::Scalar::to_json)
    }

    pub fn reason(&self) -> String {
        self.run.ended.as_ref().map_or_else(String::new, |ended| ended.reason.clone())
    }

    /// The effects proposed, `-` in front of those that undo.
    pub fn proposals(&self) -> Vec<String> {
        self.told
            .iter()
            .filter_map(|command| match command {
                Command::Propose { node, undoes, .. } => {
                    Some(format!("{}{node}", if undoes.is_some() { "-" } else { "" }))
                }
                _ => None,
            })
            .collect()
    }
}

/// An effect node.
pub fn effect(key: &str, rest: &str) -> String {
    format!("[[node]]\nkey = \"{key}\"\ntitle = \"{key}\"\nkind = \"effect\"\neffect = \"alert\"\n{rest}\n")
}

/// A node of any kind.
pub fn node(key: &str, kind: &str, rest: &str) -> String {
    format!("[[node]]\nkey = \"{key}\"\ntitle = \"{key}\"\nkind = \"{kind}\"\n{rest}\n")
}

pub fn end() -> String {
    node("end", "end", "")
}

pub const UNDO: &str = "undo = { effect = \"alert\", payload = { take = \"back\" } }";

/// A day and an hour, so that a due instant is surely behind.
pub const DAY_AND_MORE: Millis = 25 * HOUR;
