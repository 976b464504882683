//! When an effect may be called: a breaker per effect, what a provider said of its limits, and a hold while a receiver does
//! not let us in. Pure: told what happened and when, it answers from when on. Knows no outbox and no network.

use std::collections::BTreeMap;

use epoch_connectors::effects::Limit;
use epoch_model::time::Millis;

/// Failures in a row that open a breaker.
const OPENS_AFTER: u32 = 5;
/// How long it stays open first; doubles each time its trial fails.
const OPEN_MS: Millis = 60_000;
const OPEN_MAX_MS: Millis = 30 * 60_000;
/// How long after a refused secret the same one is tried again.
pub(super) const HOLD_MS: Millis = 60 * 60_000;
/// First bound of the pause between attempts; doubles each time.
const PAUSE_MS: Millis = 2_000;
const PAUSE_MAX_MS: Millis = 60 * 60_000;

/// What an attempt says about its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It answered sensibly, whatever it said of this call.
    Works,
    /// No answer, or one that says it is broken.
    Fails,
    /// It said nothing about the receiver.
    Nothing,
}

/// Why an effect waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// Hash of what was refused: secret and target. Another one is tried at once.
    pub refused: String,
    pub until: Millis,
    pub detail: String,
}

#[derive(Debug, Default)]
struct One {
    failures: u32,
    /// Times it was opened in a row.
    opened: u32,
    open_until: Option<Millis>,
    hold: Option<Hold>,
}

/// The health of all effects.
#[derive(Debug, Default)]
pub(super) struct Health {
    effects: BTreeMap<String, One>,
    /// Provider to the instant from which it takes calls again.
    limits: BTreeMap<String, Millis>,
}

impl Health {
    /// Whether a call may be made now; the error says why not.
    pub fn may(&mut self, effect: &str, provider: &str, credentials: &str, now: Millis) -> Result<(), String> {
        if let Some(until) = self.limits.get(provider) {
            if now < *until {
                return Err(format!("{provider} takes no more calls for {} s", (until - now) / 1000 + 1));
            }
            self.limits.remove(provider);
        }
        let Some(one) = self.effects.get_mut(effect) else { return Ok(()) };
        if let Some(hold) = &one.hold {
            if hold.refused == credentials && now < hold.until {
                return Err(format!("held until its secret is set anew: {}", hold.detail));
            }
            one.hold = None;
        }
        match one.open_until {
            Some(until) if now < until => Err(format!("its breaker is open for {} s", (until - now) / 1000 + 1)),
            // One trial at a time: calls of one effect follow each other.
            _ => Ok(()),
        }
    }

    /// Notes an attempt's end. Answers whether the breaker opened (`true`) or closed (`false`), if it changed.
    pub fn note(&mut self, effect: &str, sign: Sign, now: Millis) -> Option<bool> {
        let one = self.effects.entry(effect.to_owned()).or_default();
        match sign {
            Sign::Nothing => None,
            Sign::Works => {
                let was_open = one.open_until.take().is_some();
                (one.failures, one.opened) = (0, 0);
                was_open.then_some(false)
            }
            Sign::Fails => {
                one.failures = one.failures.saturating_add(1);
                let trial = one.open_until.is_some();
                if !trial && one.failures < OPENS_AFTER {
                    return None;
                }
                one.open_until = Some(now + (OPEN_MS << one.opened.min(10)).min(OPEN_MAX_MS));
                one.opened = one.opened.saturating_add(1);
                (!trial).then_some(true)
            }
        }
    }

    /// Notes what a provider said of its limits.
    pub fn limit(&mut self, provider: &str, limit: Option<Limit>, asked: Option<Millis>, now: Millis) {
        let used_up = limit.filter(|l| l.remaining == 0).and_then(|l| Millis::try_from(l.reset.as_millis()).ok());
        if let Some(pause) = asked.max(used_up).filter(|pause| *pause > 0) {
            let until = self.limits.entry(provider.to_owned()).or_insert(now);
            *until = (*until).max(now + pause);
        }
    }

    /// Holds an effect whose secret was refused.
    pub fn hold(&mut self, effect: &str, hold: Hold) {
        self.effects.entry(effect.to_owned()).or_default().hold = Some(hold);
    }

    /// Effects that wait for their secret, with what the receiver said.
    pub fn held(&self) -> Vec<(String, String)> {
        let held = |(key, one): (&String, &One)| Some((key.clone(), one.hold.as_ref()?.detail.clone()));
        self.effects.iter().filter_map(held).collect()
    }

