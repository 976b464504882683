//! The gate: the only place that makes a [`Permit`], without which no effect adapter can be called.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::business::{LeverValue, PolicyAnswer, Reversibility};
use crate::decision::{Act, Claim, Decision, SignedVerdict, State, Verdict};
use crate::error::{Code, Error, Result};
use crate::journal::{canonical, content_hash};
use crate::proposal::{Grant, Scope};

/// Whether the engine may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Works.
    #[default]
    Running,
    /// Watches and proposes, but executes nothing.
    Paused,
    /// Denies every effect ahead of all rules.
    Stopped,
}

/// The operator's public keys, as enrolled in the business's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorKeys(pub Vec<[u8; 32]>);

/// The name of a public key: first 16 hex digits of its BLAKE3.
pub fn key_id(public: &[u8; 32]) -> String {
    blake3::hash(public).to_hex()[..16].to_owned()
}

/// The bytes an operator signs: the claim's canonical JSON.
pub fn claim_bytes(verdict: &crate::decision::Claim) -> Vec<u8> {
    canonical(&serde_json::to_value(verdict).unwrap_or_default()).into_bytes()
}

impl OperatorKeys {
    /// Checks that an enrolled key signed this very claim.
    pub fn verify(&self, signed: &SignedVerdict) -> Result<()> {
        let refuse = || {
            Error::new(
                Code::SignatureInvalid,
                "the verdict is not signed by an operator's key of this business",
                "use the key that was made by `ras init`, on the machine that holds it",
            )
        };
        let public = self.0.iter().find(|k| key_id(k) == signed.key_id).ok_or_else(refuse)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| refuse())?;
        let bytes = STANDARD.decode(&signed.signature).map_err(|_| refuse())?;
        let signature = Signature::from_slice(&bytes).map_err(|_| refuse())?;
        key.verify(&claim_bytes(&signed.claim), &signature).map_err(|_| refuse())
    }
}

/// Proof that the gate let one effect of one decision through. Cannot be built, copied or kept elsewhere.
///
/// ```compile_fail,E0451
/// let none = || String::new();
/// let forged = epoch_model::gate::Permit { decision: none(), act_hash: none(), idempotency_key: none() };
/// ```
#[derive(Debug)]
pub struct Permit {
    decision: String,
    act_hash: String,
    idempotency_key: String,
}

impl Permit {
    /// The decision it was given for.
    pub fn decision(&self) -> &str {
        &self.decision
    }
    /// The hash of the act it was given for.
    pub fn act_hash(&self) -> &str {
        &self.act_hash
    }
    /// The key the effect must carry.
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }
}

/// Proof that the gate lets the levers in force be published to one target. Cannot be built, copied or kept elsewhere.
#[derive(Debug)]
pub struct Publication {
    target: String,
    version: u64,
}

impl Publication {
    /// The target it was given for.
    pub fn target(&self) -> &str {
        &self.target
    }
    /// The version of the levers it was given for.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// Judges whether levers may be published now. What is in force was decided before: a value by a decision that went through
/// [`admit`], everything else by the founder in `business.toml`; only a pause or a stop holds it back.
pub fn admit_publication(target: &str, version: u64, run_state: RunState) -> Result<Publication> {
    if run_state != RunState::Running {
        return Err(Error::new(Code::Denied, "the engine is paused or stopped", "resume it first"));
    }
    Ok(Publication { target: target.to_owned(), version })
}

/// What the gate is told beside the decision and its answer. The host reads it where it is kept, at the moment of the effect.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The operators' public keys.
    pub keys: &'a OperatorKeys,
    /// The business's name: an answer for another one does not count.
    pub business: &'a str,
    pub run_state: RunState,
    /// Stops of one scope that are in force.
    pub halts: &'a [Scope],
    /// Standing grants, revoked ones included.
    pub grants: &'a [Grant],
}

impl<'a> Ground<'a> {
    /// A ground without stops of one scope and without grants.
    pub fn plain(keys: &'a OperatorKeys, business: &'a str, run_state: RunState) -> Self {
        Self { keys, business, run_state, halts: &[], grants: &[] }
    }
}

/// Whether a stop of one scope holds a decision. `effect_kind` is the word of the effect it calls (`mail`), where it calls one.
pub fn held<'a>(halts: &'a [Scope], decision: &Decision, effect_kind: Option<&str>) -> Option<&'a Scope> {
    halts.iter().find(|scope| match scope {
        Scope::Proposer { proposer } => crate::business::fits(proposer, &decision.proposer),
        Scope::Kind { kind } => decision.act.word() == kind || effect_kind == Some(kind.as_str()),
        Scope::Target { target } => {
            decision.act.target() == *target
                || decision.act.lever() == Some(target.as_str())
                || decision.act.effect() == Some(target.as_str())
        }
    })
}

