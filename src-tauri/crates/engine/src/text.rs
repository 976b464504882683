//! Numbers, money, shares and dates in plain words.

use epoch_model::business::{Business, Format, LeverValue, Metric};
use epoch_model::time::{Grain, Millis, Zone};

/// A metric's value with its unit: `12,340 EUR`, `3.2 %`, `1 h 5 min`, `431`.
pub(crate) fn value(metric: &Metric, business: &Business, v: f64) -> String {
    match metric.format {
        Format::Money => {
            // Cents are noise above a thousand.
            let digits = if v.abs() >= 1000.0 { 0 } else { business.currency_digits as usize };
            format!("{} {}", number(v, digits), business.currency)
        }
        Format::Percent => {
            let points = v * 100.0;
            let digits = if points.abs() < 1.0 { 2 } else { 1 };
            format!("{} %", number(points, digits))
        }
        Format::Duration => duration(v),
        Format::Integer => number(v, 0),
        Format::Number => number(v, digits_of(v)),
    }
}

/// Minor units as money.
pub(crate) fn money(business: &Business, minor: i64) -> String {
    let digits = business.currency_digits as usize;
    let major = minor as f64 / 10_f64.powi(business.currency_digits.cast_signed());
    format!("{} {}", number(major, if major.abs() >= 1000.0 { 0 } else { digits }), business.currency)
}

/// A relative change: `-12 %`, `+3.4 %`.
pub(crate) fn change(relative: f64) -> String {
    let points = relative * 100.0;
    let digits = usize::from(points.abs() < 10.0);
    let sign = if points > 0.0 { "+" } else { "" };
    format!("{sign}{} %", number(points, digits))
}

/// A lever's value.
pub(crate) fn lever(v: &LeverValue) -> String {
    match v {
        LeverValue::Bool(true) => "on".to_owned(),
        LeverValue::Bool(false) => "off".to_owned(),
        LeverValue::Number(n) => number(*n, digits_of(*n)),
        LeverValue::Text(t) => format!("“{}”", shorten(t, 60)),
    }
}

/// When a bucket was: `on Tue 2 Dec 2025`, `at 14:00 on Tue 2 Dec 2025`, `in December 2025`.
pub(crate) fn when(zone: &Zone, start: Millis, grain: Grain) -> String {
    let Some(local) = zone.local(start) else { return String::new() };
    let date = local.strftime("%a %-d %b %Y").to_string();
    match grain {
        Grain::Hour => format!("at {:02}:00 on {date}", local.hour()),
        Grain::Day => format!("on {date}"),
        Grain::Week => format!("in the week of {date}"),
        Grain::Month => format!("in {}", local.strftime("%B %Y")),
    }
}

/// A number of buckets in words: `14 days`, `1 hour`.
pub(crate) fn span(n: usize, grain: Grain) -> String {
    let word = match grain {
        Grain::Hour => "hour",
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
    };
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// A length of time in words.
pub(crate) fn lasting(ms: Millis) -> String {
    let hours = usize::try_from(ms / epoch_model::time::HOUR).unwrap_or(0);
    if hours % 24 == 0 && hours >= 24 { span(hours / 24, Grain::Day) } else { span(hours, Grain::Hour) }
}

pub(crate) fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// A share in per cent, with a decimal only where it has one: `5 %`, `12.5 %`.
pub(crate) fn percent(share: f64) -> String {
    let p = share * 100.0;
    format!("{} %", number(p, usize::from((p - p.round()).abs() >= 0.05)))
}

/// With thousands separators and at most `digits` decimals.
pub(crate) fn number(v: f64, digits: usize) -> String {
    if !v.is_finite() {
        return "unknown".to_owned();
    }
    let plain = format!("{:.*}", digits, v.abs());
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), ""), |(w, r)| (w, r));
    let mut out = String::with_capacity(plain.len() + 6);
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
    if v < 0.0 && out.bytes().any(|b| (b'1'..=b'9').contains(&b)) { format!("-{out}") } else { out }
}

fn digits_of(v: f64) -> usize {
    let size = v.abs();
    if v.fract() == 0.0 || size >= 1000.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        3
    }
}

fn duration(seconds: f64) -> String {
    let s = seconds.abs();
    if s < 1.0 {
        format!("{} ms", number(seconds * 1000.0, 0))
    } else if s < 120.0 {
        format!("{} s", number(seconds, 1))
    } else if s < 7200.0 {
        format!("{} min", number(seconds / 60.0, 1))
    } else {
        format!("{} h", number(seconds / 3600.0, 1))
    }
}
