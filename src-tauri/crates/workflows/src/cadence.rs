//! Times that come again: every hour, day, week or month at a local time.

use std::fmt;
use std::str::FromStr;

use epoch_model::time::{HOUR, Millis, Zone};
use epoch_model::{Code, Error};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Written as `hour`, `day 07:00`, `workday 08:30`, `monday 09:00` or `month 1 09:00`; always in the business's timezone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(into = "String", try_from = "String")]
#[ts(rename = "WorkflowCadence", type = "string")]
pub struct Cadence {
    days: Days,
    /// Minutes after midnight, local.
    minute: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// Every full hour; the minute is not used.
    EveryHour,
    Every,
    Workdays,
    /// 0 is Monday.
    Week(u8),
    /// 1 to 28, so that every month has it.
    Month(u8),
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Days that are looked at: two months, and the day a clock change may push over.
const DAYS_AHEAD: i32 = 64;

impl Cadence {
    /// The first such instant after `after`. Where a clock change skips the local time it is the instant the gap leads to,
    /// where one repeats it the earlier.
    pub fn next_after(self, after: Millis, zone: &Zone) -> Millis {
        if self.days == Days::EveryHour {
            return zone.floor(after, epoch_model::time::Grain::Hour) + HOUR;
        }
        let fallback = after + 31 * epoch_model::time::DAY;
        let Some(today) = zone.local(after).map(jiff::civil::DateTime::date) else { return fallback };
        (0..DAYS_AHEAD)
            .filter_map(|ahead| today.checked_add(ahead.days()).ok())
            .filter(|date| self.falls_on(*date))
            .filter_map(|date| {
                let hour = i8::try_from(self.minute / 60).ok()?;
                let minute = i8::try_from(self.minute % 60).ok()?;
                zone.instant(date.at(hour, minute, 0, 0))
            })
            .find(|at| *at > after)
            .unwrap_or(fallback)
    }

    fn falls_on(self, date: Date) -> bool {
        match self.days {
            Days::EveryHour | Days::Every => true,
            Days::Workdays => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
            Days::Week(day) => date.weekday().to_monday_zero_offset() == i8::try_from(day).unwrap_or(0),
            Days::Month(day) => date.day() == i8::try_from(day).unwrap_or(1),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            Days::EveryHour => return f.write_str("hour"),
            Days::Every => f.write_str("day")?,
            Days::Workdays => f.write_str("workday")?,
            Days::Week(day) => f.write_str(WEEKDAYS.get(usize::from(day)).unwrap_or(&"monday"))?,
            Days::Month(day) => write!(f, "month {day}")?,
        }
        write!(f, " {:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl From<Cadence> for String {
    fn from(cadence: Cadence) -> Self {
        cadence.to_string()
    }
}

impl TryFrom<String> for Cadence {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for Cadence {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::new(
                Code::InvalidArgument,
                format!("“{text}” is no time that comes again"),
                "write hour, \"day 07:00\", \"workday 08:30\", \"monday 09:00\" or \"month 1 09:00\"",
            )
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, clock) = match words.as_slice() {
            ["hour"] => return Ok(Self { days: Days::EveryHour, minute: 0 }),
            ["day", clock] => (Days::Every, clock),
            ["workday", clock] => (Days::Workdays, clock),
            ["month", day, clock] => {
                let day = day.parse().ok().filter(|day| (1..=28).contains(day)).ok_or_else(refuse)?;
                (Days::Month(day), clock)
            }
            [name, clock] => {
                let day = WEEKDAYS.iter().position(|day| day == name).ok_or_else(refuse)?;
                (Days::Week(u8::try_from(day).map_err(|_| refuse())?), clock)
            }
            _ => return Err(refuse()),
        };
        let (hour, minute) = clock.split_once(':').ok_or_else(refuse)?;
        let number = |part: &str, most: u16| {
            let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<u16>().ok().filter(|n| plain && *n <= most).ok_or_else(refuse)
        };
        Ok(Self { days, minute: number(hour, 23)? * 60 + number(minute, 59)? })
    }
}
