//! The aggregates against brute force, and their own promises: checkpoints, bounds, refusals.

mod bounds;
mod oracle;
mod properties;
