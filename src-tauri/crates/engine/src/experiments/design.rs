//! The designer: unit, metric, smallest effect, looks and duration from what is known before, or why it cannot be answered.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what the type holds just before"
)]

use epoch_model::business::{Better, Metric};
use epoch_model::experiment::{Days, Design, Method, Pilot, Purpose, Refusal, Spec};
use epoch_model::time::DAY;
use epoch_stats::bayes::Belief;
use epoch_stats::plan::{self, Effect, Question, Rule};
use epoch_stats::sequential::group::{GroupDesign, Spending};
use epoch_stats::sequential::{Side, size_of};

use super::sums::{self, Spread};
use super::traffic::Traffic;
use super::value::{self, MONTH_DAYS, USE_DAYS};
use crate::config::Config;
use crate::text;

/// Weekdays differ, so nothing that serves customers is answered in less than a week.
pub(crate) const DAYS_MIN: f64 = 7.0;
/// Planned looks: more cost computing, not power (O'Brien-Fleming-like spending).
const LOOKS_MAX: u32 = 14;
/// Larger effects than this are not worth waiting for: whoever has them sees them.
const MDE_MAX: f64 = 0.5;
/// Nor is an effect so many times as large as the largest that is likely.
const BEYOND: f64 = 4.0;
/// A covariate that takes away less is left out.
const EXPLAINED_MIN: f64 = 0.02;
/// With fewer expected events the exact distribution is what decides.
const EVENTS_EXACT: f64 = 150.0;
/// Share of a month's stake that a month of traffic costs the questions that wait behind.
const QUEUE_DAYS: f64 = 7.0;

/// What the designer is told besides the question.
pub(crate) struct Terms {
    /// One-sided level of an autonomous call, from the stream; `None` for what makes no such call.
    pub level: Option<f64>,
    /// Relative improvement that is expected.
    pub belief: Belief,
    pub now: epoch_model::time::Millis,
}

/// What the tests of one arm are tuned to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizing {
    /// One-sided error per arm of the test that calls.
    pub alpha: f64,
    /// Expectation of the statistic at the planned size under the MDE.
    pub drift: f64,
    /// Effective size per arm and control.
    pub size: f64,
}

/// Why a metric cannot decide an experiment.
pub(crate) fn unfit(metric: &Metric) -> Option<String> {
    match (&metric.kind, metric.better) {
        (kind, _) if !kind.is_per_unit() => Some(format!("{} cannot be summed per unit", metric.title)),
        (_, Better::Neither) => Some(format!("{} has no direction that is better", metric.title)),
        _ => None,
    }
}

/// The rule of every planned test: alpha and futility spent over about so many looks.
const RULE: Rule = Rule::Group { looks: LOOKS_MAX, spending: Spending::ObrienFleming, futility: true };

/// The shape of the sequential test of one arm.
pub(crate) fn group(alpha: f64, power: f64, drift: f64, size_max: f64) -> GroupDesign {
    RULE.design(alpha, Side::Greater, power, drift, size_max)
}

/// Effective size that one unit over all arms adds to the smallest comparison.
pub(crate) fn density(weights: &[f64]) -> f64 {
    let control = weights.first().copied().unwrap_or(0.0);
    let worst = weights.iter().skip(1).map(|w| size_of([control, *w])).fold(f64::INFINITY, f64::min);
    if worst.is_finite() { worst } else { 0.0 }
}

/// One-sided error per arm of the experiment's own question.
fn own_alpha(config: &Config, arms: usize) -> f64 {
    0.5 * config.business.experimenting.alpha / arms.max(1) as f64
}

/// Units and smallest relative effect hang together, for the smallest of the comparisons with the control.
struct Curve {
    question: Question,
    /// Share of all units that this comparison has.
    pair: f64,
    /// +1 where higher is better.
    sign: f64,
}

impl Curve {
    fn of(metric: plan::Metric, weights: &[f64], sign: f64) -> Self {
        let control = weights.first().copied().unwrap_or(0.5);
        let least = weights.iter().skip(1).copied().fold(f64::INFINITY, f64::min);
        let pair = control + least;
        let side = if sign < 0.0 { Side::Less } else { Side::Greater };
        let question = Question {
            metric,
            effect: Effect::Relative(sign * 0.01),
            side,
            alpha: 0.05,
            power: 0.8,
            arms: 2,
            metrics: 1,
            control_share: control / pair,
        };
        Self { question, pair, sign }
    }

    /// Units over all arms at which an improvement has this drift; infinite where it is impossible.
    fn units(&self, drift: f64, mde: f64) -> f64 {
        let units =
            Question { effect: Effect::Relative(self.sign * mde), ..self.question }.units_for(drift) / self.pair;
        if units.is_nan() { f64::INFINITY } else { units }
    }

