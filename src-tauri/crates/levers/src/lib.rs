//! What a lever serves to whom: rules, rollouts, experiments, layers, holdouts, prerequisites, evaluated in each flag
//! protocol's own terms, so that an SDK that evaluates locally and the gateway agree for every unit.
//!
//! Pure: no IO, no clock, no randomness but hashes. Knows nothing of HTTP, the store or the engine.

mod book;
pub mod growthbook;

pub use book::{Book, Compiled, Subject};
