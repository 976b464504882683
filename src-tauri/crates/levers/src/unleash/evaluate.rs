//! Toggles evaluated as Unleash's SDKs do it, from the features they get.

use std::collections::HashMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::constraint::{in_network, met};
use super::context::Context;
use super::hash::{VARIANTS, normalized};

/// Features and segments, as a server SDK holds them.
#[derive(Debug, Default)]
pub struct Toggles {
    features: Map<String, Value>,
    segments: HashMap<i64, Value>,
}

/// What a toggle is for somebody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluated {
    pub enabled: bool,
    /// The variant's definition; `None` for the one that is called `disabled`.
    pub variant: Option<Variant>,
}

/// A chosen variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    pub name: String,
    /// `{"type": …, "value": "…"}`.
    pub payload: Option<Value>,
}

impl Evaluated {
    /// The variant as SDKs return it.
    pub fn variant_json(&self) -> Value {
        let Some(variant) = &self.variant else {
            return json!({"name": "disabled", "enabled": false, "feature_enabled": self.enabled});
        };
        let mut json = json!({"name": variant.name, "enabled": true, "feature_enabled": self.enabled});
        if let Some(payload) = &variant.payload {
            json["payload"] = payload.clone();
        }
        json
    }
}

impl Toggles {
    /// From `{"features": […], "segments": […]}`.
    pub fn new(state: &Value) -> Self {
        let list = |name: &str| state.get(name).and_then(Value::as_array).into_iter().flatten();
        let named = |feature: &Value| Some((feature.get("name")?.as_str()?.to_owned(), feature.clone()));
        let numbered = |segment: &Value| Some((segment.get("id")?.as_i64()?, segment.clone()));
        Self {
            features: list("features").filter_map(named).collect(),
            segments: list("segments").filter_map(numbered).collect(),
        }
    }

    /// The names of all toggles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.features.keys().map(String::as_str)
    }

    /// One toggle for somebody; one that does not exist is off.
    pub fn evaluate(&self, name: &str, context: &Context) -> Evaluated {
        let Some(feature) = self.features.get(name) else { return Evaluated::default() };
        let mut found = self.on(feature, context);
        if found.enabled && found.variant.is_none() {
            found.variant = choose(name, array(feature, "variants"), "", context);
        }
        found
    }

    fn on(&self, feature: &Value, context: &Context) -> Evaluated {
        let enabled = feature.get("enabled").and_then(Value::as_bool).unwrap_or(false);
        if !enabled || !array(feature, "dependencies").iter().all(|parent| self.holds(parent, context)) {
            return Evaluated::default();
        }
        let strategies = array(feature, "strategies");
        if strategies.is_empty() {
            return Evaluated { enabled: true, variant: None };
        }
        let name = text(feature, "name");
        strategies.iter().find_map(|strategy| self.strategy(strategy, name, context)).unwrap_or_default()
    }

    /// Parents have no parents themselves.
    fn holds(&self, dependency: &Value, context: &Context) -> bool {
        let name = text(dependency, "feature");
        let Some(parent) = self.features.get(name).filter(|parent| array(parent, "dependencies").is_empty()) else {
            return false;
        };
        if dependency.get("enabled").and_then(Value::as_bool) == Some(false) {
            return !self.on(parent, context).enabled;
        }
        let wanted = array(dependency, "variants");
        if wanted.is_empty() {
            return self.on(parent, context).enabled;
        }
        let found = self.evaluate(name, context);
        let variant = found.variant.as_ref().map_or("disabled", |variant| variant.name.as_str());
        found.enabled && wanted.iter().any(|name| name.as_str() == Some(variant))
    }

    /// `None` when the strategy does not let this context in.
    fn strategy(&self, strategy: &Value, feature: &str, context: &Context) -> Option<Evaluated> {
        let segments = array(strategy, "segments").iter().map(|id| id.as_i64().and_then(|id| self.segments.get(&id)));
        let within = |segment: Option<&Value>| {
            segment.is_some_and(|segment| array(segment, "constraints").iter().all(|c| met(c, context)))
        };
        if !array(strategy, "constraints").iter().all(|c| met(c, context)) || !segments.into_iter().all(within) {
            return None;
        }
        let empty = Value::Null;
        let parameters = strategy.get("parameters").unwrap_or(&empty);
        if !lets_in(text(strategy, "name"), parameters, feature, context) {
            return None;
        }
        let variants = array(strategy, "variants");
        let variant = choose(text(parameters, "groupId"), variants, text(parameters, "stickiness"), context);
        Some(Evaluated { enabled: true, variant })
    }
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn listed(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

fn lets_in(name: &str, parameters: &Value, feature: &str, context: &Context) -> bool {
    let field = |name: &str| context.fields.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
    let within = |unit: Option<&str>, group: &str, percentage: f64| {
        unit.is_some_and(|unit| percentage > 0.0 && f64::from(normalized(unit, group, 100, 0)) <= percentage)
    };
    let group = text(parameters, "groupId");
    match name {
        "default" => true,
        "flexibleRollout" => {
            let group = if group.is_empty() { feature } else { group };
            let unit = context.sticky(text(parameters, "stickiness"));
            within(unit.as_deref(), group, percentage(parameters, "rollout"))
        }
        "gradualRolloutUserId" => within(field("userId"), group, percentage(parameters, "percentage")),
        "gradualRolloutSessionId" => within(field("sessionId"), group, percentage(parameters, "percentage")),
        "gradualRolloutRandom" => percentage(parameters, "percentage") >= (context.draw % 100 + 1) as f64,
        "userWithId" => field("userId").is_some_and(|user| listed(text(parameters, "userIds")).any(|id| id == user)),
        "remoteAddress" => field("remoteAddress").is_some_and(|address| {
            let parsed = address.parse::<IpAddr>().ok();
            listed(text(parameters, "IPs"))
                .any(|range| range == address || parsed.is_some_and(|parsed| in_network(parsed, range)))
        }),
        _ => false,
    }
}

/// Texts and numbers.
fn percentage(parameters: &Value, name: &str) -> f64 {
    match parameters.get(name) {
        Some(Value::String(text)) => text.trim().parse().unwrap_or(f64::NAN),
        Some(value) => value.as_f64().unwrap_or(f64::NAN),
        None => f64::NAN,
    }
}

fn choose(group: &str, variants: &[Value], stickiness: &str, context: &Context) -> Option<Variant> {
    let weight = |variant: &Value| variant.get("weight").and_then(Value::as_u64).and_then(|w| u32::try_from(w).ok());
    let total: u32 = variants.iter().filter_map(weight).fold(0, u32::saturating_add);
    if total == 0 {
        return None;
    }
    let overridden = variants.iter().find(|variant| {
        array(variant, "overrides").iter().any(|wanted| {
            let found = context.resolve(text(wanted, "contextName"));
            array(wanted, "values").iter().any(|value| value.as_str() == found.as_deref())
        })
    });
    let by_chance = || {
        let own = variants.first().map_or("", |variant| text(variant, "stickiness"));
        let seed = context.seed(if own.is_empty() { stickiness } else { own });
        let target = normalized(&seed, group, total, VARIANTS);
        let mut sum = 0_u32;
        variants.iter().find(|variant| {
            sum = sum.saturating_add(weight(variant).unwrap_or(0));
            sum >= target
        })
    };
    let found = overridden.or_else(by_chance)?;
    Some(Variant { name: text(found, "name").to_owned(), payload: found.get("payload").cloned() })
}
