//! The autonomous engine: pure and deterministic.
