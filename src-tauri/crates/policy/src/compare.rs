//! What a policy lets through that another one did not.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::business::PolicyAnswer;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::lint::Values;
use crate::{Facts, Policy};

/// A way in which a policy is looser than another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyLoosened")]
pub struct Loosened {
    /// The rule that lets it through.
    pub rule: String,
    pub was: PolicyAnswer,
    pub will_be: PolicyAnswer,
    /// An act of which that holds, in the facts either policy asks: `its level is tactical, its stake is 20.00 EUR`.
    pub example: String,
}

fn freedom(answer: PolicyAnswer) -> u8 {
    match answer {
        PolicyAnswer::Deny => 0,
        PolicyAnswer::Ask => 1,
        PolicyAnswer::Run => 2,
    }
}

impl Policy {
    /// What runs or is put to the founder that `before` asked about or denied, one entry per rule and answers; and whether every
    /// combination of what either policy asks was tried. Between two constants nothing changes, so that is a proof, unless a rule
    /// computes with facts.
    pub fn looser_than(&self, before: &Self, money: &dyn Fn(i64) -> String) -> (Vec<Loosened>, bool) {
        let mut values = Values::default();
        values.take_rules(before);
        values.take_rules(self);
        let (points, proven) = values.points();
        let mut found: BTreeMap<(String, u8, u8), Loosened> = BTreeMap::new();
        for facts in &points {
            let will_be = self.judge(facts, "");
            if will_be.answer == PolicyAnswer::Deny {
                continue;
            }
            let was = before.judge(facts, "").answer;
            if freedom(will_be.answer) > freedom(was) {
                let key = (will_be.rule.clone(), freedom(will_be.answer), freedom(was));
                found.entry(key).or_insert_with(|| Loosened {
                    rule: will_be.rule,
                    was,
                    will_be: will_be.answer,
                    example: facts.in_words(values.asked(), money),
                });
            }
        }
        // What will run alone comes first.
        let mut found: Vec<Loosened> = found.into_values().collect();
        found.sort_by_key(|l| (std::cmp::Reverse(freedom(l.will_be)), freedom(l.was)));
        (found, proven)
    }
}

impl Facts {
    /// Those facts among `asked`, in plain words.
    fn in_words(&self, asked: &BTreeSet<String>, money: &dyn Fn(i64) -> String) -> String {
        let number = |name: &str, value: i64| asked.contains(name).then(|| crate::words::equals(name, value, money));
        let flag = |name: &str, holds: bool| asked.contains(name).then(|| crate::words::flag(name, holds));
        let kind = self.proposer.split(':').next().unwrap_or_default();
        let parts = [
            asked.contains("act").then(|| format!("what it does is “{}”", self.act)),
            asked.contains("effect").then(|| match self.effect.as_str() {
                "" => "it calls nothing".to_owned(),
                effect => format!("it calls “{effect}”"),
            }),
            asked.contains("principal").then(|| format!("it is proposed by “{}” ({kind})", self.proposer)),
            asked
                .contains("resource")
                .then(|| format!("it acts on “{}” ({})", self.target, crate::facts::domain_word(self.domain))),
            number("level", crate::facts::level_number(self.level)),
            number("reversibility", crate::facts::reversibility_number(self.reversibility)),
            self.stake.map_or_else(
                || asked.contains("stake").then(|| "its stake is not known".to_owned()),
                |stake| number("stake", stake),
            ),
            number("cost", self.cost),
            number("budget_left", self.budget_left),
            number("exposure", self.exposure),
            number("chance_worse", self.chance_worse),
            flag("novel", self.novel),
            number("autonomy", self.autonomy),
            flag("drawdown", self.drawdown),
            flag("first_contact", self.first_contact),
            flag("breaker_open", self.breaker_open),
            flag("run_of_workflow", self.run_of_workflow),
            number("uncertainty", self.uncertainty),
            number("delay_cost", self.delay_cost),
            number("hour", self.hour),
            number("weekday", self.weekday),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "whatever it is".to_owned() } else { parts.join(", ") }
    }
}
