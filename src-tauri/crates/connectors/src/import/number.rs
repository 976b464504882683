//! Which cells are numbers: with decimal mark, groups and currency signs, but not identifiers.

/// More digits than a double holds exactly make an identifier.
const DIGITS_MAX: usize = 15;

/// Text that stands for "nothing there" in exports of databases and spreadsheets.
pub fn is_absent(cell: &str) -> bool {
    matches!(cell, "" | "\\N" | "NULL" | "null" | "NaN" | "nan" | "#N/A")
}

/// `true` or `false` as exports write them.
pub fn boolean(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Writes the number of a cell as JSON into `out` and answers true, or answers false where the cell is no number (text,
/// leading zeros, too many digits, a date, a version). `decimal` is `.` or `,`; the other one groups thousands.
pub fn write_json(cell: &str, decimal: char, out: &mut String) -> bool {
    let bytes = cell.as_bytes();
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    // Most cells are text or a plain whole number; both are told apart without a copy.
    let first = bytes.strip_prefix(b"-").unwrap_or(bytes);
    if !digit(first.first()) && first.len() < 2 {
        return false;
    }
    if first.iter().all(u8::is_ascii_digit) {
        if first.len() > DIGITS_MAX || (first.len() > 1 && first[0] == b'0') || cell == "-0" {
            return cell == "-0" && {
                out.push('0');
                true
            };
        }
        out.push_str(cell);
        return true;
    }
    if first[0].is_ascii_alphabetic() && !bytes.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let mut plain = [0; 48];
    let Some(n) = normalise(cell, decimal, &mut plain) else { return false };
    let Some(text) = plain.get(..n).and_then(|b| std::str::from_utf8(b).ok()) else { return false };
    let Ok(value) = text.parse::<f64>() else { return false };
    if !value.is_finite() {
        return false;
    }
    push_number(value, out);
    true
}

/// The number of a cell, as [`write_json`] recognises it.
pub fn parse(cell: &str, decimal: char) -> Option<f64> {
    let mut out = String::new();
    if write_json(cell, decimal, &mut out) { out.parse().ok() } else { None }
}

/// Writes a finite number as JSON: whole ones without a point.
pub fn push_number(value: f64, out: &mut String) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = if value == 0.0 {
        out.write_str("0")
    } else if value.abs() >= 1e16 || value.abs() < 1e-5 {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
}

/// A computed number without the dust of binary fractions (2.55 * 6 is 15.3), to nine decimals as sums are kept.
pub fn tidy(value: f64) -> f64 {
    if value.abs() < 1e6 { (value * 1e9).round() / 1e9 } else { value }
}

/// Rewrites a number into the form Rust parses; `None` when it is not one.
fn normalise(cell: &str, decimal: char, out: &mut [u8; 48]) -> Option<usize> {
    let (mut text, mut negative) = (cell.trim(), false);
    if let Some(inside) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        (text, negative) = (inside.trim(), true);
    }
    text = strip_currency(text);
    if let Some(rest) = text.strip_prefix('-').or_else(|| text.strip_prefix('\u{2212}')) {
        if negative {
            return None;
        }
        (text, negative) = (strip_currency(rest), true);
    } else if let Some(rest) = text.strip_suffix('-') {
        (text, negative) = (rest, true);
    }
    let (mantissa, exponent) = split_exponent(text)?;
    let (whole, fraction) = match mantissa.split_once(decimal) {
        Some((w, f)) => (w, Some(f)),
        None => (mantissa, None),
    };
    let mut n = 0;
    let mut put = |b: u8| {
        let slot = out.get_mut(n)?;
        *slot = b;
        n += 1;
        Some(())
    };
    if negative {
        put(b'-')?;
    }
    let digits = push_whole(whole, decimal, &mut put)?;
    let fraction = fraction.unwrap_or("");
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if digits > DIGITS_MAX || (digits > 1 && whole.starts_with('0')) || fraction.len() > 30 {
        return None;
    }
    if !fraction.is_empty() {
        put(b'.')?;
        for b in fraction.bytes() {
            put(b)?;
        }
    }
    for b in exponent.bytes() {
        put(b)?;
    }
    Some(n)
}

/// `12E4` is a product code; only an exponent with a sign, or after a fraction, is one.
fn split_exponent(text: &str) -> Option<(&str, &str)> {
    let Some(at) = text.find(['e', 'E']) else { return Some((text, "")) };
    let (mantissa, exponent) = text.split_at(at);
    let digits = exponent[1..].trim_start_matches(['+', '-']);
    let signed = exponent.len() == digits.len() + 2;
    let ok = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    (ok && (signed || mantissa.contains(['.', ',']))).then_some((mantissa, exponent))
}

/// Digits of the whole part, without well-formed groups of three.
fn push_whole(whole: &str, decimal: char, put: &mut impl FnMut(u8) -> Option<()>) -> Option<usize> {
    let group =
        |c: char| c == if decimal == ',' { '.' } else { ',' } || matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’');
    let (mut digits, mut since, mut mark) = (0, 0, None);
    for c in whole.chars() {
        if c.is_ascii_digit() {
            put(u8::try_from(c).ok()?)?;
            digits += 1;
            since += 1;
        } else if group(c)
            && mark.is_none_or(|m| m == c)
            && (if mark.is_none() { (1..=3).contains(&since) } else { since == 3 })
        {
            mark = Some(c);
            since = 0;
        } else {
            return None;
        }
    }
    (mark.is_none() || since == 3).then_some(digits)
}

fn strip_currency(text: &str) -> &str {
    const SIGNS: [&str; 15] =
        ["€", "$", "£", "¥", "₹", "₽", "zł", "kr", "CHF", "EUR", "USD", "GBP", "JPY", "SEK", "PLN"];
    for sign in SIGNS {
        if let Some(rest) = text.strip_prefix(sign) {
            return rest.trim_start();
        }
        if let Some(rest) = text.strip_suffix(sign) {
            return rest.trim_end();
        }
    }
    text
}

/// What one cell says about the decimal mark: `Some(',')`, `Some('.')`, or nothing.
pub fn decimal_evidence(cell: &str) -> Option<char> {
    let text = strip_currency(cell.trim()).trim_start_matches('-');
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) {
        return None;
    }
    let (dots, commas) = (text.matches('.').count(), text.matches(',').count());
    let tail = |c: char| text.rsplit(c).next().map_or(0, str::len);
    match (dots, commas) {
        (1, 0) if tail('.') != 3 || text.starts_with("0.") => Some('.'),
        (0, 1) if tail(',') != 3 || text.starts_with("0,") => Some(','),
        (d, 1) if d > 0 && text.rfind(',') > text.rfind('.') => Some(','),
        (1, c) if c > 0 && text.rfind('.') > text.rfind(',') => Some('.'),
        (d, 0) if d > 1 && tail('.') == 3 => Some(','),
        (0, c) if c > 1 && tail(',') == 3 => Some('.'),
        _ => None,
    }
}

