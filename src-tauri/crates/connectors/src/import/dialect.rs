//! Which character tells fields apart, from how evenly it splits the first lines.

use super::delimited::{Dialect, split_text};

/// Lines looked at.
const LINES: usize = 200;
/// Tried in this order; a later tier only when the earlier ones do not split the lines evenly.
const TIERS: [&[char]; 3] = [&[',', ';', '\t', '|', '\u{1}', '\u{1f}'], &['^', '~', '§', '¦'], &[':', ' ']];

/// A dialect with the reason for it.
pub struct Guess {
    pub dialect: Dialect,
    pub confidence: f64,
    pub reason: String,
    /// Lines before the header: `sep=;`, a title.
    pub skip: u64,
}

/// Guesses from the first part of a text (UTF-8).
pub fn guess(text: &[u8], extension: &str, stated: Option<char>) -> Guess {
    let cr_only = memchr::memchr(b'\n', text).is_none() && memchr::memchr(b'\r', text).is_some();
    let with = |delimiter| Dialect { delimiter, cr_only };
    let mut skip = 0;
    let mut stated = stated.map(|d| (d, "the mapping says so"));
    let first = text.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', d] = first.trim_ascii_end() {
        skip = 1;
        stated = stated.or(Some((char::from(*d), "the first line says so (sep=)")));
    } else if first == b"sep=\t" {
        (skip, stated) = (1, stated.or(Some(('\t', "the first line says so (sep=)"))));
    }
    if let Some((delimiter, why)) = stated {
        return Guess { dialect: with(delimiter), confidence: 1.0, reason: why.into(), skip };
    }
    for tier in TIERS {
        let best = tier
            .iter()
            .map(|d| (*d, score(text, &with(*d), extension)))
            .filter(|(_, s)| s.points > 0.5)
            .max_by(|a, b| a.1.points.total_cmp(&b.1.points));
        if let Some((delimiter, s)) = best {
            let reason = format!("it splits {:.0} % of the first lines into {} fields", s.even * 100.0, s.width);
            return Guess { dialect: with(delimiter), confidence: s.points.min(1.0), reason, skip: s.preamble };
        }
    }
    let only = "no character splits the lines evenly, so each line is one field";
    Guess { dialect: with(','), confidence: 0.3, reason: only.into(), skip: 0 }
}

#[derive(Default)]
struct Score {
    points: f64,
    /// Share of lines with the usual number of fields.
    even: f64,
    width: usize,
    preamble: u64,
}

fn score(text: &[u8], dialect: &Dialect, extension: &str) -> Score {
    let rows = split_text(text, dialect, LINES);
    let filled: Vec<&Vec<String>> = rows.iter().filter(|r| r.iter().any(|f| !f.trim().is_empty())).collect();
    let mut widths: Vec<usize> = filled.iter().map(|r| r.len()).collect();
    widths.sort_unstable();
    let Some(width) = most_common(&widths).filter(|w| *w > 1) else { return Score::default() };
    let lines = filled.len() as f64;
    let even = widths.iter().filter(|w| **w == width).count() as f64 / lines;
    let others = [';', '\t', '|'];
    let mixed = filled
        .iter()
        .filter(|r| r.iter().any(|f| others.iter().any(|o| *o != dialect.delimiter && f.contains(*o))))
        .count() as f64
        / lines;
    let preamble = rows.iter().take(20).take_while(|r| r.len() == 1 && width > 2).count();
    let first = rows.get(preamble).map_or(0, Vec::len);
    let header = if first == width { 1.0 } else { 0.6 };
    let known = if extension.eq_ignore_ascii_case("tsv") && dialect.delimiter == '\t' { 1.2 } else { 1.0 };
    let more = 1.0 + (width as f64).ln() / 50.0;
    let preamble = if preamble < rows.len() { preamble as u64 } else { 0 };
    Score { points: even * header * (1.0 - 0.5 * mixed) * known * more, even, width, preamble }
}

fn most_common(sorted: &[usize]) -> Option<usize> {
    sorted.chunk_by(|a, b| a == b).max_by_key(|run| run.len()).and_then(|run| run.first().copied())
}
