//! What the company can be steered by, and what it is set to.

use std::collections::BTreeMap;

use epoch_model::business::{Domain, LeverKind, LeverValue, Reversibility};
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::scenario::{Company, Scenario};

/// What is known of a decision's subject when a lever is read: what an SDK would send along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attributes<'a> {
    /// When the decision is made.
    pub at: Millis,
    /// Empty for decisions of the company as a whole (budgets, servers), whose unit is empty, too.
    pub country: &'a str,
    pub device: &'a str,
    pub plan: &'a str,
    /// Channel of the visit.
    pub channel: &'a str,
}

/// Where the world reads its levers, decision by decision.
pub trait LeverSource {
    /// The value of a lever for a unit; `None` for the default. Numbers out of range are taken as the nearest bound,
    /// values of another kind as the default.
    fn value(&self, lever: &str, unit: &str, attributes: &Attributes<'_>) -> Option<LeverValue>;
}

/// All levers at their defaults: doing nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults;

impl LeverSource for Defaults {
    fn value(&self, _: &str, _: &str, _: &Attributes<'_>) -> Option<LeverValue> {
        None
    }
}

/// Fixed values by lever key, the same for every unit.
impl LeverSource for BTreeMap<String, LeverValue> {
    fn value(&self, lever: &str, _: &str, _: &Attributes<'_>) -> Option<LeverValue> {
        self.get(lever).cloned()
    }
}

/// What a lever acts upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Price,
    Headline,
    Onboarding,
    Discount,
    Promise,
    FraudCheck,
    Agents,
    Servers,
    ReorderPoint,
    /// Spend on the channel with this index.
    Spend(usize),
}

/// A lever of the company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeverSpec {
    pub key: String,
    pub role: Role,
    pub kind: LeverKind,
    pub default: LeverValue,
    pub domain: Domain,
    pub reversibility: Reversibility,
}

/// Options of `fraud_check`.
pub const FRAUD_CHECKS: [&str; 3] = ["off", "basic", "strict"];
/// Share of stolen cards each of them stops.
pub const FRAUD_STOPPED: [f64; 3] = [0.0, 0.6, 0.92];
/// Log-odds of buying each of them costs honest customers.
pub const FRAUD_FRICTION: [f64; 3] = [0.0, -0.01, -0.09];

fn number(key: &str, role: Role, range: (f64, f64, f64, f64), domain: Domain) -> LeverSpec {
    let (min, max, step, default) = range;
    LeverSpec {
        key: key.to_owned(),
        role,
        kind: LeverKind::Number { min, max, step },
        default: LeverValue::Number(default),
        domain,
        reversibility: Reversibility::R1,
    }
}

fn variant(key: &str, role: Role, options: Vec<String>, default: usize, domain: Domain) -> LeverSpec {
    let default = LeverValue::Text(options[default.min(options.len() - 1)].clone());
    let kind = LeverKind::Variant { options };
    LeverSpec { key: key.to_owned(), role, kind, default, domain, reversibility: Reversibility::R1 }
}

/// The levers of a scenario's company, in a fixed order.
pub fn catalog(scenario: &Scenario) -> Vec<LeverSpec> {
    let keys = |choices: &[crate::scenario::Choice]| choices.iter().map(|c| c.key.clone()).collect::<Vec<_>>();
    let amount = scenario.offer.amount;
    let mut levers = vec![match scenario.company {
        Company::Shop => number("price_index", Role::Price, (70.0, 150.0, 1.0, 100.0), Domain::Pricing),
        Company::Saas => number("pro_price", Role::Price, (0.5 * amount, 2.0 * amount, 1.0, amount), Domain::Pricing),
        Company::Marketplace => number("take_rate", Role::Price, (4.0, 30.0, 0.5, 12.0), Domain::Pricing),
    }];
    levers.push(variant("headline", Role::Headline, keys(&scenario.headlines), 0, Domain::Content));
    match scenario.company {
        Company::Saas => {
            levers.push(variant("onboarding", Role::Onboarding, keys(&scenario.onboardings), 0, Domain::Ux));
        }
        Company::Shop | Company::Marketplace => {
            levers.push(number("discount", Role::Discount, (0.0, 30.0, 5.0, 0.0), Domain::Marketing));
            levers.push(number("delivery_promise", Role::Promise, (1.0, 10.0, 1.0, 4.0), Domain::Operations));
        }
    }
    let checks = FRAUD_CHECKS.map(str::to_owned).to_vec();
    levers.push(variant("fraud_check", Role::FraudCheck, checks, 1, Domain::Operations));
    levers.push(number("support_agents", Role::Agents, (1.0, 20.0, 1.0, 2.0), Domain::Support));
    levers.push(number("servers", Role::Servers, (1.0, 20.0, 1.0, 4.0), Domain::Infrastructure));
    if let Some(stock) = &scenario.stock {
        let range = (0.0, 10.0 * stock.batch, (stock.batch / 20.0).max(1.0), stock.batch);
        levers.push(number("reorder_point", Role::ReorderPoint, range, Domain::Operations));
    }
    for (i, channel) in scenario.channels.iter().enumerate() {
        let range = (0.0, channel.spend_max, (channel.spend_max / 40.0).max(0.5), channel.spend);
        levers.push(number(&format!("spend_{}", channel.key), Role::Spend(i), range, Domain::Marketing));
    }
    for changed in &scenario.levers {
        let Some(lever) = levers.iter_mut().find(|lever| lever.key == changed.key) else { continue };
        if let (LeverKind::Number { min, max, step }, LeverValue::Number(default)) =
            (&mut lever.kind, &mut lever.default)
        {
            *min = changed.min.unwrap_or(*min);
            *max = changed.max.unwrap_or(*max);
            *step = changed.step.unwrap_or(*step);
            // Not `clamp`, which stops at a range the wrong way round; that is for the check to say.
            *default = changed.default.unwrap_or(default.max(*min).min(*max));
        }
    }
    levers
}

