//! What is known of one bucket, and columns of buckets.

use epoch_model::time::Millis;
use roaring::RoaringBitmap;

use super::changes::{CLEAN, Marked};
use super::histogram::Histogram;
use super::record::{Reader, put_int, put_uint};

/// Sums hold this many parts of one.
const SCALE: i128 = 1_000_000_000;
/// The largest value a sum takes; what is beyond counts as missing, so that no number of events overflows.
const VALUE_MAX: f64 = 1e20;

/// A value as fixed point with 9 decimals, rounded half away from zero.
pub(crate) fn fixed(value: f64) -> Option<i128> {
    if value.is_nan() || value.abs() > VALUE_MAX {
        return None;
    }
    // Whole and fraction apart: scaling a large value would lose its last digits.
    let whole = value.trunc();
    let rest = ((value - whole) * SCALE as f64).round();
    Some(whole as i128 * SCALE + rest as i128)
}

/// Back to a double.
pub(super) fn unfixed(sum: i128) -> f64 {
    (sum / SCALE) as f64 + (sum % SCALE) as f64 / SCALE as f64
}

/// ln((1 + a) / (1 - a)) for a relative error of a = 0.5 % (DDSketch, Masson et al., VLDB 2019).
const LN_GAMMA: f64 = 0.010_000_083_334_583_399;
/// Values nearer to zero than this count as zero.
const TINY: f64 = 1e-9;
/// Puts the bin of the smallest magnitude at 1, so that the sign of a bin is the sign of its values.
const BIN_SHIFT: i32 = 2100;
/// More than there are bins of one sign (2,100 below one, 4,606 above).
const BINS_EACH_SIDE: i32 = 10_000;

/// The bin of a value: ordered as the values are, 0 for zero.
pub(crate) fn bin(value: f64) -> Option<i32> {
    let size = value.abs();
    if size.is_nan() || size > VALUE_MAX {
        return None;
    }
    if size < TINY {
        return Some(0);
    }
    let n = (libm::log(size) / LN_GAMMA).ceil() as i32 + BIN_SHIFT;
    Some(if value < 0.0 { -n } else { n })
}

/// The value a bin stands for: within 0.5 % of all its values.
pub(super) fn bin_value(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let upper = libm::exp(f64::from(bin.abs() - BIN_SHIFT) * LN_GAMMA);
    let middle = 2.0 * upper / (1.0 + libm::exp(LN_GAMMA));
    if bin < 0 { -middle } else { middle }
}

/// The least and the greatest value of a bin.
pub(crate) fn bin_edges(bin: i32) -> (f64, f64) {
    if bin == 0 {
        return (0.0, 0.0);
    }
    let outer = libm::exp(f64::from(bin.abs() - BIN_SHIFT) * LN_GAMMA);
    let inner = libm::exp(f64::from(bin.abs() - BIN_SHIFT - 1) * LN_GAMMA);
    if bin < 0 { (-outer, -inner) } else { (inner, outer) }
}

/// One aggregate of one bucket.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Count(u64),
    /// Halves of an `i128`: its alignment would make every part a third larger.
    Sum([u64; 2]),
    Set(RoaringBitmap),
    Histogram(Histogram),
    /// Units that started, and those of them that followed.
    Pair(Box<(RoaringBitmap, RoaringBitmap)>),
    /// Not kept at this width.
    Absent,
}

impl Part {
    /// Whether a set, or either of a pair, holds a number.
    pub fn holds(&self, id: u32) -> bool {
        match self {
            Self::Set(set) => set.contains(id),
            // Who followed started.
            Self::Pair(pair) => pair.0.contains(id),
            _ => false,
        }
    }

