//! `business.toml` from text to [`Business`]: every problem at once, each with its line.

use toml_edit::{Document, Item};

use super::literal::{currency_digits, deadline, money, points, share};
use super::parse_metric::{DOMAINS, GRAINS, dimension, expression, key, metric, title};
use super::problem::Problem;
use super::section::{Section, Sink, plain_number};
use super::{
    Better, Business, Domain, EffectTarget, Format, Goal, Grain, Guardrail, Lever, LeverKind, LeverValue, Limits,
    Mapping, Metric, MetricKind, PolicyAnswer, PolicyRule, Reversibility, Source, SourceKind,
};
use crate::decision::Level;
use crate::expr::{Dimension, Formula};
use crate::time::Zone;

const REVERSIBILITY: [(&str, Reversibility); 4] =
    [("R0", Reversibility::R0), ("R1", Reversibility::R1), ("R2", Reversibility::R2), ("R3", Reversibility::R3)];

const LEVELS: [(&str, Level); 4] = [
    ("operational", Level::Operational),
    ("tactical", Level::Tactical),
    ("strategic", Level::Strategic),
    ("sovereign", Level::Sovereign),
];

/// The largest file, in bytes.
const BYTES_MAX: usize = 1024 * 1024;

/// What the rows of the file need to know of the business.
struct Frame {
    currency: String,
    digits: u32,
    zone: Zone,
}

impl Frame {
    /// Major units as minor ones.
    #[expect(clippy::cast_possible_truncation, reason = "amounts are checked to be below 1e12")]
    fn minor(&self, major: f64) -> i64 {
        (major * 10f64.powi(i32::try_from(self.digits).unwrap_or(2))).round() as i64
    }

    /// An amount that is not negative, in minor units.
    fn amount(&self, section: &Section<'_>, key: &'static str) -> Option<i64> {
        let major = section.number_or(key, &format!("\"20 {}\" or 20", self.currency), |t| money(t, &self.currency))?;
        if !(0.0..=1e12).contains(&major) {
            section.bad(key, format!("{key} cannot be {major}"), "write an amount from 0 up");
            return None;
        }
        Some(self.minor(major))
    }
}

impl Business {
    /// Parses and checks the whole file. All problems are returned, in the order of the file. An empty text is a valid
    /// business without metrics.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let sink = Sink::new(text);
        if text.len() > BYTES_MAX {
            sink.note(0, "", format!("the file is larger than {BYTES_MAX} bytes"), "");
            return Err(sink.into_problems());
        }
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(e) => {
                let at = e.span().map_or(0, |s| s.start);
                sink.note(at, "", e.message().trim().replace('\n', "; "), "the file is TOML, see https://toml.io");
                return Err(sink.into_problems());
            }
        };
        let business = read(&Section::new(Some(document.as_table()), &sink, "", 0), &sink);
        if sink.is_clean() { Ok(business) } else { Err(sink.into_problems()) }
    }
}

