//! One row of a file, whatever the format, and the reader that gives one after the other.

use epoch_model::Result;

/// The longest field, in bytes; a longer one rejects its line.
pub const FIELD_BYTES_MAX: usize = 1024 * 1024;
/// The longest row, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a row cannot be used; the closed list of reasons in the report of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    FieldTooLong,
    LineTooLong,
    UnclosedQuote,
    BadQuote,
    TooManyFields,
    TooFewFields,
    NulByte,
    BadEncoding,
    BadJson,
    NotAnObject,
    NoTime,
    BadTime,
    TimeOutOfRange,
    NoEventName,
    BadExpression,
    TooLarge,
    Incomplete,
    RefusedByStore,
}

impl Reason {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FieldTooLong => "field_too_long",
            Self::LineTooLong => "line_too_long",
            Self::UnclosedQuote => "unclosed_quote",
            Self::BadQuote => "bad_quote",
            Self::TooManyFields => "too_many_fields",
            Self::TooFewFields => "too_few_fields",
            Self::NulByte => "nul_byte",
            Self::BadEncoding => "bad_encoding",
            Self::BadJson => "bad_json",
            Self::NotAnObject => "not_an_object",
            Self::NoTime => "no_time",
            Self::BadTime => "bad_time",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::NoEventName => "no_event_name",
            Self::BadExpression => "bad_expression",
            Self::TooLarge => "too_large",
            Self::Incomplete => "incomplete",
            Self::RefusedByStore => "refused_by_store",
        }
    }
}

/// What kind of row was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Fields of a delimited line or a workbook's row.
    Fields,
    /// A JSON value, in `raw`.
    Json,
    /// Nothing on it.
    Blank,
    /// Cannot be read as a row.
    Bad(Reason, String),
}

/// One row.
#[derive(Debug)]
pub struct Record {
    /// Line of the file it starts on (row of the sheet), from 1.
    pub line: u64,
    /// The bytes as they stand in the file (UTF-8), without the line's end; cut when over-long.
    pub raw: Vec<u8>,
    pub kind: Kind,
    /// The end of the file came before the end of the line.
    pub unterminated: bool,
    text: String,
    spans: Vec<(usize, usize)>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            line: 0,
            raw: Vec::new(),
            kind: Kind::Blank,
            unterminated: false,
            text: String::new(),
            spans: Vec::new(),
        }
    }
}

impl Record {
    pub fn clear(&mut self, line: u64) {
        self.line = line;
        self.raw.clear();
        self.kind = Kind::Blank;
        self.unterminated = false;
        self.text.clear();
        self.spans.clear();
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The field at `index`, as text.
    pub fn get(&self, index: usize) -> Option<&str> {
        let (start, end) = *self.spans.get(index)?;
        self.text.get(start..end)
    }

    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i).unwrap_or_default())
    }

    /// Appends a field.
    pub fn push(&mut self, field: &str) {
        let start = self.text.len();
        self.text.push_str(field);
        self.spans.push((start, self.text.len()));
    }

    /// Takes `text` as a whole, with the places of the fields in it.
    pub fn set(&mut self, text: &str, spans: &[(usize, usize)]) {
        self.text.push_str(text);
        self.spans.extend_from_slice(spans);
    }

    pub fn bad(&mut self, reason: Reason, why: impl Into<String>) {
        self.kind = Kind::Bad(reason, why.into());
    }

    /// The row as text, cut to 2 KiB.
    pub fn raw_text(&self) -> String {
        let cut = &self.raw[..self.raw.len().min(2048)];
        String::from_utf8_lossy(cut).into_owned()
    }
}

/// Gives one row after the other.
pub trait Rows {
    /// Fills `record` with the next row; `false` at the end. Errors are those of the file as a whole.
    fn next(&mut self, record: &mut Record) -> Result<bool>;
    /// Rows that were read in another encoding than the rest.
    fn recoded(&self) -> u64 {
        0
    }
    /// Parts read and all parts, where bytes read do not tell.
    fn share(&self) -> Option<(usize, usize)> {
        None
    }
    /// Whether an unfinished last row of a growing file was left for the next pass.
    fn left(&self) -> bool {
        false
    }
}
