//! What a file is: format, encoding, delimiter, header, decimal mark, each found from the content and said with a reason.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::rc::Rc;

use encoding_rs::UTF_8;
use epoch_model::Result;
use epoch_model::business::Mapping;

use super::bytes::{Source, read_full, unreadable};
use super::delimited::{Delimited, Dialect, Invalid};
use super::dialect;
use super::encoding::{self, Charset, Utf8Reader};
use super::feed::Feed;
use super::header;
use super::json;
use super::record::{Kind, Record, Rows};
use super::sheet::Sheet;
use super::types::{FileFormat, Finding, PreviewProblem};

/// Bytes looked at from the start.
const HEAD_BYTES: usize = 512 * 1024;
/// Further places looked at in a large file, and how much of each.
const PLACES: u64 = 8;
const PLACE_BYTES: usize = 48 * 1024;
/// Rows looked at from the start and at each further place.
const HEAD_ROWS: usize = 2000;
const PLACE_ROWS: usize = 200;

/// A file that was looked at.
pub struct Sniffed {
    pub source: Rc<Source>,
    pub format: FileFormat,
    pub charset: Charset,
    pub dialect: Dialect,
    /// Rows before the first one with data: preamble and header.
    pub skip: u64,
    /// Names of the columns; `None` for JSON.
    pub columns: Option<Vec<String>>,
    pub decimal: char,
    pub findings: Vec<Finding>,
    pub problems: Vec<PreviewProblem>,
    /// Rows with data: the first ones, then some of further places.
    pub sample: Vec<Record>,
    /// How many of them are from the start.
    pub head_rows: usize,
    /// Bytes of these first rows (decoded), for the estimate of all.
    pub head_bytes: usize,
    /// Whether the first rows are the whole file.
    pub whole: bool,
    pub sheets: Vec<String>,
    sheet: Option<Sheet>,
}

pub fn finding(what: &str, value: impl Into<String>, confidence: f64, reason: impl Into<String>) -> Finding {
    Finding { what: what.into(), value: value.into(), confidence, reason: reason.into() }
}

impl Sniffed {
    /// Looks at a file. `mapping` overrides what it states.
    pub fn open(path: &Path, mapping: Option<&Mapping>) -> Result<Self> {
        let source = Rc::new(Source::open(path)?);
        let mut head = vec![0; HEAD_BYTES];
        let n = read_full(&mut *source.reader(0)?, &mut head)
            .or_else(|e| if source.gzip { first_part(&source, &mut head) } else { Err(source.fail(&e)) })?;
        head.truncate(n);
        let mut found = Self {
            format: FileFormat::Csv,
            charset: encoding::guess(b"", &[]),
            dialect: Dialect { delimiter: ',', cr_only: false },
            skip: 0,
            columns: None,
            decimal: '.',
            findings: Vec::new(),
            problems: Vec::new(),
            sample: Vec::new(),
            head_rows: 0,
            head_bytes: 0,
            whole: false,
            sheets: Vec::new(),
            sheet: None,
            source,
        };
        if found.source.gzip {
            found.findings.push(finding("compression", "gzip", 1.0, "the file starts with gzip's signature"));
        }
        refuse_foreign(path, &head)?;
        if head.starts_with(b"PK\x03\x04") {
            found.open_sheet(path, mapping)?;
        } else {
            found.open_text(path, mapping, &head)?;
        }
        found.take_sample()?;
        if found.format != FileFormat::Json && found.format != FileFormat::Jsonl {
            header::find(&mut found, mapping);
        }
        super::decimal::find(&mut found, mapping);
        Ok(found)
    }

    fn open_sheet(&mut self, path: &Path, mapping: Option<&Mapping>) -> Result<()> {
        if self.source.gzip {
            return Err(unreadable(path, "is a workbook within gzip", "unpack it first"));
        }
        let sheet = Sheet::open(path, mapping.and_then(|m| m.sheet.as_deref()))?;
        self.format = FileFormat::Xlsx;
        self.findings.push(finding("format", "xlsx", 1.0, "it is a workbook"));
        self.findings.push(finding(
            "sheet",
            sheet.chosen.clone(),
            1.0,
            "the first sheet with anything on it, or the stated one",
        ));
        self.sheets.clone_from(&sheet.sheets);
        self.sheet = Some(sheet);
        Ok(())
    }

