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

/// The JSON inside `raw`. `encoding` is the `Content-Encoding`, when it is anything but identity. Every layer is bounded
/// by [`Limits::batch_bytes_max`].
pub(crate) fn unwrap<'a>(raw: &'a [u8], encoding: Option<&str>, limits: &Limits) -> Result<Cow<'a, [u8]>, Problem> {
    let mut data = match encoding.map(str::trim).map(str::to_ascii_lowercase).as_deref() {
        Some("deflate") => Cow::Owned(inflate::deflate(raw, limits)?),
        // Some proxies unpack the body and leave the header: the magic below decides.
        None | Some("" | "identity" | "gzip" | "x-gzip") => Cow::Borrowed(raw),
        Some(other) => {
            let message = format!("failed to decode request: unsupported Content-Encoding {other}");
            return Err(Problem::bad(message, "use gzip, deflate or none"));
        }
    };
    for _ in 0..LAYERS_MAX {
        let bytes = trimmed(&data);
        let next = match bytes.first() {
            None => return Err(Problem::bad("request holds no event", "send at least one event")),
            Some(b'{' | b'[') => return Ok(data),
            Some(0x1f) if bytes.get(1) == Some(&0x8b) => inflate::gzip(bytes, limits)?,
            _ => match form_data(bytes) {
                Some(inner) => inner,
                None => base64(bytes)?,
            },
        };
        data = Cow::Owned(next);
    }
    Err(undecodable())
}

/// Without blank space and byte order mark in front.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

/// The `data` field of a form, its `+` restored where it is base64.
fn form_data(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = bytes.get(..bytes.len().min(256))?;
    if !(bytes.starts_with(b"data=") || head.windows(6).any(|w| w == b"&data=")) {
        return None;
    }
    let (_, value) = form_urlencoded::parse(bytes).find(|(key, _)| key == "data")?;
    let mut value = value.into_owned().into_bytes();
    if !matches!(trimmed(&value).first(), Some(b'{' | b'[')) {
        value.iter_mut().filter(|b| **b == b' ').for_each(|b| *b = b'+');
    }
    Some(value)
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

fn undecodable() -> Problem {
    Problem::bad("failed to decode request: the body is no JSON", "send JSON, plain or compressed with gzip")
}
