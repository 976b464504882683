//! Writes placed pages as a PDF. Metadata carry the report's own time; the file's id is a hash of its content.

use epoch_model::{Code, Error, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::flow::{PAGE, Placed};
use super::ink::{Ink, Mark};
use crate::data::ReportData;
use crate::font::{BOLD, REGULAR, Weight};
use crate::story::Story;

/// Distance of a circle's control points, in radii.
const KAPPA: f32 = 0.552_284_8;

struct Faces {
    regular: Font,
    bold: Font,
}

fn failed(what: &str) -> Error {
    Error::new(Code::Internal, format!("the PDF cannot be written: {what}"), "report this with the log")
}

pub(crate) fn write(placed: Placed, data: &ReportData, story: &Story) -> Result<Vec<u8>> {
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or_else(|| failed("the bundled font"));
    let faces = Faces { regular: font(REGULAR)?, bold: font(BOLD)? };
    let mut document = Document::new_with(SerializeSettings { enable_tagging: false, ..SerializeSettings::default() });
    document.set_metadata(metadata(data, story));
    for marks in &placed.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| failed("the page size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, &faces, mark);
        }
        surface.finish();
        page.finish();
    }
    let mut outline = Outline::new();
    for anchor in placed.anchors {
        let place = XyzDestination::new(anchor.page, Point::from_xy(0.0, (anchor.y - 12.0).max(0.0)));
        outline.push_child(OutlineNode::new(anchor.title, place));
    }
    document.set_outline(outline);
    document.finish().map_err(|e| failed(&format!("{e:?}")))
}

fn metadata(data: &ReportData, story: &Story) -> Metadata {
    let made = Timestamp::from_millisecond(data.generated_at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    let small = |n: i8| u8::try_from(n).unwrap_or(0);
    let date = DateTime::new(u16::try_from(made.year()).unwrap_or(1970))
        .month(small(made.month()))
        .day(small(made.day()))
        .hour(small(made.hour()))
        .minute(small(made.minute()))
        .second(small(made.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(format!("{}: {}", story.business, story.period))
        .description("KPIs, findings and decisions of the period".to_owned())
        .language("en".to_owned())
        .creator(format!("EpochCore {}", data.version))
        .creation_date(date)
}

fn fill(ink: Ink) -> Fill {
    let (r, g, b) = ink.rgb;
    Fill { paint: rgb::Color::new(r, g, b).into(), opacity: opacity(ink), ..Fill::default() }
}

fn opacity(ink: Ink) -> NormalizedF32 {
    NormalizedF32::new(ink.alpha).unwrap_or(NormalizedF32::ONE)
}

fn path(points: &[(f32, f32)], close: bool) -> Option<Path> {
    let (first, rest) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(first.0, first.1);
    for (x, y) in rest {
        path.line_to(*x, *y);
    }
    if close {
        path.close();
    }
    path.finish()
}

fn circle(x: f32, y: f32, r: f32) -> Option<Path> {
    let k = r * KAPPA;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}

fn draw(surface: &mut Surface, faces: &Faces, mark: &Mark) {
    match mark {
        Mark::Text { x, y, size, line, ink } => {
            let glyphs: Vec<KrillaGlyph> = line
                .glyphs
                .iter()
                .map(|g| KrillaGlyph::new(GlyphId::new(g.id), g.advance, g.dx, g.dy, 0.0, g.range.clone(), None))
                .collect();
            if glyphs.is_empty() {
                return;
            }
            let font = if line.weight == Weight::Bold { &faces.bold } else { &faces.regular };
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink)));
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, font.clone(), &line.text, *size, false);
        }
        Mark::Fill { points, ink } => area(surface, path(points, true), *ink),
        Mark::Dot { x, y, r, ink } => area(surface, circle(*x, *y, *r), *ink),
        Mark::Stroke { points, width, ink } => {
            let Some(path) = path(points, false) else { return };
            let (r, g, b) = ink.rgb;
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: rgb::Color::new(r, g, b).into(),
                width: *width,
                opacity: opacity(*ink),
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                ..Stroke::default()
            }));
            surface.draw_path(&path);
        }
    }
}

fn area(surface: &mut Surface, path: Option<Path>, ink: Ink) {
    if let Some(path) = path {
        surface.set_stroke(None);
        surface.set_fill(Some(fill(ink)));
        surface.draw_path(&path);
    }
}
