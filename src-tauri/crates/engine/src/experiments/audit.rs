//! The engine checks itself where the truth is known: A/A tests, and effects that are added to their sums.

use epoch_model::experiment::{Design, Look, SelfAudit, Spec};
use epoch_stats::moments::{Covariate, CovariateDenominator, Denominator, Moments, Outcome};
use epoch_stats::sequential::{Monitor, Verdict};
use epoch_stats::special::{binomial_at_least, binomial_at_most};
use serde::{Deserialize, Serialize};

use super::lab::Plan;
use super::sums;
use crate::config::Config;
use crate::text;

/// A deviation that chance alone makes less often than this counts as a failure.
const DOUBT: f64 = 0.01;

/// What was counted so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Audit {
    pub tests: u64,
    pub called: u64,
    pub injected: u64,
    pub found: u64,
    pub found_days: f64,
    pub inside: u64,
    pub intervals: u64,
}

impl Audit {
    /// Whether false calls or coverage are worse than they may be by chance (exact binomial).
    pub(crate) fn failed(&self, config: &Config) -> bool {
        let alpha = config.business.experimenting.alpha;
        (self.tests > 0 && binomial_at_least(self.called, self.tests, alpha) < DOUBT)
            || (self.intervals > 0 && binomial_at_most(self.inside, self.intervals, 1.0 - alpha) < DOUBT)
    }

    pub(crate) fn shown(&self, config: &Config) -> SelfAudit {
        let failed = self.failed(config);
        let text = if self.tests == 0 {
            "no test of two equal arms has ended yet".to_owned()
        } else {
            format!(
                "{} of {} tests of equal arms were called, {} % at most is expected; {} of {} added effects were found{}",
                self.called,
                self.tests,
                text::number(config.business.experimenting.alpha * 100.0, 1),
                self.found,
                self.injected,
                if failed { "; until that is mended, every call asks" } else { "" }
            )
        };
        SelfAudit {
            aa_tests: self.tests,
            aa_called: self.called,
            injected: self.injected,
            found: self.found,
            found_days: if self.found == 0 { 0.0 } else { self.found_days / self.found as f64 },
            inside: self.inside,
            intervals: self.intervals,
            nominal: 1.0 - config.business.experimenting.alpha,
            failed,
            text,
        }
    }
}

/// The arm as if its outcome were larger by a share: of shares the mean moves, of numbers every value grows alike.
pub(crate) fn injected(arm: &Moments, effect: f64) -> Moments {
    let grown = 1.0 + effect;
    let n = arm.units as f64;
    if arm.outcome == Outcome::Binary && arm.den.is_none() {
        let p = (arm.mean * grown).clamp(0.0, 1.0);
        // Those who turn are taken to be like the others before.
        return Moments {
            pre: None,
            m3: Some(n * p * (1.0 - p) * (1.0 - 2.0 * p)),
            mean: p,
            m2: n * p * (1.0 - p),
            ..*arm
        };
    }
    Moments {
        mean: arm.mean * grown,
        m2: arm.m2 * grown * grown,
        m3: arm.m3.map(|m3| m3 * grown * grown * grown),
        den: arm.den.map(|d| Denominator { with_outcome: d.with_outcome * grown, ..d }),
        pre: arm.pre.map(|p| Covariate {
            with_outcome: p.with_outcome * grown,
            den: p.den.map(|d| CovariateDenominator { with_outcome: d.with_outcome * grown, ..d }),
            ..p
        }),
        ..*arm
    }
}

/// Reads an audit with an effect added to its second arm, by the same tests.
#[expect(clippy::too_many_arguments, reason = "the look of an experiment, told again")]
pub(crate) fn inject(
    audit: &mut Audit,
    config: &Config,
    spec: &Spec,
    design: &Design,
    plan: &mut Plan,
    look: &Look,
    formal: bool,
    over: bool,
    days: f64,
) {
    let Some(injected_plan) = plan.injected.as_mut().filter(|i| formal && !i.over) else { return };
    let Some(metric) = config.metric(&spec.metric) else { return };
    let Some(sums) = look.metrics.iter().find(|m| m.metric == spec.metric) else { return };
    let of =
        |i: usize| sums.arms.get(i).map(|m| sums::moments(metric, m, design.covariate_days > 0)).unwrap_or_default();
    let s = sums::sign(metric);
    // Without the covariate on both sides: it cannot be told how it would have moved.
    let (control, treated) = (of(0).without_pre(), injected(&of(1), s * injected_plan.effect).without_pre());
    let Ok(found) = sums::against(metric, &control, &treated) else { return };
    let take = |m: &mut Monitor| if over { m.conclude(&found.look) } else { m.look(&found.look) };
    let better = take(&mut injected_plan.tests.better);
    take(&mut injected_plan.tests.own);
    let ended = matches!(better.verdict, Verdict::Up | Verdict::Futile | Verdict::Undecided);
    if !ended {
        return;
    }
    injected_plan.over = true;
    audit.injected = audit.injected.saturating_add(1);
    if better.verdict == Verdict::Up {
        injected_plan.found_after = Some(days);
        audit.found = audit.found.saturating_add(1);
        audit.found_days += days;
    }
    if let Some(after) = injected_plan.tests.own.after(&found.look) {
        audit.covered(after.interval, injected_plan.effect);
    }
}

impl Audit {
    /// An interval of the audit, and the truth.
    pub(crate) fn covered(&mut self, interval: [f64; 2], truth: f64) {
        if interval.iter().all(|v| v.is_finite()) {
            self.intervals = self.intervals.saturating_add(1);
            self.inside = self.inside.saturating_add(u64::from(interval[0] <= truth && truth <= interval[1]));
        }
    }
}
