//! What the engine found: anomalies, the segments that explain them, triggers that fired.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Millis;

/// What a value was expected to be, with its method named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Expectation {
    /// 10 % quantile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90 % quantile.
    pub p90: f64,
    /// How it was computed, in one phrase a founder can read.
    pub method: String,
    /// Buckets of history it rests on.
    pub history: u32,
}

/// A share of a deviation that one segment value carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Driver {
    /// Segment, e.g. `country`.
    pub segment: String,
    /// Its value, e.g. `Germany`.
    pub value: String,
    /// What was seen.
    pub actual: f64,
    /// What was expected.
    pub expected: f64,
    /// Share of the whole deviation it explains (may exceed 1 when others offset it).
    pub share: f64,
}

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InsightKind {
    /// A closed bucket outside what the baseline expected.
    Anomaly,
    /// A metric past a threshold a playbook names.
    Threshold,
    /// A guardrail is broken.
    Guardrail,
    /// A goal will be missed at the present course.
    Goal,
}

/// A finding with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Insight {
    /// `ins_000001`, counted by the engine.
    pub id: String,
    /// When it was found (the engine's clock).
    pub at: Millis,
    /// The kind.
    pub kind: InsightKind,
    /// The metric.
    pub metric: String,
    /// The bucket it speaks of: first instant …
    pub from: Millis,
    /// … and first instant after it.
    pub to: Millis,
    /// What was seen.
    pub actual: f64,
    /// What was expected (none for a plain threshold).
    pub expected: Option<Expectation>,
    /// Standardised deviation (robust z); sign is the direction.
    pub score: f64,
    /// Two-sided tail probability under the baseline.
    pub p_value: f64,
    /// Whether the move is good, bad or neither, by the metric's direction.
    pub good: Option<bool>,
    /// Segments that explain it, strongest first.
    pub drivers: Vec<Driver>,
    /// One sentence, sentence case, with units.
    pub headline: String,
    /// The insight this one continues (the same anomaly on the next bucket).
    pub continues: Option<String>,
    /// Decisions proposed because of it.
    pub decisions: Vec<String>,
}
