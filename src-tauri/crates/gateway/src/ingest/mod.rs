//! What all protocols share: reading a request within bounds, keys, collecting its events, waiting for the commit.

pub(crate) mod basic;
pub(crate) mod body;
pub(crate) mod commit;
pub(crate) mod incoming;
pub(crate) mod intake;

use crate::app::Shared;
use crate::problem::Problem;

/// Bodies above this are decoded on a thread of their own: tens of milliseconds would hold up other requests.
pub(crate) const HEAVY_BYTES: usize = 256 * 1024;

/// Heavy bodies decoded at the same time: each may unfold to the largest batch.
pub(crate) const DECODERS: usize = 4;

/// Runs `work` here, or on a thread for blocking work when it is heavy.
pub(crate) async fn on_its_own_thread<T: Send + 'static>(
    shared: &Shared,
    heavy: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if !heavy {
        return Ok(work());
    }
    let _turn = shared.decoders.acquire().await;
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::busy("transient error, please retry"))
}
