//! Experiments between engine, store and levers: what is measured before one, what is counted while it runs, when it is looked at, what
//! its lever's row says meanwhile.
//!
//! The engine asks by its actions and answers what it follows; everything here is carried out by one caller at a time, so that a
//! replayed history gives the same inputs at the same instants.

mod guard;
mod lab;
pub(crate) mod moves;
mod operate;

pub(crate) use guard::beside;
pub(crate) use lab::Lab;
