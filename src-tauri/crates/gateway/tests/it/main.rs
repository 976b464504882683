//! The gateway as its callers see it: bytes over a socket, an inbox in memory behind it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod access;
mod capture;
mod capture_v1;
mod connections;
mod events;
mod flags;
mod growthbook;
mod guard;
mod kit;
mod levers;
mod limits;
mod mixpanel;
mod ofrep;
mod openapi;
mod otlp;
mod privacy;
mod read;
mod recorded;
mod segment;
mod stream;
mod stripe;
mod unleash;
