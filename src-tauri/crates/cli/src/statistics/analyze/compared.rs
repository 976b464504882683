//! One comparison under a design.

use epoch_stats::bayes::{self, Belief};
use epoch_stats::compare::{self, Contrast, Effect, Refusal, Stratum, post_stratified};
use epoch_stats::moments::Moments;
use epoch_stats::sequential::Side;

use super::super::{ends, finite};
use super::designed::{Asked, Designed, Designs};
use super::input::{Correction, Decision, Design, Input, Metric, Scale};
use super::output::{ArmRead, Call, EffectRead, MetricRead, MoneyRead, Plain, Within};
use super::parts::Parts;

/// What all comparisons of an experiment share.
pub(super) struct Frame<'a> {
    input: &'a Input,
    designs: Designs<'a>,
    prior: Option<bayes::Prior>,
}

/// An arm and its control, by moments and by strata.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) control: &'a Moments,
    pub(super) arm: &'a Moments,
    /// Compared within strata: statistics of the whole do not apply.
    pub(super) stratified: bool,
}

pub(super) fn on(scale: Scale) -> compare::Scale {
    if scale == Scale::Absolute { compare::Scale::Absolute } else { compare::Scale::Relative }
}

/// Whether alpha is parted evenly beforehand, and into how many parts.
pub(super) fn parts(input: &Input) -> f64 {
    let goals = input.metrics.iter().filter(|m| !m.guardrail).count();
    let shared = if input.decision == Decision::AllGoals { goals.min(1) } else { goals };
    if input.correction == Correction::None { 1.0 } else { (shared * (input.arms.len() - 1)).max(1) as f64 }
}

impl<'a> Frame<'a> {
    pub(super) fn new(input: &'a Input, prior: Option<bayes::Prior>) -> Self {
        Self { input, designs: Designs::new(input, prior), prior }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.input.design {
            Design::Fixed { .. } => "fixed",
            Design::GroupSequential { .. } => "group_sequential",
            Design::ConfidenceSequence { .. } => "confidence_sequence",
            Design::Msprt { .. } => "msprt",
            Design::Bayes {} => "bayes",
        }
    }

    /// Arm `k` against the control. Calls that need the other comparisons come later (`call`).
    pub(super) fn compare(&self, metric: &Metric, k: usize, figures: &Parts) -> ArmRead {
        let (control, arm) = (&figures.whole[0], &figures.whole[k]);
        let pair = Pair { control, arm, stratified: !figures.strata.is_empty() };
        let contrast = if pair.stratified {
            let strata: Vec<Stratum> =
                figures.strata.iter().map(|s| Stratum { control: s[0], treatment: s[k] }).collect();
            post_stratified(&strata)
        } else {
            Contrast::of(control, arm)
        };
        let effect = |scale| contrast.and_then(|c| c.effect(scale));
        let [absolute, relative] = [effect(compare::Scale::Absolute), effect(compare::Scale::Relative)];
        let asked = if self.input.scale == Scale::Absolute { &absolute } else { &relative };
        let plain = |e: &Effect| Plain { estimate: e.estimate, standard_error: e.se };
        let mut read = ArmRead {
            key: self.input.arms[k].key.clone(),
            units: arm.units,
            value: finite(arm.value()),
            refusal: asked.as_ref().err().map(Refusal::to_string),
            effect: None,
            absolute: absolute.as_ref().ok().map(plain),
            relative: relative.as_ref().ok().map(plain),
            money: None,
            within_margin: None,
            before: None,
            segments: Vec::new(),
            verdict: Call::Refused,
        };
        if let Ok(effect) = asked {
            let harm = Self::asked(metric, k, metric.margin, false);
            let designed = self.designs.read(&harm, effect, pair);
            read.verdict = designed.call;
            if metric.guardrail && metric.margin > 0.0 {
                read.within_margin = Some(self.within(metric, k, effect, pair));
            }
            read.effect = Some(self.effect(metric, effect, designed));
        }
        if let (Some(money), Ok(effect)) = (metric.money, &absolute) {
            let factor = money.units_per_month * money.minor_per_outcome;
            // Of the whole month: the interval is the design's, around the effect in the metric's unit.
            let designed = self.designs.read(&Self::asked(metric, k, 0.0, false), effect, pair);
            let [low, high] = self.belief_or(effect, designed.interval).map(|x| x * factor);
            let interval = if factor < 0.0 { [high, low] } else { [low, high] };
            read.money = Some(MoneyRead { estimate: finite(effect.estimate * factor), interval: ends(interval) });
        }
        read
    }

