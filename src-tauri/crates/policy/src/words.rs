//! Rules in plain words.

use cedar_policy::{Effect, Policy as Rule};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::Policy;

/// A rule as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicySentence")]
pub struct Sentence {
    pub title: String,
    /// `Runs alone when its level is operational and its stake is at most 20.00 EUR.`
    pub text: String,
    /// Whether it allows or forbids.
    pub allows: bool,
}

/// How an amount in minor units is written.
type Money<'a> = &'a dyn Fn(i64) -> String;

impl Policy {
    /// Every rule in plain words, in the order of the text. `money` writes an amount of minor units.
    pub fn in_words(&self, money: Money<'_>) -> Vec<Sentence> {
        let rules = self.order.iter().filter_map(|id| self.set.policy(id).map(|rule| (id, rule)));
        rules
            .map(|(id, rule)| Sentence {
                title: self.title(id),
                text: sentence(rule, money),
                allows: rule.effect() == Effect::Permit,
            })
            .collect()
    }
}

fn sentence(rule: &Rule, money: Money<'_>) -> String {
    let Ok(tree) = rule.to_json() else { return rule.to_string() };
    let (runs, puts) = actions(&tree["action"]);
    let begin = match (rule.effect(), runs, puts) {
        (Effect::Permit, true, _) => "Runs alone",
        (Effect::Permit, false, _) => "May be put to you",
        (Effect::Forbid, true, true) => "Is denied",
        (Effect::Forbid, true, false) => "Never runs alone",
        (Effect::Forbid, false, _) => "Is never put to you",
    };
    let mut parts = Vec::new();
    parts.extend(scope("it is proposed by", &tree["principal"]));
    parts.extend(scope("it acts on", &tree["resource"]));
    let mut unless = Vec::new();
    for condition in tree["conditions"].as_array().into_iter().flatten() {
        let text = said(&condition["body"], money, Join::None);
        if condition["kind"] == "unless" { unless.push(text) } else { parts.push(text) }
    }
    parts.retain(|part| part != "always");
    let mut out = begin.to_owned();
    if !parts.is_empty() {
        out += " when ";
        out += &parts.join(" and ");
    }
    if !unless.is_empty() {
        out += " unless ";
        out += &unless.join(" or ");
    }
    out + "."
}

/// Whether a rule's action speaks of executing and of proposing.
pub(crate) fn actions(scope: &Value) -> (bool, bool) {
    let named = |entity: &Value, name: &str| entity["id"] == name;
    let any = |name: &str| match scope["op"].as_str() {
        Some("in") if scope["entities"].is_array() => {
            scope["entities"].as_array().is_some_and(|all| all.iter().any(|e| named(e, name)))
        }
        Some("in" | "==") => named(&scope["entity"], name),
        _ => true,
    };
    (any("execute"), any("propose"))
}

fn scope(begin: &str, scope: &Value) -> Option<String> {
    let entity = scope.get("entity")?;
    Some(format!("{begin} {}", group(entity, scope["op"] == "==")))
}