    /// The smallest improvement that so many units find.
    fn mde(&self, drift: f64, units: f64) -> f64 {
        self.question.smallest(drift, units * self.pair).map_or(f64::INFINITY, |e| e.size().abs())
    }

    /// Standard error of the relative effect.
    fn se(&self, units: f64) -> f64 {
        plan::variance(&self.question.metric, Effect::Relative(0.0), self.question.split(units * self.pair)).sqrt()
    }
}

/// A design for the question, or why there is none.
pub(crate) fn design(config: &Config, spec: &Spec, pilot: &Pilot, terms: &Terms) -> Result<Design, Refusal> {
    let no = |code: &str, reason: String| refuse(terms, code, reason, None, None);
    let Some(metric) = config.metric(&spec.metric) else {
        return no("metric_unfit", format!("there is no metric “{}”", spec.metric));
    };
    if let Some(reason) = unfit(metric) {
        return no("metric_unfit", reason);
    }
    if spec.purpose == Purpose::Bandit {
        return no(
            "purpose_unfit",
            "traffic that follows the best arm needs weights that change while it runs, which is not served yet; ask it as a plain comparison".to_owned(),
        );
    }
    let settings = &config.business.experimenting;
    let arms = spec.arms.len().saturating_sub(1);
    let weights: Vec<f64> = spec.arms.iter().map(|a| a.weight).collect();
    let density = density(&weights);
    let traffic = Traffic::of(&pilot.new_units);
    let moments = sums::moments(metric, &pilot.moments, true);
    if spec.lever.is_none() && (!(traffic.per_day > 0.0) || sums::spread(&moments).is_none()) {
        return Ok(only_read(config, spec));
    }
    if !(traffic.per_day > 0.0) {
        return no(
            "no_exposures",
            format!(
                "no unit reported that it met it ({} with {}); without exposures nobody knows who saw what",
                spec.exposure.event, spec.exposure.arm
            ),
        );
    }
    let Some(spread) = sums::spread(&moments).filter(|s| s.variance > 0.0 && s.value != 0.0) else {
        return no(
            "no_variance",
            format!(
                "{} is the same for all {} units that were seen, so a difference could not be told from chance",
                metric.title, pilot.moments.units
            ),
        );
    };
    let enrolled = traffic.times(spec.share.clamp(0.0, 1.0));
    if !(enrolled.per_day * density > 0.0) {
        return no("no_traffic", "an arm gets no units at all".to_owned());
    }
    let binary = sums::binary(metric) && pilot.moments.den.is_none();
    let useful = spread.explained >= EXPLAINED_MIN && pilot.covariate_days > 0;
    let spread = Spread { explained: if useful { spread.explained } else { 0.0 }, ..spread };
    let unit =
        plan::Metric { mean: spread.value, variance: spread.variance, explained: spread.explained, proportion: binary };
    let curve = Curve::of(unit, &weights, sums::sign(metric));
    let days_max = f64::from(settings.days_max).max(DAYS_MIN);
    let per_day = enrolled.per_day;
    let monthly = value::monthly(config, metric, traffic.per_day, pilot.moments.den.map(|d| d.mean));
    let own = own_alpha(config, arms);
    let called = terms.level.map_or(own, |l| (l / arms.max(1) as f64).min(own));
    let mut why = Vec::new();

    // The strict level first; where that cannot be answered in time, the question's own.
    let mut alpha = called;
    let mut slope = RULE.drift(alpha, Side::Greater, settings.power);
    let wanted = spec.mde.filter(|m| *m > 0.0);
    // What nobody expects by far is not worth the wait, whatever it would be worth if it were true.
    let most = (BEYOND * (terms.belief.mean.abs() + 1.28 * terms.belief.sd)).clamp(MDE_MAX / 5.0, MDE_MAX);
    let late = |slope: f64| match wanted {
        Some(mde) => curve.units(slope, mde) / per_day > days_max,
        None => curve.mde(slope, per_day * days_max) > most,
    };
    if late(slope) && called < own {
        alpha = own;
        slope = RULE.drift(own, Side::Greater, settings.power);
    }
    // A check of the engine itself asks how often it calls what is not there; any traffic answers that.
    if late(slope) && spec.lever.is_some() && spec.purpose != Purpose::SelfAudit {
        let reachable = curve.mde(slope, per_day * days_max);
        let wanted_days = wanted.map(|mde| curve.units(slope, mde) / per_day);
        return Err(too_long(config, metric, spec, terms, enrolled.per_day, reachable, wanted_days));
    }
    let (mde, days) = match wanted {
        // Somebody else's test may be too small for it: as long as it may take, it is read.
        Some(mde) => (mde, (curve.units(slope, mde) / per_day).min(days_max)),
        // Somebody else sorts its units and ends it: it is read for as long as it may take.
        None if spec.lever.is_none() => {
            let from = spec.from.unwrap_or(pilot.from);
            let lasts = spec.until.map_or(days_max, |until| until.saturating_sub(from) as f64 / DAY as f64);
            let days = lasts.clamp(1.0, days_max);
            (curve.mde(slope, per_day * days), days)
        }
        None => best(&curve, terms.belief, slope, per_day, days_max),
    };
    // A week at least: what traffic is left over makes the effect that is found smaller.
    let (mde, days) = if days < DAYS_MIN && spec.lever.is_some() {
        (curve.mde(slope, per_day * DAYS_MIN).min(mde), DAYS_MIN)
    } else {
        (mde, days.max(1.0))
    };
    let units = (days * enrolled.per_day).ceil().max(1.0);
    let expected = enrolled.days_for(units);
    let events = binary.then(|| units * spread.value.min(1.0 - spread.value));
    let method = if events.is_some_and(|e| e < EVENTS_EXACT) { Method::Exact } else { Method::GroupSequential };
    let looks = looks(days);
    let stake = monthly.map(|m| crate::decisions::predict::to_minor(m.abs() * mde * spread.value.abs()));

    why.push(format!(
        "{} a day meet it and {} are in it; {} answer it for changes of {} and more",
        text::number(traffic.per_day, 0),
        text::number(enrolled.per_day, 0),
        text::number(units, 0),
        text::change(mde).trim_start_matches('+'),
    ));
    why.push(match method {
        Method::Exact => "few events are expected, so the exact distribution of counts decides at each look".to_owned(),
        _ => "looks spend the error as it goes (O'Brien-Fleming-like), so stopping early costs next to no power"
            .to_owned(),
    });
    if let Some(level) = terms.level {
        why.push(if alpha < own || called >= own {
            format!(
                "it is called without asking at a level of {} %, which keeps false calls below {} % of all calls",
                text::number(level * 100.0, 2),
                text::number(settings.false_discoveries * 100.0, 1)
            )
        } else {
            format!(
                "at your traffic it is sized for its own error of {} %; only below {} % it is called without asking, above that you are asked",
                text::number(settings.alpha * 100.0, 1),
                text::number(level * 100.0, 2)
            )
        });
    }
    if useful {
        why.push(format!(
            "what units did in the {} days before takes {} % of the noise away",
            pilot.covariate_days,
            text::number(spread.explained * 100.0, 0)
        ));
    }
    if !binary && weights.iter().any(|w| (w - weights[0]).abs() > 0.05) {
        why.push(
            "the arms are of unequal size: where a few units make most of the number, an even split of a smaller share is safer"
                .to_owned(),
        );
    }
    match (wanted, stake) {
        (Some(_), _) => {}
        (None, Some(stake)) => why.push(format!(
            "this smallest effect is worth {} a month; a longer test would learn less per week than the next question",
            text::money(&config.business, stake)
        )),
        (None, None) => why.push(
            "nothing is known of its worth in money, so the effect follows from what changes here usually do"
                .to_owned(),
        ),
    }
    Ok(Design {
        method,
        alpha: 2.0 * alpha * arms.max(1) as f64,
        power: settings.power,
        mde,
        baseline: spread.value,
        variance: spread.variance * (1.0 - spread.explained),
        variance_reduction: spread.explained,
        covariate_days: if useful { pilot.covariate_days } else { 0 },
        units: to_units(units),
        units_per_day: enrolled.per_day,
        days: expected,
        looks,
        look_every: look_every(days, looks),
        days_max: to_days(days_max.max(expected.p90.min(2.0 * days_max))),
        stake_minor_per_month: stake,
        why,
    })
}

