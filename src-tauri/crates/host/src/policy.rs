//! The founder's policy: `policy.cedar` beside `business.toml`, or the table in it. Reading it, and replacing it.
//!
//! A file that does not read as policies never loosens anything: what was in force stays in force, and a file that is there but
//! cannot be read is not taken for one that is absent.

use std::time::{Duration, Instant};

use epoch_model::business::{Business, Problem};
use epoch_model::decision::{Claim, SignedVerdict, Verdict};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_policy::{Finding, Policy, cedar_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use toml_edit::Document;

use crate::config::{self, Config, Folder};
use crate::host::Host;
use crate::inner::Inner;

/// The file's name.
pub const FILE: &str = "policy.cedar";
/// Where the policy that was last taken into force is kept.
const META: &str = "policy";
/// How long the file must be gone before the table takes its place: editors replace a file by taking it away first.
const GONE_FOR: Duration = Duration::from_secs(2);

/// The policy that was last taken into force, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Nothing where the table holds.
    text: Option<String>,
    at: Millis,
    by: String,
}

/// The policy in force, and what lies on disk.
#[derive(Debug, Clone)]
pub struct PolicyInForce {
    /// Cedar, from the file or made from the table.
    pub text: String,
    /// Whether it is from `policy.cedar`.
    pub from_file: bool,
    /// The table of `business.toml` as Cedar: what holds without the file.
    pub table: String,
    /// `policy.cedar` as it lies there, where that is something else than what is in force: it was refused.
    pub refused: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// Since when, and who put it there; absent where the table always held.
    pub since: Option<(Millis, String)>,
    /// Of the text in force.
    pub hash: String,
}

/// The text a business is judged by.
pub fn text_of(business: &Business) -> String {
    business.cedar.clone().unwrap_or_else(|| cedar_of(&business.policy))
}

/// The BLAKE3 hash of a policy's text.
pub fn hash_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// What an operator signs to replace the policy with this hash by a text.
pub fn claim(business: &str, replaces: &str, text: &str, at: Millis) -> Claim {
    let card_hash = format!("{replaces}>{}", hash_of(text));
    Claim { business: business.to_owned(), decision: FILE.to_owned(), card_hash, verdict: Verdict::Approve, at }
}

/// The file's text; nothing where there is no such file. Whatever else keeps it from being read is an error.
pub(crate) fn on_disk(folder: &Folder) -> Result<Option<String>> {
    let path = folder.policy();
    match std::fs::symlink_metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(config::io_error(&path, &e)),
        Ok(_) => config::read_text(&path).map(Some),
    }
}

/// Every problem of a policy's text, with its line. A text without a rule would deny everything, and is more likely to be a file
/// that is being written.
pub fn problems(text: &str) -> Vec<Problem> {
    let at =
        |line: u32, message: String, hint: String| Problem { line, column: 1, path: FILE.to_owned(), message, hint };
    match Policy::read(text) {
        Ok(policy) if policy.is_empty() => vec![at(
            1,
            "there is no rule, so everything would be denied".to_owned(),
            "write a rule, or delete the file and the table of business.toml holds".to_owned(),
        )],
        Ok(_) => Vec::new(),
        Err(found) => found.into_iter().map(|p| at(p.line.max(1), p.message, p.hint)).collect(),
    }
}

/// A business under a policy of its own, if there is one: the policy must be valid, and the file must not have a table, too.
pub(crate) fn govern(
    business: Business,
    toml: &str,
    cedar: Option<String>,
) -> std::result::Result<Business, Vec<Problem>> {
    let Some(text) = cedar else { return Ok(Business { cedar: None, ..business }) };
    let mut found = problems(&text);
    found.extend(second_policy(toml));
    if found.is_empty() { Ok(Business { cedar: Some(text), ..business }) } else { Err(found) }
}

/// The problem that there is a table beside the file.
fn second_policy(toml: &str) -> Option<Problem> {
    let document = Document::parse(toml).ok()?;
    let table = document.as_table().get("policy")?;
    let span = table
        .span()
        .or_else(|| table.as_array_of_tables().and_then(|t| t.iter().next().and_then(toml_edit::Table::span)));
    let before = span.and_then(|s| toml.get(..s.start)).unwrap_or_default();
    Some(Problem {
        line: u32::try_from(before.matches('\n').count()).unwrap_or(0) + 1,
        column: 1,
        path: "policy".to_owned(),
        message: format!(
            "business.toml has [[policy]] tables and {FILE} lies beside it: only one of them can be the policy"
        ),
        hint: format!("take the [[policy]] tables out of business.toml, or delete {FILE}"),
    })
}

/// The policy that was kept, for a business whose files are refused.
pub(crate) fn last_good(store: &epoch_store::Store) -> Option<String> {
    kept(store)?.text
}

fn kept(store: &epoch_store::Store) -> Option<Kept> {
    store.meta(META).ok().flatten().and_then(|v| serde_json::from_value(v).ok())
}