    /// Puts one number in the place of another. Answers whether both were there, so that there is one fewer now.
    pub fn rename(&mut self, from: u32, to: u32) -> bool {
        let swap = |set: &mut RoaringBitmap| set.remove(from) && !set.insert(to);
        match self {
            Self::Set(set) => swap(set),
            Self::Pair(pair) => swap(&mut pair.0) | swap(&mut pair.1),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Count,
    Sum,
    Set,
    Histogram,
    Pair,
}

impl PartKind {
    /// Sets cannot be added up from finer buckets quickly, so they are kept at every width.
    pub fn is_set(self) -> bool {
        matches!(self, Self::Set | Self::Pair)
    }

    pub fn empty(self) -> Part {
        match self {
            Self::Count => Part::Count(0),
            Self::Sum => Part::Sum([0, 0]),
            Self::Set => Part::Set(RoaringBitmap::new()),
            Self::Histogram => Part::Histogram(Histogram::default()),
            Self::Pair => Part::Pair(Box::default()),
        }
    }
}

pub(super) fn join([high, low]: [u64; 2]) -> i128 {
    ((u128::from(high) << 64) | u128::from(low)) as i128
}

pub(super) fn split(sum: i128) -> [u64; 2] {
    [(sum as u128 >> 64) as u64, sum as u128 as u64]
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub events: u64,
    pub parts: Box<[Part]>,
    /// See [`super::changes`].
    pub mark: u8,
}

impl Marked for Cell {
    fn mark(&mut self) -> &mut u8 {
        &mut self.mark
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_uint(&mut out, self.events);
        for part in &self.parts {
            match part {
                Part::Absent => out.push(0),
                Part::Count(n) => {
                    out.push(1);
                    put_uint(&mut out, *n);
                }
                Part::Sum(halves) => {
                    out.push(2);
                    out.extend_from_slice(&join(*halves).to_be_bytes());
                }
                Part::Set(set) => {
                    out.push(3);
                    put_set(&mut out, set);
                }
                Part::Histogram(bins) => {
                    out.push(4);
                    put_uint(&mut out, bins.len() as u64);
                    for (bin, n) in bins.iter() {
                        put_int(&mut out, i64::from(bin));
                        put_uint(&mut out, n);
                    }
                }
                Part::Pair(pair) => {
                    out.push(5);
                    put_set(&mut out, &pair.0);
                    put_set(&mut out, &pair.1);
                }
            }
        }
        out
    }
}

impl Cell {
    pub fn decode(bytes: &[u8], parts: usize) -> Option<Self> {
        let mut reader = Reader(bytes);
        let events = reader.uint()?;
        let parts = (0..parts).map(|_| part(&mut reader)).collect::<Option<_>>()?;
        reader.0.is_empty().then_some(Self { events, parts, mark: CLEAN })
    }
}

fn part(reader: &mut Reader<'_>) -> Option<Part> {
    Some(match reader.byte()? {
        0 => Part::Absent,
        1 => Part::Count(reader.uint()?),
        2 => Part::Sum(split(i128::from_be_bytes(reader.take(16)?.try_into().ok()?))),
        3 => Part::Set(set(reader)?),
        4 => {
            let len = reader.uint()?;
            let mut bins = Histogram::default();
            for _ in 0..len {
                // A bin beyond what `bin` makes is damage.
                let bin = i32::try_from(reader.int()?).ok().filter(|b| b.abs() <= BINS_EACH_SIDE)?;
                bins.push(bin, reader.uint()?)?;
            }
            Part::Histogram(bins)
        }
        5 => Part::Pair(Box::new((set(reader)?, set(reader)?))),
        _ => return None,
    })
}

fn put_set(out: &mut Vec<u8>, set: &RoaringBitmap) {
    put_uint(out, set.serialized_size() as u64);
    // Writing to memory cannot fail.
    let _ = set.serialize_into(&mut *out);
}

fn set(reader: &mut Reader<'_>) -> Option<RoaringBitmap> {
    let len = usize::try_from(reader.uint()?).ok()?;
    RoaringBitmap::deserialize_from(reader.take(len)?).ok()
}

/// Buckets of one width in order of time.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub starts: Vec<Millis>,
    pub cells: Vec<Cell>,
    /// Where the last event went: the next one mostly goes there, too.
    last: usize,
}

impl Column {
    pub fn at(&mut self, start: Millis, empty: impl FnOnce() -> Cell) -> &mut Cell {
        if self.starts.get(self.last) != Some(&start) {
            self.last = match self.starts.binary_search(&start) {
                Ok(at) => at,
                Err(at) => {
                    self.starts.insert(at, start);
                    self.cells.insert(at, empty());
                    at
                }
            };
        }
        &mut self.cells[self.last]
    }

    pub fn get_mut(&mut self, start: Millis) -> Option<&mut Cell> {
        self.starts.binary_search(&start).ok().and_then(|at| self.cells.get_mut(at))
    }

    pub fn get(&self, start: Millis) -> Option<&Cell> {
        self.starts.binary_search(&start).ok().and_then(|at| self.cells.get(at))
    }

    /// Starts and cells of those that start within `from..to`.
    pub fn within(&self, from: Millis, to: Millis) -> impl Iterator<Item = (Millis, &Cell)> {
        let (a, b) = (self.starts.partition_point(|s| *s < from), self.starts.partition_point(|s| *s < to));
        let starts = self.starts.get(a..b).unwrap_or_default();
        starts.iter().copied().zip(self.cells.get(a..b).unwrap_or_default())
    }

    /// Cells that start within `from..to`.
    pub fn range(&self, from: Millis, to: Millis) -> &[Cell] {
        let (a, b) = (self.starts.partition_point(|s| *s < from), self.starts.partition_point(|s| *s < to));
        self.cells.get(a..b).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_keeps_nine_decimals() {
        for (value, expect) in [
            (0.1, 100_000_000),
            (-0.1, -100_000_000),
            (12_345_678.91, 12_345_678_910_000_000),
            (-123_456_789.123_456, -123_456_789_123_456_001),
            (1e20, 100_000_000_000_000_000_000_000_000_000),
            (4e-10, 0),
        ] {
            let got = fixed(value).unwrap();
            assert!((got - expect).abs() <= 15, "{value}: {got}");
        }
        assert_eq!((fixed(2e20), fixed(f64::NAN)), (None, None));
        assert_eq!(fixed(1234.56).map(unfixed), Some(1234.56));
        for sum in [0, 1, -1, i128::MAX, i128::MIN, -5_000_000_000] {
            assert_eq!(join(split(sum)), sum);
        }
    }

    #[test]
    fn bins_are_within_half_a_per_cent_and_in_order() {
        let mut last = i32::MIN;
        let sizes = (0..4000).map(|i| 1e-9 * 1.017f64.powi(i)).take_while(|v| *v < 1e20);
        let values: Vec<f64> =
            sizes.clone().map(|v| -v).collect::<Vec<_>>().into_iter().rev().chain([0.0]).chain(sizes).collect();
        for value in values {
            let b = bin(value).unwrap();
            assert!(b >= last, "{value}");
            last = b;
            assert!((bin_value(b) - value).abs() <= 0.005_000_1 * value.abs(), "{value} {}", bin_value(b));
        }
        assert_eq!((bin(f64::INFINITY), bin(1e-12)), (None, Some(0)));
    }
}
