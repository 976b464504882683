//! Which rules certainly do not hold, known before Cedar is asked.
//!
//! A rule's scope and conditions are read once into a small tree. What it says of plain comparisons is what Cedar says; everything else is
//! unknown, and so is whatever Cedar would evaluate after something unknown, since that might fail. Only rules found false are
//! left out: that a rule holds is always Cedar's to say.

use cedar_policy::Policy as Rule;
use epoch_model::business::Domain;
use serde_json::Value;

use crate::Facts;
use crate::facts::{domain_word, level_number, reversibility_number};
use crate::words::fact;

/// A number: a fact's or a constant.
#[derive(Debug, Clone)]
enum Number {
    Fact(String),
    Constant(i64),
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Whom or what a rule speaks of.
#[derive(Debug, Clone)]
enum Whom {
    Proposer(String),
    Kind(String),
    Target(String),
    Domain(String),
}

#[derive(Debug, Clone)]
enum Test {
    Constant(bool),
    Compare(Number, Order, Number),
    /// A text fact is, or is not, one of these.
    Text(String, Vec<String>, bool),
    Flag(String),
    HasStake,
    Whom(Whom),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Unknown,
}

/// What is known of a rule before Cedar is asked.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// In the order of evaluation; the rule holds only if all do.
    tests: Vec<Test>,
}

impl Guard {
    /// Reads a rule.
    pub(crate) fn of(rule: &Rule) -> Self {
        let Ok(tree) = rule.to_json() else { return Self { tests: vec![Test::Unknown] } };
        let mut tests = vec![scope(&tree["principal"]), scope(&tree["resource"])];
        for condition in tree["conditions"].as_array().into_iter().flatten() {
            let body = test(&condition["body"]);
            tests.push(if condition["kind"] == "unless" { Test::Not(Box::new(body)) } else { body });
        }
        Self { tests }
    }

    /// Whether the rule certainly does not hold, and cannot fail.
    pub(crate) fn out(&self, facts: &Facts) -> bool {
        for test in &self.tests {
            match test.of(facts) {
                Some(true) => {}
                Some(false) => return true,
                None => return false,
            }
        }
        false
    }
}

fn scope(scope: &Value) -> Test {
    match scope["op"].as_str() {
        Some("All") => Test::Constant(true),
        Some(op @ ("==" | "in")) => whom(&scope["entity"], op == "in"),
        _ => Test::Unknown,
    }
}

/// Being in an entity, or being it. Groups have no groups, and nobody is one.
fn whom(entity: &Value, within: bool) -> Test {
    let Some(id) = entity["id"].as_str().map(str::to_owned) else { return Test::Unknown };
    match (entity["type"].as_str(), within) {
        (Some("Proposer"), _) => Test::Whom(Whom::Proposer(id)),
        (Some("Target"), _) => Test::Whom(Whom::Target(id)),
        (Some("Kind"), true) => Test::Whom(Whom::Kind(id)),
        (Some("Domain"), true) => Test::Whom(Whom::Domain(id)),
        _ => Test::Unknown,
    }
}

fn test(node: &Value) -> Test {
    let Some((op, arg)) = node.as_object().and_then(|o| o.iter().next()) else { return Test::Unknown };
    let both = || (Box::new(test(&arg["left"])), Box::new(test(&arg["right"])));
    match op.as_str() {
        "Value" => arg.as_bool().map_or(Test::Unknown, Test::Constant),
        "&&" => {
            let (left, right) = both();
            Test::And(left, right)
        }
        "||" => {
            let (left, right) = both();
            Test::Or(left, right)
        }
        "!" => Test::Not(Box::new(test(&arg["arg"]))),
        "." => fact(node).map_or(Test::Unknown, |name| Test::Flag(name.to_owned())),
        "has" if arg["left"]["Var"] == "context" && arg["attr"] == "stake" => Test::HasStake,
        "==" => compared(arg, Order::Equal),
        "!=" => compared(arg, Order::NotEqual),
        "<" => compared(arg, Order::Less),
        "<=" => compared(arg, Order::AtMost),
        ">" => compared(arg, Order::Greater),
        ">=" => compared(arg, Order::AtLeast),
        "in" if arg["left"]["Var"] == "principal" || arg["left"]["Var"] == "resource" => {
            whom(&arg["right"]["Value"]["__entity"], true)
        }
        "contains" => {
            let texts: Option<Vec<String>> = arg["left"]["Set"]
                .as_array()
                .and_then(|all| all.iter().map(|one| one["Value"].as_str().map(str::to_owned)).collect());
            match (texts, fact(&arg["right"])) {
                (Some(texts), Some(name)) => Test::Text(name.to_owned(), texts, true),
                _ => Test::Unknown,
            }
        }
        _ => Test::Unknown,
    }
}

