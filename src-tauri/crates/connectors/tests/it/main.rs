//! Black-box tests of the connectors: files into an in-memory sink, a watched folder, effects to servers on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails should stop")]

mod effects;
mod files;
mod folder;
mod nasty;
mod preview;
mod publish;
mod resume;
mod sink;
mod webhook;
