//! One of Stripe's events to one of ours, and the link between a customer and a person of the product.
//!
//! What is taken over is listed here; names, addresses, card numbers and whatever else an event holds of people is not.

use std::borrow::Cow;
use std::sync::Arc;

use epoch_model::event::{IDENTIFY, is_nobody};
use epoch_model::time::Millis;
use serde_json::{Map, Value};

use super::money::major;
use crate::app::Shared;
use crate::decode::json;
use crate::ingest::intake::{Draft, Intake, Taken};
use crate::problem::Problem;

/// Months in a year, days and weeks in it: what a price per day or week is per month.
const MONTHS: f64 = 12.0;
const DAYS: f64 = 365.0;
const WEEKS: f64 = 52.0;

/// Members of an event's object that are taken over as they are, when they are text, number or truth.
const KEPT: [&str; 23] = [
    "object",
    "status",
    "currency",
    "livemode",
    "payment_status",
    "mode",
    "reason",
    "billing_reason",
    "collection_method",
    "failure_code",
    "cancel_at_period_end",
    "cancellation_reason",
    "quantity",
    "paid",
    "refunded",
    "disputed",
    "attempt_count",
    "trial_start",
    "trial_end",
    "canceled_at",
    "type",
    "capture_method",
    "client_reference_id",
];
/// Members that name another object, by its id or in full.
const NAMED: [&str; 6] = ["customer", "charge", "invoice", "subscription", "payment_intent", "payment_method"];
/// Amounts in the smallest unit of the currency.
const AMOUNTS: [&str; 14] = [
    "amount_refunded",
    "amount_captured",
    "amount_received",
    "amount_due",
    "amount_paid",
    "amount_remaining",
    "amount_total",
    "amount_subtotal",
    "subtotal",
    "total",
    "tax",
    "fee",
    "net",
    "application_fee_amount",
];
/// Where products put their own id of a person.
const OWN_IDS: [&str; 4] = ["distinct_id", "user_id", "userId", "posthog_person_distinct_id"];

/// Whether an object of this kind is an event, of Stripe's first or second API.
pub(crate) fn is_event(object: &str) -> bool {
    matches!(object, "event" | "v2.core.event")
}

/// Parses a webhook's body.
pub(crate) fn parse(shared: &Shared, source: Arc<str>, data: &[u8], received: Millis) -> Result<Taken, Problem> {
    let hint = "point the endpoint at this URL with events in Stripe's snapshot form";
    let depth_max = shared.config.limits.depth_max;
    let raw = json::whole(data, depth_max)?;
    let event: Value = serde_json::from_str(raw.as_raw_str())
        .map_err(|_| Problem::bad("failed to parse request: the event does not parse", hint))?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(id), Some(kind), true) = (text("id"), text("type"), text("object").is_some_and(is_event)) else {
        return Err(Problem::bad("the body is none of Stripe's events: it has no id, type or object", hint));
    };
    let nothing = Map::new();
    let object = event.pointer("/data/object").and_then(Value::as_object).unwrap_or(&nothing);
    let before = event.pointer("/data/previous_attributes").and_then(Value::as_object).unwrap_or(&nothing);
    let time = event.get("created").and_then(|at| match at {
        Value::Number(seconds) => seconds.as_i64().map(|seconds| seconds.saturating_mul(1000)),
        Value::String(at) => crate::decode::time::written(at),
        _ => None,
    });
    let customer = if object.get("object").and_then(Value::as_str) == Some("customer") {
        id_of(object.get("id"))
    } else {
        id_of(object.get("customer"))
    };
    let own = own_id(object);
    let mut intake = Intake::new(shared, source, received, 0);
    let draft = |id: String, name: &str, unit: &str, props: String| Draft {
        id: Some(Cow::Owned(id)),
        time,
        dated: time.is_some(),
        name: Cow::Owned(name.to_owned()),
        unit: Cow::Owned(unit.to_owned()),
        props: Cow::Owned(props),
    };
    if let (Some(customer), Some(own)) = (customer, own.as_deref())
        && customer != own
    {
        let mut props = String::from("{");
        json::push_member(&mut props, "$anon_distinct_id", &json::quoted(customer));
        props.push('}');
        // Once for each pair, whichever event says it first.
        intake.also(Ok(draft(format!("{IDENTIFY} {own} {customer}"), IDENTIFY, own, props)), raw.as_raw_str());
    }
    let props = props(kind, &event, object, before);
    let unit = customer.or(own.as_deref()).unwrap_or_default();
    intake.take(Ok(draft(id.to_owned(), kind, unit, props)), raw.as_raw_str());
    Ok(intake.done())
}

