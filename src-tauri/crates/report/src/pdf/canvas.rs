//! A canvas for plotters that turns its drawing into marks of a page.

use std::convert::Infallible;

use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};

use super::ink::{Ink, Mark, rect, single};
use crate::chart::{LINE_PER_EM, SIZE, UNIT};
use crate::font::{Fonts, Weight};
use crate::format;

/// Height of capitals and of the line's centre, in ems of the bundled font.
const CAP: f32 = 0.727;

/// Draws at `x`, `y` of a page.
pub(crate) struct Canvas<'a> {
    pub fonts: &'a Fonts,
    pub x: f32,
    pub y: f32,
    pub marks: &'a mut Vec<Mark>,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Canvas<'_> {
    fn place(&self, at: BackendCoord) -> (f32, f32) {
        (self.x + at.0 as f32 / UNIT, self.y + at.1 as f32 / UNIT)
    }
}

fn ink(color: BackendColor) -> Ink {
    Ink { rgb: color.rgb, alpha: single(color.alpha.clamp(0.0, 1.0)) }
}

fn size_of<S: BackendTextStyle>(style: &S) -> f32 {
    single(style.size() / LINE_PER_EM) / UNIT
}

fn weight_of<S: BackendTextStyle>(style: &S) -> Weight {
    if matches!(style.style(), FontStyle::Bold) { Weight::Bold } else { Weight::Regular }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        SIZE
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let (x, y) = self.place(point);
        self.marks.push(rect(x, y, 1.0 / UNIT, 1.0 / UNIT, ink(color)));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        let corners = [a, (b.0, a.1), b, (a.0, b.1)];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners.into_iter().chain([a]), style) }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points = path.into_iter().map(|p| self.place(p)).collect();
        let width = style.stroke_width() as f32 / UNIT;
        self.marks.push(Mark::Stroke { points, width, ink: ink(style.color()) });
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        let points = vert.into_iter().map(|p| self.place(p)).collect();
        self.marks.push(Mark::Fill { points, ink: ink(style.color()) });
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, _fill: bool) -> Drawn {
        let (x, y) = self.place(center);
        self.marks.push(Mark::Dot { x, y, r: radius as f32 / UNIT, ink: ink(style.color()) });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, pos: BackendCoord) -> Drawn {
        let size = size_of(style);
        let line = self.fonts.shape(text, weight_of(style));
        let (x, y) = self.place(pos);
        let width = line.width * size;
        let x = match style.anchor().h_pos {
            HPos::Left => x,
            HPos::Center => x - width / 2.0,
            HPos::Right => x - width,
        };
        let y = match style.anchor().v_pos {
            VPos::Top => y + CAP * size,
            VPos::Center => y + CAP * size / 2.0,
            VPos::Bottom => y,
        };
        self.marks.push(Mark::Text { x, y, size, line, ink: ink(style.color()) });
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = size_of(style);
        let width = self.fonts.width(text, weight_of(style), size) * UNIT;
        let whole = |length: f64| u32::try_from(format::count(length.ceil())).unwrap_or(u32::MAX);
        Ok((whole(f64::from(width)), whole(style.size())))
    }
}
