//! The framework of experiments: questions become designs, designs decisions, decisions looks, looks answers, answers new questions.
//!
//! ```text
//! asked, declared, thought of -> proposed --measured--> designed --decision--> running --looks--> concluding --decision--> watching
//!                                        \-> refused             \-> stopped                      \-> archived <- tested again
//! ```
//!
//! | room | what happens there |
//! |---|---|
//! | `ask`, `design`, `traffic`, `value` | a question is checked, measured and designed, or refused with a cheaper one |
//! | `life` | whose turn it is, starts, answers of the founder, re-tests |
//! | `plan`, `sums`, `effects`, `gates`, `call`, `look` | a look is read: gates first, then effects with money, then the call |
//! | `end`, `learn` | what came out, the decision that follows, what is learnt of it |
//! | `levels`, `audit` | false calls over the stream; the engine checks itself |
//! | `think`, `follow` | where questions come from, which is worth asking next, what an answer leads to |
//!
//! **False calls.** A call that may be acted on without asking ("this arm is better") is a test of one stream, at a level
//! that asynchronous ADDIS hands out when the experiment starts; so the share of false ones among them stays below the
//! founder's target. Those levels are small (about a quarter of a per cent at first, more after each true call), and an
//! experiment is planned for its level wherever the traffic allows that in time: group-sequential looks make the price
//! less than twice the units of a plain test. Where it does not, the experiment is planned for its own error instead. What
//! is better at its own error but not at the stream's level is not a call: it ends as inconclusive, its card says so, and
//! only the founder ships it. So little traffic means more cards, never more mistakes made alone. Taking back is no call
//! of the stream: it restores what was. What has no lever is read, not acted on, and is called at its own error.
//!
//! What it must not know: how units are sorted (`levers`) and how they are counted (`store`). It sees sums only.

#![expect(clippy::neg_cmp_op_on_partial_ord, reason = "`!(x > 0)` also refuses NaN")]

mod ask;
mod audit;
mod call;
mod design;
mod effects;
mod end;
mod follow;
mod gates;
mod lab;
mod learn;
mod levels;
mod life;
mod look;
mod plan;
mod read;
mod sums;
mod think;
mod traffic;
mod value;

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
