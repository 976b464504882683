//! Putting other aggregates into force: after a change of configuration, or when all was computed from zero.

use std::sync::Arc;

use epoch_model::error::Result;

use super::{Built, Writer};
use crate::aggregate::{Aggregates, Plan};
use crate::checkpoint;
use crate::fault::DbResult;
use crate::types::RebuildReport;

impl Writer {
    /// `built` are aggregates of `plan` computed by the caller up to a position; the rest of the log is added here. Without
    /// them the present ones go on under the new plan, which must want the same records.
    pub(super) fn adopt(&mut self, plan: Arc<Plan>, built: Option<Built>) -> Result<RebuildReport> {
        let Some((mut fresh, upto)) = built else {
            self.checkpoint()?;
            let records = self.shared.aggregates.read().all_records();
            let cells = records.len() as u64;
            let aggregates = Aggregates::load(plan.clone(), records.into_iter())?;
            *self.shared.aggregates.write() = aggregates;
            *self.shared.plan.write() = plan;
            return Ok(RebuildReport { events: self.position, cells, identical: true });
        };
        checkpoint::catch_up(&self.db, &mut fresh, upto, self.position)?;
        let records = fresh.all_records();
        let cells = records.len() as u64;
        let same_plan = self.shared.plan.read().fingerprint() == plan.fingerprint();
        let identical = same_plan && self.shared.aggregates.read().all_records() == records;
        if !identical {
            let tx = self.db.transaction().db()?;
            checkpoint::replace(&tx, &plan, records, self.position)?;
            tx.commit().db()?;
            // Everything is in the checkpoint: nothing is owed, and what `fresh` calls changed is written.
            fresh.take_dirty();
            self.owed.clear();
            self.checkpointed = self.position;
            *self.shared.aggregates.write() = *fresh;
            *self.shared.plan.write() = plan;
        }
        Ok(RebuildReport { events: self.position, cells, identical })
    }
}