/// The id of an object that is named or given in full.
fn id_of(value: Option<&Value>) -> Option<&str> {
    let id = match value? {
        Value::String(id) => id,
        Value::Object(object) => object.get("id")?.as_str()?,
        _ => return None,
    };
    (!id.is_empty()).then_some(id)
}

/// The product's own id of the person, where it was given to Stripe.
fn own_id(object: &Map<String, Value>) -> Option<String> {
    let given = |value: Option<&Value>| match value? {
        Value::String(id) if !is_nobody(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()).filter(|id| !is_nobody(id)),
        _ => None,
    };
    let metadata = [
        object.get("metadata"),
        object.get("subscription_details").and_then(|details| details.get("metadata")),
        object.get("parent").and_then(|parent| parent.pointer("/subscription_details/metadata")),
    ];
    let in_metadata = || metadata.iter().flatten().find_map(|held| OWN_IDS.iter().find_map(|id| given(held.get(*id))));
    given(object.get("client_reference_id")).or_else(in_metadata)
}

fn props(kind: &str, event: &Value, object: &Map<String, Value>, before: &Map<String, Value>) -> String {
    let mut out = Props { text: String::from("{"), names: Vec::new() };
    let currency = object.get("currency").and_then(Value::as_str).unwrap_or_default();
    if let Some(minor) = amount(kind, object, before) {
        out.put("amount", &major(minor, currency));
    }
    for name in KEPT {
        out.scalar(name, object.get(name));
    }
    out.scalar("livemode", event.get("livemode"));
    out.scalar("account", event.get("account"));
    let is_customer = object.get("object").and_then(Value::as_str) == Some("customer");
    out.scalar(if is_customer { "customer" } else { "object_id" }, object.get("id"));
    for name in NAMED {
        if let Some(id) = id_of(object.get(name)) {
            out.put(name, &json::quoted(id));
        }
    }
    out.scalar("subscription", object.get("parent").and_then(|p| p.pointer("/subscription_details/subscription")));
    for name in AMOUNTS {
        if let Some(minor) = object.get(name).and_then(Value::as_i64) {
            out.put(name, &major(minor.into(), currency));
        }
    }
    let charged = object.get("payment_method_details");
    out.scalar("payment_method_type", charged.and_then(|details| details.get("type")));
    for (name, place) in [("card_brand", "/card/brand"), ("card_country", "/card/country")] {
        out.scalar(name, charged.and_then(|details| details.pointer(place)));
    }
    out.scalar("cancellation_reason", object.get("cancellation_details").and_then(|c| c.get("reason")));
    if let Some(item) = first_item(object) {
        out.price(item);
    }
    // What a subscription was before: a change of plan, a payment that failed.
    out.scalar("previous_status", before.get("status"));
    if object.get("object").and_then(Value::as_str) == Some("subscription")
        && let Some(minor) = per_month(object)
    {
        out.put("mrr", &major(minor, currency));
    }
    out.text.push('}');
    out.text
}

struct Props {
    text: String,
    names: Vec<&'static str>,
}

impl Props {
    fn put(&mut self, name: &'static str, value: &str) {
        if !self.names.contains(&name) {
            json::push_member(&mut self.text, name, value);
            self.names.push(name);
        }
    }

    fn scalar(&mut self, name: &'static str, value: Option<&Value>) {
        if let Some(value @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) = value {
            self.put(name, &value.to_string());
        }
    }

