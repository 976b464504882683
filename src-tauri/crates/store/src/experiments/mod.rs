//! Experiments: what the engine concluded of them, and what the events say of them.

pub mod kept;
mod tracked;

pub use tracked::Tracked;
