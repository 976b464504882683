//! How long a run pauses before it tries a call again.

use epoch_model::time::Millis;

use super::key::draw;
use crate::definition::Retry;

impl Retry {
    /// The longest pause after a failed attempt, in milliseconds.
    pub fn longest_ms(&self, attempt: u32) -> Millis {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.first_ms as f64 * self.factor.powi(exponent);
        whole(grown.min(self.most_ms as f64))
    }

    /// The pause after a failed attempt of the call with this key: even between nothing and the longest. The key stands for run,
    /// node and visit.
    pub fn pause_ms(&self, key: &str, attempt: u32) -> Millis {
        let share = draw(&["pause", key, &attempt.to_string()]);
        whole(share * self.longest_ms(attempt) as f64).max(1)
    }

    /// All pauses at their longest: what a timeout must leave room for.
    pub fn pauses_ms(&self) -> Millis {
        (1..self.attempts).map(|attempt| self.longest_ms(attempt)).sum()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pauses are bounded by ten years")]
fn whole(ms: f64) -> Millis {
    ms.round() as Millis
}
