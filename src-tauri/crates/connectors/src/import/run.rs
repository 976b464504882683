//! The import itself: rows to batches, batches to the sink, everything accounted for.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use epoch_model::business::Mapping;
use epoch_model::event::{EventBatch, EventView, Rejection, event_id};
use epoch_model::time::Millis;
use epoch_model::{Code, Result};

use super::bytes::Change;
use super::deliver::Deliver;
use super::identity::{Digest, Occurrences};
use super::mapper::Mapper;
use super::open;
use super::record::{Kind, Reason, Record, Rows};
use super::rejects::Rejects;
use super::sniff::Sniffed;
use super::types::{Checkpoint, Context, ImportReport, Progress};

/// Events of a batch.
const BATCH_EVENTS: usize = 1000;
/// Text of a batch.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Rows without an event after which the checkpoint moves all the same.
const BATCH_ROWS: u64 = 10_000;
/// Rejected lines handed to the sink at once.
const REJECTIONS_MAX: usize = 1000;

/// See [`super::run`].
pub fn run(path: &Path, mapping: &Mapping, mut ctx: Context<'_>) -> Result<ImportReport> {
    if let Some(resume) = ctx.resume.take().filter(|c| c.rows > 0) {
        if let Some(report) = Import::open(path, mapping, &mut ctx, Some(&resume))? {
            return report.finish();
        }
        let mut import = Import::must_open(path, mapping, &mut ctx)?;
        import.notes.push("the file is not the one that was begun, so it was read from the start".into());
        return import.finish();
    }
    Import::must_open(path, mapping, &mut ctx)?.finish()
}

struct Import<'a, 'b> {
    ctx: &'b mut Context<'a>,
    found: Sniffed,
    mapper: Mapper,
    rows: Box<dyn Rows>,
    record: Record,
    digest: Digest,
    occurrences: Occurrences,
    deliver: Deliver<'a>,
    rejects: Rejects,
    rejections: Vec<Rejection>,
    /// Everything read, committed or not.
    read: Checkpoint,
    batch: EventBatch,
    batch_from: u64,
    begun: Instant,
    begun_rows: u64,
    begun_bytes: u64,
    span: Option<(Millis, Millis)>,
    notes: Vec<String>,
}

impl<'a, 'b> Import<'a, 'b> {
    fn must_open(path: &Path, mapping: &Mapping, ctx: &'b mut Context<'a>) -> Result<Self> {
        let fault = || epoch_model::Error::new(Code::Internal, "the file could not be opened anew", "import it again");
        Self::open(path, mapping, ctx, None)?.ok_or_else(fault)
    }

    /// `None` when the file does not start with what the checkpoint has seen.
    fn open(
        path: &Path,
        mapping: &Mapping,
        ctx: &'b mut Context<'a>,
        resume: Option<&Checkpoint>,
    ) -> Result<Option<Self>> {
        let mut found = Sniffed::open(path, Some(mapping))?;
        let mapper = open::mapper(&mut found, mapping, ctx.zone)?;
        let rows = found.rows()?;
        found.sample = Vec::new();
        let notes = found.problems.iter().map(|p| format!("{}; {}", p.message, p.hint)).collect();
        let start = resume.cloned().unwrap_or_default();
        let mut import = Self {
            deliver: Deliver::new(ctx.sink, start.clone()),
            rejects: Rejects::open(ctx.rejected_dir, path, found.source.head(), resume)?,
            batch: EventBatch::new(ctx.source, (ctx.received)()),
            ctx,
            found,
            mapper,
            rows,
            record: Record::default(),
            digest: Digest::default(),
            occurrences: Occurrences::default(),
            rejections: Vec::new(),
            batch_from: start.rows,
            read: start,
            begun: Instant::now(),
            begun_rows: 0,
            begun_bytes: 0,
            span: None,
            notes,
        };
        let skipped = resume.is_none_or(|c| c.rows == 0) || import.skip()?;
        import.begun_rows = import.read.rows;
        import.begun_bytes = import.found.source.bytes_read().get();
        Ok(skipped.then_some(import))
    }

    /// Reads over what is committed already, counting identical rows; false when it is not what was seen then.
    fn skip(&mut self) -> Result<bool> {
        for _ in 0..self.read.rows {
            if !self.rows.next(&mut self.record)? {
                return Ok(false);
            }
            self.digest.add(&self.record.raw);
            if matches!(self.record.kind, Kind::Fields | Kind::Json)
                && self.mapper.map(&self.record).is_ok()
                && self.mapper.id_text.is_empty()
            {
                let m = &self.mapper;
                self.occurrences.id(&m.name, &m.unit_text, m.at, &m.props_text);
            }
        }
        Ok(self.digest.0 == self.read.digest)
    }

