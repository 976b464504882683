//! `business.toml` from text to [`Business`]: every problem at once, each with its line.

use toml_edit::{Document, Item};

use super::literal::{currency_digits, deadline, money, points, share};
use super::parse_effect::effect;
use super::parse_experiment::{Around, experiment, experimenting};
use super::parse_lever::lever;
use super::parse_limits::{budget, limits, rate};
use super::parse_metric::{DOMAINS, GRAINS, dimension, metric};
use super::parse_publish::publish_target;
use super::parse_source::source;
use super::problem::Problem;
use super::section::{Section, Sink, plain_number};
use super::settle_experiments::settle_experiments;
use super::settle_levers::settle_levers;
use super::{
    Better, Business, EffectTarget, Format, Goal, Grain, Guardrail, Lever, Metric, MetricKind, PolicyAnswer,
    PolicyRule, PublishTarget, Reversibility, Source,
};
use crate::decision::Level;
use crate::experiment::Spec;
use crate::expr::{Dimension, Formula};
use crate::time::Zone;

pub(super) const REVERSIBILITY: [(&str, Reversibility); 4] =
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
pub(super) struct Frame {
    pub currency: String,
    digits: u32,
    zone: Zone,
}

impl Frame {
    /// Major units as minor ones.
    #[expect(clippy::cast_possible_truncation, reason = "amounts are checked to be below 1e12")]
    fn minor(&self, major: f64) -> i64 {
        (major * 10f64.powi(i32::try_from(self.digits).unwrap_or(2))).round() as i64
    }

    /// The business's timezone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// An amount that is not negative, in minor units.
    pub fn amount(&self, section: &Section<'_>, key: &'static str) -> Option<i64> {
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
    let publish_rows = root.sections("publish");
    let publish: Vec<PublishTarget> = publish_rows.iter().filter_map(publish_target).collect();
    unique_keys(&publish_rows, "publish target");
    unique_keys(&lever_rows, "lever");
    settle_levers(&lever_rows, &levers);
    unique_keys(&effect_rows, "effect");
    unique_keys(&source_rows, "source");
    let goals: Vec<Goal> = root.sections("goal").iter().filter_map(|s| goal(s, &metrics, &frame)).collect();
    let guardrails: Vec<Guardrail> =
        root.sections("guardrail").iter().filter_map(|s| guardrail(s, &metrics, &frame)).collect();
    let experiment_rows = root.sections("experiment");
    let around = Around { metrics: &metrics, levers: &levers, guardrails: &guardrails, frame: &frame };
    let experiments: Vec<Spec> = experiment_rows.iter().filter_map(|s| experiment(s, &around)).collect();
    unique_keys(&experiment_rows, "experiment");
    settle_experiments(&experiment_rows, &experiments, &levers);
    let settings = root.section("experiments").unwrap_or_else(|| Section::new(None, sink, "experiments", 0));
    let experimenting = experimenting(&settings);
    let budget_rows = root.sections("budget");
    let budgets = budget_rows.iter().filter_map(|s| budget(s, &frame)).collect();
    unique_keys(&budget_rows, "budget");
    let rates = root.sections("rate").iter().filter_map(rate).collect();
    let head = root.section("limits").unwrap_or_else(|| Section::new(None, sink, "limits", 0));
    let limits = limits(&head, &frame, budgets, rates);
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
        publish,
        cedar: None,
        playbooks_off,
        experiments,
        experimenting,
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
