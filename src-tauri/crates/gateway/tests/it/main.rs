//! The gateway as its callers see it: bytes over a socket, an inbox in memory behind it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod capture;
mod events;
mod guard;
mod kit;
mod levers;
mod limits;
mod ofrep;
mod read;
mod recorded;
mod stream;
