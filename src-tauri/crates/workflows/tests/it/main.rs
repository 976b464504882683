//! Tests of the crate through its public face.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod bench;
mod cadences;
mod changes;
mod compensation;
mod forks;
mod library;
mod loops;
mod migrations;
mod properties;
mod publishing;
mod reading;
mod steps;
mod triggers;
mod types;
