//! Outside clients: who may read and propose, under which name, how often. A client is a principal `client:<id>`; nothing
//! here answers a card or runs anything.
//!
//! The list is kept whole in the store's meta under `clients`; of a token only its hash. Every check takes place here, in the
//! process that holds the business, so a revocation counts from the next request on, whatever way it comes.

mod acting;
mod draft;
mod words;

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use epoch_model::proposal::Scope;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::Store;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use acting::Record;
pub use draft::{Deed, Draft, Reason};

use crate::host::Host;
use crate::keys;
use crate::secrets::well_formed;
use words::bad;

/// The client of a program that this user starts over standard input and output; made at its first use, has no token.
pub const LOCAL: &str = "local";
/// Most clients of a business, revoked ones included.
pub const CLIENTS_MAX: usize = 100;
/// Requests of one client per second …
pub const REQUESTS_PER_SECOND: u32 = 10;
/// … and at once after a pause.
pub const REQUESTS_AT_ONCE: u32 = 60;
/// Proposals of one client that wait for an answer.
pub const OPEN_MAX: usize = 10;

const META: &str = "clients";
const TOKEN_PREFIX: &str = "ecm_";

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientScope {
    /// KPIs, levers, limits, decisions.
    Read,
    /// Put something forward, take it back, answer what it is asked, say what came of it.
    Propose,
}

impl ClientScope {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Propose => "propose",
        }
    }
}

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// One word.
    pub id: String,
    pub scopes: Vec<ClientScope>,
    /// BLAKE3 of its token, hex; `None` for who is only reached over standard input.
    pub hash: Option<String>,
    /// The token's first characters, to recognise it by.
    pub prefix: String,
    pub created_at: Millis,
    pub revoked_at: Option<Millis>,
}

impl ClientRecord {
    /// Its name as a proposer.
    pub fn principal(&self) -> String {
        principal(&self.id)
    }
}

/// The name of a client as a proposer: `client:<id>`.
pub fn principal(id: &str) -> String {
    format!("client:{id}")
}

/// The hash under which a token is kept.
pub fn token_hash(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}

/// By what a client is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The hash of a token ([`token_hash`]).
    TokenHash(String),
    /// A name, from a program that runs as this user.
    Name(String),
}

/// The clients of an open business, and how often each called.
pub(crate) struct Clients {
    known: RwLock<Vec<ClientRecord>>,
    rate: DefaultKeyedRateLimiter<String>,
    changing: Mutex<()>,
    proposing: Mutex<()>,
}

impl Clients {
    pub(crate) fn of(store: &Store) -> Result<Self> {
        let known = match store.meta(META)? {
            Some(kept) => serde_json::from_value(kept).map_err(|e| {
                Error::new(Code::StoreDamaged, format!("the list of clients is unreadable: {e}"), "restore a backup")
            })?,
            None => Vec::new(),
        };
        let at_once = NonZeroU32::new(REQUESTS_AT_ONCE).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(NonZeroU32::new(REQUESTS_PER_SECOND).unwrap_or(NonZeroU32::MIN));
        Ok(Self {
            known: RwLock::new(known),
            rate: RateLimiter::keyed(quota.allow_burst(at_once)),
            changing: Mutex::default(),
            proposing: Mutex::default(),
        })
    }
}

/// What was done when a client was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    pub client: String,
    /// Decisions of its that were open and are withdrawn.
    pub withdrawn: Vec<String>,
}

impl Host {
    /// All clients, revoked ones included.
    pub fn clients(&self) -> Vec<ClientRecord> {
        self.inner.keys.clients.known.read().clone()
    }

    /// Makes a client; answers its token, which is shown once. A name is never given twice: its record stays.
    pub fn make_client(&self, id: &str, scopes: &[ClientScope], by: &str) -> Result<String> {
        if !well_formed(id) || id == LOCAL {
            let message = format!("“{id}” is no name for a client");
            return Err(bad(message, "use up to 40 letters, digits, - and _; `local` is this user's own"));
        }
        if scopes.is_empty() {
            return Err(bad("a client without a scope may do nothing", "give it read, propose or both"));
        }
        let (token, hash, prefix) = new_token()?;
        let (scopes, now) = (sorted(scopes), self.now());
        self.change_clients(by, json!({ "type": "client_made", "client": id, "scopes": scopes }), |all| {
            if all.iter().any(|c| c.id == id) {
                let message = format!("there is or was a client “{id}” already");
                return Err(bad(message, "choose another name, or give it a new token with `ras mcp client renew`"));
            }
            if all.len() >= CLIENTS_MAX {
                return Err(bad(format!("there are {CLIENTS_MAX} clients"), "use one of them"));
            }
            all.push(ClientRecord {
                id: id.to_owned(),
                scopes,
                hash: Some(hash),
                prefix,
                created_at: now,
                revoked_at: None,
            });
            Ok(())
        })?;
        Ok(token)
    }

