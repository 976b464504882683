//! What a lever serves to whom, checked from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod kit;
mod ours;
mod posthog;
mod shares;
