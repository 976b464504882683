//! What the members of events mean to privacy.

/// Objects of person and group properties, and of operations on them; looked into.
pub(super) const CONTAINERS: [&str; 8] =
    ["$set", "$set_once", "$group_set", "$add", "$append", "$union", "$remove", "$unset"];

/// Objects of properties in requests as they are sent; looked into.
pub(super) const SENT: [&str; 5] = ["properties", "props", "traits", "context", "options"];

/// Members of an event as it is sent that are not properties.
const ENVELOPE: [&str; 27] = [
    "event",
    "name",
    "type",
    "uuid",
    "id",
    "insert_id",
    "messageId",
    "unit",
    "distinct_id",
    "$distinct_id",
    "user_id",
    "userId",
    "anonymous_id",
    "anonymousId",
    "visitor_id",
    "previousId",
    "groupId",
    "$group_id",
    "$group_key",
    "time",
    "$time",
    "timestamp",
    "offset",
    "sentAt",
    "integrations",
    "category",
    "session_id",
];

/// Members that hold a unit's id.
const UNITS: [&str; 17] = [
    "unit",
    "distinct_id",
    "$distinct_id",
    "$anon_distinct_id",
    "$user_id",
    "$device_id",
    "user_id",
    "userId",
    "anonymous_id",
    "anonymousId",
    "visitor_id",
    "previousId",
    "$anon_id",
    "$identified_id",
    "$distinct_ids",
    "customer",
    "client_reference_id",
];

/// Whether a property is of the protocols' own making, so that an allow list need not name it.
pub(super) fn is_structural(name: &str) -> bool {
    CONTAINERS.contains(&name)
        || name.starts_with("$feature")
        || matches!(
            name,
            "$groups"
                | "$group_type"
                | "$group_key"
                | "$anon_distinct_id"
                | "$insert_id"
                | "$propensity"
                | "$lever_version"
        )
}

/// Whether it is no property but says what the event is.
pub(super) fn is_envelope(name: &str) -> bool {
    ENVELOPE.contains(&name)
}

/// Whether its value is the id of a unit.
pub(super) fn is_unit(name: &str) -> bool {
    UNITS.contains(&name)
}

/// Whether its value is an IP address: `$ip`, `ip`, `client_ip`, `$initial_ip_address`, …
pub(super) fn is_ip(name: &str) -> bool {
    let name = name.trim_start_matches('$');
    let name = name.strip_prefix("initial_").unwrap_or(name);
    matches!(
        name,
        "ip" | "ip_address"
            | "ipAddress"
            | "client_ip"
            | "clientIp"
            | "user_ip"
            | "remote_ip"
            | "remote_address"
            | "geoip_ip"
            // OpenTelemetry's names.
            | "client.address"
            | "source.address"
            | "network.peer.address"
            | "client.ip"
            | "source.ip"
            | "net.peer.ip"
            | "net.sock.peer.addr"
            | "http.client_ip"
    )
}

/// Whether a list of the founder's names it, with or without the `$` of reserved properties.
pub(super) fn in_list(list: &[String], name: &str) -> bool {
    let bare = name.strip_prefix('$').unwrap_or(name);
    list.iter().any(|entry| entry == name || entry.strip_prefix('$').unwrap_or(entry) == bare)
}
