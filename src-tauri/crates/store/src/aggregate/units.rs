//! Events of single units that have to be joined: who started, who followed in time, whatever the order of arrival.
//!
//! Per unit a list of starts and one of follow-ups, thinned where that can change no answer:
//! - of three follow-ups within one window's length the middle one answers no question the others do not (a window that
//!   holds it and neither neighbour would be longer than the window);
//! - of three starts of one bucket and one combination of segments within a window's length, likewise the middle one;
//! - a start that was followed has done all it can.

use epoch_model::time::{Grain, Millis};

use super::calendar::Calendar;
use super::changes::{CLEAN, Changes, Grown, Marked};
use super::hash::Map;
use super::record::{Reader, put_int, put_uint};

/// Bits of the combination of segments beside the time of a start; 43 bits of milliseconds reach beyond 2199.
const COMBO_BITS: u32 = 21;
const COMBO_MAX: u32 = (1 << COMBO_BITS) - 1;

/// Units of one page.
const PAGE: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// Time and combination of starts not yet followed, in order; of retention the first start only.
    pub starts: Vec<u64>,
    pub follows: Vec<Millis>,
    /// See [`super::changes`].
    pub mark: u8,
}

/// The units of one metric, and the combinations of scopes their starts fell into.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// By unit / 64: units are numbered from 1 up, so pages are mostly full and the table of pages stays in the cache.
    pages: Map<u32, Box<[Unit; PAGE]>>,
    pub changes: Changes<u32>,
    pub combos: Vec<Box<[u32]>>,
    combo_ids: Map<Box<[u32]>, u32>,
    /// The one asked for last: events of one kind follow each other.
    combo_last: u32,
    pub combos_kept: Grown,
}

pub(super) fn pack(time: Millis, combo: u32) -> u64 {
    ((time as u64) << COMBO_BITS) | u64::from(combo.min(COMBO_MAX))
}

pub(super) fn unpack(start: u64) -> (Millis, u32) {
    ((start >> COMBO_BITS) as Millis, start as u32 & COMBO_MAX)
}

impl Units {
    /// The number of a combination; when there are two million, `fallback` stands for the rest.
    pub fn combo(&mut self, scopes: &[u32]) -> u32 {
        if self.combos.get(self.combo_last as usize).is_some_and(|last| **last == *scopes) {
            return self.combo_last;
        }
        if let Some(id) = self.combo_ids.get(scopes) {
            self.combo_last = *id;
            return *id;
        }
        let id = u32::try_from(self.combos.len()).unwrap_or(COMBO_MAX);
        if id >= COMBO_MAX {
            return COMBO_MAX;
        }
        self.push_combo(scopes.into());
        id
    }

    pub fn push_combo(&mut self, scopes: Box<[u32]>) {
        let id = u32::try_from(self.combos.len()).unwrap_or(COMBO_MAX);
        self.combo_ids.insert(scopes.clone(), id);
        self.combos.push(scopes);
    }

    /// The scopes of a combination beside the whole.
    pub fn scopes(&self, combo: u32) -> &[u32] {
        self.combos.get(combo as usize).map_or(&[], |c| c)
    }

    /// A unit that is about to change.
    pub fn unit(&mut self, unit: u32) -> &mut Unit {
        let state = place(&mut self.pages, unit);
        self.changes.touch(unit, state);
        state
    }

    /// What is remembered of a unit, which is then nothing. Asks before it makes room: most units were never here.
    pub fn take(&mut self, unit: u32) -> Unit {
        let known = self.pages.get(&(unit / PAGE as u32)).is_some_and(|p| !p[unit as usize % PAGE].is_empty());
        if !known {
            return Unit::default();
        }
        let place = self.unit(unit);
        Unit { starts: std::mem::take(&mut place.starts), follows: std::mem::take(&mut place.follows), mark: CLEAN }
    }

    /// A unit as it was kept.
    pub fn restore(&mut self, unit: u32, state: Unit) {
        *place(&mut self.pages, unit) = state;
    }

    /// The bytes of a unit whose place was taken from the frozen ones.
    pub fn take_frozen(&mut self, unit: u32) -> Option<Vec<u8>> {
        self.changes.take(place(&mut self.pages, unit))
    }

    /// Units of which something is remembered, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Unit)> {
        let numbered = |(page, units)| (0u32..).map(move |i| page * PAGE as u32 + i).zip::<&[Unit; PAGE]>(units);
        let all = self.pages.iter().map(|(page, units)| (*page, &**units)).flat_map(numbered);
        all.filter(|(_, unit)| !unit.is_empty())
    }
}

fn place(pages: &mut Map<u32, Box<[Unit; PAGE]>>, unit: u32) -> &mut Unit {
    let page = pages.entry(unit / PAGE as u32).or_insert_with(|| Box::new(std::array::from_fn(|_| Unit::default())));
    &mut page[unit as usize % PAGE]
}

