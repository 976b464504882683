//! Amounts as Stripe counts them, in the smallest unit of a currency, to amounts as people write them.

/// Currencies without a smaller unit. The Icelandic króna and the Ugandan shilling have none either, but Stripe counts
/// them in hundredths.
const WHOLE: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Currencies of a thousand.
const THOUSANDS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

fn decimals(currency: &str) -> usize {
    let among = |list: &[&str]| list.iter().any(|code| code.eq_ignore_ascii_case(currency));
    match currency {
        currency if currency.is_empty() || among(&WHOLE) => 0,
        _ if among(&THOUSANDS) => 3,
        _ => 2,
    }
}

/// `1999` of `usd` as the JSON number `19.99`, exactly.
pub(super) fn major(minor: i128, currency: &str) -> String {
    let decimals = decimals(currency);
    if decimals == 0 {
        return minor.to_string();
    }
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let sign = if minor < 0 { "-" } else { "" };
    let part = part.trim_end_matches('0');
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_own_smallest_unit() {
        for (minor, currency, expect) in [
            (1999, "usd", "19.99"),
            (2000, "EUR", "20"),
            (5, "eur", "0.05"),
            (-150, "gbp", "-1.5"),
            (-5, "gbp", "-0.05"),
            (0, "usd", "0"),
            (500, "jpy", "500"),
            (500, "KRW", "500"),
            (5124, "kwd", "5.124"),
            (10, "bhd", "0.01"),
            (500, "isk", "5"),
            (500, "ugx", "5"),
            (i128::from(i64::MAX), "usd", "92233720368547758.07"),
            (7, "", "7"),
        ] {
            assert_eq!(major(minor, currency), expect, "{minor} {currency}");
        }
    }
}
