//! Times as files write them, to milliseconds.

use epoch_model::time::{Millis, TIME_RANGE, Zone};
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;

/// How a column writes its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// Year first: ISO 8601 and its relatives, with or without zone, compact (`20240131`) too.
    Iso,
    /// Seconds, milliseconds, microseconds, nanoseconds since 1970: the size tells which, unless it is stated.
    Epoch(Option<Unit>),
    /// Days since 1899-12-30, as spreadsheets count.
    ExcelSerial,
    /// Day, month, year in figures.
    DayFirst,
    /// Month, day, year in figures.
    MonthFirst,
    /// The month as a word.
    MonthName,
    /// `strptime` directives.
    Pattern(String),
}

/// Of a count since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl TimeFormat {
    /// The format a mapping names; anything else with a `%` is a pattern.
    pub fn named(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "iso" | "iso8601" | "iso 8601" | "y-m-d" | "y/m/d" => Self::Iso,
            "epoch" | "unix" => Self::Epoch(None),
            "epoch_s" => Self::Epoch(Some(Unit::Seconds)),
            "epoch_ms" => Self::Epoch(Some(Unit::Millis)),
            "epoch_us" => Self::Epoch(Some(Unit::Micros)),
            "epoch_ns" => Self::Epoch(Some(Unit::Nanos)),
            "excel" => Self::ExcelSerial,
            "d/m/y" | "d.m.y" | "d-m-y" => Self::DayFirst,
            "m/d/y" | "m.d.y" | "m-d-y" => Self::MonthFirst,
            "month name" => Self::MonthName,
            _ if text.contains('%') => Self::Pattern(text.trim().to_owned()),
            _ => return None,
        })
    }

    /// As a mapping writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Iso => "iso",
            Self::Epoch(None) => "epoch",
            Self::Epoch(Some(Unit::Seconds)) => "epoch_s",
            Self::Epoch(Some(Unit::Millis)) => "epoch_ms",
            Self::Epoch(Some(Unit::Micros)) => "epoch_us",
            Self::Epoch(Some(Unit::Nanos)) => "epoch_ns",
            Self::ExcelSerial => "excel",
            Self::DayFirst => "d/m/y",
            Self::MonthFirst => "m/d/y",
            Self::MonthName => "month name",
            Self::Pattern(p) => p,
        }
    }
}

