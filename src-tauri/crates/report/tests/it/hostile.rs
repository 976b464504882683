//! Texts and figures nobody should write, and somebody will.

use std::io::Cursor;

use calamine::{Reader, Xlsx, open_workbook_from_rs};
use epoch_report::{Kind, ReportData, render};

use crate::structure::pages;
use crate::{KINDS, sample, text};

/// A report in which every text is this one.
fn spoken(words: &str) -> ReportData {
    let mut data = sample::report();
    (data.business, data.lead) = (words.into(), words.into());
    data.notes = vec![words.into()];
    for kpi in &mut data.kpis {
        (kpi.title, kpi.definition, kpi.note, kpi.unit) =
            (words.into(), words.into(), words.into(), Some(words.into()));
        for share in &mut kpi.segments {
            share.value = words.into();
        }
    }
    for insight in &mut data.insights {
        insight.headline = words.into();
        insight.drivers.iter_mut().for_each(|d| d.value = words.into());
    }
    for decision in &mut data.decisions {
        (decision.headline, decision.dry_run) = (words.into(), words.into());
    }
    data
}

#[test]
fn any_text_renders() {
    let long = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(20);
    let words = [
        "",
        " ",
        "株式会社エポック 日本語",
        "Ωμέγα ΑΕ, Жизнь ООО",
        "שלום עולם مرحبا بالعالم",
        "👩‍👩‍👧‍👦 🚀 e\u{301}\u{302}",
        "\u{202e}gnp.exe\0\u{7}\u{1b}[31m",
        "<script>alert(1)</script> & \"quotes\" 'single' {{ 7 * 7 }} {% raw %}",
        "=HYPERLINK(\"http://evil\")\r\n+1-2@x",
        long.as_str(),
    ];
    for words in words {
        let data = spoken(words);
        for kind in KINDS {
            render(&data, kind).unwrap_or_else(|e| panic!("{words:.30} {kind:?}: {e}"));
        }
    }
}

#[test]
fn a_row_higher_than_a_page_is_not_cut() {
    let mut data = sample::empty();
    let mut decision = sample::report().decisions.remove(0);
    decision.headline = "word ".repeat(3_000);
    data.decisions = vec![decision];
    assert!((4..20).contains(&pages(&render(&data, Kind::Pdf).unwrap())));
}

#[test]
fn html_is_escaped() {
    let page = text(&spoken("<script>alert('x')</script>\"><img src=x onerror=y>{{ 7*7 }}"), Kind::Html);
    assert!(!page.contains("<script") && !page.contains("<img") && page.contains("{{ 7*7 }}"));
}

#[test]
fn formulas_stay_text() {
    let mut data = sample::report();
    for (kpi, key) in data.kpis.iter_mut().zip(["=1+1", "+cmd", "-2", "@x", "a\"b,c\nd"]) {
        kpi.key = key.into();
    }
    let file = text(&data, Kind::Csv);
    for start in ["'=1+1,", "'+cmd,", "'-2,", "'@x,", "\"a\"\"b,c\nd\","] {
        assert!(file.contains(&format!("\r\n{start}")), "{start}");
    }
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(render(&data, Kind::Xlsx).unwrap())).unwrap();
    for sheet in book.sheet_names() {
        assert_eq!(book.worksheet_formula(&sheet).unwrap().used_cells().count(), 0, "{sheet}");
    }
    let kpis = book.worksheet_range("KPIs").unwrap();
    assert_eq!(kpis.get_value((1, 0)), Some(&calamine::Data::String("=1+1".into())));
}

#[test]
fn any_figure_renders() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 0.0, 1e-300]
    {
        let mut data = sample::report();
        for kpi in &mut data.kpis {
            (kpi.value, kpi.previous, kpi.change, kpi.goal) =
                (Some(value), Some(value), Some(value), Some((value, Some(i64::MAX))));
            for (i, point) in kpi.series.points.iter_mut().enumerate() {
                point.value = if i % 2 == 0 { Some(value) } else { point.value };
                (point.numerator, point.denominator) = (value, value);
            }
            kpi.band.iter_mut().for_each(|b| (b.p10, b.p90) = (value, value));
            kpi.segments.iter_mut().for_each(|s| (s.amount, s.share) = (value, value));
        }
        data.insights.iter_mut().for_each(|i| (i.actual, i.p_value) = (value, value));
        (data.from, data.generated_at) = (i64::MIN, i64::MAX);
        for kind in KINDS {
            render(&data, kind).unwrap_or_else(|e| panic!("{value} {kind:?}: {e}"));
        }
    }
}
