//! Reports: the data of a period, rendered and written.

use std::path::{Path, PathBuf};

use epoch_host::Host;
use epoch_host::config::{io_error, write_whole};
use epoch_model::series::SeriesQuery;
use epoch_model::time::{Grain, Millis};
use epoch_model::{Code, Error, Result};
use epoch_report::{Band, Kind, KpiSection, ReportData, SegmentShare};
use epoch_store::{DecisionFilter, InsightFilter};

use crate::commands::{RangeArgs, ReportArgs, ReportPreview};
use crate::reads::{range, tiles, today_lead};
use crate::views::{KpiTile, ReportFile, ReportsView};

/// A format of a report.
pub type ReportFormat = Kind;

/// Values of a segment in a report.
const SEGMENT_VALUES_MAX: usize = 8;

fn kind(format: &str) -> Result<Kind> {
    match format {
        "pdf" => Ok(Kind::Pdf),
        "html" => Ok(Kind::Html),
        "csv" => Ok(Kind::Csv),
        "xlsx" => Ok(Kind::Xlsx),
        other => {
            let message = format!("“{other}” is no format of a report");
            Err(Error::new(Code::InvalidArgument, message, "use pdf, html, csv or xlsx"))
        }
    }
}

/// Renders the report of a period.
pub fn render(host: &Host, from: Option<Millis>, to: Option<Millis>, kind: Kind) -> Result<Vec<u8>> {
    epoch_report::render(&data(host, from, to)?, kind)
}

fn data(host: &Host, from: Option<Millis>, to: Option<Millis>) -> Result<ReportData> {
    let (from, to) = range(host, from, to)?;
    let business = host.business();
    let tiles = tiles(host, from, to)?;
    let insights = host.store().insights(&InsightFilter {
        from: Some(from),
        to: Some(to),
        limit: 200,
        ..InsightFilter::default()
    })?;
    let mut decisions = host.store().decisions(&DecisionFilter { limit: 2_000, ..DecisionFilter::default() })?;
    decisions.retain(|d| {
        (from..to).contains(&d.created_at) || d.outcome.as_ref().is_some_and(|o| (from..to).contains(&o.at))
    });
    let waiting = decisions.iter().filter(|d| d.state == epoch_model::decision::State::Pending).count();
    Ok(ReportData {
        lead: today_lead(&tiles, waiting, host.store().count(None)),
        kpis: tiles.into_iter().map(|t| section(host, t, from, to)).collect::<Result<_>>()?,
        insights,
        decisions,
        notes: vec![
            "Bands are what the engine expected before each bucket closed: 80 % of values should lie inside.".into(),
            "Outcomes compare with the forecast for doing nothing; they are observations, not experiments.".into(),
        ],
        business: business.name,
        currency: business.currency,
        currency_digits: business.currency_digits,
        timezone: business.timezone,
        from,
        to,
        generated_at: host.now(),
        version: env!("CARGO_PKG_VERSION").into(),
    })
}

fn section(host: &Host, tile: KpiTile, from: Millis, to: Millis) -> Result<KpiSection> {
    let key = &tile.metric.key;
    let days = (to - from) / epoch_model::time::DAY;
    let grain = if days <= 120 { Grain::Day } else { Grain::Week };
    let query = |by: Option<String>| SeriesQuery { metric: key.clone(), from, to, grain, by };
    let mut whole = host.store().series(&query(None))?;
    let series =
        whole.pop().ok_or_else(|| Error::new(Code::NotFound, format!("there is no metric “{key}”"), "see the list"))?;
    let mut segments = Vec::new();
    for segment in &tile.metric.segments {
        let sum = series.total.numerator;
        for one in host.store().series(&query(Some(segment.clone())))?.into_iter().take(SEGMENT_VALUES_MAX) {
            let (Some(value), Some(amount)) = (one.segment, one.total.value) else { continue };
            let share = if sum == 0.0 { 0.0 } else { one.total.numerator / sum };
            segments.push(SegmentShare { segment: segment.clone(), value, amount, share });
        }
    }
    let band = if grain == tile.metric.grain {
        tile.band.iter().map(|b| Band { start: b.start, p10: b.p10, p50: b.p50, p90: b.p90 }).collect()
    } else {
        Vec::new()
    };
    Ok(KpiSection {
        key: tile.metric.key,
        title: tile.metric.title,
        definition: tile.metric.definition,
        format: tile.metric.format,
        unit: tile.metric.unit,
        better: tile.metric.better,
        value: tile.value,
        previous: tile.previous,
        change: tile.change,
        series,
        band,
        goal: tile.goal.map(|g| (g.target, g.by)),
        note: tile.note,
        segments,
    })
}

/// Makes a report and writes it.
pub(crate) fn make(host: &Host, args: &ReportArgs) -> Result<ReportFile> {
    let kind = kind(&args.format)?;
    let (from, to) = range(host, args.from, args.to)?;
    let bytes = render(host, Some(from), Some(to), kind)?;
    let path = if let Some(path) = &args.path {
        PathBuf::from(path)
    } else {
        let dir = host.folder().reports();
        std::fs::create_dir_all(&dir).map_err(|e| io_error(&dir, &e))?;
        let day = |at: Millis| host.zone().local(at).map_or_else(String::new, |d| d.date().to_string());
        dir.join(format!("report-{}-to-{}.{}", day(from), day(to - 1), args.format))
    };
    write_whole(&path, &bytes)?;
    file(&path).ok_or_else(|| Error::new(Code::NotFound, format!("{} is gone", path.display()), "make it again"))
}

fn file(path: &Path) -> Option<ReportFile> {
    let meta = std::fs::metadata(path).ok()?;
    let at = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(ReportFile {
        path: path.display().to_string(),
        name: path.file_name()?.to_string_lossy().into_owned(),
        format: path.extension()?.to_string_lossy().into_owned(),
        bytes: meta.len(),
        at: i64::try_from(at.as_millis()).ok()?,
    })
}

pub(crate) fn list(host: &Host) -> ReportsView {
    let folder = host.folder().reports();
    // No folder yet means no report yet.
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut reports: Vec<ReportFile> = files.filter_map(|f| file(&f.path())).collect();
    reports.retain(|r| ["pdf", "html", "csv", "xlsx"].contains(&r.format.as_str()));
    reports.sort_by_key(|r| std::cmp::Reverse(r.at));
    ReportsView { reports, folder: folder.display().to_string() }
}

pub(crate) fn preview(host: &Host, args: &RangeArgs) -> Result<ReportPreview> {
    let bytes = render(host, args.from, args.to, Kind::Html)?;
    Ok(ReportPreview { html: String::from_utf8_lossy(&bytes).into_owned() })
}
