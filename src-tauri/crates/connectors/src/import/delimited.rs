//! Delimited text: quoting, quoted line breaks, ragged and over-long lines, in constant memory.

use encoding_rs::WINDOWS_1252;
use epoch_model::Result;
use memchr::{memchr, memchr2};

use super::feed::Feed;
use super::record::{FIELD_BYTES_MAX, Kind, RECORD_BYTES_MAX, Reason, Record, Rows};

const QUOTE: u8 = b'"';

/// How fields are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// A space stands for runs of spaces (aligned columns).
    pub delimiter: char,
    /// Lines end with a carriage return alone.
    pub cr_only: bool,
}

impl Dialect {
    fn line_end(&self) -> u8 {
        if self.cr_only { b'\r' } else { b'\n' }
    }
}

/// What to do with a line that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// The encoding was guessed: such a line is windows-1252.
    Recode,
    /// The encoding was stated: such a line is refused.
    Refuse,
}

/// Rows of delimited text (UTF-8 by now).
pub struct Delimited {
    pub feed: Feed,
    dialect: Dialect,
    invalid: Invalid,
    line: u64,
    recoded: u64,
    out: Vec<u8>,
    spans: Vec<(usize, usize)>,
}

/// How splitting a row ended.
enum Split {
    /// Bytes taken, line ends among them, and whether the last one is there.
    Whole {
        bytes: usize,
        lines: u64,
        terminated: bool,
    },
    /// The row goes on after the window.
    More,
    Bad(Reason),
}

impl Delimited {
    pub fn new(feed: Feed, dialect: Dialect, invalid: Invalid) -> Self {
        Self { feed, dialect, invalid, line: 1, recoded: 0, out: Vec::new(), spans: Vec::new() }
    }

    /// Drops what follows up to the next line end, which was too long to keep.
    fn skip_line(&mut self) -> Result<()> {
        let end = self.dialect.line_end();
        loop {
            let window = self.feed.window();
            if let Some(at) = memchr(end, window) {
                self.feed.advance(at + 1);
                return Ok(());
            }
            let all = window.len();
            self.feed.advance(all);
            if !self.feed.fill()? {
                return Ok(());
            }
        }
    }

    /// Takes the first line of the window only, as a bad row; what follows is read afresh.
    fn take_bad_line(&mut self, record: &mut Record, reason: Reason) -> Result<()> {
        let window = self.feed.window();
        let end = memchr(self.dialect.line_end(), window);
        record.raw.extend_from_slice(&window[..end.unwrap_or(window.len()).min(RECORD_BYTES_MAX).min(4096)]);
        record.bad(
            reason,
            match reason {
                Reason::UnclosedQuote => format!("a quote is opened and not closed within {FIELD_BYTES_MAX} bytes"),
                Reason::BadQuote => "there is text after a closing quote".to_owned(),
                Reason::FieldTooLong => format!("a field is longer than {FIELD_BYTES_MAX} bytes"),
                _ => format!("the line is longer than {RECORD_BYTES_MAX} bytes"),
            },
        );
        match end {
            Some(at) => self.feed.advance(at + 1),
            None => self.skip_line()?,
        }
        self.line = self.line.saturating_add(1);
        Ok(())
    }

    fn finish(&mut self, record: &mut Record, bytes: usize) {
        let raw = &self.feed.window()[..bytes];
        let raw = raw.strip_suffix(&[self.dialect.line_end()]).unwrap_or(raw);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        record.raw.extend_from_slice(raw);
        if is_blank(raw, self.dialect.delimiter) {
            record.kind = Kind::Blank;
            return;
        }
        record.kind = Kind::Fields;
        if memchr(0, raw).is_some() {
            record.bad(Reason::NulByte, "the line holds a NUL byte");
            return;
        }
        match std::str::from_utf8(&self.out) {
            Ok(text) => record.set(text, &self.spans),
            Err(_) if self.invalid == Invalid::Refuse => {
                record.bad(Reason::BadEncoding, "the line is not valid in the stated encoding");
            }
            Err(_) => {
                self.recoded = self.recoded.saturating_add(1);
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(raw);
                self.out.clear();
                self.spans.clear();
                split(text.as_bytes(), true, &self.dialect, &mut self.out, &mut self.spans);
                record.set(&String::from_utf8_lossy(&self.out), &self.spans);
            }
        }
    }
}

