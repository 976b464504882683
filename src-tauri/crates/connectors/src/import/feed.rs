//! A window over the bytes of a text file that moves forward and grows only as far as one row needs.

use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use epoch_model::Result;

use super::bytes::{Change, Source};

const CHUNK_BYTES: usize = 256 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";
/// A file changed this recently may still be written to …
const FRESH: Duration = Duration::from_secs(2);
/// … so an unfinished last line waits this long for the rest.
const PATIENCE: Duration = Duration::from_millis(300);

/// Unread bytes of a file, with what is known about its end.
pub struct Feed {
    source: Rc<Source>,
    input: Box<dyn Read>,
    buf: Vec<u8>,
    from: usize,
    to: usize,
    started: bool,
    eof: bool,
    /// The file grew, and an unfinished row was left for the next pass.
    pub left: bool,
}

impl Feed {
    pub fn new(source: Rc<Source>, input: Box<dyn Read>) -> Self {
        Self { source, input, buf: Vec::new(), from: 0, to: 0, started: false, eof: false, left: false }
    }

    /// The bytes that are there.
    pub fn window(&self) -> &[u8] {
        &self.buf[self.from..self.to]
    }

    pub fn advance(&mut self, bytes: usize) {
        self.from = self.from.saturating_add(bytes).min(self.to);
    }

    pub fn eof(&self) -> bool {
        self.eof
    }

    /// Reads more; `false` at the end of the file.
    pub fn fill(&mut self) -> Result<bool> {
        if self.eof {
            return Ok(false);
        }
        if self.from > 0 {
            self.buf.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        // Doubling keeps the work of looking again at a long row linear.
        let room = CHUNK_BYTES.max(self.to);
        if self.buf.len() < self.to + room {
            self.buf.resize(self.to + room, 0);
        }
        match super::bytes::read_full(&mut *self.input, &mut self.buf[self.to..]) {
            Ok(n) => {
                self.eof = n == 0;
                self.to += n;
            }
            Err(_) if matches!(self.source.check(), Ok(Change::Grown)) => {
                self.eof = true;
                self.left = true;
            }
            Err(e) => return Err(self.source.check().err().unwrap_or_else(|| self.source.fail(&e))),
        }
        if !self.started {
            self.started = true;
            if self.window().starts_with(BOM) {
                self.from += BOM.len();
            }
        }
        Ok(!self.eof)
    }

    /// Asked at the end of the file about a row that is not finished: whether it is left for the next pass because the file
    /// is growing.
    pub fn leave_tail(&mut self) -> Result<bool> {
        if !self.left {
            let mut change = self.source.check()?;
            let fresh = || self.source.modified().and_then(|m| SystemTime::now().duration_since(m).ok());
            if change == Change::None && fresh().is_some_and(|age| age < FRESH) {
                std::thread::sleep(PATIENCE);
                change = self.source.check()?;
            }
            self.left = change == Change::Grown;
        }
        if self.left {
            self.from = self.to;
        }
        Ok(self.left)
    }
}
