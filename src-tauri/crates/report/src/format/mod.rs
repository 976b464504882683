//! Figures as text, in explicit English conventions: `1,234.5`, `−3.2 %`, `€1,234`, `0.42 points`, `3 h 10 m`.
//!
//! The same on every machine: no locale is read. A figure that is no number is written as [`NONE`], and a figure that
//! rounds to zero has no sign.

mod date;
mod money;

pub use date::{clock, day, iso, moment, short, span};
pub use money::{Currency, money_major, money_minor};

use epoch_model::business::{Format, LeverValue};

/// What stands for a value that is not defined.
pub const NONE: &str = "–";
/// No-break space, between a figure and its unit.
pub(crate) const NBSP: char = '\u{a0}';
/// The minus sign.
pub(crate) const MINUS: char = '\u{2212}';

/// From here on digits are no longer known one by one, and powers of ten are shorter to read.
const PLAIN_MAX: f64 = 1e15;
/// Largest number of digits after the point.
const DIGITS_MAX: usize = 9;

/// The digits of `value` with a fixed number after the point and thousands set off: sign (if any), then digits.
pub(crate) fn parts(value: f64, digits: usize) -> (bool, String) {
    if value.abs() >= PLAIN_MAX {
        return (value < 0.0, format!("{:.3e}", value.abs()));
    }
    let text = format!("{:.*}", digits.min(DIGITS_MAX), value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(w, r)| (w, r));
    let mut out = String::with_capacity(text.len() + text.len() / 3);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    let zero = !text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    (value < 0.0 && !zero, out)
}

/// `1,234.50`: a fixed number of digits after the point; `1.234e17` from 10^15 on.
pub fn fixed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let (negative, text) = parts(value, digits);
    if negative { format!("{MINUS}{text}") } else { text }
}

/// A text of a figure with a plus where it is positive and not zero as written.
pub fn signed(value: f64, text: String) -> String {
    let shown = text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if value > 0.0 && value.is_finite() && shown { format!("+{text}") } else { text }
}

/// `1,234`, `12.3`, `0.042`: as many digits as the size asks for, none for whole numbers.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let digits = if value.fract() == 0.0 || size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        3
    };
    let text = fixed(value, digits);
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// `4.02 %` from 0.0402.
pub fn percent(share: f64) -> String {
    let size = (share * 100.0).abs();
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    unit(share * 100.0, digits, "%")
}

/// `0.40 points` from 0.004: the difference of two shares.
pub fn points(difference: f64) -> String {
    unit(difference * 100.0, 2, "points")
}

fn unit(value: f64, digits: usize, name: &str) -> String {
    let text = fixed(value, digits);
    if text == NONE { text } else { format!("{text}{NBSP}{name}") }
}

/// A length of time in seconds with its two largest units: `3 h 10 m`, `45 s`, `12 d`.
pub fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s")];
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    let size = seconds.abs();
    let sign = if seconds < 0.0 { MINUS.to_string() } else { String::new() };
    let Some(first) = UNITS.iter().position(|(width, _)| size >= *width) else {
        return unit(seconds, if size == 0.0 { 0 } else { 2 }, "s");
    };
    let (width, name) = UNITS[first];
    let Some((below, below_name)) = UNITS.get(first + 1).copied() else {
        return format!("{sign}{}{NBSP}{name}", number(size));
    };
    // From ten units on the smaller one says nothing.
    let (whole, rest) = if size / width >= 10.0 {
        ((size / width).round(), 0.0)
    } else {
        let all = (size / below).round();
        let per = width / below;
        ((all / per).floor(), all % per)
    };
    let tail = if rest > 0.0 { format!("{NBSP}{}{NBSP}{below_name}", fixed(rest, 0)) } else { String::new() };
    format!("{sign}{}{NBSP}{name}{tail}", fixed(whole, 0))
}

/// A metric's value in its own format.
pub fn value(value: f64, format: Format, currency: &Currency) -> String {
    match format {
        Format::Number => number(value),
        Format::Integer => fixed(value, 0),
        Format::Money => money_major(value, currency),
        Format::Percent => percent(value),
        Format::Duration => duration(value),
    }
}

/// A difference in a metric's own unit, with its sign; points for shares.
pub fn difference(by: f64, format: Format, currency: &Currency) -> String {
    let text = if format == Format::Percent { points(by) } else { value(by, format, currency) };
    signed(by, text)
}

/// A change against the period before: relative, or in points for shares.
pub fn change(relative: Option<f64>, now: Option<f64>, before: Option<f64>, format: Format) -> String {
    match (format, now, before, relative) {
        (Format::Percent, Some(now), Some(before), _) => signed(now - before, points(now - before)),
        (Format::Percent, ..) | (_, _, _, None) => NONE.to_owned(),
        (_, _, _, Some(by)) => signed(by, unit(by * 100.0, 1, "%")),
    }
}

/// A short label of an axis whose ticks are `step` apart: `12k`, `€1.5M`, `4 %`.
pub fn axis(at: f64, step: f64, format: Format, currency: &Currency) -> String {
    match format {
        Format::Percent => unit(at * 100.0, digits_of(step * 100.0), "%"),
        Format::Duration => duration(at),
        Format::Money => money::with_symbol(at, compact(at, step), currency),
        Format::Number | Format::Integer => compact(at, step),
    }
}

fn digits_of(step: f64) -> usize {
    (0..6)
        .find(|d| {
            let scaled = step * 10f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1e-6)
        })
        .and_then(|d| usize::try_from(d).ok())
        .unwrap_or(6)
}

fn compact(at: f64, step: f64) -> String {
    let (width, name) = match at.abs().max(step) {
        size if size >= 1e9 => (1e9, "bn"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let text = fixed(at / width, digits_of(step / width));
    if text == NONE || at == 0.0 { text } else { format!("{text}{name}") }
}

/// A lever's value.
pub fn lever(value: &LeverValue) -> String {
    match value {
        LeverValue::Bool(true) => "on".to_owned(),
        LeverValue::Bool(false) => "off".to_owned(),
        LeverValue::Number(n) => number(*n),
        LeverValue::Text(text) if text.is_empty() => "(empty)".to_owned(),
        LeverValue::Text(text) => text.clone(),
    }
}

/// A figure that counts something, as a count: what is no number or negative counts nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what a count needs"
)]
pub(crate) fn count(value: f64) -> usize {
    value as usize
}

/// `1 decision`, `3 decisions`.
pub fn plural(count: usize, one: &str) -> String {
    let shown = fixed(count as f64, 0);
    if count == 1 { format!("{shown} {one}") } else { format!("{shown} {one}s") }
}

#[cfg(test)]
mod tests;
