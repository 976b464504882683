//! Segments: every combination of country, device and plan, with the tastes of its people.

use crate::formula::{logit, logit_slope};
use crate::scenario::{Scenario, Target};

/// One combination. Effects are log-odds, added over its dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Indices into the scenario's countries, devices and plans.
    pub country: usize,
    pub device: usize,
    pub plan: usize,
    /// Of all new people.
    pub share: f64,
    pub view: f64,
    pub intent: f64,
    pub buy: f64,
    /// Coefficient of the logarithm of the price ratio in the utility of buying.
    pub price: f64,
    /// Factor on what they spend.
    pub spend: f64,
    pub headline: Vec<f64>,
    pub onboarding: Vec<f64>,
}

/// All segments, countries outermost.
pub fn segments(scenario: &Scenario) -> Vec<Segment> {
    let base_buy = logit(scenario.funnel.buy);
    let mut all = Vec::new();
    for (c, country) in scenario.countries.iter().enumerate() {
        for (d, device) in scenario.devices.iter().enumerate() {
            for (p, plan) in scenario.plans.iter().enumerate() {
                let sum = |f: fn(&crate::scenario::Taste) -> f64| f(country) + f(device) + f(plan);
                let buy = sum(|t| t.buy);
                let elasticity = scenario.funnel.price_elasticity + sum(|t| t.price);
                let options =
                    |n: usize, of: fn(&crate::scenario::Taste) -> &Vec<f64>, base: &[crate::scenario::Choice]| {
                        (0..n).map(|i| base[i].effect + of(country)[i] + of(device)[i] + of(plan)[i]).collect()
                    };
                all.push(Segment {
                    country: c,
                    device: d,
                    plan: p,
                    share: country.share * device.share * plan.share,
                    view: logit(scenario.funnel.view) + sum(|t| t.view),
                    intent: logit(scenario.funnel.intent) + sum(|t| t.intent),
                    buy: base_buy + buy,
                    price: logit_slope(elasticity, crate::formula::logistic(base_buy + buy)),
                    spend: country.spend * device.spend * plan.spend,
                    headline: options(scenario.headlines.len(), |t| &t.headline, &scenario.headlines),
                    onboarding: options(scenario.onboardings.len(), |t| &t.onboarding, &scenario.onboardings),
                });
            }
        }
    }
    all
}

impl Segment {
    /// Whether an incident with this target hits it.
    pub fn hit_by(&self, target: Option<&Target>, scenario: &Scenario) -> bool {
        target.is_none_or(|target| {
            let value = match target.dimension.as_str() {
                "country" => &scenario.countries[self.country].key,
                "device" => &scenario.devices[self.device].key,
                _ => &scenario.plans[self.plan].key,
            };
            *value == target.value
        })
    }
}

/// The effect of an option, or of the best one where none is chosen; `shift` is added to one option.
pub fn option_effect(effects: &[f64], chosen: Option<usize>, shift: (usize, f64)) -> f64 {
    let of = |i: usize| effects[i] + if i == shift.0 { shift.1 } else { 0.0 };
    match chosen {
        Some(i) => of(i.min(effects.len() - 1)),
        None => (0..effects.len()).map(of).fold(f64::NEG_INFINITY, f64::max),
    }
}
