//! GrowthBook: levers as its feature definitions, and its evaluation of them.

mod condition;
mod define;
mod evaluate;
mod experiment;
mod hash;
pub(crate) mod literal;
pub(crate) mod number;
mod pattern;
mod patterns;
mod remote;
mod translate;

pub use define::{Payload, payload};
pub use evaluate::{Context, Evaluated, Features, Source, Tracks, unit};
pub use hash::{Range, bucket_ranges, choose, hash, in_namespace, in_range};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod cases;
