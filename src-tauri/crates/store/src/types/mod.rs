//! What the store takes and answers, as plain types.

mod events;
mod people;
mod records;
mod upkeep;
mod workflows;

pub use events::{
    EventKind, EventRow, ImportMark, Property, RejectionDone, RejectionRow, RowsPage, RowsQuery, SegmentMatch,
    SourceState,
};
pub use people::{EraseReport, Mention, Person};
pub use records::{
    DecisionFilter, Entry, GatewayKey, InsightFilter, KeyKind, LeverRow, NewEffect, OutboxItem, OutboxResult,
    OutboxState, Scored,
};
pub use upkeep::{AuditProblem, AuditReport, Change, Check, RebuildReport};
pub use workflows::{DefinitionRow, OpenRun, RunFilter, RunRow, RunWrite};
