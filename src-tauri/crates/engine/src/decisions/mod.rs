//! Decisions: proposed with a prediction, judged by policy, perhaps put to the founder, executed once, observed, scored.

mod act;
mod answers;
mod attention;
mod audit;
pub(crate) mod autonomy;
pub(crate) mod book;
pub(crate) mod calibration;
mod card;
mod checks;
pub(crate) mod coordinator;
pub(crate) mod counterfactual;
mod grants;
mod halts;
mod judging;
mod lifecycle;
pub(crate) mod limits;
mod outcome;
pub(crate) mod policy;
pub(crate) mod predict;
pub mod proposal;
mod propose;
mod shadow;
pub(crate) mod trial;
mod verdict;

pub(crate) use act::takes;
