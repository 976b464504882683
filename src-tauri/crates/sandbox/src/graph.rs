//! The causal graph that the company obeys, with sizes measured on the model itself.
//!
//! An edge's elasticity is d ln(effect) / d ln(cause) when the cause alone is pushed a little for eight weeks under
//! default levers; for a lever with options it is the change of the effect's logarithm from the default to the best
//! option.

use serde::{Deserialize, Serialize};

use crate::expected::Model;
use crate::flows::Flows;
use crate::kpi::Kpi;
use crate::levers::{LeverSpec, Role, Settings};
use crate::scenario::{Company, Incident, IncidentKind, Scenario};

/// Something moves something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// A lever's or a metric's key.
    pub from: String,
    /// A metric's key.
    pub to: String,
    /// Days until about half of the effect is there.
    pub lag_days: f64,
    /// See the module.
    pub elasticity: f64,
    /// 1 or -1.
    pub sign: i8,
}

/// Days over which a push is measured, after as many in which it settles.
const DAYS: u32 = 56;
/// Elasticities below this are none.
const WEAKEST: f64 = 0.005;
/// Size of a push.
const PUSH: f64 = 0.04;

enum Cause {
    Lever(Role),
    /// A metric, and how it alone is pushed.
    Metric(Kpi, fn(&mut Scenario, &mut Vec<Incident>)),
}

/// All edges of a scenario.
pub fn edges(scenario: &Scenario) -> Vec<Edge> {
    // Calm, level days: sizes are those of the laws, not of what happens to happen.
    let mut calm = scenario.clone();
    calm.incidents.clear();
    let base = Bench::new(&calm, &[]);
    let before = base.measure(&base.model.defaults());
    let mut edges = Vec::new();
    for (cause, effects) in links(scenario, base.model.levers()) {
        for (effect, lag_days) in effects {
            let found = match &cause {
                Cause::Lever(role) => lever_edge(&base, *role, effect, &before),
                Cause::Metric(kpi, push) => metric_edge(&calm, *kpi, *push, effect, &before),
            };
            let (Some((from, elasticity)), Some(to)) = (found, effect.key(scenario.company)) else { continue };
            if elasticity.abs() > WEAKEST {
                let sign = if elasticity > 0.0 { 1 } else { -1 };
                edges.push(Edge { from, to: to.to_owned(), lag_days, elasticity, sign });
            }
        }
    }
    edges
}

struct Bench {
    model: Model,
}

impl Bench {
    fn new(scenario: &Scenario, incidents: &[Incident]) -> Self {
        Self { model: Model::new(scenario, incidents, 2 * DAYS) }
    }

    fn measure(&self, settings: &Settings) -> Flows {
        let mut state = self.model.start();
        self.model.run(&mut state, settings, DAYS);
        self.model.run(&mut state, settings, 2 * DAYS)
    }
}

fn change(before: &Flows, after: &Flows, kpi: Kpi) -> Option<f64> {
    let (a, b) = (before.kpi(kpi)?, after.kpi(kpi)?);
    (a > 0.0 && b > 0.0).then(|| libm::log(b / a))
}

fn lever_edge(base: &Bench, role: Role, effect: Kpi, before: &Flows) -> Option<(String, f64)> {
    let lever: &LeverSpec = base.model.levers().iter().find(|lever| lever.role == role)?;
    let default = lever.read(None);
    let mut settings = base.model.defaults();
    let measure = |settings: &Settings| change(before, &base.measure(settings), effect);
    if let epoch_model::business::LeverKind::Variant { .. } = lever.kind {
        let tried = lever.grid(10).into_iter().filter_map(|n| {
            settings.set(role, n);
            measure(&settings)
        });
        return Some((lever.key.clone(), tried.max_by(|a, b| a.abs().total_cmp(&b.abs()))?));
    }
    // A lever that is off has no logarithm: its first percent of ten stands for it.
    let (to, log) = if default > 0.0 { (default * (1.0 + PUSH), libm::log1p(PUSH)) } else { (10.0, 1.0) };
    settings.set(role, to);
    Some((lever.key.clone(), measure(&settings)? / log))
}

fn metric_edge(
    calm: &Scenario,
    cause: Kpi,
    push: fn(&mut Scenario, &mut Vec<Incident>),
    effect: Kpi,
    before: &Flows,
) -> Option<(String, f64)> {
    let (mut scenario, mut incidents) = (calm.clone(), Vec::new());
    push(&mut scenario, &mut incidents);
    for incident in &mut incidents {
        (incident.start, incident.end) = (0, i64::MAX);
    }
    let bench = Bench::new(&scenario, &incidents);
    let after = bench.measure(&bench.model.defaults());
    let moved = change(before, &after, cause).filter(|moved| moved.abs() > 1e-9)?;
    Some((cause.key(calm.company)?.to_owned(), change(before, &after, effect)? / moved))
}

