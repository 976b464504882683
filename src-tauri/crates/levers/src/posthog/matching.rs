//! One property against its filter, as PostHog's SDKs have it (`property_matching_version` 1).

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::definition::Property;
use super::text::{number, text, truth_like, truthy};

/// Largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

#[derive(Debug, Clone)]
enum Test {
    Exact {
        value: Value,
        lower: Vec<String>,
    },
    Set,
    NotSet,
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    /// `None`: no pattern.
    Regex(Option<Regex>),
    Number(Order, f64),
    /// An operator or a value that cannot be evaluated locally.
    Unsupported,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A filter ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    key: String,
    test: Test,
    negated: bool,
}

/// Who answers: an SDK knows only the properties it was given, the server takes the ones it has for all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Sdk,
    Server,
}

impl Filter {
    pub fn new(property: &Property) -> Self {
        let (operator, negated) = match property.operator.as_str() {
            "is_not" => ("exact", true),
            "not_icontains" => ("icontains", true),
            "not_regex" => ("regex", true),
            "not_starts_with" => ("starts_with", true),
            "not_ends_with" => ("ends_with", true),
            other => (other, false),
        };
        let value = &property.value;
        let ascii = || text(value).to_ascii_lowercase();
        let order = |order| number(value).map_or(Test::Unsupported, |n| Test::Number(order, n));
        let test = match operator {
            "exact" => {
                let lower = match value {
                    Value::Array(items) => items.iter().map(|v| text(v).to_lowercase()).collect(),
                    one => vec![text(one).to_lowercase()],
                };
                Test::Exact { value: value.clone(), lower }
            }
            "is_set" => Test::Set,
            "is_not_set" => Test::NotSet,
            "icontains" => Test::Contains(ascii()),
            "starts_with" => Test::StartsWith(ascii()),
            "ends_with" => Test::EndsWith(ascii()),
            "regex" => Test::Regex(RegexBuilder::new(&text(value)).size_limit(COMPILED_BYTES_MAX).build().ok()),
            "gt" => order(Order::Greater),
            "gte" => order(Order::GreaterOrEqual),
            "lt" => order(Order::Less),
            "lte" => order(Order::LessOrEqual),
            _ => Test::Unsupported,
        };
        Self { key: property.key.clone(), test, negated }
    }

    /// Whether it matches; `None` where the SDK would ask the server.
    pub fn matches(&self, properties: &Map<String, Value>, side: Side) -> Option<bool> {
        if matches!(self.test, Test::Unsupported) {
            return None;
        }
        let Some(given) = properties.get(&self.key) else {
            return match side {
                Side::Sdk => None,
                Side::Server => Some(matches!(self.test, Test::NotSet)),
            };
        };
        let matched = match &self.test {
            Test::Set => return Some(true),
            Test::NotSet | Test::Regex(None) => return Some(false),
            Test::Unsupported => return None,
            Test::Number(order, wanted) => {
                let Some(given) = number(given) else { return Some(false) };
                return Some(match order {
                    Order::Greater => given > *wanted,
                    Order::GreaterOrEqual => given >= *wanted,
                    Order::Less => given < *wanted,
                    Order::LessOrEqual => given <= *wanted,
                });
            }
            Test::Exact { value: Value::Array(items), .. } if items.is_empty() => truthy(given),
            Test::Exact { value, .. } if truth_like(value) => truthy(value) == truthy(given),
            Test::Exact { lower, .. } => lower.contains(&text(given).to_lowercase()),
            Test::Contains(part) => text(given).to_ascii_lowercase().contains(part.as_str()),
            Test::StartsWith(part) => text(given).to_ascii_lowercase().starts_with(part.as_str()),
            Test::EndsWith(part) => text(given).to_ascii_lowercase().ends_with(part.as_str()),
            Test::Regex(Some(regex)) => regex.is_match(&text(given)),
        };
        Some(matched != self.negated)
    }
}
