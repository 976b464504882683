//! A simulated business whose truth is known: customers with hidden tastes, a company with levers, things that go wrong.
//!
//! [`World`] makes events and books; [`Truth`] says what was behind them; [`score`] compares it with what somebody found
//! out. No clock, no IO: time is an argument, luck comes from the seed, and the same seed gives the same bytes anywhere.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "counts, indices and amounts of a company stay far within their types"
)]

mod business;
mod calendar;
mod choice;
mod expected;
mod flows;
mod forces;
mod formula;
mod graph;
pub mod kpi;
mod ledger;
mod levers;
mod oracle;
mod rng;
pub mod scenario;
pub mod score;
mod segment;
mod tickets;
pub mod truth;
mod world;

pub use graph::Edge;
pub use kpi::Kpi;
pub use ledger::{Count, DayBook, Ledger};
pub use levers::{Attributes, Defaults, LeverSource, LeverSpec, Role, Settings, catalog};
pub use oracle::{Oracle, OracleStep};
pub use scenario::{Incident, IncidentKind, Problem, Scenario, describe};
pub use score::{Findings, Scorecard, score};
pub use truth::{Truth, Witness};
pub use world::{SimEvent, World};
