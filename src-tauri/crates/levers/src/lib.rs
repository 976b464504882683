//! What a lever serves to whom: rules, rollouts, experiments, layers, holdouts, prerequisites, evaluated in each flag
//! protocol's own terms, so that an SDK that evaluates locally and the gateway agree for every unit.
//!
//! Pure: no IO, no clock, no randomness but hashes. Knows nothing of HTTP, the store or the engine.

mod book;
mod chance;
mod check;
pub mod disjuncts;
mod evaluate;
pub mod growthbook;
pub mod hash;
mod plan;
pub mod posthog;
pub mod unleash;
mod unservable;

pub use book::{Book, Compiled, Subject};
pub use check::{check, declared, unservable};
pub use unservable::Unservable;