/// A wall-clock time and what was said about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub year: i32,
    pub month: u32,
    pub day: u32,
    /// Milliseconds within the day.
    pub ms: i64,
    /// Minutes east of UTC, where the text says.
    pub offset_min: Option<i64>,
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", days_from_civil).
fn days(year: i32, month: u32, day: u32) -> i64 {
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = i64::from(month);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn month_days(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Stamp {
    fn date(year: i32, month: u32, day: u32) -> Option<Self> {
        ((1..=12).contains(&month) && day >= 1 && day <= month_days(year, month) && (1..=9999).contains(&year))
            .then_some(Self { year, month, day, ms: 0, offset_min: None })
    }
}

/// Turns wall-clock times into instants. A time that a clock change skips is moved forward by the gap; of one that it
/// repeats the first is taken.
pub struct Clock {
    zone: Zone,
    /// Local hour (since 1970) whose offset is known, and the offset in milliseconds.
    known: Option<(i64, i64)>,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Clock {
    pub fn new(zone: Zone) -> Self {
        Self { zone, known: None }
    }

    pub fn instant(&mut self, stamp: Stamp) -> Option<Millis> {
        let local = days(stamp.year, stamp.month, stamp.day) * DAY_MS + stamp.ms;
        if let Some(minutes) = stamp.offset_min {
            return Some(local - minutes * 60_000);
        }
        let hour = local.div_euclid(HOUR_MS);
        if let Some((known, offset)) = self.known
            && known == hour
        {
            return Some(local - offset);
        }
        let at = |ms: i64| self.zone.instant(civil(stamp, ms)?);
        let exact = at(stamp.ms)?;
        // An hour of local time without a clock change in it has one offset; only such an hour is remembered.
        let start = stamp.ms - stamp.ms.rem_euclid(HOUR_MS);
        let (first, last) = (at(start)?, at(start + HOUR_MS - 1)?);
        let offset = local - exact;
        let plain = last - first == HOUR_MS - 1
            && self.zone.local(first - HOUR_MS).and_then(|b| self.zone.instant(b)) == Some(first - HOUR_MS);
        if plain && local - (stamp.ms - start) - first == offset {
            self.known = Some((hour, offset));
        }
        Some(exact)
    }
}

fn civil(stamp: Stamp, ms: i64) -> Option<DateTime> {
    let n8 = |v: i64| i8::try_from(v).ok();
    DateTime::new(
        i16::try_from(stamp.year).ok()?,
        i8::try_from(stamp.month).ok()?,
        i8::try_from(stamp.day).ok()?,
        n8(ms / HOUR_MS)?,
        n8(ms / 60_000 % 60)?,
        n8(ms / 1000 % 60)?,
        i32::try_from(ms % 1000).ok()? * 1_000_000,
    )
    .ok()
}

/// What a text can be read as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A local or zoned time.
    Stamp(Stamp),
    /// An instant.
    Instant(Millis),
}

/// Reads `text` in one format.
pub fn read(text: &str, format: &TimeFormat) -> Option<Reading> {
    match format {
        TimeFormat::Iso => iso(text).map(Reading::Stamp),
        TimeFormat::Epoch(unit) => epoch(text, *unit).map(Reading::Instant),
        TimeFormat::ExcelSerial => serial(text).map(Reading::Stamp),
        TimeFormat::DayFirst => figures(text, true).map(Reading::Stamp),
        TimeFormat::MonthFirst => figures(text, false).map(Reading::Stamp),
        TimeFormat::MonthName => worded(text).map(Reading::Stamp),
        TimeFormat::Pattern(p) => pattern(text, p),
    }
}

/// Reads `text` in the column's format, or in another one if that leaves no doubt.
pub fn read_any(text: &str, format: &TimeFormat) -> Option<Reading> {
    let text = text.trim();
    if let Some(found) = read(text, format) {
        return Some(found);
    }
    if let Some(found) = iso(text).or_else(|| worded(text)) {
        return Some(Reading::Stamp(found));
    }
    match (figures(text, true), figures(text, false)) {
        (Some(one), None) | (None, Some(one)) => return Some(Reading::Stamp(one)),
        (Some(a), Some(b)) if a == b => return Some(Reading::Stamp(a)),
        _ => {}
    }
    // A bare number among written dates could be anything; among epochs, another unit is told by its size.
    matches!(format, TimeFormat::Epoch(_)).then(|| epoch(text, None).map(Reading::Instant)).flatten()
}

/// Whether both orders of day and month are possible and differ.
pub fn order_of(text: &str) -> Option<Order> {
    match (figures(text, true), figures(text, false)) {
        (Some(a), Some(b)) if a == b => Some(Order::Either),
        (Some(_), Some(_)) => Some(Order::Open),
        (Some(_), None) => Some(Order::DayFirst),
        (None, Some(_)) => Some(Order::MonthFirst),
        (None, None) => None,
    }
}

/// What one text says about the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The same in both (03/03/2024).
    Either,
    /// Possible in both, with different days.
    Open,
    DayFirst,
    MonthFirst,
}

fn epoch(text: &str, unit: Option<Unit>) -> Option<Millis> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || digits.len() > 19 || !digits.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: i64 = whole.parse().ok()?;
    let unit = unit.unwrap_or(match n.unsigned_abs() {
        0..100_000_000_000 => Unit::Seconds,
        100_000_000_000..100_000_000_000_000 => Unit::Millis,
        100_000_000_000_000..100_000_000_000_000_000 => Unit::Micros,
        _ => Unit::Nanos,
    });
    match unit {
        Unit::Seconds => {
            let ms = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
            n.checked_mul(1000)?.checked_add(if n < 0 { -ms } else { ms })
        }
        Unit::Millis => Some(n),
        Unit::Micros => Some(n.div_euclid(1000)),
        Unit::Nanos => Some(n.div_euclid(1_000_000)),
    }
}

