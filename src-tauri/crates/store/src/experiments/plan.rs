//! Experiments compiled to what has to be done with each event.

use epoch_model::business::{LeverValue, Measure, Metric, MetricKind, duration_ms};
use epoch_model::error::{Code, Error, Result};
use epoch_model::event::ERASED;
use epoch_model::expr::{Expr, Value};
use epoch_model::serving::Arm;
use epoch_model::time::{DAY, Millis, Zone};

use super::event::{EventPlan, ExposureUse, MeasureUse};
use super::metric::{MetricPlan, Part, Side};
use super::sums::Shape;
use super::tracked::{Tracked, fits};
use super::unit::{History, Totals};
use crate::aggregate::{Map, fixed, words};

/// Exposures before the start are counted from here before it.
const BEFORE: Millis = 7 * DAY;
/// Other experiments that an experiment is crossed with, to each side in the order of primary metrics and keys.
const NEIGHBOURS: usize = 5;
/// The SDK and its version, which an exposure names.
const LIB: [&str; 2] = ["$lib", "$lib_version"];

/// How events become looks; made anew when the set of experiments changes.
#[derive(Debug)]
pub struct Plan {
    pub tracked: Vec<Tracked>,
    pub zone: Zone,
    pub experiments: Vec<ExperimentPlan>,
    pub events: Map<Box<str>, EventPlan>,
    /// Kinds of unit: persons (`None`), and types of groups.
    pub spaces: Vec<Option<String>>,
    pub measures: Vec<MeasurePlan>,
    /// Events before this instant, and from `horizon` on, change nothing.
    pub since: Millis,
    pub horizon: Millis,
}

/// Something that is remembered of each unit.
#[derive(Debug)]
pub struct MeasurePlan {
    pub space: usize,
    event: String,
    filter: Option<String>,
    value: Option<String>,
    /// Nobody needs it before.
    pub since: Millis,
    /// A quantile reads it.
    pub quantile: bool,
}

/// How it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As the experiment that it is.
    Experiment,
    /// As if all units were in one arm, whatever the exposures say; outcomes for at most this long after the first exposure,
    /// and events before the given instant only.
    Pilot { window: Option<Millis>, to: Millis },
}

/// An experiment compiled to what has to be counted.
#[derive(Debug)]
pub struct ExperimentPlan {
    pub key: String,
    arms: Vec<ArmPlan>,
    pub metrics: Vec<MetricPlan>,
    pub from: Millis,
    pub until: Millis,
    /// Time before the first exposure that the covariate covers.
    pub covariate: Millis,
    pub segments: Vec<String>,
    pub space: usize,
    /// Experiments it is crossed with, in order.
    pub partners: Vec<usize>,
    /// Metrics fed by a measure, and whether it is their denominator.
    pub listens: Map<u32, Vec<(u16, bool)>>,
    one_arm: bool,
}

#[derive(Debug)]
struct ArmPlan {
    key: String,
    value: String,
    number: Option<f64>,
}

impl ArmPlan {
    fn new(arm: &Arm) -> Self {
        let (value, number) = match &arm.value {
            LeverValue::Bool(b) => (b.to_string(), None),
            LeverValue::Number(n) => (n.to_string(), Some(*n)),
            LeverValue::Text(t) => (t.clone(), None),
        };
        Self { key: arm.key.clone(), value, number }
    }
}

impl ExperimentPlan {
    /// The arm an exposure names: by key, else by value as text, else by value as a number.
    pub fn arm(&self, named: &Value<'_>) -> Option<u16> {
        if self.one_arm {
            return Some(0);
        }
        if *named == Value::Null {
            return None;
        }
        let text = words(named);
        let at = self.arms.iter().position(|arm| arm.key == text);
        let at = at.or_else(|| self.arms.iter().position(|arm| arm.value == text));
        let alike = |arm: &ArmPlan| arm.number.is_some() && arm.number == named.as_number();
        at.or_else(|| self.arms.iter().position(alike)).and_then(|at| u16::try_from(at).ok())
    }

