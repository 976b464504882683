//! Every commit and every outside call of a workload is a point: the host is killed there, its files are taken as they lie,
//! another host recovers from them and does the rest of the workload, and its end is compared with that of the run that
//! was never interrupted. Recoveries are killed at each of their points, too.
//!
//! The log of the database only grows during a run, so the files at a point are the files of the beginning and the log's
//! first bytes: a workload is run once, and all its points are forked from what it leaves.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use epoch_model::Result;

use crate::disk::{DAMAGES, Damage, damaged};
use crate::image::Image;
use crate::model::{Picture, events_of};
use crate::outside::{Call, Mark};
use crate::plan::{Plan, What};
use crate::rng::{Rng, mix};
use crate::shrink::shrink;
use crate::stage::{Stage, Start};
use crate::wal::Wal;

/// Where a host is killed: how much of the log was committed, the first step without an answer, how many calls the receivers
/// had dealt with, whether a file named STOP lay in the folder, and
/// whether the workload was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub wal: usize,
    pub step: usize,
    pub calls: usize,
    pub stop: bool,
    pub over: bool,
}

/// A run that came to its end, with all that its forks need.
#[derive(Debug)]
pub struct Recording {
    pub picture: Picture,
    pub image: Image,
    calls: Vec<Call>,
    marks: Vec<(Mark, u64, bool)>,
}

/// Runs a plan from `start` to its end.
pub fn record(start: &Start, plan: &Plan) -> Result<Recording> {
    let stage = Stage::open(start, plan)?;
    stage.play(plan, start.step)?;
    let picture = Picture::take(&stage)?;
    let image = stage.image()?;
    Ok(Recording { picture, image, calls: stage.world.calls(), marks: stage.world.marks() })
}

impl Recording {
    /// All points after `start`, in the order in which they came.
    pub fn points(&self, start: &Start) -> Vec<Point> {
        points_after(start, &self.image, &self.marks)
    }

    /// What is left at a point.
    pub fn at(&self, point: &Point) -> Start {
        let image = Image { stop: point.stop, ..self.image.cut(point.wal) };
        Start { image, step: point.step, calls: self.calls[..point.calls].to_vec(), over: point.over }
    }
}

/// The points of a run that began at `start` and left `end`, in the order in which they came.
pub fn points_after(start: &Start, end: &Image, marks: &[(Mark, u64, bool)]) -> Vec<Point> {
    let from = start.image.wal.len();
    let mut commits = Wal::read(&end.wal).commits().into_iter().filter(|at| *at > from).peekable();
    let mut here =
        Point { wal: from, step: start.step, calls: start.calls.len(), stop: start.image.stop, over: start.over };
    let mut points = Vec::new();
    for (mark, length, stop) in marks {
        while let Some(at) = commits.next_if(|at| *at as u64 <= *length) {
            here.wal = at;
            points.push(here);
        }
        here.stop = *stop;
        match mark {
            Mark::Called => here.calls += 1,
            Mark::Answered(step) => here.step = step + 1,
            Mark::Over => here.over = true,
            Mark::Opened | Mark::Begun(_) | Mark::Calling => {}
        }
        points.push(here);
    }
    points.dedup();
    points
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Points to reach; the last workload is finished.
    pub points: u64,
    /// Steps of a workload.
    pub steps: usize,
    /// Of so many points one is recovered with its recovery killed at each of its own points. 0 for none.
    pub again_every: u64,
    /// Of so many points one is recovered from damaged files, too. 0 for none.
    pub damage_every: u64,
    /// Threads.
    pub threads: usize,
}

/// A point whose recovery broke a promise.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Of the workload.
    pub seed: u64,
    /// Killed there, and there again in the recovery.
    pub points: Vec<Point>,
    /// What the disk did, if anything.
    pub damage: Option<Damage>,
    /// What was broken.
    pub what: Vec<String>,
    /// The shortest workload found that still fails, and what it fails with.
    pub shrunk: Option<(Plan, String)>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Points recovered: each a kill at a commit or an outside call, in a workload or in a recovery.
    pub points: u64,
    /// Of these, kills of recoveries.
    pub again: u64,
    /// Recoveries from damaged files, by what was done to them. Not counted as points.
    pub damaged: BTreeMap<Damage, u64>,
    pub workloads: u64,
    /// Outside calls that the workloads made.
    pub calls: u64,
    /// Decisions of the workloads.
    pub decisions: u64,
    pub seconds: f64,
    pub failures: Vec<Failure>,
}

