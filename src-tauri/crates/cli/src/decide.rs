//! Decisions beside yes and no: questions, standing grants, taking an approval back, opening again, stops of one scope, and
//! what proposers earned. Knows the commands only; what is allowed is the host's to say.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use epoch_model::decision::{GrantTerms, Verdict};
use epoch_model::proposal::Scope;
use epoch_model::{Code, Error, Result};
use serde_json::{Value, json};

use crate::args::Dir;
use crate::commands::{find, give};
use crate::output::{Output, table};
use crate::session::{Session, instant};

#[derive(Debug, Subcommand)]
pub(crate) enum Decide {
    /// Ask a decision's proposer something; the card waits for the reply
    Ask(Ask),
    /// Approve, and let the proposer do the same again within a cap, a number of uses and a time
    Delegate(Delegate),
    /// Take an approval back that did not run yet
    Withdraw(One),
    /// Put a decision that ended without running forward again, predicted anew
    Reopen(One),
    /// Standing grants
    Grants(Dir),
    /// End a standing grant
    RevokeGrant(One),
    /// Stop the effects of one proposer, one kind or one target
    Halt(Halt),
    /// End such a stop
    Release(Halt),
    /// Stops of one scope that are in force
    Halts(Dir),
    /// What each proposer may do alone, and what is missing for more
    Autonomy(Dir),
    /// Budget lines: spent, reserved, left
    Budgets(Dir),
    /// How well each proposer's predictions held
    Calibration(Dir),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The business's folder
    pub dir: PathBuf,
    /// Its id
    pub id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// The question
    pub question: String,
}

#[derive(Debug, Args)]
pub(crate) struct Delegate {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// Most each use may cost and put at stake, in minor units of the currency (cents)
    #[arg(long)]
    pub cap: i64,
    /// How often
    #[arg(long)]
    pub uses: u32,
    /// Until this day or instant
    #[arg(long)]
    pub until: String,
}

#[derive(Debug, Args)]
pub(crate) struct Halt {
    /// The business's folder
    pub dir: PathBuf,
    /// A proposer (`client:desk`, `workflow:refund`); `*` at the end fits the rest
    #[arg(long, group = "scope", required_unless_present_any = ["kind", "target"])]
    pub proposer: Option<String>,
    /// A kind of act (`set_lever`, `start_workflow`) or of effect (`mail`, `shell`)
    #[arg(long, group = "scope")]
    pub kind: Option<String>,
    /// A lever or an effect by its key
    #[arg(long, group = "scope")]
    pub target: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    pub reason: String,
}

pub(crate) fn decide(command: &Decide, out: &Output) -> Result<()> {
    match command {
        Decide::Ask(a) => answer(&a.dir, &a.id, out, |_, _| Ok(Verdict::Ask { question: a.question.clone() })),
        Decide::Delegate(a) => answer(&a.dir, &a.id, out, |session, card| {
            let until = instant(&a.until, &session.zone()?)?;
            let (proposer, target) = (card.proposer.clone(), card.act.target());
            let terms = GrantTerms { proposer, target, cap_minor: a.cap, uses: a.uses, until };
            Ok(Verdict::Delegate { terms })
        }),
        Decide::Withdraw(a) => answer(&a.dir, &a.id, out, |_, card| {
            if card.state != epoch_model::decision::State::Approved {
                let message = "it is not approved, or has begun already";
                return Err(Error::new(Code::WrongState, message, "veto it instead"));
            }
            let text = "its approval was taken back before it ran".to_owned();
            Ok(Verdict::Veto { reason: "not_now".to_owned(), text })
        }),
        Decide::Reopen(a) => {
            let value = Session::open(&a.dir)?.write("reopen", json!({ "id": a.id }))?;
            out.answer(&value, || {
                vec![format!("put forward again as {}, {}", word(&value, "id"), word(&value, "state"))]
            });
            Ok(())
        }
        Decide::Grants(a) => {
            grants(&Session::open(&a.dir)?.read("grants", json!({}))?, out);
            Ok(())
        }
        Decide::RevokeGrant(a) => {
            grants(&Session::open(&a.dir)?.write("revoke_grant", json!({ "id": a.id }))?, out);
            Ok(())
        }
        Decide::Halt(a) => halt(a, "halt", out),
        Decide::Release(a) => halt(a, "release", out),
        Decide::Halts(a) => {
            halts(&Session::open(&a.dir)?.read("halts", json!({}))?, out);
            Ok(())
        }
        Decide::Autonomy(a) => {
            autonomy(&Session::open(&a.dir)?.read("autonomy", json!({}))?, out);
            Ok(())
        }
        Decide::Budgets(a) => {
            budgets(&Session::open(&a.dir)?.read("budgets", json!({}))?, out);
            Ok(())
        }
        Decide::Calibration(a) => {
            calibration(&Session::open(&a.dir)?.read("calibration", json!({}))?, out);
            Ok(())
        }
    }
}

