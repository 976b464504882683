//! Putting other aggregates into force: after a change of configuration, an erasure, or when all was computed from zero.

use std::sync::Arc;

use crossbeam_channel::Sender;
use epoch_model::error::Result;

use super::Writer;
use crate::aggregate::{Aggregates, Plan};
use crate::checkpoint::{self, Record};
use crate::fault::DbResult;
use crate::types::RebuildReport;

/// Aggregates computed by the caller.
pub struct Built {
    pub aggregates: Box<Aggregates>,
    /// The position they cover.
    pub upto: u64,
    /// Their records; what changes later is what they call changed.
    pub records: Vec<Record>,
    /// Whether it is asked if they are the same as those in force; nobody commits meanwhile.
    pub compare: bool,
}

/// Whoever waits for aggregates to be in force.
pub type Adopted = Sender<Result<RebuildReport>>;

/// Records that must be written, with the position they cover.
type Unwritten = (Vec<Record>, u64);

/// Records on their way into the database, some per transaction, so that no commit waits for all of them. Until the last one is
/// there the database says that its records are of no plan, and who opens it computes them anew.
pub struct Spill {
    records: Vec<Record>,
    written: usize,
    cleared: bool,
    /// The position that `records` cover.
    upto: u64,
    report: RebuildReport,
    reply: Option<Adopted>,
    /// The last attempt failed: no hurry with the next.
    pub stuck: bool,
}

/// Old records removed in one transaction.
const CLEARED: usize = 4_000;
/// Rows of an old stage removed in one transaction.
const STAGED: usize = 64;
/// Bytes and number of new records written in one transaction.
const BYTES: usize = 1 << 20;
const RECORDS: usize = 4_000;

impl Writer {
    /// The rest of the log is added to `built` here. Without them the present ones go on under the new plan, which must want
    /// the same records.
    pub(super) fn adopt(&mut self, plan: Arc<Plan>, built: Option<Built>, reply: Adopted) {
        match self.put_in_force(plan, built) {
            Ok((report, None)) => {
                let _ = reply.send(Ok(report));
            }
            Ok((report, Some((records, upto)))) => {
                let reply = Some(reply);
                self.spill = Some(Spill { records, written: 0, cleared: false, upto, report, reply, stuck: false });
            }
            Err(e) => {
                let _ = reply.send(Err(e));
            }
        }
    }

    /// Answers what must be written, if anything.
    fn put_in_force(&mut self, plan: Arc<Plan>, built: Option<Built>) -> Result<(RebuildReport, Option<Unwritten>)> {
        while self.spill.is_some() {
            self.spill_some()?;
        }
        let Some(Built { aggregates: mut fresh, upto, records, compare }) = built else {
            self.shared.aggregates.write().follow(plan.clone());
            *self.shared.plan.write() = plan;
            return Ok((RebuildReport { events: self.position, cells: 0, identical: true }, None));
        };
        let added = checkpoint::catch_up(&self.db, &mut fresh, upto, self.position)?;
        let identical = compare && {
            let present = self.shared.aggregates.read().all_records();
            if added == 0 { present == records } else { present == fresh.all_records() }
        };
        let report = RebuildReport { events: self.position, cells: records.len() as u64, identical };
        if identical {
            return Ok((report, None));
        }
        let tx = self.db.transaction().db()?;
        checkpoint::invalidate(&tx)?;
        tx.commit().db()?;
        // What a checkpoint under way still had to write is in `records`, or in what `fresh` calls changed.
        let keeping = std::mem::take(&mut self.keeping);
        let old = std::mem::replace(&mut *self.shared.aggregates.write(), *fresh);
        *self.shared.plan.write() = plan;
        // Nobody who reads or writes waits until they are taken apart. Without a thread they are dropped here.
        let _ = std::thread::Builder::new().name("store-old".into()).spawn(move || drop((old, keeping)));
        Ok((report, Some((records, upto))))
    }

    /// One transaction's worth; tells whoever waits when it was the last, or when it failed (it goes on later, then).
    pub(super) fn spill_on(&mut self) -> bool {
        let Err(e) = self.spill_some() else {
            self.spill.iter_mut().for_each(|spill| spill.stuck = false);
            return true;
        };
        tracing::warn!(error = %e, "the new aggregates are written later");
        if let Some(spill) = &mut self.spill {
            spill.stuck = true;
            if let Some(reply) = spill.reply.take() {
                let _ = reply.send(Err(e));
            }
        }
        false
    }

    fn spill_some(&mut self) -> Result<()> {
        let Some(spill) = &mut self.spill else { return Ok(()) };
        let tx = self.db.transaction().db()?;
        if !spill.cleared {
            let cleared = checkpoint::clear_stage(&tx, STAGED)? && checkpoint::clear_some(&tx, CLEARED)?;
            tx.commit().db()?;
            spill.cleared = cleared;
            return Ok(());
        }
        let rest = &spill.records[spill.written..];
        let mut bytes = 0;
        let fits = |record: &&Record| {
            bytes += record.0.len() + record.1.len();
            bytes <= BYTES
        };
        let now = rest.iter().take(RECORDS).take_while(fits).count().max(rest.len().min(1));
        checkpoint::write_some(&tx, &rest[..now])?;
        let last = now == rest.len();
        if last {
            checkpoint::validate(&tx, &self.shared.plan.read(), spill.upto)?;
        }
        tx.commit().db()?;
        spill.written += now;
        if !last {
            return Ok(());
        }
        // What came since is what the next checkpoint takes.
        self.checkpointed = spill.upto;
        if let Some(Spill { report, reply: Some(reply), .. }) = self.spill.take() {
            let _ = reply.send(Ok(report));
        }
        Ok(())
    }
}
