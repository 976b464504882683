//! Black-box tests of the engine: inputs in, actions out.

#![expect(clippy::expect_used, clippy::cast_possible_truncation, reason = "a test that cannot go on says why")]

mod company;
mod experiments;
mod gate;
mod life;
mod monitoring;
mod playbooks;
mod portfolio;
mod properties;
mod stream;
mod world;
