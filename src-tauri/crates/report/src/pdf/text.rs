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
    let measure = |text: &str| fonts.width(text, style.weight, style.size);
    let space = measure(" ");
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let (mut line, mut used) = (String::new(), 0.0);
        for word in paragraph.split(breaks).filter(|w| !w.is_empty()) {
            let mut rest = word;
            loop {
                let (cut, wide) = fitting(fonts, rest, style, width);
                let (head, tail) = rest.split_at(cut);
                if !line.is_empty() && used + space + wide > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                if !line.is_empty() {
                    line.push(' ');
                    used += space;
                }
                line.push_str(head);
                used += wide;
                rest = tail;
                if rest.is_empty() {
                    break;
                }
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.into_iter().map(|l| Line { shaped: fonts.shape(&l, style.weight), style }).collect()
}

/// Bytes and width of the longest beginning of a word that fits a line; at least one character.
fn fitting(fonts: &Fonts, word: &str, style: Style, width: f32) -> (usize, f32) {
    let limit = width / style.size;
    // No line holds more characters than this, so a hostile text is not shaped as a whole again and again.
    let most = crate::format::count(f64::from(limit) * 6.0) + 8;
    let end = word.char_indices().nth(most).map_or(word.len(), |(i, _)| i);
    let shaped = fonts.shape(word.get(..end).unwrap_or(word), style.weight);
    if end == word.len() && shaped.width <= limit {
        return (end, shaped.width * style.size);
    }
    let (mut at, mut seen) = (0.0, 0);
    for glyph in &shaped.glyphs {
        if at + glyph.advance > limit {
            break;
        }
        at += glyph.advance;
        seen += shaped.text.get(glyph.range.clone()).map_or(0, |t| t.chars().count());
    }
    // Characters without a shape stay with the one before them.
    let visible = |c: char| !crate::font::invisible(c);
    let cut = word.char_indices().filter(|(_, c)| visible(*c)).map(|(i, _)| i).nth(seen.max(1));
    (cut.unwrap_or(word.len()), at * style.size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits() {
        let fonts = Fonts::open().unwrap();
        let style = Style { size: 9.0, weight: Weight::Regular, ink: plotters::style::BLACK.into() };
        let long = "x".repeat(5_000);
        for text in
            ["one two three four five six seven", long.as_str(), "日本語".repeat(60).as_str(), "a\u{a0}b c", "", " \n "]
        {
            let lines = wrap(&fonts, text, style, 60.0);
            assert!(lines.iter().all(|l| l.width() <= 60.5), "{text:.20}");
            let kept: usize = lines.iter().map(|l| l.shaped.text.chars().filter(|c| !c.is_whitespace()).count()).sum();
            assert_eq!(kept, text.chars().filter(|c| !c.is_whitespace()).count(), "{text:.20}");
        }
    }
}
