//! The one thread that owns the engine: journals an input, handles it, commits what follows, in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use epoch_engine::{Action, Engine, Input};
use epoch_model::business::LeverValue;
use epoch_model::decision::Decision;
use epoch_model::gate::RunState;
use epoch_model::journal::{JournalRow, RowKind, content_hash};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{Entry, LeverRow, NewEffect, Scored, Store};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::order::{Flight, Order};

/// Inputs handled between two snapshots: the longest journal tail replayed at start.
const SNAPSHOT_EVERY: u64 = 512;
/// Requests waiting for the engine; more wait with the sender.
const INBOX: usize = 256;

/// An input with who gave it, and the lever values that take effect in the same transaction.
pub(crate) struct Given {
    pub(crate) actor: String,
    pub(crate) input: Input,
    pub(crate) levers: Vec<LeverRow>,
}

impl Given {
    pub(crate) fn new(actor: impl Into<String>, input: Input) -> Self {
        Self { actor: actor.into(), input, levers: Vec::new() }
    }
}

enum Request {
    Inputs(Vec<Given>, Sender<Result<Vec<Vec<Action>>>>),
    Record(Box<Entry>, Sender<Result<()>>),
    Preview(String, BTreeMap<String, LeverValue>, Sender<Result<Decision>>),
    Peek(Box<dyn FnOnce(&Engine) + Send>),
    Quit(Sender<()>),
}

/// The handle of the thread.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    requests: Sender<Request>,
    order: Order,
}

/// The generator of one input: a function of the business's seed and the journal row, so that a replay draws the same.
pub(crate) fn generator(seed: u64, seq: u64) -> Pcg64 {
    Pcg64::new(u128::from(seed), u128::from(seq))
}

/// Actor of the engine's own rows.
pub(crate) const ENGINE: &str = "engine";

impl EngineHandle {
    /// Who writes the journal's next row.
    pub(crate) fn order(&self) -> &Order {
        &self.order
    }

