//! What the store says of experiments, against the slow and obvious way: any order of arrival, persons who turn out to be one,
//! erasures, restarts, kills.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers of the tests' own making; equal means equal"
)]

mod common;
mod crash;
mod examples;
mod oracle;
mod pilots;
mod properties;
