//! The configuration in force, with what is derived from it.

use epoch_model::business::{Business, EffectTarget, Lever, Metric, MetricKind};
use epoch_model::gate::OperatorKeys;
use epoch_model::time::Zone;
use epoch_policy::{Policy, cedar_of};
use epoch_stats::Family;
use epoch_stats::horizon::Pool;
use serde::{Deserialize, Serialize};

use crate::playbook::Playbook;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub business: Box<Business>,
    pub playbooks: Vec<Playbook>,
    pub keys: OperatorKeys,
    pub policy: Policy,
    /// First 12 hex digits of the hash of business, playbooks and keys.
    pub version: String,
}

impl Config {
    pub(crate) fn new(business: &Business, playbooks: &[Playbook], operator_keys: &[String]) -> Self {
        let whole = serde_json::json!({ "business": business, "playbooks": playbooks, "keys": operator_keys });
        let mut version = epoch_model::journal::content_hash(&whole);
        version.truncate(12);
        Self {
            business: Box::new(business.clone()),
            // What does not read as a policy denies everything; the host refuses such a text before it comes here.
            policy: business.cedar.clone().unwrap_or_else(|| cedar_of(&business.policy)).into(),
            playbooks: playbooks.iter().filter(|p| !business.playbooks_off.contains(&p.key)).cloned().collect(),
            keys: OperatorKeys(operator_keys.iter().filter_map(|k| unhex(k)).collect()),
            version,
        }
    }

    pub(crate) fn metric(&self, key: &str) -> Option<&Metric> {
        self.business.metrics.iter().find(|m| m.key == key)
    }

    pub(crate) fn lever(&self, key: &str) -> Option<&Lever> {
        self.business.levers.iter().find(|l| l.key == key)
    }

    pub(crate) fn effect(&self, key: &str) -> Option<&EffectTarget> {
        self.business.effects.iter().find(|e| e.key == key)
    }

    /// The business's timezone. The configuration was validated, so UTC is never reached.
    pub(crate) fn zone(&self) -> Zone {
        Zone::named(&self.business.timezone).unwrap_or_else(|_| Zone::utc())
    }
}

/// What kind of number a metric is.
pub(crate) fn family(metric: &Metric) -> Family {
    match &metric.kind {
        MetricKind::Count { .. } | MetricKind::Unique { .. } => Family::Count,
        MetricKind::Sum { .. } => Family::Amount,
        MetricKind::Proportion { .. } | MetricKind::Retention { .. } => Family::Share,
        MetricKind::Formula { .. } if metric.format != epoch_model::business::Format::Percent => Family::Amount,
        _ => Family::Ratio,
    }
}

/// How its buckets make the value of a horizon.
pub(crate) fn pool(metric: &Metric) -> Pool {
    match &metric.kind {
        MetricKind::Count { .. } | MetricKind::Sum { .. } => Pool::Sum,
        MetricKind::Proportion { .. }
        | MetricKind::Ratio { .. }
        | MetricKind::MeanPerUnit { .. }
        | MetricKind::Retention { .. } => Pool::RatioOfSums,
        // Distinct units of several buckets overlap, so their sum would mean nothing.
        MetricKind::Unique { .. } | MetricKind::Quantile { .. } | MetricKind::Formula { .. } => Pool::Mean,
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}
