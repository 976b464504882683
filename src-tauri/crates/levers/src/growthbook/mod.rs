//! GrowthBook: levers as its feature definitions, and its evaluation of them.

mod condition;
mod evaluate;
mod experiment;
mod hash;
mod number;
mod patterns;

pub use evaluate::{Context, Evaluated, Features, Source, Tracks};
pub use hash::{Range, bucket_ranges, choose, hash, in_namespace, in_range};

#[cfg(test)]
mod cases;
