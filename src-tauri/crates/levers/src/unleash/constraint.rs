//! Unleash's constraints: one operator on one field of the context.

use std::cmp::Ordering;
use std::net::IpAddr;

use regex::RegexBuilder;
use semver::Version;
use serde_json::Value;

use super::context::Context;

/// Largest compiled regular expression, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// Whether the context meets the constraint. One whose operator is not known is never met.
pub fn met(constraint: &Value, context: &Context) -> bool {
    let field = text(constraint, "contextName");
    let inverted = constraint.get("inverted").and_then(Value::as_bool).unwrap_or(false);
    check(text(constraint, "operator"), field, constraint, context).is_some_and(|met| met != inverted)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `None` when there is no such operator.
fn check(operator: &str, field: &str, constraint: &Value, context: &Context) -> Option<bool> {
    let found = context.resolve(field);
    let found = found.as_deref();
    let wanted = text(constraint, "value");
    let insensitive = constraint.get("caseInsensitive").and_then(Value::as_bool).unwrap_or(false);
    Some(match operator {
        "IN" => values(constraint).any(|value| Some(value) == found),
        "NOT_IN" => !values(constraint).any(|value| Some(value) == found),
        "STR_STARTS_WITH" => texts(found, constraint, insensitive, |found, value| found.starts_with(value)),
        "STR_ENDS_WITH" => texts(found, constraint, insensitive, |found, value| found.ends_with(value)),
        "STR_CONTAINS" => texts(found, constraint, insensitive, |found, value| found.contains(value)),
        "REGEX" => {
            let regex = RegexBuilder::new(wanted).case_insensitive(insensitive).size_limit(SIZE_MAX).build().ok();
            regex.zip(found).is_some_and(|(regex, found)| regex.is_match(found))
        }
        "IN_CIDR" => {
            let address = found.and_then(|found| found.parse().ok());
            address.is_some_and(|address| values(constraint).any(|range| in_network(address, range)))
        }
        "NUM_EQ" => numbers(found, wanted).is_some_and(Ordering::is_eq),
        "NUM_GT" => numbers(found, wanted).is_some_and(Ordering::is_gt),
        "NUM_GTE" => numbers(found, wanted).is_some_and(Ordering::is_ge),
        "NUM_LT" => numbers(found, wanted).is_some_and(Ordering::is_lt),
        "NUM_LTE" => numbers(found, wanted).is_some_and(Ordering::is_le),
        "DATE_AFTER" => moments(context, wanted).is_some_and(Ordering::is_gt),
        "DATE_BEFORE" => moments(context, wanted).is_some_and(Ordering::is_lt),
        "SEMVER_EQ" => versions(found, wanted).is_some_and(Ordering::is_eq),
        "SEMVER_GT" => versions(found, wanted).is_some_and(Ordering::is_gt),
        "SEMVER_GTE" => versions(found, wanted).is_some_and(Ordering::is_ge),
        "SEMVER_LT" => versions(found, wanted).is_some_and(Ordering::is_lt),
        "SEMVER_LTE" => versions(found, wanted).is_some_and(Ordering::is_le),
        _ => return None,
    })
}

/// Blank ones do not count, blanks around them neither.
fn values(constraint: &Value) -> impl Iterator<Item = &str> {
    let list = constraint.get("values").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).filter(|value| !value.is_empty()).map(str::trim)
}

fn texts(found: Option<&str>, constraint: &Value, insensitive: bool, fits: fn(&str, &str) -> bool) -> bool {
    let Some(found) = found else { return false };
    if insensitive {
        let found = found.to_lowercase();
        return values(constraint).any(|value| fits(&found, &value.to_lowercase()));
    }
    values(constraint).any(|value| fits(found, value))
}

fn numbers(found: Option<&str>, wanted: &str) -> Option<Ordering> {
    number(found?)?.partial_cmp(&number(wanted)?)
}

/// `Number(text)` of JavaScript, for decimals: nothing but blanks is zero.
pub fn number(text: &str) -> Option<f64> {
    match text.trim() {
        "" => Some(0.0),
        text if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => text.parse().ok(),
        _ => None,
    }
}

fn moments(context: &Context, wanted: &str) -> Option<Ordering> {
    let wanted: jiff::Timestamp = wanted.parse().ok()?;
    Some(context.moment().cmp(&wanted.as_millisecond()))
}

fn versions(found: Option<&str>, wanted: &str) -> Option<Ordering> {
    Some(Version::parse(found?).ok()?.cmp_precedence(&Version::parse(wanted).ok()?))
}

/// Whether the address lies in a network (`10.0.0.0/8`) or is the one named.
pub fn in_network(address: IpAddr, network: &str) -> bool {
    let (base, bits) = network.split_once('/').map_or((network, None), |(base, bits)| (base, Some(bits)));
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.map(str::parse::<u32>).transpose()) else { return false };
    let (width, a, b) = match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (32, u128::from(a.to_bits()), u128::from(b.to_bits())),
        (IpAddr::V6(a), IpAddr::V6(b)) => (128, a.to_bits(), b.to_bits()),
        _ => return false,
    };
    let bits = bits.unwrap_or(width);
    bits <= width && (a ^ b).checked_shr(width - bits).unwrap_or(0) == 0
}
