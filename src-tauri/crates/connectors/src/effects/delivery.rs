//! What can become of a call, and what a look-up can find. The same for every kind, so that the host needs to know none.

use std::time::Duration;

use serde_json::{Value, json};

/// Longest answer that is kept, as JSON; a longer one is cut and says so.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// It took place; the answer is bounded by [`ANSWER_BYTES_MAX`].
    Delivered { detail: String, answer: Value },
    /// It was taken, and goes on at the receiver: look it up after this long.
    Underway { again: Duration, detail: String },
    /// Will not succeed by trying again.
    Refused { why: Refusal, detail: String },
    /// It did not take place: try again with the same idempotency key, after this long if the receiver said so. `rate`: it
    /// was one call too many.
    Retry { after: Option<Duration>, rate: bool, detail: String },
    /// Sent, and no answer came: whether it arrived is not known.
    InDoubt { detail: String },
    /// Held back before anything left.
    Held,
}

/// Why a call will not succeed by trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The receiver does not accept our secret, or there is none: later calls fare no better until that changes.
    Auth,
    /// The receiver does not understand it, or it cannot be said in the receiver's terms.
    Semantic,
    /// The address is private, loopback, link-local or a metadata service.
    Address,
    /// The permit is for another act.
    Permit,
}

/// How many calls the provider still takes, and when it takes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub remaining: u64,
    pub reset: Duration,
}

/// A call's end, with what the provider said of its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub delivery: Delivery,
    pub limit: Option<Limit>,
}

impl From<Delivery> for Sent {
    fn from(delivery: Delivery) -> Self {
        Self { delivery, limit: None }
    }
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It arrived and is over.
    Arrived { detail: String, answer: Value },
    /// It arrived and goes on: ask again after this long.
    Underway { again: Duration, detail: String, answer: Value },
    /// It arrived, was carried out, and failed there.
    Failed { detail: String, answer: Value },
    /// The receiver has nothing of it.
    Absent,
    /// The receiver could not be asked.
    Unknown { detail: String },
}

/// What would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// Line by line, for people; secrets are masked.
    pub text: String,
    /// What stands in its way, each in one sentence; none means that it would be tried.
    pub problems: Vec<String>,
}

impl Delivery {
    pub(crate) fn refused(why: Refusal, detail: impl Into<String>) -> Self {
        Self::Refused { why, detail: detail.into() }
    }

    pub(crate) fn semantic(detail: impl Into<String>) -> Self {
        Self::refused(Refusal::Semantic, detail)
    }

    pub(crate) fn retry(detail: impl Into<String>) -> Self {
        Self::Retry { after: None, rate: false, detail: detail.into() }
    }

    pub(crate) fn delivered(detail: impl Into<String>, answer: Value) -> Self {
        Self::Delivered { detail: detail.into(), answer: bounded(answer) }
    }

    /// What it said, in one line.
    pub fn detail(&self) -> &str {
        match self {
            Self::Delivered { detail, .. }
            | Self::Underway { detail, .. }
            | Self::Refused { detail, .. }
            | Self::Retry { detail, .. }
            | Self::InDoubt { detail } => detail,
            Self::Held => "held back by a stop",
        }
    }
}

/// An answer that is not longer than may be kept.
pub(crate) fn bounded(answer: Value) -> Value {
    let text = answer.to_string();
    if text.len() <= ANSWER_BYTES_MAX {
        return answer;
    }
    // Half, since a text in JSON can be twice as long as it is.
    json!({ "cut": true, "bytes": text.len(), "start": shortened(&text, ANSWER_BYTES_MAX / 2 - 64) })
}

/// The beginning of a text, at most so many bytes, whole characters.
pub(crate) fn shortened(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn answers_are_bounded(text in "[\u{0}-\u{7f}é\"\\\\]{0,400}", times in 1_usize..400) {
            let kept = bounded(json!({ "text": text.repeat(times) }));
            prop_assert!(kept.to_string().len() <= ANSWER_BYTES_MAX);
        }
    }
}
