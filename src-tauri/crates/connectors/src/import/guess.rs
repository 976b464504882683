//! Which columns make an event, from their names and content.

use epoch_model::business::Mapping;

use super::shapes;
use super::types::{Column, ColumnKind, MappingReason};

/// Names in lower case without signs.
pub fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

const TIMES: [&str; 26] = [
    "timestamp",
    "eventtime",
    "occurredat",
    "invoicedate",
    "orderdate",
    "purchasedate",
    "transactiondate",
    "createdat",
    "createdutc",
    "createddateutc",
    "created",
    "datetime",
    "time",
    "date",
    "ts",
    "eventtimestamp",
    "clienteventtime",
    "paidat",
    "processedat",
    "signupdate",
    "visitdate",
    "day",
    "datum",
    "zeit",
    "zeitpunkt",
    "updatedat",
];
const UNITS: [&str; 27] = [
    "distinctid",
    "customerid",
    "userid",
    "clientid",
    "visitorid",
    "accountid",
    "memberid",
    "anonymousid",
    "customer",
    "user",
    "customeremail",
    "email",
    "billingemail",
    "kundennummer",
    "kunde",
    "deviceid",
    "sessionid",
    "playerid",
    "subscriberid",
    "buyerid",
    "uid",
    "contactid",
    "patientid",
    "companyid",
    "account",
    "sensorid",
    "device",
];
const EVENTS: [&str; 8] = ["event", "eventname", "eventtype", "action", "activity", "type", "kind", "ereignis"];
const IDS: [&str; 9] =
    ["uuid", "eventid", "insertid", "messageid", "transactionid", "paymentid", "chargeid", "rowid", "id"];
const AMOUNTS: [&str; 13] = [
    "amount",
    "total",
    "revenue",
    "ordertotal",
    "grandtotal",
    "totalamount",
    "totalprice",
    "sales",
    "dollarvalue",
    "betrag",
    "umsatz",
    "price",
    "netsales",
];
const QUANTITIES: [&str; 5] = ["quantity", "qty", "menge", "units", "count"];
const PRICES: [&str; 6] = ["unitprice", "price", "preis", "einzelpreis", "itemprice", "stueckpreis"];

/// A guessed mapping with reasons, and what could not be guessed.
#[derive(Default)]
pub struct Guess {
    pub mapping: Mapping,
    pub reasons: Vec<MappingReason>,
}

impl Guess {
    pub fn set(&mut self, field: &str, expression: impl Into<String>, reason: impl Into<String>) {
        let expression = expression.into();
        match field {
            "event" => self.mapping.event.clone_from(&expression),
            "time" => self.mapping.time.clone_from(&expression),
            "unit" => self.mapping.unit.clone_from(&expression),
            "id" => self.mapping.id = Some(expression.clone()),
            _ => {
                self.mapping.props.insert(field.into(), expression.clone());
            }
        }
        self.reasons.push(MappingReason { field: field.into(), expression, reason: reason.into() });
    }
}

/// The column with the first of `names` that `fits`; nested ones (`properties.time`) by their last part, after the others.
fn named<'a>(columns: &'a [Column], names: &[&str], fits: impl Fn(&Column) -> bool) -> Option<&'a Column> {
    let last = |c: &Column| plain(c.name.rsplit('.').next().unwrap_or(&c.name));
    let find =
        |key: &dyn Fn(&Column) -> String| names.iter().find_map(|n| columns.iter().find(|c| key(c) == **n && fits(c)));
    find(&|c| plain(&c.name)).or_else(|| find(&last))
}

/// Guesses a mapping. `stem` is the file's name without its ending.
pub fn guess(columns: &[Column], stem: &str) -> Guess {
    if let Some(known) = shapes::known(columns) {
        return known;
    }
    let mut guess = Guess::default();
    let by_name = |c: &Column| format!("the column’s name is “{}”", c.name);
    let timely = |c: &Column| c.kind == ColumnKind::Time;
    if let Some(time) = named(columns, &TIMES, timely) {
        guess.set("time", &time.expression, format!("{}, and it holds times", by_name(time)));
    } else if let Some(time) = columns.iter().filter(|c| timely(c)).max_by(|a, b| a.filled.total_cmp(&b.filled)) {
        guess.set("time", &time.expression, "it is a column that holds times");
    }
    if let Some(unit) = named(columns, &UNITS, |c| c.kind != ColumnKind::Empty && !timely(c)) {
        guess.set("unit", &unit.expression, by_name(unit));
    }
    let wordy = |c: &Column| c.kind == ColumnKind::Text && !c.unique && c.filled > 0.9;
    let event =
        named(columns, &EVENTS, |c| wordy(c) || (plain(&c.name).starts_with("event") && c.kind == ColumnKind::Text));
    let id = named(columns, &IDS, |c| c.unique && c.filled >= 1.0 && !timely(c) && c.expression != guess.mapping.unit);
    if let Some(id) = id {
        guess.set("id", &id.expression, format!("{}, and no value occurs twice", by_name(id)));
    }
    let number = |c: &Column| c.kind == ColumnKind::Number;
    let amount = named(columns, &AMOUNTS, number);
    match (named(columns, &QUANTITIES, number), named(columns, &PRICES, number)) {
        (Some(q), Some(p)) if amount.is_none_or(|a| a.name == p.name) => {
            guess.set("amount", format!("{} * {}", q.expression, p.expression), "quantity times price");
        }
        _ => {
            if let Some(a) = amount.filter(|a| a.name != "amount") {
                guess.set("amount", &a.expression, by_name(a));
            }
        }
    }
    let money = amount.is_some() || guess.mapping.props.contains_key("amount");
    if let Some(event) = event {
        guess.set("event", &event.expression, by_name(event));
    } else if money && !guess.mapping.unit.is_empty() {
        guess.set("event", "'order'", "rows with an amount and a customer are orders");
    } else {
        let name = event_name(stem);
        guess.set("event", format!("'{name}'"), "no column names what happened, so the file’s name does");
    }
    guess
}

/// A word made from a file's name: `cookie_cats (2).csv` is `cookie_cats`.
fn event_name(stem: &str) -> String {
    let stem = stem.split('.').next().unwrap_or(stem).to_lowercase();
    let words: Vec<&str> = stem
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !w.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    if words.is_empty() { "row".into() } else { words.join("_") }
}
