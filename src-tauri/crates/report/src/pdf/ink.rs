//! What is on a page: marks with their places, in points from the top left corner.

use plotters::style::RGBColor;

use crate::font::Shaped;

/// A colour with its opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink {
    pub rgb: (u8, u8, u8),
    pub alpha: f32,
}

impl From<RGBColor> for Ink {
    fn from(c: RGBColor) -> Self {
        Self { rgb: (c.0, c.1, c.2), alpha: 1.0 }
    }
}

impl Ink {
    pub fn faded(self, alpha: f32) -> Self {
        Self { alpha, ..self }
    }
}

/// One thing drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, size: f32, line: Shaped, ink: Ink },
    /// A filled polygon.
    Fill { points: Vec<(f32, f32)>, ink: Ink },
    /// A line through points.
    Stroke { points: Vec<(f32, f32)>, width: f32, ink: Ink },
    /// A filled circle.
    Dot { x: f32, y: f32, r: f32, ink: Ink },
}

/// Lengths of a page need no more than single precision.
#[expect(clippy::cast_possible_truncation, reason = "a page is 842 points high")]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

/// A filled rectangle.
pub(crate) fn rect(x: f32, y: f32, w: f32, h: f32, ink: Ink) -> Mark {
    Mark::Fill { points: vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h)], ink }
}

/// A straight line.
pub(crate) fn rule(x: f32, y: f32, w: f32, width: f32, ink: Ink) -> Mark {
    Mark::Stroke { points: vec![(x, y), (x + w, y)], width, ink }
}

/// A heading that readers can jump to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Anchor {
    pub title: String,
    pub page: usize,
    pub y: f32,
}
