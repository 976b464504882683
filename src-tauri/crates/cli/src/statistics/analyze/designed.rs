//! What a design says of an effect: p-value, interval, limits, and its call.

use epoch_stats::bayes;
use epoch_stats::compare::{self, Effect, Interval};
use epoch_stats::moments::{Moments, Outcome};
use epoch_stats::normal;
use epoch_stats::plan::Rule;
use epoch_stats::sequential::{
    self, AsymptoticDesign, Floor, GroupDesign, Monitor, MsprtDesign, Reading, Side, group, statistic,
};

use super::super::ends;
use super::compared::{Pair, on, parts};
use super::input::{Design, Earlier, Input, Metric, Spending};
use super::output::{AtEnd, Call, Look};

/// The experiment's design with what follows from the input as a whole.
pub(super) struct Designs<'a> {
    input: &'a Input,
    /// Alpha of one goal and arm, where alpha is parted beforehand: designs with looks.
    alpha_each: f64,
    pub(super) all_weights: f64,
    futility: Option<group::Futility>,
    prior: Option<bayes::Prior>,
}

/// What is asked of one comparison.
pub(super) struct Asked<'a> {
    pub(super) metric: &'a Metric,
    /// Position of the arm.
    pub(super) k: usize,
    pub(super) side: Side,
    /// The effect that is tested, on the effect's scale.
    pub(super) null: f64,
}

/// The answer.
pub(super) struct Designed {
    pub(super) interval: [f64; 2],
    pub(super) p_value: f64,
    pub(super) look: Option<Look>,
    pub(super) at_end: Option<AtEnd>,
    pub(super) state: Option<Earlier>,
    pub(super) call: Call,
}

impl<'a> Designs<'a> {
    pub(super) fn new(input: &'a Input, prior: Option<bayes::Prior>) -> Self {
        let alpha_each = input.alpha / parts(input);
        let futility = match input.design {
            Design::GroupSequential { futility: Some(f), spending, .. } => {
                let spending = spent(spending);
                let rule = Rule::Group { looks: f.looks, spending, futility: true };
                let drift = rule.drift(alpha_each, Side::Two, f.power);
                Some(group::Futility { beta: 1.0 - f.power, spending, drift })
            }
            _ => None,
        };
        Self { input, alpha_each, all_weights: input.arms.iter().map(|a| a.weight).sum(), futility, prior }
    }

    pub(super) fn read(&self, asked: &Asked<'_>, effect: &Effect, pair: Pair<'_>) -> Designed {
        let mut look = look(effect, pair);
        // Shares have a statistic of their own: limits and interval are to agree on whether there is an effect.
        let own = look.estimate / look.z;
        if pair.shares() && !skewed(&look) && own > 0.5 * look.se && own < 2.0 * look.se {
            look.se = own;
        }
        // Seen from the effect that is tested; what is answered is moved back.
        let null = asked.null;
        look.estimate -= null;
        look.z -= null / look.se;
        let Some(mut monitor) = self.monitor(asked, effect) else {
            return self.one_look(asked, effect, pair, &look);
        };
        let last = matches!(self.input.design, Design::GroupSequential { last: true, .. });
        let said = if last { monitor.conclude(&look) } else { monitor.look(&look) };
        let call = called(&said, asked.metric.lower_is_better);
        let at_end = if matches!(call, Call::Better | Call::Worse | Call::Undecided | Call::Futile) {
            // The statistic is not the estimate over its error exactly; what comes back must start from the estimate.
            let se = look.estimate / look.z;
            let se = if se > 0.0 && se.is_finite() { se } else { look.se };
            monitor.after(&sequential::Look { se, ..look }).map(|end| AtEnd {
                estimate: end.estimate + null,
                interval: ends(end.interval.map(|x| x + null)),
                p_value: end.p_value,
            })
        } else {
            None
        };
        let times: Vec<f64> = monitor.times().collect();
        let valid_always = !matches!(self.input.design, Design::GroupSequential { .. });
        Designed {
            interval: said.interval.map(|x| x + null),
            p_value: said.p_value,
            look: Some(Look {
                z: look.z,
                limits: ends([said.boundary.lower, said.boundary.upper]),
                fraction: said.fraction,
                spent: said.spent,
                alpha: self.alpha(asked),
            }),
            at_end,
            state: Some(Earlier { looks: times, p_value: valid_always.then(|| monitor.p_value_min()) }),
            call,
        }
    }

    /// Guardrails have an alpha of their own.
    fn alpha(&self, asked: &Asked<'_>) -> f64 {
        if asked.metric.guardrail { self.input.alpha } else { self.alpha_each }
    }

