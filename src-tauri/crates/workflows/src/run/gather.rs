//! Forks come together again.
//!
//! A token carries the forks it came out of. A join belongs to the fork that every way to it goes through last; tokens of
//! one passage through that fork meet there. A path that ended elsewhere, or can no longer come, is not waited for.

use std::collections::BTreeSet;

use super::key::call_key;
use super::turn::Turn;
use super::{Token, Wait, WaitOn};
use crate::definition::{Gather, Node};
use crate::flow::Flow;

impl Turn<'_> {
    /// A token comes to a join.
    pub fn arrive(&mut self, id: u32, node: &Node, gather: Gather) {
        let flow = Flow::of(self.definition);
        let fork = flow.at(&node.key).and_then(|at| flow.fork_of(at)).map(|at| &self.definition.nodes[at].key);
        let Some(token) = self.token(id) else { return };
        let scope = token.scopes.iter().rev().find(|scope| Some(&scope.fork) == fork).map(|scope| scope.id);
        let visit = token.visit;
        let Some(scope) = scope else {
            // It came by no passage through the fork, so there is nobody to wait for.
            return self.go(id, &node.next);
        };
        match gather {
            Gather::All => {
                let key = call_key(&self.run.id, &node.key, visit);
                let until = node.timeout.as_ref().map(|timeout| self.now.saturating_add(timeout.after_ms));
                let on = WaitOn::Gather { gather, scope };
                let since = self.now;
                if let Some(token) = self.token_mut(id) {
                    token.wait = Some(Wait { key, on, since, due: None, until, attempt: 1, request: None });
                }
            }
            Gather::Any => {
                let coming = self.can_come(&flow, &node.key);
                let others: Vec<Token> = self
                    .run
                    .tokens
                    .iter()
                    .filter(|t| t.id != id && is_of(t, scope) && coming.contains(&t.node))
                    .cloned()
                    .collect();
                for other in others {
                    self.remove(other.id);
                    if let Some(wait) = other.wait {
                        self.withdraw(&other.node, other.visit, wait, &format!("“{}” went on without it", node.title));
                    }
                }
                self.leave(id, scope, node);
            }
        }
    }

    /// Lets one join go on whose paths are all there. `false` when none is complete.
    pub fn gather(&mut self) -> bool {
        let parked: Vec<(String, u32)> =
            self.run.tokens.iter().filter_map(|token| Some((token.node.clone(), gathers(token)?))).collect();
        if parked.is_empty() {
            return false;
        }
        let flow = Flow::of(self.definition);
        let here = |token: &Token, node: &str, scope: u32| token.node == node && gathers(token) == Some(scope);
        let complete = |node: &str, scope: u32| {
            let coming = self.can_come(&flow, node);
            let mut members = self.run.tokens.iter().filter(|token| is_of(token, scope));
            members.all(|token| here(token, node, scope) || !coming.contains(&token.node))
        };
        // Paths that wait for each other at two joins of one fork would wait for ever.
        let stuck = |scope: u32| {
            self.run.tokens.iter().filter(|token| is_of(token, scope)).all(|token| gathers(token) == Some(scope))
        };
        let found = parked
            .iter()
            .find(|(node, scope)| complete(node, *scope))
            .or_else(|| parked.iter().find(|(_, scope)| stuck(*scope)));
        let Some((node, scope)) = found.cloned() else { return false };
        let Some(step) = self.node(&node) else { return false };
        let tokens = self.run.tokens.iter().filter(|token| here(token, &node, scope));
        let ids: Vec<u32> = tokens.map(|token| token.id).collect();
        let Some((first, rest)) = ids.split_first() else { return false };
        for id in rest {
            self.remove(*id);
        }
        self.leave(*first, scope, step);
        true
    }

    /// A token leaves a join, and the fork when it is its last.
    fn leave(&mut self, id: u32, scope: u32, node: &Node) {
        let last = !self.run.tokens.iter().any(|token| token.id != id && is_of(token, scope));
        if let Some(token) = self.token_mut(id).filter(|_| last)
            && let Some(at) = token.scopes.iter().position(|s| s.id == scope)
        {
            token.scopes.truncate(at);
        }
        self.go(id, &node.next);
    }

    /// The nodes from which a node can still be come to.
    fn can_come(&self, flow: &Flow<'_>, node: &str) -> BTreeSet<String> {
        let nodes = &self.definition.nodes;
        let Some(target) = flow.at(node) else { return BTreeSet::new() };
        let mut seen = BTreeSet::new();
        let mut open = vec![target];
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(flow.from[at].iter().copied());
            }
        }
        seen.into_iter().map(|at| nodes[at].key.clone()).collect()
    }
}

fn is_of(token: &Token, scope: u32) -> bool {
    token.scopes.iter().any(|s| s.id == scope)
}

/// The passage a token gathers at a join of all.
fn gathers(token: &Token) -> Option<u32> {
    match token.wait.as_ref()?.on {
        WaitOn::Gather { scope, .. } => Some(scope),
        _ => None,
    }
}
