//! The report as a workbook: KPIs, Series (one row per metric and bucket), Insights, Decisions, Segments. Dates and
//! numbers are real ones with formats; texts are texts, whatever they look like. Times are the business's local ones.

mod sheets;

use epoch_model::business::Format as Shape;
use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use crate::data::ReportData;
use crate::format::{self, Currency};

/// Excel's limit is 32,767 UTF-16 units.
const TEXT_UNITS_MAX: usize = 32_000;
/// Excel's limit of rows, less the head.
const ROWS_MAX: usize = 1_048_575;

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the workbook cannot be written: {cause}"), "report this with the log")
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Blank,
    Text(String),
    /// A number with how it is shown.
    Number(f64, Look),
    /// An instant, shown with its time of day.
    Time(Millis),
}

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    General,
    Whole,
    Money,
    Share,
    Seconds,
}

impl From<Shape> for Look {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Number => Self::General,
            Shape::Integer => Self::Whole,
            Shape::Money => Self::Money,
            Shape::Percent => Self::Share,
            Shape::Duration => Self::Seconds,
        }
    }
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(value: impl Into<Option<f64>>, look: impl Into<Look>) -> Cell {
    value.into().filter(|v| v.is_finite()).map_or(Cell::Blank, |v| Cell::Number(v, look.into()))
}

/// A sheet before it is written: heads with column widths (in characters), then rows.
struct Sheet {
    name: &'static str,
    columns: Vec<(&'static str, f64)>,
    rows: Vec<Vec<Cell>>,
}

/// Renders the workbook.
pub(crate) fn render(data: &ReportData, zone: &Zone) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let made = excel(&format::iso(data.generated_at))
        .or_else(|| ExcelDateTime::from_ymd(1970, 1, 1).ok())
        .ok_or_else(|| failed("its date"))?;
    let title = format!("{}: {}", data.business, format::span(data.from, data.to, zone));
    let properties = DocProperties::new()
        .set_title(clipped(&title, 250))
        .set_author(format!("EpochCore {}", data.version))
        .set_creation_datetime(&made);
    book.set_properties(&properties);
    let looks = Looks::new(data);
    for sheet in sheets::all(data) {
        let page = book.add_worksheet();
        write(page, &sheet, &looks, zone).map_err(failed)?;
    }
    book.save_to_buffer().map_err(failed)
}

struct Looks {
    head: Format,
    text: Format,
    time: Format,
    general: Format,
    whole: Format,
    money: Format,
    share: Format,
    seconds: Format,
}

impl Looks {
    fn new(data: &ReportData) -> Self {
        let currency = Currency { code: &data.currency, digits: data.currency_digits };
        let symbol = format::money_major(0.0, &currency).replace(['0', '"'], "");
        let places = usize::try_from(data.currency_digits.min(6)).unwrap_or(2);
        let digits = if places == 0 { "#,##0".to_owned() } else { format!("#,##0.{}", "0".repeat(places)) };
        let shown = |code: &str| Format::new().set_num_format(code);
        Self {
            head: Format::new().set_bold(),
            text: Format::new().set_text_wrap(),
            time: shown("yyyy-mm-dd hh:mm"),
            general: shown("General"),
            whole: shown("#,##0"),
            money: shown(&format!("\"{symbol}\"{digits};-\"{symbol}\"{digits}")),
            share: shown("0.00%"),
            seconds: shown("#,##0.0\" s\""),
        }
    }

    fn of(&self, look: Look) -> &Format {
        match look {
            Look::General => &self.general,
            Look::Whole => &self.whole,
            Look::Money => &self.money,
            Look::Share => &self.share,
            Look::Seconds => &self.seconds,
        }
    }
}

fn write(
    page: &mut Worksheet,
    sheet: &Sheet,
    looks: &Looks,
    zone: &Zone,
) -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
    page.set_name(sheet.name)?;
    page.set_freeze_panes(1, 0)?;
    for (column, (head, width)) in (0u16..).zip(&sheet.columns) {
        page.set_column_width(column, *width)?;
        page.write_string_with_format(0, column, *head, &looks.head)?;
    }
    for (row, cells) in (1u32..).zip(sheet.rows.iter().take(ROWS_MAX)) {
        for (column, cell) in (0u16..).zip(cells) {
            match cell {
                Cell::Blank => {}
                Cell::Text(t) => {
                    page.write_string_with_format(row, column, clipped(t, TEXT_UNITS_MAX), &looks.text)?;
                }
                Cell::Number(value, look) => {
                    page.write_number_with_format(row, column, *value, looks.of(*look))?;
                }
                Cell::Time(at) => {
                    if let Some(time) = zone.local(*at).and_then(|d| excel(&d.to_string())) {
                        page.write_datetime_with_format(row, column, &time, &looks.time)?;
                    }
                }
            }
        }
    }
    if let (Some(last), Ok(rows)) = (sheet.columns.len().checked_sub(1), u32::try_from(sheet.rows.len().min(ROWS_MAX)))
        && rows > 0
    {
        page.autofilter(0, 0, rows, u16::try_from(last).unwrap_or(u16::MAX))?;
    }
    Ok(())
}

/// A date from `2026-11-22T09:41:12`, with or without what follows.
fn excel(iso: &str) -> Option<ExcelDateTime> {
    ExcelDateTime::parse_from_str(iso.get(..19)?).ok()
}

/// At most this many UTF-16 units, with an ellipsis where something is left out.
fn clipped(text: &str, units_max: usize) -> String {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > units_max {
            return format!("{}…", text.get(..at).unwrap_or_default());
        }
    }
    text.to_owned()
}