/// Whether a cell reads as two different numbers under the two marks (`1,234`).
pub fn decimal_ambiguous(cell: &str) -> bool {
    decimal_evidence(cell).is_none()
        && matches!((parse(cell, '.'), parse(cell, ',')), (Some(a), Some(b)) if (a - b).abs() > f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let check = |cell: &str, decimal, expect: Option<&str>| {
            let mut out = String::new();
            let found = write_json(cell, decimal, &mut out).then_some(out);
            assert_eq!(found.as_deref(), expect, "{cell} with {decimal}");
        };
        for (cell, expect) in [
            ("12", Some("12")),
            ("-12", Some("-12")),
            ("0", Some("0")),
            ("-0", Some("0")),
            ("007", None),
            ("1234567890123456", None),
            ("123456789012345", Some("123456789012345")),
            ("2.50", Some("2.5")),
            (".5", Some("0.5")),
            ("0.0", Some("0")),
            ("17850.0", Some("17850")),
            ("1,234.56", Some("1234.56")),
            ("1,23.4", None),
            ("12,345", Some("12345")),
            ("$1,234.50", Some("1234.5")),
            ("-$3", Some("-3")),
            ("€ 12.50", Some("12.5")),
            ("(12.50)", Some("-12.5")),
            ("12.50-", Some("-12.5")),
            ("1.5e-7", Some("1.5e-7")),
            ("85123E4", None),
            ("85123A", None),
            ("1.2.3", None),
            ("10.0.0.1", None),
            ("+49", None),
            ("12%", None),
            ("2024-01-02", None),
            ("-", None),
            ("e", None),
            ("inf", None),
            ("1e999", None),
        ] {
            check(cell, '.', expect);
        }
        for (cell, expect) in [
            ("1.234,56", Some("1234.56")),
            ("12,5", Some("12.5")),
            ("1 234,5", Some("1234.5")),
            ("1.234", Some("1234")),
            ("01.02.2024", None),
            ("12,50 €", Some("12.5")),
        ] {
            check(cell, ',', expect);
        }
    }

    #[test]
    fn evidence() {
        for (cell, expect) in [
            ("1,5", Some(',')),
            ("1.5", Some('.')),
            ("1.234", None),
            ("1.234,5", Some(',')),
            ("1,234.5", Some('.')),
            ("x", None),
        ] {
            assert_eq!(decimal_evidence(cell), expect, "{cell}");
        }
        assert!(decimal_ambiguous("1,234"));
    }
}
