//! The messages of OTLP 1.x that are looked into: numbers and names of their fields as in `opentelemetry-proto`. What is
//! not listed is skipped.

/// How a field's value is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Message(&'static Schema),
    /// As [`Kind::Message`], for messages that hold themselves.
    Nested(fn() -> &'static Schema),
    Text,
    /// Bytes: hex in JSON.
    Id,
    /// Bytes: base64 in JSON.
    Bytes,
    Bool,
    /// `int64`, `int32`, `uint64`, `uint32`, and enums that JSON writes as numbers.
    Int,
    /// `sint32`.
    Zigzag,
    Fixed64,
    Sfixed64,
    Double,
    /// A number, in JSON also one of these names with a common prefix.
    Enum(&'static str, &'static [(&'static str, i64)]),
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub number: u32,
    pub name: &'static str,
    pub kind: Kind,
}

/// The fields of a message.
pub(super) type Schema = [Field];

const fn field(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind }
}

pub(super) static METRICS_REQUEST: &Schema = &[field(1, "resourceMetrics", Kind::Message(RESOURCE_METRICS))];
pub(super) static LOGS_REQUEST: &Schema = &[field(1, "resourceLogs", Kind::Message(RESOURCE_LOGS))];
pub(super) static TRACES_REQUEST: &Schema = &[field(1, "resourceSpans", Kind::Message(RESOURCE_SPANS))];

static RESOURCE_METRICS: &Schema =
    &[field(1, "resource", Kind::Message(RESOURCE)), field(2, "scopeMetrics", Kind::Message(SCOPE_METRICS))];
static RESOURCE_LOGS: &Schema =
    &[field(1, "resource", Kind::Message(RESOURCE)), field(2, "scopeLogs", Kind::Message(SCOPE_LOGS))];
static RESOURCE_SPANS: &Schema =
    &[field(1, "resource", Kind::Message(RESOURCE)), field(2, "scopeSpans", Kind::Message(SCOPE_SPANS))];

static RESOURCE: &Schema = &[field(1, "attributes", Kind::Message(KEY_VALUE))];
static SCOPE: &Schema = &[field(1, "name", Kind::Text)];

static SCOPE_METRICS: &Schema = &[field(1, "scope", Kind::Message(SCOPE)), field(2, "metrics", Kind::Message(METRIC))];
static SCOPE_LOGS: &Schema = &[field(1, "scope", Kind::Message(SCOPE)), field(2, "logRecords", Kind::Message(LOG))];
static SCOPE_SPANS: &Schema = &[field(1, "scope", Kind::Message(SCOPE)), field(2, "spans", Kind::Message(SPAN))];

static METRIC: &Schema = &[
    field(1, "name", Kind::Text),
    field(3, "unit", Kind::Text),
    field(5, "gauge", Kind::Message(NUMBERS)),
    field(7, "sum", Kind::Message(NUMBERS)),
    field(9, "histogram", Kind::Message(HISTOGRAM)),
    field(10, "exponentialHistogram", Kind::Message(EXPONENTIAL)),
    field(11, "summary", Kind::Message(SUMMARY)),
];

const TEMPORALITY: Kind =
    Kind::Enum("AGGREGATION_TEMPORALITY_", &[("UNSPECIFIED", 0), ("DELTA", 1), ("CUMULATIVE", 2)]);

static NUMBERS: &Schema = &[
    field(1, "dataPoints", Kind::Message(NUMBER_POINT)),
    field(2, "aggregationTemporality", TEMPORALITY),
    field(3, "isMonotonic", Kind::Bool),
];
static HISTOGRAM: &Schema =
    &[field(1, "dataPoints", Kind::Message(HISTOGRAM_POINT)), field(2, "aggregationTemporality", TEMPORALITY)];
static EXPONENTIAL: &Schema =
    &[field(1, "dataPoints", Kind::Message(EXPONENTIAL_POINT)), field(2, "aggregationTemporality", TEMPORALITY)];
static SUMMARY: &Schema = &[field(1, "dataPoints", Kind::Message(SUMMARY_POINT))];

static NUMBER_POINT: &Schema = &[
    field(7, "attributes", Kind::Message(KEY_VALUE)),
    field(2, "startTimeUnixNano", Kind::Fixed64),
    field(3, "timeUnixNano", Kind::Fixed64),
    field(4, "asDouble", Kind::Double),
    field(6, "asInt", Kind::Sfixed64),
    field(8, "flags", Kind::Int),
];
static HISTOGRAM_POINT: &Schema = &[
    field(9, "attributes", Kind::Message(KEY_VALUE)),
    field(2, "startTimeUnixNano", Kind::Fixed64),
    field(3, "timeUnixNano", Kind::Fixed64),
    field(4, "count", Kind::Fixed64),
    field(5, "sum", Kind::Double),
    field(6, "bucketCounts", Kind::Fixed64),
    field(7, "explicitBounds", Kind::Double),
    field(10, "flags", Kind::Int),
    field(11, "min", Kind::Double),
    field(12, "max", Kind::Double),
];
static EXPONENTIAL_POINT: &Schema = &[
    field(1, "attributes", Kind::Message(KEY_VALUE)),
    field(2, "startTimeUnixNano", Kind::Fixed64),
    field(3, "timeUnixNano", Kind::Fixed64),
    field(4, "count", Kind::Fixed64),
    field(5, "sum", Kind::Double),
    field(6, "scale", Kind::Zigzag),
    field(7, "zeroCount", Kind::Fixed64),
    field(8, "positive", Kind::Message(BUCKETS)),
    field(9, "negative", Kind::Message(BUCKETS)),
    field(10, "flags", Kind::Int),
    field(12, "min", Kind::Double),
    field(13, "max", Kind::Double),
];
static BUCKETS: &Schema = &[field(1, "offset", Kind::Zigzag), field(2, "bucketCounts", Kind::Int)];
static SUMMARY_POINT: &Schema = &[
    field(7, "attributes", Kind::Message(KEY_VALUE)),
    field(2, "startTimeUnixNano", Kind::Fixed64),
    field(3, "timeUnixNano", Kind::Fixed64),
    field(4, "count", Kind::Fixed64),
    field(5, "sum", Kind::Double),
    field(6, "quantileValues", Kind::Message(QUANTILE)),
    field(8, "flags", Kind::Int),
];
static QUANTILE: &Schema = &[field(1, "quantile", Kind::Double), field(2, "value", Kind::Double)];

const SEVERITY: Kind = Kind::Enum(
    "SEVERITY_NUMBER_",
    &[
        ("UNSPECIFIED", 0),
        ("TRACE", 1),
        ("TRACE2", 2),
        ("TRACE3", 3),
        ("TRACE4", 4),
        ("DEBUG", 5),
        ("DEBUG2", 6),
        ("DEBUG3", 7),
        ("DEBUG4", 8),
        ("INFO", 9),
        ("INFO2", 10),
        ("INFO3", 11),
        ("INFO4", 12),
        ("WARN", 13),
        ("WARN2", 14),
        ("WARN3", 15),
        ("WARN4", 16),
        ("ERROR", 17),
        ("ERROR2", 18),
        ("ERROR3", 19),
        ("ERROR4", 20),
        ("FATAL", 21),
        ("FATAL2", 22),
        ("FATAL3", 23),
        ("FATAL4", 24),
    ],
);

static LOG: &Schema = &[
    field(1, "timeUnixNano", Kind::Fixed64),
    field(11, "observedTimeUnixNano", Kind::Fixed64),
    field(2, "severityNumber", SEVERITY),
    field(3, "severityText", Kind::Text),
    field(5, "body", Kind::Message(ANY)),
    field(6, "attributes", Kind::Message(KEY_VALUE)),
    field(9, "traceId", Kind::Id),
    field(10, "spanId", Kind::Id),
    field(12, "eventName", Kind::Text),
];

const SPAN_KIND: Kind = Kind::Enum(
    "SPAN_KIND_",
    &[("UNSPECIFIED", 0), ("INTERNAL", 1), ("SERVER", 2), ("CLIENT", 3), ("PRODUCER", 4), ("CONSUMER", 5)],
);
static SPAN: &Schema = &[
    field(1, "traceId", Kind::Id),
    field(2, "spanId", Kind::Id),
    field(4, "parentSpanId", Kind::Id),
    field(5, "name", Kind::Text),
    field(6, "kind", SPAN_KIND),
    field(7, "startTimeUnixNano", Kind::Fixed64),
    field(8, "endTimeUnixNano", Kind::Fixed64),
    field(9, "attributes", Kind::Message(KEY_VALUE)),
    field(15, "status", Kind::Message(STATUS)),
];
static STATUS: &Schema = &[
    field(2, "message", Kind::Text),
    field(3, "code", Kind::Enum("STATUS_CODE_", &[("UNSET", 0), ("OK", 1), ("ERROR", 2)])),
];

static KEY_VALUE: &Schema = &[field(1, "key", Kind::Text), field(2, "value", Kind::Nested(any))];

fn any() -> &'static Schema {
    ANY
}

fn key_value() -> &'static Schema {
    KEY_VALUE
}

static ANY: &Schema = &[
    field(1, "stringValue", Kind::Text),
    field(2, "boolValue", Kind::Bool),
    field(3, "intValue", Kind::Int),
    field(4, "doubleValue", Kind::Double),
    field(5, "arrayValue", Kind::Message(ARRAY)),
    field(6, "kvlistValue", Kind::Message(KEY_VALUES)),
    field(7, "bytesValue", Kind::Bytes),
];
static ARRAY: &Schema = &[field(1, "values", Kind::Nested(any))];
pub(super) static KEY_VALUES: &Schema = &[field(1, "values", Kind::Nested(key_value))];
