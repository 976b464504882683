//! A whole host lives for weeks of simulated time: events, proposals, answers, faults of receivers, stops, crashes at any
//! commit or call, restarts in good order, and a clock that jumps. After every move properties are checked that must hold
//! whatever happened; the same seed gives the same journal, byte for byte.

use std::collections::BTreeMap;
use std::time::Instant;

use epoch_model::decision::{Decision, State};
use epoch_model::time::{DAY, HOUR, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::DecisionFilter;

use crate::crash::points_after;
use crate::model::of_calls;
use crate::outside::Call;
use crate::plan::{Plan, Step, What};
use crate::rng::{Rng, mix};
use crate::shop::{COST_MINOR, FREE, SPEND_PER_DAY_MINOR, START};
use crate::shrink::shrink;
use crate::stage::{Stage, Start};

/// One move of a simulated life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Something happens after a while.
    Do { after: Millis, what: What },
    /// The same, and the host is killed in the middle of it, at the point of this number; whoever asked asks again.
    Killed { after: Millis, what: What, at: u64 },
    /// The host is closed in good order and opened again.
    Restart,
    /// The machine slept, or its clock was set: forwards by days, or back by minutes.
    Jump(Millis),
}

/// The moves of a seed.
pub fn moves(seed: u64, count: usize) -> Vec<Move> {
    let mut rng = Rng::new(mix(seed ^ 0x51b));
    let mut last = START;
    let happenings = Plan::of(seed, count).steps;
    happenings
        .into_iter()
        .map(|Step { at, what }| {
            let after = (at - last) * 3;
            last = at;
            match rng.below(100) {
                0..12 => Move::Killed { after, what, at: rng.word() },
                12..16 => Move::Restart,
                16..19 => Move::Jump(DAY * Millis::try_from(1 + rng.below(4)).unwrap_or(1)),
                19..21 => Move::Jump(-HOUR / 3),
                _ => Move::Do { after, what },
            }
        })
        .collect()
}

/// How a life went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    /// Moves made.
    pub moves: u64,
    /// Kills among them.
    pub kills: u64,
    pub decisions: u64,
    pub calls: u64,
    /// Simulated time, ms.
    pub lived: Millis,
    /// Hash of the journal's last row: it covers all rows before it.
    pub digest: String,
}

/// Lives the moves. What was broken, and after which move, is the error's message.
pub fn live(seed: u64, moves: &[Move]) -> Result<Life> {
    // The plan gives the world its seed; steps come from the moves.
    let plan = Plan { seed, steps: Vec::new() };
    let mut now = START;
    let mut life = Life::default();
    let mut stage = Stage::open_at(&Start::fresh()?, &plan, now, false)?;
    let mut held = false;
    for (index, next) in moves.iter().enumerate() {
        let told = |what: String| broken(seed, index, next, &what);
        match next {
            Move::Do { after, what } => {
                now += after;
                stage.step(index, &Step { at: now, what: what.clone() }).map_err(|e| told(e.message))?;
                held = holds(what, held);
            }
            Move::Killed { after, what, at } => {
                now += after;
                stage = killed(stage, &plan, (index, &Step { at: now, what: what.clone() }), *at, held)
                    .map_err(|e| told(e.message))?;
                held = holds(what, held);
                life.kills += 1;
            }
            Move::Restart => {
                stage.close()?;
                let start = Start { image: stage.image()?, step: 0, calls: stage.world.calls(), over: false };
                stage = Stage::open_at(&start, &plan, now, held).map_err(|e| told(e.message))?;
            }
            Move::Jump(by) => {
                now += by;
                stage.set_clock(now);
                stage.host()?.work_once().map_err(|e| told(e.message))?;
            }
        }
        life.moves += 1;
        if let Some(what) = wrong(&stage, index % 8 == 7)?.first() {
            return Err(told(what.clone()));
        }
    }
    stage.finish()?;
    if let Some(what) = wrong(&stage, true)?.first() {
        return Err(broken(seed, moves.len(), &Move::Restart, what));
    }
    let host = stage.host()?;
    life.calls = stage.world.calls().len() as u64;
    life.decisions = host.store().decisions(&DecisionFilter::default())?.len() as u64;
    life.digest = host.store().journal_head()?.1;
    life.lived = stage.clock.now() - START;
    Ok(life)
}

fn holds(what: &What, held: bool) -> bool {
    if let What::Run(state) = what { *state != epoch_model::gate::RunState::Running } else { held }
}

fn broken(seed: u64, index: usize, at: &Move, what: &str) -> Error {
    let message = format!("seed {seed}, move {index} ({at:?}): {what}");
    Error::new(Code::Internal, message, "run this seed alone")
}

