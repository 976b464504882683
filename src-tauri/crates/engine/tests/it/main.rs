//! Black-box tests of the engine: inputs in, actions out.

#![expect(clippy::expect_used, clippy::cast_possible_truncation, reason = "a test that cannot go on says why")]

mod answers;
mod autonomy;
mod bounds;
mod company;
mod complaints;
mod conflicts;
mod experiments;
mod gate;
mod grants;
mod halts;
mod life;
mod limits;
mod monitoring;
mod offers;
mod playbooks;
mod portfolio;
mod properties;
mod proposals;
mod stream;
mod world;
