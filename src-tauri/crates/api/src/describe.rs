//! Words: how a metric is computed, what a playbook waits for, what to paste into a product, what a file would support.

use epoch_connectors::import::{ColumnKind, Preview};
use epoch_engine::{Direction, Matcher, Move, Play, Trigger};
use epoch_model::business::{Business, LeverValue, Measure, Metric, MetricKind};
use epoch_model::decision::State;

use crate::views::MetricSuggestion;

fn measure(m: &Measure) -> String {
    let what = match (&m.value, &m.of) {
        (Some(value), _) => format!("sum of {value} over “{}”", m.event),
        (None, Some(of)) => format!("distinct {of} of “{}”", m.event),
        (None, None) => format!("number of “{}”", m.event),
    };
    match &m.filter {
        Some(filter) => format!("{what} where {filter}"),
        None => what,
    }
}

/// How a metric is computed, in one phrase.
pub(crate) fn definition(metric: &Metric) -> String {
    match &metric.kind {
        MetricKind::Count { measure: m } | MetricKind::Sum { measure: m } => measure(m),
        MetricKind::Unique { measure: m } => {
            let of = m.of.as_deref().unwrap_or("units");
            let filter = m.filter.as_ref().map(|f| format!(" where {f}")).unwrap_or_default();
            format!("distinct {of} with “{}”{filter}", m.event)
        }
        MetricKind::MeanPerUnit { measure: m } => {
            let per = m.of.as_deref().unwrap_or("unit");
            format!("{} per {per}", measure(&Measure { of: None, ..m.clone() }))
        }
        MetricKind::Proportion { numerator, denominator } => {
            let within = numerator.within.as_ref().map(|w| format!(" within {w}")).unwrap_or_default();
            format!("share of units with “{}” that had “{}”{within}", denominator.event, numerator.event)
        }
        MetricKind::Ratio { numerator, denominator } => format!("{} ÷ {}", measure(numerator), measure(denominator)),
        MetricKind::Retention { start, comeback, after, within } => format!(
            "share of units first seen with “{}” that had “{}” between {after} and {after} + {within} later",
            start.event, comeback.event
        ),
        MetricKind::Quantile { measure: m, q } => format!("{} % quantile of {}", q * 100.0, measure(m)),
        MetricKind::Formula { formula } => formula.clone(),
    }
}

/// Whether a metric reads events of this name.
pub(crate) fn reads_event(metric: &Metric, name: &str) -> bool {
    match &metric.kind {
        MetricKind::Count { measure }
        | MetricKind::Unique { measure }
        | MetricKind::Sum { measure }
        | MetricKind::MeanPerUnit { measure }
        | MetricKind::Quantile { measure, .. } => measure.event == name,
        MetricKind::Proportion { numerator, denominator } | MetricKind::Ratio { numerator, denominator } => {
            numerator.event == name || denominator.event == name
        }
        MetricKind::Retention { start, comeback, .. } => start.event == name || comeback.event == name,
        MetricKind::Formula { formula } => formula.contains(&format!("({name}")),
    }
}

/// Money with its currency: `-1,234.50 EUR`.
pub(crate) fn money(minor: i64, business: &Business) -> String {
    let scale = 10_i64.pow(business.currency_digits.min(6));
    let (whole, part) = (minor.unsigned_abs() / scale.unsigned_abs(), minor.unsigned_abs() % scale.unsigned_abs());
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    let sign = if minor < 0 { "-" } else { "" };
    match business.currency_digits {
        0 => format!("{sign}{grouped} {}", business.currency),
        n => format!("{sign}{grouped}.{part:0width$} {}", business.currency, width = n as usize),
    }
}

fn matcher(m: &Matcher, otherwise: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(m.keys.iter().cloned());
    parts.extend(m.words.iter().map(|w| format!("*{w}*")));
    if parts.is_empty() {
        parts.extend(m.domains.iter().map(|d| format!("{otherwise} of {}", format!("{d:?}").to_lowercase())));
    }
    if parts.is_empty() { format!("any {otherwise}") } else { parts.join(" or ") }
}

/// When a playbook proposes.
pub(crate) fn trigger(t: &Trigger) -> String {
    match t {
        Trigger::Anomaly { metric, direction, at_least, .. } => {
            let way = match direction {
                Direction::Bad => "moves the wrong way",
                Direction::Good => "moves the right way",
                Direction::Up => "rises",
                Direction::Down => "falls",
                Direction::Any => "moves",
            };
            let least = if *at_least > 0.0 { format!(" by at least {} %", at_least * 100.0) } else { String::new() };
            format!("{} {way} beyond what was expected{least}", matcher(metric, "KPI"))
        }
        Trigger::Threshold { metric, above, value, other, buckets } => {
            let side = if *above { "above" } else { "below" };
            let against = match (value, other) {
                (Some(v), _) => v.to_string(),
                (None, Some(other)) => matcher(other, "KPI"),
                (None, None) => "its threshold".into(),
            };
            format!("{} {side} {against} for {buckets} buckets running", matcher(metric, "KPI"))
        }
        Trigger::Guardrail { metric } => format!("the guardrail of {} is broken", matcher(metric, "a KPI")),
        Trigger::Goal { metric } => format!("the goal of {} is off course", matcher(metric, "a KPI")),
    }
}

