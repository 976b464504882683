//! Seasonal effects per slot, robust, and the slots in which nothing ever happens.

use super::{Past, slot};
use crate::robust::{MAD_TO_SD, median};

/// Newest periods (weeks) a seasonal effect is taken from.
pub(crate) const PERIODS: usize = 12;
/// So many zeros in a row are no longer taken for a holiday, in blocks.
const CLOSURE_BLOCKS: usize = 3;

/// Additive effects on the even scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Season {
    fine: Vec<f64>,
    coarse: Vec<f64>,
    closed: Vec<bool>,
}

impl Season {
    pub(crate) fn at(&self, fine: u16, coarse: u16) -> f64 {
        let of = |v: &[f64], i: u16| v.get(usize::from(i)).copied().unwrap_or(0.0);
        of(&self.fine, fine) + of(&self.coarse, coarse)
    }

    pub(crate) fn closed(&self, fine: u16) -> bool {
        self.closed.get(usize::from(fine)).copied().unwrap_or(false)
    }
}

/// Buckets whose median stands for the local level: a whole period where there are two of them.
pub(crate) fn block_len(past: &Past) -> usize {
    let (fine, coarse) = (usize::from(past.fine_slots), usize::from(past.coarse_slots));
    if fine <= 1 {
        4
    } else if past.values.len() >= 2 * fine || coarse <= 1 {
        fine
    } else {
        coarse
    }
}

/// The season of `y`, and which buckets take part (open slot, not a closure).
pub(crate) fn estimate(past: &Past, y: &[f64]) -> (Season, Vec<bool>) {
    let slots = usize::from(past.fine_slots.max(1));
    let block = block_len(past);
    let closed = closed_slots(past, slots);
    let open = open_buckets(past, &closed, block);
    let masked: Vec<f64> = y.iter().zip(&open).map(|(v, o)| if *o { *v } else { f64::NAN }).collect();
    if slots == 1 {
        return (Season { fine: vec![0.0], coarse: Vec::new(), closed }, open);
    }
    let level = local_level(&masked, block);
    let mut off: Vec<f64> = masked.iter().zip(&level).map(|(v, m)| v - m).collect();
    let since = y.len().saturating_sub(PERIODS * slots);
    let coarse_slots = usize::from(past.coarse_slots.max(1));
    let coarse = if coarse_slots > 1 {
        let effects = effects(&off, past.coarse, coarse_slots, since, 1.0);
        for (i, v) in off.iter_mut().enumerate() {
            *v -= effects.get(usize::from(slot(past.coarse, i))).copied().unwrap_or(0.0);
        }
        effects
    } else {
        Vec::new()
    };
    // The finer effect has few observations per slot, so it is shrunk harder beside a coarse one.
    let fine = effects(&off, past.fine, slots, since, if coarse_slots > 1 { 2.0 } else { 0.5 });
    (Season { fine, coarse, closed }, open)
}

/// Robust noise scale about block medians, for clipping.
pub(crate) fn rough_scale(flat: &[f64], block: usize) -> f64 {
    let level = local_level(flat, block);
    let mut off: Vec<f64> = flat.iter().zip(&level).map(|(v, m)| (v - m).abs()).filter(|v| v.is_finite()).collect();
    let mad = median(&mut off) * MAD_TO_SD;
    if mad > 0.0 {
        mad
    } else if off.is_empty() {
        0.0
    } else {
        1.25 * off.iter().sum::<f64>() / off.len() as f64
    }
}

fn effects(off: &[f64], slots: &[u16], count: usize, since: usize, shrink: f64) -> Vec<f64> {
    let mut by_slot: Vec<Vec<f64>> = vec![Vec::new(); count];
    for (i, v) in off.iter().enumerate().skip(since) {
        if let (true, Some(list)) = (v.is_finite(), by_slot.get_mut(usize::from(slot(slots, i)))) {
            list.push(*v);
        }
    }
    by_slot
        .iter_mut()
        .map(|v| {
            let n = v.len() as f64;
            if v.is_empty() { 0.0 } else { median(v) * n / (n + shrink) }
        })
        .collect()
}

