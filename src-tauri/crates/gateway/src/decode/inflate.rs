//! Decompression that stops at a bound instead of at the end of memory.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use crate::config::Limits;
use crate::problem::Problem;

/// Below this size any ratio is accepted: small repetitive batches fold well.
const FREE_BYTES: usize = 4 * 1024 * 1024;

/// The largest window a zstd frame may ask for: what every decoder must support by RFC 8878. It is allocated at once.
const WINDOW_MAX: u64 = 8 * 1024 * 1024;

/// First bytes of gzip.
pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];
/// First bytes of a zstd frame.
pub(crate) const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Whether these are the first bytes of zlib: deflate with a window, and a header that is a multiple of 31.
pub(crate) fn is_zlib(data: &[u8]) -> bool {
    let [first, second, ..] = *data else { return false };
    first & 0x8f == 0x08 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// Unfolds gzip, one member or several.
pub(crate) fn gzip(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    Unfolded::new(data.len(), limits).all(MultiGzDecoder::new(data))
}

/// Unfolds `Content-Encoding: deflate`: zlib as the standard says, bare deflate as some clients send.
pub(crate) fn deflate(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    let out = Unfolded::new(data.len(), limits);
    if is_zlib(data) { out.all(ZlibDecoder::new(data)) } else { out.all(DeflateDecoder::new(data)) }
}

/// Unfolds brotli.
pub(crate) fn brotli(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    Unfolded::new(data.len(), limits).all(brotli_decompressor::Decompressor::new(data, 4096))
}

/// Unfolds zstd, one frame or several, skippable ones skipped.
pub(crate) fn zstd(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    let mut out = Unfolded::new(data.len(), limits);
    let mut rest = data;
    while !rest.is_empty() {
        match StreamingDecoder::new_with_max_window_size(&mut rest, WINDOW_MAX) {
            Ok(mut frame) => out.take(&mut frame)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                rest = usize::try_from(length).ok().and_then(|n| rest.get(n..)).unwrap_or_default();
            }
            Err(error) => return Err(broken(&error)),
        }
    }
    Ok(out.bytes)
}

fn broken(error: &dyn std::fmt::Display) -> Problem {
    Problem::bad(format!("failed to decode request: {error}"), "check the compression")
}

/// What came out so far, and how much may.
struct Unfolded<'a> {
    bytes: Vec<u8>,
    packed: usize,
    limits: &'a Limits,
}

impl<'a> Unfolded<'a> {
    fn new(packed: usize, limits: &'a Limits) -> Self {
        let likely = packed.saturating_mul(6).min(FREE_BYTES).min(limits.batch_bytes_max);
        Self { bytes: Vec::with_capacity(likely), packed, limits }
    }

    fn all(mut self, from: impl Read) -> Result<Vec<u8>, Problem> {
        self.take(from)?;
        Ok(self.bytes)
    }

    fn take(&mut self, mut from: impl Read) -> Result<(), Problem> {
        let Limits { batch_bytes_max, inflate_ratio_max, .. } = *self.limits;
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = from.read(&mut chunk).map_err(|error| broken(&error))?;
            if read == 0 {
                return Ok(());
            }
            let size = self.bytes.len().saturating_add(read);
            if size > batch_bytes_max {
                return Err(Problem::too_large(format!("the body unfolds to more than {batch_bytes_max} bytes")));
            }
            if size > FREE_BYTES && size > self.packed.saturating_mul(inflate_ratio_max) {
                return Err(Problem::too_large(format!("the body unfolds more than {inflate_ratio_max}-fold")));
            }
            self.bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }
}