    /// Price, product and interval of what is sold, in the form of any version of Stripe's API.
    fn price(&mut self, item: &Value) {
        let price = item.get("price").or_else(|| item.get("plan"));
        let details = item.pointer("/pricing/price_details");
        let named = |value: Option<&Value>| id_of(value).map(json::quoted);
        let price_id = named(price).or_else(|| named(details.and_then(|d| d.get("price"))));
        let product =
            named(price.and_then(|p| p.get("product"))).or_else(|| named(details.and_then(|d| d.get("product"))));
        for (name, id) in [("price", price_id), ("product", product), ("plan", named(item.get("plan")))] {
            if let Some(id) = id {
                self.put(name, &id);
            }
        }
        let recurring = price.and_then(|p| p.get("recurring")).or(item.get("plan"));
        self.scalar("interval", recurring.and_then(|r| r.get("interval")));
        self.scalar("interval_count", recurring.and_then(|r| r.get("interval_count")));
        self.scalar("quantity", item.get("quantity"));
    }
}

/// The amount that an event is about, in the smallest unit.
fn amount(kind: &str, object: &Map<String, Value>, before: &Map<String, Value>) -> Option<i128> {
    let of = |name: &str| object.get(name).and_then(Value::as_i64).map(i128::from);
    match object.get("object").and_then(Value::as_str).unwrap_or_default() {
        // The charge says what was refunded so far; this event is about the difference.
        "charge" if kind == "charge.refunded" => {
            let earlier = before.get("amount_refunded").and_then(Value::as_i64).unwrap_or(0);
            of("amount_refunded").map(|refunded| refunded - i128::from(earlier))
        }
        "charge" if kind == "charge.captured" => of("amount_captured").or_else(|| of("amount")),
        "payment_intent" if kind == "payment_intent.succeeded" => of("amount_received").or_else(|| of("amount")),
        "invoice" if matches!(kind, "invoice.paid" | "invoice.payment_succeeded") => of("amount_paid"),
        "invoice" => of("amount_due").or_else(|| of("total")),
        "checkout.session" => of("amount_total"),
        "subscription" => {
            items(object).next()?;
            items(object).map(|item| Some(priced(item)?.0)).sum()
        }
        _ => of("amount"),
    }
}

fn items(object: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let list = object.get("items").and_then(|items| items.get("data")).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn first_item(object: &Map<String, Value>) -> Option<&Value> {
    let line = || object.get("lines").and_then(|lines| lines.get("data")).and_then(Value::as_array)?.first();
    items(object).next().or_else(line)
}

/// What an item of a subscription costs per interval, and its price.
fn priced(item: &Value) -> Option<(i128, &Value)> {
    let price = item.get("price").or_else(|| item.get("plan"))?;
    let each = price.get("unit_amount").or_else(|| price.get("amount"))?.as_i64()?;
    let quantity = item.get("quantity").and_then(Value::as_i64).unwrap_or(1);
    Some((i128::from(each).checked_mul(quantity.into())?, price))
}

/// What a subscription brings per month while it pays; `None` when a price has no fixed amount.
#[expect(clippy::cast_possible_truncation, reason = "amounts stay far below 2^53")]
fn per_month(object: &Map<String, Value>) -> Option<i128> {
    items(object).next()?;
    let mut total = 0.0;
    for item in items(object) {
        let (amount, price) = priced(item)?;
        let recurring = price.get("recurring").filter(|recurring| recurring.is_object()).unwrap_or(price);
        let count = recurring.get("interval_count").and_then(Value::as_f64).filter(|n| *n >= 1.0).unwrap_or(1.0);
        let per_year = match recurring.get("interval").and_then(Value::as_str)? {
            "day" => DAYS,
            "week" => WEEKS,
            "month" => MONTHS,
            "year" => 1.0,
            _ => return None,
        };
        total += amount as f64 * per_year / MONTHS / count;
    }
    Some(total.round() as i128)
}