/// Judges whether the effect of `decision` may go out now: nothing stops or pauses it, the decision is executing, its act is
/// the one that was judged, and either policy said `run`, or an enrolled key signed this very card (or an edit of the card
/// that was on screen, within its editable range) in time, or a standing grant with such a signature covers it, or nobody
/// answered a card that only reads or drafts (R0). `effect_kind` is the word of the effect it calls.
pub fn admit(
    decision: &Decision,
    approval: Option<&SignedVerdict>,
    effect_kind: Option<&str>,
    ground: &Ground,
) -> Result<Permit> {
    let deny = |message: &str, hint: &str| Err(Error::new(Code::Denied, message, hint));
    if ground.run_state != RunState::Running {
        return deny("the engine is paused or stopped", "resume it first");
    }
    if held(ground.halts, decision, effect_kind).is_some() {
        return deny("a stop holds its proposer, its kind or its target", "release that stop first");
    }
    if decision.state != State::Executing {
        return deny("the decision is not executing", "approve it first");
    }
    if act_hash(&decision.act) != decision.act_hash {
        return deny("the act is not the one that was judged", "propose it again");
    }
    match (decision.policy.answer, approval) {
        (PolicyAnswer::Deny, _) => return deny("policy denies it", "change the policy"),
        (_, None) if decision.grant.is_some() => granted(decision, ground)?,
        (PolicyAnswer::Run, None) if decision.edited_from.is_none() => {}
        (PolicyAnswer::Ask, None) if silence_runs(decision) => {}
        (_, None) => return deny("policy asks, and nobody approved", "approve it"),
        (_, Some(signed)) => {
            ground.keys.verify(signed)?;
            let claim = &signed.claim;
            if claim.business != ground.business || claim.decision != decision.id || !agreed(decision, claim) {
                return deny("the approval is for another card", "look at the card again and answer it");
            }
            if !approved_in_time(decision, &signed.key_id) {
                return deny("it was not approved by this key before its time was over", "propose it again");
            }
        }
    }
    Ok(Permit {
        decision: decision.id.clone(),
        act_hash: decision.act_hash.clone(),
        idempotency_key: decision.idempotency_key.clone(),
    })
}

/// Why a standing grant does not cover a decision that would be approved at `at`; `None` where it does. Revoked, used up,
/// over, another proposer or target, more money than its cap, or money nobody can name.
pub fn outside_grant(grant: &Grant, decision: &Decision, at: crate::time::Millis) -> Option<&'static str> {
    let terms = &grant.terms;
    let Some(stake) = decision.stake_minor else { return Some("nobody can say how much money is at stake") };
    let stake = stake.saturating_abs().max(decision.cost_minor);
    if grant.revoked.is_some() {
        Some("it was revoked")
    } else if terms.proposer != decision.proposer {
        Some("it is another proposer's")
    } else if terms.target != decision.act.target() {
        Some("it is for another target")
    } else if stake > terms.cap_minor {
        Some("it does not reach for this much money")
    } else if at >= terms.until || at < grant.given_at {
        Some("its time is over")
    } else {
        None
    }
}

/// The grant a decision names exists, was signed by the operator with these very terms, and covers it.
fn granted(decision: &Decision, ground: &Ground) -> Result<()> {
    let deny = |message: &str| Err(Error::new(Code::Denied, message, "approve it, or give a new grant"));
    let Some(grant) = ground.grants.iter().find(|g| Some(&g.id) == decision.grant.as_ref()) else {
        return deny("the standing grant it names does not exist");
    };
    ground.keys.verify(&grant.signed)?;
    let claim = &grant.signed.claim;
    let signed = matches!(&claim.verdict, Verdict::Delegate { terms } if *terms == grant.terms);
    if !signed || claim.business != ground.business {
        return deny("the standing grant was not given in these terms");
    }
    let approved = decision.history.iter().rev().find(|t| t.to == State::Approved);
    let Some(at) = approved.map(|t| t.at) else { return deny("it was never approved under the standing grant") };
    if grant.used > grant.terms.uses {
        return deny("the standing grant is used up");
    }
    match outside_grant(grant, decision, at) {
        Some(why) => Err(Error::new(
            Code::Denied,
            format!("the standing grant does not cover it: {why}"),
            "approve it, or give a new grant",
        )),
        None => Ok(()),
    }
}

