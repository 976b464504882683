//! What a scenario's tables must be to each other.

use std::collections::BTreeSet;

use super::incident::IncidentKind as Kind;
use super::table::{Table, near};
use super::{Company, Incident, Scenario, Taste};
use crate::levers::catalog;
use crate::world::EVENTS;

/// Every segment costs time each simulated day.
const SEGMENTS_MAX: usize = 120;

pub(super) fn check(scenario: &Scenario, root: &Table<'_>) {
    for (key, tastes) in [("country", &scenario.countries), ("device", &scenario.devices), ("plan", &scenario.plans)] {
        dimension(root, key, tastes);
    }
    let segments = scenario.countries.len() * scenario.devices.len() * scenario.plans.len();
    if segments > SEGMENTS_MAX {
        let message = format!("there are {segments} combinations of country, device and plan; at most {SEGMENTS_MAX}");
        root.bad("country", message, "leave some out");
    }
    elasticities(scenario, root);
    for (key, choices) in [("headline", &scenario.headlines), ("onboarding", &scenario.onboardings)] {
        unique(root, key, choices.iter().map(|choice| choice.key.as_str()));
        if choices.len() < 2 {
            root.bad(key, format!("one {key} leaves nothing to choose"), "add a second");
        }
    }
    unique(root, "channel", scenario.channels.iter().map(|channel| channel.key.as_str()));
    for (row, channel) in root.rows("channel").iter().zip(&scenario.channels) {
        if channel.spend > channel.spend_max {
            row.bad("spend", format!("spend is {}, above spend_max ({})", channel.spend, channel.spend_max), "");
        }
        if ["organic", "social"].contains(&channel.key.as_str()) || channel.key.is_empty() {
            row.bad("key", format!("a channel cannot be called “{}”", channel.key), "it is taken by unpaid visitors");
        }
        if !channel.key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            row.bad("key", format!("“{}” cannot be a key", channel.key), "small letters, digits and _ only");
        }
    }
    if scenario.channels.len() > 20 {
        root.bad("channel", "there are more than 20 channels", "leave some out");
    }
    if epoch_model::business::currency_digits(&scenario.currency).is_some_and(|digits| digits != 2) {
        root.bad("currency", "the simulation's books have two digits after the point", "use a currency with cents");
    }
    levers(scenario, root);
    unique(root, "incident", scenario.incidents.iter().map(|incident| incident.key.as_str()));
    let rows = root.rows("incident");
    for incident in &scenario.incidents {
        // Rows that could not be read have their own problems and no incident.
        let path = format!("incident.{}", incident.key);
        if let Some(row) = rows.iter().find(|row| row.path == path) {
            check_incident(scenario, incident, row);
        }
    }
}

fn dimension(root: &Table<'_>, key: &str, tastes: &[Taste]) {
    unique(root, key, tastes.iter().map(|taste| taste.key.as_str()));
    let sum: f64 = tastes.iter().map(|taste| taste.share).sum();
    if (sum - 1.0).abs() > 1e-6 {
        let message = format!("the shares of [[{key}]] add up to {sum:.4}, not to 1");
        root.bad(key, message, "everybody belongs to exactly one");
    }
}

fn unique<'k>(root: &Table<'_>, list: &str, keys: impl Iterator<Item = &'k str>) {
    let mut seen = BTreeSet::new();
    for key in keys {
        if key.is_empty() {
            root.bad(list, format!("a [[{list}]] has no key"), "write key = \"name\"");
        } else if !seen.insert(key) {
            root.bad(list, format!("two of [[{list}]] are called “{key}”"), "give each its own key");
        }
    }
}

/// In no segment does a higher price sell more.
fn elasticities(scenario: &Scenario, root: &Table<'_>) {
    let most = |tastes: &[Taste]| tastes.iter().map(|t| t.price).fold(f64::NEG_INFINITY, f64::max);
    let shift = most(&scenario.countries) + most(&scenario.devices) + most(&scenario.plans);
    let total = scenario.funnel.price_elasticity + shift;
    if scenario.funnel.price_elasticity < 0.0 && total >= 0.0 {
        let message = format!("price elasticity is {total:.2} in some segment; it must stay negative");
        root.table("funnel").bad("price_elasticity", message, "lower it, or the segments' price");
    }
}

