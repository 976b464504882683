//! Every metric of the test business computed from the bare events, the slow and obvious way.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::time::Millis;
use serde_json::Value;

pub const BUSINESS: &str = r#"
[[metric]]
key = "visits"
event = "visit"
bucket = "hour"
segments = ["country"]

[[metric]]
key = "customers"
kind = "unique"
event = "order"
bucket = "hour"
segments = ["country"]

[[metric]]
key = "invoices"
kind = "unique"
event = "order"
of = "invoice"
where = "amount > 0"

[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
bucket = "hour"
format = "money"
segments = ["country"]

[[metric]]
key = "spend"
kind = "mean_per_unit"
event = "order"
value = "amount"
segments = ["country"]

[[metric]]
key = "lines"
kind = "mean_per_unit"
event = "order"
of = "invoice"

[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order", within = "36h" }
denominator = { event = "visit" }
bucket = "hour"
segments = ["country"]

[[metric]]
key = "paying"
kind = "proportion"
numerator = { event = "order", within = "3h", where = "amount > 0" }
denominator = "visit"
segments = ["country"]

[[metric]]
key = "aov"
kind = "ratio"
numerator = { event = "order", value = "amount" }
denominator = { event = "order", of = "invoice" }
segments = ["country"]
format = "money"

[[metric]]
key = "back"
kind = "retention"
event = "order"
after = "1d"
within = "3d"
segments = ["country"]

[[metric]]
key = "settled"
kind = "retention"
start = "signup"
comeback = "visit"
after = "2h"
within = "10h"
bucket = "hour"
segments = ["country"]

[[metric]]
key = "companies"
kind = "unique"
event = "order"
by = "company"
bucket = "hour"
segments = ["country"]

[[metric]]
key = "company_spend"
kind = "mean_per_unit"
event = "order"
value = "amount"
by = "company"

[[metric]]
key = "company_conversion"
kind = "proportion"
numerator = { event = "order", within = "36h" }
denominator = { event = "visit" }
by = "company"
segments = ["country"]

[[metric]]
key = "company_back"
kind = "retention"
event = "order"
after = "1d"
within = "3d"
by = "company"
segments = ["country"]

[[metric]]
key = "p90"
kind = "quantile"
event = "order"
value = "amount"
q = 0.9
segments = ["country"]

[[metric]]
key = "per_customer"
formula = "revenue / customers + 1"
segments = ["country"]

[[metric]]
key = "german"
formula = "sum(order.amount where country == 'DE') / unique(order)"
"#;

#[derive(Clone)]
pub struct Event {
    pub name: &'static str,
    pub unit: u32,
    pub time: Millis,
    pub props: Value,
}

impl Event {
    fn amount(&self) -> Option<f64> {
        match self.props.get("amount")? {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.parse().ok(),
            _ => None,
        }
    }

    pub fn country(&self) -> &str {
        match self.props.get("country").and_then(Value::as_str) {
            None | Some("") => "(none)",
            Some(text) => text,
        }
    }

    fn person(&self) -> Option<String> {
        (self.unit != 0).then(|| self.unit.to_string())
    }

    fn company(&self) -> Option<String> {
        match self.props.get("$groups")?.get("company")? {
            Value::Null => None,
            Value::String(s) if s.is_empty() => None,
            Value::String(s) => Some(s.clone()),
            other => Some(other.to_string()),
        }
    }

    fn invoice(&self) -> Option<String> {
        match self.props.get("invoice")? {
            Value::Null => None,
            Value::String(s) if s.is_empty() => None,
            Value::String(s) => Some(s.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// Who an event belongs to.
type Who = fn(&Event) -> Option<String>;

/// A range, split or not.
pub struct Cut<'e> {
    pub events: &'e [Event],
    pub from: Millis,
    pub to: Millis,
    pub country: Option<&'e str>,
}

const HOUR: Millis = 3_600_000;

impl<'e> Cut<'e> {
    /// Events of a name within.
    fn of(&self, name: &'e str) -> impl Iterator<Item = &'e Event> + '_ {
        self.events.iter().filter(move |e| e.name == name && self.holds(e))
    }

    fn holds(&self, e: &Event) -> bool {
        (self.from..self.to).contains(&e.time) && self.country.is_none_or(|c| e.country() == c)
    }

    /// Sum in whole cents.
    fn revenue(&self) -> f64 {
        self.of("order").filter_map(Event::amount).map(|a| (a * 100.0).round()).sum::<f64>() / 100.0
    }

    fn customers(&self) -> f64 {
        self.of("order").map(|e| e.unit).filter(|u| *u != 0).collect::<BTreeSet<_>>().len() as f64
    }

    fn companies(&self) -> f64 {
        self.of("order").filter_map(Event::company).collect::<BTreeSet<_>>().len() as f64
    }

    fn invoices(&self) -> f64 {
        self.of("order").filter_map(Event::invoice).collect::<BTreeSet<_>>().len() as f64
    }

    fn share(&self, who: Who, within: Millis, follows: impl Fn(&Event) -> bool) -> Option<f64> {
        let mut units: BTreeMap<String, bool> = BTreeMap::new();
        for start in self.of("visit") {
            let Some(unit) = who(start) else { continue };
            let in_time = |e: &Event| e.time >= start.time && e.time <= start.time + within;
            let hit = self.events.iter().any(|e| who(e).as_ref() == Some(&unit) && follows(e) && in_time(e));
            *units.entry(unit).or_default() |= hit;
        }
        over(units.values().filter(|hit| **hit).count() as f64, units.len() as f64)
    }

    fn retention(&self, who: Who, start: &str, comeback: &str, after: Millis, within: Millis) -> Option<f64> {
        let units: BTreeSet<String> = self.events.iter().filter_map(who).collect();
        let (mut came, mut all) = (0.0, 0.0);
        for unit in units {
            let own = || self.events.iter().filter(|e| who(e).as_ref() == Some(&unit));
            let first = own().filter(|e| e.name == start).min_by_key(|e| (e.time, e.country().to_owned()));
            let Some(first) = first.filter(|e| self.holds(e)) else { continue };
            let from = first.time + after;
            all += 1.0;
            came += f64::from(u8::from(own().any(|e| e.name == comeback && e.time >= from && e.time <= from + within)));
        }
        over(came, all)
    }

    pub fn value(&self, metric: &str) -> Option<f64> {
        match metric {
            "visits" => Some(self.of("visit").count() as f64),
            "customers" => Some(self.customers()),
            "invoices" => {
                let paid = self.of("order").filter(|e| e.amount().is_some_and(|a| a > 0.0));
                Some(paid.filter_map(Event::invoice).collect::<BTreeSet<_>>().len() as f64)
            }
            "revenue" => Some(self.revenue()),
            "spend" => {
                let known = self.of("order").filter(|e| e.unit != 0);
                let sum = known.filter_map(Event::amount).map(|a| (a * 100.0).round()).sum::<f64>() / 100.0;
                over(sum, self.customers())
            }
            "lines" => over(self.of("order").filter(|e| e.invoice().is_some()).count() as f64, self.invoices()),
            "conversion" => self.share(Event::person, 36 * HOUR, |e| e.name == "order"),
            "paying" => {
                self.share(Event::person, 3 * HOUR, |e| e.name == "order" && e.amount().is_some_and(|a| a > 0.0))
            }
            "aov" => over(self.revenue(), self.invoices()),
            "companies" => Some(self.companies()),
            "company_spend" => {
                let known = self.of("order").filter(|e| e.company().is_some());
                let sum = known.filter_map(Event::amount).map(|a| (a * 100.0).round()).sum::<f64>() / 100.0;
                over(sum, self.companies())
            }
            "company_conversion" => self.share(Event::company, 36 * HOUR, |e| e.name == "order"),
            "company_back" => self.retention(Event::company, "order", "order", 24 * HOUR, 72 * HOUR),
            "back" => self.retention(Event::person, "order", "order", 24 * HOUR, 72 * HOUR),
            "settled" => self.retention(Event::person, "signup", "visit", 2 * HOUR, 10 * HOUR),
            "p90" => {
                let mut all: Vec<f64> = self.of("order").filter_map(Event::amount).collect();
                all.sort_by(f64::total_cmp);
                all.get(all.len().checked_sub(1)? * 9 / 10).copied()
            }
            "per_customer" => over(self.revenue(), self.customers()).map(|v| v + 1.0),
            "german" => {
                let german = self.of("order").filter(|e| e.country() == "DE").filter_map(Event::amount);
                over(german.map(|a| (a * 100.0).round()).sum::<f64>() / 100.0, self.customers())
            }
            other => panic!("no oracle for {other}"),
        }
    }
}

/// Persons the slow way: a list of lists of units, each with whether it is identified.
#[derive(Default)]
pub struct Persons(Vec<(BTreeSet<u32>, bool)>);

impl Persons {
    fn at(&mut self, unit: u32) -> usize {
        self.0.iter().position(|(units, _)| units.contains(&unit)).unwrap_or_else(|| {
            self.0.push(([unit].into(), false));
            self.0.len() - 1
        })
    }

    pub fn link(&mut self, from: u32, into: u32, force: bool) {
        let (a, b) = (self.at(from), self.at(into));
        let refused = self.0[a].1 && !force;
        self.0[b].1 = true;
        if a != b && !refused {
            let joining = self.0[a].0.clone();
            self.0[b].0.extend(joining);
            self.0.remove(a);
        }
    }

    /// All units of a unit's person, who is then nobody.
    pub fn forget(&mut self, unit: u32) -> BTreeSet<u32> {
        let at = self.at(unit);
        self.0.remove(at).0
    }

    pub fn is_identified(&self, unit: u32) -> bool {
        self.0.iter().any(|(units, identified)| units.contains(&unit) && *identified)
    }

    /// The least unit of a unit's person.
    pub fn of(&self, unit: u32) -> u32 {
        self.0
            .iter()
            .find(|(units, _)| units.contains(&unit))
            .map_or(unit, |(units, _)| units.first().copied().unwrap())
    }
}

fn over(n: f64, d: f64) -> Option<f64> {
    (d != 0.0).then(|| n / d)
}
