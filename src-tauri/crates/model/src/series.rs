//! Numbers over time, as the store answers them and the engine reads them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::{Grain, Millis};

/// One bucket of a KPI.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Point {
    /// First instant of the bucket.
    pub start: Millis,
    /// The value in the metric's unit; `None` where it is not defined (a ratio over nothing).
    pub value: Option<f64>,
    /// What was divided: sum or count above the line (equals `value` for plain counts and sums).
    pub numerator: f64,
    /// What it was divided by; 1 for counts and sums.
    pub denominator: f64,
    /// Events behind the number.
    pub events: u64,
}

/// A KPI over a range, whole or for one segment value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Series {
    /// The metric's key.
    pub metric: String,
    /// The value of the segment this is restricted to; `None` for the whole.
    pub segment: Option<String>,
    /// Width of the buckets.
    pub grain: Grain,
    /// One point per bucket, without gaps, in order.
    pub points: Vec<Point>,
    /// The same over the whole range (not the mean of the points: distinct counts and ratios are recomputed).
    pub total: Point,
}

/// What to read of a KPI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesQuery {
    /// The metric's key.
    pub metric: String,
    /// First instant.
    pub from: Millis,
    /// First instant after the range.
    pub to: Millis,
    /// Width of the buckets, at least the metric's own.
    pub grain: Grain,
    /// Split by this segment (one [`Series`] per value, largest first), or the whole only.
    pub by: Option<String>,
}
