//! Series with a known truth.

use epoch_stats::baseline::{At, Family, Past};
use epoch_stats::normal;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

pub struct Draw(Pcg64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }
    pub fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }
    /// Student's t with 4 degrees, variance 2.
    pub fn heavy(&mut self) -> f64 {
        let chi: f64 = (0..4).map(|_| self.normal().powi(2)).sum();
        self.normal() / (chi / 4.0).sqrt()
    }
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut k, mut p, limit) = (0.0, self.uniform(), (-mean).exp());
        while p > limit {
            k += 1.0;
            p *= self.uniform();
        }
        k
    }
}

#[derive(Clone)]
pub struct Sim {
    pub name: &'static str,
    pub values: Vec<f64>,
    pub weights: Vec<f64>,
    pub fine: Vec<u16>,
    pub coarse: Vec<u16>,
    pub slots: (u16, u16),
    pub family: Family,
}

impl Sim {
    pub fn past(&self, to: usize) -> Past<'_> {
        let cut = |v: &'_ [f64]| if v.is_empty() { 0 } else { to };
        Past {
            values: &self.values[..to],
            weights: &self.weights[..cut(&self.weights)],
            fine: &self.fine[..to],
            coarse: if self.coarse.is_empty() { &[] } else { &self.coarse[..to] },
            fine_slots: self.slots.0,
            coarse_slots: self.slots.1,
        }
    }
    pub fn at(&self, i: usize) -> At {
        At {
            fine: self.fine[i],
            coarse: self.coarse.get(i).copied().unwrap_or(0),
            weight: self.weights.get(i).copied().unwrap_or(1.0),
        }
    }
}

const WEEK: [f64; 7] = [0.1, 0.15, 0.05, 0.0, 0.2, -0.3, -0.2];

/// The calm families the product will meet.
pub fn calm(seed: u64, days: usize) -> Vec<Sim> {
    let mut d = Draw::new(seed);
    let week = |i: usize| WEEK[i % 7];
    let fine: Vec<u16> = (0..days).map(|i| (i % 7) as u16).collect();
    let make = |name, values: Vec<f64>, weights: Vec<f64>, family| Sim {
        name,
        values,
        weights,
        fine: fine.clone(),
        coarse: Vec::new(),
        slots: (7, 1),
        family,
    };
    let mut level: f64 = 0.0;
    let visits: Vec<f64> =
        (0..days).map(|i| (400.0 * (1.0 + 0.5 * week(i)) * (0.1 * d.normal()).exp()).round()).collect();
    let signups: Vec<f64> =
        visits.iter().map(|n| (0..*n as usize).filter(|_| d.uniform() < 0.04).count() as f64).collect();
    let mut drift = 0.0;
    vec![
        make(
            "lognormal revenue",
            (0..days).map(|i| 5000.0 * (week(i) + 0.25 * d.normal()).exp()).collect(),
            vec![],
            Family::Amount,
        ),
        make(
            "heavy-tailed revenue",
            (0..days).map(|i| 5000.0 * (week(i) + 0.15 * d.heavy()).exp()).collect(),
            vec![],
            Family::Amount,
        ),
        make(
            "skewed revenue",
            (0..days).map(|i| 3000.0 * week(i).exp() * (0..6).map(|_| -d.uniform().ln()).sum::<f64>() / 6.0).collect(),
            vec![],
            Family::Amount,
        ),
        make(
            "drifting revenue",
            (0..days)
                .map(|i| {
                    level += 0.03 * d.normal();
                    5000.0 * (week(i) + level + 0.15 * d.normal()).exp()
                })
                .collect(),
            vec![],
            Family::Amount,
        ),
        make(
            "growing revenue",
            (0..days).map(|i| 2000.0 * (0.006 * i as f64 + week(i) + 0.15 * d.normal()).exp()).collect(),
            vec![],
            Family::Amount,
        ),
        make("few orders", (0..days).map(|i| d.poisson(3.0 * week(i).exp())).collect(), vec![], Family::Count),
        make("orders", (0..days).map(|i| d.poisson(40.0 * week(i).exp())).collect(), vec![], Family::Count),
        make(
            "visits",
            (0..days)
                .map(|i| {
                    let e = d.normal();
                    d.poisson(900.0 * (week(i) + 0.08 * e).exp())
                })
                .collect(),
            vec![],
            Family::Count,
        ),
        make(
            "profit, may be negative",
            (0..days).map(|i| 200.0 + 300.0 * week(i) + 150.0 * d.normal()).collect(),
            vec![],
            Family::Amount,
        ),
        make("signup rate", signups.iter().zip(&visits).map(|(s, v)| s / v).collect(), visits.clone(), Family::Share),
        make(
            "overdispersed rate",
            visits
                .iter()
                .map(|n| {
                    drift = 0.6 * drift + 0.08 * d.normal();
                    let p = 1.0 / (1.0 + (2.0 - drift - d.normal() * 0.08_f64).exp());
                    d.poisson(n * p).min(*n) / n
                })
                .collect(),
            visits.clone(),
            Family::Share,
        ),
        make("basket", (0..days).map(|_| 45.0 * (0.12 * d.normal()).exp()).collect(), visits, Family::Ratio),
    ]
}

/// Hourly visits with a daily and a weekly shape, nearly nothing at night.
pub fn hourly(seed: u64, days: usize) -> Sim {
    let mut d = Draw::new(seed);
    let n = days * 24;
    let mean = |i: usize| {
        let (h, w) = ((i % 24) as f64, WEEK[(i / 24) % 7]);
        120.0 * (w + 1.8 * (-(h - 14.0).powi(2) / 40.0).exp() - 1.8).exp()
    };
    Sim {
        name: "hourly visits",
        values: (0..n)
            .map(|i| {
                let e = d.normal();
                d.poisson(mean(i) * (0.1 * e).exp())
            })
            .collect(),
        weights: Vec::new(),
        fine: (0..n).map(|i| (i % 168) as u16).collect(),
        coarse: (0..n).map(|i| (i % 24) as u16).collect(),
        slots: (168, 24),
        family: Family::Count,
    }
}

/// Few events: so many a day, or so many per order of so many orders a day (as a share, or, where it is negative, a quotient).
pub fn rare(seed: u64, days: usize, rate: f64, orders: f64) -> Sim {
    let mut d = Draw::new(seed + 7_000);
    let (share, orders) = (orders > 0.0, orders.abs());
    let weights: Vec<f64> = (0..days).filter(|_| orders > 0.0).map(|_| d.poisson(orders).max(1.0)).collect();
    let value = |i: usize| {
        if weights.is_empty() {
            return d.poisson(rate);
        }
        if !share {
            return d.poisson(rate * weights[i]) / weights[i];
        }
        (0..weights[i] as usize).filter(|_| d.uniform() < rate).count() as f64 / weights[i]
    };
    let values = (0..days).map(value).collect();
    let fine = (0..days).map(|i| (i % 7) as u16).collect();
    let family = match (share, weights.is_empty()) {
        (true, _) => Family::Share,
        (false, true) => Family::Count,
        (false, false) => Family::Ratio,
    };
    Sim { name: "rare", values, weights, fine, coarse: Vec::new(), slots: (7, 1), family }
}
