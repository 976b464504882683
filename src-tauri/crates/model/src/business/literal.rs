//! Literals of `business.toml`: money, shares, durations, dates, currencies.

use jiff::civil::{Date, DateTime};

use crate::expr::parse_number;
use crate::time::{DAY, HOUR, Millis, Zone};

/// Digits after the point where they are not 2 (ISO 4217).
const DIGITS: [(&str, u32); 24] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
];

/// Active codes of ISO 4217 without funds and metals.
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD \
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR \
SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VED \
VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Digits after the point of a currency; `None` when it is not an ISO 4217 code.
pub fn currency_digits(code: &str) -> Option<u32> {
    CODES.split(' ').any(|c| c == code).then(|| DIGITS.iter().find(|(c, _)| *c == code).map_or(2, |(_, d)| *d))
}

/// Splits `20 EUR`, `10%`, `7d` into number and word.
fn number_and_word(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_'))).unwrap_or(text.len());
    let number = parse_number(&text[..end].replace('_', ""))?;
    Some((number, text[end..].trim()))
}

/// `20 EUR`, `EUR 20` or `20` in major units of `currency`. The message says what does not fit.
pub(super) fn money(text: &str, currency: &str) -> Result<f64, String> {
    let text = text.trim();
    let text = text.strip_prefix(currency).map_or(text, str::trim_start);
    match number_and_word(text) {
        Some((n, word)) if word.is_empty() || word == currency => Ok(n),
        Some((_, word)) if currency_digits(word).is_some() => {
            Err(format!("the business's currency is {currency}, not {word}"))
        }
        _ => Err(format!("“{text}” is no amount of money")),
    }
}

/// `10 %` or `10 percent` as a share (0.1).
pub(super) fn share(text: &str) -> Option<f64> {
    match number_and_word(text)? {
        (n, "%" | "percent" | "per cent") => Some(n / 100.0),
        _ => None,
    }
}

/// `0.5 points` as a share (0.005).
pub(super) fn points(text: &str) -> Option<f64> {
    match number_and_word(text)? {
        (n, "point" | "points" | "pp") => Some(n / 100.0),
        _ => None,
    }
}

/// A duration: `7d`, `12h`, `30 minutes`, `2 weeks`, `90s`, in milliseconds. Days have 24 hours. `None` when it is none, not
/// longer than nothing, or longer than ten years.
#[expect(clippy::cast_possible_truncation, reason = "checked to be within ten years")]
pub fn duration_ms(text: &str) -> Option<Millis> {
    let (n, word) = number_and_word(text)?;
    let unit = match word {
        "s" | "sec" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    };
    let ms = (n * unit as f64).round();
    (ms >= 1.0 && ms <= 3653.0 * DAY as f64).then_some(ms as Millis)
}

/// `2027-03-31` as the first instant after that local day, `2027-03-31T12:00:00` as that local time, and with an offset as
/// that instant.
pub(super) fn deadline(text: &str, zone: &Zone) -> Option<Millis> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    if text.len() > 10 {
        return zone.instant(text.parse::<DateTime>().ok()?);
    }
    zone.instant(text.parse::<Date>().ok()?.tomorrow().ok()?.at(0, 0, 0, 0))
}

/// `2027-03-31` as the first instant of that local day; otherwise as [`deadline`].
pub(super) fn since(text: &str, zone: &Zone) -> Option<Millis> {
    match text.trim().parse::<Date>() {
        Ok(day) if text.trim().len() <= 10 => zone.instant(day.at(0, 0, 0, 0)),
        _ => deadline(text, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        assert_eq!(
            [currency_digits("EUR"), currency_digits("JPY"), currency_digits("KWD"), currency_digits("EURO")],
            [Some(2), Some(0), Some(3), None]
        );
        assert!(DIGITS.iter().all(|(code, _)| currency_digits(code).is_some()));
        for (text, expect) in [("20 EUR", Ok(20.0)), ("EUR 1.50", Ok(1.5)), ("-3", Ok(-3.0)), ("1_000 EUR", Ok(1000.0))]
        {
            assert_eq!(money(text, "EUR"), expect);
        }
        assert!(money("20 USD", "EUR").unwrap_err().contains("not USD"));
        assert!(money("twenty", "EUR").is_err());
        assert_eq!((share("10 %"), share("2.5%"), share("10")), (Some(0.1), Some(0.025), None));
        assert_eq!((points("0.5 points"), points("1 pp")), (Some(0.005), Some(0.01)));
        assert_eq!((duration_ms("7d"), duration_ms("1.5 hours")), (Some(7 * DAY), Some(HOUR * 3 / 2)));
        assert_eq!((duration_ms("0d"), duration_ms("1 month"), duration_ms("99999 w")), (None, None, None));
        let zone = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(deadline("2027-03-31", &zone), Some(1_806_530_400_000));
        assert_eq!(deadline("2027-03-31T00:00:00Z", &zone), Some(1_806_451_200_000));
        assert_eq!(deadline("soon", &zone), None);
        assert_eq!(since("2027-03-31", &zone), Some(1_806_530_400_000 - DAY));
        assert_eq!(since("2027-03-31T00:00:00Z", &zone), deadline("2027-03-31T00:00:00Z", &zone));
        assert_eq!(since("soon", &zone), None);
    }
}