fn serial(text: &str) -> Option<Stamp> {
    let value: f64 = text.parse().ok()?;
    if !(1.0..110_000.0).contains(&value) {
        return None;
    }
    // Excel counts 29 February 1900, which never was, as day 60.
    let since_1970 = value.floor() - if value < 60.0 { 25_568.0 } else { 25_569.0 };
    let ms = (value.fract() * 86_400.0).round() * 1000.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, bounded by the range above")]
    let since_ms = (since_1970 * 86_400_000.0 + ms) as i64;
    let at = jiff::Timestamp::from_millisecond(since_ms).ok()?;
    let local = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let mut stamp =
        Stamp::date(i32::from(local.year()), u32::try_from(local.month()).ok()?, u32::try_from(local.day()).ok()?)?;
    stamp.ms =
        i64::from(local.hour()) * HOUR_MS + i64::from(local.minute()) * 60_000 + i64::from(local.second()) * 1000;
    Some(stamp)
}

fn pattern(text: &str, pattern: &str) -> Option<Reading> {
    let parsed = BrokenDownTime::parse(pattern, text).ok()?;
    if let Some(instant) = parsed.to_timestamp().ok().filter(|_| parsed.offset().is_some() || pattern.contains("%s")) {
        return Some(Reading::Instant(instant.as_millisecond()));
    }
    let date = parsed.to_date().ok()?;
    let mut stamp =
        Stamp::date(i32::from(date.year()), u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?)?;
    if let Ok(t) = parsed.to_time() {
        stamp.ms = i64::from(t.hour()) * HOUR_MS
            + i64::from(t.minute()) * 60_000
            + i64::from(t.second()) * 1000
            + i64::from(t.subsec_nanosecond() / 1_000_000);
    }
    Some(Reading::Stamp(stamp))
}

/// Reads figures and signs from the left.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<(u32, usize)> {
        let n = self.0.iter().take(*digits.end()).take_while(|b| b.is_ascii_digit()).count();
        if n < *digits.start() {
            return None;
        }
        let value = self.0[..n].iter().fold(0_u32, |v, b| v * 10 + u32::from(b - b'0'));
        self.0 = &self.0[n..];
        Some((value, n))
    }

    fn eat(&mut self, any: &[u8]) -> Option<u8> {
        let first = *self.0.first().filter(|b| any.contains(b))?;
        self.0 = &self.0[1..];
        Some(first)
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let hit = self.0.len() >= word.len() && self.0[..word.len()].eq_ignore_ascii_case(word);
        if hit {
            self.0 = &self.0[word.len()..];
        }
        hit
    }
}

fn iso(text: &str) -> Option<Stamp> {
    let mut scan = Scan(text.as_bytes());
    let (year, _) = scan.number(4..=4)?;
    let (month, day) = match scan.eat(b"-/.") {
        Some(sign) => {
            let (month, _) = scan.number(1..=2)?;
            let day = if scan.eat(&[sign]).is_some() {
                scan.number(1..=2)?.0
            } else if scan.0.is_empty() {
                1
            } else {
                return None;
            };
            (month, day)
        }
        None => (scan.number(2..=2)?.0, scan.number(2..=2)?.0),
    };
    let compact = text.len() >= 8 && text.as_bytes()[4].is_ascii_digit();
    let mut stamp = Stamp::date(i32::try_from(year).ok()?, month, day)?;
    if scan.0.is_empty() {
        // Eight bare figures are a date only in years that data has.
        return (!compact || (1970..2200).contains(&year)).then_some(stamp);
    }
    if scan.eat(b"Tt_").is_none() {
        let before = scan.0.len();
        scan.spaces();
        if scan.0.len() == before && !compact {
            return zone(scan, &mut stamp);
        }
    }
    clock_time(&mut scan, &mut stamp)?;
    zone(scan, &mut stamp)
}

