//! The chart of a KPI: values over the band of what was expected, findings marked, the goal where it is comparable.
//!
//! One drawing, two canvases: SVG text for HTML, vectors for pages. Lengths are tenths of a point, so that the integer
//! coordinates of the canvas are finer than what print or screen resolve.

mod draw;
mod plan;

use epoch_model::{Code, Error, Result};
use plotters::prelude::{IntoDrawingArea, SVGBackend};

pub(crate) use draw::{ACCENT, INFO, LINE, LINE_PER_EM, MUTE, TEXT, draw, tone_color};
pub(crate) use plan::Plan;

/// Tenths of a point.
pub(crate) const UNIT: f32 = 10.0;
/// Width and height in tenths of a point: the text width of an A4 page.
pub(crate) const SIZE: (u32, u32) = (5150, 1350);

pub(crate) fn failed(what: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("a chart cannot be drawn: {what}"), "report this with the log")
}

/// The chart as an SVG element without text alternative; the caller gives it one.
pub(crate) fn svg(plan: &Plan) -> Result<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        draw(&root, plan)?;
        root.present().map_err(failed)?;
    }
    Ok(text)
}