    fn open_text(&mut self, path: &Path, mapping: Option<&Mapping>, head: &[u8]) -> Result<()> {
        let places = self.places()?;
        self.charset = match mapping.and_then(|m| m.encoding.as_deref()).filter(|e| !e.is_empty()) {
            Some(label) => encoding::stated(label)?,
            None => encoding::guess(head, &places),
        };
        let c = &self.charset;
        self.findings.push(finding("encoding", c.encoding.name().to_ascii_lowercase(), c.confidence, c.reason.clone()));
        let mut text = Vec::new();
        let mut decoded =
            Utf8Reader::new(Box::new(Cursor::new(head.to_vec())), self.charset.encoding).take(4 * HEAD_BYTES as u64);
        decoded.read_to_end(&mut text).map_err(|e| self.source.fail(&e))?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let odd = text
            .iter()
            .filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x01 | 0x1e | 0x1f))
            .count();
        if odd * 10 > text.len() * 3 && text.len() > 64 {
            return Err(unreadable(path, "is not text, JSON or a workbook", "export it as CSV, JSON lines or .xlsx"));
        }
        let (format, why) = json_or_csv(text);
        self.format = format;
        let name = match format {
            FileFormat::Jsonl => "jsonl",
            FileFormat::Json => "json",
            _ => "csv",
        };
        self.findings.push(finding("format", name, 0.95, why));
        if format == FileFormat::Csv {
            let hint = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            let guess = dialect::guess(text, hint, mapping.and_then(|m| m.delimiter));
            self.findings.push(finding("delimiter", guess.dialect.delimiter, guess.confidence, guess.reason));
            self.dialect = guess.dialect;
            self.skip = guess.skip;
        }
        Ok(())
    }

    /// Pieces of a large plain file beyond its start.
    fn places(&self) -> Result<Vec<Vec<u8>>> {
        let mut pieces = Vec::new();
        if self.source.gzip || self.source.len < 2 * HEAD_BYTES as u64 {
            return Ok(pieces);
        }
        for i in 1..=PLACES {
            // Whole units of the widest encoding.
            let at = (self.source.len.saturating_sub(PLACE_BYTES as u64) / PLACES * i) & !3;
            let mut piece = vec![0; PLACE_BYTES];
            let n = read_full(&mut *self.source.reader(at)?, &mut piece).map_err(|e| self.source.fail(&e))?;
            piece.truncate(n);
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Rows from the first one with data.
    pub fn rows(&mut self) -> Result<Box<dyn Rows>> {
        let mut rows = self.all_rows()?;
        let mut record = Record::default();
        for _ in 0..self.skip {
            rows.next(&mut record)?;
        }
        Ok(rows)
    }

    fn all_rows(&mut self) -> Result<Box<dyn Rows>> {
        if let Some(mut sheet) = self.sheet.take() {
            sheet.rewind();
            return Ok(Box::new(sheet));
        }
        if self.format == FileFormat::Xlsx {
            let chosen = self.findings.iter().find(|f| f.what == "sheet").map(|f| f.value.clone());
            return Ok(Box::new(Sheet::open(self.source.path(), chosen.as_deref().filter(|c| !c.is_empty()))?));
        }
        let input = self.source.reader(0)?;
        Ok(self.text_rows(input))
    }

    fn text_rows(&self, input: Box<dyn std::io::Read>) -> Box<dyn Rows> {
        let utf8 = self.charset.encoding == UTF_8;
        let input = if utf8 { input } else { Box::new(Utf8Reader::new(input, self.charset.encoding)) };
        let feed = Feed::new(Rc::clone(&self.source), input);
        match self.format {
            FileFormat::Jsonl => Box::new(json::Lines::new(feed)),
            FileFormat::Json => Box::new(json::Stream::new(feed)),
            FileFormat::Csv | FileFormat::Xlsx => {
                let invalid = if self.charset.stated { Invalid::Refuse } else { Invalid::Recode };
                Box::new(Delimited::new(feed, self.dialect.clone(), invalid))
            }
        }
    }

    fn take_sample(&mut self) -> Result<()> {
        let mut rows = self.rows()?;
        let mut record = Record::default();
        while self.sample.len() < HEAD_ROWS && self.head_bytes < HEAD_BYTES {
            if !rows.next(&mut record)? {
                self.whole = true;
                break;
            }
            self.head_bytes += record.raw.len() + 1;
            self.sample.push(std::mem::take(&mut record));
        }
        self.head_rows = self.sample.len();
        if self.whole || self.format != FileFormat::Csv {
            return Ok(());
        }
        let width = self.sample.first().map_or(0, Record::len);
        for mut piece in self.places()? {
            let end = if self.dialect.cr_only { b'\r' } else { b'\n' };
            let Some(last) = memchr::memrchr(end, &piece) else { continue };
            let unit = if self.charset.encoding == UTF_8 { 1 } else { 4 };
            piece.truncate(if unit == 1 { last + 1 } else { piece.len() & !(unit - 1) });
            let mut rows = self.text_rows(Box::new(Cursor::new(piece)));
            rows.next(&mut record)?;
            for _ in 0..PLACE_ROWS {
                if !rows.next(&mut record)? || record.unterminated {
                    break;
                }
                if record.kind == Kind::Fields && record.len() == width {
                    self.sample.push(std::mem::take(&mut record));
                }
            }
        }
        Ok(())
    }
}

/// The part of a damaged or unfinished gzip file that can be unpacked.
fn first_part(source: &Source, head: &mut [u8]) -> Result<usize> {
    let mut reader = source.reader(0)?;
    let mut n = 0;
    while let Some(room) = head.get_mut(n..).filter(|r| !r.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if n == 0 => return Err(source.fail(&e)),
            Err(_) => break,
        }
    }
    Ok(n)
}

