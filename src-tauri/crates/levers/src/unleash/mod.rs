//! Unleash: levers as its feature toggles, and its evaluation of them.

mod constraint;
mod context;
mod define;
mod evaluate;
mod hash;
mod read;
mod rules;
mod strategy;
mod translate;
mod typed;

pub use context::Context;
pub use define::{Payload, payload};
pub use evaluate::{Evaluated, Toggles, Variant};
pub use hash::{murmur3, normalized};
pub use typed::attributes;

#[cfg(test)]
mod tests {
    mod agreement;
    mod specification;
}
