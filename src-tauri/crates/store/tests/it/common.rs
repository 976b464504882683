//! A business, a clock, events from a seed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use epoch_model::business::Business;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::time::{DAY, HOUR};
use epoch_store::{EventRow, Options, RowsQuery, Store};

pub const START: i64 = 1_700_000_000_000;

pub fn business(extra: &str) -> Business {
    let text = format!(
        r#"
[business]
name = "Shop"
currency = "EUR"
timezone = "Europe/Berlin"
[[metric]]
key = "visitors"
kind = "unique"
event = "visit"
segments = ["country"]
[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
[[metric]]
key = "conversion"
kind = "proportion"
denominator = {{ event = "visit" }}
numerator = {{ event = "order", within = "7d" }}
{extra}
"#
    );
    Business::parse(&text).unwrap_or_else(|p| panic!("{p:?}"))
}

/// Small bounds, so that runs, merges and checkpoints happen with few events.
pub fn options() -> Options {
    let clock = AtomicI64::new(START);
    Options {
        recent_ids: 500,
        checkpoint_events: 1500,
        ..Options::new(Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)))
    }
}

pub fn open(dir: &Path) -> Store {
    Store::open(dir, &business(""), options()).unwrap()
}

/// A generator with a seed (xorshift).
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// The event that always goes with this number.
pub fn push(batch: &mut EventBatch, n: u64) {
    let mut r = Rng(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&r.below(u64::MAX).to_be_bytes());
    id[8..].copy_from_slice(&n.to_be_bytes());
    let name = ["visit", "visit", "order"][r.below(3) as usize];
    let unit = if n.is_multiple_of(17) { String::new() } else { format!("u{}", r.below(400)) };
    let props = format!(
        r#"{{"country": "{}", "amount": {}.5, "n": {n}}}"#,
        ["DE", "FR", "IT"][r.below(3) as usize],
        r.below(90)
    );
    let time = START + (n % 40) as i64 * DAY + r.below(24) as i64 * HOUR;
    batch.push(EventView { id, time, name, unit: &unit, props: &props }).unwrap();
}

pub fn batch(source: &str, numbers: impl IntoIterator<Item = u64>) -> EventBatch {
    let mut batch = EventBatch::new(source, START);
    numbers.into_iter().for_each(|n| push(&mut batch, n));
    batch
}

/// The number of an event made by [`push`].
pub fn number(row: &EventRow) -> u64 {
    u64::from_be_bytes(row.id[8..].try_into().unwrap())
}

pub fn everything() -> RowsQuery {
    RowsQuery { metric: None, name: None, from: 0, to: i64::MAX, cursor: None, limit: 1000 }
}

/// All rows of a query, page by page, newest first.
pub fn all(store: &Store, mut query: RowsQuery) -> Vec<EventRow> {
    let mut rows = Vec::new();
    loop {
        let page = store.rows(&query).unwrap();
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return rows;
        }
    }
}

/// What is true of every store at every moment.
pub fn check(store: &Store) {
    let report = store.rebuild().unwrap();
    assert!(report.identical, "{report:?}");
    assert_eq!(report.events, store.count(None));
    assert_eq!(store.verify(None).unwrap().problem, None);
}
