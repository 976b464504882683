//! About a thousand events packed into one row: fixed columns first, the properties' text compressed behind them.
//!
//! Layout: version, count, runs of `received` (count, time), ids (16 bytes each), times (zigzag differences), name ids,
//! unit ids, lengths of the properties, then codec (0 plain, 1 LZ4), length of the text, text. Numbers are LEB128.

use epoch_model::error::Result;
use epoch_model::event::EventId;
use epoch_model::time::Millis;

use crate::fault::{damaged, fits};

/// Most events in a block.
pub const EVENTS_MAX: usize = 1000;
/// Properties' text after which a block is full.
pub const TEXT_MAX: usize = 1 << 20;

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const LZ4: u8 = 1;

/// Appends a number in LEB128.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a number in LEB128 off the front.
pub fn take(bytes: &mut &[u8]) -> Result<u64> {
    let mut n = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = bytes.split_first().ok_or_else(|| damaged("a block ends early"))?;
        *bytes = rest;
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return Ok(n);
        }
    }
    Err(damaged("a number in a block does not end"))
}

/// Takes `n` bytes off the front.
pub fn cut<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(n).ok_or_else(|| damaged("a block ends early"))?;
    *bytes = rest;
    Ok(head)
}

/// A block being filled. Reused from block to block, so filling allocates nothing.
#[derive(Debug, Default)]
pub struct Builder {
    received: Vec<(u64, Millis)>,
    ids: Vec<u8>,
    times: Vec<u8>,
    names: Vec<u8>,
    units: Vec<u8>,
    lengths: Vec<u8>,
    text: Vec<u8>,
    count: usize,
    last_time: Millis,
    span: Option<(Millis, Millis)>,
    out: Vec<u8>,
    packed: Vec<u8>,
}

impl Builder {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_full(&self) -> bool {
        self.count >= EVENTS_MAX || self.text.len() >= TEXT_MAX
    }

    /// Earliest and latest time in it.
    pub fn span(&self) -> (Millis, Millis) {
        self.span.unwrap_or_default()
    }

    pub fn push(&mut self, id: &EventId, time: Millis, received: Millis, name: u32, unit: u32, props: &str) {
        match self.received.last_mut() {
            Some((n, at)) if *at == received => *n += 1,
            _ => self.received.push((1, received)),
        }
        self.ids.extend_from_slice(id);
        let step = time.wrapping_sub(self.last_time);
        put(&mut self.times, ((step << 1) ^ (step >> 63)).cast_unsigned());
        self.last_time = time;
        put(&mut self.names, u64::from(name));
        put(&mut self.units, u64::from(unit));
        put(&mut self.lengths, props.len() as u64);
        self.text.extend_from_slice(props.as_bytes());
        self.count += 1;
        let (min, max) = self.span.unwrap_or((time, time));
        self.span = Some((min.min(time), max.max(time)));
    }

    /// The block's bytes, valid until the next `push`; the builder is empty again after `clear`.
    pub fn finish(&mut self) -> &[u8] {
        let out = &mut self.out;
        out.clear();
        out.push(VERSION);
        put(out, self.count as u64);
        put(out, self.received.len() as u64);
        for (n, at) in &self.received {
            put(out, *n);
            put(out, at.cast_unsigned());
        }
        for column in [&self.ids, &self.times, &self.names, &self.units, &self.lengths] {
            out.extend_from_slice(column);
        }
        let bound = lz4_flex::block::get_maximum_output_size(self.text.len());
        if self.packed.len() < bound {
            self.packed.resize(bound, 0);
        }
        let packed = lz4_flex::block::compress_into(&self.text, &mut self.packed).unwrap_or(usize::MAX);
        if packed < self.text.len() {
            out.push(LZ4);
            put(out, self.text.len() as u64);
            out.extend_from_slice(&self.packed[..packed]);
        } else {
            out.push(PLAIN);
            put(out, self.text.len() as u64);
            out.extend_from_slice(&self.text);
        }
        out
    }

    pub fn clear(&mut self) {
        self.received.clear();
        for column in
            [&mut self.ids, &mut self.times, &mut self.names, &mut self.units, &mut self.lengths, &mut self.text]
        {
            column.clear();
        }
        (self.count, self.last_time, self.span) = (0, 0, None);
    }
}

/// The fixed columns of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    pub id: EventId,
    pub time: Millis,
    pub received: Millis,
    pub name: u32,
    pub unit: u32,
}

