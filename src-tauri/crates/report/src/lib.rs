//! The KPI and decision report of a period as PDF, HTML, CSV and XLSX.
//!
//! A pure function of [`ReportData`]: reads no clock, no file, no font of the machine, and gives the same bytes for the
//! same data. Knows nothing of the store, the engine or the host.

mod data;

pub use data::{Band, Kind, KpiSection, ReportData, SegmentShare};
use epoch_model::{Code, Error, Result};

/// Renders the report in one format.
///
/// # Errors
/// `config_invalid` when the timezone is unknown; `internal` when a format's writer refuses.
pub fn render(_data: &ReportData, _kind: Kind) -> Result<Vec<u8>> {
    Err(Error::new(Code::Internal, "reports are being built", "try again with the next build"))
}
