//! One comparison under a design.

use epoch_stats::bayes::{self, Belief};
use epoch_stats::compare::{self, Effect, Interval};
use epoch_stats::moments::{Moments, Outcome};
use epoch_stats::sequential::{self, AsymptoticDesign, Floor, GroupDesign, Monitor, Reading, Side, group, statistic};

use super::super::ends;
use super::input::{Correction, Design, Input, Metric, Scale, Spending};
use super::output::{ArmRead, AtEnd, Call, EffectRead, Look, MetricRead, Plain};

/// What all comparisons of an experiment share.
pub(super) struct Frame<'a> {
    input: &'a Input,
    /// Alpha of one goal and arm, where alpha is parted beforehand: designs with looks.
    alpha_each: f64,
    all_weights: f64,
}

impl<'a> Frame<'a> {
    pub(super) fn new(input: &'a Input) -> Self {
        let goals = input.metrics.iter().filter(|m| !m.guardrail).count() * (input.arms.len() - 1);
        let parts = if input.correction == Correction::None { 1 } else { goals.max(1) };
        let all_weights = input.arms.iter().map(|a| a.weight).sum();
        Self { input, alpha_each: input.alpha / parts as f64, all_weights }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.input.design {
            Design::Fixed { .. } => "fixed",
            Design::GroupSequential { .. } => "group_sequential",
            Design::ConfidenceSequence { .. } => "confidence_sequence",
            Design::Bayes {} => "bayes",
        }
    }

    /// Arm `k` against the control. Calls that need the other comparisons come later (`call`).
    pub(super) fn compare(&self, metric: &Metric, k: usize, control: &Moments, arm: &Moments) -> ArmRead {
        let on = |scale| compare::compare(control, arm, scale);
        let [absolute, relative] = [on(compare::Scale::Absolute), on(compare::Scale::Relative)];
        let asked = if self.input.scale == Scale::Absolute { &absolute } else { &relative };
        let plain = |e: &Effect| Plain { estimate: e.estimate, standard_error: e.se };
        let (effect, verdict) = match asked {
            Ok(effect) => {
                let (read, verdict) = self.read(metric, k, effect, control, arm);
                (Some(read), verdict)
            }
            Err(_) => (None, Call::Refused),
        };
        ArmRead {
            key: self.input.arms[k].key.clone(),
            units: arm.units,
            value: super::super::finite(arm.value()),
            refusal: asked.as_ref().err().map(ToString::to_string),
            effect,
            absolute: absolute.as_ref().ok().map(plain),
            relative: relative.as_ref().ok().map(plain),
            verdict,
        }
    }

    fn read(&self, metric: &Metric, k: usize, effect: &Effect, control: &Moments, arm: &Moments) -> (EffectRead, Call) {
        let side = match (metric.guardrail, metric.lower_is_better) {
            (false, _) => Side::Two,
            (true, false) => Side::Less,
            (true, true) => Side::Greater,
        };
        let alpha = if metric.guardrail { self.input.alpha } else { self.alpha_each };
        let belief = self.belief(effect);
        let (chance_to_win, expected_loss) = if metric.lower_is_better {
            (belief.below(0.0), belief.gain())
        } else {
            (belief.above(0.0), belief.loss())
        };
        let Interval { lower, upper } = effect.interval_of(side, self.input.alpha);
        let mut read = EffectRead {
            estimate: effect.estimate,
            standard_error: effect.se,
            df: effect.df,
            interval: ends([lower, upper]),
            p_value: effect.p_value_of(side, 0.0),
            adjusted_p_value: effect.p_value_of(side, 0.0),
            chance_to_win,
            expected_loss,
            look: None,
            at_end: None,
        };
        let look = look(effect, control, arm);
        let planned = self.planned(k);
        let mut monitor = match &self.input.design {
            // Decided in `call`, when the p-values are adjusted.
            Design::Fixed { .. } => {
                let early = Floor::default().is_early(&look);
                return (read, if early { Call::TooEarly } else { Call::Undecided });
            }
            Design::Bayes {} => {
                let Interval { lower, upper } = belief.interval(self.input.alpha);
                read.interval = ends([lower, upper]);
                return (read, Call::Display);
            }
            Design::GroupSequential { looks, spending, .. } => {
                let size_max = sequential::size_of(planned);
                let spending = match spending {
                    Spending::ObrienFleming => group::Spending::ObrienFleming,
                    Spending::Pocock => group::Spending::Pocock,
                };
                let design = GroupDesign { alpha, side, spending, futility: None, size_max };
                let mut monitor = Monitor::new(sequential::Design::Group(design), Floor::default());
                // Limits depend on the times of earlier looks alone, so these are taken again with nothing found.
                for share in looks {
                    let units = [2.0 * share * size_max; 2];
                    monitor.look(&sequential::Look {
                        estimate: 0.0,
                        se: 1.0,
                        z: 0.0,
                        units,
                        events: None,
                        skewness: None,
                    });
                }
                monitor
            }
            Design::ConfidenceSequence { .. } => {
                let design = AsymptoticDesign { alpha, side, units_tuned: planned[0] + planned[1] };
                Monitor::new(sequential::Design::Asymptotic(design), Floor::default())
            }
        };
        let last = matches!(self.input.design, Design::GroupSequential { last: true, .. });
        let said = if last { monitor.conclude(&look) } else { monitor.look(&look) };
        let call = called(&said, metric.lower_is_better);
        read.interval = ends(said.interval);
        (read.p_value, read.adjusted_p_value) = (said.p_value, said.p_value);
        read.look = Some(Look {
            z: look.z,
            limits: ends([said.boundary.lower, said.boundary.upper]),
            fraction: said.fraction,
            spent: said.spent,
            alpha,
        });
        if matches!(call, Call::Better | Call::Worse | Call::Undecided) {
            // The statistic is not the estimate over its error exactly; what comes back must start from the estimate.
            let se = if look.estimate / look.z > 0.0 { look.estimate / look.z } else { look.se };
            read.at_end = monitor.after(&sequential::Look { se, ..look }).map(|end| AtEnd {
                estimate: end.estimate,
                interval: ends(end.interval),
                p_value: end.p_value,
            });
        }
        (read, call)
    }

