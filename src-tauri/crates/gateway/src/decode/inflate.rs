//! Decompression that stops at a bound instead of at the end of memory.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::config::Limits;
use crate::problem::Problem;

/// Below this size any ratio is accepted: small repetitive batches fold well.
const FREE_BYTES: usize = 4 * 1024 * 1024;

/// Unfolds gzip, one member or several.
pub(crate) fn gzip(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    bounded(MultiGzDecoder::new(data), data.len(), limits)
}

/// Unfolds `Content-Encoding: deflate`: zlib as the standard says, bare deflate as some clients send.
pub(crate) fn deflate(data: &[u8], limits: &Limits) -> Result<Vec<u8>, Problem> {
    if data.first().is_some_and(|b| b & 0x0f == 8) {
        return bounded(ZlibDecoder::new(data), data.len(), limits);
    }
    bounded(DeflateDecoder::new(data), data.len(), limits)
}

fn bounded(mut from: impl Read, packed: usize, limits: &Limits) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::with_capacity(packed.saturating_mul(6).min(FREE_BYTES).min(limits.batch_bytes_max));
    let mut chunk = [0; 16 * 1024];
    loop {
        let read = from
            .read(&mut chunk)
            .map_err(|error| Problem::bad(format!("failed to decode request: {error}"), "check the compression"))?;
        if read == 0 {
            return Ok(out);
        }
        let size = out.len().saturating_add(read);
        if size > limits.batch_bytes_max {
            return Err(Problem::too_large(format!("the body unfolds to more than {} bytes", limits.batch_bytes_max)));
        }
        if size > FREE_BYTES && size > packed.saturating_mul(limits.inflate_ratio_max) {
            return Err(Problem::too_large(format!("the body unfolds more than {}-fold", limits.inflate_ratio_max)));
        }
        out.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
}