fn compared(pair: &Value, order: Order) -> Test {
    let (left, right) = (&pair["left"], &pair["right"]);
    let text = |of: &Value, other: &Value| Some((fact(of)?.to_owned(), other["Value"].as_str()?.to_owned()));
    if let Some((name, text)) = text(left, right).or_else(|| text(right, left)) {
        return match order {
            Order::Equal => Test::Text(name, vec![text], true),
            Order::NotEqual => Test::Text(name, vec![text], false),
            _ => Test::Unknown,
        };
    }
    let number = |node: &Value| match (fact(node), node["Value"].as_i64()) {
        (Some(name), _) => Some(Number::Fact(name.to_owned())),
        (None, Some(n)) => Some(Number::Constant(n)),
        (None, None) => None,
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => Test::Compare(left, order, right),
        _ => Test::Unknown,
    }
}

impl Number {
    fn of(&self, facts: &Facts) -> Option<i64> {
        Some(match self {
            Self::Constant(n) => *n,
            Self::Fact(name) => match name.as_str() {
                "level" => level_number(facts.level),
                "reversibility" => reversibility_number(facts.reversibility),
                // Absent, Cedar fails on it; that is Cedar's to say.
                "stake" => facts.stake?,
                "cost" => facts.cost,
                "budget_left" => facts.budget_left,
                "exposure" => facts.exposure,
                "chance_worse" => facts.chance_worse,
                "autonomy" => facts.autonomy,
                "uncertainty" => facts.uncertainty,
                "delay_cost" => facts.delay_cost,
                "hour" => facts.hour,
                "weekday" => facts.weekday,
                _ => return None,
            },
        })
    }
}

impl Test {
    /// `None` where only Cedar knows.
    fn of(&self, facts: &Facts) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Constant(holds) => Some(*holds),
            Self::HasStake => Some(facts.stake.is_some()),
            Self::Compare(left, order, right) => {
                let (left, right) = (left.of(facts)?, right.of(facts)?);
                Some(match order {
                    Order::Equal => left == right,
                    Order::NotEqual => left != right,
                    Order::Less => left < right,
                    Order::AtMost => left <= right,
                    Order::Greater => left > right,
                    Order::AtLeast => left >= right,
                })
            }
            Self::Text(name, texts, among) => {
                let value = match name.as_str() {
                    "act" => &facts.act,
                    "effect" => &facts.effect,
                    _ => return None,
                };
                Some(texts.contains(value) == *among)
            }
            Self::Flag(name) => Some(match name.as_str() {
                "novel" => facts.novel,
                "drawdown" => facts.drawdown,
                "first_contact" => facts.first_contact,
                "breaker_open" => facts.breaker_open,
                "run_of_workflow" => facts.run_of_workflow,
                _ => return None,
            }),
            Self::Whom(whom) => Some(match whom {
                Whom::Proposer(id) => facts.proposer == *id,
                Whom::Kind(id) => facts.proposer.split(':').next() == Some(id),
                Whom::Target(id) => facts.target == *id,
                Whom::Domain(id) => word_is(facts.domain, id),
            }),
            Self::And(left, right) => {
                if left.of(facts)? {
                    right.of(facts)
                } else {
                    Some(false)
                }
            }
            Self::Or(left, right) => {
                if left.of(facts)? {
                    Some(true)
                } else {
                    right.of(facts)
                }
            }
            Self::Not(inner) => inner.of(facts).map(|holds| !holds),
        }
    }
}

fn word_is(domain: Domain, word: &str) -> bool {
    domain_word(domain) == word
}