/// `8:26`, `08:26:00.123`, `082600`, `8:26 PM`.
fn clock_time(scan: &mut Scan<'_>, stamp: &mut Stamp) -> Option<()> {
    let (mut hour, figures) = scan.number(1..=2)?;
    let (mut minute, mut second, mut ms) = (0, 0, 0);
    let colon = scan.eat(b":").is_some();
    if colon || (figures == 2 && scan.0.first().is_some_and(u8::is_ascii_digit)) {
        minute = scan.number(2..=2)?.0;
        let more = if colon { scan.eat(b":").is_some() } else { scan.0.first().is_some_and(u8::is_ascii_digit) };
        if more {
            second = scan.number(2..=2)?.0;
            if scan.eat(b".,").is_some() {
                let (value, n) = scan.number(1..=9)?;
                ms = u32::try_from(u64::from(value) * 1000 / 10_u64.pow(u32::try_from(n).ok()?)).ok()?;
            }
        }
    } else if !scan.0.trim_ascii_start().first().is_some_and(|b| matches!(b, b'a' | b'A' | b'p' | b'P' | b'Z')) {
        return None;
    }
    let rest = scan.0;
    scan.spaces();
    let noon = if scan.word(b"am") || scan.word(b"a.m.") {
        Some(0)
    } else if scan.word(b"pm") || scan.word(b"p.m.") {
        Some(12)
    } else {
        scan.0 = rest;
        None
    };
    if let Some(add) = noon {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + add;
    }
    // 24:00 is the end of the day, and a leap second is the last one before it.
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0) {
        return None;
    }
    let second = second.min(59);
    stamp.ms = i64::from(hour) * HOUR_MS + i64::from(minute) * 60_000 + i64::from(second) * 1000 + i64::from(ms);
    if hour == 24 {
        stamp.ms = DAY_MS - 1;
    }
    Some(())
}

/// `Z`, `UTC`, `+02:00`, `+0200`, `+02`, or nothing; `+02:00[Europe/Berlin]` too.
fn zone(mut scan: Scan<'_>, stamp: &mut Stamp) -> Option<Stamp> {
    scan.spaces();
    if scan.0.is_empty() {
        return Some(*stamp);
    }
    if scan.word(b"UTC") || scan.word(b"GMT") || scan.word(b"Z") {
        stamp.offset_min = Some(0);
        if scan.0.is_empty() {
            return Some(*stamp);
        }
    }
    let sign = match scan.eat(b"+-")? {
        b'-' => -1,
        _ => 1,
    };
    let (hours, n) = scan.number(1..=2)?;
    let minutes = if scan.eat(b":").is_some() || (n == 2 && scan.0.first().is_some_and(u8::is_ascii_digit)) {
        scan.number(2..=2)?.0
    } else {
        0
    };
    if hours > 18 || minutes > 59 || !(scan.0.is_empty() || scan.0.starts_with(b"[") || scan.0.starts_with(b" (")) {
        return None;
    }
    stamp.offset_min = Some(sign * i64::from(hours * 60 + minutes));
    Some(*stamp)
}

/// Two figures for the year: 70 to 99 are the last century's.
fn full_year(value: u32, figures: usize) -> Option<i32> {
    let year = match figures {
        4 => value,
        2 if value >= 70 => 1900 + value,
        2 => 2000 + value,
        _ => return None,
    };
    i32::try_from(year).ok()
}