    /// Journals and handles inputs in order, in one transaction; answers the actions of each.
    pub(crate) fn give(&self, inputs: Vec<Given>) -> Result<Vec<Vec<Action>>> {
        let (reply, answer) = bounded(1);
        self.requests.send(Request::Inputs(inputs, reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    /// One input.
    pub(crate) fn give_one(&self, actor: impl Into<String>, input: Input) -> Result<Vec<Action>> {
        Ok(self.give(vec![Given::new(actor, input)])?.pop().unwrap_or_default())
    }

    /// Journals something about the host itself.
    pub(crate) fn record(&self, body: Value) -> Result<()> {
        self.record_with("system", body, Vec::new())
    }

    /// Journals what somebody did, and what is kept of it, in one transaction.
    pub(crate) fn record_with(&self, actor: &str, body: Value, meta: Vec<(String, Option<Value>)>) -> Result<()> {
        let (reply, answer) = bounded(1);
        let mut entry = Entry::new(0, RowKind::Host, actor, body);
        entry.meta = meta;
        self.requests.send(Request::Record(Box::new(entry), reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    /// The card as it would be with another value for its lever; changes nothing.
    pub(crate) fn preview_edit(&self, decision: &str, set: BTreeMap<String, LeverValue>) -> Result<Decision> {
        let (reply, answer) = bounded(1);
        self.requests.send(Request::Preview(decision.to_owned(), set, reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    /// Looks into the engine between two inputs; changes nothing.
    pub(crate) fn peek<T: Send + 'static>(&self, look: impl FnOnce(&Engine) -> T + Send + 'static) -> Result<T> {
        let (reply, answer) = bounded(1);
        let look = move |engine: &Engine| {
            let _ = reply.send(look(engine));
        };
        self.requests.send(Request::Peek(Box::new(look))).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())
    }

    /// Takes a last snapshot and ends the thread.
    pub(crate) fn quit(&self) {
        let (reply, answer) = bounded(1);
        if self.requests.send(Request::Quit(reply)).is_ok() {
            let _ = answer.recv();
        }
    }
}

fn gone() -> Error {
    Error::new(Code::Internal, "the engine has stopped", "start the host again; the log says why it stopped")
}

/// What the rest of the host hears after a commit.
pub(crate) type Heard = Arc<dyn Fn(&Action) + Send + Sync>;

struct EngineThread {
    store: Store,
    clock: Arc<Clock>,
    engine: Engine,
    seed: u64,
    order: Order,
    since_snapshot: u64,
    heard: Heard,
}

/// Restores the engine from the store and starts its thread.
pub(crate) fn start(store: &Store, clock: Arc<Clock>, seed: u64, heard: Heard) -> Result<EngineHandle> {
    let (engine, seq) = restore(store, seed)?;
    let (requests, inbox) = bounded(INBOX);
    let order = Order::after(seq);
    let own = order.clone();
    let mut thread = EngineThread { store: store.clone(), clock, engine, seed, order: own, since_snapshot: 0, heard };
    std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || thread.run(&inbox))
        .map_err(|e| Error::new(Code::Internal, format!("no thread for the engine: {e}"), "close other programs"))?;
    Ok(EngineHandle { requests, order })
}

/// The engine as the journal says it is: the latest snapshot and the inputs since. Answers the journal's last row, too.
pub(crate) fn restore(store: &Store, seed: u64) -> Result<(Engine, u64)> {
    let (mut covered, mut engine) = match store.snapshot()? {
        Some((seq, bytes)) => match Engine::restore(&bytes) {
            Ok(engine) => (seq, engine),
            Err(e) => {
                tracing::warn!(error = %e, "the snapshot is unreadable; the whole journal is replayed");
                (0, Engine::new())
            }
        },
        None => (0, Engine::new()),
    };
    loop {
        let rows = store.journal(covered + 1, 1000)?;
        let Some(last) = rows.last() else { break };
        covered = last.seq;
        for row in rows.iter().filter(|r| r.kind == RowKind::Input) {
            let input = input_of(row)?;
            engine.handle(&input, row.at, &mut generator(seed, row.seq));
        }
    }
    Ok((engine, covered))
}

/// The input a journal row holds.
pub(crate) fn input_of(row: &JournalRow) -> Result<Input> {
    serde_json::from_value(row.body.clone()).map_err(|e| {
        Error::new(
            Code::StoreDamaged,
            format!("journal row {} cannot be read as an input: {e}", row.seq),
            "run `ras audit verify` and restore a backup",
        )
    })
}

impl EngineThread {
    fn run(&mut self, inbox: &Receiver<Request>) {
        while let Ok(request) = inbox.recv() {
            match request {
                Request::Inputs(inputs, reply) => {
                    let answer = self.handle(&inputs);
                    if let Ok(actions) = &answer {
                        for action in actions.iter().flatten() {
                            (self.heard)(action);
                        }
                    }
                    let _ = reply.send(answer);
                }
                Request::Record(mut entry, reply) => {
                    entry.at = self.clock.now();
                    let _ = reply.send(self.commit(vec![*entry]));
                }
                Request::Preview(decision, set, reply) => {
                    let _ = reply.send(self.engine.preview_edit(&decision, &set));
                }
                Request::Peek(look) => look(&self.engine),
                Request::Quit(reply) => {
                    let mut entry = Entry::new(self.clock.now(), RowKind::Host, "system", json!({"type": "closed"}));
                    entry.snapshot = Some(self.engine.snapshot());
                    if let Err(e) = self.commit(vec![entry]) {
                        tracing::warn!(error = %e, "no last snapshot; the journal's tail is replayed at the next start");
                    }
                    let _ = reply.send(());
                    return;
                }
            }
        }
    }

    fn handle(&mut self, inputs: &[Given]) -> Result<Vec<Vec<Action>>> {
        match self.handle_once(inputs) {
            // Rows of others that were to come before were not written; the engine is as the journal says again.
            Err(e) if e.code == Code::Stale => self.handle_once(inputs),
            other => other,
        }
    }

    fn handle_once(&mut self, inputs: &[Given]) -> Result<Vec<Vec<Action>>> {
        let (mut entries, mut answers) = (Vec::with_capacity(inputs.len()), Vec::with_capacity(inputs.len()));
        let order = self.order.clone();
        let turn = order.turn();
        let mut seq = turn.first();
        for Given { actor, input, levers } in inputs {
            let now = self.clock.now();
            let actions = self.engine.handle(input, now, &mut generator(self.seed, seq));
            let mut entry = entry_of(actor, input, &actions, now)?;
            entry.levers.extend(levers.iter().cloned());
            seq += 1 + entry.actions.len() as u64;
            entries.push(entry);
            answers.push(actions);
        }
        self.since_snapshot += inputs.len() as u64;
        if self.since_snapshot >= SNAPSHOT_EVERY
            && let Some(last) = entries.last_mut()
        {
            last.snapshot = Some(self.engine.snapshot());
            self.since_snapshot = 0;
        }
        let sent = turn.send(&self.store, entries);
        self.committed(sent)?;
        Ok(answers)
    }

    fn commit(&mut self, entries: Vec<Entry>) -> Result<()> {
        let sent = self.order.send(&self.store, entries);
        self.committed(sent)
    }

    fn committed(&mut self, sent: Result<Flight>) -> Result<()> {
        match sent.and_then(|flight| flight.pending.wait()) {
            Ok(_) => Ok(()),
            Err(e) => {
                // The engine in memory is ahead of the journal now; what was not written did not happen.
                self.order.settle(&self.store)?;
                let (engine, _) = restore(&self.store, self.seed)?;
                self.engine = engine;
                Err(e)
            }
        }
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|e| Error::new(Code::Internal, format!("cannot be written as JSON: {e}"), "report this"))
}

/// The journal entry of an input with what the engine answered.
pub(crate) fn entry_of(actor: &str, input: &Input, actions: &[Action], now: Millis) -> Result<Entry> {
    let mut entry = Entry::new(now, RowKind::Input, actor, to_json(input)?);
    for action in actions {
        entry.actions.push((ENGINE.to_owned(), journaled(action)?));
        match action {
            Action::Scored { metric, start, end, actual, expected, score, p_value } => {
                entry.expectations.push(Scored {
                    metric: metric.clone(),
                    start: *start,
                    end: *end,
                    actual: *actual,
                    expected: expected.clone(),
                    score: *score,
                    p_value: *p_value,
                });
            }
            Action::Insight(insight) => entry.insights.push((**insight).clone()),
            Action::Decision(decision) => entry.decisions.push((**decision).clone()),
            Action::Effect { decision, idempotency_key, act } => entry.outbox.push(NewEffect {
                decision: decision.clone(),
                idempotency_key: idempotency_key.clone(),
                act: act.clone(),
                due: now,
            }),
            Action::Experiment(experiment) => entry.experiments.push((**experiment).clone()),
            Action::Reading(reading) => entry.readings.push((**reading).clone()),
            Action::Portfolio(portfolio) => entry.portfolio = Some((**portfolio).clone()),
            Action::Grants(grants) => entry.meta.push(("grants".into(), Some(to_json(grants)?))),
            Action::Halts(halts) => entry.meta.push(("halts".into(), Some(to_json(halts)?))),
            Action::Standings(standings) => entry.meta.push(("standings".into(), Some(to_json(standings)?))),
            Action::Measure { .. } | Action::Notify { .. } | Action::Refused { .. } => {}
        }
    }
    if let Input::Run { state, actor, reason } = input {
        entry.meta.push(("run".into(), Some(run_meta(*state, actor, reason, now))));
    }
    Ok(entry)
}

/// How the run state is kept.
pub(crate) fn run_meta(state: RunState, actor: &str, reason: &str, at: Millis) -> Value {
    json!({ "state": state, "actor": actor, "reason": reason, "at": at })
}

/// An action as its journal row holds it. A decision's unchanged card is named by its hash after its first row, so that a
/// year of transitions does not repeat it.
pub(crate) fn journaled(action: &Action) -> Result<Value> {
    if let Action::Decision(decision) = action
        && decision.history.len() > 1
    {
        return Ok(json!({
            "type": "decision_changed",
            "id": decision.id,
            "state": decision.state,
            "card_hash": decision.card_hash(),
            "transition": decision.history.last(),
            "deferred_until": decision.deferred_until,
            "outcome": decision.outcome,
            "content_hash": content_hash(&to_json(decision)?),
        }));
    }
    to_json(action)
}
