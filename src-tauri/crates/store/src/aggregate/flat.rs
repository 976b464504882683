//! The quick way through an event's properties: text, numbers, words, paths into nested objects (`$groups.company`), and
//! nested values nobody asks for. Answers `None` for whatever is rarer (or wrong), which the full parser then reads from the
//! start.
//!
//! It relies on nothing: what it accepts without a closer look (numbers and nested values that are passed over) was
//! checked when the event came in.

use std::borrow::Cow;

use epoch_model::expr::Value;

use super::scan::Wanted;

/// Digits that a double holds exactly.
const DIGITS_MAX: usize = 15;
const POWERS: [f64; DIGITS_MAX + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Fills `out` with the wanted values of the object. `None`: read it another way (`out` may be partly filled).
pub(super) fn scan<'a>(wanted: &Wanted, props: &'a str, out: &mut [Value<'a>]) -> Option<()> {
    let mut scan = Scan { text: props, bytes: props.as_bytes(), at: 0 };
    scan.object(wanted, out)?;
    scan.bytes.get(scan.at..)?.trim_ascii().is_empty().then_some(())
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// As deep as the paths that are asked for.
    fn object(&mut self, wanted: &Wanted, out: &mut [Value<'a>]) -> Option<()> {
        self.eat(b'{')?;
        if self.next()? != b'}' {
            loop {
                self.eat(b'"')?;
                let key = self.text()?;
                self.eat(b':')?;
                match wanted.way(key) {
                    None => self.pass()?,
                    Some((Some(slot), None)) => *out.get_mut(slot)? = self.value()?,
                    Some((slot, below)) => match (self.next()?, below, slot) {
                        (b'{', Some(below), _) => self.object(below, out)?,
                        (b'{' | b'[', _, _) | (_, _, None) => self.pass()?,
                        (_, _, Some(slot)) => *out.get_mut(slot)? = self.value()?,
                    },
                }
                if self.next()? != b',' {
                    break;
                }
                self.at += 1;
                self.next()?;
            }
        }
        self.eat(b'}')
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// The text up to the closing quote, which is passed; without escapes only.
    fn text(&mut self) -> Option<&'a str> {
        let from = self.at;
        self.at += plain(self.bytes.get(from..)?);
        let text = self.text.get(from..self.at)?;
        self.eat_here(b'"')?;
        Some(text)
    }

    fn eat_here(&mut self, byte: u8) -> Option<()> {
        (*self.bytes.get(self.at)? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn value(&mut self) -> Option<Value<'a>> {
        Some(match self.next()? {
            b'"' => {
                self.at += 1;
                Value::Text(Cow::Borrowed(self.text()?))
            }
            b't' => {
                self.word(b"true")?;
                Value::Bool(true)
            }
            b'f' => {
                self.word(b"false")?;
                Value::Bool(false)
            }
            b'n' => {
                self.word(b"null")?;
                Value::Null
            }
            _ => Value::Number(self.number()?),
        })
    }

    /// A number of at most 15 digits without an exponent: exact by one division.
    fn number(&mut self) -> Option<f64> {
        let negative = self.eat_here(b'-').is_some();
        let (mut digits, mut whole, mut point) = (0u64, 0, None);
        let from = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(digit @ b'0'..=b'9') => digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')),
                Some(b'.') if point.is_none() => point = Some(self.at + 1),
                Some(b'.' | b'e' | b'E' | b'+' | b'-') | None => return None,
                Some(_) => break,
            }
            self.at += 1;
            whole += usize::from(point.is_none());
        }
        let decimals = point.map_or(0, |point| self.at - point);
        let leading_zero = self.bytes.get(from) == Some(&b'0') && whole > 1;
        if whole == 0 || leading_zero || whole + decimals > DIGITS_MAX || (point.is_some() && decimals == 0) {
            return None;
        }
        let size = digits as f64 / POWERS.get(decimals)?;
        // A whole zero has no sign.
        Some(if negative && (digits > 0 || point.is_some()) { -size } else { size })
    }

    /// Steps over a value nobody asks for.
    fn pass(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => {
                self.at += 1;
                self.pass_text()
            }
            b'{' | b'[' => self.pass_nested(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'-' | b'0'..=b'9' => {
                while matches!(self.bytes.get(self.at)?, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E') {
                    self.at += 1;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn pass_text(&mut self) -> Option<()> {
        loop {
            self.at += plain(self.bytes.get(self.at..)?);
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => return None,
            }
        }
    }

    fn pass_nested(&mut self) -> Option<()> {
        // One bit per level, deeper than what is let in: whether it is an object.
        let (mut levels, mut depth) = (0u128, 0u32);
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    self.pass_text()?;
                    continue;
                }
                open @ (b'{' | b'[') => {
                    depth += 1;
                    if depth > u128::BITS {
                        return None;
                    }
                    levels = (levels << 1) | u128::from(open == b'{');
                }
                close @ (b'}' | b']') => {
                    if (levels & 1 == 1) != (close == b'}') {
                        return None;
                    }
                    levels >>= 1;
                    depth -= 1;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// How many bytes from the front are neither a quote, a backslash nor a control character. Eight at a time, with the
/// zero-byte trick of Hacker's Delight.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero = |w: u64| w.wrapping_sub(ONES) & !w & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let w = u64::from_le_bytes(*word);
        // The lowest marked byte is exact; marks above it may be wrong, and are not looked at.
        let marks = zero(w ^ (ONES * 0x22)) | zero(w ^ (ONES * 0x5c)) | zero(w & (ONES * 0xe0));
        if marks != 0 {
            return i * 8 + (marks.trailing_zeros() / 8) as usize;
        }
    }
    let tail = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
    words.len() * 8 + tail
}
