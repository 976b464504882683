//! What a person decides, as probabilities: the same functions serve the simulation and the expectation of it.

use crate::forces::Forces;
use crate::formula::{logistic, logit, logit_slope};
use crate::levers::FRAUD_FRICTION;
use crate::scenario::{Company, Scenario};
use crate::segment::{Segment, option_effect};

/// What a visit depends on.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub segment: &'a Segment,
    pub forces: &'a Forces,
    /// Log-odds of intent that the channel brings.
    pub quality: f64,
    /// Whether it is a customer, and how much trust there is.
    pub customer: bool,
    pub trust: f64,
    /// Logarithm of the load time against idle servers.
    pub slowness: f64,
    /// Logarithm of the number of sellers against the start.
    pub selection: f64,
}

/// Probability of looking at a product (or at prices).
pub fn view(scenario: &Scenario, scene: &Scene<'_>) -> f64 {
    let slope = logit_slope(scenario.funnel.latency_elasticity, scenario.funnel.view);
    logistic(scene.segment.view + slope * scene.slowness) * scene.forces.view
}

/// Probability of putting it into the cart (or of signing up) having looked.
pub fn intent(scenario: &Scenario, scene: &Scene<'_>, headline: Option<usize>) -> f64 {
    let copy = option_effect(&scene.segment.headline, headline, scene.forces.taste);
    let loyalty = if scene.customer { scenario.funnel.loyalty } else { 0.0 };
    let sellers = scenario
        .supply
        .as_ref()
        .map_or(0.0, |supply| logit_slope(supply.selection_elasticity, scenario.funnel.intent) * scene.selection);
    logistic(scene.segment.intent + scene.quality + copy + loyalty + sellers) * scene.forces.intent
}

/// Probability of buying having put it into the cart, at a price ratio against the default and a promise in days.
pub fn buy(scenario: &Scenario, scene: &Scene<'_>, price_ratio: f64, promise: f64, fraud_check: usize) -> f64 {
    let mut u = base_buy(scenario, scene, price_ratio);
    u += logit_slope(scenario.funnel.promise_elasticity, scenario.funnel.buy) * libm::log(promise / 4.0);
    u += FRAUD_FRICTION[fraud_check];
    if scene.customer {
        u += scenario.funnel.loyalty;
    }
    logistic(u) * scene.forces.buy
}

/// Probability of paying at the end of a trial.
pub fn convert(
    scenario: &Scenario,
    scene: &Scene<'_>,
    price_ratio: f64,
    onboarding: Option<usize>,
    fraud: usize,
) -> f64 {
    let guide = option_effect(&scene.segment.onboarding, onboarding, (usize::MAX, 0.0));
    logistic(base_buy(scenario, scene, price_ratio) + guide + FRAUD_FRICTION[fraud]) * scene.forces.buy
}

fn base_buy(scenario: &Scenario, scene: &Scene<'_>, price_ratio: f64) -> f64 {
    let price = scene.segment.price * scene.forces.price * libm::log(price_ratio.max(1e-3));
    scene.segment.buy + price + scenario.funnel.trust * scene.trust
}

/// Probability of leaving: at a visit (shop, marketplace) or at a renewal at this price ratio (saas).
pub fn churn(scenario: &Scenario, scene: &Scene<'_>, price_ratio: f64) -> f64 {
    let habits = &scenario.habits;
    if habits.churn <= 0.0 {
        return 0.0;
    }
    let price = match scenario.company {
        Company::Saas => logit_slope(habits.churn_price_elasticity, habits.churn) * libm::log(price_ratio.max(1e-3)),
        Company::Shop | Company::Marketplace => 0.0,
    };
    let odds = logit(habits.churn) + price * scene.forces.price - scenario.funnel.trust * scene.trust;
    (logistic(odds) * scene.forces.churn).min(1.0)
}

/// The price a buyer sees against the default: the lever itself, or what sellers put on their prices.
pub fn price_ratio(scenario: &Scenario, price: f64, default: f64) -> f64 {
    match &scenario.supply {
        Some(supply) => (1.0 + supply.pass_through * (price - default) / 100.0).max(0.05),
        None => (price / default).max(0.01),
    }
}
