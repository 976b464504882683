//! Metrics: each data point is an event named by its metric.
//!
//! Gauges and sums have a `value`; histograms `count`, `sum`, `min`, `max` and quantiles estimated from their buckets;
//! summaries the quantiles they were sent with. What counts from the start of its process is marked `cumulative`: it is
//! not to be summed, so SDKs should be told to send deltas.

use std::sync::Arc;

use epoch_model::Result as Checked;
use epoch_model::time::Millis;

use super::any::{Attributes, number};
use super::buckets::{BUCKETS_MAX, Spread};
use super::logs::cut;
use super::node::{Node, Value};
use super::record::{Around, Record, Taking, broken, each};
use super::wire::Broken;
use crate::app::Shared;
use crate::ingest::intake::{Taken, invalid};
use crate::problem::Problem;

const CUMULATIVE: i64 = 2;
/// A point that says that there is nothing to say.
const NO_VALUE: i64 = 1;
/// Quantiles that a histogram's buckets are asked for.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];
/// Names of the quantiles that summaries usually come with.
const NAMED: [(&str, f64); 8] = [
    ("min", 0.0),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
    ("max", 1.0),
];

/// The kinds of metrics, by the number of their field.
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;
const EXPONENTIAL: u32 = 10;
const SUMMARY: u32 = 11;

pub(super) fn parse(shared: &Shared, source: Arc<str>, request: &Node<'_>, received: Millis) -> Result<Taken, Problem> {
    let mut taking = Taking::new(shared, source, received);
    each(request, &mut |node, around| metric(&mut taking, node, around))?;
    Ok(taking.done())
}

struct Metric {
    name: String,
    unit: String,
    kind: u32,
    cumulative: bool,
}

fn metric(taking: &mut Taking<'_>, node: &Node<'_>, around: &Around<'_>) -> Result<(), Problem> {
    let mut metric = Metric { name: String::new(), unit: String::new(), kind: 0, cumulative: false };
    let mut data = None;
    for field in node.fields() {
        match field.map_err(broken)? {
            (1, Value::Text(text)) => metric.name = cut(&text),
            (3, Value::Text(text)) => metric.unit = cut(&text),
            (kind, Value::Message(points)) => (metric.kind, data) = (kind, Some(points)),
            _ => {}
        }
    }
    let Some(data) = data else { return Ok(()) };
    let (mut cumulative, mut monotonic) = (metric.kind == SUMMARY, true);
    for field in data.fields() {
        match field.map_err(broken)? {
            (2, Value::Int(temporality)) => cumulative = temporality == CUMULATIVE,
            (3, Value::Bool(grows)) => monotonic = grows,
            _ => {}
        }
    }
    // What may fall again, as a number of open connections does, is a level whatever it is counted from. An absent
    // `isMonotonic` is false.
    let grows = metric.kind != SUM || monotonic && data.fields().any(|f| matches!(f, Ok((3, Value::Bool(true)))));
    metric.cumulative = cumulative && grows;
    for point in data.messages(1) {
        taking.count()?;
        let point = point.map_err(broken)?;
        if let Some((record, fault)) = metric.record(&point).map_err(broken)? {
            taking.take(record, fault, around)?;
        }
    }
    Ok(())
}

/// A data point of any kind, as far as it is written.
#[derive(Default)]
struct Point {
    attributes: Attributes,
    nanos: u64,
    flags: i64,
    value: Option<String>,
    count: Option<u64>,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    bounds: Vec<f64>,
    counts: Vec<u64>,
    scale: i64,
    zeros: u64,
    positive: (i64, Vec<u64>),
    negative: (i64, Vec<u64>),
    quantiles: Vec<(&'static str, f64)>,
    crowded: bool,
}

impl Metric {
    fn record(&self, node: &Node<'_>) -> Result<Option<(Record, Checked<()>)>, Broken> {
        let point = match self.kind {
            HISTOGRAM => Point::histogram(node)?,
            EXPONENTIAL => Point::exponential(node)?,
            SUMMARY => Point::summary(node)?,
            _ => Point::number(node)?,
        };
        if point.flags & NO_VALUE != 0 {
            return Ok(None);
        }
        Ok(Some(self.written(point)))
    }

    fn written(&self, mut point: Point) -> (Record, Checked<()>) {
        let mut record = Record::new(&*self.name, point.nanos, std::mem::take(&mut point.attributes));
        let fault = if self.name.is_empty() {
            Err(invalid("the metric has no name"))
        } else if point.crowded {
            Err(invalid(format!("the histogram has more than {BUCKETS_MAX} buckets")))
        } else if let (HISTOGRAM | EXPONENTIAL | SUMMARY, None) = (self.kind, point.count) {
            Err(invalid("the data point has no count"))
        } else if let (Some(value), false) = (&point.value, self.is_spread()) {
            let is_number = !value.starts_with('"');
            record.put("value", value);
            if is_number { Ok(()) } else { Err(invalid("the data point's value is no finite number")) }
        } else if self.is_spread() {
            Ok(())
        } else {
            Err(invalid("the data point has no value"))
        };
        if self.is_spread() && fault.is_ok() {
            self.write_spread(&point, &mut record);
        }
        record.put_text("unit", &self.unit);
        if self.cumulative {
            record.put("cumulative", "true");
        }
        (record, fault)
    }

