//! Which decision a call of a run became.

use epoch_model::decision::Decision;
use epoch_model::error::Result;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::DbResult;

/// Notes the decision of a step of a workflow under the key it was proposed under: `<key>` or `<key>.<attempt>`.
pub fn note_call(db: &Connection, decision: &Decision) -> Result<()> {
    let (Some(proposal), Some(_)) = (&decision.proposal, &decision.origin) else { return Ok(()) };
    let (key, attempt) = proposal.split_once('.').unwrap_or((proposal, "1"));
    db.prepare_cached("INSERT OR IGNORE INTO workflow_calls (key, attempt, decision) VALUES (?,?,?)")
        .db()?
        .execute(params![key, attempt.parse::<u32>().unwrap_or(1), decision.id])
        .db()?;
    Ok(())
}

/// The id of the decision a call became, and of which attempt; the newest attempt's unless one is asked for.
pub fn called(db: &Connection, key: &str, attempt: Option<u32>) -> Result<Option<(u32, String)>> {
    db.prepare_cached(
        "SELECT attempt, decision FROM workflow_calls WHERE key = ?1 AND (?2 IS NULL OR attempt = ?2) \
         ORDER BY attempt DESC LIMIT 1",
    )
    .db()?
    .query_row(params![key, attempt], |r| Ok((r.get(0)?, r.get(1)?)))
    .optional()
    .db()
}
