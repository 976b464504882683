//! Stripe's webhooks: events in the shape of its documented examples, signed as it signs.

use std::fmt::Write;
use std::sync::Arc;

use epoch_model::event::{event_id, link};
use epoch_model::ports::Privacy;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::kit::{Answer, Event, Gateway, Mood, NOW};

const SECRET: &str = "whsec_shop";
const CREATED: i64 = 1_795_348_000;

fn signed(body: &str, at: i64, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let mut header = format!("t={at},v1=");
    mac.finalize().into_bytes().iter().for_each(|byte| write!(header, "{byte:02x}").unwrap());
    header
}

fn send(gateway: &Gateway, event: &Value) -> Answer {
    let body = event.to_string();
    let signature = signed(&body, NOW / 1000, SECRET);
    gateway.send("POST", "/hooks/stripe/shop", &[("stripe-signature", &signature)], body.as_bytes())
}

fn event(kind: &str, object: Value) -> Value {
    json!({"id": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "object": "event", "api_version": "2025-03-31.basil", "created": CREATED,
        "data": {"object": object}, "livemode": true, "pending_webhooks": 1, "request": {"id": null}, "type": kind})
}

fn became(event: &Value) -> Vec<Event> {
    let gateway = Gateway::start();
    let answer = send(&gateway, event);
    assert_eq!((answer.status, answer.json()), (200, json!({"received": true})), "{:?}", gateway.rejections());
    gateway.events()
}

fn one(kind: &str, object: Value) -> (String, Value) {
    let mut events = became(&event(kind, object));
    assert_eq!(events.len(), 1, "{events:?}");
    let event = events.pop().unwrap();
    assert_eq!((&*event.name, event.time), (kind, CREATED * 1000));
    (event.unit, event.props)
}

#[test]
fn charges_and_refunds() {
    let charge = json!({
        "id": "ch_3MmlLrLkdIwHu7ix0snN0B15", "object": "charge", "amount": 1099, "amount_captured": 1099, "amount_refunded": 0,
        "billing_details": {"address": {"city": "Berlin"}, "email": "ann@example.com", "name": "Ann", "phone": null},
        "currency": "usd", "customer": "cus_9s6XKzkNRiz8i3", "paid": true, "payment_intent": "pi_1", "receipt_email": "ann@example.com",
        "payment_method": "pm_1", "payment_method_details": {"card": {"brand": "visa", "country": "DE", "last4": "4242"}, "type": "card"},
        "refunded": false, "disputed": false, "status": "succeeded", "metadata": {}, "description": "for ann@example.com",
    });
    let (unit, props) = one("charge.succeeded", charge.clone());
    assert_eq!(unit, "cus_9s6XKzkNRiz8i3");
    assert_eq!(
        props,
        json!({"amount": 10.99, "amount_captured": 10.99, "amount_refunded": 0, "object": "charge", "object_id": "ch_3MmlLrLkdIwHu7ix0snN0B15",
            "status": "succeeded", "currency": "usd", "paid": true, "refunded": false, "disputed": false, "livemode": true,
            "customer": "cus_9s6XKzkNRiz8i3", "payment_intent": "pi_1", "payment_method": "pm_1", "payment_method_type": "card",
            "card_brand": "visa", "card_country": "DE"})
    );
    // Two refunds of one charge: each is about its own part.
    let mut refunded = charge.clone();
    refunded["amount_refunded"] = json!(700);
    let mut second = event("charge.refunded", refunded.clone());
    assert_eq!(became(&second)[0].props["amount"], 7);
    second["data"]["previous_attributes"] = json!({"amount_refunded": 300});
    let props = &became(&second)[0].props;
    assert_eq!((&props["amount"], &props["amount_refunded"]), (&json!(4), &json!(7)));
    for (currency, amount) in
        [("jpy", json!(1099)), ("kwd", json!(1.099)), ("EUR", json!(10.99)), ("isk", json!(10.99))]
    {
        let mut charge = charge.clone();
        charge["currency"] = json!(currency);
        assert_eq!(one("charge.succeeded", charge).1["amount"], amount, "{currency}");
    }
    let dispute = json!({"id": "du_1", "object": "dispute", "amount": 1000, "charge": "ch_1", "currency": "usd", "reason": "fraudulent", "status": "needs_response", "payment_intent": {"id": "pi_1", "object": "payment_intent"}});
    let (unit, props) = one("charge.dispute.created", dispute);
    let expect = json!({"amount": 10, "charge": "ch_1", "currency": "usd", "reason": "fraudulent", "status": "needs_response", "payment_intent": "pi_1", "object": "dispute", "object_id": "du_1", "livemode": true});
    assert_eq!((unit.as_str(), props), ("", expect));
}

