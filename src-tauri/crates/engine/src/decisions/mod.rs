//! Decisions: proposed with a prediction, judged by policy, perhaps put to the founder, executed once, observed, scored.

mod act;
pub(crate) mod book;
mod card;
mod lifecycle;
mod outcome;
mod policy;
mod predict;
mod propose;
mod verdict;

pub(crate) use act::takes;
