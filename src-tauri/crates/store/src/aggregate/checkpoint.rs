//! Aggregates to records and back.

use std::sync::Arc;

use epoch_model::{Code, Error, Result};

use super::cell::Cell;
use super::hash::Dictionary;
use super::record::{
    CELL, COMBO, HEAD, PERSON, Reader, SCOPE, UNIT, WORD, cell_key, key, put_uint, split_cell, split_key,
};
use super::scope::MetricState;
use super::units::{Unit, Units};
use super::{Aggregates, Plan};

type Record = (Vec<u8>, Vec<u8>);

fn words(owner: usize, dictionary: &Dictionary, from: usize, out: &mut Vec<Record>) {
    for (id, hash) in dictionary.hashes.iter().enumerate().skip(from) {
        let value = [hash[0].to_be_bytes(), hash[1].to_be_bytes()].concat();
        out.push((key(WORD, owner, u32::try_from(id).unwrap_or(u32::MAX)), value));
    }
}

fn scopes(owner: usize, state: &MetricState, from: usize, out: &mut Vec<Record>) {
    for (id, scope) in state.scopes.iter().enumerate().skip(from) {
        let mut value = vec![u8::try_from(scope.dim).unwrap_or(u8::MAX)];
        value.extend_from_slice(scope.text.as_bytes());
        out.push((key(SCOPE, owner, u32::try_from(id).unwrap_or(u32::MAX)), value));
    }
}

fn combos(owner: usize, units: &Units, from: usize, out: &mut Vec<Record>) {
    for (id, combo) in units.combos.iter().enumerate().skip(from) {
        let mut value = Vec::new();
        put_uint(&mut value, combo.len() as u64);
        combo.iter().for_each(|scope| put_uint(&mut value, u64::from(*scope)));
        out.push((key(COMBO, owner, u32::try_from(id).unwrap_or(u32::MAX)), value));
    }
}

impl Aggregates {
    fn head(&self) -> Record {
        (vec![HEAD], self.plan.fingerprint().into_bytes())
    }

    /// What changed since the last call (or since [`Aggregates::load`]), sorted by key: records to insert or replace, or to
    /// remove where the value is empty. They count
    /// as kept from here on, so a caller whose transaction fails falls back to [`Aggregates::all_records`].
    pub fn take_dirty(&mut self) -> Vec<Record> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.headed, true) {
            out.push(self.head());
        }
        self.people.take_dirty(&mut out);
        for (owner, dictionary) in self.dictionaries.iter_mut().enumerate() {
            words(owner, dictionary, dictionary.saved, &mut out);
            dictionary.saved = dictionary.hashes.len();
        }
        for (owner, state) in self.metrics.iter_mut().enumerate() {
            scopes(owner, state, state.scopes_saved, &mut out);
            state.scopes_saved = state.scopes.len();
            for (level, scope, start) in std::mem::take(&mut state.dirty) {
                let cell = state.cell(level, scope, start);
                cell.dirty = false;
                out.push((cell_key(owner, level, scope, start), cell.encode()));
            }
            if let Some(units) = &mut state.units {
                combos(owner, units, units.combos_saved, &mut out);
                units.combos_saved = units.combos.len();
                for id in std::mem::take(&mut units.dirty) {
                    let unit = units.clean(id);
                    out.push((key(UNIT, owner, id), if unit.is_empty() { Vec::new() } else { unit.encode() }));
                }
            }
        }
        out.sort_unstable();
        out
    }

    /// Everything, sorted by key: equal for two aggregates that took the same events in the same order.
    pub fn all_records(&self) -> Vec<Record> {
        let mut out = vec![self.head()];
        self.people.all(&mut out);
        for (owner, dictionary) in self.dictionaries.iter().enumerate() {
            words(owner, dictionary, 0, &mut out);
        }
        for (owner, state) in self.metrics.iter().enumerate() {
            scopes(owner, state, 1, &mut out);
            for (id, scope) in state.scopes.iter().enumerate() {
                for (level, column) in scope.levels.iter().enumerate() {
                    let id = u32::try_from(id).unwrap_or(u32::MAX);
                    let cells = column.starts.iter().zip(&column.cells);
                    out.extend(cells.map(|(start, cell)| (cell_key(owner, level, id, *start), cell.encode())));
                }
            }
            if let Some(units) = &state.units {
                combos(owner, units, 0, &mut out);
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
            dictionary.saved = dictionary.hashes.len();
        }
        for state in &mut aggregates.metrics {
            state.scopes_saved = state.scopes.len();
            if let Some(units) = &mut state.units {
                units.combos_saved = units.combos.len();
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
        let empty = || Cell { events: 0, parts: Box::default(), dirty: false };
        *column.at(start, empty) = cell;
        Some(())
    }
}
