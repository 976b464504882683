//! Tables whose rows wrap and break over pages, with the head repeated.

use super::flow::{Flow, LEFT, WIDTH, quiet};
use super::ink::{Ink, rule};
use super::text::{Line, Style, wrap};
use crate::chart::LINE;

/// Space between columns, and above and below a row's text.
const GAP: f32 = 14.0;
const PAD: f32 = 4.5;

/// A column: its head, its part of the width, and whether it holds figures.
pub(crate) struct Column {
    pub head: &'static str,
    pub part: f32,
    pub right: bool,
}

/// A column of text.
pub(crate) const fn words(head: &'static str, part: f32) -> Column {
    Column { head, part, right: false }
}

/// A column of figures.
pub(crate) const fn figures(head: &'static str, part: f32) -> Column {
    Column { head, part, right: true }
}

/// A cell: paragraphs with their styles, one under the other.
pub(crate) type Cell<'a> = Vec<(&'a str, Style)>;

struct Place {
    x: f32,
    width: f32,
    right: bool,
}

fn places(columns: &[Column]) -> Vec<Place> {
    let room = WIDTH - GAP * (columns.len().saturating_sub(1)) as f32;
    let sum: f32 = columns.iter().map(|c| c.part).sum();
    let mut x = LEFT;
    columns
        .iter()
        .map(|c| {
            let width = room * c.part / sum.max(f32::EPSILON);
            let place = Place { x, width, right: c.right };
            x += width + GAP;
            place
        })
        .collect()
}

/// Draws a table from the current place on.
pub(crate) fn table(flow: &mut Flow, columns: &[Column], rows: &[Vec<Cell>]) {
    let places = places(columns);
    head(flow, columns, &places);
    for row in rows {
        let mut cells: Vec<Vec<Line>> = row
            .iter()
            .zip(&places)
            .map(|(cell, place)| {
                cell.iter().flat_map(|(text, style)| wrap(flow.fonts, text, *style, place.width)).collect()
            })
            .collect();
        let height = cells.iter().map(|c| tall(c)).fold(0.0, f32::max);
        if height + 2.0 * PAD > flow.left() && height + 2.0 * PAD < Flow::whole() - 40.0 {
            flow.turn();
            head(flow, columns, &places);
        }
        // A row higher than a page goes on over as many as it needs.
        loop {
            flow.skip(PAD);
            let top = flow.y;
            let room = flow.left() - PAD;
            let mut used: f32 = 0.0;
            for (cell, place) in cells.iter_mut().zip(&places) {
                used = used.max(pour(flow, cell, place, top, room));
            }
            flow.skip(used + PAD);
            if cells.iter().all(Vec::is_empty) {
                break;
            }
            flow.turn();
            head(flow, columns, &places);
        }
        let y = flow.y;
        flow.marks.push(rule(LEFT, y, WIDTH, 0.5, Ink::from(LINE)));
    }
}

fn head(flow: &mut Flow, columns: &[Column], places: &[Place]) {
    let cells: Vec<Vec<Line>> =
        columns.iter().zip(places).map(|(c, p)| wrap(flow.fonts, c.head, quiet(8.0), p.width)).collect();
    let height = cells.iter().map(|c| tall(c)).fold(0.0, f32::max);
    flow.need(height + 60.0);
    let top = flow.y;
    for (mut cell, place) in cells.into_iter().zip(places) {
        pour(flow, &mut cell, place, top, f32::INFINITY);
    }
    flow.skip(height + 3.0);
    let y = flow.y;
    flow.marks.push(rule(LEFT, y, WIDTH, 0.9, Ink::from(crate::chart::MUTE).faded(0.5)));
}

fn tall(lines: &[Line]) -> f32 {
    lines.iter().map(|l| l.style.leading()).sum()
}

/// Draws as many lines of a cell as there is room for, takes them out of it and says how high they are.
fn pour(flow: &mut Flow, cell: &mut Vec<Line>, place: &Place, top: f32, room: f32) -> f32 {
    let mut used = 0.0;
    let fit = cell
        .iter()
        .take_while(|l| {
            let fits = used + l.style.leading() <= room;
            used += if fits { l.style.leading() } else { 0.0 };
            fits
        })
        .count();
    let mut y = top;
    for line in cell.drain(..fit) {
        let x = if place.right { place.x + place.width - line.width() } else { place.x };
        let leading = line.style.leading();
        flow.line_at(line, x, y);
        y += leading;
    }
    y - top
}
