//! What a policy is told of an act.

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};
use epoch_model::business::{Domain, Reversibility};
use epoch_model::decision::Level;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is known of an act when it is judged. Money in minor units, shares in hundredths of a per cent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "PolicyFacts")]
pub struct Facts {
    /// Who proposes it: `playbook:<key>`, `experiment:<key>`, `agent:<key>`, `client:<key>`; the part before the colon is its kind.
    pub proposer: String,
    /// What is acted on: `lever pro_price`, `effect alert`.
    pub target: String,
    pub domain: Domain,
    /// `set_lever`, `start_experiment`, `end_experiment`, `webhook`.
    pub act: String,
    pub level: Level,
    pub reversibility: Reversibility,
    /// Money at stake over its horizon, where it is known.
    pub stake: Option<i64>,
    pub cost: i64,
    pub budget_left: i64,
    pub exposure: i64,
    pub chance_worse: i64,
    pub novel: bool,
    /// Local hour, 0 to 23, and day, 1 (Monday) to 7.
    pub hour: i64,
    pub weekday: i64,
}

/// The word a domain has in policies and in `business.toml`.
pub(crate) fn domain_word(domain: Domain) -> String {
    serde_json::to_value(domain).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(crate) fn level_number(level: Level) -> i64 {
    match level {
        Level::Operational => 0,
        Level::Tactical => 1,
        Level::Strategic => 2,
        Level::Sovereign => 3,
    }
}

pub(crate) fn reversibility_number(reversibility: Reversibility) -> i64 {
    match reversibility {
        Reversibility::R0 => 0,
        Reversibility::R1 => 1,
        Reversibility::R2 => 2,
        Reversibility::R3 => 3,
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|e| e.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

impl Facts {
    /// The facts by the names policies use, in the order of the schema.
    fn pairs(&self) -> Vec<(String, RestrictedExpression)> {
        let long = RestrictedExpression::new_long;
        let flag = RestrictedExpression::new_bool;
        let mut pairs = vec![
            ("act", RestrictedExpression::new_string(self.act.clone())),
            ("level", long(level_number(self.level))),
            ("reversibility", long(reversibility_number(self.reversibility))),
            ("cost", long(self.cost)),
            ("budget_left", long(self.budget_left)),
            ("exposure", long(self.exposure)),
            ("chance_worse", long(self.chance_worse)),
            ("novel", flag(self.novel)),
            ("hour", long(self.hour)),
            ("weekday", long(self.weekday)),
        ];
        pairs.extend(self.stake.map(|stake| ("stake", long(stake))));
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The request for an action, with the entities it speaks of.
    pub(crate) fn question(&self, action: &str) -> Result<(Request, Entities), String> {
        let kind = self.proposer.split(':').next().unwrap_or_default();
        let (proposer, proposers) = (uid("Proposer", &self.proposer)?, uid("Kind", kind)?);
        let (target, domain) = (uid("Target", &self.target)?, uid("Domain", &domain_word(self.domain))?);
        let member = |of: &EntityUid, group: EntityUid| {
            Entity::new(of.clone(), HashMap::new(), HashSet::from([group])).map_err(|e| e.to_string())
        };
        let entities = Entities::from_entities([member(&proposer, proposers)?, member(&target, domain)?], None)
            .map_err(|e| e.to_string())?;
        let context = Context::from_pairs(self.pairs()).map_err(|e| e.to_string())?;
        let request =
            Request::new(proposer, uid("Action", action)?, target, context, None).map_err(|e| e.to_string())?;
        Ok((request, entities))
    }
}
