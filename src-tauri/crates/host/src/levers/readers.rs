//! Who reads which lever: bounded, kept every minute.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use epoch_levers::Book;
use epoch_model::Result;
use epoch_model::ports::{Reader, ReaderLog};
use epoch_model::serving::Protocol;
use epoch_model::time::Millis;
use epoch_store::Store;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::machine_now;

/// The meta key of what is known.
pub(crate) const READERS: &str = "levers.readers";
/// Most readers remembered.
const SEEN_MAX: usize = 2_000;
/// Forgotten at once when there are more: those who say least of the levers that exist.
const FORGET: usize = 200;
/// Most of a client's name, and of a lever that does not exist, that is kept.
const TEXT_BYTES_MAX: usize = 120;
/// Time between two notes of who reads.
const KEEP_EVERY_MS: Millis = 60_000;

/// One reader of one lever, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub protocol: Protocol,
    /// SDK and version, as it says of itself.
    pub client: String,
    /// The gateway key it came with.
    pub key: String,
    /// The lever it asked for; `None` for all.
    pub lever: Option<String>,
    /// Machine time.
    pub first: Millis,
    pub last: Millis,
    pub requests: u64,
}

/// Everybody seen.
pub struct Readers {
    book: Arc<dyn Book>,
    seen: Mutex<HashMap<u64, Seen>>,
    hasher: RandomState,
    changed: AtomicBool,
    kept_at: Mutex<Millis>,
}

impl Readers {
    /// Those an earlier run knew.
    pub(crate) fn of(store: &Store, book: Arc<dyn Book>) -> Result<Arc<Self>> {
        let hasher = RandomState::new();
        let seen = known(store)?.into_iter().map(|s| (hash(&hasher, &of(&s)), s)).collect();
        let (changed, kept_at) = (AtomicBool::new(false), Mutex::new(machine_now()));
        Ok(Arc::new(Self { book, seen: Mutex::new(seen), hasher, changed, kept_at }))
    }

    /// Everybody, last seen first.
    pub fn all(&self) -> Vec<Seen> {
        let mut all: Vec<Seen> = self.seen.lock().values().cloned().collect();
        all.sort_by(|a, b| {
            b.last.cmp(&a.last).then_with(|| a.client.cmp(&b.client)).then_with(|| a.lever.cmp(&b.lever))
        });
        all
    }

    /// Notes them in the store if a minute has passed since the last time.
    pub(crate) fn keep_if_due(&self, store: &Store) -> Result<()> {
        let mut at = self.kept_at.lock();
        if machine_now() - *at < KEEP_EVERY_MS {
            return Ok(());
        }
        self.keep(store)?;
        *at = machine_now();
        Ok(())
    }

    /// Notes them in the store if there is news.
    pub(crate) fn keep(&self, store: &Store) -> Result<()> {
        if !self.changed.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        store.put_meta(READERS, Some(&json!(self.all()))).inspect_err(|_| self.changed.store(true, Ordering::Relaxed))
    }

    /// Makes room: first those who asked for levers that do not exist, then who came once, then who came longest ago.
    fn forget(&self, seen: &mut HashMap<u64, Seen>) {
        let compiled = self.book.current();
        let worth = |s: &Seen| (s.lever.as_ref().is_none_or(|l| compiled.flag(l).is_some()), s.requests > 1, s.last);
        let mut order: Vec<(u64, (bool, bool, Millis))> = seen.iter().map(|(id, s)| (*id, worth(s))).collect();
        order.sort_unstable_by_key(|(_, worth)| *worth);
        for (id, _) in order.into_iter().take(FORGET) {
            seen.remove(&id);
        }
    }
}

/// Who was noted in a store, last seen first.
pub(crate) fn known(store: &Store) -> Result<Vec<Seen>> {
    Ok(store.meta(READERS)?.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default())
}

fn of(s: &Seen) -> Reader<'_> {
    Reader { protocol: s.protocol, client: &s.client, key: &s.key, lever: s.lever.as_deref() }
}

fn hash(hasher: &RandomState, r: &Reader<'_>) -> u64 {
    hasher.hash_one((r.protocol, r.client, r.key, r.lever))
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(text)
}

impl ReaderLog for Readers {
    fn read(&self, reader: Reader<'_>) {
        let reader = Reader { client: cut(reader.client), lever: reader.lever.map(cut), ..reader };
        let (id, now) = (hash(&self.hasher, &reader), machine_now());
        let mut seen = self.seen.lock();
        if let Some(known) = seen.get_mut(&id) {
            known.last = now;
            known.requests += 1;
        } else {
            if seen.len() >= SEEN_MAX {
                self.forget(&mut seen);
            }
            let new = Seen {
                protocol: reader.protocol,
                client: reader.client.to_owned(),
                key: reader.key.to_owned(),
                lever: reader.lever.map(str::to_owned),
                first: now,
                last: now,
                requests: 1,
            };
            seen.insert(id, new);
        }
        drop(seen);
        self.changed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use epoch_levers::Compiled;
    use epoch_model::serving::Flag;

    use super::*;

    struct One(Arc<Compiled>);

    impl Book for One {
        fn current(&self) -> Arc<Compiled> {
            Arc::clone(&self.0)
        }
        fn on_change(&self, _: Box<dyn Fn(u64) + Send + Sync>) {}
    }

    fn readers(flags: Vec<Flag>) -> Readers {
        Readers {
            book: Arc::new(One(Arc::new(Compiled::new(flags, 1)))),
            seen: Mutex::default(),
            hasher: RandomState::new(),
            changed: AtomicBool::default(),
            kept_at: Mutex::default(),
        }
    }

    #[test]
    fn who_comes_again_is_counted_and_invented_levers_crowd_nobody_out() {
        let readers = readers(Vec::new());
        let come = |client: &str, lever: Option<&str>| {
            readers.read(Reader { protocol: Protocol::Ofrep, client, key: "web", lever });
        };
        for _ in 0..3 {
            come("shop/1.0", None);
        }
        for i in 0..SEEN_MAX * 2 {
            come("evil", Some(&format!("made-up-{i}")));
        }
        let all = readers.all();
        assert!(all.len() <= SEEN_MAX, "{}", all.len());
        let shop: Vec<&Seen> = all.iter().filter(|s| s.client == "shop/1.0").collect();
        assert_eq!((shop.len(), shop[0].requests), (1, 3));
        assert!(all.iter().any(|s| s.lever.as_deref() == Some(&format!("made-up-{}", SEEN_MAX * 2 - 1))), "the newest");
        let long = "x".repeat(5_000);
        come(&long, Some(&long));
        assert!(readers.all().iter().all(|s| s.client.len() <= TEXT_BYTES_MAX));
    }
}
