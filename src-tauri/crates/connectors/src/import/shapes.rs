//! Exports of well-known systems, recognised by the columns only they have.

use super::guess::{Guess, plain};
use super::types::Column;

/// How a system's export is read. Every entry of `needs` must be there; of each other list the first that is there is read.
struct Shape {
    system: &'static str,
    needs: &'static [&'static str],
    event: Event,
    time: &'static [&'static str],
    unit: &'static [&'static str],
    id: &'static [&'static str],
    amount: &'static [&'static str],
}

enum Event {
    Named(&'static str),
    Column(&'static [&'static str]),
    /// Further lines of an order repeat its number without its total.
    OrderWhereTotal(&'static str),
}

const SHAPES: [Shape; 9] = [
    Shape {
        system: "an order line export with invoice, quantity and unit price (Online Retail)",
        needs: &["invoicedate", "quantity"],
        event: Event::Named("order"),
        time: &["invoicedate"],
        unit: &["customerid"],
        id: &[],
        amount: &["quantity*unitprice", "quantity*price"],
    },
    Shape {
        system: "a Shopify order export",
        needs: &["financialstatus", "createdat", "total"],
        event: Event::OrderWhereTotal("total"),
        time: &["createdat"],
        unit: &["email", "customerid"],
        id: &[],
        amount: &["total"],
    },
    Shape {
        system: "a Stripe payments export",
        needs: &["amountrefunded", "amount", "currency"],
        event: Event::Named("payment"),
        time: &["createdutc", "createddateutc", "created"],
        unit: &["customerid", "customer", "customeremail"],
        id: &["id"],
        amount: &["amount"],
    },
    Shape {
        system: "a Stripe payments export",
        needs: &["balancetransactionid", "amount"],
        event: Event::Named("payment"),
        time: &["createdutc", "createddateutc", "created"],
        unit: &["customerid", "customer", "customeremail"],
        id: &["id"],
        amount: &["amount"],
    },
    Shape {
        system: "a WooCommerce order export",
        needs: &["ordernumber", "orderdate", "ordertotalamount"],
        event: Event::Named("order"),
        time: &["orderdate"],
        unit: &["customeruserid", "customerid", "emailbilling", "billingemailaddress", "billingemail"],
        id: &[],
        amount: &["ordertotalamount"],
    },
    Shape {
        system: "a WooCommerce order export",
        needs: &["orderid", "datecreated", "ordertotal"],
        event: Event::Named("order"),
        time: &["datecreated"],
        unit: &["customerid", "billingemail"],
        id: &[],
        amount: &["ordertotal"],
    },
    Shape {
        system: "a Mixpanel event export",
        needs: &["event", "properties.time", "properties.distinctid"],
        event: Event::Column(&["event"]),
        time: &["properties.time"],
        unit: &["properties.distinctid"],
        id: &["properties.insertid"],
        amount: &[],
    },
    Shape {
        system: "a PostHog event export",
        needs: &["event", "distinctid", "timestamp"],
        event: Event::Column(&["event"]),
        time: &["timestamp"],
        unit: &["distinctid"],
        id: &["uuid"],
        amount: &[],
    },
    Shape {
        system: "an Amplitude event export",
        needs: &["eventtype", "eventtime"],
        event: Event::Column(&["eventtype"]),
        time: &["eventtime"],
        unit: &["userid", "amplitudeid", "deviceid"],
        id: &["insertid", "uuid"],
        amount: &[],
    },
];

/// Plain, but for the dots of a path.
fn path(name: &str) -> String {
    name.split('.').map(plain).collect::<Vec<_>>().join(".")
}

fn column<'a>(columns: &'a [Column], key: &str) -> Option<&'a str> {
    columns.iter().find(|c| path(&c.name) == key).map(|c| c.expression.as_str())
}

/// The expression of `a` or of `a*b`.
fn expression(columns: &[Column], key: &str) -> Option<String> {
    match key.split_once('*') {
        Some((a, b)) => Some(format!("{} * {}", column(columns, a)?, column(columns, b)?)),
        None => column(columns, key).map(str::to_owned),
    }
}

/// The mapping of a known export.
pub fn known(columns: &[Column]) -> Option<Guess> {
    let shape = SHAPES.iter().find(|s| {
        s.needs.iter().all(|n| column(columns, n).is_some()) && s.time.iter().any(|t| column(columns, t).is_some())
    })?;
    let reason = format!("this looks like {}", shape.system);
    let mut guess = Guess::default();
    let first = |keys: &[&str]| keys.iter().find_map(|k| expression(columns, k));
    match &shape.event {
        Event::Named(name) => guess.set("event", format!("'{name}'"), &reason),
        Event::Column(keys) => guess.set("event", first(keys)?, &reason),
        Event::OrderWhereTotal(total) => {
            let total = column(columns, total)?;
            guess.set("event", format!("if({total} == null, 'order_line', 'order')"), &reason);
        }
    }
    guess.set("time", first(shape.time)?, &reason);
    if let Some(unit) = first(shape.unit) {
        guess.set("unit", unit, &reason);
    }
    if let Some(id) = first(shape.id) {
        guess.set("id", id, &reason);
    }
    if let Some(amount) = first(shape.amount).filter(|a| a != "amount") {
        guess.set("amount", amount, &reason);
    }
    Some(guess)
}
