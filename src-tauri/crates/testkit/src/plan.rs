//! A workload: what clients, proposers, the operator and time do to a host, in order. It follows from a seed, and each step
//! may be done again after a crash hid its answer, as a careful client does it.

use epoch_model::gate::RunState;
use epoch_model::time::{HOUR, Millis};

use crate::rng::Rng;
use crate::shop::{CAREFUL, FREE, ONCE, START};

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Another price.
    Price(u32),
    /// Another banner.
    Banner(&'static str),
    /// A call of a declared effect.
    Call(&'static str),
    /// A run of a procedure, whose calls are decisions of their own.
    Run,
}

/// How a card is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As it stands.
    Approve,
    /// With another price, where the card is about one.
    Edit(u32),
    /// No.
    Veto,
    /// In this many hours.
    Defer(u32),
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A source sends orders; their ids follow from the batch's number.
    Orders { batch: u64, count: u64 },
    /// Somebody proposes something, under a key that follows from the card's number.
    Propose { card: u32, wanted: Wanted },
    /// The operator answers a card, if it still asks.
    Answer { card: u32, answer: Answer },
    /// Runs, pauses or stops.
    Run(RunState),
    /// What is due is done.
    Work,
    /// The operator looks at the receivers of effects that are in doubt.
    Settle,
}

/// A step and when it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub at: Millis,
    pub what: What,
}

/// A workload, and the seed of the world it meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub steps: Vec<Step>,
}

impl Plan {
    /// The workload of a seed, with this many steps.
    pub fn of(seed: u64, steps: usize) -> Self {
        let mut rng = Rng::new(seed);
        let (mut at, mut cards, mut batch, mut stopped) = (START, 0, 0, false);
        let mut made = Vec::with_capacity(steps);
        while made.len() < steps {
            at += 1 + Millis::try_from(rng.below(3 * HOUR.unsigned_abs())).unwrap_or(0);
            let what = match rng.below(100) {
                0..16 => {
                    batch += 1;
                    What::Orders { batch, count: 1 + rng.below(4) }
                }
                16..50 => {
                    cards += 1;
                    What::Propose { card: cards, wanted: wanted(&mut rng) }
                }
                50..84 if cards > 0 => {
                    // Mostly the newest card; an older one now and then, which may have been answered already.
                    let back = if rng.chance(60) { 0 } else { u32::try_from(rng.below(3)).unwrap_or(0) };
                    What::Answer { card: cards.saturating_sub(back).max(1), answer: answer(&mut rng) }
                }
                84..88 => {
                    stopped = !stopped;
                    let held = if rng.chance(50) { RunState::Stopped } else { RunState::Paused };
                    What::Run(if stopped { held } else { RunState::Running })
                }
                88..91 => What::Settle,
                _ => What::Work,
            };
            made.push(Step { at, what });
        }
        Self { seed, steps: made }
    }

    /// When step `index` happens; the last instant for what comes after all steps.
    pub fn at(&self, index: usize) -> Millis {
        self.steps.get(index).or(self.steps.last()).map_or(START, |s| s.at)
    }
}

fn wanted(rng: &mut Rng) -> Wanted {
    match rng.below(10) {
        0 | 1 => Wanted::Price(20 + u32::try_from(rng.below(29)).unwrap_or(0)),
        2 => Wanted::Banner(if rng.chance(50) { "bold" } else { "quiet" }),
        3 | 4 => Wanted::Call(ONCE),
        5 => Wanted::Run,
        6..8 => Wanted::Call(CAREFUL),
        _ => Wanted::Call(FREE),
    }
}

fn answer(rng: &mut Rng) -> Answer {
    match rng.below(10) {
        0..7 => Answer::Approve,
        7 => Answer::Edit(20 + u32::try_from(rng.below(29)).unwrap_or(0)),
        8 => Answer::Veto,
        _ => Answer::Defer(1 + u32::try_from(rng.below(12)).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_a_workload() {
        assert_eq!(Plan::of(7, 20), Plan::of(7, 20));
        assert_ne!(Plan::of(7, 20), Plan::of(8, 20));
        assert!(Plan::of(3, 50).steps.windows(2).all(|w| w[0].at < w[1].at));
    }
}
