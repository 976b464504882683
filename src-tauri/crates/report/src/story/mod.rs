//! What the report says, as text: the one source of wording for pages and HTML.

mod decisions;
mod insights;
mod kpis;

use epoch_model::time::{Millis, Zone};
use jiff::civil::DateTime;
use serde::Serialize;

use crate::data::ReportData;
use crate::format::{self, Currency};

pub(crate) use decisions::state_word;
pub(crate) use insights::{kind_word, tone};

/// Findings and decisions that are written out; the workbook has all of them.
pub(crate) const ROWS_MAX: usize = 100;
/// Values of one segment that are written out.
pub(crate) const VALUES_MAX: usize = 8;

/// How a figure is coloured, always beside a word or a sign that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
}

/// A KPI in words.
#[derive(Debug, Serialize)]
pub(crate) struct KpiText {
    pub title: String,
    pub definition: String,
    pub value: String,
    pub previous: String,
    pub change: String,
    pub tone: Tone,
    pub goal: String,
    pub note: String,
    /// What the chart shows, for those who do not see it.
    pub alt: String,
    pub segments: Vec<SegmentText>,
}

/// The values of one segment.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentText {
    pub name: String,
    pub rows: Vec<SegmentRow>,
    /// Values left out, in words; empty when none.
    pub more: String,
}

/// One value of a segment.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentRow {
    pub value: String,
    pub amount: String,
    pub share: String,
    /// Width of its bar, 0 to 1.
    pub bar: f64,
}

/// A finding in words.
#[derive(Debug, Serialize)]
pub(crate) struct InsightText {
    pub when: String,
    pub kind: &'static str,
    pub tone: Tone,
    pub headline: String,
    /// Seen, expected, how unlikely.
    pub figures: String,
    pub drivers: Vec<String>,
}

/// A decision in words.
#[derive(Debug, Serialize)]
pub(crate) struct DecisionText {
    pub id: String,
    pub when: String,
    pub headline: String,
    /// What changes.
    pub change: String,
    pub state: &'static str,
    pub tone: Tone,
    /// The middle …
    pub predicted: String,
    /// … and the 80 % interval.
    pub interval: String,
    pub outcome: String,
    /// Whether the outcome lay in the interval; empty before it is scored.
    pub verdict: String,
    pub against_nothing: String,
}

/// The whole report in words.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub business: String,
    pub period: String,
    pub made: String,
    pub lead: String,
    pub kpis: Vec<KpiText>,
    pub insights: Vec<InsightText>,
    pub insights_more: String,
    pub decisions: Vec<DecisionText>,
    pub decisions_more: String,
    pub calibration: String,
    pub notes: Vec<String>,
}

/// What every part needs to write figures and dates.
pub(crate) struct Writer<'a> {
    pub data: &'a ReportData,
    pub zone: &'a Zone,
    pub currency: Currency<'a>,
}

impl<'a> Writer<'a> {
    pub fn new(data: &'a ReportData, zone: &'a Zone) -> Self {
        Self { data, zone, currency: Currency { code: &data.currency, digits: data.currency_digits } }
    }

    /// The day, with the year only where the period does not give it.
    pub fn when(&self, at: Millis) -> String {
        let year = |at| self.zone.local(at).map(DateTime::year);
        let same = year(at) == year(self.data.from) && year(at) == year(self.data.to.saturating_sub(1));
        if same { format::short(at, self.zone) } else { format::day(at, self.zone) }
    }

    /// How a metric's values are written; plain numbers for a metric that is not in the report.
    pub fn format_of(&self, metric: &str) -> epoch_model::business::Format {
        let found = self.data.kpis.iter().find(|k| k.key == metric);
        found.map_or(epoch_model::business::Format::Number, |k| k.format)
    }

    pub fn value(&self, value: f64, metric: &str) -> String {
        format::value(value, self.format_of(metric), &self.currency)
    }
}

/// Puts the data into words.
pub(crate) fn tell(data: &ReportData, zone: &Zone) -> Story {
    let writer = Writer::new(data, zone);
    let more = |all: usize, one: &str| match all.checked_sub(ROWS_MAX) {
        None | Some(0) => String::new(),
        Some(n) => format!("{} more in the workbook (XLSX).", format::plural(n, one)),
    };
    Story {
        business: data.business.clone(),
        period: format::span(data.from, data.to, zone),
        made: format!("Made {} ({})", format::moment(data.generated_at, zone), data.timezone),
        lead: data.lead.clone(),
        kpis: data.kpis.iter().map(|k| kpis::kpi(k, &writer)).collect(),
        insights: data.insights.iter().take(ROWS_MAX).map(|i| insights::insight(i, &writer)).collect(),
        insights_more: more(data.insights.len(), "finding"),
        decisions: data.decisions.iter().take(ROWS_MAX).map(|d| decisions::decision(d, &writer)).collect(),
        decisions_more: more(data.decisions.len(), "decision"),
        calibration: decisions::calibration(data),
        notes: notes(data),
    }
}

fn notes(data: &ReportData) -> Vec<String> {
    let mut notes = vec![
        "Changes compare with the period of the same length before; for shares they are differences in points. \
         “No data” means that the figure is not defined, for example a ratio over nothing."
            .to_owned(),
    ];
    let mut methods: Vec<&str> = data
        .insights
        .iter()
        .filter_map(|i| i.expected.as_ref())
        .map(|e| e.method.as_str())
        .chain(data.decisions.iter().map(|d| d.prediction.value.method.as_str()))
        .filter(|m| !m.is_empty())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    if !methods.is_empty() {
        let more = if methods.len() > 6 { "; and others" } else { "" };
        methods.truncate(6);
        notes.push(format!("Methods behind the expectations: {}{more}.", methods.join("; ")));
    }
    notes.extend(data.notes.iter().cloned());
    notes.push(format!(
        "Dates and buckets are in {}; money is in {}. Made by EpochCore {}.",
        data.timezone, data.currency, data.version
    ));
    notes
}
