//! A business's metrics compiled to what has to be done with each event.

use epoch_model::business::{Business, Measure, Metric, MetricKind, duration_ms};
use epoch_model::event::ERASED;
use epoch_model::expr::{Aggregate, Bound, Expr, Formula, Input, TimeUnit};
use epoch_model::time::{Grain, Millis, Zone};
use epoch_model::{Code, Error, Result};

use super::cell::PartKind;
use super::hash::Map;
use super::scan::Wanted;

/// Changes when records are written differently, so that old ones are rebuilt.
const VERSION: u32 = 2;

/// How events become aggregates. Cheap to share; made anew when `business.toml` changes.
#[derive(Debug)]
pub struct Plan {
    pub(super) zone: Zone,
    pub(super) metrics: Vec<MetricPlan>,
    pub(super) events: Map<Box<str>, EventPlan>,
    /// Properties whose distinct values are counted.
    pub(super) dictionaries: Vec<String>,
    /// Properties metrics are split by.
    pub(super) dimensions: Vec<String>,
    fingerprint: String,
}

#[derive(Debug)]
pub(super) struct MetricPlan {
    pub key: String,
    /// Widths kept, finest first; sets at all of them, the rest at the first.
    pub levels: Vec<Grain>,
    pub parts: Vec<PartKind>,
    /// Indices into [`Plan::dimensions`]. The first `shown` were asked for, the rest serve formulas.
    pub dims: Vec<usize>,
    pub shape: Shape,
    pub window: Window,
    /// Parts that are sets of persons: they follow when two become one.
    pub persons: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Shape {
    /// The first part.
    Single,
    /// The first over the second.
    Over,
    /// Followers over starters of the first.
    Share,
    Quantile(f64),
    Formula(Formula, Vec<FormulaInput>),
}

#[derive(Debug)]
pub(super) enum FormulaInput {
    Part(usize),
    Metric(usize),
    Duration(f64, TimeUnit),
}

/// What joins two events of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    None,
    /// Follows a start by 0 to this many ms, the end included.
    Conversion(Millis),
    /// Follows the unit's first start by `after` to `after + within` ms, both included.
    Retention {
        after: Millis,
        within: Millis,
    },
}

/// What one event name sets in motion.
#[derive(Debug, Default)]
pub(super) struct EventPlan {
    pub wanted: Wanted,
    pub slots: Vec<String>,
    pub filters: Vec<Bound>,
    filter_texts: Vec<String>,
    pub values: Vec<Bound>,
    value_texts: Vec<String>,
    /// Slot and dictionary of properties counted distinct.
    pub distinct: Vec<(usize, usize)>,
    /// Slot and dimension.
    pub dims: Vec<(usize, usize)>,
    pub metrics: Vec<MetricUse>,
}

