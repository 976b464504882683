//! Which experiments are counted.

use epoch_model::business::{Metric, MetricKind};
use epoch_model::error::{Code, Error, Result};
use epoch_model::experiment::Spec;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

/// An experiment whose units are counted event by event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// Its key, arms, exposure, unit (`group`) and `cap` are what counts here. The cap is for the primary metric's totals.
    pub spec: Spec,
    /// The primary metric first, then the others, each once. A look has them in this order.
    pub metrics: Vec<Metric>,
    /// Exposures before this instant make no unit: when it started. Those of the week before are counted for the look's health.
    pub from: Millis,
    /// Exposures from this instant on make no unit; what its units do later still counts.
    pub until: Option<Millis>,
    /// Days before a unit's first exposure that the covariate covers; 0 for none.
    pub covariate_days: u32,
    /// Properties of the first exposure by whose values it is split, each once.
    pub segments: Vec<String>,
}

impl Tracked {
    /// An experiment of a business: all its metrics, split by whatever one of them is split by.
    /// [`Code::NotFound`] when it names a metric that is not there.
    pub fn of(spec: &Spec, metrics: &[Metric], from: Millis, covariate_days: u32) -> Result<Self> {
        let mut found: Vec<Metric> = Vec::new();
        for key in std::iter::once(&spec.metric).chain(&spec.secondary).chain(&spec.guardrails) {
            if found.iter().any(|m| m.key == *key) {
                continue;
            }
            let Some(metric) = metrics.iter().find(|m| m.key == *key) else {
                let message = format!("the experiment {} asks for the metric “{key}”, which there is not", spec.key);
                return Err(Error::new(Code::NotFound, message, "define it, or name another one"));
            };
            found.push(metric.clone());
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in found.iter().flat_map(|m| &m.segments) {
            if !segments.contains(segment) {
                segments.push(segment.clone());
            }
        }
        let from = spec.from.unwrap_or(from);
        Ok(Self { spec: spec.clone(), metrics: found, from, until: spec.until, covariate_days, segments })
    }
}

/// Whether a metric can be counted per unit of an experiment. [`Code::InvalidArgument`] says why not.
pub fn fits(spec: &Spec, metric: &Metric) -> Result<()> {
    let unfit = |why: &str| {
        let message = format!("{} cannot be read per unit: {why}", metric.key);
        Err(Error::new(Code::InvalidArgument, message, "choose another metric for the experiment"))
    };
    if let Some(by) = &metric.by
        && spec.group.as_ref() != Some(by)
    {
        return unfit(&format!("its unit is {by}, and that of {} is another one", spec.key));
    }
    let group = spec.group.as_ref().map(|group| format!("$groups.{group}"));
    let whose = |of: &Option<String>| of.as_deref().is_none_or(|of| of == "unit" || Some(of) == group.as_deref());
    let distinct = "it counts distinct values of a property";
    match &metric.kind {
        MetricKind::Formula { .. } => unfit("it is a formula over other metrics"),
        MetricKind::Unique { measure } | MetricKind::MeanPerUnit { measure } if !whose(&measure.of) => unfit(distinct),
        MetricKind::Ratio { numerator, denominator } if !whose(&numerator.of) || !whose(&denominator.of) => {
            unfit(distinct)
        }
        _ => Ok(()),
    }
}
