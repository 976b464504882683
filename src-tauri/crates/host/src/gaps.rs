//! When nobody listened: the host was closed, or the machine slept. Silence of that time says nothing about the business.

use epoch_model::Result;
use epoch_model::series::Point;
use epoch_model::time::{Grain, Millis, Zone};
use epoch_store::{RowsQuery, Store};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Shorter absences hide nothing that an SDK would not send again.
const SHORTEST_MS: Millis = 10 * 60_000;
/// Time between two notes of having listened.
const NOTE_EVERY_MS: Millis = 60_000;
/// Gaps kept, newest last: more than two years of nights.
const KEPT: usize = 800;
/// A bucket is known when less than one part in so many of it went unheard.
const SHARE: Millis = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    from: Millis,
    to: Millis,
}

#[derive(Debug, Default)]
struct State {
    heard: Millis,
    noted: Millis,
    gaps: Vec<Gap>,
}

/// The gaps of one business.
#[derive(Debug)]
pub(crate) struct Gaps(Mutex<State>);

impl Gaps {
    /// As earlier runs of the host left them.
    pub(crate) fn of(store: &Store) -> Result<Self> {
        let heard = store.meta("heard_at")?.and_then(|v| v.as_i64()).unwrap_or(0);
        let gaps = store.meta("gaps")?.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
        Ok(Self(Mutex::new(State { heard, noted: heard, gaps })))
    }

    /// Notes that the host listens at `now` (machine time), and the gap since it last did. Without a live source
    /// (`live_until` is 0) silence claims nothing, so there is no gap.
    pub(crate) fn listening(&self, store: &Store, now: Millis, live_until: Millis) -> Result<()> {
        let mut state = self.0.lock();
        let before = std::mem::replace(&mut state.heard, now);
        if before > 0 && live_until > 0 && now.saturating_sub(before) >= SHORTEST_MS {
            tracing::warn!(
                minutes = (now - before) / 60_000,
                "nobody listened for a while; silence of that time counts as unknown"
            );
            state.gaps.push(Gap { from: before, to: now });
            let surplus = state.gaps.len().saturating_sub(KEPT);
            state.gaps.drain(..surplus);
            store.put_meta("gaps", Some(&json!(state.gaps)))?;
            state.noted = 0;
        }
        if (now - state.noted).abs() >= NOTE_EVERY_MS {
            store.put_meta("heard_at", Some(&json!(now)))?;
            state.noted = now;
        }
        Ok(())
    }

    /// At the end of a run, and before time is replayed.
    pub(crate) fn leave(&self, store: &Store) -> Result<()> {
        let mut state = self.0.lock();
        if state.heard == 0 {
            return Ok(());
        }
        state.noted = state.heard;
        store.put_meta("heard_at", Some(&json!(state.heard)))
    }

    /// Which of the buckets that start at `starts` were not heard.
    pub(crate) fn unheard(&self, store: &Store, zone: &Zone, grain: Grain, starts: &[Millis]) -> Result<Vec<Millis>> {
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return Ok(Vec::new()) };
        let until = zone.next(*last, grain);
        let near: Vec<Gap> = self.0.lock().gaps.iter().filter(|g| g.from < until && g.to > *first).copied().collect();
        let mut unheard = Vec::new();
        for start in starts.iter().copied() {
            let end = zone.next(start, grain);
            let mut missed: Millis = 0;
            for gap in near.iter().filter(|g| g.from < end && g.to > start) {
                let (from, to) = (gap.from.max(start), gap.to.min(end));
                if silent(store, from, to)? {
                    missed += to - from;
                }
            }
            if missed > (end - start) / SHARE {
                unheard.push(start);
            }
        }
        Ok(unheard)
    }
}

/// Whether nothing has filled this part of a gap since: SDKs send again, and files may be imported later.
fn silent(store: &Store, from: Millis, to: Millis) -> Result<bool> {
    let query = RowsQuery { metric: None, name: None, from, to, cursor: None, limit: 1 };
    Ok(store.rows(&query)?.rows.is_empty())
}

/// A bucket of which nothing is known.
pub(crate) fn unknown(point: Point) -> Point {
    Point { value: None, numerator: 0.0, denominator: 0.0, events: 0, ..point }
}
