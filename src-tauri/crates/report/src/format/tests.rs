use epoch_model::time::{DAY, HOUR, Zone};

use super::*;

const EUR: Currency = Currency { code: "EUR", digits: 2 };
const CHF: Currency = Currency { code: "CHF", digits: 2 };
const JPY: Currency = Currency { code: "JPY", digits: 0 };

fn check(got: String, expect: &str) {
    assert_eq!(got.replace(NBSP, " ").replace(MINUS, "-"), expect);
}

#[test]
fn numbers() {
    for (value, expect) in [
        (0.0, "0"),
        (-0.0, "0"),
        (-0.0001, "0"),
        (1234.0, "1,234"),
        (1234567.891, "1,234,568"),
        (12.34, "12.3"),
        (1.5, "1.5"),
        (0.0416, "0.042"),
        (-999.6, "-1,000"),
        (f64::NAN, "–"),
        (f64::INFINITY, "–"),
    ] {
        check(number(value), expect);
    }
}

#[test]
fn money_shares_and_changes() {
    for (got, expect) in [
        (money_major(12.5, &EUR), "€12.50"),
        (money_major(-14310.4, &EUR), "-€14,310"),
        (money_major(-0.001, &EUR), "€0.00"),
        (money_major(12.0, &CHF), "CHF 12"),
        (money_major(980.0, &JPY), "¥980"),
        (money_minor(1250, &EUR), "€12.50"),
        (money_minor(1250, &JPY), "¥1,250"),
        (money_minor(i64::MIN, &EUR), "-€9.223e16"),
        (money_minor(99_999_999_999_999_900, &EUR), "€999,999,999,999,999"),
        (percent(0.0402), "4.02 %"),
        (percent(0.317), "31.7 %"),
        (percent(-1.2), "-120 %"),
        (change(Some(-0.1121), Some(1.0), Some(2.0), Format::Number), "-11.2 %"),
        (change(Some(0.5), Some(0.014), Some(0.013), Format::Percent), "+0.10 points"),
        (change(None, Some(1.0), None, Format::Number), "–"),
        (difference(260.0, Format::Money, &EUR), "+€260"),
        (difference(-0.004, Format::Percent, &EUR), "-0.40 points"),
        (signed(0.0001, fixed(0.0001, 2)), "0.00"),
        (axis(12500.0, 2500.0, Format::Integer, &EUR), "12.5k"),
        (axis(0.05, 0.005, Format::Percent, &EUR), "5.0 %"),
        (axis(1.5e6, 5e5, Format::Money, &EUR), "€1.5M"),
    ] {
        check(got, expect);
    }
}

#[test]
fn durations() {
    for (seconds, expect) in [
        (0.0, "0 s"),
        (0.25, "0.25 s"),
        (45.0, "45 s"),
        (11_400.0, "3 h 10 m"),
        (3_599.9, "60 m"),
        (7_199.0, "2 h"),
        (1_036_800.0, "12 d"),
        (-90.0, "-1 m 30 s"),
    ] {
        check(duration(seconds), expect);
    }
}

#[test]
fn dates() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let noon = 1_795_345_200_000; // 2026-11-22T11:00:00Z
    check(day(noon, &zone), "22 Nov 2026");
    check(moment(noon, &zone), "22 Nov 2026, 12:00");
    check(span(noon, noon + DAY, &zone), "22 to 23 Nov 2026");
    check(span(noon, noon + 20 * DAY, &zone), "22 Nov to 12 Dec 2026");
    check(span(noon, noon + 60 * DAY, &zone), "22 Nov 2026 to 21 Jan 2027");
    check(span(noon, noon + HOUR, &zone), "22 Nov 2026, 12:00");
    check(iso(noon), "2026-11-22T11:00:00Z");
    check(day(i64::MAX, &zone), "–");
}
