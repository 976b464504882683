//! `ras bench`: measures, against a peer in the same run.

use epoch_model::{Code, Error, Result};

use crate::args::Bench;
use crate::output::Output;

/// Runs a bench by name.
pub(crate) fn bench(args: &Bench, _output: &Output) -> Result<()> {
    Err(Error::new(Code::NotFound, format!("there is no bench “{}”", args.name), "see `ras bench --help`"))
}
