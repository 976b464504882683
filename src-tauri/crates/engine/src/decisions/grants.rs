//! Standing grants: what the founder lets a proposer do again without asking, within signed terms.
//!
//! The engine matches, counts and revokes; the gate verifies the signature and the terms again before anything goes out.

use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{Act, Decision, GrantTerms, SignedVerdict};
use epoch_model::gate::outside_grant;
use epoch_model::proposal::Grant;
use epoch_model::time::DAY;
use epoch_model::{Code, Error, Result};

use crate::Engine;
use crate::action::Action;
use crate::monitor::next_id;
use crate::text;

/// Grants remembered.
const GRANTS_MAX: usize = 200;
/// Most uses, and longest time, of one grant.
const USES_MAX: u32 = 1000;
const LONGEST: i64 = 366 * DAY;

impl Engine {
    /// Whether the founder may grant these terms from this card.
    pub(crate) fn grantable(&self, d: &Decision, terms: &GrantTerms) -> Result<()> {
        let bad = |message: &str| {
            Err(Error::new(Code::InvalidArgument, message, "give other terms, or approve this one alone"))
        };
        if terms.proposer != d.proposer || terms.target != d.act.target() {
            return bad("a grant is for the proposer and the target of the card it is given on");
        }
        if matches!(d.act, Act::Choose { .. }) {
            return bad("a question is answered each time");
        }
        if terms.uses == 0 || terms.uses > USES_MAX || terms.cap_minor < 0 {
            return bad("a grant has between one and a thousand uses and a cap that is not negative");
        }
        if terms.until <= self.now || terms.until.saturating_sub(self.now) > LONGEST {
            return bad("a grant ends within a year from now");
        }
        if d.stake_minor.is_none() {
            return bad("nobody can say how much money is at stake, so no cap would hold");
        }
        Ok(())
    }

    pub(crate) fn give_grant(&mut self, terms: &GrantTerms, signed: &SignedVerdict, out: &mut Vec<Action>) {
        let id = next_id(&mut self.book.others.grants_made, "grant");
        let grant =
            Grant { id, terms: terms.clone(), signed: signed.clone(), given_at: self.now, used: 0, revoked: None };
        let grants = &mut self.book.others.grants;
        grants.push(grant);
        if grants.len() > GRANTS_MAX {
            // One that ended goes first; none of the living is forgotten while there is one.
            let now = self.now;
            let over = |g: &Grant| g.revoked.is_some() || g.used >= g.terms.uses || g.terms.until <= now;
            let at = grants.iter().position(over).unwrap_or(0);
            grants.remove(at);
        }
        out.push(Action::Grants(grants.clone()));
    }

    /// Takes one use of a grant that covers a decision policy asks about. Answers its id.
    pub(crate) fn use_grant(&mut self, id: &str, out: &mut Vec<Action>) -> Option<String> {
        let d = &self.book.records.get(id)?.decision;
        // A grant does not skip an audit.
        if d.policy.answer != PolicyAnswer::Ask || d.edited_from.is_some() || d.audited {
            return None;
        }
        let now = self.now;
        let fits = |g: &Grant| g.used < g.terms.uses && outside_grant(g, d, now).is_none();
        let at = self.book.others.grants.iter().position(fits)?;
        let grant = self.book.others.grants.get_mut(at)?;
        grant.used = grant.used.saturating_add(1);
        let name = grant.id.clone();
        if let Some(record) = self.book.records.get_mut(id) {
            record.decision.grant = Some(name.clone());
        }
        out.push(Action::Grants(self.book.others.grants.clone()));
        Some(name)
    }

    /// Ends a grant. What it already approved and did not go out yet is denied at the gate.
    pub(crate) fn revoke_grant(&mut self, grant: &str, by: &str, out: &mut Vec<Action>) {
        let now = self.now;
        let what = format!("revoking {} by {}", text::shorten(grant, 40), text::shorten(by, 60));
        let refuse = |code, message: &str| Action::Refused { what: what.clone(), code, message: message.to_owned() };
        match self.book.others.grants.iter_mut().find(|g| g.id == grant) {
            None => out.push(refuse(Code::NotFound, "there is no such grant")),
            Some(g) if g.revoked.is_some() => out.push(refuse(Code::WrongState, "it was revoked already")),
            Some(g) => {
                g.revoked = Some(now);
                out.push(Action::Grants(self.book.others.grants.clone()));
            }
        }
    }
}
