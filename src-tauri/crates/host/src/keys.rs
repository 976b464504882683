//! Keys: the operator's (signs verdicts; lives outside the business's folder) and the gateway's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use epoch_model::decision::{Claim, SignedVerdict};
use epoch_model::gate::{claim_bytes, key_id};
use epoch_model::ports::KeyBook;
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::{GatewayKey, KeyKind, Store};
use parking_lot::RwLock;

use crate::clients::Clients;
use crate::config::io_error;

/// `N` random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        Error::new(Code::Internal, format!("the system gives no random bytes: {e}"), "restart the machine")
    })?;
    Ok(bytes)
}

/// The operator's signing key.
pub struct OperatorKey(SigningKey);

impl std::fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorKey({})", self.id())
    }
}

impl OperatorKey {
    /// Where it lives: `EPOCHCORE_OPERATOR_KEY`, else `operator.key` in the user's configuration folder.
    pub fn path() -> PathBuf {
        if let Some(path) = std::env::var_os("EPOCHCORE_OPERATOR_KEY") {
            return path.into();
        }
        config_home().join("operator.key")
    }

    /// Reads it; [`Code::NotFound`] when there is none on this machine.
    pub fn load() -> Result<Self> {
        let path = Self::path();
        let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::new(
                Code::NotFound,
                "there is no operator's key on this machine",
                "answer on the machine that made the business, or set EPOCHCORE_OPERATOR_KEY",
            ),
            _ => io_error(&path, &e),
        })?;
        let bytes: Option<[u8; 32]> = STANDARD.decode(text.trim()).ok().and_then(|b| b.try_into().ok());
        let bytes = bytes.ok_or_else(|| {
            Error::new(Code::Unauthorized, format!("{} holds no key", path.display()), "restore it from your backup")
        })?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// Reads it, or makes one that only this user can read.
    pub fn load_or_create() -> Result<Self> {
        match Self::load() {
            Err(e) if e.code == Code::NotFound => {}
            other => return other,
        }
        let path = Self::path();
        let key = SigningKey::from_bytes(&random::<32>()?);
        write_private(&path, &STANDARD.encode(key.to_bytes()))?;
        Ok(Self(key))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Its name: first 16 hex digits of the BLAKE3 of the public half.
    pub fn id(&self) -> String {
        key_id(&self.public())
    }

    /// Signs a claim.
    pub fn sign(&self, claim: Claim) -> SignedVerdict {
        let signature = STANDARD.encode(self.0.sign(&claim_bytes(&claim)).to_bytes());
        SignedVerdict { claim, key_id: self.id(), signature }
    }
}

/// The user's configuration folder for this program: `EPOCHCORE_CONFIG`, else the platform's.
pub fn config_home() -> PathBuf {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = var("EPOCHCORE_CONFIG") {
        return dir;
    }
    let base = if cfg!(windows) {
        var("APPDATA")
    } else if cfg!(target_os = "macos") {
        var("HOME").map(|h| h.join("Library/Application Support"))
    } else {
        var("XDG_CONFIG_HOME").or_else(|| var("HOME").map(|h| h.join(".config")))
    };
    base.unwrap_or_else(|| PathBuf::from(".")).join("epochcore")
}

/// Where things of one business are kept outside of its folder. By its seed, which stays when it is renamed.
pub(crate) fn business_folder(what: &str, seed: u64) -> PathBuf {
    config_home().join(what).join(format!("{seed:016x}"))
}

fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    private_file(path, text).map_err(|e| io_error(path, &e))
}

/// Writes a file that only this user can read, whole, in the place of an earlier one.
pub(crate) fn replace_private(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("writing");
    let write = || {
        // Left behind by a crash, if it is there at all.
        let _ = fs::remove_file(&beside);
        private_file(&beside, text)?;
        fs::rename(&beside, path)
    };
    write().map_err(|e| io_error(path, &e))
}