impl Report {
    fn join(&mut self, other: Report) {
        self.points += other.points;
        self.again += other.again;
        for (damage, count) in other.damaged {
            *self.damaged.entry(damage).or_default() += count;
        }
        self.workloads += other.workloads;
        self.calls += other.calls;
        self.decisions += other.decisions;
        self.failures.extend(other.failures);
    }

    /// Points per second.
    pub fn rate(&self) -> f64 {
        self.points as f64 / self.seconds.max(1e-9)
    }
}

/// Failures after which a search ends: more of them say nothing new.
const ENOUGH: usize = 3;

/// Workloads from `seed` on, until enough points were recovered. `heard` is told the number of points now and then.
pub fn explore(seed: u64, extent: Extent, heard: &(dyn Fn(u64) + Sync)) -> Result<Report> {
    let begun = Instant::now();
    let (next, reached) = (AtomicU64::new(0), AtomicU64::new(0));
    let whole = Mutex::new(Report::default());
    let work = || -> Result<()> {
        loop {
            let enough = whole.lock().is_ok_and(|w| w.failures.len() >= ENOUGH);
            if enough || reached.load(Ordering::SeqCst) >= extent.points {
                return Ok(());
            }
            let this = seed.wrapping_add(next.fetch_add(1, Ordering::SeqCst));
            let found = workload(&Plan::of(this, extent.steps), extent, true)?;
            heard(reached.fetch_add(found.points, Ordering::SeqCst) + found.points);
            if let Ok(mut whole) = whole.lock() {
                whole.join(found);
            }
        }
    };
    std::thread::scope(|scope| -> Result<()> {
        let others: Vec<_> = (1..extent.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut result = work();
        for other in others {
            if let Ok(Err(e)) = other.join() {
                result = Err(e);
            }
        }
        result
    })?;
    let mut report = whole.into_inner().unwrap_or_default();
    report.failures.sort_by_key(|f| f.seed);
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

/// One workload with all its points. `shrinks`: a failure is made short.
pub fn workload(plan: &Plan, extent: Extent, shrinks: bool) -> Result<Report> {
    let start = Start::fresh()?;
    let golden = record(&start, plan)?;
    let mut report = Report {
        workloads: 1,
        calls: golden.calls.len() as u64,
        decisions: golden.picture.cards.len() as u64,
        ..Report::default()
    };
    let fail = |points: Vec<Point>, damage, what: Vec<String>| {
        let shrunk = if shrinks { shortest(plan, extent) } else { None };
        Failure { seed: plan.seed, points, damage, what, shrunk }
    };
    let mut own = golden.picture.faults.clone();
    let expected = events_of(plan, base_events()?);
    if golden.picture.events != expected {
        own.push(format!("{} events instead of {expected}, without any crash", golden.picture.events));
    }
    if !own.is_empty() {
        report.failures.push(fail(Vec::new(), None, own));
        return Ok(report);
    }
    let mut rng = Rng::new(mix(plan.seed));
    for point in golden.points(&start) {
        let from = golden.at(&point);
        let again = extent.again_every > 0 && rng.below(extent.again_every) == 0;
        let (what, recovered) = recover(&golden, &from, plan);
        report.points += 1;
        if !what.is_empty() {
            report.failures.push(fail(vec![point], None, what));
            return Ok(report);
        }
        if let Some(recovered) = recovered.filter(|_| again) {
            for second in recovered.points(&from) {
                let (what, _) = recover(&golden, &recovered.at(&second), plan);
                report.points += 1;
                report.again += 1;
                if !what.is_empty() {
                    report.failures.push(fail(vec![point, second], None, what));
                    return Ok(report);
                }
            }
        }
        if extent.damage_every > 0 && rng.below(extent.damage_every) == 0 {
            let Some(damage) = rng.pick(&DAMAGES).copied() else { continue };
            let whole = Image { stop: point.stop, ..golden.image.clone() };
            let Some(image) = damaged(&whole, point.wal, damage, &mut rng) else { continue };
            let from = Start { image, ..from };
            let what = match damage {
                Damage::Forgotten => forgotten(&golden, &from, plan),
                _ => recover(&golden, &from, plan).0,
            };
            *report.damaged.entry(damage).or_default() += 1;
            if !what.is_empty() {
                report.failures.push(fail(vec![point], Some(damage), what));
                return Ok(report);
            }
        }
    }
    Ok(report)
}

/// Recovers, does the rest, compares. An error of the host is a difference, too.
fn recover(golden: &Recording, from: &Start, plan: &Plan) -> (Vec<String>, Option<Recording>) {
    match record(from, plan) {
        Ok(recovered) => {
            let mut expected = golden.picture.clone();
            if from.over {
                expected.run = recovered.picture.run;
            }
            let mut what = expected.differences(&recovered.picture);
            if !from.over {
                what.extend(stop_forgotten(plan, from, &recovered));
            }
            (what, Some(recovered))
        }
        Err(e) => (vec![format!("recovering answered {:?}: {}", e.code, e.message)], None),
    }
}

/// After a disk that lied: what is there is sound and the outside was not called twice under a key it recognises. What the
/// business forgot is not compared.
fn forgotten(golden: &Recording, from: &Start, plan: &Plan) -> Vec<String> {
    let run = || -> Result<Vec<String>> {
        let stage = Stage::open(from, plan)?;
        let host = stage.host()?;
        let mut what = Vec::new();
        if let Some(problem) = host.store().verify(None)?.problem {
            what.push(format!("the journal's chain breaks: {}", problem.what));
        }
        if let Some(difference) = epoch_host::audit::replay(host.store())?.difference {
            what.push(format!("replaying input {} gives other actions", difference.seq));
        }
        let events = host.store().count(None);
        if events > golden.picture.events {
            what.push(format!("{events} events, more than ever came in"));
        }
        stage.play(plan, from.step)?;
        stage.finish()?;
        for call in stage.world.calls().iter().filter(|c| c.effect != crate::shop::CAREFUL && c.performed) {
            if stage.world.performed(&call.key) > 1 {
                what.push(format!("{} was done twice", call.key));
            }
        }
        Ok(what)
    };
    run().unwrap_or_else(|e| vec![format!("recovering answered {:?}: {}", e.code, e.message)])
}

/// A stop that was acknowledged is one that a restart finds.
fn stop_forgotten(plan: &Plan, from: &Start, recovered: &Recording) -> Option<String> {
    let held = plan.steps.iter().take(from.step).rev().find_map(|s| match s.what {
        What::Run(run) => Some(run != epoch_model::gate::RunState::Running),
        _ => None,
    });
    let rest = plan.steps.iter().skip(from.step).any(|s| matches!(s.what, What::Run(_)));
    let running = recovered.picture.run == epoch_model::gate::RunState::Running;
    (held == Some(true) && !rest && running).then(|| "a stop that was acknowledged was forgotten".to_owned())
}

/// Events of the base.
fn base_events() -> Result<u64> {
    static COUNT: std::sync::OnceLock<Result<u64>> = std::sync::OnceLock::new();
    COUNT
        .get_or_init(|| {
            let plan = Plan { seed: 0, steps: Vec::new() };
            let stage = Stage::open(&Start::fresh()?, &plan)?;
            Ok(stage.host()?.store().count(None))
        })
        .clone()
}

/// Drops steps of a failing workload while it still fails.
fn shortest(plan: &Plan, extent: Extent) -> Option<(Plan, String)> {
    let narrow = Extent { again_every: extent.again_every.min(1) * 4, threads: 1, ..extent };
    let fails = |steps: &[crate::plan::Step]| {
        let shorter = Plan { seed: plan.seed, steps: steps.to_vec() };
        let found = workload(&shorter, narrow, false).ok()?;
        found.failures.into_iter().next().map(|f| f.what.join("; "))
    };
    let (steps, what) = shrink(&plan.steps, fails)?;
    Some((Plan { seed: plan.seed, steps }, what))
}
