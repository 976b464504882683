//! The report from the outside: fixed texts, equal bytes, hostile and empty data.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper of a test fails as the test does")]

mod hostile;
mod sample;
mod structure;

use epoch_report::{Kind, ReportData, render};

pub const KINDS: [Kind; 4] = [Kind::Pdf, Kind::Html, Kind::Csv, Kind::Xlsx];

pub fn text(data: &ReportData, kind: Kind) -> String {
    String::from_utf8(render(data, kind).unwrap()).unwrap()
}

#[test]
fn html_of_a_full_report() {
    let page = text(&sample::report(), Kind::Html);
    // The look is in report.css; the words are what is held fast here.
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    insta::assert_snapshot!("html", format!("{head}{body}"));
}

#[test]
fn csv_of_a_full_report() {
    insta::assert_snapshot!("csv", text(&sample::report(), Kind::Csv));
}

#[test]
fn equal_data_give_equal_bytes() {
    let data = sample::report();
    for kind in KINDS {
        assert!(render(&data, kind).unwrap() == render(&data.clone(), kind).unwrap(), "{kind:?}");
    }
}

#[test]
fn an_unknown_timezone_is_refused() {
    let data = ReportData { timezone: "Mars/Base".into(), ..sample::empty() };
    assert_eq!(render(&data, Kind::Html).unwrap_err().code, epoch_model::Code::ConfigInvalid);
}
