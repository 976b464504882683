//! Waiting for a decision: a bounded long poll that a revocation ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use epoch_api::clients::EnterArgs;
use epoch_host::clients::{ClientRecord, Credential};
use epoch_model::Result;
use epoch_model::decision::{Decision, State};

use super::inputs::Await;
use super::{Desk, blocking};
use crate::answers::{AwaitAnswer, DecisionAnswer, ended};

/// Longest wait: below the minute after which most clients give up.
const SECONDS_MAX: u64 = 50;
const SECONDS: u64 = 25;
/// Pause between two looks at first …
const STEP: Duration = Duration::from_millis(100);
/// … and after a while.
const STEP_MAX: Duration = Duration::from_millis(500);

pub(super) async fn wait(desk: Arc<Desk>, asked: Await) -> Result<AwaitAnswer> {
    let until = Instant::now() + Duration::from_secs(asked.seconds.unwrap_or(SECONDS).min(SECONDS_MAX));
    let leaves: Option<State> = asked.leaves.map(Into::into);
    let mut step = STEP;
    let mut first: Option<State> = leaves;
    loop {
        let decision = look(&desk, &asked.decision).await?;
        let from = *first.get_or_insert(decision.state);
        let changed = decision.state != from;
        if changed || Instant::now() >= until || (leaves.is_none() && ended(decision.state)) {
            return Ok(AwaitAnswer {
                changed,
                ended: ended(decision.state),
                decision: DecisionAnswer::of(&decision, &desk.client.principal()),
            });
        }
        tokio::time::sleep(step.min(until.saturating_duration_since(Instant::now()))).await;
        step = (step * 5 / 4).min(STEP_MAX);
    }
}

/// The decision as it is, for a client that may still ask.
async fn look(desk: &Arc<Desk>, id: &str) -> Result<Decision> {
    let (desk, id) = (Arc::clone(desk), id.to_owned());
    blocking(move || {
        let credential = Credential::Name(desk.client.id.clone());
        desk.link.ask::<ClientRecord>("enter", EnterArgs { credential, count: false })?;
        desk.one(&id)
    })
    .await
}
