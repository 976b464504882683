//! Peels off what SDKs wrap around JSON: compression, form fields, base64, in whatever order they come.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::inflate;
use crate::config::Limits;
use crate::problem::Problem;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// Layers deep enough for every SDK: gzip, form, base64, gzip, JSON.
const LAYERS_MAX: usize = 5;
/// Encodings in one `Content-Encoding`.
const ENCODINGS_MAX: usize = 2;

/// The JSON inside `raw`. `encoding` is the `Content-Encoding`, when it is anything but identity. Every layer is bounded
/// by [`Limits::batch_bytes_max`].
pub(crate) fn unwrap<'a>(raw: &'a [u8], encoding: Option<&str>, limits: &Limits) -> Result<Cow<'a, [u8]>, Problem> {
    let mut data = Cow::Borrowed(raw);
    if let Some(encoding) = encoding {
        if encoding.split(',').count() > ENCODINGS_MAX {
            return Err(unsupported(encoding));
        }
        // The last one named was applied last.
        for name in encoding.rsplit(',') {
            if let Some(unfolded) = decode(&data, name.trim(), limits)? {
                data = Cow::Owned(unfolded);
            }
        }
    }
    for _ in 0..LAYERS_MAX {
        let bytes = trimmed(&data);
        let next = match bytes.first() {
            None => return Err(Problem::bad("request holds no event", "send at least one event")),
            Some(b'{' | b'[') => return Ok(data),
            Some(_) if bytes.starts_with(inflate::GZIP) => inflate::gzip(bytes, limits)?,
            Some(_) if bytes.starts_with(inflate::ZSTD) => inflate::zstd(bytes, limits)?,
            Some(_) if inflate::is_zlib(bytes) && !is_text(bytes) => inflate::deflate(bytes, limits)?,
            _ => match field(bytes, "data") {
                Some(inner) => restored(inner),
                None => repaired(base64(bytes)?),
            },
        };
        data = Cow::Owned(next);
    }
    Err(undecodable())
}

/// `raw` with its `Content-Encoding` taken off and nothing guessed: for bodies that need not be JSON.
pub(crate) fn unfold<'a>(raw: &'a [u8], encoding: Option<&str>, limits: &Limits) -> Result<Cow<'a, [u8]>, Problem> {
    let encoding = encoding.unwrap_or_default();
    if encoding.split(',').count() > ENCODINGS_MAX {
        return Err(unsupported(encoding));
    }
    let mut data = Cow::Borrowed(raw);
    for name in encoding.rsplit(',') {
        let name = name.trim().to_ascii_lowercase();
        let unfolded = match name.as_str() {
            "gzip" | "x-gzip" if data.starts_with(inflate::GZIP) => Some(inflate::gzip(&data, limits)?),
            "zstd" if data.starts_with(inflate::ZSTD) => Some(inflate::zstd(&data, limits)?),
            other => decode(&data, other, limits)?,
        };
        data = unfolded.map_or(data, Cow::Owned);
    }
    Ok(data)
}

/// One encoding taken off; `None` when there is nothing to take off here. Some proxies unpack the body and leave the
/// header: gzip and zstd are recognised by their first bytes later, of the others it is known that they are no text.
fn decode(data: &[u8], encoding: &str, limits: &Limits) -> Result<Option<Vec<u8>>, Problem> {
    match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" | "gzip" | "x-gzip" | "zstd" => Ok(None),
        "deflate" | "br" if is_json(data) && std::str::from_utf8(data).is_ok() => Ok(None),
        "deflate" => inflate::deflate(data, limits).map(Some),
        "br" => inflate::brotli(data, limits).map(Some),
        _ => Err(unsupported(encoding)),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    matches!(trimmed(bytes).first(), Some(b'{' | b'['))
}

/// `x^` begins zlib and may begin base64 or a form; what follows does not stay text for long.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
}

/// Without blank space and byte order mark in front.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

/// A field of a form whose main one is `data`.
pub(crate) fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let head = form.get(..form.len().min(256))?;
    if !(form.starts_with(b"data=") || head.windows(6).any(|w| w == b"&data=")) {
        return None;
    }
    form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Base64 in a form has its `+` read as blanks.
fn restored(value: Cow<'_, str>) -> Vec<u8> {
    let mut value = value.into_owned().into_bytes();
    if !is_json(&value) {
        value.iter_mut().filter(|b| **b == b' ').for_each(|b| *b = b'+');
    }
    value
}

fn base64(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\r' | b'\n' | b' ' | b'\t' => {}
            b'-' => text.push(b'+'),
            b'_' => text.push(b'/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => text.push(*byte),
            _ => return Err(undecodable()),
        }
    }
    STANDARD.decode(&text).map_err(|_| undecodable())
}

/// JSON as UTF-8. Some browser SDKs encode each half of a surrogate pair by itself (CESU-8): pairs become the character
/// they stand for, what stays invalid becomes U+FFFD.
fn repaired(bytes: Vec<u8>) -> Vec<u8> {
    if !is_json(&bytes) || std::str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    let half = |at: usize, range: std::ops::RangeInclusive<u8>| match bytes.get(at..at + 3)? {
        [0xed, high, low @ 0x80..=0xbf] if range.contains(high) => {
            Some((u32::from(high & 0x0f) << 6) | u32::from(low & 0x3f))
        }
        _ => None,
    };
    let mut whole = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = || Some((half(at, 0xa0..=0xaf)?, half(at + 3, 0xb0..=0xbf)?));
        let character =
            pair().filter(|_| *byte == 0xed).and_then(|(high, low)| char::from_u32(0x1_0000 + ((high << 10) | low)));
        if let Some(character) = character {
            whole.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            at += 6;
        } else {
            whole.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&whole).into_owned().into_bytes()
}

fn unsupported(encoding: &str) -> Problem {
    let shown: String = encoding.chars().take(40).collect();
    let message = format!("failed to decode request: unsupported Content-Encoding {shown}");
    Problem::bad(message, "use gzip, deflate, br, zstd or none")
}

fn undecodable() -> Problem {
    Problem::bad("failed to decode request: the body is no JSON", "send JSON, plain or compressed with gzip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_characters_become_whole() {
        let limits = Limits::default();
        let read = |json: &[u8]| {
            let encoded = STANDARD.encode(json);
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("data", &encoded).finish();
            String::from_utf8(unwrap(form.as_bytes(), None, &limits).unwrap().into_owned()).unwrap()
        };
        // U+1F600, U+10000 and U+10FFFF as pairs of surrogates, each half encoded by itself.
        assert_eq!(read(b"[\"a \xed\xa0\xbd\xed\xb8\x80 b\"]"), "[\"a 😀 b\"]");
        assert_eq!(read(b"[\"\xed\xa0\x80\xed\xb0\x80\xed\xaf\xbf\xed\xbf\xbf\"]"), "[\"\u{10000}\u{10ffff}\"]");
        assert_eq!(read("[\"héé 😀 \u{d7ff}\u{e000}\"]".as_bytes()), "[\"héé 😀 \u{d7ff}\u{e000}\"]");
        for broken in [&b"[\"\xed\xa0\xbd\"]"[..], b"[\"\xed\xb8\x80\xed\xa0\xbd\"]", b"[\"\xff\"]", b"[\"\xed\xa0"] {
            let text = read(broken);
            assert!(text.starts_with("[\"\u{fffd}"), "{text}");
        }
    }
}
