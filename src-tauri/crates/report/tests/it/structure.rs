//! What each format must contain, looked at without a reader of the format.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use epoch_report::{Kind, render};

use crate::{sample, text};

/// Pages of a PDF, from its page tree.
pub fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    assert!(text.starts_with("%PDF-1.") && text.trim_end().ends_with("%%EOF"));
    let at = text.find("/Type /Pages").or_else(|| text.find("/Type/Pages")).unwrap();
    let rest = text[at..].split_once("/Count").unwrap().1;
    rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[test]
fn a_pdf_has_its_pages_and_dates() {
    let pdf = render(&sample::report(), Kind::Pdf).unwrap();
    assert_eq!(pages(&pdf), 3);
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("D:20261129084112Z") || text.contains("D:20261129084112+00"), "made at the given time");
    assert!(pdf.len() < 200_000, "fonts are cut to what is used: {}", pdf.len());
    assert_eq!(pages(&render(&sample::empty(), Kind::Pdf).unwrap()), 1);
}

#[test]
fn long_tables_go_on_over_pages() {
    let mut data = sample::report();
    let one = data.decisions[0].clone();
    data.decisions = (0..90).map(|_| one.clone()).collect();
    assert!((7..12).contains(&pages(&render(&data, Kind::Pdf).unwrap())));
    data.decisions = (0..300).map(|_| one.clone()).collect();
    let page = text(&data, Kind::Html);
    assert!(page.contains("200 decisions more in the workbook") && page.matches("dec_000001").count() == 100);
}

#[test]
fn a_workbook_has_real_dates_and_numbers() {
    let bytes = render(&sample::report(), Kind::Xlsx).unwrap();
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["KPIs", "Series", "Insights", "Decisions", "Segments"]);
    let series = book.worksheet_range("Series").unwrap();
    assert_eq!(series.height(), 1 + 5 * 28);
    // 1 November 2026, local midnight, in days since Excel's epoch.
    assert!(matches!(series.get_value((1, 1)), Some(Data::DateTime(d)) if (d.as_f64() - 46_327.0).abs() < 1e-9));
    assert!(matches!(series.get_value((1, 2)), Some(Data::Float(_))));
    assert_eq!(book.worksheet_range("Decisions").unwrap().height(), 5);
}

#[test]
fn a_page_is_self_contained() {
    let page = text(&sample::report(), Kind::Html);
    for outside in ["<script", "http://", "https://", "@import", "url(", "<link", "<img"] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg ").count(), 4);
    assert_eq!(page.matches("role=\"img\"").count(), 4);
}

#[test]
fn empty_reports_say_so() {
    let page = text(&sample::empty(), Kind::Html);
    for words in ["No KPI is defined yet.", "Nothing unusual was found", "No decision was taken"] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(text(&sample::empty(), Kind::Csv), "metric,start,value,numerator,denominator,events,p10,p50,p90\r\n");
    let page = text(&sample::report(), Kind::Html);
    assert!(page.contains("no data") && page.contains("No data in this period"));
}