    /// Fixed designs: by adjusted p-values, once the planned units are there.
    pub(super) fn call(&self, metrics: &mut [MetricRead]) {
        let Design::Fixed { planned_units } = self.input.design else { return };
        let control = self.input.arms[0].units;
        for metric in metrics {
            for (k, arm) in metric.arms.iter_mut().enumerate() {
                let (Some(effect), true) = (&arm.effect, arm.verdict != Call::TooEarly) else { continue };
                let here = arm.units as f64 / self.input.arms[k + 1].weight * self.all_weights;
                // Unequal arms: by the one that is further behind.
                let there = control.map_or(here, |n| here.min(n as f64 / self.input.arms[0].weight * self.all_weights));
                let rises = effect.estimate > 0.0;
                arm.verdict = match planned_units {
                    // A tenth of a per cent short is chance in the split.
                    Some(planned) if there < 0.98 * planned => Call::Continue,
                    _ if effect.adjusted_p_value > self.input.alpha => Call::Undecided,
                    _ if rises == metric.lower_is_better => Call::Worse,
                    _ => Call::Better,
                };
            }
        }
    }

    /// Planned units of the control and of arm `k`.
    fn planned(&self, k: usize) -> [f64; 2] {
        let all = match self.input.design {
            Design::GroupSequential { planned_units, .. } | Design::ConfidenceSequence { planned_units } => {
                planned_units
            }
            Design::Fixed { planned_units } => planned_units.unwrap_or(f64::NAN),
            Design::Bayes {} => f64::NAN,
        };
        [0, k].map(|k| all * self.input.arms[k].weight / self.all_weights)
    }

    fn belief(&self, effect: &Effect) -> Belief {
        let scale = |s: Scale| if s == Scale::Absolute { compare::Scale::Absolute } else { compare::Scale::Relative };
        let before = self.input.prior.and_then(|p| Belief::new(p.mean, p.sd).map(|b| (b, scale(p.scale))));
        let (belief, scale) = before.unwrap_or((Belief::flat(), effect.scale));
        bayes::Prior { belief, scale }.after(effect)
    }
}

/// The effect as a look; of plain proportions by the statistic that is right for few events.
fn look(effect: &Effect, control: &Moments, arm: &Moments) -> sequential::Look {
    let plain = |m: &Moments| m.outcome == Outcome::Binary && m.den.is_none() && m.pre.is_none();
    if !plain(control) || !plain(arm) {
        return sequential::Look::of(effect, None);
    }
    let counted = |m: &Moments| statistic::Arm { events: m.mean * m.units as f64, units: m.units as f64 };
    let (a, b) = (counted(control), counted(arm));
    let mut look = sequential::Look::of(effect, Some(a.events + b.events));
    let (z, skewness) = statistic::z_of_proportions(a, b);
    (look.z, look.skewness) = (z, Some(skewness));
    look
}

fn called(reading: &Reading, lower_is_better: bool) -> Call {
    match reading.verdict {
        sequential::Verdict::TooEarly => Call::TooEarly,
        sequential::Verdict::Continue => Call::Continue,
        sequential::Verdict::Up if lower_is_better => Call::Worse,
        sequential::Verdict::Down if !lower_is_better => Call::Worse,
        sequential::Verdict::Up | sequential::Verdict::Down => Call::Better,
        sequential::Verdict::Futile | sequential::Verdict::Undecided => Call::Undecided,
    }
}
