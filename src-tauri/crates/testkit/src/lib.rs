//! Proves what the host promises about crashes: a whole host is driven step by step on a clock and a world outside that
//! belong to the test, its files are forked at every commit and every outside call, and what recovers is compared with a
//! model that knows only what was acknowledged and what the receivers saw.
//!
//! - [`crash`] forks one workload at each of its points, recovers each and compares.
//! - [`sim`] lets a host live for weeks under faults, crashes, stops and jumps of its clock, and checks after every step.
//! - [`shrink`] makes a failing workload as short as it goes.
//!
//! What is and is not modelled of disks is said in [`disk`]. Knows nothing of how the engine decides.

pub mod crash;
pub mod disk;
pub mod image;
pub mod model;
pub mod outside;
pub mod plan;
pub mod rng;
pub mod shop;
pub mod shrink;
pub mod sim;
pub mod stage;
pub mod wal;
