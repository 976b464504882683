//! Draws a planned chart with plotters on any canvas.

use epoch_model::Result;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Plan, failed};
use crate::font::FAMILY;
use crate::story::Tone;

/// Plotters takes the height of a line for the size of a font; what it divides by.
pub(crate) const LINE_PER_EM: f64 = 1.24;

pub(crate) const TEXT: RGBColor = RGBColor(0x19, 0x1d, 0x22);
pub(crate) const MUTE: RGBColor = RGBColor(0x63, 0x6c, 0x78);
pub(crate) const LINE: RGBColor = RGBColor(0xe5, 0xe5, 0xdf);
pub(crate) const ACCENT: RGBColor = RGBColor(0x0c, 0x7c, 0x6e);
pub(crate) const GOOD: RGBColor = RGBColor(0x1f, 0x7a, 0x46);
pub(crate) const WARN: RGBColor = RGBColor(0x8f, 0x5f, 0x00);
pub(crate) const BAD: RGBColor = RGBColor(0xb9, 0x3a, 0x28);
pub(crate) const INFO: RGBColor = RGBColor(0x2b, 0x5f, 0xc0);
pub(crate) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

pub(crate) fn tone_color(tone: Tone) -> RGBColor {
    match tone {
        Tone::Plain => MUTE,
        Tone::Good => GOOD,
        Tone::Warn => WARN,
        Tone::Bad => BAD,
    }
}

type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the whole chart; the background stays what it is.
pub(crate) fn draw<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, plan: &Plan) -> Result<()>
where
    DB::ErrorType: 'static,
{
    let mut chart = ChartBuilder::on(root)
        .margin_top(70)
        .margin_right(if plan.goal.is_some() { 640 } else { 90 })
        .set_label_area_size(LabelAreaPosition::Left, 480)
        .set_label_area_size(LabelAreaPosition::Bottom, 170)
        .build_cartesian_2d(plan.x.0..plan.x.1, plan.y.0..plan.y.1)
        .map_err(failed)?;
    grid(root, &chart, plan)?;
    band(&mut chart, plan)?;
    if let Some((at, label)) = &plan.goal {
        let line = DashedLineSeries::new([(plan.x.0, *at), (plan.x.1, *at)], 50, 35, INFO.stroke_width(9));
        chart.draw_series(line).map_err(failed)?;
        text(root, label, chart.backend_coord(&(plan.x.1, *at)), (50, 0), INFO, HPos::Left, VPos::Center)?;
    }
    for run in &plan.runs {
        if let [alone] = run.as_slice() {
            chart.draw_series([Circle::new(*alone, 18, ACCENT.filled())]).map_err(failed)?;
        } else {
            chart.draw_series(LineSeries::new(run.iter().copied(), ACCENT.stroke_width(16))).map_err(failed)?;
        }
    }
    for (x, y, tone) in &plan.marks {
        let rings = [Circle::new((*x, *y), 46, PAPER.filled()), Circle::new((*x, *y), 32, tone_color(*tone).filled())];
        chart.draw_series(rings).map_err(failed)?;
    }
    Ok(())
}

fn grid<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, chart: &Chart<DB>, plan: &Plan) -> Result<()>
where
    DB::ErrorType: 'static,
{
    for (at, label) in &plan.ticks_y {
        let (left, right) = (chart.backend_coord(&(plan.x.0, *at)), chart.backend_coord(&(plan.x.1, *at)));
        root.draw(&PathElement::new(vec![left, right], LINE.stroke_width(6))).map_err(failed)?;
        text(root, label, left, (-60, 0), MUTE, HPos::Right, VPos::Center)?;
    }
    for (at, label) in &plan.ticks_x {
        let foot = chart.backend_coord(&(*at, plan.y.0));
        let first = (*at - plan.x.0).abs() < f64::EPSILON;
        let anchor = if first { HPos::Left } else { HPos::Center };
        text(root, label, foot, (0, 55), MUTE, anchor, VPos::Top)?;
    }
    Ok(())
}

fn band<DB: DrawingBackend>(chart: &mut Chart<DB>, plan: &Plan) -> Result<()>
where
    DB::ErrorType: 'static,
{
    for run in &plan.band {
        let mut edge: Vec<(f64, f64)> = run.iter().map(|b| (b.0, b.3)).collect();
        edge.extend(run.iter().rev().map(|b| (b.0, b.1)));
        if let [(x, p10, _, p90)] = run.as_slice() {
            let bar = PathElement::new(vec![(*x, *p10), (*x, *p90)], ACCENT.mix(0.16).stroke_width(60));
            chart.draw_series([bar]).map_err(failed)?;
            continue;
        }
        chart.draw_series([Polygon::new(edge, ACCENT.mix(0.16).filled())]).map_err(failed)?;
        let middle: Vec<(f64, f64)> = run.iter().map(|b| (b.0, b.2)).collect();
        chart.draw_series(LineSeries::new(middle, ACCENT.mix(0.45).stroke_width(6))).map_err(failed)?;
    }
    Ok(())
}

fn text<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    label: &str,
    at: (i32, i32),
    by: (i32, i32),
    color: RGBColor,
    h: HPos,
    v: VPos,
) -> Result<()>
where
    DB::ErrorType: 'static,
{
    let style = TextStyle::from((FAMILY, 75.0 * LINE_PER_EM).into_font()).color(&color).pos(Pos::new(h, v));
    root.draw(&Text::new(label.to_owned(), (at.0 + by.0, at.1 + by.1), style)).map_err(failed)
}
