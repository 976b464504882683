//! The expectation of a day: the simulation's own probabilities over shares of people instead of persons.
//!
//! What the world does by chance person by person is done here in the mean for every segment: numbers of visitors who
//! will come back, customers, people on trial, the mean of their trust. A year costs about a millisecond, so the value of
//! a lever's setting and the best plan can be searched. Means of products are taken as products of means; tests hold
//! the two models together.

mod day;
mod model;
mod plan;

pub use model::{Model, State};
pub use plan::{BLOCK_DAYS, Plan, best_plan};

#[cfg(test)]
mod tests;