fn incident(kind: IncidentKind, strength: f64, into: &mut Vec<Incident>) {
    into.push(Incident { strength, ..Incident::preset(kind, 1.0) });
}

type Links = Vec<(Cause, Vec<(Kpi, f64)>)>;

/// What is directly linked to what, with lags in days.
fn links(scenario: &Scenario, levers: &[LeverSpec]) -> Links {
    use Kpi as N;
    let (saas, trial) = (scenario.company == Company::Saas, f64::from(scenario.offer.trial_days));
    let buying = if saas { trial } else { 0.0 };
    let come_back = 1.0 / scenario.habits.visits_per_day;
    let mut links: Links = Vec::new();
    for lever in levers {
        let effects = match lever.role {
            Role::Price => vec![(N::BuyRate, buying), (N::AverageOrder, 0.0), (N::Churn, 15.0), (N::Sellers, 60.0)],
            Role::Headline => vec![(N::IntentRate, 0.0)],
            Role::Onboarding => vec![(N::BuyRate, trial)],
            Role::Discount => vec![(N::BuyRate, 0.0), (N::AverageOrder, 0.0)],
            Role::Promise => vec![(N::BuyRate, 0.0), (N::LateShare, scenario.delivery.days)],
            Role::FraudCheck => vec![(N::Chargebacks, 25.0), (N::BuyRate, buying)],
            Role::Agents => vec![(N::ResponseHours, 0.0)],
            Role::Servers => vec![(N::PageLoad, 0.0)],
            Role::ReorderPoint => vec![(N::OutOfStock, scenario.stock.as_ref().map_or(0.0, |stock| stock.lead_days))],
            Role::Spend(i) => vec![(N::Visits, scenario.channels[i].half_life_days), (N::MarketingSpend, 0.0)],
        };
        links.push((Cause::Lever(lever.role), effects));
    }
    let mut metric = |kpi, push: fn(&mut Scenario, &mut Vec<Incident>), effects: Vec<(Kpi, f64)>| {
        links.push((Cause::Metric(kpi, push), effects));
    };
    metric(N::PageLoad, |_, i| incident(IncidentKind::ServerSlow, PUSH, i), vec![(N::ViewRate, 0.0)]);
    metric(
        N::Visits,
        |s, _| {
            s.demand.visitors_per_day *= 1.0 + PUSH;
            s.channels.iter_mut().for_each(|channel| channel.visitors_max *= 1.0 + PUSH);
        },
        vec![(N::PageLoad, 0.0), (N::Orders, buying)],
    );
    metric(N::ViewRate, |s, _| s.funnel.view *= 1.0 + PUSH, vec![(N::Orders, buying)]);
    metric(N::IntentRate, |s, _| s.funnel.intent *= 1.0 + PUSH, vec![(N::Orders, buying)]);
    metric(N::BuyRate, |_, i| incident(IncidentKind::PriceWar, PUSH, i), vec![(N::Orders, 0.0)]);
    // More orders by nothing but more buying.
    metric(N::Orders, |_, i| incident(IncidentKind::PriceWar, PUSH, i), vec![(N::Revenue, 0.0), (N::Tickets, 3.0)]);
    metric(N::Tickets, |s, _| s.support.per_visit *= 1.0 + 4.0 * PUSH, vec![(N::ResponseHours, 0.0)]);
    metric(
        N::ResponseHours,
        |s, _| s.support.base_hours += 6.0,
        if saas { vec![(N::Churn, 15.0)] } else { vec![(N::BuyRate, come_back)] },
    );
    metric(
        N::LateShare,
        |_, i| incident(IncidentKind::CarrierDelay, PUSH, i),
        vec![(N::RefundRate, scenario.offer.refund_days), (N::Tickets, 0.0)],
    );
    metric(N::OutOfStock, |_, i| incident(IncidentKind::SupplierDelay, 2.0 * PUSH, i), vec![(N::BuyRate, 0.0)]);
    metric(N::Sellers, |_, i| incident(IncidentKind::SellerExodus, 0.001, i), vec![(N::IntentRate, 0.0)]);
    metric(N::Churn, |_, i| incident(IncidentKind::ChurnWave, PUSH, i), vec![(N::Revenue, 30.0)]);
    links
}
