//! What follows from a look: go on, ship, take back, give up.

use epoch_model::experiment::{Call, Purpose, Spec, Stopping};
use epoch_stats::sequential::group::inference::Final;
use epoch_stats::sequential::{Boundary, Monitor, Reading, Verdict};

use super::effects::Row;
use super::lab::Plan;

/// The tests of one arm at one look.
pub(crate) struct ArmRead {
    /// Index among the arms, from 1.
    pub index: usize,
    pub better: Option<Reading>,
    pub own: Option<Reading>,
    /// Better or worse at any time.
    pub anytime: Option<Verdict>,
    /// Relative improvement, its error, and the look itself.
    pub look: Option<epoch_stats::sequential::Look>,
}

/// What was called, with the figures it rests on.
pub(crate) struct Called {
    pub call: Call,
    /// The arm it speaks of: the called one, else the best.
    pub index: usize,
    /// One-sided p-value for the stream, over all arms.
    pub p_stream: f64,
    /// p-value of the experiment's own two-sided test of that arm.
    pub p_own: Option<f64>,
    /// Better at the experiment's own error, although not at the stream's level.
    pub promising: bool,
    /// Median-unbiased improvement with its interval after stopping, on the look's scale.
    pub after: Option<Final>,
    pub why: String,
}

/// Feeds the tests of the primary metric.
pub(crate) fn feed(plan: &mut Plan, rows: &[Row], formal: bool, last: bool) -> Vec<ArmRead> {
    let primary = rows.iter().filter(|r| r.effect.role == epoch_model::experiment::Role::Primary);
    let mut out = Vec::new();
    for (i, (row, tests)) in primary.zip(&mut plan.arms).enumerate() {
        let look = row.against.as_ref().map(|a| a.look);
        let mut read = ArmRead { index: i + 1, better: None, own: None, anytime: None, look };
        if let Some(look) = look {
            read.anytime = Some(tests.anytime.peek(&look).verdict);
            if formal {
                let take = |m: &mut Monitor| if last { m.conclude(&look) } else { m.look(&look) };
                let better = take(&mut tests.better);
                let own = take(&mut tests.own);
                tests.limits = stopping(&better, &own.boundary, look.z).or(tests.limits);
                read.better = Some(better);
                read.own = Some(own);
            }
        }
        out.push(read);
    }
    out
}

fn stopping(better: &Reading, own: &Boundary, z: f64) -> Option<Stopping> {
    if better.verdict == Verdict::TooEarly {
        return None;
    }
    Some(Stopping {
        z,
        upper: better.boundary.upper.min(99.0),
        lower: own.lower.is_finite().then_some(own.lower),
        futility: better.boundary.futility.filter(|f| f.is_finite()),
        information: better.fraction,
    })
}

/// The call of a look whose gates pass. `over`: nothing more will come.
pub(crate) fn call(spec: &Spec, plan: &mut Plan, rows: &[Row], reads: &[ArmRead], over: bool) -> Called {
    let arms = reads.len().max(1) as f64;
    let key = |index: usize| spec.arms.get(index).map_or_else(String::new, |a| a.key.clone());
    let estimate = |r: &ArmRead| r.look.map_or(f64::NEG_INFINITY, |l| l.estimate);
    let best = reads.iter().max_by(|a, b| estimate(a).total_cmp(&estimate(b))).map_or(1, |r| r.index);
    let one_sided = |r: &ArmRead| r.better.as_ref().map_or(1.0, |b| b.p_value);
    let p_stream = (reads.iter().map(one_sided).fold(1.0, f64::min) * arms).min(1.0);
    let mut out = Called {
        call: Call::Continue,
        index: best,
        p_stream,
        p_own: None,
        promising: false,
        after: None,
        why: String::new(),
    };
    if let Some(row) = rows.iter().find(|r| r.broken) {
        out.index = spec.arms.iter().position(|a| a.key == row.effect.arm).unwrap_or(1);
        out.call = Call::RollBack { arm: row.effect.arm.clone() };
        out.why = format!("the guardrail {} broke in {}", row.effect.metric, row.effect.arm);
        return finish(plan, reads, out);
    }
    let is = |r: &&ArmRead, v: Verdict| r.better.as_ref().is_some_and(|b| b.verdict == v);
    let worse = |r: &ArmRead| {
        // Two equal arms are called by the planned tests alone: that is what is being checked.
        (r.anytime == Some(Verdict::Down) && spec.purpose != Purpose::SelfAudit)
            || r.own.as_ref().is_some_and(|o| o.verdict == Verdict::Down)
    };
    let winner = reads.iter().filter(|r| is(r, Verdict::Up)).max_by(|a, b| estimate(a).total_cmp(&estimate(b)));
    if let Some(winner) = winner {
        out.index = winner.index;
        out.call = Call::Ship { arm: key(winner.index) };
        out.why = format!("{} crossed the limit for being better", key(winner.index));
        return finish(plan, reads, out);
    }
    if !reads.is_empty() && reads.iter().all(worse) {
        out.call = Call::RollBack { arm: key(best) };
        "it is worse than the control".clone_into(&mut out.why);
        return finish(plan, reads, out);
    }
    let done = |r: &ArmRead| r.better.as_ref().is_some_and(|b| b.verdict == Verdict::Undecided);
    let futile = |r: &ArmRead| is(&r, Verdict::Futile) || worse(r) || done(r);
    if over || (!reads.is_empty() && reads.iter().all(done)) {
        out.promising = reads
            .iter()
            .find(|r| r.index == best)
            .is_some_and(|r| r.own.as_ref().is_some_and(|o| o.verdict == Verdict::Up));
        out.call = Call::Inconclusive;
        "its time is over without an answer".clone_into(&mut out.why);
        return finish(plan, reads, out);
    }
    if spec.purpose != Purpose::SelfAudit && !reads.is_empty() && reads.iter().all(futile) {
        out.call = Call::Futile;
        "an effect of the size it was made for is out of reach".clone_into(&mut out.why);
        return finish(plan, reads, out);
    }
    "no limit is crossed".clone_into(&mut out.why);
    out
}

fn finish(plan: &mut Plan, reads: &[ArmRead], mut out: Called) -> Called {
    let Some(read) = reads.iter().find(|r| r.index == out.index) else { return out };
    if let (Some(look), Some(tests)) = (read.look, plan.arms.get_mut(out.index - 1)) {
        // The two-sided tests know of the same looks and give an interval that is bounded on both sides. A stop between
        // planned looks is taken as one, for reporting.
        if read.own.is_none() {
            tests.own.conclude(&look);
        }
        out.after = if tests.own.times().next().is_some() { tests.own.after(&look) } else { None };
        out.after = out.after.filter(|a| a.estimate.is_finite() && a.interval.iter().all(|v| v.is_finite()));
    }
    out.p_own = read.own.as_ref().map(|o| o.p_value);
    out
}