    pub fn arms(&self) -> usize {
        if self.one_arm { 1 } else { self.arms.len() }
    }

    /// Whether one of these metrics counts events, with or without a value.
    pub fn counts(&self, listens: &[(u16, bool)]) -> bool {
        listens.iter().any(|(metric, den)| self.metrics[usize::from(*metric)].part(*den).counts)
    }

    /// Since when exposures are counted that come before the start.
    pub fn warned_from(&self) -> Millis {
        self.from.saturating_sub(BEFORE)
    }

    /// Totals of a unit that was first exposed at `first`, from what is remembered of it; metrics with nothing are left out.
    pub fn totals<'h>(&self, first: Millis, history: impl Fn(u32) -> Option<&'h History>) -> Vec<(u16, Totals)> {
        let mut all = Vec::new();
        for (number, metric) in (0_u16..).zip(&self.metrics) {
            if metric.quantile.is_some() {
                continue;
            }
            let sum = |part: &Part, side: Side| {
                let Some((from, to)) = metric.span(part, first, side, self.covariate) else { return 0 };
                let points = history(part.measure).map(|h| h.within(from, to)).unwrap_or_default();
                points.iter().filter_map(|p| part.amount(p.value)).fold(0_i128, i128::wrapping_add)
            };
            let den = |side| metric.den.as_ref().map_or(0, |part| sum(part, side));
            let totals = Totals {
                outcome: sum(&metric.outcome, Side::After),
                den: den(Side::After),
                pre: sum(&metric.outcome, Side::Before),
                pre_den: den(Side::Before),
            };
            if totals != Totals::default() {
                all.push((number, totals));
            }
        }
        all
    }
}

fn window(text: &str) -> Result<Millis> {
    duration_ms(text).ok_or_else(|| {
        Error::new(Code::ConfigInvalid, format!("“{text}” is no duration"), "write it like 7d, 12h, 30m or 2w")
    })
}

impl Plan {
    /// No experiments.
    pub fn none(zone: Zone) -> Self {
        Self {
            tracked: Vec::new(),
            zone,
            experiments: Vec::new(),
            events: Map::default(),
            spaces: vec![None],
            measures: Vec::new(),
            since: Millis::MAX,
            horizon: Millis::MAX,
        }
    }

    /// Compiles a set of experiments. [`Code::InvalidArgument`] for a metric that cannot be counted per unit, an experiment that is
    /// there twice, has no arm or no metric; [`Code::ExpressionInvalid`] for a filter that cannot be read.
    pub fn compile(tracked: Vec<Tracked>, zone: Zone, mode: Mode) -> Result<Self> {
        let horizon = match mode {
            Mode::Experiment => Millis::MAX,
            Mode::Pilot { to, .. } => to,
        };
        let mut plan = Self { horizon, ..Self::none(zone) };
        for one in &tracked {
            plan.add(one, mode)?;
        }
        plan.cross(&tracked);
        plan.tracked = tracked;
        // What was erased counts nowhere, whatever it is called now.
        plan.events.remove(ERASED);
        #[expect(clippy::iter_over_hash_type, reason = "each is finished by itself")]
        for event in plan.events.values_mut() {
            for (slot, name) in event.slots.iter().enumerate() {
                event.wanted.add(name, slot);
            }
        }
        Ok(plan)
    }

    /// The number of an experiment.
    pub fn find(&self, key: &str) -> Result<usize> {
        self.experiments.iter().position(|e| e.key == key).ok_or_else(|| {
            Error::new(Code::NotFound, format!("the experiment “{key}” is not counted"), "start it first")
        })
    }

