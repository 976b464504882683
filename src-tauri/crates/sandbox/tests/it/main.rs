//! The sandbox from outside.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod events;
mod kit;
mod laws;
mod oracle;
mod scenarios;
mod scoring;
mod trouble;
mod witness;
