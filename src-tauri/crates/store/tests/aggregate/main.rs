//! The aggregates against brute force, and their own promises: checkpoints, bounds, refusals.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod bounds;
mod frozen;
mod history;
mod oracle;
mod properties;
