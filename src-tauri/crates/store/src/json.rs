//! Whether an event's properties are a JSON object (RFC 8259), before they enter the log.
//!
//! Our own, because it must not recurse: what comes in is two megabytes of anybody's making.

/// Deepest nesting; whoever reads properties recursively can rely on it.
pub const DEPTH_MAX: u32 = 64;

/// Checks that `text` is one JSON object, nested at most [`DEPTH_MAX`] deep. The error names what is wrong, and where.
pub fn check_object(text: &str) -> Result<(), String> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    match scan.object() {
        Ok(()) => Ok(()),
        Err(what) => Err(format!("the properties are no JSON object: {what} at byte {}", scan.at)),
    }
}

type Found = Result<(), &'static str>;

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> u8 {
        // 0 is no byte that JSON allows outside of strings, so it stands for the end, too.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.peek()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is = self.next() == byte;
        self.at += usize::from(is);
        is
    }

    fn object(&mut self) -> Found {
        if self.next() != b'{' {
            return Err("no opening brace");
        }
        // One bit per level: whether it is an object.
        let (mut levels, mut depth) = (0_u64, 0_u32);
        loop {
            // A value begins here.
            match self.next() {
                open @ (b'{' | b'[') => {
                    if depth == DEPTH_MAX {
                        return Err("nested too deep");
                    }
                    self.at += 1;
                    levels = (levels << 1) | u64::from(open == b'{');
                    depth += 1;
                    if !self.eat(open + 2) {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                    levels >>= 1;
                    depth -= 1;
                }
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => return Err("no value"),
            }
            // A value has ended here.
            loop {
                if depth == 0 {
                    return if self.next() == 0 && self.at >= self.bytes.len() { Ok(()) } else { Err("more text") };
                }
                let in_object = levels & 1 == 1;
                if self.eat(b',') {
                    if in_object {
                        self.key()?;
                    }
                    break;
                }
                if !self.eat(if in_object { b'}' } else { b']' }) {
                    return Err("neither a comma nor the end");
                }
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    fn key(&mut self) -> Found {
        if self.next() != b'"' {
            return Err("no key");
        }
        self.string()?;
        if self.eat(b':') { Ok(()) } else { Err("no colon") }
    }

    fn string(&mut self) -> Found {
        self.at += 1;
        loop {
            self.at += plain(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek() {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
                            if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                                return Err("a wrong escape");
                            }
                            self.at += 5;
                        }
                        _ => return Err("a wrong escape"),
                    }
                }
                _ => return Err("a string that does not end, or a control character"),
            }
        }
    }

    fn number(&mut self) -> Found {
        self.at += usize::from(self.peek() == b'-');
        match self.peek() {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Found {
        let from = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err("a wrong number") }
    }

    fn word(&mut self, word: &[u8]) -> Found {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        Err("no value")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_what_is_not() {
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let cases: &[(&str, bool)] = &[
            ("{}", true),
            (" {\"a\": [1, 2.5e-3, \"x\\n\\u00e4\", null, true, {\"b\": {}}]} ", true),
            ("", false),
            ("[]", false),
            ("null", false),
            ("\"{}\"", false),
            ("{", false),
            ("{\"a\"}", false),
            ("{\"a\":1,}", false),
            ("{\"a\":1} x", false),
            ("{\"a\":01}", false),
            ("{\"a\":nul}", false),
            ("{\"a\":\"\u{1}\"}", false),
            ("{\"a\":\"\\q\"}", false),
            ("{a:1}", false),
            ("{\"a\":-}", false),
            ("{\"a\":-0.5E+10,\"b\":0,\"c\":-0}", true),
            ("{\"a\":1.}", false),
            ("{\"a\":.5}", false),
            ("{\"a\":1e}", false),
            ("{\"a\":+1}", false),
            ("{\"a\":[1,2,]}", false),
            ("{\"a\":[1 2]}", false),
            ("{\"a\":[}", false),
            ("{\"a\":[1}", false),
            ("{\"a\":{]}", false),
            ("{\"a\":\"\\u12g4\"}", false),
            ("{\"a\":\"\\", false),
            ("{\"a\":\"abcdefghijklmnop", false),
            ("{\"a\":\"äöü€😀 abcdefgh\u{7f}\"}", true),
            ("{\"\":\"\"}", true),
            ("{,}", false),
            ("{\"a\":true false}", false),
            ("{\"a\":1}}", false),
            ("\t\r\n {\"a\" :\n[ ] , \"b\":{ } }\n", true),
            (&deep(60), true),
            (&deep(200), false),
            (&deep(500_000), false),
            (&format!("{{\"a\":\"{}\"}}", "[".repeat(5_000)), true),
        ];
        for (text, ok) in cases {
            let cut: String = text.chars().take(60).collect();
            assert_eq!(check_object(text).is_ok(), *ok, "{cut}");
        }
    }
}