/// An entity in words: one of them, or a group.
fn group(entity: &Value, one: bool) -> String {
    let id = entity["id"].as_str().unwrap_or_default();
    match entity["type"].as_str() {
        Some("Kind") if id.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {id}"),
        Some("Kind") => format!("a {id}"),
        Some("Domain") => format!("something of {id}"),
        _ if one => format!("“{id}”"),
        _ => id.to_owned(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    None,
    And,
    Or,
    Not,
}

/// An expression in words. `within` is what it stands in: an `or` within an `and` needs brackets.
fn said(node: &Value, money: Money<'_>, within: Join) -> String {
    let Some((op, arg)) = node.as_object().and_then(|o| o.iter().next()) else { return node.to_string() };
    let bracketed = |text: String, own: Join| {
        if within == Join::None || within == own { text } else { format!("({text})") }
    };
    match op.as_str() {
        "&&" => {
            let mut parts = Vec::new();
            conjuncts(node, &mut parts);
            // That a fact is known goes without saying where it is compared.
            let asked: Vec<&str> = parts.iter().filter_map(|part| compares(part)).collect();
            let said_of = |part: &&&Value| part.get("has").is_none_or(|has| !asked.iter().any(|a| has["attr"] == *a));
            let texts: Vec<String> = parts.iter().filter(said_of).map(|part| said(part, money, Join::And)).collect();
            if texts.len() == 1 { texts.concat() } else { bracketed(texts.join(" and "), Join::And) }
        }
        "||" => bracketed(
            format!("{} or {}", said(&arg["left"], money, Join::Or), said(&arg["right"], money, Join::Or)),
            Join::Or,
        ),
        "!" => match fact(&arg["arg"]) {
            Some(name) => flag(name, false),
            None if arg["arg"].get("has").is_some() => format!("{} is not known", noun_of(&arg["arg"]["has"])),
            None => format!("not {}", said(&arg["arg"], money, Join::Not)),
        },
        "." => fact(node).map_or_else(|| node.to_string(), |name| flag(name, true)),
        "has" => format!("{} is known", noun_of(arg)),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => compared(op, &arg["left"], &arg["right"], money),
        "in" => {
            let who = if arg["left"]["Var"] == "principal" { "it is proposed by" } else { "it acts on" };
            format!("{who} {}", group(&arg["right"]["Value"]["__entity"], false))
        }
        "contains" => format!("{} is one of {}", plain(&arg["right"]), plain(&arg["left"])),
        "Value" if *arg == Value::Bool(true) => "always".to_owned(),
        "Value" if *arg == Value::Bool(false) => "never".to_owned(),
        _ => plain(node),
    }
}

/// The parts of a chain of `&&`.
fn conjuncts<'a>(node: &'a Value, out: &mut Vec<&'a Value>) {
    if let Some(both) = node.get("&&") {
        conjuncts(&both["left"], out);
        conjuncts(&both["right"], out);
    } else {
        out.push(node);
    }
}

/// The fact a comparison is about.
fn compares(node: &Value) -> Option<&str> {
    ["==", "!=", "<", "<=", ">", ">="].iter().find_map(|op| {
        let pair = node.get(op)?;
        fact(&pair["left"]).or_else(|| fact(&pair["right"]))
    })
}

fn noun_of(has: &Value) -> String {
    noun(has["attr"].as_str().unwrap_or_default())
}

/// The fact an expression reads.
pub(crate) fn fact(node: &Value) -> Option<&str> {
    let dot = node.get(".")?;
    (dot["left"]["Var"] == "context").then(|| dot["attr"].as_str()).flatten()
}

fn noun(fact: &str) -> String {
    match fact {
        "act" => "what it does",
        "level" => "its level",
        "reversibility" => "its reversibility",
        "stake" => "its stake",
        "cost" => "its cost",
        "effect" => "what it calls",
        "budget_left" => "what is left of its tightest budget",
        "autonomy" => "what its proposer has earned",
        "uncertainty" => "the width of its prediction",
        "delay_cost" => "the cost of a day's waiting",
        "exposure" => "the share of customers it touches",
        "chance_worse" => "the chance that it is worse than nothing",
        "hour" => "the hour",
        "weekday" => "the day",
        other => other,
    }
    .to_owned()
}

pub(crate) fn flag(fact: &str, holds: bool) -> String {
    let (yes, no) = match fact {
        "novel" => ("nothing like it was ever scored", "something like it was scored before"),
        "drawdown" => ("what ran alone lost too much", "what ran alone did not lose too much"),
        "first_contact" => ("nothing was ever done to its target", "something was done to its target before"),
        "breaker_open" => ("its provider fails at present", "its provider answers"),
        "run_of_workflow" => ("it is a step of a workflow", "it is no step of a workflow"),
        _ => return format!("{} is {}", noun(fact), if holds { "true" } else { "false" }),
    };
    if holds { yes.to_owned() } else { no.to_owned() }
}

fn compared(op: &str, left: &Value, right: &Value, money: Money<'_>) -> String {
    let turned = match op {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    };
    let (op, name, other) = match (fact(left), fact(right)) {
        (Some(name), _) => (op, name, right),
        (None, Some(name)) => (turned, name, left),
        (None, None) => return format!("{} {op} {}", plain(left), plain(right)),
    };
    let value = match other.get("Value").and_then(Value::as_i64) {
        Some(n) => number(name, n, money),
        None => plain(other),
    };
    let is = match op {
        "==" => "is",
        "!=" => "is not",
        "<" => "is below",
        "<=" => "is at most",
        ">" => "is above",
        _ => "is at least",
    };
    format!("{} {is} {value}", noun(name))
}

/// That a fact has a value.
pub(crate) fn equals(fact: &str, n: i64, money: Money<'_>) -> String {
    format!("{} is {}", noun(fact), number(fact, n, money))
}

/// A fact's value in its own unit.
#[expect(clippy::cast_precision_loss, reason = "shares have at most five digits")]
fn number(fact: &str, n: i64, money: Money<'_>) -> String {
    let named = |names: &[&str], at: i64| names.get(index(at)).map_or_else(|| n.to_string(), |s| (*s).to_owned());
    match fact {
        "level" => named(&["operational", "tactical", "strategic", "sovereign"], n),
        "reversibility" => format!("R{n}"),
        "stake" | "cost" | "budget_left" | "delay_cost" => money(n),
        "autonomy" => named(&["watch", "propose", "limited", "full"], n),
        "exposure" | "chance_worse" | "uncertainty" => format!("{} %", n as f64 / 100.0),
        "hour" => format!("{n}:00"),
        "weekday" => {
            named(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], n.saturating_sub(1))
        }
        _ => n.to_string(),
    }
}

fn index(n: i64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn plain(node: &Value) -> String {
    if let Some(name) = fact(node) {
        return noun(name);
    }
    if let Some(all) = node.get("Set").and_then(Value::as_array) {
        return all.iter().map(plain).collect::<Vec<_>>().join(", ");
    }
    match node.get("Value") {
        Some(Value::String(s)) => format!("“{s}”"),
        Some(value) if value.get("__entity").is_some() => group(&value["__entity"], true),
        Some(value) => value.to_string(),
        None => match node.get("Var").and_then(Value::as_str) {
            Some("principal") => "who proposes it".to_owned(),
            Some("resource") => "what it acts on".to_owned(),
            _ => node.to_string(),
        },
    }
}
