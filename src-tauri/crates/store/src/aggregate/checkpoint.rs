//! Aggregates to records and back.

use std::sync::Arc;

use epoch_model::{Code, Error, Result};

use super::cell::Cell;
use super::changes::{CLEAN, Grown, Marked};
use super::record::{
    CELL, COMBO, HEAD, PERSON, Reader, Record, SCOPE, UNIT, WORD, cell_key, key, put_uint, split_cell, split_key,
};
use super::scope::{MetricState, Scope};
use super::units::{Unit, Units};
use super::{Aggregates, Plan};

fn word(owner: usize, id: usize, hash: [u64; 2]) -> Record {
    let value = [hash[0].to_be_bytes(), hash[1].to_be_bytes()].concat();
    (key(WORD, owner, number(id)), value)
}

fn scope(owner: usize, id: usize, scope: &Scope) -> Record {
    let mut value = vec![u8::try_from(scope.dim).unwrap_or(u8::MAX)];
    value.extend_from_slice(scope.text.as_bytes());
    (key(SCOPE, owner, number(id)), value)
}

fn combo(owner: usize, id: usize, scopes: &[u32]) -> Record {
    let mut value = Vec::new();
    put_uint(&mut value, scopes.len() as u64);
    for scope in scopes {
        put_uint(&mut value, u64::from(*scope));
    }
    (key(COMBO, owner, number(id)), value)
}

fn number(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// What a slice still has room for.
struct Room<'o> {
    left: usize,
    out: &'o mut Vec<Record>,
}

/// Bytes that take about as long as a record does by itself.
const BYTES: usize = 256;

impl Room<'_> {
    fn add(&mut self, record: Record) {
        self.left = self.left.saturating_sub(1 + (record.0.len() + record.1.len()) / BYTES);
        self.out.push(record);
    }

    /// Looking takes time, too.
    fn pass(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    fn is_left(&self) -> bool {
        self.left > 0
    }
}

fn take_cells(owner: usize, state: &mut MetricState, room: &mut Room<'_>) {
    while room.is_left() {
        let Some(id) = state.scopes_kept.next() else { break };
        room.add(scope(owner, id, &state.scopes[id]));
    }
    while room.is_left() {
        let Some(((level, scope, start), value)) = state.changes.next_early() else { break };
        room.add((cell_key(owner, level, scope, start), value));
    }
    while room.is_left() {
        let Some((level, scope, start)) = state.changes.next_frozen() else { break };
        let cell = state.scopes[scope as usize].levels[level].get_mut(start);
        match cell.and_then(|cell| state.changes.take(cell)) {
            Some(value) => room.add((cell_key(owner, level, scope, start), value)),
            None => room.pass(),
        }
    }
}

fn take_units(owner: usize, units: &mut Units, room: &mut Room<'_>) {
    while room.is_left() {
        let Some(id) = units.combos_kept.next() else { break };
        room.add(combo(owner, id, &units.combos[id]));
    }
    while room.is_left() {
        let Some((id, value)) = units.changes.next_early() else { break };
        room.add((key(UNIT, owner, id), value));
    }
    while room.is_left() {
        let Some(id) = units.changes.next_frozen() else { break };
        match units.take_frozen(id) {
            Some(value) => room.add((key(UNIT, owner, id), value)),
            None => room.pass(),
        }
    }
}

impl Aggregates {
    fn head(&self) -> Record {
        (vec![HEAD], self.plan.fingerprint().into_bytes())
    }

    /// Whatever changed since the last freeze (or since [`Aggregates::load`]) is what a checkpoint has to keep, as it is now:
    /// [`Aggregates::take_frozen`] hands it out while changes go on. Takes no time, however much it is. What an earlier freeze
    /// still holds must have been taken.
    pub fn freeze(&mut self) {
        debug_assert_eq!(self.frozen(), 0, "a checkpoint is under way");
        self.head_frozen = !std::mem::replace(&mut self.headed, true);
        self.people.freeze();
        for dictionary in &mut self.dictionaries {
            dictionary.kept.freeze(dictionary.hashes.len());
        }
        for state in &mut self.metrics {
            state.scopes_kept.freeze(state.scopes.len());
            state.changes.freeze();
            if let Some(units) = &mut state.units {
                units.combos_kept.freeze(units.combos.len());
                units.changes.freeze();
            }
        }
    }

