//! Dates and times of the business's timezone, with English month names.

use epoch_model::time::{DAY, Millis, Zone};
use jiff::Timestamp;
use jiff::civil::DateTime;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn local(at: Millis, zone: &Zone) -> Option<DateTime> {
    zone.local(at)
}

fn month(d: &DateTime) -> &'static str {
    usize::try_from(d.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or("")
}

/// `22 Nov 2026`.
pub fn day(at: Millis, zone: &Zone) -> String {
    local(at, zone).map_or_else(|| super::NONE.to_owned(), |d| format!("{} {} {}", d.day(), month(&d), d.year()))
}

/// `22 Nov`.
pub fn short(at: Millis, zone: &Zone) -> String {
    local(at, zone).map_or_else(|| super::NONE.to_owned(), |d| format!("{} {}", d.day(), month(&d)))
}

/// `09:41`.
pub fn clock(at: Millis, zone: &Zone) -> String {
    local(at, zone).map_or_else(|| super::NONE.to_owned(), |d| format!("{:02}:{:02}", d.hour(), d.minute()))
}

/// `22 Nov 2026, 09:41`.
pub fn moment(at: Millis, zone: &Zone) -> String {
    format!("{}, {}", day(at, zone), clock(at, zone))
}

/// `22 to 28 Nov 2026`; `to` is the first instant after the range.
pub fn span(from: Millis, to: Millis, zone: &Zone) -> String {
    let last = to.saturating_sub(1).max(from);
    let (Some(a), Some(b)) = (local(from, zone), local(last, zone)) else { return super::NONE.to_owned() };
    if a.date() == b.date() {
        let part = to.saturating_sub(from) < DAY / 2;
        return if part { moment(from, zone) } else { day(from, zone) };
    }
    if a.year() != b.year() {
        return format!("{} to {}", day(from, zone), day(last, zone));
    }
    if a.month() != b.month() {
        return format!("{} to {}", short(from, zone), day(last, zone));
    }
    format!("{} to {}", a.day(), day(last, zone))
}

/// RFC 3339 in UTC, for machines.
pub fn iso(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |t| t.to_string())
}
