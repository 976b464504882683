//! The bundled font: measured, shaped and registered here, so that nothing of the machine's fonts is used.
//!
//! Characters the font does not have are drawn as its empty box; the text behind them stays what it was, so copying
//! from a document gives the original.

use std::ops::Range;
use std::sync::OnceLock;

use epoch_model::{Code, Error, Result};
use plotters::style::FontStyle;
use rustybuzz::{Direction, Face, Feature, ShapePlan, UnicodeBuffer, script, ttf_parser::Tag};

/// Inter Regular (OFL, see `assets/fonts/OFL.txt`), cut to Latin, Greek, Cyrillic and symbols.
pub const REGULAR: &[u8] = include_bytes!("../../../../assets/fonts/Inter-Regular.ttf");
/// Inter SemiBold, cut alike.
pub const BOLD: &[u8] = include_bytes!("../../../../assets/fonts/Inter-SemiBold.ttf");
/// The name under which charts ask for it.
pub const FAMILY: &str = "Inter";

/// Regular or semi-bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// A glyph with its place, in parts of an em.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    pub id: u32,
    pub advance: f32,
    pub dx: f32,
    pub dy: f32,
    /// The bytes of the text it stands for.
    pub range: Range<usize>,
}

/// A line of text, shaped.
#[derive(Debug, Clone, PartialEq)]
pub struct Shaped {
    pub text: String,
    pub weight: Weight,
    pub glyphs: Vec<Glyph>,
    /// In ems.
    pub width: f32,
}

/// Both weights, ready to shape.
pub struct Fonts {
    regular: Ready,
    bold: Ready,
}

/// A face with its shaping worked out once: Latin rules with figures of equal width. The font has the same kerning for
/// Greek and Cyrillic, and no right-to-left script, whose boxes stand in reading order of the text.
struct Ready {
    face: Face<'static>,
    plan: ShapePlan,
}

fn broken() -> Error {
    Error::new(Code::Internal, "the bundled font cannot be read", "reinstall the program")
}

impl Fonts {
    /// Opens the bundled files and makes them known to the charts, once per process.
    pub fn open() -> Result<Self> {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        let registered = *REGISTERED.get_or_init(|| {
            [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)]
                .into_iter()
                .all(|(style, bytes)| plotters::style::register_font(FAMILY, style, bytes).is_ok())
        });
        if !registered {
            return Err(broken());
        }
        let ready = |bytes: &'static [u8]| -> Result<Ready> {
            let face = Face::from_slice(bytes, 0).ok_or_else(broken)?;
            let figures = Feature::new(Tag::from_bytes(b"tnum"), 1, ..);
            let plan = ShapePlan::new(&face, Direction::LeftToRight, Some(script::LATIN), None, &[figures]);
            Ok(Ready { face, plan })
        };
        Ok(Self { regular: ready(REGULAR)?, bold: ready(BOLD)? })
    }

    /// Shapes one line. Figures have equal widths; control and formatting characters are dropped.
    pub fn shape(&self, text: &str, weight: Weight) -> Shaped {
        let text: String = text.chars().map(plain).filter(|c| !invisible(*c)).collect();
        let Ready { face, plan } = match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script::LATIN);
        let output = rustybuzz::shape_with_plan(face, plan, buffer);
        let em = f32::from(u16::try_from(face.units_per_em()).unwrap_or(1000)).max(1.0);
        let unit = |n: i32| n as f32 / em;
        let (infos, places) = (output.glyph_infos(), output.glyph_positions());
        let mut glyphs: Vec<Glyph> = Vec::with_capacity(infos.len());
        let mut end = text.len();
        for (info, place) in infos.iter().zip(places).rev() {
            let start = usize::try_from(info.cluster).unwrap_or(0).min(end);
            let later =
                glyphs.last().map_or(end, |g: &Glyph| if g.range.start == start { g.range.end } else { g.range.start });
            glyphs.push(Glyph {
                id: info.glyph_id,
                advance: unit(place.x_advance),
                dx: unit(place.x_offset),
                dy: unit(place.y_offset),
                range: start..later,
            });
            end = start;
        }
        glyphs.reverse();
        let width = glyphs.iter().map(|g| g.advance).sum();
        Shaped { text, weight, glyphs, width }
    }

    /// Width of one line in points at this size.
    pub fn width(&self, text: &str, weight: Weight, size: f32) -> f32 {
        self.shape(text, weight).width * size
    }
}

fn plain(c: char) -> char {
    if matches!(c, '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}') { ' ' } else { c }
}

/// Characters that would be drawn as a box although they have no shape of their own.
pub(crate) fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_has_glyphs_in_order() {
        let fonts = Fonts::open().unwrap();
        for text in
            ["Kpi 1,234 → 5", "Ωμέγα Жизнь", "株式会社 日本", "שלום عليكم", "👩‍👩‍👧 e\u{301}\u{302}", "\u{202e}x\0y", ""]
        {
            let shaped = fonts.shape(text, Weight::Regular);
            assert!(shaped.width >= 0.0);
            let mut at = 0;
            for glyph in &shaped.glyphs {
                assert!(glyph.range.start >= at && shaped.text.get(glyph.range.clone()).is_some(), "{text}");
                at = glyph.range.start;
            }
        }
    }

    #[test]
    fn figures_are_tabular_and_scripts_covered() {
        let fonts = Fonts::open().unwrap();
        let width = |t: &str| fonts.width(t, Weight::Regular, 10.0);
        assert!((width("1111") - width("8888")).abs() < 0.01);
        for text in ["−…€£₹→“”", "Ωμέγα", "Жизнь", "Žluťoučký", "Tiếng Việt"] {
            assert!(fonts.shape(text, Weight::Bold).glyphs.iter().all(|g| g.id != 0), "{text}");
        }
    }
}
