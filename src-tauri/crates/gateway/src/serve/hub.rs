//! News of changed levers over server-sent events.
//!
//! A stream holds no queue: it looks at the newest version when its reader takes more, so a slow reader skips versions
//! instead of growing memory. The number of streams is bounded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use epoch_levers::Book;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::problem::Problem;
use crate::server::Stop;

/// Comments this often keep proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Streams end after this long and are opened again by their readers: nobody holds a place for ever.
const LIFE: Duration = Duration::from_hours(1);

/// Where streams learn of changes.
pub(crate) struct Hub {
    version: Arc<watch::Sender<u64>>,
    places: Arc<Semaphore>,
    stop: Stop,
}

/// What a stream tells its reader.
pub(crate) trait News: Send + 'static {
    /// The frame that tells of this version; see [`frame`].
    fn tell(&mut self, version: u64) -> String;
}

impl<F: FnMut(u64) -> String + Send + 'static> News for F {
    fn tell(&mut self, version: u64) -> String {
        self(version)
    }
}

impl Hub {
    /// Listens to `book`; at most `streams_max` readers at a time.
    pub(crate) fn new(book: &dyn Book, streams_max: usize, stop: Stop) -> Self {
        let version = Arc::new(watch::Sender::new(book.current().version()));
        // A book outlives the gateway; it must not keep the gateway's streams alive.
        let tell = Arc::downgrade(&version);
        book.on_change(Box::new(move |new| {
            if let Some(version) = tell.upgrade() {
                version.send_if_modified(|known| std::mem::replace(known, new) != new);
            }
        }));
        Self { version, places: Arc::new(Semaphore::new(streams_max.min(Semaphore::MAX_PERMITS))), stop }
    }

    /// An endless `text/event-stream`. `seen` is the version its reader knows (from `Last-Event-ID` or the address):
    /// when it is not the newest, the stream begins with news. `None` begins with news always if `greets`, else never.
    pub(crate) fn stream(&self, seen: Option<u64>, greets: bool, news: impl News) -> Result<Response, Problem> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(Problem::busy("too many streams are open"));
        };
        let mut changes = self.version.subscribe();
        let newest = *changes.borrow_and_update();
        let owes = seen.map_or(greets, |seen| seen != newest);
        let state = Stream {
            changes,
            stop: self.stop.clone(),
            news,
            owes,
            greeted: false,
            end: Instant::now() + LIFE,
            _place: place,
        };
        let frames = futures_util::stream::unfold(state, Stream::next);
        let mut response = Body::from_stream(frames).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Ok(response)
    }
}

struct Stream<N> {
    changes: watch::Receiver<u64>,
    stop: Stop,
    news: N,
    owes: bool,
    greeted: bool,
    end: Instant,
    _place: OwnedSemaphorePermit,
}

impl<N: News> Stream<N> {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.owes {
            self.owes = false;
            self.greeted = true;
            let version = *self.changes.borrow_and_update();
            let frame = self.news.tell(version);
            return Some((Ok(frame.into()), self));
        }
        if !self.greeted {
            // Headers alone may sit in a proxy; the first bytes tell the reader that the stream is open.
            self.greeted = true;
            return Some((Ok(Bytes::from_static(b": open\n\n")), self));
        }
        let version = tokio::select! {
            biased;
            () = self.stop.requested() => return None,
            () = tokio::time::sleep_until(self.end) => return None,
            changed = self.changes.changed() => {
                changed.ok()?;
                Some(*self.changes.borrow_and_update())
            }
            () = tokio::time::sleep(KEEP_ALIVE) => None,
        };
        let frame = version.map_or(Bytes::from_static(b":\n\n"), |version| self.news.tell(version).into());
        Some((Ok(frame), self))
    }
}

/// One event: `id` is what the reader sends back as `Last-Event-ID`.
pub(crate) fn frame(event: Option<&str>, id: u64, data: &str) -> String {
    let mut frame = format!("id: {id}\n");
    let lines = event.map(|event| ("event", event)).into_iter().chain(data.split('\n').map(|line| ("data", line)));
    for (field, line) in lines {
        frame.extend([field, ": ", line, "\n"]);
    }
    frame.push('\n');
    frame
}

/// The version the reader has seen, from `Last-Event-ID`.
pub(crate) fn last_seen(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}
