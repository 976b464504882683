//! Connecting a product, and the people it tells of.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{EventRow, Snippet, SourceView};
use crate::commands::KeyMade;

/// Connects something in one step: a `[[source]]` where one is needed, and the keys.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AddSourceArgs {
    /// `sdk` (PostHog, Mixpanel, Segment, plain events, and levers), `levers` (only reads levers), `server` (a server that
    /// reads definitions), `stripe`.
    pub kind: String,
    /// One word; names the key and the source of its events.
    pub key: String,
    /// What people read; the key in words when absent.
    #[serde(default)]
    pub title: Option<String>,
    /// Stripe's signing secret (`whsec_…`); kept outside the business's folder.
    #[serde(default)]
    pub secret: Option<String>,
}

/// What was made, and what to paste where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceAdded {
    pub source: Option<SourceView>,
    /// Keys just made; a `read` key is shown this once.
    pub keys: Vec<KeyMade>,
    pub snippets: Vec<Snippet>,
    /// What is left to do, in sentences.
    pub next: Vec<String>,
}

/// A named secret; its value is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretView {
    pub name: String,
    /// Whether it is kept on this machine.
    pub set: bool,
    /// What needs it ("publish cdn", "source payments").
    pub used_by: Vec<String>,
}

/// Keeps a secret on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretArgs {
    pub name: String,
    pub value: String,
}

/// By name.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct NameArgs {
    pub name: String,
}

/// A person or another unit.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct UnitArgs {
    pub unit: String,
}

/// What is kept of one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonView {
    /// As asked for.
    pub unit: String,
    /// All ids known to be the same person, in the order they were first seen.
    pub ids: Vec<String>,
    /// Whether an event said who they are.
    pub identified: bool,
    pub events: u64,
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,
    /// The newest events, at most 100, as far as they are among the newest 50,000 of that time.
    pub recent: Vec<EventRow>,
}

/// What an erasure took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErasedView {
    /// Events overwritten: the person's, and those of others that linked somebody with them.
    pub events: u64,
    /// Ids of the person that were forgotten.
    pub ids: u32,
    /// Refused events that mentioned them, removed.
    pub rejections: u64,
    pub at: i64,
    /// Where an id is still mentioned, untouched.
    pub elsewhere: Vec<MentionView>,
    /// What is left to the founder: backups.
    pub note: String,
}

/// How often something is mentioned in a part of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MentionView {
    /// `journal`, `decisions`, `insights`, `expectations`, `outbox`, `meta`, `imports`, `snapshots`.
    pub place: String,
    pub rows: u64,
}

/// Sends a refused event again, as it is or mended.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReplayRejectionArgs {
    pub id: u64,
    /// The mended text; as it was kept when absent.
    #[serde(default)]
    pub raw: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RejectionReplayed {
    pub accepted: u64,
    /// It had arrived already.
    pub duplicates: u64,
}
