//! `ras bench workflows`: durable steps of one run against bare commits of the same disk, of a thousand runs at once against
//! other durable executors, and a hundred thousand open runs found again.

mod bare;
mod company;
mod many;
mod peers;
mod single;

use epoch_model::Result;

use super::report::Report;
use crate::args;

/// What every part is told.
#[derive(Debug, Clone, Copy)]
struct Frame {
    quick: bool,
    rounds: u32,
}

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    let frame = Frame { quick: args.quick, rounds: args.rounds.unwrap_or(5).max(1) };
    single::run(frame, report)?;
    let rate = many::run(frame, report)?;
    many::recovered(frame, report)?;
    peers::run(args.peers.as_deref(), rate, report)?;
    report.note("a step: a signal or a reading is handled, the run's row and its journal row are committed with synchronous=FULL, and what follows is handed on");
    Ok(())
}
