//! The report as A4 pages: our own layout over krilla, which only writes what was placed.
//!
//! Content is placed as [`ink::Mark`]s on pages first, so that page numbers know their total and nothing of the layout
//! depends on the file format.

mod canvas;
mod flow;
mod ink;
mod parts;
mod table;
mod text;
mod write;

use epoch_model::Result;
use epoch_model::time::Zone;

use crate::chart::Plan;
use crate::data::ReportData;
use crate::font::Fonts;
use crate::story::Story;
use flow::Flow;

/// Renders the report.
pub(crate) fn render(data: &ReportData, story: &Story, zone: &Zone) -> Result<Vec<u8>> {
    let fonts = Fonts::open()?;
    let mut flow = Flow::new(&fonts);
    parts::head(&mut flow, story);
    parts::overview(&mut flow, story);
    for (kpi, words) in data.kpis.iter().zip(&story.kpis) {
        parts::kpi(&mut flow, words, Plan::of(kpi, data, zone).as_ref())?;
    }
    parts::insights(&mut flow, story);
    parts::decisions(&mut flow, story);
    parts::notes(&mut flow, story);
    write::write(flow.finish(story), data, story)
}
