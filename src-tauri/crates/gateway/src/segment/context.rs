//! What of a message's context metrics ask for, by the names that PostHog's SDKs give it. The rest is not kept.

use std::borrow::Cow;

use sonic_rs::{JsonValueTrait, LazyValue};

use crate::decode::json;

/// Name and value of a property.
type Property<'a> = (&'static str, Cow<'a, str>);

/// `context.a.b` and the property it becomes.
const NAMES: [(&str, &str, &str); 29] = [
    ("page", "url", "$current_url"),
    ("page", "path", "$pathname"),
    ("page", "referrer", "$referrer"),
    ("page", "title", "title"),
    ("campaign", "source", "utm_source"),
    ("campaign", "medium", "utm_medium"),
    ("campaign", "name", "utm_campaign"),
    ("campaign", "campaign", "utm_campaign"),
    ("campaign", "content", "utm_content"),
    ("campaign", "term", "utm_term"),
    ("library", "name", "$lib"),
    ("library", "version", "$lib_version"),
    ("device", "type", "$device_type"),
    ("device", "model", "$device_model"),
    ("device", "manufacturer", "$device_manufacturer"),
    ("device", "name", "$device_name"),
    ("os", "name", "$os"),
    ("os", "version", "$os_version"),
    ("app", "name", "$app_name"),
    ("app", "version", "$app_version"),
    ("app", "build", "$app_build"),
    ("app", "namespace", "$app_namespace"),
    ("screen", "width", "$screen_width"),
    ("screen", "height", "$screen_height"),
    ("", "locale", "$locale"),
    ("", "timezone", "$timezone"),
    ("", "userAgent", "$raw_user_agent"),
    ("", "sessionId", "$session_id"),
    ("", "ip", "$ip"),
];

/// The property that a member of a page's properties becomes.
pub(super) fn of_page(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(group, member, to)| *group == "page" && *member == name && to.starts_with('$')).map(|n| n.2)
}

/// The properties in a context.
pub(super) fn flat<'a>(context: &LazyValue<'a>) -> Vec<Property<'a>> {
    let mut found: Vec<Property<'a>> = Vec::new();
    let mut put = |group: &str, member: &str, value: &LazyValue<'a>| {
        let name = NAMES.iter().find(|(g, m, _)| *g == group && *m == member).map(|(_, _, name)| *name);
        if let Some(name) = name.filter(|name| !found.iter().any(|(known, _)| known == name)) {
            found.push((name, json::raw(value)));
        }
    };
    for (key, value) in json::members(context) {
        if value.is_object() {
            json::members(&value).for_each(|(member, value)| put(&key, &member, &value));
        } else {
            put("", &key, &value);
        }
    }
    found
}