/// A key of 32 bytes that never leaves this machine; made on first use.
fn kept_key(path: &Path) -> Result<[u8; 32]> {
    match fs::read_to_string(path) {
        Ok(text) => STANDARD.decode(text.trim()).ok().and_then(|b| b.try_into().ok()).ok_or_else(|| {
            Error::new(Code::Unauthorized, format!("{} holds no key", path.display()), "restore it from your backup")
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let key = random::<32>()?;
            write_private(path, &STANDARD.encode(key))?;
            Ok(key)
        }
        Err(e) => Err(io_error(path, &e)),
    }
}

/// The key of the hashes that stand in for personal data of this business. Whoever has the folder alone cannot try
/// addresses against them.
pub(crate) fn hash_key(seed: u64) -> Result<[u8; 32]> {
    kept_key(&business_folder("hashing", seed).join("hash.key"))
}

/// The secret that signs this business's outgoing webhooks, 32 bytes, kept beside the operator's key; made on first use.
pub fn webhook_secret(business: &str) -> Result<Vec<u8>> {
    let name = blake3::hash(business.as_bytes()).to_hex();
    let path = config_home().join("webhooks").join(format!("{}.key", &name[..16]));
    if let Ok(text) = fs::read_to_string(&path)
        && let Ok(bytes) = STANDARD.decode(text.trim())
    {
        return Ok(bytes);
    }
    let secret = random::<32>()?;
    write_private(&path, &STANDARD.encode(secret))?;
    Ok(secret.to_vec())
}

/// A new gateway key: the record to keep and the key to show.
pub fn make_gateway_key(id: &str, source: &str, kind: KeyKind, now: Millis) -> Result<(GatewayKey, String)> {
    let prefix = match kind {
        KeyKind::Write => "phc_",
        KeyKind::Client => "ecc_",
        KeyKind::Read => "ecr_",
    };
    let key = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?).replace(['-', '_'], "x"));
    let record = GatewayKey {
        id: id.to_owned(),
        kind,
        source: source.to_owned(),
        hash: blake3::hash(key.as_bytes()).to_hex().to_string(),
        prefix: key[..10].to_owned(),
        created_at: now,
        revoked_at: None,
    };
    Ok((record, key))
}

/// The gateway's view of the keys, refreshed when they change.
pub struct Keys {
    known: RwLock<Vec<GatewayKey>>,
    pub(crate) clients: Clients,
}

impl Keys {
    /// The keys of a store.
    pub fn of(store: &Store) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { known: RwLock::new(store.keys()?), clients: Clients::of(store)? }))
    }

    /// Reads them again.
    pub fn refresh(&self, store: &Store) -> Result<()> {
        *self.known.write() = store.keys()?;
        Ok(())
    }

    fn find(&self, key: &str, kind: KeyKind) -> Option<Arc<str>> {
        // Hashing first makes the comparison independent of how much of the key was right.
        let hash = blake3::hash(key.as_bytes()).to_hex();
        let known = self.known.read();
        let found = known.iter().find(|k| k.kind == kind && k.revoked_at.is_none() && k.hash == hash.as_str())?;
        Some(Arc::from(found.source.as_str()))
    }
}

impl KeyBook for Keys {
    fn write_source(&self, key: &str) -> Option<Arc<str>> {
        self.find(key, KeyKind::Write)
    }
    fn may_read(&self, key: &str) -> bool {
        self.find(key, KeyKind::Read).is_some()
    }
    fn client(&self, key: &str) -> Option<Arc<str>> {
        self.find(key, KeyKind::Client).or_else(|| self.find(key, KeyKind::Read))
    }
}

/// The same secret as receivers take it: `whsec_` and base64 (Standard Webhooks).
pub fn webhook_secret_text(business: &str) -> Result<String> {
    Ok(format!("whsec_{}", STANDARD.encode(webhook_secret(business)?)))
}
