//! A scenario from text: laid over what it extends, read, checked.

use std::collections::BTreeMap;

use epoch_model::time::{DAY, HOUR, Zone};
use toml_edit::Document;

use super::incident::{Incident, LAWS, Target};
use super::table::{Problem, Sink, Table};
use super::tree::{Node, Tree, lay, table};
use super::{Company, LeverRange, Scenario, Stock, Supply, Tracking, builtin, check, parse_people as people};

/// The largest text, in bytes.
const BYTES_MAX: usize = 256 * 1024;

pub(super) const COMPANIES: [(&str, Company); 3] =
    [("shop", Company::Shop), ("saas", Company::Saas), ("marketplace", Company::Marketplace)];

pub(super) fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
    let sink = Sink::new(text);
    let scenario = read_text(text, &sink);
    let problems = sink.into_problems();
    if problems.is_empty() { scenario.ok_or(problems) } else { Err(problems) }
}

fn read_text(text: &str, sink: &Sink<'_>) -> Option<Scenario> {
    if text.len() > BYTES_MAX {
        sink.note(0, "", format!("the scenario is larger than {BYTES_MAX} bytes"), "");
        return None;
    }
    let own = match tree_of(text) {
        Ok(own) => own,
        Err((at, message)) => {
            sink.note(at, "", message, "the file is TOML, see https://toml.io");
            return None;
        }
    };
    let all = extended(own, sink)?;
    let root = Table::new(Some(&all), sink, "", 0);
    let scenario = read(&root);
    root.finish();
    if let Some(scenario) = &scenario {
        check::check(scenario, &root);
    }
    scenario
}

fn tree_of(text: &str) -> Result<BTreeMap<String, Node>, (usize, String)> {
    match Document::parse(text) {
        Ok(document) => Ok(table(document.as_table())),
        Err(e) => Err((e.span().map_or(0, |span| span.start), e.message().trim().replace('\n', "; "))),
    }
}

/// Lays the text over the chain of scenarios it extends.
fn extended(own: BTreeMap<String, Node>, sink: &Sink<'_>) -> Option<BTreeMap<String, Node>> {
    let mut all = own;
    // Built-in scenarios extend each other at most this deep.
    for _ in 0..4 {
        let Some(node) = all.remove("extends") else { return Some(all) };
        let name = match &node.value {
            Tree::Text(name) => name.clone(),
            other => {
                sink.note(node.at, "extends", format!("extends should be text, not {}", other.kind()), "");
                return None;
            }
        };
        let base = builtin::text(&name).and_then(|text| tree_of(text).ok());
        let Some(base) = base else {
            let names: Vec<&str> = builtin::ALL.iter().map(|(name, _)| *name).collect();
            sink.note(node.at, "extends", format!("there is no scenario “{name}”"), super::table::near(&name, &names));
            return None;
        };
        all = lay(base, all, node.at);
    }
    sink.note(0, "extends", "scenarios extend each other too deeply", "");
    None
}

fn read(root: &Table<'_>) -> Option<Scenario> {
    let name = root.text("name").unwrap_or_else(|| "own".to_owned());
    let title = root.text("title").unwrap_or_else(|| name.clone());
    let about = root.text("about").unwrap_or_default();
    let company = root.choice("company", &COMPANIES);
    if !root.has("company") {
        root.bad("company", "company is missing", "write company = \"shop\", or extends = \"shop-calm\"");
    }
    let company = company?;
    let currency = root.text("currency").unwrap_or_else(|| "EUR".to_owned());
    if epoch_model::business::currency_digits(&currency).is_none() {
        root.bad("currency", format!("“{currency}” is not a currency"), "use the three letters of ISO 4217, e.g. EUR");
    }
    let timezone = root.text("timezone").unwrap_or_else(|| "UTC".to_owned());
    let zone = Zone::named(&timezone).unwrap_or_else(|e| {
        root.bad("timezone", e.message, e.hint);
        Zone::utc()
    });
    let start = root.date("start").unwrap_or(jiff::civil::date(2026, 1, 1));
    if !(2000..2190).contains(&start.year()) {
        root.bad("start", "start lies before 2000 or after 2189", "");
    }
    let headlines = people::choices(root, "headline");
    let onboardings = people::choices(root, "onboarding");
    let taste = |key| people::tastes(root, key, &headlines, &onboardings);
    Some(Scenario {
        days: root.whole("days", 365, 7..=3650),
        demand: people::demand(&root.table("demand")),
        countries: taste("country"),
        devices: taste("device"),
        plans: taste("plan"),
        channels: people::channels(root),
        funnel: people::funnel(&root.table("funnel")),
        habits: people::habits(&root.table("habits")),
        offer: people::offer(&root.table("offer"), company),
        delivery: people::delivery(&root.table("delivery")),
        support: people::support(&root.table("support")),
        infrastructure: people::infrastructure(&root.table("infrastructure")),
        stock: (company == Company::Shop).then(|| stock(&root.table("stock"))),
        supply: (company == Company::Marketplace).then(|| supply(&root.table("supply"))),
        abuse: people::abuse(&root.table("abuse")),
        tracking: tracking(&root.table("tracking")),
        levers: root.rows("lever").iter().filter_map(lever).collect(),
        incidents: root.rows("incident").iter().filter_map(|row| incident(row, &zone)).collect(),
        name,
        title,
        about,
        company,
        currency,
        timezone,
        start,
        headlines,
        onboardings,
    })
}

