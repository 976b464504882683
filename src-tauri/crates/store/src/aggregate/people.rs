//! Which units are one person. Only units that were ever linked cost anything: about a hundred bytes each, and one bit per
//! unit up to the highest of them, so that an ordinary event asks one bit.

use std::collections::BTreeSet;

use super::hash::Map;
use super::record::{PERSON, Reader, Record, key, put_uint};

/// Persons made of units: a union-find whose paths are always short, because the smaller side is told its new number.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// One bit per unit: whether its person has another number.
    moved: Vec<u64>,
    numbers: Map<u32, u32>,
    /// The other units of every person that was linked. To be listed is to be identified: every link leaves its target so.
    others: Map<u32, Vec<u32>>,
    dirty: BTreeSet<u32>,
    /// Of a checkpoint under way, not yet taken.
    frozen: BTreeSet<u32>,
    /// Those of them that changed before their turn, as they were.
    early: Vec<Record>,
}

/// Two persons that become one: everything of the first now belongs to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub from: u32,
    pub to: u32,
}

impl People {
    /// The number of a unit's person.
    pub fn of(&self, unit: u32) -> u32 {
        match self.moved.get(unit as usize / 64) {
            Some(word) if word >> (unit % 64) & 1 == 1 => self.numbers.get(&unit).copied().unwrap_or(unit),
            _ => unit,
        }
    }

    /// All units of a unit's person, in order, and whether the person is identified.
    pub fn person(&self, unit: u32) -> (Vec<u32>, bool) {
        let number = self.of(unit);
        let others = self.others.get(&number);
        let mut all: Vec<u32> = others.into_iter().flatten().copied().chain([number]).collect();
        all.sort_unstable();
        (all, others.is_some())
    }

    /// Takes a link in: `into` is identified from here on, and `from` joins it unless it is identified itself (`force` joins
    /// it all the same). `from` is 0 when it was forgotten.
    pub fn link(&mut self, from: u32, into: u32, force: bool) -> Option<Merge> {
        let (a, b) = (self.of(from), self.of(into));
        let refused = from == 0 || a == b || (!force && self.others.contains_key(&a));
        self.others.entry(b).or_insert_with(|| {
            self.dirty.insert(b);
            Vec::new()
        });
        if refused {
            return None;
        }
        let size = |number: u32| self.others.get(&number).map_or(0, Vec::len);
        let merge = if size(a) > size(b) { Merge { from: b, to: a } } else { Merge { from: a, to: b } };
        let mut joining = self.others.remove(&merge.from).unwrap_or_default();
        joining.push(merge.from);
        for unit in &joining {
            self.set(*unit, merge.to);
        }
        self.others.entry(merge.to).or_default().append(&mut joining);
        self.dirty.insert(merge.to);
        Some(merge)
    }

    /// The only place where a unit's record changes.
    fn set(&mut self, unit: u32, number: u32) {
        if self.frozen.remove(&unit) {
            self.early.push(self.record(unit));
        }
        let word = unit as usize / 64;
        if self.moved.len() <= word {
            self.moved.resize(word + 1, 0);
        }
        self.moved[word] |= 1 << (unit % 64);
        self.numbers.insert(unit, number);
        self.dirty.insert(unit);
    }

    fn record(&self, unit: u32) -> Record {
        let mut value = Vec::new();
        put_uint(&mut value, u64::from(self.of(unit)));
        (key(PERSON, 0, unit), value)
    }

    /// What changed up to now is what [`Self::next_frozen`] answers. Nothing may be frozen at this moment.
    pub fn freeze(&mut self) {
        self.frozen = std::mem::take(&mut self.dirty);
    }

    /// How many records are frozen.
    pub fn frozen(&self) -> usize {
        self.frozen.len() + self.early.len()
    }

    /// A record as it was at the freeze.
    pub fn next_frozen(&mut self) -> Option<Record> {
        self.early.pop().or_else(|| self.frozen.pop_first().map(|unit| self.record(unit)))
    }

    /// Records of everything.
    pub fn all(&self, out: &mut Vec<Record>) {
        out.extend(self.others.keys().chain(self.numbers.keys()).map(|unit| self.record(*unit)));
    }

    /// Takes a record back in; [`Self::check`] when all are there.
    pub fn restore(&mut self, unit: u32, value: &[u8]) -> Option<()> {
        let mut reader = Reader(value);
        let number = u32::try_from(reader.uint()?).ok().filter(|_| reader.0.is_empty())?;
        let others = self.others.entry(number).or_default();
        if number != unit {
            others.push(unit);
            self.set(unit, number);
        }
        Some(())
    }

    /// Whether the records made sense together.
    pub fn check(&mut self) -> bool {
        self.dirty.clear();
        self.others.keys().all(|number| !self.numbers.contains_key(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identified_persons_join_nobody_unless_forced() {
        let mut people = People::default();
        assert_eq!(people.link(1, 2, false), Some(Merge { from: 1, to: 2 }));
        assert_eq!(people.link(1, 2, false), None);
        // 2 is identified: it does not join 3, which is identified by being asked for.
        assert_eq!(people.link(2, 3, false), None);
        assert_eq!(people.link(1, 3, false), None);
        assert_eq!(people.link(3, 4, false), None);
        assert_eq!(people.link(5, 2, false), Some(Merge { from: 5, to: 2 }));
        assert_eq!(people.link(0, 6, true), None);
        assert_eq!(people.person(6), (vec![6], true));
        assert_eq!(people.link(6, 7, false), None);
        // The larger side keeps its number.
        assert_eq!(people.link(2, 4, true), Some(Merge { from: 4, to: 2 }));
        assert_eq!(people.person(4), (vec![1, 2, 4, 5], true));
        assert_eq!([1, 2, 3, 4, 5, 70_000].map(|u| people.of(u)), [2, 2, 3, 2, 2, 70_000]);
        assert_eq!(people.person(8), (vec![8], false));
    }
}
