//! Places for connections. When all are taken, the connection that has been idle longest gives up its own: whoever has
//! something to send is not kept out by those who only sit there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

const RESERVE: usize = 64;

#[derive(Default)]
struct Idle {
    next: u64,
    /// The oldest first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    /// A place is needed and nobody was idle: the next to rest gives up its own.
    wanted: bool,
}

/// All places.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Kept free while there are idle ones, so that arrivals need not wait for somebody to go.
    reserve: usize,
    idle: Arc<Mutex<Idle>>,
}

impl Places {
    pub(super) fn new(number: usize) -> Self {
        let free = Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)));
        Self { free, reserve: RESERVE.min(number / 8), idle: Arc::default() }
    }

    /// A place; waits while all are taken by connections that are at work.
    pub(super) async fn take(&self) -> Option<Place> {
        let permit = if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            if self.free.available_permits() < self.reserve {
                self.dismiss_oldest();
            }
            permit
        } else {
            if !self.dismiss_oldest() {
                lock(&self.idle).wanted = true;
            }
            let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
            lock(&self.idle).wanted = false;
            permit
        };
        let place = Place { idle: Arc::clone(&self.idle), dismissed: Arc::new(Notify::new()), _permit: permit };
        Some(place)
    }

    fn dismiss_oldest(&self) -> bool {
        let oldest = lock(&self.idle).waiting.pop_first();
        oldest.is_some_and(|(_, oldest)| {
            oldest.notify_one();
            true
        })
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
        let presence =
            Presence { idle: Arc::clone(&self.idle), dismissed: Arc::clone(&self.dismissed), at: Mutex::default() };
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
        if std::mem::take(&mut idle.wanted) {
            self.dismissed.notify_one();
            return;
        }
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

    type Taken = (Place, Arc<Presence>);

    fn asked(places: &Places) -> tokio::task::JoinHandle<Taken> {
        let places = places.clone();
        tokio::spawn(async move { seated(places.take().await) })
    }

    fn seated(place: Option<Place>) -> Taken {
        let place = place.unwrap();
        let presence = Arc::new(place.presence());
        (place, presence)
    }

    async fn is_dismissed(taken: &Taken) -> bool {
        tokio::time::timeout(Duration::from_millis(20), taken.0.dismissed()).await.is_ok()
    }

    #[tokio::test]
    async fn the_one_idle_longest_makes_room() {
        let places = Places::new(2);
        let (a, b) = (seated(places.take().await), seated(places.take().await));
        let work = a.1.work();
        let waiting = asked(&places);
        assert!(is_dismissed(&b).await && !is_dismissed(&a).await);
        assert!(!waiting.is_finished(), "its place is free only when it has gone");
        drop(b);
        let c = waiting.await.unwrap();
        // Done with its work, the first has been idle for a shorter time.
        drop(work);
        let waiting = asked(&places);
        assert!(is_dismissed(&c).await && !is_dismissed(&a).await);
        drop(c);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn with_all_at_work_the_first_to_rest_makes_room() {
        let places = Places::new(2);
        let (a, b) = (seated(places.take().await), seated(places.take().await));
        let (_a_works, b_works) = (a.1.work(), b.1.work());
        let waiting = asked(&places);
        assert!(!is_dismissed(&a).await && !is_dismissed(&b).await);
        drop(b_works);
        assert!(is_dismissed(&b).await);
        drop(b);
        let c = waiting.await.unwrap();
        // Nobody waits any more: whoever rests keeps its place.
        drop(c.1.work());
        assert!(!is_dismissed(&c).await);
    }
}