/// Known formats that cannot be read here.
fn refuse_foreign(path: &Path, head: &[u8]) -> Result<()> {
    let known: [(&[u8], &str, &str); 10] = [
        (b"\xd0\xcf\x11\xe0", "is an Excel workbook of before 2007", "save it as .xlsx or CSV"),
        (b"%PDF", "is a PDF", "export the data itself, as CSV or .xlsx"),
        (b"PAR1", "is a Parquet file", "export it as CSV or JSON lines"),
        (b"SQLite format 3", "is an SQLite database", "export the table as CSV"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd", "unpack it first, or pack it with gzip"),
        (b"BZh", "is packed with bzip2", "unpack it first, or pack it with gzip"),
        (b"\xfd7zXZ", "is packed with xz", "unpack it first, or pack it with gzip"),
        (b"7z\xbc\xaf", "is a 7z archive", "unpack it first"),
        (b"\x89PNG", "is a picture", "export the data itself, as CSV or .xlsx"),
        (b"\xff\xd8\xff", "is a picture", "export the data itself, as CSV or .xlsx"),
    ];
    match known.iter().find(|(magic, ..)| head.starts_with(magic)) {
        // Text may begin with `BZh`, too; what follows tells.
        Some((b"BZh", ..)) if head.get(4..7).is_none_or(|b| b != b"1AY") => Ok(()),
        Some((_, what, hint)) => Err(unreadable(path, what, hint)),
        None => Ok(()),
    }
}

fn json_or_csv(text: &[u8]) -> (FileFormat, &'static str) {
    let start = text.trim_ascii_start();
    match start.first() {
        Some(b'[') if start[1..].trim_ascii_start().first().is_none_or(|b| matches!(b, b'{' | b']')) => {
            (FileFormat::Json, "it starts with a bracket and an object")
        }
        Some(b'{') => {
            let line = start.split(|b| *b == b'\n').next().unwrap_or(start);
            let inside = line[1..].trim_ascii_start();
            if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok() {
                (FileFormat::Jsonl, "the first line is a JSON object")
            } else if inside.is_empty() {
                (FileFormat::Json, "it starts with an object over several lines")
            } else if inside.first() == Some(&b'"') {
                (FileFormat::Jsonl, "the first line looks like a JSON object")
            } else {
                (FileFormat::Csv, "lines of text with a delimiter")
            }
        }
        _ => (FileFormat::Csv, "lines of text with a delimiter"),
    }
}
