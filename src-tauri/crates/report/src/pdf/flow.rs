//! Pages that fill from top to bottom.

use super::ink::{Anchor, Ink, Mark, rule};
use super::text::{Line, Style, wrap};
use crate::chart::{LINE, MUTE, TEXT};
use crate::font::{Fonts, Weight};
use crate::story::Story;

/// A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);
pub(crate) const LEFT: f32 = 40.0;
/// Text width; the charts are drawn for it.
pub(crate) const WIDTH: f32 = 515.0;
const TOP: f32 = 62.0;
const BOTTOM: f32 = 786.0;

/// A style in the text colour.
pub(crate) fn plain(size: f32) -> Style {
    Style { size, weight: Weight::Regular, ink: TEXT.into() }
}

/// A quiet style.
pub(crate) fn quiet(size: f32) -> Style {
    Style { size, weight: Weight::Regular, ink: MUTE.into() }
}

/// A strong style.
pub(crate) fn strong(size: f32) -> Style {
    Style { size, weight: Weight::Bold, ink: TEXT.into() }
}

/// Places content; begins a new page where the rest does not fit.
pub(crate) struct Flow<'a> {
    pub fonts: &'a Fonts,
    pages: Vec<Vec<Mark>>,
    /// Of the current page.
    pub marks: Vec<Mark>,
    pub anchors: Vec<Anchor>,
    /// Where the next thing begins.
    pub y: f32,
}

/// All pages, with the headings.
pub(crate) struct Placed {
    pub pages: Vec<Vec<Mark>>,
    pub anchors: Vec<Anchor>,
}

impl<'a> Flow<'a> {
    pub fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, pages: Vec::new(), marks: Vec::new(), anchors: Vec::new(), y: TOP }
    }

    /// Height left on this page.
    pub fn left(&self) -> f32 {
        BOTTOM - self.y
    }

    /// Height of an empty page.
    pub fn whole() -> f32 {
        BOTTOM - TOP
    }

    pub fn turn(&mut self) {
        self.pages.push(std::mem::take(&mut self.marks));
        self.y = TOP;
    }

    /// Begins a new page unless this much is left, or the page is empty.
    pub fn need(&mut self, height: f32) {
        if height > self.left() && self.y > TOP {
            self.turn();
        }
    }

    pub fn skip(&mut self, height: f32) {
        self.y += height;
    }

    /// Draws a line with its top at `y`.
    pub fn line_at(&mut self, line: Line, x: f32, y: f32) {
        let Line { shaped, style } = line;
        let baseline = y + f32::midpoint(style.leading(), style.size * 0.7);
        self.marks.push(Mark::Text { x, y: baseline, size: style.size, line: shaped, ink: style.ink });
    }

    /// A paragraph; breaks over pages line by line.
    pub fn paragraph(&mut self, text: &str, style: Style, indent: f32) {
        for line in wrap(self.fonts, text, style, WIDTH - indent) {
            self.need(style.leading());
            let y = self.y;
            self.line_at(line, LEFT + indent, y);
            self.y += style.leading();
        }
    }

    /// A heading of a part, with the height that must follow it on the same page.
    pub fn heading(&mut self, title: &str, with: f32) {
        self.skip(if self.y > TOP { 16.0 } else { 0.0 });
        self.need(28.0 + with);
        self.anchors.push(Anchor { title: title.to_owned(), page: self.pages.len(), y: self.y });
        self.paragraph(title, strong(13.0), 0.0);
        self.skip(3.0);
    }

    /// Ends the last page and writes head and foot of all.
    pub fn finish(mut self, story: &Story) -> Placed {
        self.turn();
        let total = self.pages.len();
        let line: Ink = LINE.into();
        for (i, page) in self.pages.iter_mut().enumerate() {
            let mut put = |text: &str, right: bool, y: f32| {
                let room = if right { WIDTH * 0.35 } else { WIDTH * 0.6 };
                let mut lines = wrap(self.fonts, text, quiet(8.0), room - 8.0).into_iter();
                if let Some(mut first) = lines.next() {
                    if lines.next().is_some() {
                        first.shaped = self.fonts.shape(&format!("{}…", first.shaped.text), Weight::Regular);
                    }
                    let x = if right { LEFT + WIDTH - first.width() } else { LEFT };
                    page.push(Mark::Text { x, y, size: 8.0, line: first.shaped, ink: first.style.ink });
                }
            };
            if i > 0 {
                put(&story.business, false, 38.0);
                put(&story.period, true, 38.0);
            }
            put(&story.made, false, 812.0);
            put(&format!("Page {} of {total}", i + 1), true, 812.0);
            if i > 0 {
                page.push(rule(LEFT, 45.0, WIDTH, 0.6, line));
            }
            page.push(rule(LEFT, 799.0, WIDTH, 0.6, line));
        }
        Placed { pages: self.pages, anchors: self.anchors }
    }
}
