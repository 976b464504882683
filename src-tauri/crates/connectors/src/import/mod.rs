//! Files into events: delimited text in any encoding, JSON lines and arrays, Excel workbooks, gzip of these.
//!
//! Text is streamed in constant memory. Every row ends as accepted, duplicate, rejected (with line, code and reason) or
//! blank; importing the same, a copied, a grown or an overlapping file again adds nothing twice.

mod bytes;
mod columns;
mod decimal;
mod delimited;
mod deliver;
mod dialect;
mod encoding;
mod events;
mod feed;
mod field;
mod guess;
mod header;
mod identity;
mod json;
mod mapper;
mod number;
mod open;
mod preview;
mod record;
mod rejects;
mod run;
mod shapes;
mod sheet;
mod sniff;
mod time;
mod time_guess;
mod types;

use std::path::Path;

use epoch_model::Result;
use epoch_model::business::Mapping;
pub use events::Events;
pub use types::*;

/// Looks at a file: what it is, its columns, the mapping that is guessed (or the one given), the first ten events.
/// `zone` is the IANA timezone of times without one. Fails with `file_unreadable`, `not_found` or, for a given mapping,
/// `mapping_invalid` and `expression_invalid`.
pub fn preview(path: &Path, mapping: Option<&Mapping>, zone: &str) -> Result<Preview> {
    preview::preview(path, mapping, zone)
}

/// Imports a file into `ctx.sink`, about 1,000 events at a time, a bounded number of batches in flight.
///
/// Fails with `file_unreadable` when the file is cut, replaced or changed while it is read, with `mapping_invalid` when the
/// mapping does not fit it, with `overloaded` when the sink has had no room for about ten minutes, or with the sink's own
/// error. What was committed before stays; the last [`Progress`] has the checkpoint to go on from.
pub fn run(path: &Path, mapping: &Mapping, ctx: Context<'_>) -> Result<ImportReport> {
    run::run(path, mapping, ctx)
}

/// The events of a file in file order, with the same ids as [`run`] gives them; the caller sorts by time.
pub fn events(path: &Path, mapping: &Mapping, source: &str, zone: &str) -> Result<Events> {
    Events::open(path, mapping, source, zone)
}