/// Adds to a list in order with room to grow by half, not to the double: there are very many such lists.
fn insert<T>(list: &mut Vec<T>, at: usize, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(3));
    }
    list.insert(at, value);
}

/// When a start was, its combination of segments, and its bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub time: Millis,
    pub combo: u32,
    pub bucket: Millis,
}

impl Marked for Unit {
    fn mark(&mut self) -> &mut u8 {
        &mut self.mark
    }

    /// Nothing when nothing is remembered.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_empty() {
            return out;
        }
        put_uint(&mut out, self.starts.len() as u64);
        let mut last = 0;
        for start in &self.starts {
            let (time, combo) = unpack(*start);
            put_int(&mut out, time - last);
            put_uint(&mut out, u64::from(combo));
            last = time;
        }
        for time in &self.follows {
            put_int(&mut out, time - last);
            last = *time;
        }
        out
    }
}

impl Unit {
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.follows.is_empty()
    }

    /// Whether a follow-up lies in `from..=to`.
    pub fn followed(&self, from: Millis, to: Millis) -> bool {
        if self.follows.last().is_none_or(|last| *last < from) {
            return false;
        }
        let at = self.follows.partition_point(|t| *t < from);
        self.follows.get(at).is_some_and(|t| *t <= to)
    }

    /// Whether a follow-up lies within the time after the first start in which it counts as a return.
    pub fn came_back(&self, first: Millis, after: Millis, within: Millis) -> bool {
        self.followed(first.saturating_add(after), first.saturating_add(after).saturating_add(within))
    }

    /// Remembers a follow-up.
    pub fn follow(&mut self, time: Millis, window: Millis) {
        let at = self.follows.partition_point(|t| *t < time);
        if self.follows.get(at) == Some(&time) {
            return;
        }
        if at > 0 && self.follows.get(at).is_some_and(|next| next - self.follows[at - 1] <= window) {
            return;
        }
        insert(&mut self.follows, at, time);
        let near = |a: usize, b: usize| self.follows[b] - self.follows[a] <= window;
        // The new one may have made its neighbours superfluous.
        let after = at + 2 < self.follows.len() && near(at, at + 2);
        let before = at >= 2 && near(at - 2, at);
        if after {
            self.follows.remove(at + 1);
        }
        if before {
            self.follows.remove(at - 1);
        }
    }

    /// Remembers a start that nothing followed yet. `bucket` is the start of its bucket of the finest width kept, `grain`.
    pub fn start(&mut self, new: &Start, window: Millis, calendar: &mut Calendar, grain: Grain) {
        let Start { time, combo, bucket } = *new;
        let start = pack(time, combo);
        // Mostly it is the latest: the rest of the list is left alone.
        let at = match self.starts.last() {
            Some(last) if *last >= start => match self.starts.binary_search(&start) {
                Ok(_) => return,
                Err(at) => at,
            },
            _ => self.starts.len(),
        };
        let mut alike = |starts: &[u64], at: Option<usize>| -> Option<Millis> {
            let (t, c) = unpack(*starts.get(at?)?);
            let within = if t <= time { t >= bucket } else { calendar.start(t, grain) == bucket };
            (c == combo && within).then_some(t)
        };
        let previous = alike(&self.starts, at.checked_sub(1));
        let next = alike(&self.starts, Some(at));
        if let (Some(p), Some(n)) = (previous, next)
            && n - p <= window
        {
            return;
        }
        let before = previous.and_then(|_| alike(&self.starts, at.checked_sub(2)));
        let beyond = next.and_then(|_| alike(&self.starts, Some(at + 1)));
        insert(&mut self.starts, at, start);
        if beyond.is_some_and(|t| t - time <= window) {
            self.starts.remove(at + 1);
        }
        if before.is_some_and(|t| time - t <= window) {
            self.starts.remove(at - 1);
        }
    }

    /// Takes out the starts in `from..=to`.
    pub fn take_starts(&mut self, from: Millis, to: Millis) -> Vec<u64> {
        if self.starts.last().is_none_or(|last| unpack(*last).0 < from) {
            return Vec::new();
        }
        let a = self.starts.partition_point(|s| unpack(*s).0 < from);
        let b = self.starts.partition_point(|s| unpack(*s).0 <= to);
        if a >= b { Vec::new() } else { self.starts.drain(a..b).collect() }
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut unit = Self::default();
        let starts = reader.uint()?;
        let mut last: Millis = 0;
        for _ in 0..starts {
            last = last.checked_add(reader.int()?)?;
            unit.starts.push(pack(last, u32::try_from(reader.uint()?).ok()?));
        }
        while !reader.0.is_empty() {
            last = last.checked_add(reader.int()?)?;
            unit.follows.push(last);
        }
        Some(unit)
    }
}