#[test]
fn invoices_intents_sessions_and_subscriptions() {
    let lines = json!({"data": [{"id": "il_1", "amount": 2000, "quantity": 1, "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}, "type": "price_details"}}]});
    let invoice = json!({"id": "in_1", "object": "invoice", "amount_due": 2500, "amount_paid": 2000, "amount_remaining": 500, "total": 2500, "currency": "eur",
        "customer": "cus_1", "customer_email": "ann@example.com", "customer_name": "Ann", "billing_reason": "subscription_cycle", "attempt_count": 1, "status": "paid",
        "parent": {"subscription_details": {"metadata": {}, "subscription": "sub_1"}}, "lines": lines});
    let (unit, props) = one("invoice.paid", invoice.clone());
    assert_eq!(unit, "cus_1");
    let expect = json!({"amount": 20, "amount_due": 25, "amount_paid": 20, "amount_remaining": 5, "total": 25, "object": "invoice", "object_id": "in_1",
        "status": "paid", "currency": "eur", "billing_reason": "subscription_cycle", "attempt_count": 1, "livemode": true, "customer": "cus_1",
        "subscription": "sub_1", "price": "price_1", "product": "prod_1", "quantity": 1});
    assert_eq!(props, expect);
    assert_eq!(one("invoice.payment_failed", invoice).1["amount"], 25);

    let intent = json!({"id": "pi_1", "object": "payment_intent", "amount": 2000, "amount_received": 1500, "currency": "usd", "customer": null, "status": "succeeded"});
    assert_eq!(
        (
            one("payment_intent.succeeded", intent.clone()).1["amount"].clone(),
            one("payment_intent.created", intent).1["amount"].clone()
        ),
        (json!(15), json!(20))
    );

    let item = |price: &str, unit_amount: Value, quantity: i64, interval: &str, count: i64| {
        json!({"quantity": quantity, "plan": {"id": price, "amount": unit_amount, "product": "prod_1"},
            "price": {"id": price, "product": "prod_1", "unit_amount": unit_amount, "recurring": {"interval": interval, "interval_count": count}}})
    };
    let subscription = |items: Value| json!({"id": "sub_1", "object": "subscription", "customer": "cus_1", "currency": "usd", "status": "active", "cancel_at_period_end": false, "items": {"data": items}, "metadata": {}});
    let (_, props) =
        one("customer.subscription.created", subscription(json!([item("price_1", json!(1200), 3, "month", 1)])));
    let expect = json!({"amount": 36, "mrr": 36, "price": "price_1", "plan": "price_1", "product": "prod_1", "interval": "month", "interval_count": 1, "quantity": 3,
        "object": "subscription", "object_id": "sub_1", "customer": "cus_1", "currency": "usd", "status": "active", "cancel_at_period_end": false, "livemode": true});
    assert_eq!(props, expect);
    let mrr = |items: Value| one("customer.subscription.updated", subscription(items)).1["mrr"].clone();
    assert_eq!(mrr(json!([item("y", json!(12000), 1, "year", 1)])), json!(10));
    assert_eq!(mrr(json!([item("q", json!(3000), 1, "month", 3), item("w", json!(300), 2, "week", 1)])), json!(36));
    assert_eq!(mrr(json!([item("metered", Value::Null, 1, "month", 1)])), Value::Null);
    assert_eq!(mrr(json!([])), Value::Null);
    let mut updated = event("customer.subscription.updated", subscription(json!([])));
    updated["data"]["previous_attributes"] = json!({"status": "trialing"});
    assert_eq!(became(&updated)[0].props["previous_status"], "trialing");
}

#[test]
fn customers_are_linked_to_the_products_own_ids() {
    let session = json!({"id": "cs_1", "object": "checkout.session", "amount_total": 4990, "amount_subtotal": 4990, "currency": "usd", "customer": "cus_1",
        "client_reference_id": "user-7", "customer_details": {"email": "ann@example.com"}, "mode": "payment", "payment_status": "paid", "status": "complete"});
    let events = became(&event("checkout.session.completed", session.clone()));
    assert_eq!(events.len(), 2);
    let found = link(&events[0].name, &events[0].unit, &events[0].props.to_string()).unwrap();
    assert_eq!((&*found.from, &*found.into, found.force), ("cus_1", "user-7", false));
    assert_eq!(
        (&*events[1].unit, &events[1].props["amount"], &events[1].props["client_reference_id"]),
        ("cus_1", &json!(49.9), &json!("user-7"))
    );
    // A guest has no customer; the product knows him all the same.
    let mut guest = session.clone();
    guest["customer"] = Value::Null;
    let (unit, _) = one("checkout.session.completed", guest.clone());
    assert_eq!(unit, "user-7");
    guest["client_reference_id"] = json!("null");
    assert_eq!(one("checkout.session.completed", guest).0, "", "nobody is nobody");

    let gateway = Gateway::start();
    for (n, id) in [("distinct_id", "u"), ("user_id", "u"), ("userId", "u")].iter().enumerate() {
        let mut charge = event(
            "charge.succeeded",
            json!({"object": "charge", "customer": {"id": "cus_2", "object": "customer"}, "amount": 1, "currency": "usd", "metadata": {id.0: id.1}}),
        );
        charge["id"] = json!(format!("evt_{n}"));
        assert_eq!(send(&gateway, &charge).status, 200);
    }
    let names: Vec<String> = gateway.events().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["$identify", "charge.succeeded", "charge.succeeded", "charge.succeeded"], "linked once");
    let created = one(
        "customer.created",
        json!({"id": "cus_3", "object": "customer", "email": "ann@example.com", "name": "Ann"}),
    );
    assert_eq!(created, ("cus_3".to_owned(), json!({"object": "customer", "customer": "cus_3", "livemode": true})));
}

#[test]
fn retries_are_known_and_kinds_nobody_heard_of_kept() {
    let gateway = Gateway::start();
    let payout = event(
        "payout.paid",
        json!({"id": "po_1", "object": "payout", "amount": 500, "currency": "usd", "status": "paid"}),
    );
    assert_eq!((send(&gateway, &payout).status, send(&gateway, &payout).status), (200, 200));
    let odd = json!({"id": "evt_2", "object": "v2.core.event", "type": "v2.billing.meter.no_meter_found", "created": "2026-11-22T11:00:00.000Z", "livemode": false, "related_object": null});
    assert_eq!(send(&gateway, &odd).status, 200);
    let got = gateway.events();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].id, event_id("shop", "evt_1NG8Du2eZvKYlo2CUI79vXWy"));
    assert_eq!(
        (&*got[1].name, got[1].time, &got[1].props),
        ("v2.billing.meter.no_meter_found", NOW - 3_600_000, &json!({"livemode": false}))
    );
}

#[test]
fn what_is_not_stripes_is_refused() {
    let gateway = Gateway::start();
    let body = event("charge.succeeded", json!({"object": "charge", "amount": 1, "currency": "usd"})).to_string();
    let now = NOW / 1000;
    let post = |path: &str, signature: &str, body: &str| {
        let headers = [("stripe-signature", signature)];
        gateway.send("POST", path, &headers, body.as_bytes()).status
    };
    let right = signed(&body, now, SECRET);
    assert_eq!(post("/hooks/stripe/shop", "", &body), 400);
    assert_eq!(post("/hooks/stripe/shop", &signed(&body, now, "whsec_other"), &body), 400);
    assert_eq!(post("/hooks/stripe/shop", &signed(&body, now - 301, SECRET), &body), 400);
    assert_eq!(post("/hooks/stripe/shop", &right, &body.replace("usd", "eur")), 400);
    assert_eq!(post("/hooks/stripe/other", &right, &body), 404);
    assert_eq!(
        gateway.send("POST", "/hooks/stripe/shop", &[("x-api-key", "wk")], body.as_bytes()).status,
        400,
        "a key is no signature"
    );
    for text in [
        "",
        "{}",
        "[]",
        "no",
        "{\"id\":\"evt\",\"object\":\"charge\",\"type\":\"x\"}",
        "{\"id\":7,\"object\":\"event\",\"type\":\"x\"}",
    ] {
        assert_eq!(post("/hooks/stripe/shop", &signed(text, now, SECRET), text), 400, "{text}");
    }
    let large = format!("{{\"pad\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(post("/hooks/stripe/shop", &signed(&large, now, SECRET), &large), 413);
    gateway.mood(Mood::FailsCommit);
    assert_eq!(post("/hooks/stripe/shop", &right, &body), 503);
    assert!(gateway.events().is_empty());
    gateway.mood(Mood::Fine);
    let rolled = format!("t={now},v1={},{}", "0".repeat(64), right.split_once(',').unwrap().1);
    assert_eq!(post("/hooks/stripe/shop", &rolled, &body), 200);
}

#[test]
fn hashed_units_are_nowhere_in_the_clear() {
    let gateway = Gateway::start();
    let rules = Privacy { hash: vec!["unit".into()], hash_key: [3; 32], ..Privacy::default() };
    *gateway.memory.privacy.lock().unwrap() = Arc::new(rules);
    let session = json!({"id": "cs_1", "object": "checkout.session", "amount_total": 1, "currency": "usd", "customer": "cus_1", "client_reference_id": "user-7", "metadata": {"user_id": "user-7"}});
    let customer = json!({"id": "cus_1", "object": "customer", "metadata": {}});
    for (id, kind, object) in
        [("evt_1", "checkout.session.completed", session), ("evt_2", "customer.updated", customer)]
    {
        let mut event = event(kind, object);
        event["id"] = json!(id);
        assert_eq!(send(&gateway, &event).status, 200);
    }
    let kept = format!("{:?}", gateway.events());
    assert!(gateway.events().len() == 3 && !kept.contains("cus_1") && !kept.contains("user-7"), "{kept}");
}