/// The tests of an arm under a design.
pub(crate) fn sizing(design: &Design, spec: &Spec, level: Option<f64>, own: f64) -> Sizing {
    let arms = spec.arms.len().saturating_sub(1).max(1) as f64;
    let weights: Vec<f64> = spec.arms.iter().map(|a| a.weight).collect();
    let alpha = level.map_or(0.5 * own, |l| l.min(0.5 * own)) / arms;
    let size = (design.units as f64 * density(&weights)).max(1.0);
    // What the planned units find under the level that was handed out.
    let se = (design.variance.max(1e-300) / size).sqrt();
    let drift = (design.mde * design.baseline.abs() / se).clamp(0.5, 12.0);
    Sizing { alpha, drift, size }
}

/// Duration and smallest effect with the most value per day, counting the questions that wait.
fn best(curve: &Curve, belief: Belief, slope: f64, per_day: f64, days_max: f64) -> (f64, f64) {
    let mut found = (f64::NEG_INFINITY, DAYS_MIN);
    let mut days = DAYS_MIN;
    while days <= days_max + 0.5 {
        let units = per_day * days;
        let used = (USE_DAYS - days).max(0.0) / MONTH_DAYS;
        let rate = belief.sample_information(curve.se(units)) * used / (days + QUEUE_DAYS);
        // What is larger than the largest worth asking for is not found in this time.
        if curve.mde(slope, units) <= MDE_MAX && rate > found.0 {
            found = (rate, days);
        }
        days += DAYS_MIN;
    }
    if found.0 == f64::NEG_INFINITY {
        found.1 = days_max;
    }
    (curve.mde(slope, per_day * found.1), found.1)
}