fn answer(
    dir: &Path,
    id: &str,
    out: &Output,
    verdict: impl FnOnce(&mut Session, &epoch_model::decision::Decision) -> Result<Verdict>,
) -> Result<()> {
    let mut session = Session::open(dir)?;
    let card = find(&mut session, id)?;
    let verdict = verdict(&mut session, &card)?;
    give(&mut session, &card, dir, verdict, out)
}

fn word(value: &Value, key: &str) -> String {
    match value.pointer(&format!("/{key}")) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn rows(value: &Value, columns: &[&str]) -> Vec<Vec<String>> {
    value.as_array().into_iter().flatten().map(|one| columns.iter().map(|c| word(one, c)).collect()).collect()
}

fn list(value: &Value, head: &[&str], columns: &[&str], nothing: &str, out: &Output) {
    out.answer(value, || {
        let rows = rows(value, columns);
        if rows.is_empty() { vec![nothing.to_owned()] } else { table(head, &rows) }
    });
}

fn grants(value: &Value, out: &Output) {
    let head = ["grant", "proposer", "on", "cap (minor)", "used", "uses", "until", "revoked"];
    let columns =
        ["id", "terms/proposer", "terms/target", "terms/cap_minor", "used", "terms/uses", "terms/until", "revoked"];
    list(value, &head, &columns, "no standing grants", out);
}

fn halt(a: &Halt, name: &str, out: &Output) -> Result<()> {
    let scope = match (&a.proposer, &a.kind, &a.target) {
        (Some(proposer), _, _) => Scope::Proposer { proposer: proposer.clone() },
        (_, Some(kind), _) => Scope::Kind { kind: kind.clone() },
        (_, _, Some(target)) => Scope::Target { target: target.clone() },
        _ => {
            let message = "a stop of one scope needs a proposer, a kind or a target";
            return Err(Error::new(Code::InvalidArgument, message, "`ras stop` stops everything"));
        }
    };
    halts(&Session::open(&a.dir)?.write(name, json!({ "scope": scope, "reason": a.reason }))?, out);
    Ok(())
}

fn halts(value: &Value, out: &Output) {
    out.answer(value, || {
        let line = |one: &Value| {
            let scope = word(one, "scope");
            let name = word(one, &scope);
            format!("{scope} {name} is stopped")
        };
        let lines: Vec<String> = value.as_array().into_iter().flatten().map(line).collect();
        if lines.is_empty() { vec!["no stops of one scope".to_owned()] } else { lines }
    });
}

fn autonomy(value: &Value, out: &Output) {
    let head = ["proposer", "act", "undo", "size", "may", "cases", "acceptable", "lower bound", "needed"];
    let columns = [
        "cell/proposer",
        "cell/act",
        "cell/reversibility",
        "cell/size",
        "level",
        "cases",
        "acceptable",
        "lower",
        "threshold",
    ];
    list(value, &head, &columns, "nobody has a record yet", out);
}

fn budgets(value: &Value, out: &Output) {
    let head = ["budget", "title", "per", "amount (minor)", "spent", "reserved", "left"];
    let columns = ["budget", "title", "per", "amount_minor", "spent_minor", "reserved_minor", "left_minor"];
    list(value, &head, &columns, "no budget lines", out);
}

fn calibration(value: &Value, out: &Output) {
    let head = ["proposer", "scored", "inside 80 %", "from", "to", "skill", "interval x", "off"];
    let columns = ["proposer", "scored", "coverage/0", "coverage/1", "coverage/2", "skill", "factor", "off"];
    list(value, &head, &columns, "no prediction is scored yet", out);
}

/// Adds a head of the chain to a file; it is on the disk when this returns.
pub(crate) fn note_anchor(to: &Path, line: &str) -> Result<()> {
    use std::io::Write as _;
    let at = |e: &std::io::Error| epoch_host::config::io_error(to, e);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(to).map_err(|e| at(&e))?;
    writeln!(file, "{line}").and_then(|()| file.sync_all()).map_err(|e| at(&e))
}

/// The newest head in such a file.
pub(crate) fn last_anchor(file: &Path) -> Result<String> {
    let text = epoch_host::config::read_text(file)?;
    text.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned).ok_or_else(|| {
        let message = format!("{} holds no anchor", file.display());
        Error::new(Code::InvalidArgument, message, "write one with `ras audit anchor --to FILE`")
    })
}
