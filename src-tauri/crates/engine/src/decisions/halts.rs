//! Stops of one scope: a proposer, a kind of act, a target. They hold effects ahead of all rules; proposals and reads go on.

use epoch_model::Code;
use epoch_model::decision::Decision;
use epoch_model::gate::held;
use epoch_model::proposal::Scope;

use crate::Engine;
use crate::action::Action;
use crate::config::Config;
use crate::text;

/// Stops in force at once.
const HALTS_MAX: usize = 200;

impl Engine {
    /// Engages or releases a stop of one scope. Whoever wants may engage it; releasing is the operator's.
    pub(crate) fn halt(&mut self, scope: &Scope, on: bool, actor: &str, reason: &str, out: &mut Vec<Action>) {
        let verb = if on { "stopping" } else { "releasing" };
        let what = format!("{verb} {} ({})", named(scope), text::shorten(reason, 200));
        let mut refuse = |code, message: &str| {
            out.push(Action::Refused { what: what.clone(), code, message: message.to_owned() });
        };
        let halts = &mut self.book.others.halts;
        if on {
            let name = match scope {
                Scope::Proposer { proposer: name } | Scope::Kind { kind: name } | Scope::Target { target: name } => {
                    name
                }
            };
            if name.is_empty() || name.chars().count() > 200 {
                return refuse(Code::InvalidArgument, "a scope has a name of at most 200 characters");
            }
            if halts.len() >= HALTS_MAX && !halts.contains(scope) {
                return refuse(Code::Overloaded, "so many stops are in force already; stop everything instead");
            }
            halts.insert(scope.clone());
        } else {
            if !actor.starts_with("operator:") {
                return refuse(Code::Denied, "only an operator releases a stop");
            }
            if !halts.remove(scope) {
                return refuse(Code::NotFound, "no such stop is in force");
            }
        }
        out.push(Action::Halts(halts.iter().cloned().collect()));
    }

    /// Whether a stop of one scope holds a decision.
    pub(crate) fn halted(&self, config: &Config, d: &Decision) -> bool {
        if self.book.others.halts.is_empty() {
            return false;
        }
        let halts: Vec<Scope> = self.book.others.halts.iter().cloned().collect();
        let kind = d.act.effect().and_then(|e| config.effect(e)).map(|e| e.kind.word());
        held(&halts, d, kind).is_some()
    }

    /// What stops of one scope are in force.
    pub fn halts(&self) -> impl Iterator<Item = &Scope> {
        self.book.others.halts.iter()
    }
}

fn named(scope: &Scope) -> String {
    match scope {
        Scope::Proposer { proposer } => format!("proposer {}", text::shorten(proposer, 60)),
        Scope::Kind { kind } => format!("kind {}", text::shorten(kind, 60)),
        Scope::Target { target } => format!("target {}", text::shorten(target, 60)),
    }
}