/// Does a step, kills the host at one of the points the step had, opens what is left and does the step again.
fn killed(stage: Stage, plan: &Plan, (index, step): (usize, &Step), at: u64, held: bool) -> Result<Stage> {
    let before = stage.image()?;
    let (calls, marks) = (stage.world.calls(), stage.world.marks().len());
    stage.step(index, step)?;
    let after = stage.image()?;
    let start = Start { image: before, step: index, calls, over: false };
    let points = points_after(&start, &after, &stage.world.marks()[marks..]);
    let point = usize::try_from(at % (points.len().max(1) as u64)).unwrap_or(0);
    let left = match points.get(point) {
        Some(point) => {
            let calls: Vec<Call> = stage.world.calls().into_iter().take(point.calls).collect();
            let image = crate::image::Image { stop: point.stop, ..after.cut(point.wal) };
            Start { image, step: point.step, calls, over: false }
        }
        None => start,
    };
    let answered = left.step > index;
    let held = if answered { holds(&step.what, held) } else { held };
    drop(stage);
    let ends = matches!(step.what, What::Run(epoch_model::gate::RunState::Running));
    let next = Stage::open_at(&left, plan, step.at, held && !ends)?;
    if !answered {
        next.step(index, step)?;
    }
    Ok(next)
}

/// States in which a decision acts on the world now.
const LIVE: [State; 3] = [State::Approved, State::Executing, State::InDoubt];

/// What does not hold. With `whole`, the journal's chain is verified, too.
fn wrong(stage: &Stage, whole: bool) -> Result<Vec<String>> {
    let host = stage.host()?;
    let calls = stage.world.calls();
    let mut out = of_calls(&calls);
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &calls {
        *done.entry(&call.key).or_default() += usize::from(call.performed);
    }
    out.extend(
        done.iter().filter(|(_, times)| **times > 1).map(|(key, times)| format!("{key} was done {times} times")),
    );
    let decisions = host.store().decisions(&DecisionFilter::default())?;
    let by_id: BTreeMap<&str, &Decision> = decisions.iter().map(|d| (d.id.as_str(), d)).collect();
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for decision in &decisions {
        if let Some(key) = &decision.proposal
            && let Some(other) = keys.insert(key, &decision.id)
        {
            out.push(format!("{key} became {other} and {}", decision.id));
        }
    }
    for call in &calls {
        match by_id.get(call.decision.as_str()) {
            None => out.push(format!("{} was called and does not exist", call.decision)),
            Some(decision) if !crate::model::allowed(decision) => {
                out.push(format!("{} was called without policy or approval", call.decision));
            }
            Some(_) => {}
        }
    }
    let mut levers: BTreeMap<&str, &str> = BTreeMap::new();
    for decision in decisions.iter().filter(|d| LIVE.contains(&d.state)) {
        if let Some(lever) = decision.act.lever()
            && let Some(other) = levers.insert(lever, &decision.id)
        {
            out.push(format!("{other} and {} both act on {lever}", decision.id));
        }
    }
    out.extend(overspent(&decisions));
    if whole && let Some(problem) = host.store().verify(None)?.problem {
        out.push(format!("the journal's chain breaks: {}", problem.what));
    }
    Ok(out)
}

/// What policy let run on a day costs no more than the file allows without asking.
fn overspent(decisions: &[Decision]) -> Option<String> {
    let mut days: BTreeMap<Millis, i64> = BTreeMap::new();
    for decision in decisions.iter().filter(|d| d.act.effect() == Some(FREE)) {
        let ran = decision.history.iter().find(|t| t.to == State::Approved && !t.actor.starts_with("operator:"));
        let failed = decision.state == State::Failed;
        if let Some(at) = ran.filter(|_| !failed) {
            *days.entry(at.at.div_euclid(DAY)).or_default() += COST_MINOR;
        }
    }
    let over = days.into_iter().find(|(_, spent)| *spent > SPEND_PER_DAY_MINOR)?;
    Some(format!("{} minor units were spent without asking on day {}", over.1, over.0))
}

/// A life that broke a property.
#[derive(Debug, Clone)]
pub struct Broken {
    pub seed: u64,
    pub what: String,
    /// The shortest list of moves found that still breaks one.
    pub shrunk: Vec<Move>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub lives: u64,
    pub moves: u64,
    pub kills: u64,
    pub decisions: u64,
    pub calls: u64,
    /// Simulated days over all lives.
    pub days: f64,
    pub seconds: f64,
    pub broken: Vec<Broken>,
}

/// Lives each seed from `seed` on twice, and compares; stops at the first that is broken.
pub fn explore(seed: u64, lives: u64, count: usize, heard: &dyn Fn(u64)) -> Result<Report> {
    let begun = Instant::now();
    let mut report = Report::default();
    for this in seed..seed.saturating_add(lives) {
        let moves = moves(this, count);
        let outcome = live(this, &moves).and_then(|first| {
            let second = live(this, &moves)?;
            if first == second {
                return Ok(first);
            }
            let message = format!("seed {this}: living it twice gave {first:?} and {second:?}");
            Err(Error::new(Code::Internal, message, "run this seed alone"))
        });
        report.lives += 1;
        match outcome {
            Ok(life) => {
                report.moves += life.moves;
                report.kills += life.kills;
                report.decisions += life.decisions;
                report.calls += life.calls;
                report.days += life.lived as f64 / DAY as f64;
            }
            Err(e) => {
                let fails = |moves: &[Move]| live(this, moves).err().map(|e| e.message);
                let (shrunk, what) = shrink(&moves, fails).unwrap_or((moves, e.message));
                report.broken.push(Broken { seed: this, what, shrunk });
                break;
            }
        }
        heard(report.lives);
    }
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}
