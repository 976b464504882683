//! Hands a request's events to the log and waits until they are in it.

use epoch_model::event::Receipt;
use tokio::sync::oneshot;

use super::intake::Taken;
use crate::app::Shared;
use crate::problem::Problem;

/// Submits the good events, waits for their commit, then records the bad ones. Any failure asks the sender to retry: ids
/// make the retry harmless.
pub(crate) async fn commit(shared: &Shared, taken: Taken) -> Result<Receipt, Problem> {
    let Taken { source, batch, rejections, .. } = taken;
    let received = batch.received;
    let receipt = if batch.is_empty() {
        Receipt::default()
    } else {
        let (done, committed) = oneshot::channel();
        shared.config.sink.submit(
            batch,
            Box::new(move |result| {
                // The sender may have hung up meanwhile; the events stay.
                let _ = done.send(result);
            }),
        )?;
        match tokio::time::timeout(shared.config.limits.commit_timeout, committed).await {
            Ok(Ok(result)) => result?,
            Ok(Err(_)) | Err(_) => return Err(Problem::busy("transient error, please retry")),
        }
    };
    if !rejections.is_empty() {
        let sink = shared.config.sink.clone();
        let recorded = tokio::task::spawn_blocking(move || sink.reject(&source, received, rejections)).await;
        recorded.map_err(|_| Problem::busy("transient error, please retry"))??;
    }
    Ok(receipt)
}
