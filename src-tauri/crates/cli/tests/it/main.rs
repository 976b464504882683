//! Black box: the built `ras`, as a script or a stranger meets it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod analyses;
mod answers;
mod config;
mod crash;
mod experiments;
mod http;
mod kit;
mod levers;
mod life;
mod live;
mod policy;
mod running;
mod sandbox;
mod shapes;
mod statistics;
mod workflows;
