//! Times as senders write them, and the correction of their clocks.

use epoch_model::time::Millis;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::rfc2822};
use sonic_rs::{JsonType, JsonValueTrait, LazyValue};

/// Differences below this are the way through the network, not a wrong clock; correcting them would move every event
/// that was timed rightly.
const SKEW_MIN: Millis = 2_000;

/// An instant written as ISO 8601 (without offset: UTC), RFC 2822, or a number since 1970 in seconds, milliseconds or
/// microseconds (told apart by size).
pub(crate) fn instant(value: &LazyValue<'_>) -> Option<Millis> {
    match value.get_type() {
        JsonType::Number => epoch(value.as_f64()?),
        JsonType::String => written(value.as_str()?.trim()),
        _ => None,
    }
}

/// As [`instant`], for text.
pub(crate) fn written(text: &str) -> Option<Millis> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return epoch(text.parse().ok()?);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(local).ok().map(Timestamp::as_millisecond);
    }
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the fraction of a millisecond is dropped")]
fn epoch(number: f64) -> Option<Millis> {
    let millis = match number {
        n if !(0.0..1e17).contains(&n) => return None,
        n if n >= 1e14 => n / 1e3,
        n if n >= 1e11 => n,
        n => n * 1e3,
    };
    Some(millis.round() as Millis)
}

/// What to add to the sender's times: its clock said `sent_at` when ours said `received`.
pub(crate) fn skew(sent_at: Option<Millis>, received: Millis) -> Millis {
    let shift = sent_at.map_or(0, |sent| received.saturating_sub(sent));
    if shift.saturating_abs() < SKEW_MIN { 0 } else { shift }
}
