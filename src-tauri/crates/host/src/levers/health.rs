//! How a lever fares: who reads it, whether anybody should still, and whether two products sort its units differently.

use epoch_model::business::LeverKind;
use epoch_model::serving::{Flag, Protocol, Serve};
use epoch_model::time::{DAY, Millis};

use super::kept::{Kept, KeptLever};
use super::readers::Seen;

/// Not read for so long: stale.
const SILENT_MS: Millis = 30 * DAY;
/// One value for everybody for so long: the code may decide without asking.
const SETTLED_MS: Millis = 60 * DAY;
/// Switched off for so long: remove it.
const KILLED_MS: Millis = 30 * DAY;
/// Declared for so long without a reader: worth a word.
const UNREAD_MS: Millis = 7 * DAY;

/// Whether a lever does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeverState {
    /// Somebody reads it.
    Live,
    /// It is off: everybody gets the default.
    Killed,
    /// Nobody has read it yet.
    Unread,
    /// It could be taken out of the code or of `business.toml`.
    Stale,
}

impl LeverState {
    /// Its name in views.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Killed => "killed",
            Self::Unread => "unread",
            Self::Stale => "stale",
        }
    }
}

/// Something to know about a lever, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeverWarning {
    /// A closed word: `mixed_assignment`, `not_served`, `unread`, `one_value`, `not_read_lately`, `killed_long`.
    pub code: &'static str,
    pub text: String,
    pub next: String,
}

/// A lever's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeverHealth {
    pub state: LeverState,
    pub warnings: Vec<LeverWarning>,
    /// Those who read it, last seen first.
    pub readers: Vec<Seen>,
}

/// Whether chance decides for some units.
pub fn is_random(flag: &Flag) -> bool {
    let chance = |serve: &Serve| match serve {
        Serve::Value { share, .. } => *share < 1.0,
        Serve::Experiment { .. } => true,
    };
    flag.serving.holdout.is_some() || flag.serving.rules.iter().any(|rule| chance(&rule.serve))
}

/// Protocols that serve a lever.
pub fn served(flag: &Flag) -> Vec<Protocol> {
    let named = &flag.serving.served_as;
    Protocol::ALL.into_iter().filter(|p| named.is_empty() || named.contains(p)).collect()
}

/// Protocols of one number sort a unit into the same arm.
fn family(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Ofrep | Protocol::Growthbook => 0,
        Protocol::Posthog => 1,
        Protocol::Unleash => 2,
    }
}

fn called(s: &Seen) -> String {
    let client = if s.client.is_empty() { "a client without a name" } else { &s.client };
    format!("{client} ({}, key “{}”)", s.protocol.name(), s.key)
}

/// Examines one lever. `seen` is everybody, last seen first; `now` is the machine's time.
pub fn examine(flag: &Flag, past: &Past, seen: &[Seen], now: Millis) -> LeverHealth {
    let serves = served(flag);
    let asks = |s: &&Seen| s.lever.as_deref().map_or(serves.contains(&s.protocol), |lever| lever == flag.key);
    let readers: Vec<Seen> = seen.iter().filter(asks).cloned().collect();
    let lately: Vec<&Seen> = readers.iter().filter(|s| now - s.last < SILENT_MS).collect();
    let mut warnings = Vec::new();
    let mut warn = |code, text, next: &str| warnings.push(LeverWarning { code, text, next: next.to_owned() });
    warn_of_mixing(flag, &lately, &mut warn);
    if let Some(s) = lately.iter().find(|s| !serves.contains(&s.protocol)) {
        let text = format!("{} asks for it, but it is not served as {}", called(s), s.protocol.name());
        warn("not_served", text, "add the protocol to `served_as`, or take the call out of the product");
    }
    let kept = past.of(flag);
    let state = state_of(flag, kept, &readers, now, &mut warn);
    LeverHealth { state, warnings, readers }
}

