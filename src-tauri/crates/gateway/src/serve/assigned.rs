//! What chance decided is logged before it is answered: event `$assigned`, with the probability that value had.
//!
//! The id is a hash of lever, version, unit, variant and protocol, so a repeat is a duplicate to the store; a bounded
//! memory in front keeps repeats from getting that far. Units are logged as the events of the key's source are kept, so
//! that the two can be joined, and what is to be hashed is nowhere in the clear.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use epoch_model::event::{EventBatch, EventId, EventView};
use epoch_model::serving::{Evaluation, Flag, Protocol};
use serde::Serialize;

use super::value::Plain;
use crate::app::Shared;
use crate::privacy::Door;
use crate::problem::Problem;

/// The source of these events.
pub(crate) const SOURCE: &str = "levers";
/// Their name.
pub(crate) const EVENT: &str = "$assigned";

/// Ids remembered per generation; two generations are kept. Forgetting one costs a duplicate on its way to the store.
const REMEMBERED: usize = 128 * 1024;

/// One evaluation that is about to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assignment<'a> {
    pub flag: &'a Flag,
    pub unit: &'a str,
    pub evaluation: &'a Evaluation,
}

#[derive(Serialize)]
struct Props<'a> {
    lever: &'a str,
    variant: Option<&'a str>,
    value: Plain<'a>,
    experiment: Option<&'a str>,
    rule: Option<&'a str>,
    propensity: f64,
    protocol: Protocol,
    version: u32,
}

#[derive(Default)]
struct Generations {
    young: HashSet<EventId>,
    old: HashSet<EventId>,
}

impl Generations {
    /// Remembers `id`; false when it was known.
    fn insert(&mut self, id: EventId) -> bool {
        if self.young.contains(&id) {
            return false;
        }
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id);
        !self.old.contains(&id)
    }

    fn forget(&mut self, ids: &[EventId]) {
        for id in ids {
            self.young.remove(id);
            self.old.remove(id);
        }
    }
}

/// The log of assignments.
#[derive(Clone, Default)]
pub(crate) struct Assignments(Arc<Mutex<Generations>>);

impl Assignments {
    /// Submits those that chance decided and that are not known yet, under the rules of the source that the key belongs
    /// to. An error means the answer must not be given:
    /// an assignment that nobody knows of cannot be analysed.
    pub(crate) fn log<'a>(
        &self,
        app: &Shared,
        protocol: Protocol,
        source: &str,
        assignments: impl IntoIterator<Item = Assignment<'a>>,
    ) -> Result<(), Problem> {
        let mut fresh: Option<(EventBatch, Vec<EventId>)> = None;
        let mut door = None;
        for assignment in assignments {
            let Some(propensity) = assignment.evaluation.propensity else { continue };
            let door = door.get_or_insert_with(|| Door::new(app.config.privacy.privacy(source)));
            let unit = door.unit(Cow::Borrowed(assignment.unit));
            let assignment = Assignment { unit: &unit, ..assignment };
            let id = id_of(protocol, &assignment);
            if !self.lock().insert(id) {
                continue;
            }
            let (batch, ids) = fresh.get_or_insert_with(|| (EventBatch::new(SOURCE, (app.config.clock)()), Vec::new()));
            if let Err(error) = push(batch, id, protocol, propensity, &assignment) {
                // A unit's id beyond the log's bounds: it could not be joined with anything either.
                tracing::debug!(%error, "an assignment was not logged");
                continue;
            }
            ids.push(id);
        }
        let Some((batch, ids)) = fresh.filter(|(batch, _)| !batch.is_empty()) else { return Ok(()) };
        let (known, sent) = (self.clone(), ids.clone());
        let submitted = app.config.sink.submit(
            batch,
            Box::new(move |result| {
                if let Err(error) = result {
                    tracing::warn!(%error, "assignments were not committed; they are logged again when asked for again");
                    known.lock().forget(&sent);
                }
            }),
        );
        submitted.map_err(|error| {
            self.lock().forget(&ids);
            Problem::from(error)
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(
    batch: &mut EventBatch,
    id: EventId,
    protocol: Protocol,
    propensity: f64,
    assignment: &Assignment<'_>,
) -> epoch_model::Result<()> {
    let Assignment { flag, unit, evaluation } = *assignment;
    let props = Props {
        lever: &flag.key,
        variant: evaluation.variant.as_deref(),
        value: Plain(&evaluation.value),
        experiment: evaluation.experiment.as_deref(),
        rule: evaluation.rule.as_deref(),
        propensity,
        protocol,
        version: flag.version,
    };
    let unserializable = |error: serde_json::Error| {
        epoch_model::Error::new(epoch_model::Code::Internal, error.to_string(), "see the log")
    };
    let props = serde_json::to_string(&props).map_err(unserializable)?;
    batch.push(EventView { id, time: batch.received, name: EVENT, unit, props: &props })
}

fn id_of(protocol: Protocol, assignment: &Assignment<'_>) -> EventId {
    let Assignment { flag, unit, evaluation } = *assignment;
    let mut hasher = blake3::Hasher::new();
    let variant = evaluation.variant.as_deref().unwrap_or_default();
    for part in [flag.key.as_bytes(), &flag.version.to_le_bytes(), unit.as_bytes(), variant.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.update(&[protocol as u8]);
    let mut id = [0; 16];
    id.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut known = Generations::default();
        let id = |n: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_le_bytes());
            id
        };
        for n in 0..=REMEMBERED * 2 {
            assert!(known.insert(id(n)));
        }
        assert!(known.young.len() + known.old.len() <= 2 * REMEMBERED);
        assert!(!known.insert(id(REMEMBERED * 2)) && !known.insert(id(REMEMBERED)));
        assert!(known.insert(id(0)), "the first generation is gone");
        known.forget(&[id(REMEMBERED * 2)]);
        assert!(known.insert(id(REMEMBERED * 2)));
    }
}
