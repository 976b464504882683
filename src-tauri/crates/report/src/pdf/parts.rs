//! The parts of the report, in order.

use epoch_model::Result;
use plotters::prelude::IntoDrawingArea;

use super::canvas::Canvas;
use super::flow::{Flow, LEFT, WIDTH, plain, quiet, strong};
use super::ink::{Ink, Mark, rect, single};
use super::table::{Cell, figures, table, words};
use super::text::{Line, Style, wrap};
use crate::chart::{ACCENT, INFO, LINE, Plan, SIZE, UNIT, draw, tone_color};
use crate::format::NONE;
use crate::story::{InsightText, KpiText, SegmentText, Story, Tone};

fn toned(style: Style, tone: Tone) -> Style {
    Style { ink: tone_color(tone).into(), ..style }
}

pub(super) fn head(flow: &mut Flow, story: &Story) {
    let accent = Ink::from(ACCENT);
    let y = flow.y - 22.0;
    flow.marks.push(rect(LEFT, y, 34.0, 3.0, accent));
    flow.paragraph(&story.business, strong(23.0), 0.0);
    flow.paragraph(&format!("KPIs and decisions, {}", story.period), quiet(11.5), 0.0);
    flow.skip(12.0);
    flow.paragraph(&story.lead, plain(10.5), 0.0);
}

pub(super) fn overview(flow: &mut Flow, story: &Story) {
    flow.heading("KPIs at a glance", 60.0);
    if story.kpis.is_empty() {
        return flow.paragraph("No KPI is defined yet.", quiet(9.5), 0.0);
    }
    let columns = [
        words("KPI", 2.6),
        figures("This period", 1.25),
        figures("Period before", 1.25),
        figures("Change", 1.1),
        words("Goal", 1.6),
        words("Standing", 2.3),
    ];
    let rows: Vec<Vec<Cell>> = story
        .kpis
        .iter()
        .map(|k| {
            vec![
                vec![(k.title.as_str(), strong(9.0))],
                vec![(k.value.as_str(), plain(9.0))],
                vec![(k.previous.as_str(), quiet(9.0))],
                vec![(k.change.as_str(), toned(plain(9.0), k.tone))],
                vec![(k.goal.as_str(), quiet(8.5))],
                vec![(k.note.as_str(), quiet(8.5))],
            ]
        })
        .collect();
    table(flow, &columns, &rows);
    flow.heading("KPIs in detail", 190.0);
    legend(flow);
}

fn legend(flow: &mut Flow) {
    let (y, accent) = (flow.y + 7.5, Ink::from(ACCENT));
    let mut x = LEFT;
    for (i, label) in ["seen", "expected (80\u{a0}%) with its middle", "finding", "goal"].into_iter().enumerate() {
        match i {
            0 => flow.marks.push(rect(x, y - 0.8, 14.0, 1.6, accent)),
            1 => {
                flow.marks.push(rect(x, y - 4.0, 14.0, 8.0, accent.faded(0.16)));
                flow.marks.push(rect(x, y - 0.3, 14.0, 0.6, accent.faded(0.45)));
            }
            2 => flow.marks.push(Mark::Dot { x: x + 7.0, y, r: 3.2, ink: tone_color(Tone::Bad).into() }),
            _ => (0..2).for_each(|n| flow.marks.push(rect(x + n as f32 * 8.5, y - 0.45, 5.0, 0.9, INFO.into()))),
        }
        let Some(line) = wrap(flow.fonts, label, quiet(8.0), WIDTH).pop() else { continue };
        let width = line.width();
        flow.line_at(line, x + 19.0, y - 5.6);
        x += 19.0 + width + 22.0;
    }
    flow.skip(18.0);
}

/// A KPI with its chart, kept together on one page.
pub(super) fn kpi(flow: &mut Flow, kpi: &KpiText, plan: Option<&Plan>) -> Result<()> {
    let height = SIZE.1 as f32 / UNIT;
    flow.need(if plan.is_some() { height + 62.0 } else { 62.0 });
    flow.paragraph(&kpi.title, strong(11.0), 0.0);
    flow.paragraph(&kpi.definition, quiet(8.5), 0.0);
    flow.skip(2.0);
    figure(flow, kpi);
    if let Some(plan) = plan {
        flow.need(height);
        let (fonts, y) = (flow.fonts, flow.y);
        let root = Canvas { fonts, x: LEFT, y, marks: &mut flow.marks }.into_drawing_area();
        draw(&root, plan)?;
        drop(root);
        flow.skip(height);
    } else {
        let y = flow.y;
        flow.marks.push(rect(LEFT, y, WIDTH, 26.0, Ink::from(LINE).faded(0.45)));
        flow.skip(6.0);
        flow.paragraph("No data in this period: nothing to draw.", quiet(9.0), 10.0);
        flow.skip(8.0);
    }
    for segment in &kpi.segments {
        shares(flow, segment);
    }
    flow.skip(16.0);
    Ok(())
}

/// The value with its change on one line.
fn figure(flow: &mut Flow, kpi: &KpiText) {
    let mut x = LEFT;
    let known = kpi.value != "no data";
    let value = if known { strong(16.0) } else { quiet(11.0) };
    let before = if kpi.previous == NONE {
        "nothing to compare with".to_owned()
    } else {
        format!("from {} the period before", kpi.previous)
    };
    let mut parts = vec![(kpi.value.clone(), value, 0.0)];
    if kpi.change != NONE {
        parts.push((kpi.change.clone(), toned(strong(9.5), kpi.tone), 4.6));
    }
    if known {
        parts.push((before, quiet(9.0), 5.1));
    }
    if kpi.goal != NONE {
        parts.push((format!("goal {}", kpi.goal), quiet(9.0), 5.1));
    }
    let mut y = flow.y;
    for (text, style, lower) in parts {
        let Some(line) = wrap(flow.fonts, &text, style, WIDTH).into_iter().next() else { continue };
        let width = line.width();
        if x > LEFT && x + width > LEFT + WIDTH {
            (x, y) = (LEFT, y + 15.0);
        }
        flow.line_at(line, x, y + lower);
        x += width + 10.0;
    }
    flow.y = y + if known { 24.0 } else { 17.0 };
}

