//! What is left of the error budget, in figures a founder can read.

use serde::{Deserialize, Serialize};

use super::stream::Stream;
use super::{Method, Procedure};

/// The state of a stream's budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tests started.
    pub tests: usize,
    /// Of them without an outcome.
    pub under_way: usize,
    /// Discoveries.
    pub discoveries: usize,
    /// False discoveries expected at most so far, by the procedure's own account.
    pub spent: f64,
    /// What the procedure may still spend before the next discovery pays in.
    pub wealth: f64,
    /// `wealth` as a share of everything paid in: 1 untouched, 0 used up.
    pub share_left: f64,
    /// The level a test gets that starts now.
    pub next_level: f64,
    /// The next test's level as a share of the target: how much stricter than a single test.
    pub next_share: f64,
}

impl Stream {
    /// What is left.
    ///
    /// `spent` is the numerator of the procedure's estimate of the false discovery proportion: the sum of levels
    /// (LORD), of levels over 1 - lambda where p was above lambda (SAFFRON), of levels over tau - lambda where p lay
    /// between lambda and tau (ADDIS). Each procedure keeps it below alpha times the discoveries, at least one.
    pub fn budget(&self) -> Budget {
        let Procedure { method, alpha, lambda, tau, .. } = *self.procedure();
        let spent: f64 = self
            .tests
            .iter()
            .map(|t| {
                let open = t.known_after.is_none();
                // Nothing is spent on what the procedure takes for no null, or too weak a one to reject.
                let candidate = t.candidate && !open;
                let discarded = !t.selected && !open;
                let (counts, per_level) = match method {
                    Method::Saffron => (!candidate, 1.0 - lambda),
                    Method::AlphaInvesting => (!candidate, 1.0 - t.level),
                    Method::Addis | Method::AddisSpending => (!candidate && !discarded, tau - lambda),
                    Method::LordDiscard => (!discarded, tau),
                    // Handed on, not spent.
                    Method::OnlineFallback => (!t.rejected, 1.0),
                    _ => (true, 1.0),
                };
                if counts { t.level / per_level } else { 0.0 }
            })
            // Not `sum`, which is -0 of nothing.
            .fold(0.0, |sum, part| sum + part);
        let discoveries = self.discoveries();
        let family_wise = matches!(method, Method::AlphaSpending | Method::OnlineFallback | Method::AddisSpending);
        let paid = match method {
            _ if family_wise => alpha,
            Method::Lond | Method::ELond | Method::LondDependent => alpha * (discoveries + 1) as f64,
            _ => alpha * discoveries.max(1) as f64,
        };
        let wealth = (paid - spent).max(0.0);
        let next_level = self.next_level();
        Budget {
            tests: self.started(),
            under_way: self.under_way(),
            discoveries,
            spent,
            wealth,
            share_left: wealth / paid,
            next_level,
            next_share: next_level / alpha,
        }
    }
}
