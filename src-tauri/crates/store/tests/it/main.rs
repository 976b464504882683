//! The store through its front door.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small numbers of the tests' own making; equal means equal"
)]

mod common;
mod crash;
mod files;
mod ingest;
mod people;
mod records;
mod workflows;
