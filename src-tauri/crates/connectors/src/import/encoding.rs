//! Which characters the bytes stand for: guessed from the sample, and turned into UTF-8 on the way.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use epoch_model::{Code, Error, Result};

/// The encoding of a text and how sure that is.
#[derive(Debug, Clone)]
pub struct Charset {
    pub encoding: &'static Encoding,
    pub confidence: f64,
    pub reason: String,
    /// Said by the mapping, not guessed.
    pub stated: bool,
}

/// The encoding with this WHATWG label.
pub fn stated(label: &str) -> Result<Charset> {
    let encoding = Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
        Error::new(
            Code::MappingInvalid,
            format!("“{label}” is not a known encoding"),
            "use a name such as utf-8, windows-1252, utf-16le, shift_jis; or leave it out to have it guessed",
        )
    })?;
    Ok(Charset { encoding, confidence: 1.0, reason: "the mapping says so".into(), stated: true })
}

/// Guesses from the first bytes and further places of the file.
pub fn guess(sample: &[u8], elsewhere: &[Vec<u8>]) -> Charset {
    let found =
        |encoding, confidence, reason: &str| Charset { encoding, confidence, reason: reason.into(), stated: false };
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return found(encoding, 1.0, "the file starts with its byte order mark");
    }
    if let Some(encoding) = utf16(sample) {
        return found(encoding, 0.9, "every other byte is zero");
    }
    let pieces = || std::iter::once(sample).chain(elsewhere.iter().map(Vec::as_slice));
    if pieces().all(<[u8]>::is_ascii) {
        return found(UTF_8, 0.9, "only ASCII characters in the sample, which read the same in nearly every encoding");
    }
    if pieces().all(nearly_utf8) {
        return found(UTF_8, 0.99, "all characters beyond ASCII are valid UTF-8");
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    for piece in pieces() {
        detector.feed(piece, false);
    }
    detector.feed(b"", true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let encoding = if encoding == UTF_8 { WINDOWS_1252 } else { encoding };
    found(encoding, 0.7, "it is not UTF-8, and the letters that occur fit this encoding best")
}

/// Valid but for a character cut at either end of the piece.
fn nearly_utf8(piece: &[u8]) -> bool {
    let start = piece.iter().take(3).take_while(|b| (0x80..0xc0).contains(*b)).count();
    let piece = piece.get(start..).unwrap_or_default();
    match std::str::from_utf8(piece) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none(),
    }
}

fn utf16(sample: &[u8]) -> Option<&'static Encoding> {
    let sample = &sample[..sample.len().min(4096)];
    let pairs = sample.len() / 2;
    if pairs < 2 {
        return None;
    }
    let zeros = |at: usize| sample.chunks_exact(2).filter(|p| p[at] == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 10 > pairs * 6 && even * 10 < pairs {
        Some(UTF_16LE)
    } else if even * 10 > pairs * 6 && odd * 10 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Turns any encoding into UTF-8 while it is read; malformed input becomes U+FFFD.
pub struct Utf8Reader {
    inner: Box<dyn Read>,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Decoded and not yet handed out.
    text: Vec<u8>,
    from: usize,
    done: bool,
}

const RAW_BYTES: usize = 64 * 1024;

impl Utf8Reader {
    pub fn new(inner: Box<dyn Read>, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, raw: vec![0; RAW_BYTES], text: Vec::new(), from: 0, done: false }
    }

    /// Decodes the next piece.
    fn more(&mut self) -> io::Result<()> {
        let n = self.inner.read(&mut self.raw)?;
        self.done = n == 0;
        self.from = 0;
        let room = self.decoder.max_utf8_buffer_length(n).unwrap_or(RAW_BYTES * 4);
        self.text.resize(room, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..n], &mut self.text, self.done);
        self.text.truncate(written);
        Ok(())
    }
}

impl Read for Utf8Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.from == self.text.len() && !self.done {
            self.more()?;
        }
        let left = &self.text[self.from..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.from += n;
        Ok(n)
    }
}
