//! Money: major units for people, minor units for sums that must be exact.

use super::{MINUS, NBSP, NONE, parts};

/// A currency as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency<'a> {
    /// ISO 4217.
    pub code: &'a str,
    /// Digits after the point.
    pub digits: u32,
}

/// Symbols that mean one currency to an English reader; the rest are written with their code.
const SYMBOLS: [(&str, &str); 14] = [
    ("EUR", "€"),
    ("USD", "$"),
    ("GBP", "£"),
    ("JPY", "¥"),
    ("CNY", "CN¥"),
    ("INR", "₹"),
    ("KRW", "₩"),
    ("BRL", "R$"),
    ("ILS", "₪"),
    ("VND", "₫"),
    ("UAH", "₴"),
    ("TRY", "₺"),
    ("AUD", "A$"),
    ("CAD", "CA$"),
];

/// Puts the symbol, or the code and a space, between sign and digits of a figure.
pub(crate) fn with_symbol(value: f64, text: String, currency: &Currency) -> String {
    if !value.is_finite() {
        return text;
    }
    let (sign, digits) = text.strip_prefix(MINUS).map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
    match SYMBOLS.iter().find(|(code, _)| *code == currency.code) {
        Some((_, symbol)) => format!("{sign}{symbol}{digits}"),
        None => format!("{sign}{}{NBSP}{digits}", currency.code),
    }
}

/// Money in major units: `€12.50`; whole units from 1,000 on and where it is whole.
pub fn money_major(value: f64, currency: &Currency) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let whole = value.abs() >= 1000.0 || value.fract() == 0.0;
    let digits = if whole { 0 } else { usize::try_from(currency.digits).unwrap_or(2) };
    let (negative, text) = parts(value, digits);
    with_symbol(value, if negative { format!("{MINUS}{text}") } else { text }, currency)
}

/// Money in minor units: `€12.50` from 1250.
pub fn money_minor(minor: i64, currency: &Currency) -> String {
    money_major(minor as f64 / 10f64.powi(i32::try_from(currency.digits).unwrap_or(2)), currency)
}
