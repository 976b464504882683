//! Files into events: delimited text in any encoding, JSON lines and arrays, Excel workbooks, gzip of these.
//!
//! Text is streamed in constant memory. Every row ends as accepted, duplicate, rejected (with line, code and reason) or
//! blank; importing the same, a copied, a grown or an overlapping file again adds nothing twice.

mod types;

use epoch_model::business::Mapping;
use epoch_model::{Code, Error, Result};
use std::path::Path;
pub use types::*;

/// Looks at a file: what it is, its columns, the mapping that is guessed (or the one given), the first ten events.
/// `zone` is the IANA timezone of times without one. Fails with [`Code::FileUnreadable`] or [`Code::NotFound`].
pub fn preview(_path: &Path, _mapping: Option<&Mapping>, _zone: &str) -> Result<Preview> {
    Err(Error::new(Code::Internal, "import is not there yet", "wait for it"))
}

/// Imports a file into `ctx.sink`, about 1,000 events at a time.
pub fn run(_path: &Path, _mapping: &Mapping, _ctx: Context<'_>) -> Result<ImportReport> {
    Err(Error::new(Code::Internal, "import is not there yet", "wait for it"))
}

/// The events of a file in file order, with the same ids as [`run`] gives them.
pub fn events(_path: &Path, _mapping: &Mapping, _source: &str, _zone: &str) -> Result<Events> {
    Err(Error::new(Code::Internal, "import is not there yet", "wait for it"))
}

/// Iterator over the events of a file; rows that are refused are skipped and counted.
pub struct Events {
    rejected: u64,
}

impl Events {
    /// Rows refused so far.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}

impl Iterator for Events {
    type Item = Result<OwnedEvent>;
    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