    fn add(&mut self, tracked: &Tracked, mode: Mode) -> Result<()> {
        let spec = &tracked.spec;
        let refuse = |what: &str| Err(Error::new(Code::InvalidArgument, format!("{} {what}", spec.key), "correct it"));
        if self.experiments.iter().any(|e| e.key == spec.key) {
            return refuse("is there twice");
        }
        if spec.arms.is_empty() || tracked.metrics.is_empty() {
            return refuse("has no arm or no metric");
        }
        if spec.arms.len() > 64 || tracked.metrics.len() > 1000 {
            return refuse("has more than 64 arms or 1,000 metrics");
        }
        let space = self.spaces.iter().position(|s| *s == spec.group).unwrap_or_else(|| {
            self.spaces.push(spec.group.clone());
            self.spaces.len() - 1
        });
        let covariate = DAY.saturating_mul(Millis::from(tracked.covariate_days));
        let mut out = ExperimentPlan {
            key: spec.key.clone(),
            arms: spec.arms.iter().map(ArmPlan::new).collect(),
            metrics: Vec::new(),
            from: tracked.from,
            until: tracked.until.unwrap_or(Millis::MAX),
            covariate,
            segments: tracked.segments.clone(),
            space,
            partners: Vec::new(),
            listens: Map::default(),
            one_arm: mode != Mode::Experiment,
        };
        let since = tracked.from.saturating_sub(covariate);
        for (number, metric) in (0_u16..).zip(&tracked.metrics) {
            fits(spec, metric)?;
            let cap = spec.cap.filter(|_| number == 0).and_then(fixed);
            let planned = self.metric(metric, space, since, cap, covariate > 0, mode)?;
            for (den, part) in [(false, Some(planned.outcome)), (true, planned.den)] {
                if let Some(part) = part {
                    out.listens.entry(part.measure).or_default().push((number, den));
                }
            }
            out.metrics.push(planned);
        }
        self.since = self.since.min(since).min(out.warned_from());
        self.expose(tracked, space)?;
        self.experiments.push(out);
        Ok(())
    }

    fn expose(&mut self, tracked: &Tracked, space: usize) -> Result<()> {
        let exposure = &tracked.spec.exposure;
        let event = self.events.entry(exposure.event.as_str().into()).or_default();
        event.group(space, self.spaces[space].as_ref());
        let filter = match &exposure.filter {
            Some(text) => Some(Expr::parse(text)?.bind(&mut event.slots)),
            None => None,
        };
        let segments = tracked.segments.iter().map(|s| event.slot(s)).collect();
        let (arm, lib) = (event.slot(&exposure.arm), LIB.map(|name| event.slot(name)));
        let used = ExposureUse { experiment: self.experiments.len(), filter, arm, segments, lib };
        event.add(used, exposure.filter.as_deref());
        Ok(())
    }

    fn metric(
        &mut self,
        metric: &Metric,
        space: usize,
        since: Millis,
        cap: Option<i128>,
        before: bool,
        mode: Mode,
    ) -> Result<MetricPlan> {
        let limit = match mode {
            Mode::Experiment => None,
            Mode::Pilot { window, .. } => window,
        };
        let mut part = |measure: &Measure, sums: bool, any: bool, cap: Option<i128>| -> Result<Part> {
            let own = measure.within.as_deref().map(window).transpose()?;
            let value = if sums { Some(measure.value.clone().unwrap_or_else(|| "null".into())) } else { None };
            let number = self.measure(space, measure, value, since)?;
            Ok(Part { measure: number, counts: !sums, any, cap, window: own.into_iter().chain(limit).min() })
        };
        let side = |measure: &Measure| (measure.value.is_some(), measure.value.is_none() && measure.of.is_some());
        let (mut den, mut returns, mut quantile) = (None, None, None);
        let outcome = match &metric.kind {
            MetricKind::Count { measure } => part(measure, false, false, cap)?,
            MetricKind::Sum { measure } => part(measure, true, false, cap)?,
            MetricKind::MeanPerUnit { measure } => part(measure, measure.value.is_some(), false, cap)?,
            MetricKind::Unique { measure } => part(measure, false, true, None)?,
            MetricKind::Proportion { numerator, .. } => part(numerator, false, true, None)?,
            MetricKind::Ratio { numerator, denominator } => {
                let (sums, any) = side(denominator);
                den = Some(part(denominator, sums, any, None)?);
                let (sums, any) = side(numerator);
                part(numerator, sums, any, cap.filter(|_| !any))?
            }
            MetricKind::Retention { comeback, after, within, .. } => {
                returns = Some((window(after)?, window(within)?));
                part(comeback, false, true, None)?
            }
            MetricKind::Quantile { measure, q } => {
                quantile = Some(q.clamp(0.0, 1.0));
                let part = part(measure, true, false, None)?;
                self.measures[part.measure as usize].quantile = true;
                part
            }
            MetricKind::Formula { .. } => {
                let message = format!("{} is a formula over other metrics", metric.key);
                return Err(Error::new(Code::InvalidArgument, message, "choose another metric for the experiment"));
            }
        };
        let shape = Shape { ratio: den.is_some(), before: before && quantile.is_none() };
        Ok(MetricPlan { key: metric.key.clone(), shape, outcome, den, returns, quantile })
    }