fn shares(flow: &mut Flow, segment: &SegmentText) {
    const NAME: f32 = 130.0;
    const BAR: f32 = 210.0;
    const FIGURE: f32 = 72.0;
    flow.need(32.0);
    flow.skip(2.0);
    flow.paragraph(&format!("By {}", segment.name), strong(8.5), 0.0);
    let style = plain(8.5);
    for row in &segment.rows {
        for (i, line) in wrap(flow.fonts, &row.value, style, NAME).into_iter().enumerate() {
            flow.need(style.leading());
            let y = flow.y;
            flow.line_at(line, LEFT, y);
            if i == 0 {
                let bar = LEFT + NAME + 10.0;
                flow.marks.push(rect(bar, y + 3.2, BAR, 6.0, Ink::from(LINE).faded(0.6)));
                flow.marks.push(rect(
                    bar,
                    y + 3.2,
                    (BAR * single(row.bar)).max(0.4),
                    6.0,
                    Ink::from(ACCENT).faded(0.75),
                ));
                for (text, right) in [(&row.amount, LEFT + 440.0), (&row.share, LEFT + WIDTH)] {
                    // A figure is never cut: a long one is set smaller.
                    let shaped = flow.fonts.shape(text, style.weight);
                    let size = style.size.min(FIGURE / shaped.width.max(f32::EPSILON));
                    let x = right - shaped.width * size;
                    flow.line_at(Line { shaped, style: Style { size, ..style } }, x, y);
                }
            }
            flow.skip(style.leading());
        }
    }
    if !segment.more.is_empty() {
        flow.paragraph(&segment.more, quiet(8.5), 0.0);
    }
}

pub(super) fn insights(flow: &mut Flow, story: &Story) {
    flow.heading("What was found", 40.0);
    if story.insights.is_empty() {
        flow.paragraph("Nothing unusual was found in this period.", quiet(9.5), 0.0);
    }
    for insight in &story.insights {
        finding(flow, insight);
    }
    if !story.insights_more.is_empty() {
        flow.paragraph(&story.insights_more, quiet(8.5), 0.0);
    }
}

fn finding(flow: &mut Flow, insight: &InsightText) {
    flow.need(44.0);
    let y = flow.y;
    flow.marks.push(Mark::Dot { x: LEFT + 3.0, y: y + 7.2, r: 3.0, ink: tone_color(insight.tone).into() });
    flow.paragraph(&insight.headline, strong(9.5), 14.0);
    flow.paragraph(&format!("{} · {} · {}", insight.kind, insight.when, insight.figures), quiet(8.8), 14.0);
    for driver in &insight.drivers {
        flow.paragraph(&format!("– {driver}"), plain(8.8), 14.0);
    }
    flow.skip(7.0);
}

pub(super) fn decisions(flow: &mut Flow, story: &Story) {
    flow.heading("Decisions", 60.0);
    if story.decisions.is_empty() {
        return flow.paragraph("No decision was taken or scored in this period.", quiet(9.5), 0.0);
    }
    flow.paragraph(&story.calibration, plain(9.5), 0.0);
    flow.skip(6.0);
    let columns = [
        words("Decision", 3.2),
        words("State", 1.1),
        figures("Predicted (80\u{a0}% interval)", 1.8),
        figures("Outcome", 2.4),
    ];
    let texts: Vec<(String, String)> = story
        .decisions
        .iter()
        .map(|d| {
            let about = if d.change.is_empty() {
                format!("{} · {}", d.when, d.id)
            } else {
                format!("{} · {} · {}", d.change, d.when, d.id)
            };
            (about, format!("{}{}", d.verdict, if d.verdict.is_empty() { "" } else { "," }))
        })
        .collect();
    let rows: Vec<Vec<Cell>> = story
        .decisions
        .iter()
        .zip(&texts)
        .map(|(d, (about, verdict))| {
            vec![
                vec![(d.headline.as_str(), strong(9.0)), (about.as_str(), quiet(8.3))],
                vec![(d.state, toned(plain(9.0), d.tone))],
                vec![(d.predicted.as_str(), plain(9.0)), (d.interval.as_str(), quiet(8.3))],
                vec![
                    (d.outcome.as_str(), plain(9.0)),
                    (verdict.as_str(), quiet(8.3)),
                    (d.against_nothing.as_str(), quiet(8.3)),
                ],
            ]
        })
        .collect();
    table(flow, &columns, &rows);
    if !story.decisions_more.is_empty() {
        flow.skip(4.0);
        flow.paragraph(&story.decisions_more, quiet(8.5), 0.0);
    }
}

pub(super) fn notes(flow: &mut Flow, story: &Story) {
    flow.heading("Methods and notes", 30.0);
    for (i, note) in story.notes.iter().enumerate() {
        flow.need(14.0);
        let y = flow.y;
        if let Some(number) = wrap(flow.fonts, &format!("{}", i + 1), quiet(8.3), 14.0).pop() {
            flow.line_at(number, LEFT, y);
        }
        flow.paragraph(note, quiet(8.3), 14.0);
        flow.skip(2.0);
    }
}