    /// The comparison as earlier looks left it; none where the design has one look, or decides nothing.
    fn monitor(&self, asked: &Asked<'_>, effect: &Effect) -> Option<Monitor> {
        let (alpha, side) = (self.alpha(asked), asked.side);
        let planned = self.planned(asked.k);
        let earlier = asked.metric.earlier.get(&self.input.arms[asked.k].key);
        // Turned around (non-inferiority) it is another test, of which nothing is kept but the times.
        let harm = if asked.metric.lower_is_better { Side::Greater } else { Side::Less };
        let same = side == Side::Two || side == harm;
        let least = earlier.and_then(|e| e.p_value).filter(|_| same).unwrap_or(1.0);
        let mut times: &[f64] = &[];
        let design = match &self.input.design {
            Design::Fixed { .. } | Design::Bayes {} => return None,
            Design::GroupSequential { looks, spending, .. } => {
                times = earlier.map_or(looks, |e| &e.looks);
                sequential::Design::Group(GroupDesign {
                    alpha,
                    side,
                    spending: spent(*spending),
                    futility: self.futility.filter(|_| side == Side::Two),
                    size_max: sequential::size_of(planned),
                })
            }
            Design::ConfidenceSequence { .. } => {
                sequential::Design::Asymptotic(AsymptoticDesign { alpha, side, units_tuned: planned[0] + planned[1] })
            }
            Design::Msprt { tau } => {
                // Both are on the scale asked for; `effect` may be on the other.
                let asked_for = on(self.input.scale);
                let own =
                    tau.map(|tau| bayes::Prior { belief: bayes::Belief { mean: 0.0, sd: tau }, scale: asked_for });
                let tau = own.or(self.prior).map_or(f64::NAN, |prior| prior.on(effect).sd);
                sequential::Design::Msprt(MsprtDesign { alpha, side, tau })
            }
        };
        Some(Monitor::resumed(design, Floor::default(), times, least))
    }

    /// Decided later, when the p-values are adjusted; in a fixed design unless there is too little to be a look.
    fn one_look(&self, asked: &Asked<'_>, effect: &Effect, pair: Pair<'_>, look: &sequential::Look) -> Designed {
        let (alpha, side, null) = (self.input.alpha, asked.side, asked.null);
        let mut p_value = effect.p_value_of(side, null);
        let mut interval = effect.interval_of(side, alpha);
        let (control, arm, scale) = (pair.control, pair.arm, effect.scale);
        if pair.shares() && compare::few_events(control, arm) {
            let by_score = compare::score_p_value(control, arm, scale, side, null)
                .and_then(|p| Ok((p, compare::score_interval(control, arm, scale, side, alpha)?)));
            if let Ok(found) = by_score {
                (p_value, interval) = found;
            }
        } else if !pair.shares() && skewed(look) {
            p_value = match side {
                Side::Two => normal::two_sided(look.z),
                Side::Greater => normal::sf(look.z),
                Side::Less => normal::cdf(look.z),
            };
            let [lower, upper] = sequential::interval(look, group::critical(alpha, side), side).map(|x| x + null);
            interval = Interval { lower, upper };
        }
        let call = match self.input.design {
            Design::Bayes {} => Call::Display,
            _ if Floor::default().is_early(look) => Call::TooEarly,
            _ => Call::Undecided,
        };
        Designed { interval: [interval.lower, interval.upper], p_value, look: None, at_end: None, state: None, call }
    }

    /// Planned units of the control and of arm `k`.
    fn planned(&self, k: usize) -> [f64; 2] {
        let all = match self.input.design {
            Design::GroupSequential { planned_units, .. } | Design::ConfidenceSequence { planned_units } => {
                planned_units
            }
            _ => f64::NAN,
        };
        [0, k].map(|k| all * self.input.arms[k].weight / self.all_weights)
    }
}

impl Pair<'_> {
    /// Whether both are shares of units, compared as they are.
    fn shares(&self) -> bool {
        let plain = |m: &Moments| m.outcome == Outcome::Binary && m.den.is_none() && m.pre.is_none();
        plain(self.control) && plain(self.arm) && !self.stratified
    }
}

fn spent(spending: Spending) -> group::Spending {
    match spending {
        Spending::ObrienFleming => group::Spending::ObrienFleming,
        Spending::Pocock => group::Spending::Pocock,
    }
}

/// The effect as a look; by the statistic that is right for few events, and for skewed outcomes in a small arm.
fn look(effect: &Effect, pair: Pair<'_>) -> sequential::Look {
    let (control, arm) = (pair.control, pair.arm);
    let shares = pair.shares();
    let hits = |m: &Moments| m.mean * m.units as f64;
    let counted = |m: &Moments| m.outcome == Outcome::Binary && m.den.is_none() && m.quantile.is_none();
    let events = (counted(control) && counted(arm)).then(|| hits(control) + hits(arm));
    let mut look = sequential::Look::of(effect, events);
    if pair.stratified {
        return look;
    }
    let (z, skewness) = statistic::z_of_moments(control, arm, effect);
    look.skewness = skewness;
    if shares || skewed(&look) {
        look.z = z;
    }
    look
}

/// Whether Welch's test and interval would be wrong: for means of which the third moment is given.
fn skewed(look: &sequential::Look) -> bool {
    look.skewness.is_some_and(|skewness| skewness.abs() >= statistic::SYMMETRIC)
}

fn called(reading: &Reading, lower_is_better: bool) -> Call {
    match reading.verdict {
        sequential::Verdict::TooEarly => Call::TooEarly,
        sequential::Verdict::Continue => Call::Continue,
        sequential::Verdict::Up if lower_is_better => Call::Worse,
        sequential::Verdict::Down if !lower_is_better => Call::Worse,
        sequential::Verdict::Up | sequential::Verdict::Down => Call::Better,
        sequential::Verdict::Futile => Call::Futile,
        sequential::Verdict::Undecided => Call::Undecided,
    }
}