    /// The number of a measure, new if need be. Where the same events are counted and a value of them is summed, they are
    /// remembered once.
    fn measure(&mut self, space: usize, measure: &Measure, value: Option<String>, since: Millis) -> Result<u32> {
        let alike = |m: &MeasurePlan| m.space == space && m.event == measure.event && m.filter == measure.filter;
        let counted = value.is_none();
        let same = self.measures.iter().position(|m| alike(m) && (value.is_none() || m.value == value));
        let at = if let Some(at) = same {
            at
        } else if let Some(at) = self.measures.iter().position(|m| alike(m) && m.value.is_none()) {
            let event = self.events.entry(measure.event.as_str().into()).or_default();
            let text = value.as_deref().unwrap_or("null");
            let bound = Expr::parse(text)?.bind(&mut event.slots);
            for used in event.measures.iter_mut().filter(|used| used.measure as usize == at) {
                used.value = Some(bound.clone());
            }
            self.measures[at].value.clone_from(&value);
            at
        } else {
            let number = u32::try_from(self.measures.len()).unwrap_or(u32::MAX);
            let event = self.events.entry(measure.event.as_str().into()).or_default();
            event.group(space, self.spaces[space].as_ref());
            let mut bind = |text: &Option<String>| match text {
                Some(text) => Expr::parse(text).map(|e| Some(e.bind(&mut event.slots))),
                None => Ok(None),
            };
            let (filter, bound) = (bind(&measure.filter)?, bind(&value)?);
            let used = MeasureUse { measure: number, filter, value: bound, counted: false };
            event.measures.push(used);
            let (event, filter) = (measure.event.clone(), measure.filter.clone());
            self.measures.push(MeasurePlan { space, event, filter, value, since, quantile: false });
            self.measures.len() - 1
        };
        let known = &mut self.measures[at];
        known.since = known.since.min(since);
        if counted {
            let event = self.events.entry(measure.event.as_str().into()).or_default();
            for used in event.measures.iter_mut().filter(|used| used.measure as usize == at) {
                used.counted = true;
            }
        }
        Ok(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// Each experiment is crossed with its neighbours on a ring, ordered by primary metric, then key: both ways, and with all
    /// where there are few.
    fn cross(&mut self, tracked: &[Tracked]) {
        for space in 0..self.spaces.len() {
            let mut ring: Vec<usize> =
                (0..self.experiments.len()).filter(|e| self.experiments[*e].space == space).collect();
            ring.sort_by_key(|e| (&tracked[*e].spec.metric, &tracked[*e].spec.key));
            for (place, one) in ring.iter().enumerate() {
                for step in 1..=NEIGHBOURS.min(ring.len().saturating_sub(1)) {
                    let other = ring[(place + step) % ring.len()];
                    for (a, b) in [(*one, other), (other, *one)] {
                        if a != b && !self.experiments[a].partners.contains(&b) {
                            self.experiments[a].partners.push(b);
                        }
                    }
                }
            }
        }
        for experiment in &mut self.experiments {
            experiment.partners.sort_unstable();
        }
    }
}