/// A slot is closed when its last visits were all nothing while other slots are busy.
fn closed_slots(past: &Past, slots: usize) -> Vec<bool> {
    let mut recent: Vec<Vec<f64>> = vec![Vec::new(); slots];
    for (i, v) in past.values.iter().enumerate().rev() {
        if let (true, Some(list)) = (v.is_finite(), recent.get_mut(usize::from(slot(past.fine, i))))
            && list.len() < 8
        {
            list.push(*v);
        }
    }
    let mut busy: Vec<f64> = past.values.iter().copied().filter(|v| v.is_finite() && *v != 0.0).map(f64::abs).collect();
    // Rare events have many empty slots by chance; only where an ordinary bucket holds a handful is emptiness a habit.
    if slots == 1 || median(&mut busy) < 5.0 {
        return vec![false; slots];
    }
    let closed: Vec<bool> = recent
        .iter()
        .map(|list| {
            let zeros = list.iter().filter(|v| **v == 0.0).count();
            let latest_zero = list.iter().take(2).all(|v| *v == 0.0);
            // One odd opening (a trade fair) among many closed visits does not open the slot.
            list.len() >= 2 && latest_zero && zeros * 8 >= list.len() * 7
        })
        .collect();
    if closed.iter().all(|c| *c) { vec![false; slots] } else { closed }
}

/// Leaves out closed slots, and zeros in a series that is hardly ever zero: a closure says nothing about the level. When
/// it lasts it is believed.
fn open_buckets(past: &Past, closed: &[bool], block: usize) -> Vec<bool> {
    let is_closed = |i: usize| closed.get(usize::from(slot(past.fine, i))).copied().unwrap_or(false);
    let mut open: Vec<bool> = (0..past.values.len()).map(|i| !is_closed(i)).collect();
    let count = open.iter().filter(|o| **o).count();
    let zeros: Vec<usize> = (0..open.len()).filter(|i| open[*i] && past.values[*i] == 0.0).collect();
    let run = (0..open.len()).rev().filter(|i| !is_closed(*i)).take_while(|i| past.values[*i] == 0.0).count();
    if zeros.len() * 5 < count && run < CLOSURE_BLOCKS * block {
        for i in zeros {
            open[i] = false;
        }
    }
    open
}

/// Block medians from the newest back, joined by straight lines.
fn local_level(y: &[f64], block: usize) -> Vec<f64> {
    let n = y.len();
    let block = block.max(1);
    let mut nodes: Vec<(f64, f64)> = Vec::new();
    let mut end = n;
    while end > 0 {
        // A first stub of less than half a block joins its neighbour.
        let start = if end < block + block / 2 { 0 } else { end - block };
        let mut v: Vec<f64> = y[start..end].iter().copied().filter(|v| v.is_finite()).collect();
        if !v.is_empty() {
            nodes.push((0.5 * (start + end - 1) as f64, median(&mut v)));
        }
        end = start;
    }
    nodes.reverse();
    let (Some(first), Some(last)) = (nodes.first().copied(), nodes.last().copied()) else {
        return vec![f64::NAN; n];
    };
    let mut level = Vec::with_capacity(n);
    let mut k = 0;
    for i in 0..n {
        let x = i as f64;
        while k + 1 < nodes.len() && nodes[k + 1].0 <= x {
            k += 1;
        }
        level.push(if x <= first.0 {
            first.1
        } else if x >= last.0 || k + 1 >= nodes.len() {
            last.1
        } else {
            let ((x0, y0), (x1, y1)) = (nodes[k], nodes[k + 1]);
            y0 + (x - x0) / (x1 - x0) * (y1 - y0)
        });
    }
    level
}
