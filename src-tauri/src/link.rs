//! What the shell has to say to the page: one stream of messages, so that the page needs no permission for events.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Messages kept for a page that is not listening yet; more than a start can produce, the oldest are let go.
const WAITING_MAX: usize = 64;
/// A reload leaves its channel behind until the first failed send; there are never more than a few.
const LISTENERS_MAX: usize = 16;

/// One message to the page. `ui/src/lib/backend/contract.ts` has the same list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// Views on these topics are stale.
    Changes {
        /// As in the command list: `kpis`, `decisions`, `status`, …
        topics: Vec<String>,
    },
    /// Go to this address of the console, e.g. `/approvals/dec_000001`.
    Open {
        /// Starts with a slash.
        path: String,
    },
    /// Files are held over the window (`true`) or no longer (`false`).
    Hover {
        /// Whether to show where they can be dropped.
        over: bool,
    },
    /// Files were dropped on the window.
    Files {
        /// Absolute paths.
        paths: Vec<PathBuf>,
    },
}

type Listener = Box<dyn Fn(&Message) -> bool + Send>;

#[derive(Default)]
struct Inner {
    listeners: Vec<(String, Listener)>,
    waiting: VecDeque<Message>,
}

/// The pages that listen. A message sent before the first page listens waits for it.
#[derive(Default)]
pub struct Link {
    inner: Mutex<Inner>,
}

impl Link {
    /// Adds a page; `send` answers `false` when the page is gone. A window listens once: a reload replaces its listener.
    pub fn listen(&self, window: &str, send: impl Fn(&Message) -> bool + Send + 'static) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut inner.waiting);
        waiting.iter().all(&send);
        inner.listeners.retain(|(label, _)| label != window);
        if inner.listeners.len() < LISTENERS_MAX {
            inner.listeners.push((window.to_owned(), Box::new(send)));
        }
    }

    /// Sends to every page, or keeps the message for the first one. Stale topics need no keeping: a new page reads all.
    pub fn send(&self, message: Message) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.listeners.retain(|(_, send)| send(&message));
        if inner.listeners.is_empty() && !matches!(message, Message::Changes { .. } | Message::Hover { .. }) {
            if inner.waiting.len() == WAITING_MAX {
                inner.waiting.pop_front();
            }
            inner.waiting.push_back(message);
        }
    }

    /// Asks the page to go to an address.
    pub fn open(&self, path: String) {
        self.send(Message::Open { path });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn waits_for_the_first_page_and_forgets_pages_that_are_gone() {
        let link = Link::default();
        let seen = Arc::new(AtomicUsize::new(0));
        link.open("/kpis".into());
        link.send(Message::Changes { topics: vec!["kpis".into()] });
        let count = Arc::clone(&seen);
        link.listen("main", move |_| count.fetch_add(1, Ordering::Relaxed) < 2);
        assert_eq!(seen.load(Ordering::Relaxed), 1, "the address waited, the stale topic did not");
        link.open("/today".into());
        link.open("/today".into());
        assert_eq!(seen.load(Ordering::Relaxed), 3, "the third send failed");
        link.open("/today".into());
        assert_eq!(seen.load(Ordering::Relaxed), 3, "the page is gone");
    }

    #[test]
    fn keeps_a_bounded_number() {
        let link = Link::default();
        for i in 0..WAITING_MAX + 5 {
            link.open(format!("/{i}"));
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        link.listen("main", move |m| {
            all.lock().unwrap().push(m.clone());
            true
        });
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), WAITING_MAX);
        assert_eq!(seen[0], Message::Open { path: "/5".into() });
    }
}