    fn finish(mut self) -> Result<ImportReport> {
        let result = self.all();
        // What is in flight must come to rest before anybody looks at the outcome.
        let settled = self.deliver.finish();
        let cancelled = result?.is_break();
        settled?;
        self.rejects.flush()?;
        let growing = self.rows.left() || (!cancelled && self.found.source.check()? == Change::Grown);
        let recoded = self.rows.recoded();
        if recoded > 0 {
            self.notes.push(format!("{recoded} lines were not UTF-8 and were read as windows-1252"));
        }
        if self.rejects.is_full() {
            self.notes
                .push(format!("the first {} rejected lines are listed, the others only counted", self.rejects.listed));
        }
        let done = self.deliver.committed.clone();
        Ok(ImportReport {
            rows: done.rows,
            accepted: done.accepted,
            duplicates: done.duplicates,
            rejected: done.rejected_total(),
            rejected_by_reason: done.rejected.clone(),
            blank: done.blank,
            rejected_file: self.rejects.file(),
            bytes: self.found.source.len,
            seconds: self.begun.elapsed().as_secs_f64(),
            cancelled,
            growing,
            span: self.span,
            notes: self.notes,
            checkpoint: done,
        })
    }

    fn all(&mut self) -> Result<ControlFlow<()>> {
        while self.rows.next(&mut self.record)? {
            self.row()?;
            let full = self.batch.len() >= BATCH_EVENTS || self.batch.text_bytes() >= BATCH_BYTES;
            if (full || self.read.rows - self.batch_from >= BATCH_ROWS) && self.send()?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if self.send()?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.deliver.finish()?;
        let progress = self.progress();
        // The work is done; there is nothing left to cancel.
        let _ = (self.ctx.on_progress)(&progress);
        Ok(ControlFlow::Continue(()))
    }

    fn row(&mut self) -> Result<()> {
        self.read.rows = self.read.rows.saturating_add(1);
        self.digest.add(&self.record.raw);
        self.read.digest = self.digest.0;
        let refusal = match &self.record.kind {
            Kind::Blank => {
                self.read.blank = self.read.blank.saturating_add(1);
                return Ok(());
            }
            Kind::Bad(reason, why) => Some((*reason, why.clone())),
            Kind::Fields | Kind::Json => self.mapper.map(&self.record).err(),
        };
        let refusal = refusal.or_else(|| {
            let m = &self.mapper;
            let id = if m.id_text.is_empty() {
                self.occurrences.id(&m.name, &m.unit_text, m.at, &m.props_text)
            } else {
                event_id(self.ctx.source, &m.id_text)
            };
            let view = EventView { id, time: m.at, name: &m.name, unit: &m.unit_text, props: &m.props_text };
            self.batch.push(view).err().map(|e| (Reason::TooLarge, e.message))
        });
        if let Some((reason, why)) = refusal {
            return self.reject(reason, &why);
        }
        let at = self.mapper.at;
        self.span = Some(self.span.map_or((at, at), |(a, b)| (a.min(at), b.max(at))));
        Ok(())
    }

    fn reject(&mut self, reason: Reason, why: &str) -> Result<()> {
        let (line, raw) = (self.record.line, self.record.raw_text());
        *self.read.rejected.entry(reason.as_str().to_owned()).or_default() += 1;
        self.rejects.add(line, reason.as_str(), why, &raw)?;
        let reason = format!("{}: {why}", reason.as_str());
        self.rejections.push(Rejection { position: line, code: Code::EventInvalid, reason, raw });
        if self.rejections.len() >= REJECTIONS_MAX { self.tell_rejected() } else { Ok(()) }
    }

    fn tell_rejected(&mut self) -> Result<()> {
        if self.rejections.is_empty() {
            return Ok(());
        }
        self.ctx.sink.reject(self.ctx.source, self.batch.received, std::mem::take(&mut self.rejections))
    }

    /// Hands the batch on, after a look at whether the file is still the same.
    fn send(&mut self) -> Result<ControlFlow<()>> {
        if self.read.rows == self.batch_from {
            return Ok(ControlFlow::Continue(()));
        }
        self.found.source.check()?;
        self.tell_rejected()?;
        self.rejects.flush()?;
        (self.read.rejected_bytes, self.read.rejected_listed) = (self.rejects.bytes, self.rejects.listed);
        self.batch_from = self.read.rows;
        let next = EventBatch::new(self.batch.source.clone(), (self.ctx.received)());
        let batch = std::mem::replace(&mut self.batch, next);
        let progress = self.progress();
        let on_progress = &mut *self.ctx.on_progress;
        let mut wait =
            |committed: &Checkpoint| on_progress(&Progress { checkpoint: committed.clone(), ..progress.clone() });
        if self.deliver.submit(batch, self.read.clone(), &mut wait)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let progress = self.progress();
        Ok((self.ctx.on_progress)(&progress))
    }

    fn progress(&self) -> Progress {
        let seconds = self.begun.elapsed().as_secs_f64();
        let total = self.found.source.len;
        let read = match self.rows.share() {
            Some((done, all)) => u64::try_from(u128::from(total) * done as u128 / all.max(1) as u128).unwrap_or(total),
            None => self.found.source.bytes_read().get(),
        };
        let bytes = read.saturating_sub(self.begun_bytes) as f64;
        let per_s = |n: f64| if seconds > 0.0 { n / seconds } else { 0.0 };
        let left = (seconds > 0.2 && bytes > 0.0).then(|| total.saturating_sub(read) as f64 / per_s(bytes));
        Progress {
            bytes_read: read.min(total),
            bytes_total: total,
            rows: self.read.rows,
            rows_per_s: per_s(self.read.rows.saturating_sub(self.begun_rows) as f64),
            seconds_left: left,
            checkpoint: self.deliver.committed.clone(),
        }
    }
}