impl LeverSpec {
    /// What a value means in numbers: itself, or the index of its option; within the range.
    pub fn read(&self, value: Option<&LeverValue>) -> f64 {
        let own = value.and_then(|value| self.number_of(value));
        own.or_else(|| self.number_of(&self.default)).unwrap_or(0.0)
    }

    fn number_of(&self, value: &LeverValue) -> Option<f64> {
        match (&self.kind, value) {
            (LeverKind::Number { min, max, .. }, LeverValue::Number(n)) if n.is_finite() => Some(n.max(*min).min(*max)),
            (LeverKind::Variant { options }, LeverValue::Text(text)) => {
                options.iter().position(|option| option == text).map(|i| i as f64)
            }
            _ => None,
        }
    }

    /// The value that a number stands for.
    pub fn value_of(&self, n: f64) -> LeverValue {
        match &self.kind {
            LeverKind::Variant { options } => LeverValue::Text(options[(n as usize).min(options.len() - 1)].clone()),
            _ => LeverValue::Number(n),
        }
    }

    /// Up to `most` settings over the whole range, the default among them, in rising order.
    pub fn grid(&self, most: usize) -> Vec<f64> {
        let default = self.read(None);
        let mut values: Vec<f64> = match &self.kind {
            LeverKind::Variant { options } => (0..options.len()).map(|i| i as f64).collect(),
            LeverKind::Number { min, max, step } => {
                let steps = libm::floor((max - min) / step + 1e-9);
                let n = (steps as usize).min(most.max(2) - 1).max(1);
                (0..=n).map(|i| min + step * libm::round(steps * i as f64 / n as f64)).collect()
            }
            LeverKind::Boolean | LeverKind::Text { .. } => Vec::new(),
        };
        values.push(default);
        values.sort_by(f64::total_cmp);
        values.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        values
    }
}

/// All levers at once, as numbers; options as their index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Price (saas), index of prices (shop) or take rate (marketplace).
    pub price: f64,
    /// `None`: the best for each segment, which only the oracle knows.
    pub headline: Option<usize>,
    pub onboarding: Option<usize>,
    /// In per cent.
    pub discount: f64,
    /// In days.
    pub promise: f64,
    pub fraud_check: usize,
    pub agents: f64,
    pub servers: f64,
    pub reorder_point: f64,
    /// A day, by channel.
    pub spend: Vec<f64>,
}

impl Settings {
    /// Everything at its default.
    pub fn defaults(levers: &[LeverSpec], channels: usize) -> Self {
        let mut settings = Self {
            price: 0.0,
            headline: Some(0),
            onboarding: Some(0),
            discount: 0.0,
            promise: 4.0,
            fraud_check: 1,
            agents: 1.0,
            servers: 1.0,
            reorder_point: 0.0,
            spend: vec![0.0; channels],
        };
        for lever in levers {
            settings.set(lever.role, lever.read(None));
        }
        settings
    }

    /// Sets one lever.
    pub fn set(&mut self, role: Role, n: f64) {
        let index = n.max(0.0) as usize;
        match role {
            Role::Price => self.price = n,
            Role::Headline => self.headline = Some(index),
            Role::Onboarding => self.onboarding = Some(index),
            Role::Discount => self.discount = n,
            Role::Promise => self.promise = n,
            Role::FraudCheck => self.fraud_check = index.min(2),
            Role::Agents => self.agents = n,
            Role::Servers => self.servers = n,
            Role::ReorderPoint => self.reorder_point = n,
            Role::Spend(i) => self.spend[i] = n,
        }
    }

    /// What one lever is set to; `None` where the best for each segment is meant.
    pub fn get(&self, role: Role) -> Option<f64> {
        Some(match role {
            Role::Price => self.price,
            Role::Headline => self.headline? as f64,
            Role::Onboarding => self.onboarding? as f64,
            Role::Discount => self.discount,
            Role::Promise => self.promise,
            Role::FraudCheck => self.fraud_check as f64,
            Role::Agents => self.agents,
            Role::Servers => self.servers,
            Role::ReorderPoint => self.reorder_point,
            Role::Spend(i) => self.spend[i],
        })
    }
}
