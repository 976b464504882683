//! The level of the next test, from what is known at its start.

use super::gamma::{dependent, fast, slow};
use super::stream::{Stream, Test};
use super::{Method, Procedure};

/// The level of a test that starts now.
pub(super) fn level(stream: &Stream) -> f64 {
    let procedure = stream.procedure();
    let Procedure { method, alpha, initial_wealth, lambda, tau, .. } = *procedure;
    let next = stream.tests.len() + 1;
    match method {
        Method::Lond | Method::ELond => alpha * slow(next) * (known_discoveries(stream) + 1) as f64,
        Method::LondStar => alpha * slow(next) * known_discoveries(stream).max(1) as f64,
        Method::LondDependent => {
            let harmonic: f64 = (1..=next).map(|j| 1.0 / j as f64).sum();
            alpha * slow(next) * (known_discoveries(stream) + 1) as f64 / harmonic
        }
        Method::LordPlusPlus => {
            let payouts = pays(stream, alpha, |known, _| slow(next - known));
            initial_wealth * slow(next) + payouts
        }
        Method::Saffron => adaptive(stream).min(lambda),
        Method::AlphaInvesting => {
            let a = adaptive(stream);
            a / (1.0 + a)
        }
        Method::Addis => ((tau - lambda) * discarding(stream, alpha, true)).min(lambda),
        Method::LordDiscard => discarding(stream, tau * alpha, false).min(tau),
        Method::Lord3 => {
            let (since, wealth) = wealth_at_last(stream);
            slow(next - since) * wealth
        }
        Method::LordDependent => dependent(next) * wealth_at_last(stream).1,
        Method::AlphaSpending => alpha * slow(next),
        Method::OnlineFallback => {
            let passed = stream.tests.last().filter(|t| t.rejected && known(t, next)).map_or(0.0, |t| t.level);
            alpha * slow(next) + passed
        }
        Method::AddisSpending => {
            let count = stream.tests.iter().filter(|t| selected(t, next) && !candidate(t, next)).count();
            (alpha * (tau - lambda) * fast(1 + count)).min(lambda)
        }
    }
}

fn known(test: &Test, next: usize) -> bool {
    test.known_after.is_some_and(|k| (k as usize) < next)
}

// What is not known counts against the level: as selected, and as no candidate.
fn selected(test: &Test, next: usize) -> bool {
    test.selected || !known(test, next)
}

fn candidate(test: &Test, next: usize) -> bool {
    test.candidate && known(test, next)
}

fn known_discoveries(stream: &Stream) -> usize {
    let next = stream.tests.len() + 1;
    stream.discoveries.iter().filter_map(|&k| stream.tests.get(k as usize)).filter(|t| known(t, next)).count()
}

/// The sum over known discoveries of their payout times `share(known_after, position)`: alpha each, less the initial
/// wealth for the first.
fn pays(stream: &Stream, alpha: f64, share: impl Fn(usize, usize) -> f64) -> f64 {
    let next = stream.tests.len() + 1;
    let first = alpha - stream.procedure().initial_wealth;
    let mut sum = 0.0;
    for (nth, &k) in stream.discoveries.iter().enumerate() {
        let Some(test) = stream.tests.get(k as usize) else { continue };
        let Some(after) = test.known_after.map(|a| a as usize).filter(|a| *a < next) else { break };
        sum += if nth == 0 { first } else { alpha } * share(after, k as usize);
    }
    sum
}

/// SAFFRON's level before its bound (Ramdas et al. 2018, equation 6; asynchronous: Zrnic et al. 2021, section 4.3).
/// For alpha-investing without the factor 1 - lambda, which the caller's a/(1+a) takes the place of.
fn adaptive(stream: &Stream) -> f64 {
    let Procedure { method, alpha, initial_wealth, lambda, .. } = *stream.procedure();
    let next = stream.tests.len() + 1;
    let after = |from: usize| stream.tests.iter().skip(from).filter(|t| candidate(t, next)).count();
    let paid = pays(stream, alpha, |known, _| fast(next - known - after(known)));
    let sum = initial_wealth * fast(next - after(0)) + paid;
    if method == Method::AlphaInvesting { sum } else { (1.0 - lambda) * sum }
}

/// The sum in ADDIS's level (Tian & Ramdas 2019, sections 3 and 4), and without candidates in LORD's with discarding.
fn discarding(stream: &Stream, alpha: f64, candidates: bool) -> f64 {
    let next = stream.tests.len() + 1;
    let steps = |from: usize| {
        let rest = stream.tests.iter().skip(from);
        1 + rest.filter(|t| selected(t, next) && !(candidates && candidate(t, next))).count()
    };
    stream.procedure().initial_wealth * fast_or_slow(candidates, steps(0))
        + pays(stream, alpha, |_, k| fast_or_slow(candidates, steps(k + 1)))
}

fn fast_or_slow(is_fast: bool, j: usize) -> f64 {
    if is_fast { fast(j) } else { slow(j) }
}

/// Tests up to the last discovery, and the wealth at that moment: W(j) = W(j-1) - level + payout (Javanmard &
/// Montanari 2018, section 3).
fn wealth_at_last(stream: &Stream) -> (usize, f64) {
    let Procedure { alpha, initial_wealth, .. } = *stream.procedure();
    let (mut since, mut at_last, mut wealth) = (0, initial_wealth, initial_wealth);
    for (k, test) in stream.tests.iter().enumerate() {
        wealth -= test.level;
        if test.rejected {
            wealth += alpha - initial_wealth;
            (since, at_last) = (k + 1, wealth);
        }
    }
    (since, at_last)
}