/// What a playbook proposes.
pub(crate) fn play(p: &Play) -> String {
    match p {
        Play::Lever { lever, r#move } => {
            let how = match r#move {
                Move::Up(n) => format!("up by {n} steps"),
                Move::Down(n) => format!("down by {n} steps"),
                Move::Next => "to the next option".into(),
                Move::To(value) => format!("to {}", lever_value(value)),
                Move::Back => "back to the value before".into(),
                Move::Default => "to its default".into(),
            };
            format!("moves {} {how}", matcher(lever, "lever"))
        }
        Play::Webhook { effect, .. } => format!("calls the webhook {}", matcher(effect, "webhook")),
    }
}

pub(crate) fn lever_value(value: &LeverValue) -> String {
    match value {
        LeverValue::Bool(b) => b.to_string(),
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(t) => t.clone(),
    }
}

/// A state in words.
pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Draft => "draft",
        State::Pending => "waits for you",
        State::Asked => "asked its proposer",
        State::Approved => "approved",
        State::Rejected => "rejected",
        State::Expired => "expired",
        State::Withdrawn => "withdrawn",
        State::Superseded => "superseded",
        State::Stale => "stale",
        State::Executing => "executing",
        State::Executed => "executed",
        State::Failed => "failed",
        State::InDoubt => "in doubt",
        State::Observing => "observing",
        State::Scored => "scored",
    }
}

/// Metrics a file would support, as far as its columns and first events say so, and that the business does not have.
pub(crate) fn suggestions(preview: &Preview, business: &Business) -> Vec<MetricSuggestion> {
    let mut names: Vec<&str> = preview.events.iter().map(|e| e.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // The most frequent kind of event carries the file.
    let count = |name: &str| preview.events.iter().filter(|e| e.name == name).count();
    let Some(main) = names.iter().copied().max_by_key(|n| count(n)) else { return Vec::new() };
    let has_unit = preview.events.iter().any(|e| e.name == main && !e.unit.is_empty());
    let props: Vec<&String> = preview
        .events
        .iter()
        .find(|e| e.name == main)
        .and_then(|e| e.props.as_object())
        .map(|o| o.keys().collect())
        .unwrap_or_default();
    let find =
        |words: &[&str]| props.iter().copied().find(|p| words.iter().any(|w| p.to_lowercase().contains(w))).cloned();
    let amount = find(&["amount", "revenue", "total", "price", "value"]);
    let order = find(&["invoice", "order_id", "orderid", "order id", "receipt", "basket"]);
    let segment = find(&["country", "region", "channel", "plan", "device", "category"]).or_else(|| {
        let few = preview.columns.iter().find(|c| c.kind == ColumnKind::Text && !c.unique && c.samples.len() <= 4);
        few.map(|c| c.name.clone()).filter(|name| props.contains(&name))
    });
    let segments = segment.map(|s| format!("segments = [\"{s}\"]\n")).unwrap_or_default();
    let mut all = Vec::new();
    let mut put = |key: &str, title: &str, body: String, why: &str| {
        if business.metrics.iter().all(|m| m.key != key) {
            let toml = format!("[[metric]]\nkey = \"{key}\"\ntitle = \"{title}\"\n{body}");
            all.push(MetricSuggestion { key: key.into(), title: title.into(), toml, why: why.into() });
        }
    };
    let quoted = |name: &str| {
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') { name.to_owned() } else { format!("`{name}`") }
    };
    if let Some(amount) = &amount {
        let value = quoted(amount);
        put(
            "revenue",
            "Revenue",
            format!(
                "kind = \"sum\"\nevent = \"{main}\"\nvalue = \"{value}\"\nformat = \"money\"\nbetter = \"up\"\ndomain = \"sales\"\n{segments}"
            ),
            "the file has an amount",
        );
    }
    if let Some(order) = &order {
        put(
            "orders",
            "Orders",
            format!(
                "kind = \"unique\"\nevent = \"{main}\"\nof = \"{order}\"\nbetter = \"up\"\ndomain = \"sales\"\n{segments}"
            ),
            "rows share an order number",
        );
    } else {
        put(
            &format!("{}_count", key_of(main)),
            &format!("Number of {main}"),
            format!("kind = \"count\"\nevent = \"{main}\"\nbetter = \"up\"\ndomain = \"product\"\n{segments}"),
            "the most frequent event",
        );
    }
    if let (Some(amount), Some(order)) = (&amount, &order) {
        let value = quoted(amount);
        put(
            "average_order_value",
            "Average order value",
            format!(
                "kind = \"ratio\"\nnumerator = {{ event = \"{main}\", value = \"{value}\" }}\ndenominator = {{ event = \"{main}\", of = \"{order}\" }}\nformat = \"money\"\nbetter = \"up\"\ndomain = \"sales\"\n"
            ),
            "amount over order number",
        );
    }
    if has_unit {
        put(
            "active_customers",
            "Active customers",
            format!("kind = \"unique\"\nevent = \"{main}\"\nbetter = \"up\"\ndomain = \"product\"\n{segments}"),
            "rows name a customer",
        );
    }
    if let Some(back) = names.iter().copied().find(|n| ["return", "refund", "cancel"].iter().any(|w| n.contains(w))) {
        put(
            "return_rate",
            "Return rate",
            format!(
                "kind = \"ratio\"\nnumerator = {{ event = \"{back}\" }}\ndenominator = {{ event = \"{main}\" }}\nformat = \"percent\"\nbetter = \"down\"\ndomain = \"operations\"\n"
            ),
            "the file has returns",
        );
    }
    all
}

fn key_of(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}
