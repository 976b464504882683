//! The founder's attention: so many cards and minutes a day, spent where an answer is worth most.

use epoch_model::business::Limits;
use epoch_model::decision::Decision;
use epoch_model::time::{DAY, Millis};

use super::book::Book;

/// What an answer is worth per founder minute and day, in minor units:
/// `(delay cost per day + stake x min(P(worse), 1 - P(worse)) / days of the horizon) / minutes`.
///
/// Waiting costs the first term. The second is what a look can save: the loss that deciding by the forecast alone would risk, which
/// is nothing where the forecast is sure and most where it could go either way. What has neither comes last.
pub(crate) fn worth(d: &Decision) -> f64 {
    let delay = d.delay_cost_per_day_minor.unwrap_or(0).max(0) as f64;
    let days = (d.prediction.to.saturating_sub(d.prediction.from) as f64 / DAY as f64).max(1.0);
    let unsure = d.prediction.p_worse.min(1.0 - d.prediction.p_worse).max(0.0);
    let stake = d.stake_minor.unwrap_or(0).max(0) as f64;
    (delay + stake * unsure / days) / f64::from(d.founder_minutes.max(1))
}

impl Book {
    /// Why no further card fits into a local day.
    pub(crate) fn no_attention(&self, limits: &Limits, today: Millis, d: &Decision) -> Option<String> {
        let shown = self.cards.get(&today).copied().unwrap_or(0);
        if shown >= limits.cards_per_day {
            return Some(format!("{shown} cards were already put to you today"));
        }
        let minutes = self.minutes.get(&today).copied().unwrap_or(0);
        // A card longer than the whole day is put first thing, or it never would be.
        let most = limits.minutes_per_day?;
        (minutes > 0 && minutes.saturating_add(d.founder_minutes) > most || most == 0).then(|| {
            format!("{minutes} of your {most} minutes are taken today, and this card needs {}", d.founder_minutes)
        })
    }

    /// A card takes its share of the day.
    pub(crate) fn takes_attention(&mut self, today: Millis, minutes: u32) {
        let shown = self.cards.entry(today).or_insert(0);
        *shown = shown.saturating_add(1);
        let taken = self.minutes.entry(today).or_insert(0);
        *taken = taken.saturating_add(minutes);
    }
}