impl Rows for Delimited {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.clear(self.line);
        loop {
            if self.feed.window().is_empty() && !self.feed.fill()? {
                return Ok(false);
            }
            self.out.clear();
            self.spans.clear();
            let eof = self.feed.eof();
            match split(self.feed.window(), eof, &self.dialect, &mut self.out, &mut self.spans) {
                Split::Whole { bytes, lines, terminated } => {
                    record.unterminated = !terminated;
                    if !terminated && self.feed.leave_tail()? {
                        return Ok(false);
                    }
                    self.finish(record, bytes);
                    self.feed.advance(bytes);
                    self.line = self.line.saturating_add(lines);
                    return Ok(true);
                }
                Split::More if self.feed.window().len() > RECORD_BYTES_MAX => {
                    self.take_bad_line(record, Reason::LineTooLong)?;
                    return Ok(true);
                }
                Split::More => {
                    self.feed.fill()?;
                }
                Split::Bad(reason) => {
                    if reason == Reason::UnclosedQuote && eof && self.feed.leave_tail()? {
                        return Ok(false);
                    }
                    self.take_bad_line(record, reason)?;
                    return Ok(true);
                }
            }
        }
    }

    fn recoded(&self) -> u64 {
        self.recoded
    }

    fn left(&self) -> bool {
        self.feed.left
    }
}

fn is_blank(raw: &[u8], delimiter: char) -> bool {
    let delimiter = u8::try_from(delimiter).unwrap_or(b' ');
    raw.iter().all(|b| matches!(*b, b' ' | b'\t' | b'\r' | QUOTE) || *b == delimiter)
}

/// Splits the first row of `input` into `out` (fields without quotes) and `spans` (where they are in it).
fn split(input: &[u8], eof: bool, dialect: &Dialect, out: &mut Vec<u8>, spans: &mut Vec<(usize, usize)>) -> Split {
    let end = dialect.line_end();
    let stop = memchr(end, input);
    if stop.is_none() && !eof {
        return Split::More;
    }
    let line = &input[..stop.unwrap_or(input.len())];
    if dialect.delimiter == ' ' || memchr(QUOTE, line).is_none() {
        let bytes = line.len() + usize::from(stop.is_some());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > RECORD_BYTES_MAX {
            return Split::Bad(Reason::LineTooLong);
        }
        out.extend_from_slice(line);
        plain(line, dialect.delimiter, spans);
        if line.len() > FIELD_BYTES_MAX && spans.iter().any(|(a, b)| b - a > FIELD_BYTES_MAX) {
            return Split::Bad(Reason::FieldTooLong);
        }
        return Split::Whole { bytes, lines: 1, terminated: stop.is_some() };
    }
    quoted(input, eof, dialect, out, spans)
}