fn too_long(
    config: &Config,
    metric: &Metric,
    spec: &Spec,
    terms: &Terms,
    per_day: f64,
    reachable: f64,
    wanted_days: Option<f64>,
) -> Refusal {
    let most = config.business.experimenting.days_max;
    let reason = match (wanted_days, spec.mde) {
        (Some(days), Some(mde)) => format!(
            "finding a change of {} in {} takes {} days at {} units a day, and {most} is the most",
            text::change(mde).trim_start_matches('+'),
            metric.title,
            text::number(days, 0),
            text::number(per_day, per_day_digits(per_day)),
        ),
        _ => format!(
            "in {most} days only a change of {} in {} could be found at {} units a day: your traffic cannot answer it",
            text::change(reachable).trim_start_matches('+'),
            metric.title,
            text::number(per_day, per_day_digits(per_day)),
        ),
    };
    let cheaper = if reachable <= MDE_MAX {
        let rounded = (reachable * 1000.0).ceil() / 1000.0;
        return refuse_with(
            terms,
            reason,
            format!(
                "ask for changes of {} and more: {most} days answer that",
                text::change(rounded).trim_start_matches('+')
            ),
            Some(rounded),
        );
    } else if spec.share < 1.0 {
        "let everyone take part: more units a day find smaller changes".to_owned()
    } else if spec.arms.len() > 2 {
        "compare two arms instead of several: each gets more units".to_owned()
    } else {
        "ask it of a number that more units reach, such as an earlier step of the funnel, or try a bolder change"
            .to_owned()
    };
    refuse_with(terms, reason, cheaper, None)
}

fn per_day_digits(per_day: f64) -> usize {
    usize::from(per_day < 10.0)
}

fn refuse_with(terms: &Terms, reason: String, cheaper: String, mde: Option<f64>) -> Refusal {
    Refusal { at: terms.now, code: "too_long".to_owned(), reason, cheaper: Some(cheaper), cheaper_mde: mde }
}

fn refuse(
    terms: &Terms,
    code: &str,
    reason: String,
    cheaper: Option<String>,
    cheaper_mde: Option<f64>,
) -> Result<Design, Refusal> {
    Err(Refusal { at: terms.now, code: code.to_owned(), reason, cheaper, cheaper_mde })
}

/// Somebody else sorts units and nothing is known of how many come: read at any time, planned by nobody.
fn only_read(config: &Config, spec: &Spec) -> Design {
    let settings = &config.business.experimenting;
    Design {
        method: Method::ConfidenceSequence,
        alpha: settings.alpha,
        power: settings.power,
        mde: spec.mde.unwrap_or(0.05),
        baseline: 0.0,
        variance: 0.0,
        variance_reduction: 0.0,
        covariate_days: 0,
        units: 0,
        units_per_day: 0.0,
        days: Days { p10: 0.0, p50: f64::from(settings.days_max), p90: f64::from(settings.days_max) },
        looks: 1,
        look_every: DAY,
        days_max: settings.days_max,
        stake_minor_per_month: None,
        why: vec![
            "units are sorted elsewhere and nothing is known of how many come, so its intervals hold at any time"
                .to_owned(),
        ],
    }
}

fn looks(days: f64) -> u32 {
    let by_day = days.clamp(1.0, f64::from(LOOKS_MAX)) as u32;
    by_day.clamp(1, LOOKS_MAX)
}

fn look_every(days: f64, looks: u32) -> i64 {
    let every = (days / f64::from(looks.max(1))).ceil().clamp(1.0, 30.0) as i64;
    every * DAY
}

fn to_units(units: f64) -> u64 {
    units.clamp(0.0, 1e15) as u64
}

fn to_days(days: f64) -> u32 {
    days.ceil().clamp(1.0, 3650.0) as u32
}
