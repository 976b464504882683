//! How a column writes its times, from its values.

use super::time::{Order, TimeFormat, order_of, read};

/// A guessed format.
#[derive(Debug, Clone)]
pub struct Guess {
    pub format: TimeFormat,
    pub confidence: f64,
    pub reason: String,
    /// Day and month cannot be told apart by any value seen.
    pub open: bool,
}

/// Guesses from values in file order; `None` when they are no times. `zone` decides what cannot be decided otherwise.
pub fn guess(values: &[String], zone: &str) -> Option<Guess> {
    let total = values.len();
    if total == 0 {
        return None;
    }
    let share = |f: &TimeFormat| values.iter().filter(|v| read(v.trim(), f).is_some()).count() as f64 / total as f64;
    let sure = |format: TimeFormat, confidence: f64, reason: &str| {
        Some(Guess { format, confidence, reason: reason.into(), open: false })
    };
    let figures = values.iter().filter(|v| order_of(v.trim()).is_some()).count() as f64 / total as f64;
    if share(&TimeFormat::Iso) >= 0.6 {
        return sure(TimeFormat::Iso, 0.99, "the year stands first");
    }
    if figures >= 0.6 {
        return Some(order(values, zone));
    }
    if share(&TimeFormat::MonthName) >= 0.6 {
        return sure(TimeFormat::MonthName, 0.99, "the month is a word");
    }
    let numbers: Vec<f64> = values.iter().filter_map(|v| v.trim().parse().ok()).collect();
    if (numbers.len() as f64) < 0.6 * total as f64 {
        return None;
    }
    let within = |low: f64, high: f64| numbers.iter().all(|n| (low..high).contains(n));
    if within(1e8, 1e11) || within(1e11, 1e14) || within(1e14, 1e17) || within(1e17, 9.3e18) {
        return sure(TimeFormat::Epoch(None), 0.9, "counts since 1970; their size tells the unit");
    }
    if within(20_000.0, 80_000.0) {
        return sure(TimeFormat::ExcelSerial, 0.7, "numbers in the range of a spreadsheet's days");
    }
    None
}

fn order(values: &[String], zone: &str) -> Guess {
    let (mut day, mut month) = (None, None);
    let (mut days, mut months) = (0_u32, 0_u32);
    for value in values {
        match order_of(value.trim()) {
            Some(Order::DayFirst) => {
                days += 1;
                day.get_or_insert(value);
            }
            Some(Order::MonthFirst) => {
                months += 1;
                month.get_or_insert(value);
            }
            _ => {}
        }
    }
    let made = |day_first: bool, confidence, reason: String, open| Guess {
        format: if day_first { TimeFormat::DayFirst } else { TimeFormat::MonthFirst },
        confidence,
        reason,
        open,
    };
    match (day, month) {
        (Some(d), None) => made(true, 1.0, format!("“{d}” can only have the day first"), false),
        (None, Some(m)) => made(false, 1.0, format!("“{m}” can only have the month first"), false),
        (Some(d), Some(m)) => {
            let why = format!("both orders occur: “{d}” ({days} such) and “{m}” ({months} such)");
            made(days >= months, 0.5, why, true)
        }
        (None, None) => by_sequence(values).unwrap_or_else(|| by_habit(values, zone, &made)),
    }
}

/// Files are mostly in order of time: the reading that jumps about much less is the right one.
fn by_sequence(values: &[String]) -> Option<Guess> {
    let travel = |format: &TimeFormat| {
        let days: Vec<i64> = values
            .iter()
            .filter_map(|v| match read(v.trim(), format)? {
                super::time::Reading::Stamp(s) => {
                    Some(i64::from(s.year) * 372 + i64::from(s.month) * 31 + i64::from(s.day))
                }
                super::time::Reading::Instant(_) => None,
            })
            .collect();
        days.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<i64>()
    };
    let (day, month) = (travel(&TimeFormat::DayFirst), travel(&TimeFormat::MonthFirst));
    let format = if day * 3 < month {
        TimeFormat::DayFirst
    } else if month * 3 < day {
        TimeFormat::MonthFirst
    } else {
        return None;
    };
    let reason = "only so are the rows next to each other in time; no single value proves it".into();
    Some(Guess { format, confidence: 0.8, reason, open: true })
}

fn by_habit(values: &[String], zone: &str, made: &impl Fn(bool, f64, String, bool) -> Guess) -> Guess {
    if values.iter().any(|v| v.contains('.') && !v.contains('/')) {
        return made(true, 0.7, "dates with points are written with the day first".into(), true);
    }
    let american = zone.starts_with("America/") || zone.starts_with("US/");
    let reason = format!("no value shows whether day or month stands first; the timezone {zone} suggests it");
    made(!american, 0.5, reason, true)
}