/// Fields of a line without quotes.
fn plain(line: &[u8], delimiter: char, spans: &mut Vec<(usize, usize)>) {
    if delimiter == ' ' {
        let mut start = None;
        for (i, b) in line.iter().enumerate() {
            match (b.is_ascii_whitespace(), start) {
                (false, None) => start = Some(i),
                (true, Some(from)) => {
                    spans.push((from, i));
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            spans.push((from, line.len()));
        }
        return;
    }
    let mut bytes = [0; 4];
    let delimiter = delimiter.encode_utf8(&mut bytes).as_bytes();
    let mut from = 0;
    if let [one] = delimiter {
        for at in memchr::memchr_iter(*one, line) {
            spans.push((from, at));
            from = at + 1;
        }
    } else {
        for at in memchr::memmem::find_iter(line, delimiter) {
            spans.push((from, at));
            from = at + delimiter.len();
        }
    }
    spans.push((from, line.len()));
}

/// A row with quotes, which may hold line ends. A quote opens only at the start of a field; a closing quote ends it, and
/// anything but spaces after it means that the quotes do not belong together.
fn quoted(input: &[u8], eof: bool, dialect: &Dialect, out: &mut Vec<u8>, spans: &mut Vec<(usize, usize)>) -> Split {
    let end = dialect.line_end();
    let mut bytes = [0; 4];
    let delimiter = dialect.delimiter.encode_utf8(&mut bytes).as_bytes();
    let first = delimiter[0];
    let (mut at, mut lines) = (0, 1);
    loop {
        let field = out.len();
        if input.get(at) == Some(&QUOTE) {
            at += 1;
            loop {
                let Some(close) = memchr(QUOTE, &input[at..]) else {
                    let open = out.len() - field + (input.len() - at);
                    return if eof || open > FIELD_BYTES_MAX { Split::Bad(Reason::UnclosedQuote) } else { Split::More };
                };
                let text = &input[at..at + close];
                out.extend_from_slice(text);
                lines += memchr::memchr_iter(end, text).count() as u64;
                at += close + 1;
                match input.get(at) {
                    Some(&QUOTE) => {
                        out.push(QUOTE);
                        at += 1;
                    }
                    None if !eof => return Split::More,
                    _ => break,
                }
            }
            let after = &input[at..];
            let pad = after.iter().take_while(|b| **b == b' ').count();
            let next = &after[pad..];
            if !(next.is_empty() || next.starts_with(delimiter) || matches!(next[0], b'\r' | b'\n')) {
                return Split::Bad(Reason::BadQuote);
            }
            at += pad;
        }
        loop {
            let rest = &input[at..];
            let Some(hit) = memchr2(first, end, rest) else {
                if !eof {
                    return Split::More;
                }
                out.extend_from_slice(rest);
                return whole(out, spans, field, input.len(), lines, false);
            };
            out.extend_from_slice(&rest[..hit]);
            if rest[hit] == end && first != end {
                if out.len() > field && out.last() == Some(&b'\r') && rest[..hit].ends_with(b"\r") {
                    out.pop();
                }
                return whole(out, spans, field, at + hit + 1, lines, true);
            }
            if rest[hit..].starts_with(delimiter) {
                at += hit + delimiter.len();
                break;
            }
            out.push(rest[hit]);
            at += hit + 1;
        }
        if out.len() - field > FIELD_BYTES_MAX {
            return Split::Bad(Reason::FieldTooLong);
        }
        spans.push((field, out.len()));
    }
}

fn whole(
    out: &[u8],
    spans: &mut Vec<(usize, usize)>,
    field: usize,
    bytes: usize,
    lines: u64,
    terminated: bool,
) -> Split {
    if out.len() - field > FIELD_BYTES_MAX {
        return Split::Bad(Reason::FieldTooLong);
    }
    spans.push((field, out.len()));
    Split::Whole { bytes, lines, terminated }
}

/// The fields of the first rows of a text, for guessing.
pub fn split_text(text: &[u8], dialect: &Dialect, rows: usize) -> Vec<Vec<String>> {
    let (mut found, mut rest) = (Vec::new(), text);
    let (mut out, mut spans) = (Vec::new(), Vec::new());
    while !rest.is_empty() && found.len() < rows {
        out.clear();
        spans.clear();
        let bytes = match split(rest, true, dialect, &mut out, &mut spans) {
            Split::Whole { bytes, .. } => bytes,
            Split::More | Split::Bad(_) => {
                spans.clear();
                memchr(dialect.line_end(), rest).map_or(rest.len(), |at| at + 1)
            }
        };
        if !spans.is_empty() {
            let field = |(a, b): &(usize, usize)| String::from_utf8_lossy(&out[*a..*b]).into_owned();
            found.push(spans.iter().map(field).collect());
        }
        rest = &rest[bytes..];
    }
    found
}
