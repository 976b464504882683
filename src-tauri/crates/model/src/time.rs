//! Time as the business sees it: instants in milliseconds, buckets in the business's timezone.
//!
//! The timezone database is bundled, so the same input gives the same bucket on every machine.

use std::ops::Range;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Code, Error, Result};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Times an event may carry: 1970 to 2199.
pub const TIME_RANGE: Range<Millis> = 0..7_258_118_400_000;

/// Milliseconds of an hour.
pub const HOUR: Millis = 3_600_000;
/// Milliseconds of a day of 24 hours.
pub const DAY: Millis = 24 * HOUR;

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// A local hour.
    Hour,
    /// A local calendar day.
    Day,
    /// A week, Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// A timezone, found in the bundled database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this IANA name (`Europe/Berlin`, `UTC`).
    pub fn named(name: &str) -> Result<Self> {
        TimeZone::get(name).map(Self).map_err(|_| {
            Error::new(
                Code::ConfigInvalid,
                format!("“{name}” is not a timezone"),
                "use an IANA name such as Europe/Berlin or UTC",
            )
        })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The first instant of the bucket that holds `at`.
    pub fn floor(&self, at: Millis, grain: Grain) -> Millis {
        let Ok(instant) = Timestamp::from_millisecond(at) else { return at };
        if grain == Grain::Hour {
            // Offsets are whole minutes; subtracting the local minutes keeps the two hours of a clock change apart.
            let offset_ms = i64::from(self.0.to_offset(instant).seconds()) * 1000;
            return at - (at + offset_ms).rem_euclid(HOUR);
        }
        let date = self.0.to_datetime(instant).date();
        let first = match grain {
            Grain::Hour | Grain::Day => date,
            Grain::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).unwrap_or(date),
            Grain::Month => date.first_of_month(),
        };
        self.instant(first.at(0, 0, 0, 0)).unwrap_or(at)
    }

    /// The first instant after the bucket that starts at `start`.
    pub fn next(&self, start: Millis, grain: Grain) -> Millis {
        if grain == Grain::Hour {
            return self.floor(start, Grain::Hour) + HOUR;
        }
        let Ok(instant) = Timestamp::from_millisecond(start) else { return start + DAY };
        let span: Span = match grain {
            Grain::Hour | Grain::Day => 1.day(),
            Grain::Week => 7.days(),
            Grain::Month => 1.month(),
        };
        let date = self.0.to_datetime(instant).date();
        date.checked_add(span).ok().and_then(|d| self.instant(d.at(0, 0, 0, 0))).unwrap_or(start + DAY)
    }

    /// The starts of all buckets that overlap `range`, in order.
    pub fn buckets(&self, range: Range<Millis>, grain: Grain) -> Vec<Millis> {
        let mut starts = Vec::new();
        let mut at = self.floor(range.start, grain);
        while at < range.end {
            starts.push(at);
            let next = self.next(at, grain);
            if next <= at {
                break;
            }
            at = next;
        }
        starts
    }

    /// The instant of a local wall-clock time (the earlier one where a clock change repeats it).
    pub fn instant(&self, local: DateTime) -> Option<Millis> {
        self.0.to_ambiguous_timestamp(local).compatible().ok().map(Timestamp::as_millisecond)
    }

    /// The local wall-clock time of an instant.
    pub fn local(&self, at: Millis) -> Option<DateTime> {
        Timestamp::from_millisecond(at).ok().map(|t| self.0.to_datetime(t))
    }
}