#[derive(Debug)]
pub(super) struct MetricUse {
    pub metric: usize,
    pub parts: Vec<PartUse>,
    /// For each dimension of the metric, the index into [`EventPlan::dims`].
    pub dims: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct PartUse {
    pub part: usize,
    pub filter: Option<usize>,
    pub what: What,
    /// Nothing counts unless this distinct id is known, too.
    pub only_with: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    Unit,
    /// Index into [`EventPlan::distinct`].
    Property(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Count,
    /// Index into [`EventPlan::values`].
    Sum(usize),
    Bin(usize),
    Distinct(Id),
    Start,
    Follow,
}

impl EventPlan {
    fn slot(&mut self, name: &str) -> usize {
        self.slots.iter().position(|s| s == name).unwrap_or_else(|| {
            self.slots.push(name.to_owned());
            self.slots.len() - 1
        })
    }

    fn bind(text: &str, slots: &mut Vec<String>, texts: &mut Vec<String>, bound: &mut Vec<Bound>) -> Result<usize> {
        if let Some(known) = texts.iter().position(|t| t == text) {
            return Ok(known);
        }
        bound.push(Expr::parse(text)?.bind(slots));
        texts.push(text.to_owned());
        Ok(texts.len() - 1)
    }

    fn distinct(&mut self, property: &str, dictionary: usize) -> usize {
        let slot = self.slot(property);
        self.distinct.iter().position(|d| *d == (slot, dictionary)).unwrap_or_else(|| {
            self.distinct.push((slot, dictionary));
            self.distinct.len() - 1
        })
    }

    fn dim(&mut self, property: &str, dimension: usize) -> usize {
        let slot = self.slot(property);
        self.dims.iter().position(|d| *d == (slot, dimension)).unwrap_or_else(|| {
            self.dims.push((slot, dimension));
            self.dims.len() - 1
        })
    }
}

fn number(list: &mut Vec<String>, name: &str) -> usize {
    list.iter().position(|n| n == name).unwrap_or_else(|| {
        list.push(name.to_owned());
        list.len() - 1
    })
}

fn window(text: &str) -> Result<Millis> {
    duration_ms(text).ok_or_else(|| {
        Error::new(Code::ConfigInvalid, format!("“{text}” is no duration"), "write it like 7d, 12h, 30m or 2w")
    })
}

/// The keys of the metrics a metric's formula reads.
fn reads(metric: &Metric) -> Result<Vec<String>> {
    match &metric.kind {
        MetricKind::Formula { formula } => Ok(Formula::parse(formula)?.metrics().map(str::to_owned).collect()),
        _ => Ok(Vec::new()),
    }
}

/// Grain and segments each metric must be kept at: its own, and those of the formulas that read it.
fn demands(business: &Business) -> Result<Vec<(Grain, Vec<String>)>> {
    let mut out: Vec<(Grain, Vec<String>)> =
        business.metrics.iter().map(|m| (m.grain.min(Grain::Day), m.segments.clone())).collect();
    let reads = business.metrics.iter().map(reads).collect::<Result<Vec<_>>>()?;
    let mut changed = true;
    let mut rounds = 0;
    while changed {
        changed = false;
        rounds += 1;
        for (reader, keys) in reads.iter().enumerate() {
            for key in keys {
                let Some(read) = business.metrics.iter().position(|m| m.key == *key) else {
                    let message = format!("there is no metric “{key}”");
                    return Err(Error::new(Code::ConfigInvalid, message, "define it or correct the formula"));
                };
                let (grain, segments) = out[reader].clone();
                if grain < out[read].0 {
                    out[read].0 = grain;
                    changed = true;
                }
                for segment in segments {
                    if !out[read].1.contains(&segment) {
                        out[read].1.push(segment);
                        changed = true;
                    }
                }
            }
        }
        if rounds > 2 * business.metrics.len() + 64 {
            break;
        }
    }
    Ok(out)
}

/// Refuses formulas that need their own value.
fn acyclic(business: &Business) -> Result<()> {
    let reads = business.metrics.iter().map(reads).collect::<Result<Vec<_>>>()?;
    let mut settled: Vec<&str> = Vec::new();
    for _ in &business.metrics {
        for (metric, keys) in business.metrics.iter().zip(&reads) {
            if !settled.contains(&metric.key.as_str()) && keys.iter().all(|k| settled.contains(&k.as_str())) {
                settled.push(&metric.key);
            }
        }
    }
    match business.metrics.iter().find(|m| !settled.contains(&m.key.as_str())) {
        None => Ok(()),
        Some(m) => {
            let message = format!("the metric {} needs its own value", m.key);
            Err(Error::new(Code::ConfigInvalid, message, "break the circle of formulas"))
        }
    }
}

impl Plan {
    /// Compiles a validated business. [`Code::ConfigInvalid`] or [`Code::ExpressionInvalid`] when it does not hold together.
    pub fn compile(business: &Business) -> Result<Plan> {
        acyclic(business)?;
        let demands = demands(business)?;
        let mut plan = Plan {
            zone: Zone::named(&business.timezone)?,
            metrics: Vec::new(),
            events: Map::default(),
            dictionaries: Vec::new(),
            dimensions: Vec::new(),
            fingerprint: fingerprint(business, &demands),
        };
        for (metric, (grain, segments)) in business.metrics.iter().zip(&demands) {
            plan.add(business, metric, *grain, segments)?;
        }
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

    /// Changes when the aggregates must be built anew: another timezone, or anything about what metrics compute.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    /// The timezone whose days are counted.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether events of this name change any metric.
    pub fn reads(&self, name: &str) -> bool {
        self.events.contains_key(name)
    }

    pub(super) fn metric(&self, key: &str) -> Result<usize> {
        self.metrics.iter().position(|m| m.key == key).ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no metric “{key}”"), "look at business.toml for their keys")
        })
    }

    fn add(&mut self, business: &Business, metric: &Metric, grain: Grain, segments: &[String]) -> Result<()> {
        let dims: Vec<usize> = segments.iter().map(|s| number(&mut self.dimensions, s)).collect();
        let at = self.metrics.len();
        let mut out = MetricPlan {
            key: metric.key.clone(),
            levels: vec![grain],
            parts: Vec::new(),
            dims,
            shape: Shape::Single,
            window: Window::None,
            persons: Vec::new(),
        };
        let group = metric.by.as_ref().map(|by| format!("$groups.{by}"));
        let unit = group.as_deref().unwrap_or("unit");
        match &metric.kind {
            MetricKind::Count { measure } => {
                self.measure(at, &mut out, measure, Aggregate::Count, None)?;
            }
            MetricKind::Unique { measure } => {
                let of = group.clone().or_else(|| measure.of.clone());
                self.measure(at, &mut out, &Measure { of, ..measure.clone() }, Aggregate::Unique, None)?;
            }
            MetricKind::Sum { measure } => {
                self.measure(at, &mut out, measure, Aggregate::Sum, None)?;
            }
            MetricKind::MeanPerUnit { measure } => {
                let above = if measure.value.is_some() { Aggregate::Sum } else { Aggregate::Count };
                let of = measure.of.as_deref().filter(|of| *of != "unit").unwrap_or(unit);
                self.measure(at, &mut out, measure, above, Some(of))?;
                let below = Measure { of: Some(of.to_owned()), ..measure.clone() };
                self.measure(at, &mut out, &below, Aggregate::Unique, None)?;
                out.shape = Shape::Over;
            }
            MetricKind::Ratio { numerator, denominator } => {
                for measure in [numerator, denominator] {
                    let aggregate = match measure {
                        Measure { value: Some(_), .. } => Aggregate::Sum,
                        Measure { of: Some(_), .. } => Aggregate::Unique,
                        _ => Aggregate::Count,
                    };
                    self.measure(at, &mut out, measure, aggregate, None)?;
                }
                out.shape = Shape::Over;
            }
            MetricKind::Quantile { measure, q } => {
                self.measure(at, &mut out, measure, Aggregate::Sum, None)?;
                out.parts = vec![PartKind::Histogram];
                let event = self.events.entry(measure.event.as_str().into()).or_default();
                for part in event.metrics.iter_mut().filter(|m| m.metric == at).flat_map(|m| &mut m.parts) {
                    if let What::Sum(value) = part.what {
                        part.what = What::Bin(value);
                    }
                }
                out.shape = Shape::Quantile(q.clamp(0.0, 1.0));
            }
            MetricKind::Proportion { numerator, denominator } => {
                out.window = Window::Conversion(window(numerator.within.as_deref().unwrap_or("7d"))?);
                self.pair(at, &mut out, denominator, numerator, unit)?;
            }
            MetricKind::Retention { start, comeback, after, within } => {
                out.window = Window::Retention { after: window(after)?, within: window(within)? };
                self.pair(at, &mut out, start, comeback, unit)?;
            }
            MetricKind::Formula { formula } => {
                let formula = Formula::parse(formula)?;
                let mut inputs = Vec::new();
                for input in formula.inputs() {
                    inputs.push(match input {
                        Input::Measure(aggregate, measure) => {
                            FormulaInput::Part(self.measure(at, &mut out, measure, *aggregate, None)?)
                        }
                        Input::Metric(key) => {
                            // Metrics are numbered in the order of the business.
                            let known = business.metrics.iter().position(|m| m.key == *key);
                            FormulaInput::Metric(known.unwrap_or(usize::MAX))
                        }
                        Input::Duration { count, unit } => FormulaInput::Duration(*count, *unit),
                    });
                }
                out.shape = Shape::Formula(formula, inputs);
            }
        }
        if out.parts.iter().any(|p| p.is_set()) {
            out.levels.extend([Grain::Day, Grain::Month].into_iter().filter(|g| *g > grain));
        }
        self.metrics.push(out);
        Ok(())
    }

    /// Starts and follow-ups of one unit: a person, or the group whose key is in the property `unit`.
    fn pair(&mut self, at: usize, out: &mut MetricPlan, start: &Measure, follow: &Measure, unit: &str) -> Result<()> {
        out.parts.push(PartKind::Pair);
        if unit == "unit" {
            out.persons.push(0);
        }
        out.shape = Shape::Share;
        for (measure, what) in [(start, What::Start), (follow, What::Follow)] {
            let filter = self.filter(measure)?;
            let only_with = Some(self.id(&measure.event, unit));
            self.subscribe(at, out, &measure.event, PartUse { part: 0, filter, what, only_with });
        }
        Ok(())
    }

    fn filter(&mut self, measure: &Measure) -> Result<Option<usize>> {
        let event = self.events.entry(measure.event.as_str().into()).or_default();
        let Some(text) = &measure.filter else { return Ok(None) };
        EventPlan::bind(text, &mut event.slots, &mut event.filter_texts, &mut event.filters).map(Some)
    }

    fn id(&mut self, event: &str, of: &str) -> Id {
        if of == "unit" {
            return Id::Unit;
        }
        let dictionary = number(&mut self.dictionaries, of);
        Id::Property(self.events.entry(event.into()).or_default().distinct(of, dictionary))
    }

    fn measure(
        &mut self,
        at: usize,
        out: &mut MetricPlan,
        measure: &Measure,
        aggregate: Aggregate,
        only_with: Option<&str>,
    ) -> Result<usize> {
        let filter = self.filter(measure)?;
        let only_with = only_with.map(|of| self.id(&measure.event, of));
        let (kind, what) = match aggregate {
            Aggregate::Count => (PartKind::Count, What::Count),
            Aggregate::Unique => {
                let id = self.id(&measure.event, measure.of.as_deref().unwrap_or("unit"));
                (PartKind::Set, What::Distinct(id))
            }
            Aggregate::Sum => {
                let event = self.events.entry(measure.event.as_str().into()).or_default();
                let text = measure.value.as_deref().unwrap_or("null");
                let value = EventPlan::bind(text, &mut event.slots, &mut event.value_texts, &mut event.values)?;
                (PartKind::Sum, What::Sum(value))
            }
        };
        let part = out.parts.len();
        out.parts.push(kind);
        if what == What::Distinct(Id::Unit) {
            out.persons.push(part);
        }
        self.subscribe(at, out, &measure.event, PartUse { part, filter, what, only_with });
        Ok(part)
    }

    fn subscribe(&mut self, at: usize, out: &MetricPlan, event: &str, part: PartUse) {
        let names: Vec<(String, usize)> = out.dims.iter().map(|d| (self.dimensions[*d].clone(), *d)).collect();
        let event = self.events.entry(event.into()).or_default();
        if let Some(known) = event.metrics.iter_mut().find(|m| m.metric == at) {
            known.parts.push(part);
            return;
        }
        let dims = names.iter().map(|(name, dim)| event.dim(name, *dim)).collect();
        event.metrics.push(MetricUse { metric: at, parts: vec![part], dims });
    }
}

fn fingerprint(business: &Business, demands: &[(Grain, Vec<String>)]) -> String {
    let metrics: Vec<_> = business
        .metrics
        .iter()
        .zip(demands)
        .map(|(m, (grain, segments))| serde_json::json!([m.key, m.kind, m.by, grain, segments]))
        .collect();
    let whole = serde_json::json!([VERSION, business.timezone, metrics]);
    // Canonical: the order in which fields are declared says nothing.
    blake3::hash(epoch_model::journal::canonical(&whole).as_bytes()).to_hex()[..32].to_owned()
}
