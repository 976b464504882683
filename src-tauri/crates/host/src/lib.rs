//! Composition: clock, store, engine thread, gateway, connectors, shutdown.
//!
//! A [`Host`] is one open business. It feeds the engine with inputs, commits what the engine answers together with the
//! journal, and carries out effects through the gate. Everything that reads a wall clock, draws a random number or opens a
//! file for the engine does it here; nothing here decides anything about the business.

pub mod audit;
pub mod clients;
pub mod clock;
pub mod config;
pub mod keys;
pub mod levers;
pub mod policy;
pub mod sandbox;
pub mod secrets;
pub mod telemetry;
pub mod workflows;

mod closer;
mod decide;
mod effects;
mod engine_thread;
mod experiments;
mod folders;
mod gaps;
mod host;
mod imports;
mod inner;
mod lapse;
mod operate;
mod order;
mod outside;
mod people;
mod privacy;
mod publishing;
mod rejected;
mod replay;
mod sink;

pub use closer::data_horizon;
pub use effects::{EffectHealth, answer_of};
pub use epoch_gateway::TlsFiles;
pub use host::{Created, Host, HostOptions};
pub use imports::{ImportJob, ImportOutcome};
pub use inner::Problems;
pub use lapse::ReplayState;
pub use operate::{ImportRequest, RunInfo};
pub use outside::Outside;
pub use publishing::PublishState;
pub use workflows::{Published as PublishedWorkflow, RefusedFile as RefusedWorkflow};