fn stock(t: &Table<'_>) -> Stock {
    let stock = Stock {
        batch: t.number("batch", 400.0, 1.0..=1e7),
        lead_days: t.number("lead_days", 7.0, 0.1..=365.0),
        holding: t.number("holding", 0.01, 0.0..=1e5),
    };
    t.finish();
    stock
}

fn supply(t: &Table<'_>) -> Supply {
    let supply = Supply {
        sellers: t.number("sellers", 500.0, 1.0..=1e7),
        turnover: t.number("turnover", 0.004, 0.0..=0.5),
        join_elasticity: t.number("join_elasticity", -1.0, -20.0..=0.0),
        leave_elasticity: t.number("leave_elasticity", 1.5, 0.0..=20.0),
        selection_elasticity: t.number("selection_elasticity", 0.4, 0.0..=5.0),
        pass_through: t.number("pass_through", 0.5, 0.0..=2.0),
    };
    t.finish();
    supply
}

fn tracking(t: &Table<'_>) -> Tracking {
    let tracking = Tracking {
        lost: t.share("lost", 0.003),
        resent: t.share("resent", 0.002),
        late: t.share("late", 0.01),
        late_hours: t.number("late_hours", 6.0, 0.01..=2000.0),
    };
    t.finish();
    tracking
}

fn lever(t: &Table<'_>) -> Option<LeverRange> {
    let key = t.text("key");
    if !t.has("key") {
        t.bad("key", "key is missing", "name the lever, e.g. key = \"price_index\"");
    }
    let number = |key| t.maybe(key, -1e9..=1e9);
    let range = LeverRange {
        key: key.unwrap_or_default(),
        min: number("min"),
        max: number("max"),
        step: number("step"),
        default: number("default"),
    };
    t.finish();
    (!range.key.is_empty()).then_some(range)
}

fn incident(t: &Table<'_>, zone: &Zone) -> Option<Incident> {
    let kinds: Vec<(&str, &super::incident::Law)> = LAWS.iter().map(|law| (law.name, law)).collect();
    let law = t.choice("kind", &kinds);
    let (key, start) = (t.text("key"), t.date("start"));
    for (name, example) in
        [("key", "key = \"bug\""), ("kind", "kind = \"checkout_bug\""), ("start", "start = 2026-03-01")]
    {
        if !t.has(name) {
            t.bad(name, format!("{name} is missing"), format!("write e.g. {example}"));
        }
    }
    let hour = t.number("hour", 0.0, 0.0..=24.0);
    let ramp_days = t.number("ramp_days", 0.0, 0.0..=3650.0);
    let last = t.date("end");
    let hours = t.maybe("hours", 0.01..=87_600.0);
    let strength = law.and_then(|law| t.maybe("strength", law.strength.0..=law.strength.1));
    if law.is_some() && !t.has("strength") {
        t.bad("strength", "strength is missing", law.map_or("", |l| l.meaning));
    }
    let target = ["country", "device", "plan"]
        .into_iter()
        .find_map(|dimension| t.text(dimension).map(|value| Target { dimension: dimension.to_owned(), value }));
    let about = ["event", "option", "channel"].into_iter().find_map(|key| t.text(key));
    t.finish();
    let (law, start_day) = (law?, start?);
    let start = zone.instant(start_day.at(0, 0, 0, 0))? + (hour * HOUR as f64) as i64;
    let end = match (last, hours) {
        (Some(_), Some(_)) => {
            t.bad("hours", "end and hours cannot both be given", "leave one out");
            return None;
        }
        (None, Some(hours)) => start + (hours * HOUR as f64) as i64,
        (Some(day), None) => zone.instant(day.tomorrow().ok()?.at(0, 0, 0, 0))?,
        (None, None) => start + 7 * DAY,
    };
    if end <= start {
        t.bad("end", "it ends before it starts", "end is its last day");
        return None;
    }
    let ramp_ms = (ramp_days * DAY as f64) as i64;
    Some(Incident { key: key?, kind: law.kind, start, end, ramp_ms, strength: strength?, target, about })
}
