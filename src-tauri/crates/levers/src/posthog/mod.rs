//! PostHog's flags: definitions for local evaluation, their evaluation exactly as the SDKs do it, and what remote
//! evaluation (`/flags`) answers, which for one unit is the same.
//!
//! Levers that the SDKs cannot evaluate (several experiments, layers, holdouts, predicates beyond property filters) are left
//! out of the definitions, so that SDKs ask; those are answered by our own rules.

mod define;
mod definition;
mod evaluate;
mod matching;
mod serve;
mod text;
mod translate;

pub use definition::{Definition, Filters, Group, Holdout, Multivariate, Property, Variant};
pub use evaluate::{Flag, Flags, Outcome, Subject, hash};
pub use matching::Side;
pub use serve::{Posthog, ReasonCode, Served};