fn figures(text: &str, day_first: bool) -> Option<Stamp> {
    let mut scan = Scan(text.as_bytes());
    let (a, _) = scan.number(1..=2)?;
    let sign = scan.eat(b"/.-")?;
    scan.spaces();
    let (b, _) = scan.number(1..=2)?;
    scan.eat(&[sign])?;
    scan.spaces();
    let (year, n) = scan.number(2..=4)?;
    let (day, month) = if day_first { (a, b) } else { (b, a) };
    let stamp = Stamp::date(full_year(year, n)?, month, day)?;
    time_after(scan, stamp)
}

fn time_after(mut scan: Scan<'_>, mut stamp: Stamp) -> Option<Stamp> {
    if scan.0.is_empty() {
        return Some(stamp);
    }
    if scan.eat(b",T").is_none() && !scan.0.starts_with(b" ") {
        return None;
    }
    scan.spaces();
    if scan.word(b"at ") || scan.word(b"um ") {
        scan.spaces();
    }
    clock_time(&mut scan, &mut stamp)?;
    zone(scan, &mut stamp)
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Months of other languages that do not start as the English ones.
const OTHER_MONTHS: [(&str, u32); 8] =
    [("mär", 3), ("mrz", 3), ("mai", 5), ("okt", 10), ("dez", 12), ("ene", 1), ("ago", 8), ("dic", 12)];

fn month_word(scan: &mut Scan<'_>) -> Option<u32> {
    let n = scan.0.iter().take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let word = std::str::from_utf8(&scan.0[..n]).ok()?.to_lowercase();
    let month = MONTHS.iter().position(|m| word.starts_with(m)).and_then(|i| u32::try_from(i + 1).ok());
    let month = month.or_else(|| OTHER_MONTHS.iter().find(|(m, _)| word.starts_with(m)).map(|(_, n)| *n))?;
    scan.0 = &scan.0[n..];
    scan.eat(b".");
    Some(month)
}

/// `12 Mar 2024`, `12-Mar-24 08:26`, `March 12, 2024 3:04 PM`, `Tue, 12 Mar 2024 03:04:05 +0000`, `Tue Mar 12 03:04:05 2024`.
fn worded(text: &str) -> Option<Stamp> {
    let mut scan = Scan(text.as_bytes());
    let weekdays: [&[u8]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
    if scan.0.get(..3).is_some_and(|w| weekdays.iter().any(|d| w.eq_ignore_ascii_case(d))) {
        let n = scan.0.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        scan.0 = &scan.0[n..];
        scan.eat(b",.");
        scan.spaces();
    }
    let between = |scan: &mut Scan<'_>| while scan.eat(b" -/.,").is_some() {};
    let (day, month) = if scan.0.first()?.is_ascii_digit() {
        let (day, _) = scan.number(1..=2)?;
        between(&mut scan);
        (day, month_word(&mut scan)?)
    } else {
        let month = month_word(&mut scan)?;
        between(&mut scan);
        let (day, _) = scan.number(1..=2)?;
        for ending in [b"st", b"nd", b"rd", b"th"] {
            if scan.word(ending) {
                break;
            }
        }
        (day, month)
    };
    between(&mut scan);
    if scan.0.get(..5).is_some_and(|t| t.contains(&b':')) {
        // `date`'s own form: the time stands before the year.
        let (mut time, mut rest) = (Stamp::date(2000, 1, 1)?, scan);
        clock_time(&mut rest, &mut time)?;
        rest.spaces();
        let zoned = rest.0.iter().rposition(|b| *b == b' ').unwrap_or(0);
        rest.0 = rest.0.get(zoned..).unwrap_or_default().trim_ascii_start();
        let (year, n) = rest.number(4..=4)?;
        let mut stamp = Stamp::date(full_year(year, n)?, month, day)?;
        stamp.ms = time.ms;
        return rest.0.is_empty().then_some(stamp);
    }
    let (year, n) = scan.number(2..=4)?;
    let stamp = Stamp::date(full_year(year, n)?, month, day)?;
    time_after(scan, stamp)
}

/// Whether the instant is one an event may carry.
pub fn in_range(at: Millis) -> bool {
    TIME_RANGE.contains(&at)
}