    fn is_spread(&self) -> bool {
        matches!(self.kind, HISTOGRAM | EXPONENTIAL | SUMMARY)
    }

    fn write_spread(&self, point: &Point, record: &mut Record) {
        record.put("count", &point.count.unwrap_or(0).to_string());
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        for (name, value) in [("sum", point.sum), ("min", point.min), ("max", point.max)] {
            if let Some(value) = finite(value) {
                record.put(name, &number(value));
            }
        }
        let (least, greatest) = (finite(point.min), finite(point.max));
        let spread = match self.kind {
            HISTOGRAM => Spread::explicit(&point.bounds, &point.counts, least, greatest),
            EXPONENTIAL => {
                Spread::exponential(point.scale, point.zeros, &point.positive, &point.negative, least, greatest)
            }
            _ => Spread::default(),
        };
        for (name, q) in QUANTILES {
            if let Some(value) = spread.quantile(q) {
                record.put(name, &number(value));
            }
        }
        for (name, value) in &point.quantiles {
            record.put(name, &number(*value));
        }
    }
}

impl Point {
    fn number(node: &Node<'_>) -> Result<Self, Broken> {
        let mut point = Self::default();
        for field in node.fields() {
            match field? {
                (7, Value::Message(attribute)) => point.attributes.take(&attribute)?,
                (3, Value::Unsigned(nanos)) => point.nanos = nanos,
                (4, Value::Double(value)) => point.value = Some(number(value)),
                (6, Value::Int(value)) => point.value = Some(value.to_string()),
                (8, Value::Int(flags)) => point.flags = flags,
                _ => {}
            }
        }
        Ok(point)
    }

    fn histogram(node: &Node<'_>) -> Result<Self, Broken> {
        let mut point = Self::default();
        for field in node.fields() {
            match field? {
                (9, Value::Message(attribute)) => point.attributes.take(&attribute)?,
                (3, Value::Unsigned(nanos)) => point.nanos = nanos,
                (4, Value::Unsigned(count)) => point.count = Some(count),
                (5, Value::Double(sum)) => point.sum = Some(sum),
                (6, Value::Unsigned(count)) if point.counts.len() < BUCKETS_MAX => point.counts.push(count),
                (7, Value::Double(bound)) if point.bounds.len() < BUCKETS_MAX => point.bounds.push(bound),
                (6 | 7, _) => point.crowded = true,
                (10, Value::Int(flags)) => point.flags = flags,
                (11, Value::Double(min)) => point.min = Some(min),
                (12, Value::Double(max)) => point.max = Some(max),
                _ => {}
            }
        }
        Ok(point)
    }

    fn exponential(node: &Node<'_>) -> Result<Self, Broken> {
        let mut point = Self::default();
        for field in node.fields() {
            match field? {
                (1, Value::Message(attribute)) => point.attributes.take(&attribute)?,
                (3, Value::Unsigned(nanos)) => point.nanos = nanos,
                (4, Value::Unsigned(count)) => point.count = Some(count),
                (5, Value::Double(sum)) => point.sum = Some(sum),
                (6, Value::Int(scale)) => point.scale = scale,
                (7, Value::Unsigned(zeros)) => point.zeros = zeros,
                (8, Value::Message(buckets)) => point.positive = point.buckets(&buckets)?,
                (9, Value::Message(buckets)) => point.negative = point.buckets(&buckets)?,
                (10, Value::Int(flags)) => point.flags = flags,
                (12, Value::Double(min)) => point.min = Some(min),
                (13, Value::Double(max)) => point.max = Some(max),
                _ => {}
            }
        }
        Ok(point)
    }

    /// Offset and counts of one side.
    fn buckets(&mut self, node: &Node<'_>) -> Result<(i64, Vec<u64>), Broken> {
        let (mut offset, mut counts) = (0, Vec::new());
        for field in node.fields() {
            match field? {
                (1, Value::Int(n)) => offset = n,
                (2, Value::Int(_)) if counts.len() >= BUCKETS_MAX => self.crowded = true,
                (2, Value::Int(count)) => counts.push(count.cast_unsigned()),
                _ => {}
            }
        }
        Ok((offset, counts))
    }

    fn summary(node: &Node<'_>) -> Result<Self, Broken> {
        let mut point = Self::default();
        for field in node.fields() {
            match field? {
                (7, Value::Message(attribute)) => point.attributes.take(&attribute)?,
                (3, Value::Unsigned(nanos)) => point.nanos = nanos,
                (4, Value::Unsigned(count)) => point.count = Some(count),
                (5, Value::Double(sum)) => point.sum = Some(sum),
                (6, Value::Message(at)) => point.quantile(&at)?,
                (8, Value::Int(flags)) => point.flags = flags,
                _ => {}
            }
        }
        Ok(point)
    }

    fn quantile(&mut self, node: &Node<'_>) -> Result<(), Broken> {
        let (mut q, mut value) = (0.0, 0.0);
        for field in node.fields() {
            match field? {
                (1, Value::Double(n)) => q = n,
                (2, Value::Double(n)) => value = n,
                _ => {}
            }
        }
        let name = NAMED.iter().find(|(_, known)| (known - q).abs() < 1e-9).map(|(name, _)| *name);
        if let Some(name) = name.filter(|name| value.is_finite() && self.quantiles.iter().all(|(n, _)| n != name)) {
            self.quantiles.push((name, value));
        }
        Ok(())
    }
}
