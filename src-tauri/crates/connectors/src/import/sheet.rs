//! Excel workbooks: one sheet's rows as text, dates as ISO. A sheet is held in memory, up to a bound.

use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use epoch_model::{Error, Result};

use super::bytes::unreadable;
use super::record::{FIELD_BYTES_MAX, Kind, Reason, Record, Rows};

/// The largest workbook, on disk (a sheet holds at most a million rows, which is well below).
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The most text of one sheet.
const TEXT_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// The sheets of a workbook and one of them.
pub struct Sheet {
    pub sheets: Vec<String>,
    pub chosen: String,
    text: String,
    /// Row, column, end of the cell in `text`.
    cells: Vec<(u32, u32, usize)>,
    at: usize,
    row: u32,
    width: u32,
}

impl Sheet {
    /// Reads `sheet`, or the first one that is not empty.
    pub fn open(path: &Path, sheet: Option<&str>) -> Result<Self> {
        let damaged = |e: &dyn std::fmt::Display| -> Error {
            unreadable(path, &format!("is not a workbook that can be read: {e}"), "save it again as .xlsx, or as CSV")
        };
        let file = std::fs::File::open(path).map_err(|e| damaged(&e))?;
        if file.metadata().map_err(|e| damaged(&e))?.len() > FILE_BYTES_MAX {
            return Err(unreadable(path, "is larger than a workbook may be here (512 MB)", "save the sheet as CSV"));
        }
        let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(|e| damaged(&e))?;
        let sheets = book.sheet_names();
        let wanted: Vec<String> = match sheet {
            Some(name) if sheets.iter().any(|s| s == name) => vec![name.to_owned()],
            Some(name) => {
                return Err(Error::new(
                    epoch_model::Code::MappingInvalid,
                    format!("the workbook has no sheet “{name}”"),
                    format!("it has: {}", sheets.join(", ")),
                ));
            }
            None => sheets.clone(),
        };
        for name in wanted {
            let mut found = Self {
                sheets: sheets.clone(),
                chosen: name.clone(),
                text: String::new(),
                cells: vec![],
                at: 0,
                row: 0,
                width: 0,
            };
            // A chart sheet has no cells; the next one may.
            let Ok(mut reader) = book.worksheet_cells_reader(&name) else { continue };
            while let Some(cell) = reader.next_cell().map_err(|e| damaged(&e))? {
                let (row, column) = cell.get_position();
                found.width = found.width.max(column.saturating_add(1));
                write_cell(&mut found.text, cell.get_value());
                found.cells.push((row, column, found.text.len()));
                if found.text.len() > TEXT_BYTES_MAX {
                    return Err(unreadable(path, "holds more than 1 GB of text in one sheet", "save the sheet as CSV"));
                }
            }
            if !found.text.is_empty() || sheet.is_some() {
                found.row = found.cells.first().map_or(0, |c| c.0);
                return Ok(found);
            }
        }
        Ok(Self { sheets, chosen: String::new(), text: String::new(), cells: vec![], at: 0, row: 0, width: 0 })
    }

    /// Starts over.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.row = self.cells.first().map_or(0, |c| c.0);
    }
}

fn write_cell(text: &mut String, value: &DataRef<'_>) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = match value {
        DataRef::Int(n) => write!(text, "{n}"),
        DataRef::Float(n) => write!(text, "{n}"),
        DataRef::Bool(b) => write!(text, "{b}"),
        DataRef::String(s) => text.write_str(s),
        DataRef::SharedString(s) => text.write_str(s),
        DataRef::DateTime(t) => write_time(text, t),
        DataRef::DateTimeIso(t) | DataRef::DurationIso(t) => text.write_str(t),
        DataRef::Error(_) | DataRef::Empty => Ok(()),
    };
}

fn write_time(text: &mut String, time: &ExcelDateTime) -> std::fmt::Result {
    use std::fmt::Write as _;
    // A number below one is a time of day or a duration: there is no day in it.
    if time.is_duration() || time.as_f64() < 1.0 {
        return write!(text, "{}", time.as_f64());
    }
    let (y, mo, d, h, mi, s, ms) = time.to_ymd_hms_milli();
    write!(text, "{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}")?;
    if ms > 0 {
        write!(text, ".{ms:03}")?;
    }
    Ok(())
}

impl Rows for Sheet {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.clear(u64::from(self.row) + 1);
        if self.at >= self.cells.len() {
            return Ok(false);
        }
        let mut column = 0;
        while let Some((row, col, end)) = self.cells.get(self.at).copied() {
            if row != self.row {
                break;
            }
            let start = self.at.checked_sub(1).and_then(|i| self.cells.get(i)).map_or(0, |c| c.2);
            for _ in column..col {
                record.push("");
            }
            let cell = self.text.get(start..end).unwrap_or_default();
            record.push(cell);
            if !record.raw.is_empty() {
                record.raw.push(b'\t');
            }
            record.raw.extend_from_slice(cell.as_bytes());
            if cell.len() > FIELD_BYTES_MAX {
                record.bad(Reason::FieldTooLong, "a cell is too long");
            }
            column = col.saturating_add(1);
            self.at += 1;
        }
        // A sheet leaves out empty cells, at the end of a row too.
        for _ in column..self.width {
            record.push("");
        }
        if record.kind == Kind::Blank && record.fields().any(|f| !f.trim().is_empty()) {
            record.kind = Kind::Fields;
        }
        // Rows without any cell are not stored in a sheet; a gap is stepped over, and nothing is lost.
        self.row = self.cells.get(self.at).map_or(self.row, |c| c.0);
        Ok(true)
    }

    fn share(&self) -> Option<(usize, usize)> {
        Some((self.at, self.cells.len()))
    }
}
