//! What a report is made of. Whoever reads the store fills these in; nothing here knows where the figures come from.

use epoch_model::business::{Better, Format};
use epoch_model::decision::Decision;
use epoch_model::insight::Insight;
use epoch_model::series::Series;
use epoch_model::time::Millis;

/// Everything that a report of one period shows. Equal data give equal bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportData {
    /// The business's name.
    pub business: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits after the point of the currency; figures of money are in major units, `*_minor` ones in minor units.
    pub currency_digits: u32,
    /// IANA name; every date is written in it.
    pub timezone: String,
    /// First instant of the period …
    pub from: Millis,
    /// … and first instant after it.
    pub to: Millis,
    /// When it was made, by the business's clock: the only clock of a report.
    pub generated_at: Millis,
    /// Version of the program that made it.
    pub version: String,
    /// The opening paragraph.
    pub lead: String,
    /// The KPIs, most important first.
    pub kpis: Vec<KpiSection>,
    /// What was found in the period.
    pub insights: Vec<Insight>,
    /// What was decided or scored in the period.
    pub decisions: Vec<Decision>,
    /// Footnotes on methods, added to the report's own.
    pub notes: Vec<String>,
}

/// One KPI over the period.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiSection {
    /// One word others refer to.
    pub key: String,
    /// What people read.
    pub title: String,
    /// How it is computed, in one phrase.
    pub definition: String,
    /// How its values are written.
    pub format: Format,
    /// The unit of the value in words (`visitor`).
    pub unit: Option<String>,
    /// Which way it should move.
    pub better: Better,
    /// The value over the period; `None` where it is not defined.
    pub value: Option<f64>,
    /// The same over the period before.
    pub previous: Option<f64>,
    /// Relative change against the period before (0.1 = 10 % more); for shares the difference (0.01 = 1 point).
    pub change: Option<f64>,
    /// The buckets of the period.
    pub series: Series,
    /// What was expected per bucket, by its start; buckets without one are left out.
    pub band: Vec<Band>,
    /// Target, and until when.
    pub goal: Option<(f64, Option<Millis>)>,
    /// One phrase on how it stands.
    pub note: String,
    /// How it splits.
    pub segments: Vec<SegmentShare>,
}

/// What was expected of one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// First instant of the bucket.
    pub start: Millis,
    /// 10 % quantile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90 % quantile.
    pub p90: f64,
}

/// One value of a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentShare {
    /// Segment, e.g. `country`.
    pub segment: String,
    /// Its value, e.g. `Germany`.
    pub value: String,
    /// The KPI's value there.
    pub amount: f64,
    /// Its part of the whole, 0 to 1.
    pub share: f64,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A4 pages for a board, with charts as vectors.
    Pdf,
    /// One self-contained page without scripts.
    Html,
    /// The series in tidy long form, nothing else.
    Csv,
    /// A workbook: KPIs, Series, Insights, Decisions.
    Xlsx,
}