    /// In one word and one sentence, where there is something to say.
    pub fn words(&self, effect: &str, now: Millis) -> Option<(&'static str, String)> {
        let one = self.effects.get(effect)?;
        if let Some(hold) = &one.hold {
            return Some(("held", format!("waits for its secret: {}", hold.detail)));
        }
        let until = one.open_until?;
        Some(if now < until {
            ("open", format!("its breaker is open after {} failures in a row", one.failures))
        } else {
            ("half_open", "the next call is a trial".to_owned())
        })
    }
}

/// The pause after an attempt (the first is 1): full jitter, drawn from the key, so that a replay pauses as long.
pub(super) fn pause(key: &str, attempt: u32) -> Millis {
    let bound = (PAUSE_MS << attempt.min(20)).min(PAUSE_MAX_MS);
    let hash = blake3::hash(format!("{key}/{attempt}").as_bytes());
    let (eight, _) = hash.as_bytes().split_first_chunk::<8>().map_or(([0; 8], &[][..]), |(e, rest)| (*e, rest));
    // Below the bound, which fits.
    Millis::try_from(u64::from_le_bytes(eight) % bound.unsigned_abs().max(1)).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_breaker_opens_tries_and_closes() {
        let mut health = Health::default();
        let mut now = 0;
        for n in 1..=OPENS_AFTER {
            assert_eq!(health.may("e", "p", "c", now), Ok(()), "{n}");
            assert_eq!(health.note("e", Sign::Fails, now), (n == OPENS_AFTER).then_some(true));
        }
        assert!(health.may("e", "p", "c", now + OPEN_MS - 1).is_err());
        assert_eq!(health.words("e", now).map(|w| w.0), Some("open"));
        assert_eq!(health.may("other", "p", "c", now), Ok(()), "each effect has its own");
        now += OPEN_MS;
        assert_eq!(health.words("e", now).map(|w| w.0), Some("half_open"));
        assert_eq!(health.may("e", "p", "c", now), Ok(()));
        assert_eq!(health.note("e", Sign::Fails, now), None, "it was open and stays so");
        assert!(health.may("e", "p", "c", now + 2 * OPEN_MS - 1).is_err(), "twice as long");
        now += 2 * OPEN_MS;
        assert_eq!(health.note("e", Sign::Works, now), Some(false));
        assert_eq!(health.words("e", now), None);
        assert_eq!(health.note("e", Sign::Fails, now), None, "it counts from the beginning");
    }

    #[test]
    fn a_refused_secret_holds_until_another_one_or_an_hour() {
        let mut health = Health::default();
        health.hold("e", Hold { refused: "old".into(), until: HOLD_MS, detail: "401".into() });
        assert!(health.may("e", "p", "old", 0).is_err_and(|why| why.contains("401")));
        assert_eq!(health.held().len(), 1);
        assert_eq!(health.may("e", "p", "new", 0), Ok(()));
        assert!(health.held().is_empty());
        health.hold("e", Hold { refused: "old".into(), until: HOLD_MS, detail: "401".into() });
        assert_eq!(health.may("e", "p", "old", HOLD_MS), Ok(()));
    }

    #[test]
    fn a_providers_limit_holds_all_its_effects() {
        let mut health = Health::default();
        health.limit("p", Some(Limit { remaining: 3, reset: Duration::from_mins(1) }), None, 0);
        assert_eq!(health.may("a", "p", "c", 0), Ok(()));
        health.limit("p", Some(Limit { remaining: 0, reset: Duration::from_mins(1) }), Some(10_000), 0);
        health.limit("p", None, Some(1_000), 0);
        assert!(health.may("b", "p", "c", 59_999).is_err());
        assert_eq!(health.may("b", "q", "c", 0), Ok(()));
        assert_eq!(health.may("b", "p", "c", 60_000), Ok(()));
    }

    #[test]
    fn pauses_are_spread_below_their_bound_and_repeat() {
        let mut sum = 0;
        for n in 0..500 {
            let key = format!("key-{n}");
            let drawn = pause(&key, 3);
            assert!((0..16_000).contains(&drawn));
            assert_eq!(drawn, pause(&key, 3));
            sum += drawn;
        }
        // The mean of 500 uniform draws is within 5 standard errors (207 ms each) of the middle.
        assert!((sum / 500 - 8_000).abs() < 5 * 207, "{}", sum / 500);
        assert!(pause("k", 60) < PAUSE_MAX_MS);
    }
}