    /// What is asked of a comparison: of guardrails whether more than the margin is lost, or (`turned`) whether less is.
    fn asked(metric: &Metric, k: usize, margin: f64, turned: bool) -> Asked<'_> {
        let side = match (metric.guardrail, metric.lower_is_better != turned) {
            (false, _) => Side::Two,
            (true, false) => Side::Less,
            (true, true) => Side::Greater,
        };
        let margin = if metric.lower_is_better { margin } else { -margin };
        Asked { metric, k, side, null: if metric.guardrail { margin } else { 0.0 } }
    }

    fn within(&self, metric: &Metric, k: usize, effect: &Effect, pair: Pair<'_>) -> Within {
        let designed = self.designs.read(&Self::asked(metric, k, metric.margin, true), effect, pair);
        let shown = match designed.call {
            // A fixed design's answer is its p-value; too early is too early.
            Call::Undecided | Call::Continue => self.is_fixed() && designed.p_value <= self.input.alpha,
            Call::Better => true,
            _ => false,
        };
        Within { margin: metric.margin, p_value: designed.p_value, shown }
    }

    fn is_fixed(&self) -> bool {
        matches!(self.input.design, Design::Fixed { .. })
    }

    fn effect(&self, metric: &Metric, effect: &Effect, designed: Designed) -> EffectRead {
        let belief = self.belief(effect);
        let (chance_to_win, expected_loss) = if metric.lower_is_better {
            (belief.below(0.0), belief.gain())
        } else {
            (belief.above(0.0), belief.loss())
        };
        EffectRead {
            estimate: effect.estimate,
            standard_error: effect.se,
            df: effect.df,
            interval: ends(self.belief_or(effect, designed.interval)),
            p_value: designed.p_value,
            adjusted_p_value: designed.p_value,
            chance_to_win,
            expected_loss,
            look: designed.look,
            at_end: designed.at_end,
            state: designed.state,
        }
    }

    /// The posterior's interval where that is what is shown, else the design's.
    fn belief_or(&self, effect: &Effect, interval: [f64; 2]) -> [f64; 2] {
        if !matches!(self.input.design, Design::Bayes {}) {
            return interval;
        }
        let found = self.belief(effect).interval(self.input.alpha);
        [found.lower, found.upper]
    }

    fn belief(&self, effect: &Effect) -> Belief {
        let flat = bayes::Prior { belief: Belief::flat(), scale: effect.scale };
        // A relative prior says nothing where the control is zero.
        let prior = self.prior.filter(|p| p.on(effect).sd > 0.0 && p.on(effect).sd.is_finite());
        prior.unwrap_or(flat).after(effect)
    }

    /// Fixed designs: by adjusted p-values, once the planned units are there.
    pub(super) fn call(&self, metrics: &mut [MetricRead]) {
        let Design::Fixed { planned_units } = self.input.design else { return };
        let share = |k: usize| self.input.arms[k].weight / self.designs.all_weights;
        for metric in metrics {
            // Units exposed where they are said, else those of the metric.
            let units = |k: usize, own: u64| self.input.arms[k].units.unwrap_or(own) as f64;
            for (k, arm) in metric.arms.iter_mut().enumerate() {
                let (Some(effect), true) = (&arm.effect, arm.verdict != Call::TooEarly) else { continue };
                // Unequal arms: by the one that is further behind.
                let there = (units(k + 1, arm.units) / share(k + 1)).min(units(0, metric.control_units) / share(0));
                let rises = effect.estimate > 0.0;
                arm.verdict = match planned_units {
                    // A little short is chance in the split.
                    Some(planned) if there < 0.98 * planned => Call::Continue,
                    _ if !(effect.adjusted_p_value <= self.input.alpha) => Call::Undecided,
                    _ if rises == metric.lower_is_better => Call::Worse,
                    _ => Call::Better,
                };
            }
        }
    }
}
