//! The KPI and decision report of a period as PDF, HTML, CSV and XLSX.
//!
//! A pure function of [`ReportData`]: reads no clock, no file, no font of the machine, and gives the same bytes for the
//! same data. Knows nothing of the store, the engine or the host. Wording is in `story`, drawing in `chart`; each format
//! only places them.

mod chart;
mod csv;
mod data;
mod font;
pub mod format;
mod html;
mod pdf;
mod story;
mod xlsx;

pub use data::{Band, Kind, KpiSection, ReportData, SegmentShare};
use epoch_model::Result;
use epoch_model::time::Zone;

/// Renders the report in one format.
///
/// # Errors
/// `config_invalid` when the timezone is unknown; `internal` when a format's writer refuses.
pub fn render(data: &ReportData, kind: Kind) -> Result<Vec<u8>> {
    let zone = Zone::named(&data.timezone)?;
    match kind {
        Kind::Pdf => pdf::render(data, &story::tell(data, &zone), &zone),
        Kind::Html => html::render(data, &story::tell(data, &zone), &zone),
        Kind::Csv => csv::render(data),
        Kind::Xlsx => xlsx::render(data, &zone),
    }
}
