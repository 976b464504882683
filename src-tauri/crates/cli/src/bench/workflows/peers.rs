//! Durable executors of others on SQLite: LangGraph with its SQLite checkpointer, DBOS on SQLite. Skipped, not faked, where
//! Python does not have them.

use std::path::Path;
use std::process::{Command, Stdio};

use epoch_model::Result;

use super::super::report::{Report, failed};

/// A graph of one node that counts to a thousand, checkpointed after each step.
const LANGGRAPH: &str = r#"
import sqlite3, sys, time
from typing import TypedDict
from langgraph.graph import StateGraph, START, END
from langgraph.checkpoint.sqlite import SqliteSaver
class S(TypedDict):
    n: int
STEPS = 1000
def step(s):
    return {"n": s["n"] + 1}
g = StateGraph(S)
g.add_node("step", step)
g.add_edge(START, "step")
g.add_conditional_edges("step", lambda s: "step" if s["n"] < STEPS else END)
db = sqlite3.connect(sys.argv[1] + "/langgraph.db", check_same_thread=False)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=FULL")
saver = SqliteSaver(db)
saver.setup()
app = g.compile(checkpointer=saver)
rates = []
for i in range(3):
    begun = time.perf_counter()
    out = app.invoke({"n": 0}, {"configurable": {"thread_id": str(i)}, "recursion_limit": STEPS + 10})
    assert out["n"] == STEPS
    rates.append(STEPS / (time.perf_counter() - begun))
print(max(rates))
"#;

/// A workflow of three hundred steps.
const DBOS: &str = r#"
import sys, time
from dbos import DBOS, DBOSConfig
DBOS(config={"name": "bench", "system_database_url": "sqlite:///" + sys.argv[1] + "/dbos.db", "log_level": "ERROR"})
STEPS = 300
@DBOS.step()
def step(n):
    return n + 1
@DBOS.workflow()
def flow():
    n = 0
    for _ in range(STEPS):
        n = step(n)
    return n
DBOS.launch()
rates = []
for _ in range(3):
    begun = time.perf_counter()
    assert flow() == STEPS
    rates.append(STEPS / (time.perf_counter() - begun))
print(max(rates))
DBOS.destroy()
"#;

/// `python` is an interpreter that has the peers; `ours` what a thousand runs at once did, in steps per second.
pub(super) fn run(python: Option<&Path>, ours: f64, report: &mut Report) -> Result<()> {
    let Some(python) = python else {
        report.note("peers skipped: `python3 -m venv v && v/bin/pip install langgraph langgraph-checkpoint-sqlite dbos`, then --peers v/bin/python");
        return Ok(());
    };
    for (name, script) in [("langgraph", LANGGRAPH), ("dbos", DBOS)] {
        let dir = tempfile::tempdir().map_err(failed)?;
        let done = Command::new(python).args(["-c", script]).arg(dir.path()).stdin(Stdio::null()).output();
        let done = done.map_err(failed)?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let rate = text.lines().last().and_then(|line| line.trim().parse::<f64>().ok());
        if let Some(rate) = rate.filter(|_| done.status.success()) {
            report.figure(name, rate, "steps/s, best of three");
            report.ratio(format!("runs_at_once_to_{name}"), ours / rate);
        } else {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            let last = said.lines().last().unwrap_or("it printed no rate");
            report.note(format!("{name} skipped: {last}"));
        }
    }
    Ok(())
}
