//! What the host promises about crashes and faults, at every point of seeded workloads.

mod crash;
mod sim;