    /// How many frozen records are still to be taken, at most.
    pub fn frozen(&self) -> usize {
        let of_metric = |state: &MetricState| {
            let units = state.units.as_ref().map_or(0, |u| u.combos_kept.frozen() + u.changes.frozen());
            state.scopes_kept.frozen() + state.changes.frozen() + units
        };
        usize::from(self.head_frozen)
            + self.people.frozen()
            + self.dictionaries.iter().map(|d| d.kept.frozen()).sum::<usize>()
            + self.metrics.iter().map(of_metric).sum::<usize>()
    }

    /// Adds about `most` frozen records to `out`, fewer of long ones: to insert or replace, or to remove where the value is
    /// empty. No key comes twice between two freezes. `true` when these were the last ones.
    pub fn take_frozen(&mut self, most: usize, out: &mut Vec<Record>) -> bool {
        let room = &mut Room { left: most.max(1), out };
        if std::mem::take(&mut self.head_frozen) {
            room.add(self.head());
        }
        while room.is_left() {
            let Some(record) = self.people.next_frozen() else { break };
            room.add(record);
        }
        for (owner, dictionary) in self.dictionaries.iter_mut().enumerate() {
            while room.is_left() {
                let Some(id) = dictionary.kept.next() else { break };
                room.add(word(owner, id, dictionary.hashes[id]));
            }
        }
        for (owner, state) in self.metrics.iter_mut().enumerate() {
            take_cells(owner, state, room);
            if let Some(units) = &mut state.units {
                take_units(owner, units, room);
            }
        }
        room.is_left()
    }

    /// All that changed and was not taken, sorted by key.
    pub fn take_dirty(&mut self) -> Vec<Record> {
        let mut out = Vec::new();
        // What is frozen already comes first, so that of a record that changed again the later state stays.
        while !self.take_frozen(usize::MAX, &mut out) {}
        self.freeze();
        while !self.take_frozen(usize::MAX, &mut out) {}
        out.sort_by(|a, b| a.0.cmp(&b.0));
        out.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        out
    }

    /// Everything, sorted by key: equal for two aggregates that took the same events in the same order.
    pub fn all_records(&self) -> Vec<Record> {
        let mut out = vec![self.head()];
        self.people.all(&mut out);
        for (owner, dictionary) in self.dictionaries.iter().enumerate() {
            out.extend(dictionary.hashes.iter().enumerate().map(|(id, hash)| word(owner, id, *hash)));
        }
        for (owner, state) in self.metrics.iter().enumerate() {
            out.extend(state.scopes.iter().enumerate().skip(1).map(|(id, found)| scope(owner, id, found)));
            for (id, scope) in state.scopes.iter().enumerate() {
                for (level, column) in scope.levels.iter().enumerate() {
                    let cells = column.starts.iter().zip(&column.cells);
                    out.extend(cells.map(|(start, cell)| (cell_key(owner, level, number(id), *start), cell.encode())));
                }
            }
            if let Some(units) = &state.units {
                out.extend(units.combos.iter().enumerate().map(|(id, scopes)| combo(owner, id, scopes)));
                out.extend(units.iter().map(|(id, unit)| (key(UNIT, owner, id), unit.encode())));
            }
        }
        out.sort_unstable();
        out
    }

