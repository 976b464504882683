//! The report as one page of HTML: no script, no outside resource, everything escaped; prints well, light and dark.

use epoch_model::time::Zone;
use epoch_model::{Code, Error, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use crate::chart::{self, Plan};
use crate::data::ReportData;
use crate::font::Fonts;
use crate::story::Story;

const PAGE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the page cannot be written: {cause}"), "report this with the log")
}

/// Renders the page.
pub(crate) fn render(data: &ReportData, story: &Story, zone: &Zone) -> Result<Vec<u8>> {
    Fonts::open()?;
    let mut charts = Vec::with_capacity(data.kpis.len());
    for (i, kpi) in data.kpis.iter().enumerate() {
        charts.push(match Plan::of(kpi, data, zone) {
            Some(plan) => Value::from_safe_string(inline(&chart::svg(&plan)?, i)),
            None => Value::from(""),
        });
    }
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(failed)?);
    let page = pages.template_from_named_str("report.html", PAGE).map_err(failed)?;
    let text = page
        .render(
            context! { story => Value::from(Serde(story)), charts, style => Value::from_safe_string(STYLE.to_owned()) },
        )
        .map_err(failed)?;
    Ok(text.into_bytes())
}

/// The drawing as an image with a text alternative that stands beside it.
fn inline(svg: &str, number: usize) -> String {
    svg.replacen("<svg ", &format!("<svg role=\"img\" aria-labelledby=\"chart-{number}\" "), 1)
}
