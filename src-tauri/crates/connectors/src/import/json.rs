//! JSON: one value per line, or values one after another (an array, or pretty-printed), cut out without parsing the whole.

use epoch_model::Result;
use memchr::memchr;

use super::feed::Feed;
use super::record::{Kind, RECORD_BYTES_MAX, Reason, Record, Rows};

/// One value per line.
pub struct Lines {
    feed: Feed,
    line: u64,
}

impl Lines {
    pub fn new(feed: Feed) -> Self {
        Self { feed, line: 1 }
    }
}

fn too_long(record: &mut Record) {
    record.bad(Reason::LineTooLong, format!("the line is longer than {RECORD_BYTES_MAX} bytes"));
}

/// Sets kind and raw of a cut-out value.
fn take(record: &mut Record, raw: &[u8]) {
    let raw = raw.trim_ascii();
    record.raw.extend_from_slice(raw);
    record.kind = if raw.is_empty() { Kind::Blank } else { Kind::Json };
    if std::str::from_utf8(raw).is_err() {
        record.bad(Reason::BadEncoding, "the line is not valid UTF-8, which JSON must be");
    }
}

impl Rows for Lines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.clear(self.line);
        let mut seen = 0;
        loop {
            let window = self.feed.window();
            let end = memchr(b'\n', &window[seen..]).map(|at| at + seen);
            if let Some(at) = end {
                if at > RECORD_BYTES_MAX {
                    record.raw.extend_from_slice(&window[..4096]);
                    too_long(record);
                } else {
                    take(record, &window[..at]);
                }
                self.feed.advance(at + 1);
                self.line = self.line.saturating_add(1);
                return Ok(true);
            }
            seen = window.len();
            if seen > RECORD_BYTES_MAX {
                record.raw.extend_from_slice(&window[..4096]);
                too_long(record);
                self.skip_line()?;
                return Ok(true);
            }
            if self.feed.eof() || !self.feed.fill()? {
                if self.feed.window().is_empty() || self.feed.leave_tail()? {
                    return Ok(false);
                }
                record.unterminated = true;
                take(record, self.feed.window());
                self.feed.advance(usize::MAX);
                self.line = self.line.saturating_add(1);
                return Ok(true);
            }
        }
    }

    fn left(&self) -> bool {
        self.feed.left
    }
}

impl Lines {
    fn skip_line(&mut self) -> Result<()> {
        loop {
            if let Some(at) = memchr(b'\n', self.feed.window()) {
                self.feed.advance(at + 1);
                break;
            }
            self.feed.advance(usize::MAX);
            if !self.feed.fill()? {
                break;
            }
        }
        self.line = self.line.saturating_add(1);
        Ok(())
    }
}

/// Values one after another, between brackets, commas and white space.
pub struct Stream {
    feed: Feed,
    line: u64,
}

/// Where in a value the cut is.
#[derive(Default)]
struct Depth {
    open: u32,
    text: bool,
    escaped: bool,
}

impl Depth {
    /// Takes one byte; true when it completes an object or array.
    fn take(&mut self, b: u8) -> bool {
        if self.text {
            match b {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.text = false,
                _ => {}
            }
            return false;
        }
        match b {
            b'"' => self.text = true,
            b'{' | b'[' => self.open = self.open.saturating_add(1),
            b'}' | b']' => {
                self.open = self.open.saturating_sub(1);
                return self.open == 0;
            }
            _ => {}
        }
        false
    }
}

impl Stream {
    pub fn new(feed: Feed) -> Self {
        Self { feed, line: 1 }
    }

    fn newlines(bytes: &[u8]) -> u64 {
        memchr::memchr_iter(b'\n', bytes).count() as u64
    }

    /// Steps over what stands between values; false at the end.
    fn step_to_value(&mut self) -> Result<bool> {
        loop {
            let between = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b'[' | b']');
            let window = self.feed.window();
            let n = window.iter().take_while(|b| between(b)).count();
            self.line = self.line.saturating_add(Self::newlines(&window[..n]));
            let more = n < window.len();
            self.feed.advance(n);
            if more {
                return Ok(true);
            }
            if !self.feed.fill()? && self.feed.window().is_empty() {
                return Ok(false);
            }
        }
    }

    /// Drops the rest of the line, as a bad row.
    fn bad_line(&mut self, record: &mut Record, reason: Reason, why: &str) -> Result<()> {
        let mut first = true;
        loop {
            let window = self.feed.window();
            let end = memchr(b'\n', window);
            if first {
                record.raw.extend_from_slice(&window[..end.unwrap_or(window.len()).min(4096)]);
                first = false;
            }
            if let Some(at) = end {
                self.feed.advance(at);
                break;
            }
            self.feed.advance(usize::MAX);
            if !self.feed.fill()? {
                break;
            }
        }
        record.bad(reason, why);
        Ok(())
    }
}

impl Rows for Stream {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        if !self.step_to_value()? {
            return Ok(false);
        }
        record.clear(self.line);
        if self.feed.window().first() != Some(&b'{') {
            self.bad_line(record, Reason::NotAnObject, "there is something else than an object here")?;
            return Ok(true);
        }
        let (mut depth, mut seen) = (Depth::default(), 0);
        loop {
            let window = self.feed.window();
            if let Some(at) = window[seen..].iter().position(|b| depth.take(*b)) {
                let end = seen + at + 1;
                take(record, &window[..end]);
                self.line = self.line.saturating_add(Self::newlines(&window[..end]));
                self.feed.advance(end);
                return Ok(true);
            }
            seen = window.len();
            if seen > RECORD_BYTES_MAX {
                let why = format!("the object is longer than {RECORD_BYTES_MAX} bytes or never closed");
                self.bad_line(record, Reason::LineTooLong, &why)?;
                return Ok(true);
            }
            if self.feed.eof() || !self.feed.fill()? {
                if self.feed.leave_tail()? {
                    return Ok(false);
                }
                self.bad_line(record, Reason::Incomplete, "the object is not closed before the end of the file")?;
                return Ok(true);
            }
        }
    }

    fn left(&self) -> bool {
        self.feed.left
    }
}