/// Rules without effect in a folder's `policy.cedar`, for `ras doctor`; none where there is no such file, or it is refused.
pub fn doctor(dir: &std::path::Path) -> Result<Vec<Finding>> {
    let Some(text) = on_disk(&Folder::new(dir))? else { return Ok(Vec::new()) };
    Ok(Policy::read(&text).map(|policy| policy.lint()).unwrap_or_default())
}

impl Inner {
    /// Keeps the policy in force and journals who changed it, in one transaction.
    pub(crate) fn keep_policy(&self, business: &Business, by: &str) -> Result<()> {
        let before = kept(&self.store);
        if before.as_ref().and_then(|k| k.text.as_ref()) == business.cedar.as_ref() {
            return Ok(());
        }
        let text = text_of(business);
        let was = before.and_then(|k| k.text).map(|text| hash_of(&text));
        let from = if business.cedar.is_some() { FILE } else { crate::levers::FILE };
        let rules = Policy::read(&text).map_or(0, |policy| policy.len());
        let body = json!({ "type": "policy", "from": from, "hash": hash_of(&text), "was": was, "rules": rules });
        let kept = Kept { text: business.cedar.clone(), at: self.clock.now(), by: by.to_owned() };
        self.engine.record_with(by, body, vec![(META.to_owned(), Some(json!(kept)))])
    }

    /// The policy beside a `business.toml` that is to be saved: the file's, or the one in force where the file is refused or gone.
    pub(crate) fn cedar_beside(&self) -> Option<String> {
        let valid = |text: &String| problems(text).is_empty();
        on_disk(&self.folder).ok().flatten().filter(valid).or_else(|| self.config.read().business.cedar.clone())
    }

    /// Whether the file was there a moment ago, so that it is more likely being replaced than deleted.
    pub(crate) fn policy_may_be_back(&self, known: &Business, new: &Business) -> bool {
        let mut gone = self.policy_gone.lock();
        if known.cedar.is_none() || new.cedar.is_some() {
            *gone = None;
            return false;
        }
        gone.get_or_insert_with(Instant::now).elapsed() < GONE_FOR
    }
}

impl Host {
    /// The policy in force, and what lies on disk.
    pub fn policy(&self) -> Result<PolicyInForce> {
        let business = self.business();
        let text = text_of(&business);
        let (refused, found) = match on_disk(&self.inner.folder) {
            Ok(Some(on_disk)) if Some(&on_disk) != business.cedar.as_ref() => {
                let mut found = problems(&on_disk);
                found.extend(second_policy(&config::read_text(&self.inner.folder.toml())?));
                // Without a problem it is only a moment younger than what is in force.
                (Some(on_disk).filter(|_| !found.is_empty()), found)
            }
            Ok(_) => (None, Vec::new()),
            Err(e) => {
                let problem = Problem { line: 1, column: 1, path: FILE.to_owned(), message: e.message, hint: e.hint };
                (None, vec![problem])
            }
        };
        Ok(PolicyInForce {
            hash: hash_of(&text),
            text,
            from_file: business.cedar.is_some(),
            table: cedar_of(&business.policy),
            refused,
            problems: found,
            since: kept(&self.inner.store).map(|k| (k.at, k.by)),
        })
    }

    /// Every problem of a policy that is not saved yet; none of an empty text, which means the table of `business.toml`.
    pub fn check_policy(&self, text: &str) -> Result<Vec<Problem>> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let mut found = problems(text);
        found.extend(second_policy(&config::read_text(&self.inner.folder.toml())?));
        Ok(found)
    }

    /// The claim an operator signs to put a text in the place of the policy in force.
    pub fn policy_claim(&self, text: &str) -> Claim {
        let business = self.business();
        claim(&business.name, &hash_of(&text_of(&business)), text, self.now())
    }

    /// Replaces `policy.cedar` by a valid text, or removes it where the text is empty, so that the table of `business.toml` holds
    /// again. [`Code::SignatureInvalid`] unless an operator of this business signed this very change of the policy in force.
    pub fn save_policy(&self, text: &str, signed: &SignedVerdict) -> Result<()> {
        self.inner.operators.read().verify(signed)?;
        let wanted = Claim { at: signed.claim.at, ..self.policy_claim(text) };
        let since = kept(&self.inner.store).map_or(Millis::MIN, |k| k.at);
        if signed.claim != wanted || signed.claim.at < since {
            let message = "the signature is for another change of the policy";
            return Err(Error::new(Code::SignatureInvalid, message, "look at the policy in force and try again"));
        }
        let by = format!("operator:{}", signed.key_id);
        let in_force = self.config();
        let path = self.inner.folder.policy();
        let cedar = if text.trim().is_empty() {
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(config::io_error(&path, &e)),
                _ => None,
            }
        } else {
            let found = self.check_policy(text)?;
            if !found.is_empty() {
                return Err(config::refusal(&found));
            }
            config::write_whole(&path, text.as_bytes())?;
            Some(text.to_owned())
        };
        let business = Business { cedar, ..in_force.business.clone() };
        self.inner.take_config(Config { business, ..in_force }, &by)
    }
}
