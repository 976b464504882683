//! The beginning of the stop, for whoever must end early.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the stop has begun.
#[derive(Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the beginning of the stop.
    pub(crate) async fn requested(&self) {
        // The sender is held by `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