    /// Gives a client a new token; the old one is refused from now on.
    pub fn renew_client(&self, id: &str, by: &str) -> Result<String> {
        let (token, hash, prefix) = new_token()?;
        self.change_clients(by, json!({ "type": "client_renewed", "client": id }), |all| {
            let client = active(all, id)?;
            if client.id == LOCAL {
                return Err(bad("the local client has no token", "make a client of its own for other programs"));
            }
            (client.hash, client.prefix) = (Some(hash), prefix);
            Ok(())
        })?;
        Ok(token)
    }

    /// Refuses a client from now on, holds back what is its, and withdraws all its open proposals.
    pub fn revoke_client(&self, id: &str, reason: &str, by: &str) -> Result<Revoked> {
        let now = self.now();
        self.change_clients(by, json!({ "type": "client_revoked", "client": id, "reason": reason }), |all| {
            let client = all.iter_mut().find(|c| c.id == id).ok_or_else(|| no_client(id))?;
            // Again is welcome: a crash may have come between this and what follows.
            client.revoked_at.get_or_insert(now);
            Ok(())
        })?;
        let scope = Scope::Proposer { proposer: principal(id) };
        let reason = if reason.is_empty() { "its access was revoked" } else { reason };
        self.halt(scope, true, by, reason)?;
        Ok(Revoked { client: id.to_owned(), withdrawn: self.withdraw_all_of_client(id, reason)? })
    }

    /// Lets a client in, or says why not: unknown and revoked ones are [`Code::Unauthorized`]. With `count` it is a request,
    /// and one too many is [`Code::Overloaded`].
    pub fn enter_client(&self, credential: &Credential, count: bool) -> Result<ClientRecord> {
        let clients = &self.inner.keys.clients;
        let found = {
            let known = clients.known.read();
            match credential {
                Credential::TokenHash(hash) => known.iter().find(|c| c.hash.as_deref() == Some(hash)).cloned(),
                Credential::Name(id) => known.iter().find(|c| c.id == *id).cloned(),
            }
        };
        let client = match (found, credential) {
            (Some(client), _) if client.revoked_at.is_none() => client,
            (None, Credential::Name(id)) if id == LOCAL => self.make_local_client()?,
            _ => {
                let hint = "ask the founder for access: `ras mcp client add NAME` prints a token";
                return Err(Error::new(Code::Unauthorized, "this client is unknown or its access was revoked", hint));
            }
        };
        if count && let Err(until) = clients.rate.check_key(&client.id) {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let hint = format!("try again in {} ms", wait.as_millis().max(1));
            let message = format!("more than {REQUESTS_PER_SECOND} requests a second");
            return Err(Error::new(Code::Overloaded, message, hint));
        }
        Ok(client)
    }

    fn make_local_client(&self) -> Result<ClientRecord> {
        let made = ClientRecord {
            id: LOCAL.to_owned(),
            scopes: vec![ClientScope::Read, ClientScope::Propose],
            hash: None,
            prefix: String::new(),
            created_at: self.now(),
            revoked_at: None,
        };
        let keep = made.clone();
        self.change_clients("system", json!({ "type": "client_made", "client": LOCAL }), move |all| {
            if !all.iter().any(|c| c.id == LOCAL) {
                all.push(keep);
            }
            Ok(())
        })?;
        Ok(made)
    }

    /// Changes the list: on disk with its journal row first, then for those who ask.
    fn change_clients(
        &self,
        by: &str,
        body: Value,
        change: impl FnOnce(&mut Vec<ClientRecord>) -> Result<()>,
    ) -> Result<()> {
        let clients = &self.inner.keys.clients;
        let _one = clients.changing.lock();
        let mut all = clients.known.read().clone();
        change(&mut all)?;
        let kept = serde_json::to_value(&all)
            .map_err(|e| Error::new(Code::Internal, format!("the clients cannot be written: {e}"), "report this"))?;
        self.inner.engine.record_with(by, body, vec![(META.to_owned(), Some(kept))])?;
        *clients.known.write() = all;
        Ok(())
    }
}

fn new_token() -> Result<(String, String, String)> {
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(keys::random::<32>()?));
    let (hash, prefix) = (token_hash(&token), token[..10].to_owned());
    Ok((token, hash, prefix))
}

fn sorted(scopes: &[ClientScope]) -> Vec<ClientScope> {
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn active<'a>(all: &'a mut [ClientRecord], id: &str) -> Result<&'a mut ClientRecord> {
    let client = all.iter_mut().find(|c| c.id == id).ok_or_else(|| no_client(id))?;
    if client.revoked_at.is_some() {
        return Err(Error::new(Code::WrongState, format!("“{id}” was revoked"), "make a client with another name"));
    }
    Ok(client)
}

fn no_client(id: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no client “{id}”"), "list them with `ras mcp client list`")
}
