//! The framework of experiments: questions become designs, designs decisions, decisions looks, looks answers, answers new questions.
//!
//! ```text
//! asked, declared, thought of -> proposed --measured--> designed --decision--> running --looks--> concluding --decision--> watching
//! ```
//!
//! What it must not know: how units are sorted (`levers`) and how they are counted (`store`). It sees sums only.

mod ask;
mod lab;

use epoch_model::experiment::Spec;
use epoch_model::time::Millis;

pub(crate) use lab::Lab;

/// An experiment whose units are to be counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracked {
    /// The question.
    pub spec: Spec,
    /// Units first exposed from here on count …
    pub from: Millis,
    /// … and before this, where there is an end.
    pub until: Option<Millis>,
    /// Days before a unit's first exposure that its covariate covers; 0 for none.
    pub covariate_days: u32,
    /// Metrics to sum per arm: the primary one first, then secondary ones and guardrails, each once.
    pub metrics: Vec<String>,
}
