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

mod calendar;
mod choice;
mod expected;
mod flows;
mod forces;
mod formula;
pub mod kpi;
mod ledger;
mod levers;
mod rng;
pub mod scenario;
mod segment;
mod tickets;
mod world;

pub use kpi::Kpi;
pub use ledger::{Count, DayBook, Ledger};
pub use levers::{Attributes, Defaults, LeverSource, LeverSpec, Role, Settings, catalog};
pub use scenario::{Incident, IncidentKind, Problem, Scenario, describe};
pub use world::{SimEvent, World};