/// The history says that this operator approved it before its time was over.
fn approved_in_time(decision: &Decision, key_id: &str) -> bool {
    let deadline = decision.edited_from.as_ref().map_or(decision.expires_at, |shown| shown.expires_at);
    decision
        .history
        .iter()
        .rev()
        .find(|t| t.to == State::Approved)
        .is_some_and(|t| t.at < deadline && t.actor.strip_prefix("operator:") == Some(key_id))
}

/// The hash of an act.
pub fn act_hash(act: &Act) -> String {
    content_hash(&serde_json::to_value(act).unwrap_or_default())
}

/// Whether `value` may be written into a field of the card: `to` of a lever, `choice` of a question, `payload.<name>` of a call.
pub fn may_edit(card: &Decision, field: &str, value: &LeverValue) -> bool {
    let Some(allowed) = card.editable.iter().find(|e| e.field == field) else { return false };
    let current = match (&card.act, field.strip_prefix("payload.")) {
        (Act::SetLever { from, to, .. }, None) if field == "to" => {
            if value == from || std::mem::discriminant(value) != std::mem::discriminant(to) {
                return false;
            }
            return within(allowed, value);
        }
        (Act::Choose { .. }, None) if field == "choice" => true,
        // A field keeps its type: a number does not become a text.
        (Act::Call { payload, .. }, Some(name)) => matches!(
            (payload.get(name), value),
            (Some(serde_json::Value::String(_)), LeverValue::Text(_))
                | (Some(serde_json::Value::Number(_)), LeverValue::Number(_))
                | (Some(serde_json::Value::Bool(_)), LeverValue::Bool(_))
        ),
        _ => false,
    };
    current && within(allowed, value)
}

fn within(field: &crate::decision::Editable, value: &LeverValue) -> bool {
    match value {
        LeverValue::Bool(_) => true,
        LeverValue::Number(n) => {
            let low = field.min.unwrap_or(f64::NEG_INFINITY);
            let high = field.max.unwrap_or(f64::INFINITY);
            let on_step = match (field.step, field.min) {
                (Some(step), Some(min)) if step > 0.0 => {
                    let steps = (n - min) / step;
                    (steps - steps.round()).abs() < 1e-6
                }
                _ => true,
            };
            n.is_finite() && (low..=high).contains(n) && on_step
        }
        LeverValue::Text(text) if field.options.is_empty() => {
            // `max` of a text is its longest length.
            field.max.is_none_or(|max| text.chars().count() as f64 <= max)
        }
        LeverValue::Text(text) => field.options.contains(text),
    }
}

/// The act with the edits written into it; `None` where one of them is not allowed on the card.
pub fn edited_act(card: &Decision, set: &BTreeMap<String, LeverValue>) -> Option<Act> {
    if set.is_empty() || !set.iter().all(|(field, value)| may_edit(card, field, value)) {
        return None;
    }
    let mut act = card.act.clone();
    for (field, value) in set {
        match (&mut act, field.strip_prefix("payload.")) {
            (Act::SetLever { to, .. }, _) => *to = value.clone(),
            (Act::Choose { choice, .. }, _) => {
                let LeverValue::Text(text) = value else { return None };
                choice.clone_from(text);
            }
            (Act::Call { payload, .. }, Some(name)) => {
                *payload.get_mut(name)? = serde_json::to_value(value).ok()?;
            }
            _ => return None,
        }
    }
    Some(act)
}

/// An approval names the card that would run; an edit names the card that was on screen, and what would run is that
/// card's act with the signed values and nothing else changed.
fn agreed(decision: &Decision, claim: &Claim) -> bool {
    match (&claim.verdict, &decision.edited_from) {
        (Verdict::Approve | Verdict::Delegate { .. }, None) => claim.card_hash == decision.card_hash(),
        (Verdict::Edit { set }, Some(shown)) => {
            claim.card_hash == shown.card_hash()
                && shown.id == decision.id
                && act_hash(&shown.act) == shown.act_hash
                && edited_act(shown, set).is_some_and(|act| act == decision.act)
        }
        _ => false,
    }
}

/// R0 runs when its card expired without an answer; the history says so.
fn silence_runs(decision: &Decision) -> bool {
    decision.reversibility == Reversibility::R0
        && decision
            .history
            .iter()
            .any(|t| t.to == State::Approved && t.actor == "system" && t.at >= decision.expires_at)
}