fn warn_of_mixing(flag: &Flag, lately: &[&Seen], warn: &mut impl FnMut(&'static str, String, &str)) {
    if !is_random(flag) || flag.serving.off {
        return;
    }
    let Some(first) = lately.first() else { return };
    let Some(other) = lately.iter().find(|s| family(s.protocol) != family(first.protocol)) else { return };
    let text = format!(
        "{} and {} sort units differently: the same person may see two variants, and results of both together mean nothing",
        called(first),
        called(other)
    );
    warn(
        "mixed_assignment",
        text,
        "read it through one protocol (OFREP and GrowthBook sort alike), or narrow `served_as`",
    );
}

fn state_of(
    flag: &Flag,
    kept: Option<&KeptLever>,
    readers: &[Seen],
    now: Millis,
    warn: &mut impl FnMut(&'static str, String, &str),
) -> LeverState {
    let days = |since: Millis| (now - since) / DAY;
    let since = kept.map_or(now, |k| k.since);
    if flag.serving.off {
        if now - since < KILLED_MS {
            return LeverState::Killed;
        }
        let text = format!("switched off for {} days: everybody gets the default", days(since));
        warn("killed_long", text, "take it out of the code, then out of business.toml");
        return LeverState::Killed;
    }
    let Some(last) = readers.iter().map(|s| s.last).max() else {
        let declared = kept.map_or(now, |k| k.declared_since);
        if now - declared >= UNREAD_MS {
            let text = format!(
                "declared {} days ago, and no SDK has asked for it (who reads levers.json is not seen)",
                days(declared)
            );
            warn("unread", text, "read it in the product, or take it out of business.toml");
        }
        return LeverState::Unread;
    };
    if now - last >= SILENT_MS {
        let text = format!("nobody has asked for it for {} days", days(last));
        warn("not_read_lately", text, "take it out of business.toml");
        return LeverState::Stale;
    }
    if settled(flag) && now - since >= SETTLED_MS {
        let text = format!("everybody has got the same value for {} days", days(since));
        warn("one_value", text, "write the value into the code, then take the lever out of business.toml");
        return LeverState::Stale;
    }
    LeverState::Live
}

/// A switch that is the same for everybody and that no decision moves. A price that stands still is a price.
fn settled(flag: &Flag) -> bool {
    let switch = matches!(flag.kind, LeverKind::Boolean | LeverKind::Variant { .. });
    let everybody = |rule: &epoch_model::serving::Rule| {
        rule.when.is_none() && matches!(rule.serve, Serve::Value { share, .. } if share >= 1.0)
    };
    let same = flag.serving.rules.first().is_none_or(everybody);
    let plain = flag.serving.holdout.is_none() && flag.serving.requires.is_empty();
    switch && same && plain && flag.decision.is_none()
}

/// What is known of the levers' past.
#[derive(Debug, Clone)]
pub struct Past(pub(crate) Kept);

impl Past {
    fn of(&self, flag: &Flag) -> Option<&KeptLever> {
        self.0.levers.get(&flag.key)
    }
}

#[cfg(test)]
mod tests {
    use epoch_model::business::{Business, LeverValue};

    use super::*;

    fn declared(rest: &str) -> (Flag, Past) {
        let text = format!(
            "[business]\nname = \"S\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n\n[[lever]]\nkey = \"a\"\nkind = \"boolean\"\ndefault = false\n{rest}"
        );
        let business = Business::parse(&text).expect("a business");
        let mut kept = Kept::default();
        kept.take(&business, &[], "business.toml", (0, 0));
        (kept.flags(&business, &[]).remove(0), Past(kept))
    }

    fn seen(protocol: Protocol, last: Millis) -> Seen {
        Seen { protocol, client: "app/1".into(), key: "web".into(), lever: None, first: 0, last, requests: 9 }
    }

    #[test]
    fn a_lever_is_as_alive_as_its_readers() {
        let rule = "[[lever.rule]]\nkey = \"r\"\nif = \"plan == 'pro'\"\nvalue = true\n";
        let half = "[[lever.rule]]\nkey = \"r\"\nvalue = true\nshare = \"50 %\"\n";
        let only = "served_as = [\"ofrep\"]\n";
        let (ofrep, growthbook, posthog) = (Protocol::Ofrep, Protocol::Growthbook, Protocol::Posthog);
        let day = |n: i64| n * DAY;
        for (rest, readers, now, state, codes) in [
            (rule, vec![], day(1), LeverState::Unread, &[][..]),
            (rule, vec![], day(8), LeverState::Unread, &["unread"]),
            (rule, vec![seen(ofrep, day(9))], day(10), LeverState::Live, &[]),
            (rule, vec![seen(ofrep, day(9))], day(40), LeverState::Stale, &["not_read_lately"]),
            ("", vec![seen(ofrep, day(61))], day(61), LeverState::Stale, &["one_value"]),
            (rule, vec![seen(ofrep, day(61))], day(61), LeverState::Live, &[]),
            ("off = true\n", vec![], day(2), LeverState::Killed, &[]),
            ("off = true\n", vec![seen(ofrep, day(40))], day(40), LeverState::Killed, &["killed_long"]),
            (half, vec![seen(ofrep, 5), seen(growthbook, 4)], 6, LeverState::Live, &[]),
            (half, vec![seen(ofrep, 5), seen(posthog, 4)], 6, LeverState::Live, &["mixed_assignment"]),
            (half, vec![seen(ofrep, day(40)), seen(posthog, 4)], day(40), LeverState::Live, &[]),
            (rule, vec![seen(ofrep, 5), seen(posthog, 4)], 6, LeverState::Live, &[]),
            (only, vec![Seen { lever: Some("a".into()), ..seen(posthog, 5) }], 6, LeverState::Live, &["not_served"]),
        ] {
            let (flag, past) = declared(rest);
            let health = examine(&flag, &past, &readers, now);
            let found: Vec<&str> = health.warnings.iter().map(|w| w.code).collect();
            assert_eq!((health.state, found.as_slice()), (state, codes), "{rest} at {now}: {:?}", health.warnings);
        }
    }

    #[test]
    fn a_number_stays_and_a_version_grows() {
        let (first, Past(mut kept)) = declared("");
        let text = "[business]\nname = \"S\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n";
        let gone = Business::parse(text).expect("a business");
        let removed = kept.take(&gone, &[], "business.toml", (5, 5));
        assert_eq!((removed.len(), removed[0].1.kind.as_str(), kept.version), (1, "removed", 2));
        let back = format!("{text}\n[[lever]]\nkey = \"a\"\nkind = \"boolean\"\ndefault = true\n");
        let back = Business::parse(&back).expect("a business");
        assert_eq!(kept.take(&back, &[], "business.toml", (6, 6)).len(), 1);
        let again = kept.flags(&back, &[]).remove(0);
        assert_eq!((again.id, again.version, again.value), (first.id, 3, LeverValue::Bool(true)));
        assert!(kept.take(&back, &[], "business.toml", (7, 7)).is_empty());
        assert_eq!(kept.version, 3, "nothing changed");
    }
}
