//! Places for connections. When all are taken, the connection that has been idle longest gives up its own: whoever has
//! something to send is not kept out by those who only sit there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

#[derive(Default)]
struct Idle {
    next: u64,
    /// The oldest first.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// All places.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Idle>>,
}

impl Places {
    pub(super) fn new(number: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS))), idle: Arc::default() }
    }

    /// A place; waits while all are taken by connections that are at work.
    pub(super) async fn take(&self) -> Option<Place> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.dismiss_oldest();
                Arc::clone(&self.free).acquire_owned().await.ok()?
            }
        };
        let place = Place { idle: Arc::clone(&self.idle), dismissed: Arc::new(Notify::new()), _permit: permit };
        Some(place)
    }

    fn dismiss_oldest(&self) {
        if let Some((_, oldest)) = lock(&self.idle).waiting.pop_first() {
            oldest.notify_one();
        }
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection's place, given back when dropped.
pub(super) struct Place {
    idle: Arc<Mutex<Idle>>,
    dismissed: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Whether its connection is idle; begins idle.
    pub(super) fn presence(&self) -> Presence {
        let presence = Presence { idle: Arc::clone(&self.idle), dismissed: Arc::clone(&self.dismissed), at: Mutex::default() };
        presence.rest();
        presence
    }

    /// Resolves when the place is needed for another.
    pub(super) async fn dismissed(&self) {
        self.dismissed.notified().await;
    }
}

/// Says when a connection works and when it rests.
pub(super) struct Presence {
    idle: Arc<Mutex<Idle>>,
    dismissed: Arc<Notify>,
    at: Mutex<Option<u64>>,
}

impl Presence {
    /// At work until the guard is dropped.
    pub(super) fn work(self: &Arc<Self>) -> Work {
        self.leave();
        Work(Arc::clone(self))
    }

    fn rest(&self) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle = lock(&self.idle);
        idle.next += 1;
        let number = idle.next;
        idle.waiting.insert(number, Arc::clone(&self.dismissed));
        *at = Some(number);
    }

    fn leave(&self) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = at.take() {
            lock(&self.idle).waiting.remove(&number);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request being answered, its body included.
pub(super) struct Work(Arc<Presence>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.rest();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_one_idle_longest_makes_room() {
        let places = Places::new(3);
        let mut taken = Vec::new();
        for _ in 0..3 {
            let place = places.take().await.unwrap();
            let presence = Arc::new(place.presence());
            taken.push((place, presence));
        }
        // The first works, so the second has been idle longest.
        let work = taken[0].1.work();
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.take().await }
        });
        taken[1].0.dismissed().await;
        assert!(!waiting.is_finished(), "its place is free only when it has gone");
        drop(taken.remove(1));
        assert!(waiting.await.unwrap().is_some());
        // Done with its work, the first is the youngest of the idle.
        drop(work);
        let again = tokio::spawn({
            let places = places.clone();
            async move { places.take().await }
        });
        taken[1].0.dismissed().await;
        let first = tokio::time::timeout(Duration::from_millis(20), taken[0].0.dismissed()).await;
        assert!(first.is_err());
        drop(taken);
        assert!(again.await.unwrap().is_some());
    }
}
