//! The business the harness works with: its file, the key of its operator, and the bytes of its database before anything
//! happened. Made once per process; every run begins with these bytes.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use epoch_host::clock::{Clock, Mode};
use epoch_host::{Host, HostOptions};
use epoch_model::business::Business;
use epoch_model::decision::{Claim, SignedVerdict};
use epoch_model::event::{EventBatch, EventView};
use epoch_model::gate::{claim_bytes, key_id};
use epoch_model::journal::RowKind;
use epoch_model::time::{DAY, Millis};
use epoch_model::{Code, Error, Result};
use epoch_store::{Entry, Options, Store};
use serde_json::json;

use crate::image::Image;
use crate::outside::Receivers;

/// When a workload begins: Thursday, 2025-01-16, 08:00 UTC, after ten days of events.
pub const START: Millis = 1_737_014_400_000;

/// An effect whose receiver recognises a repeated key.
pub const ONCE: &str = "stock_order";
/// An effect whose receiver does whatever it is told, each time.
pub const CAREFUL: &str = "ops_alert";
/// Like [`ONCE`], and policy lets it run without asking.
pub const FREE: &str = "price_feed";

/// What a call of [`FREE`] costs, as in the file, in cents.
pub const COST_MINOR: i64 = 300;
/// What may be spent a day without asking, as in the file, in cents.
pub const SPEND_PER_DAY_MINOR: i64 = 1000;

/// The file of the business.
pub const BUSINESS: &str = r#"
[business]
name = "Corner Shop"
currency = "EUR"
timezone = "UTC"

[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
format = "money"
better = "up"
domain = "sales"

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
domain = "pricing"
reversibility = "R1"

[[lever]]
key = "banner"
kind = "variant"
options = ["plain", "bold", "quiet"]
default = "plain"
domain = "marketing"
reversibility = "R1"

[[effect]]
key = "stock_order"
kind = "webhook"
url = "https://stock.example/orders"
idempotent = true
domain = "operations"
reversibility = "R1"

[[effect]]
key = "ops_alert"
kind = "webhook"
url = "https://alerts.example/in"
domain = "operations"
reversibility = "R2"

[[effect]]
key = "price_feed"
kind = "webhook"
url = "https://feed.example/in"
idempotent = true
domain = "marketing"
reversibility = "R1"
cost = "3 EUR"

[limits]
audit_share = 0
autonomous_spend_per_day = "10 EUR"
cards_per_day = 50

[[policy]]
name = "Marketing runs alone"
domains = ["marketing"]
answer = "run"

[[policy]]
name = "All else asks"
answer = "ask"
"#;

/// A procedure of two calls, one after the other.
pub const WORKFLOW: &str = "refill";
/// Its file in the folder.
pub const DEFINITION: &str = r#"
key = "refill"
version = 1
title = "Refill"
purpose = "The feed hears of it, and more is ordered."

[[trigger]]
kind = "manual"

[ceilings]
steps = 40
effects = 8
lives = "20d"
runs_per_day = 20

[[node]]
key = "feed"
kind = "effect"
title = "Tell the feed"
effect = "price_feed"
next = "order"
[node.payload]
what = "refill"

[[node]]
key = "order"
kind = "effect"
title = "Order more"
effect = "stock_order"
next = "end"
[node.payload]
what = "refill"

[[node]]
key = "end"
kind = "end"
title = "Done"
"#;

const SEED: u64 = 0x00c0_ffee;

/// The operator's key of the harness: a constant, so that signatures are the same in every run.
fn operator() -> SigningKey {
    SigningKey::from_bytes(&[0x5e; 32])
}

/// Signs a claim as the operator.
pub fn sign(claim: Claim) -> SignedVerdict {
    let key = operator();
    let signature = STANDARD.encode(key.sign(&claim_bytes(&claim)).to_bytes());
    SignedVerdict { claim, key_id: key_id(&key.verifying_key().to_bytes()), signature }
}

/// A host on `dir`, at the clock and with the world given, which does nothing by itself.
pub fn open(dir: &Path, clock: &Arc<Clock>, world: &Arc<Receivers>) -> Result<Host> {
    let options =
        HostOptions { clock: Some(Arc::clone(clock)), outside: Some(Arc::clone(world) as _), ..HostOptions::default() };
    Host::open(dir, &options)
}

/// A clock that stands at `now` until it is moved.
pub fn clock_at(now: Millis) -> Arc<Clock> {
    Arc::new(Clock::new(Mode::Replay { now, until: Millis::MAX }))
}

/// Events of a batch: as many orders at `at`, known by the batch's number.
pub fn orders(batch: u64, count: u64, at: Millis) -> Result<EventBatch> {
    let mut events = EventBatch::new("shop", at);
    for n in 0..count {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&batch.to_be_bytes());
        id[8..].copy_from_slice(&n.to_be_bytes());
        let props = format!(r#"{{"amount":{}}}"#, 20 + (batch * 7 + n * 3) % 11);
        let unit = format!("c{}", (batch + n) % 9);
        events.push(EventView { id, time: at, name: "order", unit: &unit, props: &props })?;
    }
    Ok(events)
}

/// The bytes every run begins with.
pub fn base() -> Result<Image> {
    static MADE: OnceLock<Result<Image>> = OnceLock::new();
    MADE.get_or_init(make).clone()
}

fn make() -> Result<Image> {
    let dir = crate::image::folder()?;
    let business = Business::parse(BUSINESS).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(|p| format!("line {}: {}", p.line, p.message)).collect();
        Error::new(Code::ConfigInvalid, all.join("; "), "mend the harness's business")
    })?;
    let begun = START - 10 * DAY;
    let store = Store::open(dir.path(), &business, Options::new(Arc::new(move || begun)))?;
    let body = json!({ "type": "created", "name": business.name, "seed": SEED, "version": "test" });
    let mut entry = Entry::new(begun, RowKind::Host, "system", body);
    let public = operator().verifying_key().to_bytes();
    let hex: String =
        public.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect();
    entry.meta.push(("config".into(), Some(json!(BUSINESS))));
    entry.meta.push(("operators".into(), Some(json!([hex]))));
    store.commit(vec![entry])?;
    store.close()?;
    crate::image::write(&dir.path().join("business.toml"), BUSINESS.as_bytes())?;
    let clock = clock_at(begun);
    let world = Receivers::new(0, crate::image::wal_of(dir.path()));
    let mut host = open(dir.path(), &clock, &world)?;
    host.publish_workflow(DEFINITION, "operator:harness")?;
    for day in 0..10 {
        let at = begun + day * DAY;
        host.submit(orders(1_000_000 + day.unsigned_abs(), 12, at)?)?;
        clock.advance_to(at + DAY);
        host.work_once()?;
    }
    clock.advance_to(START);
    host.close()?;
    Image::read(dir.path())
}
