//! Imports: what a file would become, and how far one is.

use std::path::Path;

use epoch_connectors::import::{ColumnKind, FileFormat, Preview};
use epoch_host::{Host, ImportOutcome};
use epoch_model::Result;
use epoch_model::business::Mapping;

use crate::commands::PreviewArgs;
use crate::describe;
use crate::reads::status::problem;
use crate::views::{ColumnView, EventRow, ImportPreviewView, ImportProgress, ProblemView};

pub(crate) fn import_progress(host: &Host) -> Option<ImportProgress> {
    let job = host.import_job()?;
    let progress = job.progress();
    let (p, outcome) = (progress.as_ref(), job.outcome());
    let checkpoint = p.map(|p| p.checkpoint.clone()).unwrap_or_default();
    let mut view = ImportProgress {
        file: job.path.display().to_string(),
        state: "running".into(),
        bytes_done: p.map_or(0, |p| p.bytes_read),
        bytes_total: p.map_or(0, |p| p.bytes_total),
        rows: p.map_or(0, |p| p.rows),
        rows_per_second: p.map_or(0.0, |p| p.rows_per_s),
        seconds_left: p.and_then(|p| p.seconds_left),
        accepted: checkpoint.accepted,
        duplicates: checkpoint.duplicates,
        rejected: checkpoint.rejected_total(),
        rejected_file: None,
        error: None,
    };
    match outcome {
        ImportOutcome::Running => {}
        ImportOutcome::Done { report } => {
            view.state = if report.cancelled { "cancelled" } else { "done" }.into();
            view.bytes_done = view.bytes_total;
            view.seconds_left = None;
            (view.rows, view.accepted) = (report.rows, report.accepted);
            (view.duplicates, view.rejected) = (report.duplicates, report.rejected);
            view.rejected_file = report.rejected_file.map(|f| f.display().to_string());
        }
        ImportOutcome::Failed { error } => {
            view.state = "failed".into();
            view.seconds_left = None;
            view.error = Some(problem(&error, None));
        }
    }
    Some(view)
}

pub(crate) fn preview(host: &Host, args: &PreviewArgs) -> Result<ImportPreviewView> {
    let preview = host.preview(Path::new(&args.path), args.mapping.as_ref())?;
    let columns = preview
        .columns
        .iter()
        .map(|c| ColumnView {
            name: c.name.clone(),
            kind: kind(c.kind).into(),
            samples: c.samples.clone(),
            used_as: used_as(&preview.mapping, &c.name, &c.expression),
        })
        .collect();
    let findings = preview.findings.iter().map(|f| format!("{}: {} ({})", f.what, f.value, f.reason));
    let guesses = preview.reasons.iter().map(|r| format!("{} = {}: {}", r.field, r.expression, r.reason));
    Ok(ImportPreviewView {
        path: args.path.clone(),
        bytes: preview.bytes,
        format: format(&preview),
        columns,
        reasons: findings.chain(guesses).collect(),
        events: preview.events.iter().enumerate().map(|(i, e)| event(i, e)).collect(),
        problems: preview
            .problems
            .iter()
            .map(|p| ProblemView {
                code: "file_unreadable".into(),
                message: match p.line {
                    Some(line) => format!("line {line}: {}", p.message),
                    None => p.message.clone(),
                },
                hint: p.hint.clone(),
                line: None,
            })
            .collect(),
        rows_estimate: Some(preview.rows_estimate),
        metrics_suggested: describe::suggestions(&preview, &host.business()),
        mapping: preview.mapping,
    })
}

fn event(i: usize, e: &epoch_connectors::import::PreviewEvent) -> EventRow {
    EventRow {
        id: i.to_string(),
        time: e.time,
        received: e.time,
        name: e.name.clone(),
        unit: e.unit.clone(),
        source: crate::writes::FILE_SOURCE.to_owned(),
        props: e.props.clone(),
    }
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Empty => "empty",
        ColumnKind::Number => "number",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Time => "time",
        ColumnKind::Text => "text",
        ColumnKind::Object => "object",
    }
}

fn used_as(mapping: &Mapping, name: &str, expression: &str) -> String {
    let is = |e: &str| e == name || e == expression;
    let fields = [("event", &mapping.event), ("time", &mapping.time), ("unit", &mapping.unit)];
    let mut uses: Vec<&str> = fields.into_iter().filter(|(_, e)| is(e)).map(|(f, _)| f).collect();
    uses.extend(mapping.id.iter().filter(|e| is(e)).map(|_| "id"));
    uses.extend(mapping.props.iter().filter(|(_, e)| is(e)).map(|(p, _)| p.as_str()));
    match (uses.is_empty(), mapping.only_mapped) {
        (false, _) => uses.join(", "),
        (true, true) => String::new(),
        (true, false) => name.to_owned(),
    }
}

fn format(preview: &Preview) -> String {
    let found = |what: &str| preview.findings.iter().find(|f| f.what == what).map(|f| f.value.clone());
    let mut parts = vec![
        match preview.format {
            FileFormat::Csv => "CSV",
            FileFormat::Jsonl => "JSON lines",
            FileFormat::Json => "JSON",
            FileFormat::Xlsx => "Excel workbook",
        }
        .to_owned(),
    ];
    parts.extend(found("delimiter").map(|d| match d.as_str() {
        "," => "comma".to_owned(),
        ";" => "semicolon".to_owned(),
        "\t" | "\\t" => "tab".to_owned(),
        "|" => "pipe".to_owned(),
        other => format!("delimiter {other}"),
    }));
    parts.extend(found("encoding"));
    parts.extend(found("sheet").map(|s| format!("sheet {s}")));
    if preview.gzip {
        parts.push("gzip".into());
    }
    parts.join(", ")
}
