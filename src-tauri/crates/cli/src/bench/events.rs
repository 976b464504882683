//! Events as a shop would send them, from a seed: ten names, a year, users by a power law, about 300 bytes as JSON lines.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers drawn within known bounds"
)]

use std::fmt::Write as _;
use std::ops::Range;

use epoch_model::Result;
use epoch_model::event::{EventBatch, EventView};
use epoch_model::time::{DAY, Millis};
use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// The first instant: 2025-01-01 in UTC.
pub(super) const START: Millis = 1_735_689_600_000;
/// Days of events.
pub(super) const DAYS: usize = 365;
/// The first instant after them.
pub(super) const END: Millis = START + DAYS as Millis * DAY;
/// Users who may act.
pub(super) const USERS: u32 = 300_000;
/// Exponent of the users' power law: the most active one does about one event in a hundred.
const SKEW: f64 = 0.8;

/// Names with their shares of a thousand.
const NAMES: [(&str, u64); 10] = [
    ("pageview", 560),
    ("product_viewed", 150),
    ("search", 80),
    ("cart_filled", 60),
    ("login", 50),
    ("order", 30),
    ("email_opened", 30),
    ("checkout_begun", 20),
    ("signup", 15),
    ("refund", 5),
];
pub(super) const COUNTRIES: [&str; 12] = ["DE", "FR", "GB", "US", "IT", "ES", "NL", "PL", "SE", "AT", "CH", "DK"];
const DEVICES: [&str; 3] = ["mobile", "desktop", "tablet"];
const BROWSERS: [&str; 4] = ["Chrome", "Safari", "Firefox", "Edge"];

/// One event, with what a tally needs beside its text.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub id: [u8; 16],
    pub time: Millis,
    pub name: &'static str,
    pub user: u32,
    pub unit: String,
    pub props: String,
    pub country: usize,
    pub mobile: bool,
    pub load_ms: u64,
    pub cents: u64,
}

impl Row {
    pub(super) fn view(&self) -> EventView<'_> {
        EventView { id: self.id, time: self.time, name: self.name, unit: &self.unit, props: &self.props }
    }

    /// The event as one line of JSON.
    pub(super) fn line(&self, out: &mut String) {
        let id = u128::from_be_bytes(self.id);
        let _ = writeln!(
            out,
            r#"{{"id":"{:08x}-{:04x}-{:04x}-{:04x}-{:012x}","event":"{}","time":{},"unit":"{}","properties":{}}}"#,
            (id >> 96) as u32,
            (id >> 80) as u16,
            (id >> 64) as u16,
            (id >> 48) as u16,
            id & 0xffff_ffff_ffff,
            self.name,
            self.time,
            self.unit,
            self.props,
        );
    }
}

/// Makes `events` events, in about the order of time; one in fifty is up to a month late.
#[derive(Debug)]
pub(super) struct Generator {
    rng: Pcg64,
    next: u64,
    events: u64,
}

impl Generator {
    pub(super) fn new(seed: u64, events: u64) -> Self {
        Self { rng: Pcg64::seed_from_u64(seed), next: 0, events }
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.rng.next_u64()) * u128::from(n)) >> 64) as u64
    }

    fn unit_interval(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next event into `row`; false when there are no more.
    pub(super) fn next(&mut self, row: &mut Row) -> bool {
        if self.next == self.events {
            return false;
        }
        row.id[..8].copy_from_slice(&self.rng.next_u64().to_be_bytes());
        row.id[8..].copy_from_slice(&self.rng.next_u64().to_be_bytes());
        let span = (END - START) as u64;
        let at = START + (u128::from(span) * u128::from(self.next) / u128::from(self.events)) as Millis;
        let late = if self.below(50) == 0 { self.below(30 * DAY as u64) as Millis } else { 0 };
        row.time = (at + self.below(60_000) as Millis - late).clamp(START, END - 1);
        self.next += 1;

        let mut share = self.below(1000);
        row.name = NAMES[0].0;
        for (name, of) in NAMES {
            if share < of {
                row.name = name;
                break;
            }
            share -= of;
        }
        let power = 1.0 - SKEW;
        let rank = ((f64::from(USERS).powf(power) - 1.0) * self.unit_interval() + 1.0).powf(1.0 / power);
        row.user = (rank as u32).clamp(1, USERS);
        row.unit.clear();
        let _ = write!(row.unit, "user-{:06}", row.user);

        row.country = (self.below(12) * self.below(12) / 12) as usize;
        let device = self.below(3) as usize;
        row.mobile = device == 0;
        let scale = self.below(13);
        row.load_ms = 50 + self.below(1 << scale);
        let (category, item) = (self.below(40), self.below(5000));
        row.props.clear();
        let _ = write!(
            row.props,
            r#"{{"path":"/shop/category-{category}/item-{item}","session":"{:016x}","browser":"{}","country":"{}","device":"{}","load_ms":{},"plan":"{}""#,
            self.rng.next_u64(),
            BROWSERS[self.below(4) as usize],
            COUNTRIES[row.country],
            DEVICES[device],
            row.load_ms,
            ["free", "pro"][self.below(2) as usize],
        );
        row.cents = 0;
        if matches!(row.name, "order" | "refund") {
            row.cents = 100 + self.below(20_000);
            let _ = write!(
                row.props,
                r#","amount":{}.{:02},"items":{}"#,
                row.cents / 100,
                row.cents % 100,
                1 + category % 4
            );
        }
        row.props.push('}');
        true
    }

    /// The next events as a batch; empty at the end. `seen` is told of each.
    pub(super) fn batch(&mut self, size: usize, row: &mut Row, mut seen: impl FnMut(&Row)) -> Result<EventBatch> {
        let mut batch = EventBatch::new("bench", START);
        while batch.len() < size && self.next(row) {
            seen(row);
            batch.push(row.view())?;
        }
        Ok(batch)
    }
}

/// JSON lines in memory, and where to cut them.
#[derive(Debug)]
pub(super) struct Lines {
    pub text: String,
    /// Ends of every hundred lines.
    ends: Vec<usize>,
    pub events: u64,
}

/// Lines between two cuts.
pub(super) const CUT: usize = 100;

impl Lines {
    pub(super) fn generate(seed: u64, events: u64, mut seen: impl FnMut(&Row)) -> Self {
        let (mut generator, mut row) = (Generator::new(seed, events), Row::default());
        let (mut text, mut ends, mut n) = (String::new(), Vec::new(), 0);
        while generator.next(&mut row) {
            seen(&row);
            row.line(&mut text);
            n += 1;
            if n % CUT == 0 {
                ends.push(text.len());
            }
        }
        if ends.last() != Some(&text.len()) {
            ends.push(text.len());
        }
        Self { text, ends, events }
    }

    /// How many pieces of `cuts` hundred lines there are.
    pub(super) fn pieces(&self, cuts: usize) -> usize {
        self.ends.len().div_ceil(cuts)
    }

    /// One of them.
    pub(super) fn piece(&self, cuts: usize, index: usize) -> &str {
        let range: Range<usize> = index * cuts..((index + 1) * cuts).min(self.ends.len());
        let from = range.start.checked_sub(1).map_or(0, |at| self.ends[at]);
        &self.text[from..self.ends[range.end - 1]]
    }
}
