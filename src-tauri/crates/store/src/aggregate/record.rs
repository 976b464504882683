//! The byte forms of what is checkpointed. Keys sort by kind, metric and place; equal states give equal bytes.

use epoch_model::time::Millis;

/// Key and value.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// Fingerprint and version.
pub(super) const HEAD: u8 = b'a';
/// Metric, width, scope, start -> cell.
pub(super) const CELL: u8 = b'c';
/// Dictionary, number -> hash.
pub(super) const WORD: u8 = b'd';
/// Metric, number -> scopes of a combination.
pub(super) const COMBO: u8 = b'k';
/// Unit -> number of its person.
pub(super) const PERSON: u8 = b'p';
/// Metric, number -> segment and value.
pub(super) const SCOPE: u8 = b's';
/// Metric, unit -> times.
pub(super) const UNIT: u8 = b'u';

pub(super) fn key(kind: u8, owner: usize, number: u32) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&u16::try_from(owner).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(&number.to_be_bytes());
    out
}

pub(super) fn cell_key(metric: usize, level: usize, scope: u32, start: Millis) -> Vec<u8> {
    let mut out = key(CELL, metric, scope);
    out.push(u8::try_from(level).unwrap_or(u8::MAX));
    out.extend_from_slice(&((start as u64) ^ (1 << 63)).to_be_bytes());
    out
}

/// Reads a key's owner and number and leaves what follows.
pub(super) fn split_key(rest: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (owner, rest) = rest.split_first_chunk::<2>()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    Some((usize::from(u16::from_be_bytes(*owner)), u32::from_be_bytes(*number), rest))
}

pub(super) fn split_cell(rest: &[u8]) -> Option<(usize, Millis)> {
    let (level, rest) = rest.split_first()?;
    let start = u64::from_be_bytes(rest.try_into().ok()?) ^ (1 << 63);
    Some((usize::from(*level), start as i64))
}

/// LEB128.
pub(super) fn put_uint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Zigzag LEB128.
pub(super) fn put_int(out: &mut Vec<u8>, n: i64) {
    put_uint(out, ((n << 1) ^ (n >> 63)) as u64);
}

pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn uint(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    pub fn int(&mut self) -> Option<i64> {
        let n = self.uint()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }
}