fn read<'a>(root: &Section<'a>, sink: &'a Sink<'a>) -> Business {
    let head = root.section("business").unwrap_or_else(|| Section::new(None, sink, "business", 0));
    let name = head.text("name").unwrap_or_else(|| "My business".to_owned());
    let currency = head.text("currency").unwrap_or_else(|| "EUR".to_owned());
    let digits = currency_digits(&currency).unwrap_or_else(|| {
        head.bad("currency", format!("“{currency}” is not a currency"), "use the three letters of ISO 4217, e.g. EUR");
        2
    });
    let timezone = head.text("timezone").unwrap_or_else(|| "UTC".to_owned());
    let zone = Zone::named(&timezone).unwrap_or_else(|e| {
        head.bad("timezone", e.message, e.hint);
        Zone::utc()
    });
    let grain = head.choice("bucket", &GRAINS).unwrap_or(Grain::Day);
    head.accept(&["opens"]);
    head.finish();

    let frame = Frame { currency, digits, zone };
    let rows = root.sections("metric");
    let read: Vec<(Section<'a>, Metric)> =
        rows.into_iter().filter_map(|s| metric(&s, &frame.currency, digits, grain).map(|m| (s, m))).collect();
    let metrics = settle_metrics(read);
    let lever_rows = root.sections("lever");
    let levers: Vec<Lever> = lever_rows.iter().filter_map(|s| lever(s, &frame)).collect();
    let effect_rows = root.sections("effect");
    let effects: Vec<EffectTarget> = effect_rows.iter().filter_map(|s| effect(s, &frame)).collect();
    let source_rows = root.sections("source");
    let sources: Vec<Source> = source_rows.iter().filter_map(source).collect();
    unique_keys(&lever_rows, "lever");
    unique_keys(&effect_rows, "effect");
    unique_keys(&source_rows, "source");
    let goals = root.sections("goal").iter().filter_map(|s| goal(s, &metrics, &frame)).collect();
    let guardrails = root.sections("guardrail").iter().filter_map(|s| guardrail(s, &metrics, &frame)).collect();
    let limits = limits(&root.section("limits").unwrap_or_else(|| Section::new(None, sink, "limits", 0)), &frame);
    let policy = if root.has("policy") {
        root.sections("policy").iter().filter_map(|s| policy_rule(s, &frame)).collect()
    } else {
        root.accept(&["policy"]);
        Business::default_policy()
    };
    let playbooks = root.section("playbooks").unwrap_or_else(|| Section::new(None, sink, "playbooks", 0));
    let playbooks_off = playbooks.texts("off");
    playbooks.finish();
    root.finish();
    Business {
        name,
        currency: frame.currency,
        currency_digits: digits,
        timezone,
        metrics,
        goals,
        levers,
        effects,
        guardrails,
        limits,
        policy,
        sources,
        playbooks_off,
    }
}

fn unique_keys(sections: &[Section<'_>], what: &str) {
    let mut seen = std::collections::BTreeSet::new();
    for section in sections {
        let key = section.item("key").and_then(Item::as_str);
        if key.is_some_and(|k| !seen.insert(k.to_owned())) {
            section.bad("key", format!("two of the {what}s have this key"), "give each its own");
        }
    }
}

/// Keys, references, cycles and units of all metrics together.
fn settle_metrics(read: Vec<(Section<'_>, Metric)>) -> Vec<Metric> {
    let sections: Vec<&Section<'_>> = read.iter().map(|(s, _)| s).collect();
    let mut metrics: Vec<Metric> = read.iter().map(|(_, m)| m.clone()).collect();
    for (i, section) in sections.iter().enumerate() {
        if metrics[..i].iter().any(|m| m.key == metrics[i].key) {
            section.bad("key", "two of the metrics have this key", "give each its own");
        }
    }
    let find = |key: &str| read.iter().position(|(_, m)| m.key == key);
    let formulas: Vec<Option<Formula>> = metrics
        .iter()
        .map(|m| match &m.kind {
            MetricKind::Formula { formula } => Formula::parse(formula).ok(),
            _ => None,
        })
        .collect();
    let keys: Vec<&str> = read.iter().map(|(_, m)| m.key.as_str()).collect();
    for (section, formula) in sections.iter().zip(&formulas) {
        for name in formula.iter().flat_map(Formula::metrics) {
            if find(name).is_none() {
                let hint = super::section::did_you_mean(name, &keys)
                    .unwrap_or_else(|| format!("write sum(event.{name}), or define the metric {name}"));
                section.bad("formula", format!("there is no metric “{name}”"), hint);
            }
        }
    }
    // Each round settles the formulas whose parts are settled; what stays open after as many rounds as metrics is a cycle.
    let mut units: Vec<Option<Dimension>> = metrics.iter().map(dimension).collect();
    for _ in 0..metrics.len() {
        for i in 0..metrics.len() {
            let Some(formula) = formulas[i].as_ref().filter(|_| units[i].is_none()) else { continue };
            let ready = formula.metrics().all(|name| find(name).is_none_or(|at| units[at].is_some()));
            if !ready {
                continue;
            }
            let of = |name: &str| find(name).and_then(|at| units[at]).unwrap_or(Dimension::OPEN);
            units[i] = Some(match formula.dimension(&of) {
                Ok(unit) => settle_format(sections[i], &mut metrics[i], unit),
                Err(e) => {
                    sections[i].bad("formula", e.message, e.hint);
                    Dimension::OPEN
                }
            });
        }
    }
    for i in 0..metrics.len() {
        if units[i].is_none() && formulas[i].is_some() {
            sections[i].bad("formula", "this formula needs its own value to compute it", "break the circle");
        }
    }
    metrics
}

/// Checks a formula's unit against its format, or takes the format from the unit.
fn settle_format(section: &Section<'_>, metric: &mut Metric, unit: Dimension) -> Dimension {
    if !section.has("format") {
        if unit.money == 1 {
            metric.format = Format::Money;
        }
        return unit;
    }
    let fits = match metric.format {
        Format::Money => unit.money == 1 || unit.open || unit == Dimension::NUMBER,
        Format::Percent => unit.open || unit == Dimension::NUMBER,
        Format::Number | Format::Integer | Format::Duration => true,
    };
    if !fits {
        section.bad("format", format!("the formula gives {}", unit.words()), "leave format out or change the formula");
    }
    if metric.format == Format::Money && unit.open { Dimension { money: 1, open: false, ..unit } } else { unit }
}

/// The metric a row names.
fn named_metric<'m>(section: &Section<'_>, metrics: &'m [Metric]) -> Option<&'m Metric> {
    let name = section.required("metric", "name a metric's key")?;
    let found = metrics.iter().find(|m| m.key == name);
    if found.is_none() {
        let keys: Vec<&str> = metrics.iter().map(|m| m.key.as_str()).collect();
        let hint = super::section::did_you_mean(&name, &keys).unwrap_or_else(|| match keys.as_slice() {
            [] => "define it with [[metric]]".to_owned(),
            keys => format!("there are {}", keys.join(", ")),
        });
        section.bad("metric", format!("there is no metric “{name}”"), hint);
    }
    found
}

fn goal(section: &Section<'_>, metrics: &[Metric], frame: &Frame) -> Option<Goal> {
    let metric = named_metric(section, metrics);
    let percent = metric.is_some_and(|m| m.format == Format::Percent);
    if !section.has("target") {
        section.bad("target", "target is missing", "write the value to reach");
    }
    let target = section.number_or("target", "a number, \"20 EUR\" or \"5 %\"", |t| {
        share(t).map_or_else(|| money(t, &frame.currency), Ok)
    });
    if percent && section.item("target").and_then(plain_number).is_some_and(|n| n.abs() > 1.0) {
        section.bad("target", "a share above 1 is more than 100 %", "write target = \"5 %\" or 0.05");
    }
    let by = section.item("by").and_then(|item| {
        let text = item.as_datetime().map(ToString::to_string).or_else(|| item.as_str().map(str::to_owned));
        let at = text.as_deref().and_then(|t| deadline(t, &frame.zone));
        if at.is_none() {
            section.bad("by", "by should be a date", "write by = 2027-03-31");
        }
        at
    });
    section.finish();
    Some(Goal { metric: metric?.key.clone(), target: target?, by })
}

fn guardrail(section: &Section<'_>, metrics: &[Metric], frame: &Frame) -> Option<Guardrail> {
    let metric = named_metric(section, metrics);
    if metric.is_some_and(|m| m.better == Better::Neither) {
        section.bad("metric", "this metric has no worse direction", "give the metric better = \"up\" or \"down\"");
    }
    let relative = section.item("worsens_by_at_most").and_then(Item::as_str).and_then(share);
    let absolute = match relative {
        Some(_) => None,
        None => section.number_or("worsens_by_at_most", "\"0.5 points\", \"5 %\" or a number", |t| {
            points(t).map_or_else(|| money(t, &frame.currency), Ok)
        }),
    };
    if !section.has("worsens_by_at_most") {
        section.bad("worsens_by_at_most", "worsens_by_at_most is missing", "write \"0.5 points\" or \"5 %\"");
    }
    if absolute.or(relative).is_some_and(|n| n < 0.0) {
        section.bad("worsens_by_at_most", "it cannot be negative", "write how much worse is still accepted");
    }
    section.finish();
    let metric = metric?.key.clone();
    (absolute.is_some() || relative.is_some()).then_some(Guardrail { metric, absolute, relative })
}

fn lever(section: &Section<'_>, frame: &Frame) -> Option<Lever> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    if !section.has("kind") {
        section.bad("kind", "kind is missing", "one of boolean, number, variant, text");
    }
    let kinds = [("boolean", 0), ("number", 1), ("variant", 2), ("text", 3)];
    let parsed = section.choice("kind", &kinds).and_then(|kind| match kind {
        0 => Some((LeverKind::Boolean, LeverValue::Bool(section.flag("default", false)))),
        1 => number_lever(section),
        2 => variant_lever(section),
        _ => {
            let max_chars = section.whole("max_chars", 1..100_001).unwrap_or(200);
            // An empty default text is meant: the lever is off.
            let default = section.item("default").and_then(Item::as_str).unwrap_or_default().to_owned();
            if section.item("default").is_some_and(|i| !i.is_str()) {
                section.bad("default", "default should be text", "write it in quotes");
            }
            if default.chars().count() > max_chars as usize {
                section.bad("default", format!("default is longer than max_chars ({max_chars})"), "shorten it");
            }
            Some((LeverKind::Text { max_chars }, LeverValue::Text(default)))
        }
    });
    let domain = section.choice("domain", &DOMAINS).unwrap_or(Domain::Product);
    let reversibility = section.choice("reversibility", &REVERSIBILITY).unwrap_or(Reversibility::R1);
    let cost_minor = frame.amount(section, "cost").unwrap_or(0);
    section.accept(&["served_as", "kind", "min", "max", "step", "default", "options", "max_chars"]);
    let used: &[&str] = match parsed.as_ref().map(|(kind, _)| kind) {
        Some(LeverKind::Boolean) => &["min", "max", "step", "options", "max_chars"],
        Some(LeverKind::Number { .. }) => &["options", "max_chars"],
        Some(LeverKind::Variant { .. }) => &["min", "max", "step", "max_chars"],
        Some(LeverKind::Text { .. }) => &["min", "max", "step", "options"],
        None => &[],
    };
    for key in used.iter().filter(|key| section.has(key)) {
        section.bad(key, format!("{key} does not belong to this kind of lever"), "leave it out");
    }
    section.finish();
    let (kind, default) = parsed?;
    Some(Lever { key: key?, title, kind, default, domain, reversibility, cost_minor })
}

fn number_lever(section: &Section<'_>) -> Option<(LeverKind, LeverValue)> {
    for key in ["min", "max"] {
        if !section.has(key) {
            section.bad(key, format!("{key} is missing"), "say between which values it may move");
        }
    }
    let (min, max) = (section.number("min"), section.number("max"));
    let default = section.number("default");
    let step = section.number("step").unwrap_or(1.0);
    let (min, max) = (min?, max?);
    let default = default.unwrap_or(min);
    if min >= max {
        section.bad("max", format!("max ({max}) is not above min ({min})"), "swap or change them");
    } else if !(min..=max).contains(&default) {
        section.bad("default", format!("default ({default}) lies outside {min} to {max}"), "choose one inside");
    }
    if step <= 0.0 {
        section.bad("step", "step must be above 0", "write the smallest change, e.g. step = 1");
    } else if step > max - min && min < max {
        section.bad("step", format!("step ({step}) is larger than the whole range"), "write a smaller step");
    }
    Some((LeverKind::Number { min, max, step }, LeverValue::Number(default)))
}

fn variant_lever(section: &Section<'_>) -> Option<(LeverKind, LeverValue)> {
    let options = section.texts("options");
    let distinct: std::collections::BTreeSet<&String> = options.iter().collect();
    if options.len() < 2 {
        section.bad("options", "a variant needs at least two options", "write options = [\"a\", \"b\"]");
    } else if distinct.len() != options.len() {
        section.bad("options", "an option is named twice", "name each once");
    }
    let default = section.text("default").or_else(|| options.first().cloned())?;
    if !options.is_empty() && !options.contains(&default) {
        section.bad("default", format!("“{default}” is not among the options"), options.join(", "));
    }
    Some((LeverKind::Variant { options }, LeverValue::Text(default)))
}

fn effect(section: &Section<'_>, frame: &Frame) -> Option<EffectTarget> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    section.choice("kind", &[("webhook", ())]);
    let url = section.required("url", "write where it is posted, e.g. url = \"https://example.com/hook\"");
    let allow_private = section.flag("allow_private", false);
    if let Some(url) = &url {
        let host = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let scheme = url.split("://").next().unwrap_or_default();
        if host.is_empty() || host.contains('@') || url.contains(char::is_whitespace) {
            section.bad("url", "this is no web address", "write it like https://example.com/hook");
        } else if scheme != "https" && !(scheme == "http" && allow_private) {
            section.bad(
                "url",
                "effects are posted over https",
                "use https, or allow_private = true within your network",
            );
        }
    }
    let domain = section.choice("domain", &DOMAINS).unwrap_or(Domain::Operations);
    let reversibility = section.choice("reversibility", &REVERSIBILITY).unwrap_or(Reversibility::R2);
    let cost_minor = frame.amount(section, "cost").unwrap_or(0);
    section.finish();
    Some(EffectTarget { key: key?, title, url: url?, domain, reversibility, cost_minor, allow_private })
}

fn limits(section: &Section<'_>, frame: &Frame) -> Limits {
    let autonomous_spend_per_day_minor = frame.amount(section, "autonomous_spend_per_day").unwrap_or(0);
    let exposure = section.number_or("exposure_per_decision", "\"10 %\" or 0.1", |t| {
        share(t).ok_or_else(|| format!("“{t}” is no share"))
    });
    let exposure_per_decision = exposure.unwrap_or(0.1);
    if !(0.0..=1.0).contains(&exposure_per_decision) {
        section.bad("exposure_per_decision", "a share lies between 0 and 1", "write \"10 %\" or 0.1");
    }
    let cards_per_day = section.whole("cards_per_day", 0..1001).unwrap_or(5);
    section.finish();
    Limits { autonomous_spend_per_day_minor, exposure_per_decision, cards_per_day }
}

fn policy_rule(section: &Section<'_>, frame: &Frame) -> Option<PolicyRule> {
    fn chosen<T: Copy>(section: &Section<'_>, key: &'static str, choices: &[(&str, T)]) -> Vec<T> {
        section.texts(key).iter().filter_map(|text| section.choose(key, text, choices)).collect()
    }
    let levels = chosen(section, "levels", &LEVELS);
    let reversibility = chosen(section, "reversibility", &REVERSIBILITY);
    let domains = chosen(section, "domains", &DOMAINS);
    let stake_at_most_minor = frame.amount(section, "stake_at_most");
    if !section.has("answer") {
        section.bad("answer", "answer is missing", "one of run, ask, deny");
    }
    let answers = [("run", PolicyAnswer::Run), ("ask", PolicyAnswer::Ask), ("deny", PolicyAnswer::Deny)];
    let answer = section.choice("answer", &answers);
    let name = section.required("name", "give the rule a name: it is shown on the card");
    section.finish();
    Some(PolicyRule { name: name?, levels, reversibility, domains, stake_at_most_minor, answer: answer? })
}

fn source(section: &Section<'_>) -> Option<Source> {
    if !section.has("kind") {
        section.bad("kind", "kind is missing", "one of folder, sdk");
    }
    let kind = match section.choice("kind", &[("folder", true), ("sdk", false)]) {
        Some(true) => section
            .required("path", "name the folder, e.g. path = \"exports\"")
            .map(|path| SourceKind::Folder { path, pattern: section.text("pattern") }),
        Some(false) => Some(SourceKind::Sdk),
        None => None,
    };
    // The name of a folder serves as key where it can.
    let derived = match &kind {
        Some(SourceKind::Folder { path, .. }) => path.rsplit(['/', '\\']).find(|p| !p.is_empty()).unwrap_or("folder"),
        _ => "sdk",
    };
    let derived: String = derived.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let key = if section.has("key") { key(section) } else { Some(derived) };
    section.accept(&["key", "path", "pattern", "format"]);
    let title = title(section, key.as_deref().unwrap_or_default());
    let map = section.section("map").map(|map| mapping(&map));
    section.finish();
    Some(Source { key: key?, title, kind: kind?, map })
}

fn mapping(section: &Section<'_>) -> Mapping {
    let field = |key: &'static str| expression(section, key, section.text(key));
    let letter = |key: &'static str| {
        let text = section.item(key)?.as_str().unwrap_or_default();
        let text = if text == "\\t" { "\t" } else { text };
        let mut chars = text.chars();
        let one = chars.next().filter(|_| chars.next().is_none());
        if one.is_none() {
            section.bad(key, format!("{key} should be one character"), "");
        }
        one
    };
    let mut mapping = Mapping {
        event: field("event").unwrap_or_default(),
        time: field("time").unwrap_or_default(),
        unit: field("unit").unwrap_or_default(),
        id: field("id"),
        only_mapped: section.flag("only_mapped", false),
        time_format: section.text("time_format"),
        timezone: section.text("timezone"),
        delimiter: letter("delimiter"),
        encoding: section.text("encoding"),
        decimal: letter("decimal"),
        sheet: section.text("sheet"),
        props: std::collections::BTreeMap::new(),
    };
    for (key, example) in [("event", "event = \"'order'\""), ("time", "time = \"Date\"")] {
        if !section.has(key) {
            section.bad(key, format!("{key} is missing"), format!("write e.g. {example}"));
        }
    }
    if let Some(Err(e)) = mapping.timezone.as_deref().map(Zone::named) {
        section.bad("timezone", e.message, e.hint);
    }
    if mapping.decimal.is_some_and(|c| c != '.' && c != ',') {
        section.bad("decimal", "decimal is . or ,", "");
    }
    let mut take = |from: &Section<'_>, key: String, item: &Item| match item.as_str() {
        Some(text) => {
            if let Some(text) = expression(from, &key, Some(text.to_owned())) {
                mapping.props.insert(key, text);
            }
        }
        None => {
            from.bad(&key, format!("{key} should be an expression in quotes"), "write e.g. \"Quantity * UnitPrice\"");
        }
    };
    // Any other key is a property; `props` holds those whose names mean something here.
    if let Some(props) = section.section("props") {
        for (key, item) in props.rest() {
            take(&props, key, item);
        }
    }
    for (key, item) in section.rest() {
        take(section, key, item);
    }
    mapping
}