/// A block read: columns at once, text on demand.
#[derive(Debug)]
pub struct Block<'a> {
    pub rows: Vec<Fixed>,
    ends: Vec<usize>,
    codec: u8,
    length: usize,
    tail: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads the columns.
    pub fn read(mut bytes: &'a [u8]) -> Result<Self> {
        let bytes = &mut bytes;
        if cut(bytes, 1)? != [VERSION] {
            return Err(damaged("a block is of an unknown version"));
        }
        let count: usize = fits(take(bytes)?)?;
        // Every event takes at least 20 bytes, so a wrong count cannot ask for more memory than the block has.
        if count > bytes.len() / 20 {
            return Err(damaged("a block is shorter than its count"));
        }
        let runs = take(bytes)?;
        let mut received = Vec::with_capacity(count);
        for _ in 0..runs {
            let (n, at) = (take(bytes)?, take(bytes)?.cast_signed());
            let n: usize = fits(n)?;
            if n > count - received.len() {
                return Err(damaged("a block's arrival times do not fit its count"));
            }
            received.resize(received.len() + n, at);
        }
        if received.len() != count {
            return Err(damaged("a block's arrival times do not fit its count"));
        }
        let ids = cut(bytes, count * 16)?;
        let mut rows = Vec::with_capacity(count);
        let mut time: Millis = 0;
        for (id, received) in ids.chunks_exact(16).zip(received) {
            let z = take(bytes)?;
            time = time.wrapping_add((z >> 1).cast_signed() ^ -(z & 1).cast_signed());
            let mut fixed = Fixed { id: [0; 16], time, received, name: 0, unit: 0 };
            fixed.id.copy_from_slice(id);
            rows.push(fixed);
        }
        for row in &mut rows {
            row.name = fits(take(bytes)?)?;
        }
        for row in &mut rows {
            row.unit = fits(take(bytes)?)?;
        }
        let mut ends = Vec::with_capacity(count);
        let mut end = 0_usize;
        for _ in 0..count {
            let n: usize = fits(take(bytes)?)?;
            end = end.checked_add(n).ok_or_else(|| damaged("a block's lengths are too large"))?;
            ends.push(end);
        }
        let codec = cut(bytes, 1)?[0];
        let length: usize = fits(take(bytes)?)?;
        if length != end {
            return Err(damaged("a block's text does not fit its lengths"));
        }
        Ok(Self { rows, ends, codec, length, tail: bytes })
    }

    /// The properties of all its events, as one text to be sliced by [`Self::props`].
    pub fn text(&self) -> Result<String> {
        let bytes = match self.codec {
            PLAIN => self.tail.to_vec(),
            // LZ4 cannot make more than 255 bytes of one; a wrong length must not ask for more.
            LZ4 if self.length / 256 <= self.tail.len() => lz4_flex::block::decompress(self.tail, self.length)
                .map_err(|_| damaged("a block's text cannot be unpacked"))?,
            _ => return Err(damaged("a block's text is packed in an unknown way")),
        };
        if bytes.len() != self.length {
            return Err(damaged("a block's text is shorter than it says"));
        }
        String::from_utf8(bytes).map_err(|_| damaged("a block's text is not UTF-8"))
    }

    /// The properties of the event at `index`, out of [`Self::text`].
    pub fn props<'t>(&self, text: &'t str, index: usize) -> Result<&'t str> {
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        text.get(from..self.ends[index]).ok_or_else(|| damaged("a block's lengths cut a character"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_goes_in_comes_out(events in prop::collection::vec((any::<[u8; 16]>(), 0_i64..7_000_000_000_000, 0_i64..3, any::<u32>(), any::<u32>(), "\\PC{0,40}"), 0..50)) {
            let mut builder = Builder::default();
            for (id, time, received, name, unit, props) in &events {
                builder.push(id, *time, *received, *name, *unit, props);
            }
            let bytes = builder.finish().to_vec();
            let block = Block::read(&bytes).unwrap();
            let text = block.text().unwrap();
            prop_assert_eq!(block.rows.len(), events.len());
            for (i, (id, time, received, name, unit, props)) in events.iter().enumerate() {
                prop_assert_eq!(block.rows[i], Fixed { id: *id, time: *time, received: *received, name: *name, unit: *unit });
                prop_assert_eq!(block.props(&text, i).unwrap(), props);
            }
            // Damage is an error, never a panic.
            for cut in 0..bytes.len().min(200) {
                if let Ok(b) = Block::read(&bytes[..cut]) { let _ = b.text(); }
                let mut bent = bytes.clone();
                bent[cut] ^= 0x55;
                if let Ok(b) = Block::read(&bent) && let Ok(text) = b.text() {
                    for i in 0..b.rows.len() { let _ = b.props(&text, i); }
                }
            }
        }
    }
}
