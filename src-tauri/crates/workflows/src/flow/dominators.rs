//! Which node every way to a node goes through last.
//!
//! Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).

use super::Flow;

/// The immediate dominator of each node; `None` for the start and for what cannot be reached.
pub(super) fn immediate(flow: &Flow<'_>) -> Vec<Option<usize>> {
    let Some(start) = flow.start() else { return vec![None; flow.to.len()] };
    let order = postorder(flow, start);
    let mut rank = vec![0; flow.to.len()];
    for (i, at) in order.iter().enumerate() {
        rank[*at] = i;
    }
    let mut found: Vec<Option<usize>> = vec![None; flow.to.len()];
    found[start] = Some(start);
    let mut changed = true;
    while changed {
        changed = false;
        for at in order.iter().rev().copied().filter(|at| *at != start) {
            let mut known = flow.from[at].iter().copied().filter(|from| found[*from].is_some());
            let Some(first) = known.next() else { continue };
            let meet = known.fold(first, |a, b| intersect(&found, &rank, a, b));
            if found[at] != Some(meet) {
                found[at] = Some(meet);
                changed = true;
            }
        }
    }
    found[start] = None;
    found
}

fn intersect(found: &[Option<usize>], rank: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        // Both chains end at the start, which has the highest rank, so one of the two can always climb.
        let lower = if rank[a] < rank[b] { &mut a } else { &mut b };
        match found[*lower] {
            Some(up) if up != *lower => *lower = up,
            _ => return *lower,
        }
    }
    a
}

fn postorder(flow: &Flow<'_>, start: usize) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![false; flow.to.len()];
    let mut stack = vec![(start, 0)];
    seen[start] = true;
    while let Some((at, next)) = stack.pop() {
        match flow.to[at].get(next) {
            Some(to) => {
                stack.push((at, next + 1));
                if !seen[*to] {
                    seen[*to] = true;
                    stack.push((*to, 0));
                }
            }
            None => order.push(at),
        }
    }
    order
}