    /// From records in any order. [`Code::StoreDamaged`] when they are not of this plan or do not read: build anew from the log.
    pub fn load(plan: Arc<Plan>, records: impl Iterator<Item = Record>) -> Result<Self> {
        let mut aggregates = Self::new(plan);
        // What has a number is handed in by number; what refers to it comes after.
        let mut numbered: Vec<Record> = Vec::new();
        let mut rest: Vec<Record> = Vec::new();
        let damaged = || {
            Error::new(
                Code::StoreDamaged,
                "the kept aggregates do not read",
                "run `ras rebuild`: they come from the log",
            )
        };
        for (key, value) in records {
            match key.first() {
                Some(&HEAD) if value == aggregates.plan.fingerprint().as_bytes() => aggregates.headed = true,
                Some(&(WORD | SCOPE | COMBO)) => numbered.push((key, value)),
                Some(&PERSON) => {
                    let (_, unit, _) = key.get(1..).and_then(split_key).ok_or_else(damaged)?;
                    aggregates.people.restore(unit, &value).ok_or_else(damaged)?;
                }
                Some(&(CELL | UNIT)) => rest.push((key, value)),
                _ => return Err(damaged()),
            }
        }
        let empty = numbered.is_empty() && rest.is_empty();
        if !(aggregates.headed || empty) || !aggregates.people.check() {
            return Err(damaged());
        }
        numbered.sort_unstable();
        for (key, value) in &numbered {
            aggregates.restore_numbered(key, value).ok_or_else(damaged)?;
        }
        drop(numbered);
        rest.sort_unstable();
        for (key, value) in rest {
            aggregates.restore(&key, &value).ok_or_else(damaged)?;
        }
        for dictionary in &mut aggregates.dictionaries {
            dictionary.kept = Grown::new(dictionary.hashes.len());
        }
        for state in &mut aggregates.metrics {
            state.scopes_kept = Grown::new(state.scopes.len());
            if let Some(units) = &mut state.units {
                units.combos_kept = Grown::new(units.combos.len());
                if units.combos.iter().flatten().any(|scope| *scope as usize >= state.scopes.len()) {
                    return Err(damaged());
                }
            }
        }
        Ok(aggregates)
    }

    fn restore_numbered(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (kind, rest) = key.split_first()?;
        let (owner, number, _) = split_key(rest)?;
        let number = number as usize;
        match *kind {
            WORD => {
                let (high, low) = value.split_first_chunk::<8>()?;
                let hash = [u64::from_be_bytes(*high), u64::from_be_bytes(low.try_into().ok()?)];
                let id = self.dictionaries.get_mut(owner)?.intern(hash)?;
                (id as usize == number).then_some(())
            }
            SCOPE => {
                let state = self.metrics.get_mut(owner)?;
                let (dim, text) = value.split_first()?;
                let dim = usize::from(*dim);
                let dimension = *self.plan.metrics.get(owner)?.dims.get(dim)?;
                if state.scopes.len() != number {
                    return None;
                }
                state.restore(dim, std::str::from_utf8(text).ok()?, self.dimensions.get_mut(dimension))
            }
            _ => {
                let state = self.metrics.get_mut(owner)?;
                let units = state.units.as_mut()?;
                let mut reader = Reader(value);
                let mut scopes = Vec::new();
                let length = reader.uint()?;
                while !reader.0.is_empty() {
                    scopes.push(u32::try_from(reader.uint()?).ok()?);
                }
                if units.combos.len() != number || scopes.len() as u64 != length {
                    return None;
                }
                units.push_combo(scopes.into());
                Some(())
            }
        }
    }

    fn restore(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (kind, rest) = key.split_first()?;
        let (owner, number, rest) = split_key(rest)?;
        let state = self.metrics.get_mut(owner)?;
        if *kind == UNIT {
            let unit = Unit::decode(value)?;
            let units = state.units.as_mut()?;
            units.restore(number, unit);
            return Some(());
        }
        let (level, start) = split_cell(rest)?;
        let cell = Cell::decode(value, self.plan.metrics.get(owner)?.parts.len())?;
        let column = state.scopes.get_mut(number as usize)?.levels.get_mut(level)?;
        let empty = || Cell { events: 0, parts: Box::default(), mark: CLEAN };
        *column.at(start, empty) = cell;
        Some(())
    }
}
