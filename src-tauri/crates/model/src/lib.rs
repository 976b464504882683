//! The nouns of the business (event, metric, lever, decision, …) and the rules that belong to them alone.
//!
//! Knows nothing of SQLite, HTTP, tokio, Tauri or the wall clock: every function here is a pure function of its
//! arguments, so the engine that is built from them can be replayed byte for byte.

pub mod autonomy;
pub mod business;
pub mod decision;
pub mod error;
pub mod event;
pub mod experiment;
pub mod expr;
pub mod gate;
pub mod insight;
pub mod journal;
mod numeral;
pub mod ports;
pub mod predicate;
pub mod proposal;
pub mod series;
pub mod serving;
pub mod time;

pub use error::{Code, Error, Result};
