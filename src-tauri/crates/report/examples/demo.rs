//! Renders a made-up report in all formats into the folder given as argument.

#[path = "../tests/it/sample.rs"]
mod sample;

use epoch_report::{Kind, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("give a folder")?;
    for (name, data) in [("full", sample::report()), ("empty", sample::empty())] {
        for (kind, ending) in [(Kind::Pdf, "pdf"), (Kind::Html, "html"), (Kind::Csv, "csv"), (Kind::Xlsx, "xlsx")] {
            std::fs::write(format!("{dir}/{name}.{ending}"), render(&data, kind)?)?;
        }
    }
    Ok(())
}