fn levers(scenario: &Scenario, root: &Table<'_>) {
    let known = catalog(scenario);
    let names: Vec<&str> = known.iter().map(|lever| lever.key.as_str()).collect();
    for (row, range) in root.rows("lever").iter().zip(&scenario.levers) {
        let Some(lever) = known.iter().find(|lever| lever.key == range.key) else {
            row.bad("key", format!("there is no lever “{}”", range.key), near(&range.key, &names));
            continue;
        };
        let epoch_model::business::LeverKind::Number { min, max, step } = lever.kind else {
            row.bad("key", format!("{} has options, not a range", range.key), "leave it out");
            continue;
        };
        let default = lever.read(Some(&lever.default));
        if min >= max {
            row.bad("max", format!("max ({max}) is not above min ({min})"), "");
        } else if range.default.is_some_and(|own| !(min..=max).contains(&own)) {
            row.bad("default", format!("default lies outside {min} to {max}"), "");
        } else if step <= 0.0 || step > max - min {
            row.bad("step", format!("a step of {step} does not fit into {min} to {max}"), "");
        } else if default <= 0.0
            && ["price_index", "pro_price", "take_rate", "delivery_promise"].contains(&lever.key.as_str())
            || min <= 0.0 && ["price_index", "pro_price", "take_rate", "delivery_promise"].contains(&lever.key.as_str())
        {
            row.bad("min", format!("{} must stay above 0", lever.key), "");
        }
    }
}

fn check_incident(scenario: &Scenario, incident: &Incident, row: &Table<'_>) {
    let law = incident.kind.law();
    if let Some(target) = &incident.target {
        let values = match target.dimension.as_str() {
            "country" => &scenario.countries,
            "device" => &scenario.devices,
            _ => &scenario.plans,
        };
        if !law.segmentable {
            row.bad(&target.dimension, format!("{} hits everyone", law.name), "leave the segment out");
        } else if !values.iter().any(|value| value.key == target.value) {
            let names: Vec<&str> = values.iter().map(|value| value.key.as_str()).collect();
            row.bad(
                &target.dimension,
                format!("there is no {} “{}”", target.dimension, target.value),
                near(&target.value, &names),
            );
        }
    }
    let (key, names): (&str, Vec<&str>) = match incident.kind {
        Kind::TasteShift => ("option", scenario.headlines.iter().map(|h| h.key.as_str()).collect()),
        Kind::ChannelDecay => ("channel", scenario.channels.iter().map(|c| c.key.as_str()).collect()),
        Kind::TrackingLost | Kind::TrackingDoubled | Kind::TrackingLate => ("event", EVENTS.to_vec()),
        _ => ("", Vec::new()),
    };
    match &incident.about {
        Some(about) if key.is_empty() => {
            row.bad("event", format!("{} is about nothing in particular", law.name), format!("leave “{about}” out"));
        }
        Some(about) if !names.contains(&about.as_str()) => {
            row.bad(key, format!("there is no {key} “{about}”"), near(about, &names));
        }
        None if matches!(incident.kind, Kind::TasteShift | Kind::ChannelDecay) => {
            row.bad(key, format!("{} needs {key}", law.name), names.join(", "));
        }
        _ => {}
    }
    if incident.start >= scenario.ends_at() || incident.end <= scenario.starts_at() {
        row.bad("start", "it lies outside the scenario", "change start, or days of the scenario");
    }
    let only = match incident.kind {
        Kind::SupplierDelay => Some(Company::Shop),
        Kind::SellerExodus => Some(Company::Marketplace),
        _ => None,
    };
    let goods = matches!(incident.kind, Kind::CarrierDelay | Kind::CouponAbuse | Kind::CheckoutBug);
    if only.is_some_and(|company| company != scenario.company) || goods && scenario.company == Company::Saas {
        row.bad("kind", format!("{} cannot happen to this kind of company", law.name), "");
    }
}
