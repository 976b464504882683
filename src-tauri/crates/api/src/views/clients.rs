//! Outside clients as the founder sees them, and what is done to them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An outside client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientView {
    /// One word; as a proposer it is `client:<id>`.
    pub id: String,
    /// `read`, `propose`.
    pub scopes: Vec<String>,
    /// The first characters of its token; empty for the local one, which has none.
    pub prefix: String,
    pub created_at: i64,
    pub revoked_at: Option<i64>,
    /// Proposals that wait for an answer.
    pub open: u32,
    /// Decisions it ever proposed.
    pub proposed: u32,
    /// Scored predictions, and how many lay inside their 80 % interval.
    pub scored: u32,
    pub inside: u32,
    /// Whether a stop holds it.
    pub halted: bool,
}

/// Makes a client.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MakeClientArgs {
    pub name: String,
    /// `read`, `propose`; both when absent.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A client's new token, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientMade {
    pub name: String,
    pub token: String,
}

/// Ends a client's access.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RevokeClientArgs {
    pub name: String,
    #[serde(default)]
    pub reason: String,
}

/// What became of it: refused from now on, its scope held, its open proposals withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientRevoked {
    pub name: String,
    /// Decisions that were withdrawn.
    pub withdrawn: Vec<String>,
}
