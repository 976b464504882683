//! Which records changed, and which of them a checkpoint under way has yet to take.
//!
//! A checkpoint freezes what changed up to one place in the log without touching it, and takes it in slices while events
//! go on. What is about to change before its turn is encoded first, as it was.

/// The mark of a record that is as it was kept.
pub(super) const CLEAN: u8 = 0;

/// A record with a mark.
pub(super) trait Marked {
    fn mark(&mut self) -> &mut u8;
    fn encode(&self) -> Vec<u8>;
}

/// Changed records of one kind, by place.
#[derive(Debug)]
pub(super) struct Changes<P> {
    /// What changed since the last freeze has this mark, what is frozen and not yet taken the other one: a freeze swaps them,
    /// and no record has to be visited.
    mark: u8,
    dirty: Vec<P>,
    frozen: Vec<P>,
    /// Encoded because they were about to change.
    early: Vec<(P, Vec<u8>)>,
}

impl<P> Default for Changes<P> {
    fn default() -> Self {
        Self { mark: 1, dirty: Vec::new(), frozen: Vec::new(), early: Vec::new() }
    }
}

impl<P: Copy> Changes<P> {
    /// The record is about to change.
    pub fn touch(&mut self, place: P, record: &mut impl Marked) {
        if *record.mark() != self.mark {
            self.note(place, record);
        }
    }

    fn note(&mut self, place: P, record: &mut impl Marked) {
        if *record.mark() != CLEAN {
            self.early.push((place, record.encode()));
        }
        *record.mark() = self.mark;
        self.dirty.push(place);
    }

    /// Nothing may be frozen at this moment.
    pub fn freeze(&mut self) {
        self.frozen = std::mem::take(&mut self.dirty);
        self.mark = 3 - self.mark;
    }

    /// How many records are frozen at most.
    pub fn frozen(&self) -> usize {
        self.frozen.len()
    }

    /// Takes one that was encoded early.
    pub fn next_early(&mut self) -> Option<(P, Vec<u8>)> {
        self.early.pop()
    }

    /// Takes the place of one that was frozen. It may have been encoded early: ask [`Self::take`].
    pub fn next_frozen(&mut self) -> Option<P> {
        self.frozen.pop()
    }

    /// The bytes of a record whose place was taken, unless it was encoded early.
    pub fn take(&self, record: &mut impl Marked) -> Option<Vec<u8>> {
        if *record.mark() != 3 - self.mark {
            return None;
        }
        *record.mark() = CLEAN;
        Some(record.encode())
    }
}

/// How much of a list that only grows was kept, and up to where a checkpoint under way takes it.
#[derive(Debug, Default)]
pub(super) struct Grown {
    kept: usize,
    frozen: usize,
}

impl Grown {
    /// A list of which the first `len` need no keeping.
    pub fn new(len: usize) -> Self {
        Self { kept: len, frozen: len }
    }

    pub fn freeze(&mut self, len: usize) {
        self.frozen = len;
    }

    pub fn frozen(&self) -> usize {
        self.frozen - self.kept
    }

    pub fn next(&mut self) -> Option<usize> {
        let next = (self.kept < self.frozen).then_some(self.kept)?;
        self.kept += 1;
        Some(next)
    }
}
