//! Procedures as data: definitions, a deterministic interpreter of durable runs, and what is said of both.
//!
//! Reads no clock, draws no randomness, does no IO and knows no store: the host hands a run its events, commits the run with
//! what it answers, and performs that. The same events give the same run and the same commands, byte for byte.

pub mod cadence;
pub mod definition;
pub mod diff;
pub mod flow;
pub mod graph;
pub mod ledger;
pub mod library;
pub mod migrate;
pub mod needs;
mod parse;
pub mod publish;
pub mod run;
pub mod scalar;
pub mod template;
pub mod trigger;
pub mod words;

pub use cadence::Cadence;
pub use definition::{Definition, Node, Step};
pub use diff::diff;
pub use graph::graph;
pub use needs::{bind, bind_text, suggest};
pub use parse::parse;
pub use run::{Answer, Command, Event, Request, Run};
pub use scalar::{Scalar, Variables};
pub use trigger::{Trigger, next_at};
pub use words::words;
