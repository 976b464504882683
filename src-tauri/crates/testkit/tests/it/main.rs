//! What the host promises about crashes and faults, at every point of seeded workloads.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail loudly, and says what it saw")]

mod crash;
mod sim;
