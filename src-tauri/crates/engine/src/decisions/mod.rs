//! Decisions: proposed with a prediction, judged by policy, perhaps put to the founder, executed once, observed, scored.

mod act;
pub(crate) mod book;
mod card;
mod lifecycle;
mod outcome;
pub(crate) mod policy;
pub(crate) mod predict;
mod propose;
pub(crate) mod trial;
mod verdict;

pub(crate) use act::takes;
