//! A predicate as alternatives of plain questions, the form in which flag protocols hold conditions.

use epoch_model::predicate::Node;

/// A plain question or its denial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Atom<'a> {
    /// Never [`Node::All`], [`Node::Any`] or [`Node::Not`].
    pub node: &'a Node,
    /// The answer wanted is no.
    pub denied: bool,
}

/// The alternatives, each a list of atoms that must all hold; `None` when there are more than `max`. No alternative
/// means never, an alternative without atoms always. Unknown answers are kept as they are: the predicate is true exactly
/// when one alternative is.
pub fn disjuncts(node: &Node, max: usize) -> Option<Vec<Vec<Atom<'_>>>> {
    spread(node, false, max)
}

/// The same for the predicate's denial: true exactly when the predicate is answered with no.
pub fn denied_disjuncts(node: &Node, max: usize) -> Option<Vec<Vec<Atom<'_>>>> {
    spread(node, true, max)
}

fn spread(node: &Node, denied: bool, max: usize) -> Option<Vec<Vec<Atom<'_>>>> {
    match (node, denied) {
        (Node::Constant(b), _) => Some(if *b == denied { Vec::new() } else { vec![Vec::new()] }),
        (Node::Not(inner), _) => spread(inner, !denied, max),
        (Node::Any(parts), false) | (Node::All(parts), true) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(spread(part, denied, max)?);
                if all.len() > max {
                    return None;
                }
            }
            Some(all)
        }
        (Node::All(parts), false) | (Node::Any(parts), true) => {
            let mut all: Vec<Vec<Atom<'_>>> = vec![Vec::new()];
            for part in parts {
                all = cross(&all, &spread(part, denied, max)?, max)?;
            }
            Some(all)
        }
        (node, denied) => Some(vec![vec![Atom { node, denied }]]),
    }
}

/// Every alternative of one with every alternative of the other; `None` when there are more than `max`.
pub fn cross<T: Clone>(left: &[Vec<T>], right: &[Vec<T>], max: usize) -> Option<Vec<Vec<T>>> {
    if left.len() * right.len() > max {
        return None;
    }
    Some(left.iter().flat_map(|a| right.iter().map(move |b| a.iter().chain(b).cloned().collect())).collect())
}
