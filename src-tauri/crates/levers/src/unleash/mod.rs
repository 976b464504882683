//! Unleash: levers as its feature toggles, and its evaluation of them.

mod constraint;
mod context;
mod evaluate;
mod hash;

pub use context::Context;
pub use evaluate::{Evaluated, Toggles, Variant};
pub use hash::{murmur3, normalized};

#[cfg(test)]
mod specification;
