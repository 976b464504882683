//! A small business with a known past, an operator with a key, and a host that performs what the engine answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use epoch_engine::{Action, ClosedMetric, Engine, Input, Playbook};
use epoch_model::business::{Business, LeverValue};
use epoch_model::decision::{Act, Claim, Decision, SignedVerdict, State, Verdict};
use epoch_model::gate::{RunState, claim_bytes, key_id};
use epoch_model::insight::Insight;
use epoch_model::series::Point;
use epoch_model::time::{DAY, Grain, Millis};
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

/// Monday 2025-01-06.
pub const START: Millis = 1_736_121_600_000;

pub const BUSINESS: &str = r#"
[business]
name = "Northwind"
currency = "EUR"
timezone = "UTC"

[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
format = "money"
better = "up"
domain = "sales"
segments = ["country"]

[[metric]]
key = "signup_rate"
kind = "proportion"
numerator = { event = "signup", within = "7d" }
denominator = { event = "visit" }
better = "up"
domain = "product"

[[metric]]
key = "refund_rate"
kind = "ratio"
numerator = { event = "refund" }
denominator = { event = "order" }
format = "percent"
better = "down"
domain = "operations"

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
domain = "pricing"
reversibility = "R1"

[[lever]]
key = "featured_discount"
kind = "number"
min = 0
max = 30
step = 5
default = 10
domain = "ecommerce"
reversibility = "R1"

[[effect]]
key = "ops_alert"
kind = "webhook"
url = "https://hooks.example.com/abc"
domain = "operations"
reversibility = "R0"

[limits]
autonomous_spend_per_day = "20 EUR"
exposure_per_decision = "10 %"
cards_per_day = 5
"#;

pub fn business(text: &str) -> Business {
    Business::parse(text).expect("a valid business")
}

/// Noise without a generator: the fractional part of a large sine, about uniform on -1..1.
pub fn noise(i: i64, salt: f64) -> f64 {
    let x = (i as f64 * 12.9898 + salt * 78.233).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

pub struct World {
    pub engine: Engine,
    pub rng: Pcg64,
    pub now: Millis,
    pub key: SigningKey,
    pub day: i64,
    pub log: Vec<(Input, Millis, Vec<Action>)>,
}

impl World {
    pub fn new(text: &str) -> Self {
        Self::with(text, Playbook::defaults())
    }

    pub fn with(text: &str, playbooks: Vec<Playbook>) -> Self {
        Self::of(business(text), playbooks)
    }

    pub fn of(business: Business, playbooks: Vec<Playbook>) -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let hex = key.verifying_key().to_bytes().map(|b| format!("{b:02x}")).concat();
        let mut world =
            Self { engine: Engine::new(), rng: Pcg64::seed_from_u64(1), now: START, key, day: 0, log: Vec::new() };
        world.send(Input::Configure { business: Box::new(business), playbooks, operator_keys: vec![hex] });
        world
    }

    pub fn send(&mut self, input: Input) -> Vec<Action> {
        let actions = self.engine.handle(&input, self.now, &mut self.rng);
        self.log.push((input, self.now, actions.clone()));
        actions
    }

    /// Closes a day: everything multiplied by `factor`, Germany by `germany` besides.
    pub fn day(&mut self, factor: f64, germany: f64) -> Vec<Action> {
        self.day_with(factor, germany, 1.0, 1.0)
    }

    pub fn day_with(&mut self, factor: f64, germany: f64, signups: f64, refunds: f64) -> Vec<Action> {
        let start = START + self.day * DAY;
        self.now = self.now.max(start + DAY + 60_000);
        let input = closed(self.day, factor, germany, signups, refunds);
        self.day += 1;
        self.send(input)
    }

    pub fn days(&mut self, n: i64) -> Vec<Action> {
        (0..n).flat_map(|_| self.day(1.0, 1.0)).collect()
    }

    pub fn sign(&self, decision: &Decision, verdict: Verdict) -> SignedVerdict {
        self.sign_as(&self.key, "Northwind", decision, verdict)
    }

    pub fn sign_as(&self, key: &SigningKey, business: &str, decision: &Decision, verdict: Verdict) -> SignedVerdict {
        let claim = Claim {
            business: business.to_owned(),
            decision: decision.id.clone(),
            card_hash: decision.card_hash(),
            verdict,
            at: self.now,
        };
        let signature = STANDARD.encode(key.sign(&claim_bytes(&claim)).to_bytes());
        SignedVerdict { claim, key_id: key_id(&key.verifying_key().to_bytes()), signature }
    }

    pub fn answer(&mut self, id: &str, verdict: Verdict) -> Vec<Action> {
        let decision = self.engine.decision(id).expect("an open decision").clone();
        let signed = self.sign(&decision, verdict);
        self.send(Input::Verdict { signed })
    }

    pub fn done(&mut self, id: &str) -> Vec<Action> {
        self.send(Input::EffectResult {
            decision: id.to_owned(),
            ok: true,
            in_doubt: false,
            detail: "set".to_owned(),
            answer: None,
        })
    }

    pub fn run(&mut self, state: RunState) -> Vec<Action> {
        self.send(Input::Run { state, actor: "operator:test".to_owned(), reason: String::new() })
    }

    /// The open decision on a lever.
    pub fn on(&self, key: &str) -> Option<Decision> {
        self.engine.open_decisions().find(|d| matches!(&d.act, Act::SetLever { lever, .. } if lever == key)).cloned()
    }

    pub fn state(&self, id: &str) -> Option<State> {
        self.log
            .iter()
            .flat_map(|(_, _, a)| a)
            .filter_map(|a| match a {
                Action::Decision(d) if d.id == id => Some(d.state),
                _ => None,
            })
            .next_back()
    }
}

/// A day of Northwind: 5,000 EUR, 40 % of it from Germany, 4 % of 1,000 visitors sign up, 3 % of 200 orders come back.
pub fn closed(day: i64, factor: f64, germany: f64, signups: f64, refunds: f64) -> Input {
    let start = START + day * DAY;
    let week = [1.1, 1.0, 1.0, 1.05, 1.2, 0.8, 0.7][day.rem_euclid(7) as usize];
    let point = |value: Option<f64>, numerator: f64, denominator: f64| Point {
        start,
        value,
        numerator,
        denominator,
        events: 200,
    };
    let parts: Vec<(String, f64)> = [("Germany", 0.4), ("France", 0.35), ("Spain", 0.25)]
        .iter()
        .enumerate()
        .map(|(k, (name, share))| {
            let own = if *name == "Germany" { germany } else { 1.0 };
            ((*name).to_owned(), 5000.0 * share * week * factor * own * (1.0 + 0.08 * noise(day, k as f64)))
        })
        .collect();
    let revenue: f64 = parts.iter().map(|p| p.1).sum();
    let segments = parts.into_iter().map(|(v, r)| ("country".to_owned(), v, point(Some(r), r, 1.0))).collect();
    let hits = (1000.0 * 0.04 * signups * (1.0 + 0.15 * noise(day, 9.0))).round();
    let back = (200.0 * 0.03 * refunds * (1.0 + 0.2 * noise(day, 5.0))).round();
    Input::Closed {
        grain: Grain::Day,
        start,
        end: start + DAY,
        metrics: vec![
            ClosedMetric { metric: "revenue".to_owned(), point: point(Some(revenue), revenue, 1.0), segments },
            ClosedMetric {
                metric: "signup_rate".to_owned(),
                point: point(Some(hits / 1000.0), hits, 1000.0),
                segments: vec![],
            },
            ClosedMetric {
                metric: "refund_rate".to_owned(),
                point: point(Some(back / 200.0), back, 200.0),
                segments: vec![],
            },
        ],
    }
}

pub fn insights(actions: &[Action]) -> Vec<&Insight> {
    let mut out: Vec<&Insight> = Vec::new();
    for action in actions {
        if let Action::Insight(i) = action {
            out.retain(|o| o.id != i.id);
            out.push(i);
        }
    }
    out
}

pub fn effects(actions: &[Action]) -> Vec<(&str, &Act)> {
    actions
        .iter()
        .filter_map(|a| match a {
            Action::Effect { decision, act, .. } => Some((decision.as_str(), act)),
            _ => None,
        })
        .collect()
}

pub fn refusals(actions: &[Action]) -> Vec<epoch_model::Code> {
    actions
        .iter()
        .filter_map(|a| match a {
            Action::Refused { code, .. } => Some(*code),
            _ => None,
        })
        .collect()
}

pub fn number(n: f64) -> LeverValue {
    LeverValue::Number(n)
}
