//! Protocol buffers as they are on the wire, read where they lie: a message is never more than a slice of the body, so a
//! body of millions of empty messages costs nothing.

/// A field's value, undecoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

/// The bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The next field of a message, taken off its front; `None` at its end.
pub(super) fn next<'a>(message: &mut &'a [u8]) -> Option<Result<(u32, Raw<'a>), Broken>> {
    (!message.is_empty()).then(|| field(message).ok_or(Broken))
}

fn field<'a>(message: &mut &'a [u8]) -> Option<(u32, Raw<'a>)> {
    let tag = varint(message)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
    let value = match tag & 7 {
        0 => Raw::Varint(varint(message)?),
        1 => Raw::Fixed64(fixed64(message)?),
        2 => {
            let length = usize::try_from(varint(message)?).ok()?;
            let (bytes, rest) = message.split_at_checked(length)?;
            *message = rest;
            Raw::Bytes(bytes)
        }
        5 => {
            let (bytes, rest) = message.split_first_chunk()?;
            *message = rest;
            Raw::Fixed32(u32::from_le_bytes(*bytes))
        }
        _ => return None,
    };
    Some((number, value))
}

/// A number of up to ten bytes, taken off the front.
pub(super) fn varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Eight bytes, taken off the front.
pub(super) fn fixed64(from: &mut &[u8]) -> Option<u64> {
    let (bytes, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(u64::from_le_bytes(*bytes))
}

/// Appends a number.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a field that holds a number, unless it is zero.
pub(super) fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        put_varint(out, u64::from(field) << 3);
        put_varint(out, value);
    }
}

/// Appends a field that holds text or a message, unless it is empty.
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        put_varint(out, (u64::from(field) << 3) | 2);
        put_varint(out, value.len() as u64);
        out.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_and_broken_ones_are_told() {
        let mut bytes = Vec::new();
        put_number(&mut bytes, 1, 300);
        put_number(&mut bytes, 1, 0);
        put_number(&mut bytes, 2, u64::MAX);
        put_bytes(&mut bytes, 1000, b"x");
        bytes.extend_from_slice(&[0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0x25, 2, 0, 0, 0]);
        let mut rest = &bytes[..];
        let read: Vec<_> = std::iter::from_fn(|| next(&mut rest)).collect();
        let expect = [
            (1, Raw::Varint(300)),
            (2, Raw::Varint(u64::MAX)),
            (1000, Raw::Bytes(b"x")),
            (3, Raw::Fixed64(1)),
            (4, Raw::Fixed32(2)),
        ];
        assert_eq!(read, expect.map(Ok));
        for broken in
            [&[0x0a, 5, 1][..], &[0x08], &[0x08, 0xff], &[0x0b, 0], &[0x00, 0], &[0x09, 1], &[0x0d, 1], &[0xff; 12]]
        {
            let mut rest = broken;
            assert_eq!(next(&mut rest), Some(Err(Broken)), "{broken:?}");
        }
    }
}
