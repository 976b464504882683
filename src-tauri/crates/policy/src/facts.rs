//! What a policy is told of an act.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::LazyLock;

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
    /// `set_lever`, `start_experiment`, `end_experiment`, `call`, `start_workflow`, `edit_workflow`, `choose`.
    pub act: String,
    /// For a call its kind (`webhook`, `mail`, …), else empty.
    pub effect: String,
    pub level: Level,
    pub reversibility: Reversibility,
    /// Money at stake over its horizon, where it is known.
    pub stake: Option<i64>,
    pub cost: i64,
    pub budget_left: i64,
    pub exposure: i64,
    pub chance_worse: i64,
    pub novel: bool,
    /// What its proposer earned for such acts: 0 watch, 1 propose, 2 limited, 3 full.
    pub autonomy: i64,
    /// What ran alone lost more than the limits allow.
    pub drawdown: bool,
    /// Nothing was ever done to this target.
    pub first_contact: bool,
    /// The effect's provider fails at present.
    pub breaker_open: bool,
    /// It is a step of a workflow's run.
    pub run_of_workflow: bool,
    /// Width of the predicted interval against its middle; 0 where nothing is predicted.
    pub uncertainty: i64,
    /// What a day of waiting costs; 0 where that is not known.
    pub delay_cost: i64,
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

/// A name that every request uses; reading it again each time took a third of a judgement.
fn known<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    T::from_str(text).map_err(|e| e.to_string())
}

type Known<T> = LazyLock<Result<T, String>>;
static PROPOSER: Known<EntityTypeName> = LazyLock::new(|| known("Proposer"));
static KIND: Known<EntityTypeName> = LazyLock::new(|| known("Kind"));
static TARGET: Known<EntityTypeName> = LazyLock::new(|| known("Target"));
static DOMAIN: Known<EntityTypeName> = LazyLock::new(|| known("Domain"));
static EXECUTE: Known<EntityUid> = LazyLock::new(|| known("Action::\"execute\""));
static PROPOSE: Known<EntityUid> = LazyLock::new(|| known("Action::\"propose\""));

fn uid(kind: &Known<EntityTypeName>, id: &str) -> Result<EntityUid, String> {
    Ok(EntityUid::from_type_name_and_id((**kind).clone()?, EntityId::new(id)))
}

/// What is asked of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Execute,
    Propose,
}

/// Both questions about an act, with the entities they speak of.
pub(crate) struct Questions {
    pub execute: Request,
    pub propose: Request,
    pub entities: Entities,
}

impl Questions {
    pub(crate) fn of(&self, action: Action) -> &Request {
        match action {
            Action::Execute => &self.execute,
            Action::Propose => &self.propose,
        }
    }
}

impl Facts {
    /// The facts by the names policies use, in the order of the schema.
    fn pairs(&self) -> Vec<(String, RestrictedExpression)> {
        let long = RestrictedExpression::new_long;
        let flag = RestrictedExpression::new_bool;
        let mut pairs = vec![
            ("act", RestrictedExpression::new_string(self.act.clone())),
            ("effect", RestrictedExpression::new_string(self.effect.clone())),
            ("level", long(level_number(self.level))),
            ("reversibility", long(reversibility_number(self.reversibility))),
            ("cost", long(self.cost)),
            ("budget_left", long(self.budget_left)),
            ("exposure", long(self.exposure)),
            ("chance_worse", long(self.chance_worse)),
            ("novel", flag(self.novel)),
            ("autonomy", long(self.autonomy)),
            ("drawdown", flag(self.drawdown)),
            ("first_contact", flag(self.first_contact)),
            ("breaker_open", flag(self.breaker_open)),
            ("run_of_workflow", flag(self.run_of_workflow)),
            ("uncertainty", long(self.uncertainty)),
            ("delay_cost", long(self.delay_cost)),
            ("hour", long(self.hour)),
            ("weekday", long(self.weekday)),
        ];
        pairs.extend(self.stake.map(|stake| ("stake", long(stake))));
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The requests for both actions.
    pub(crate) fn questions(&self) -> Result<Questions, String> {
        let kind = self.proposer.split(':').next().unwrap_or_default();
        let (proposer, proposers) = (uid(&PROPOSER, &self.proposer)?, uid(&KIND, kind)?);
        let (target, domain) = (uid(&TARGET, &self.target)?, uid(&DOMAIN, &domain_word(self.domain))?);
        let member = |of: &EntityUid, group: EntityUid| Entity::new_no_attrs(of.clone(), HashSet::from([group]));
        let entities = Entities::from_entities([member(&proposer, proposers), member(&target, domain)], None)
            .map_err(|e| e.to_string())?;
        let context = Context::from_pairs(self.pairs()).map_err(|e| e.to_string())?;
        let request = |action: &Known<EntityUid>, context| {
            Request::new(proposer.clone(), (**action).clone()?, target.clone(), context, None)
                .map_err(|e| e.to_string())
        };
        Ok(Questions { execute: request(&EXECUTE, context.clone())?, propose: request(&PROPOSE, context)?, entities })
    }
}
