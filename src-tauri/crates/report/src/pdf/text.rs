//! Paragraphs: text broken into lines that fit a width, whatever the words.

use super::ink::Ink;
use crate::font::{Fonts, Shaped, Weight};

/// How a paragraph is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

impl Style {
    /// From baseline to baseline.
    pub fn leading(&self) -> f32 {
        self.size * 1.42
    }
}

/// A line with its style.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub shaped: Shaped,
    pub style: Style,
}

impl Line {
    pub fn width(&self) -> f32 {
        self.shaped.width * self.style.size
    }
}

/// Whether a line may end here; no-break spaces hold.
fn breaks(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}')
}

/// Breaks a text into lines no wider than `width`. A word that is wider alone is cut where it must be.
pub(crate) fn wrap(fonts: &Fonts, text: &str, style: Style, width: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(breaks).filter(|w| !w.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fonts.width(&longer, style.weight, style.size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut rest = word;
            while fonts.width(rest, style.weight, style.size) > width {
                let cut = fitting(fonts, rest, style, width);
                if cut >= rest.len() {
                    break;
                }
                let (head, tail) = rest.split_at(cut);
                lines.push(head.to_owned());
                rest = tail;
            }
            line = rest.to_owned();
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.into_iter().map(|l| Line { shaped: fonts.shape(&l, style.weight), style }).collect()
}

/// Bytes of the longest beginning of a word that fits; at least one character.
fn fitting(fonts: &Fonts, word: &str, style: Style, width: f32) -> usize {
    // A hard bound: no line holds more characters, and shaping a whole hostile text again and again would be slow.
    let shaped = fonts.shape(&word.chars().take(400).collect::<String>(), style.weight);
    let limit = width / style.size;
    let (mut at, mut seen) = (0.0, 0);
    for glyph in &shaped.glyphs {
        at += glyph.advance;
        if at > limit {
            break;
        }
        seen += shaped.text.get(glyph.range.clone()).map_or(0, |t| t.chars().count());
    }
    word.char_indices().map(|(i, _)| i).nth(seen.max(1)).unwrap_or(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits() {
        let fonts = Fonts::open().unwrap();
        let style = Style { size: 9.0, weight: Weight::Regular, ink: plotters::style::BLACK.into() };
        let long = "x".repeat(5_000);
        for text in ["one two three four five six seven", long.as_str(), "日本語".repeat(60).as_str(), "a\u{a0}b c", "", " \n "] {
            let lines = wrap(&fonts, text, style, 60.0);
            assert!(lines.iter().all(|l| l.width() <= 60.5), "{text:.20}");
            let kept: usize = lines.iter().map(|l| l.shaped.text.chars().filter(|c| !c.is_whitespace()).count()).sum();
            assert_eq!(kept, text.chars().filter(|c| !c.is_whitespace()).count(), "{text:.20}");
        }
    }
}
