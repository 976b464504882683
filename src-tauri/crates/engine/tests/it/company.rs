//! A company whose truth is known: units come, are sorted, and do what the arm makes them do. It is the host of its engine:
//! it measures, counts, carries effects out, and answers cards if it is told to.

#![expect(
    clippy::cast_sign_loss,
    clippy::panic,
    reason = "counts are not negative; a company that does not come to rest says so"
)]

use std::collections::BTreeMap;

use epoch_engine::{Action, Input};
use epoch_model::business::Business;
use epoch_model::decision::{Act, Decision, State as DecisionState, Verdict};
use epoch_model::experiment::{
    DayCount, Experiment, Exposure, Health, Look, MetricSums, Moments, Origin, Pilot, Portfolio, Purpose, Reading,
    SegmentSums, SliceCount, Spec,
};
use epoch_model::serving::Arm;
use epoch_model::time::{DAY, HOUR};
use epoch_stats::moments::Moments as Exact;
use epoch_stats::normal;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::world::{BUSINESS, World, number};

/// What a metric is like per unit.
#[derive(Debug, Clone, Copy)]
pub struct Truth {
    pub mean: f64,
    /// Standard deviation; 0 for units that either have it or not.
    pub sd: f64,
}

/// What happens to the units of one lever.
#[derive(Debug, Clone)]
pub struct Traffic {
    pub per_day: f64,
    /// Relative change of a metric by an arm's key.
    pub effects: BTreeMap<(String, String), f64>,
    /// Share of the first arm's other units that never arrive from one country.
    pub lost: f64,
    /// The effect in `country` Spain instead.
    pub spain: Option<f64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { per_day: 2000.0, effects: BTreeMap::new(), lost: 0.0, spain: None }
    }
}

impl Traffic {
    pub fn with(per_day: f64, metric: &str, effect: f64) -> Self {
        Self { per_day, ..Self::default() }.and(metric, effect)
    }

    pub fn and(mut self, metric: &str, effect: f64) -> Self {
        self.effects.insert((metric.to_owned(), "test".to_owned()), effect);
        self
    }
}

#[derive(Debug, Clone, Default)]
struct Counted {
    from: i64,
    units: Vec<u64>,
    days: Vec<DayCount>,
    slices: BTreeMap<(String, String), Vec<u64>>,
    sums: BTreeMap<String, Vec<Exact>>,
    parts: BTreeMap<(String, String), Vec<Exact>>,
}

pub struct Company {
    pub world: World,
    pub rng: Pcg64,
    pub truths: BTreeMap<String, Truth>,
    /// By lever.
    pub traffic: BTreeMap<String, Traffic>,
    /// Says yes to every card.
    pub yes: bool,
    /// Reports the results of effects.
    pub performs: bool,
    /// Experiments whose sums are worked out although nobody counts their segments.
    pub segments: bool,
    /// What the next looks say of other experiments.
    pub crossed: Vec<(String, Vec<Vec<Moments>>)>,
    /// How old the newest exposure and the newest outcome are made besides.
    pub silence: (i64, i64),
    counted: BTreeMap<String, Counted>,
    pub readings: Vec<Reading>,
    pub effects: Vec<Act>,
    pub measures: Vec<Spec>,
    pub portfolio: Portfolio,
}

impl Company {
    pub fn new(business: Business, seed: u64) -> Self {
        Self::with(business, Vec::new(), seed)
    }

    pub fn with(business: Business, playbooks: Vec<epoch_engine::Playbook>, seed: u64) -> Self {
        let truths = [
            ("signup_rate", Truth { mean: 0.05, sd: 0.0 }),
            ("revenue", Truth { mean: 5.0, sd: 20.0 }),
            ("refund_rate", Truth { mean: 0.03, sd: 0.0 }),
        ];
        let mut company = Self {
            world: World::of(business, playbooks),
            rng: Pcg64::seed_from_u64(seed),
            truths: truths.into_iter().map(|(k, t)| (k.to_owned(), t)).collect(),
            traffic: BTreeMap::new(),
            yes: true,
            performs: true,
            segments: false,
            crossed: Vec::new(),
            silence: (0, 0),
            counted: BTreeMap::new(),
            readings: Vec::new(),
            effects: Vec::new(),
            measures: Vec::new(),
            portfolio: Portfolio::default(),
        };
        let first: Vec<Action> = company.world.log.iter().flat_map(|(_, _, a)| a.clone()).collect();
        company.perform(first);
        company
    }

    /// Sends an input and does what comes of it, until nothing is left to do.
    pub fn send(&mut self, input: Input) {
        let actions = self.world.send(input);
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<Action>) {
        let mut left: std::collections::VecDeque<Action> = actions.into();
        let mut steps = 0;
        while let Some(action) = left.pop_front() {
            steps += 1;
            assert!(steps < 100_000, "it never comes to rest");
            let next = match action {
                Action::Measure { spec } => {
                    let pilot = self.pilot(&spec);
                    self.measures.push(*spec.clone());
                    Some(Input::Measured { experiment: spec.key.clone(), pilot })
                }
                Action::Effect { decision, act, .. } => {
                    self.effects.push(act);
                    self.performs.then(|| Input::EffectResult {
                        decision,
                        ok: true,
                        in_doubt: false,
                        detail: "done".to_owned(),
                        answer: None,
                    })
                }
                Action::Decision(d) if self.yes && d.state == DecisionState::Pending => {
                    let open = self.world.engine.decision(&d.id).filter(|d| d.state == DecisionState::Pending).cloned();
                    open.map(|d| Input::Verdict { signed: self.world.sign(&d, Verdict::Approve) })
                }
                Action::Reading(r) => {
                    self.readings.push(*r);
                    None
                }
                Action::Portfolio(p) => {
                    self.portfolio = *p;
                    None
                }
                _ => None,
            };
            if let Some(input) = next {
                left.extend(self.world.send(input));
            }
        }
    }

    fn uniform(&mut self) -> f64 {
        ((self.rng.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    fn normal(&mut self) -> f64 {
        let u = self.uniform();
        normal::quantile(u)
    }

    /// Binomial, exactly for small and by the normal for large numbers.
    fn binomial(&mut self, n: u64, p: f64) -> u64 {
        let (mean, variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
        if variance > 200.0 {
            let x = (mean + variance.sqrt() * self.normal()).round();
            return x.clamp(0.0, n as f64) as u64;
        }
        (0..n).filter(|_| self.uniform() < p).count() as u64
    }

    /// Units that all have the same law.
    fn draw(&mut self, truth: Truth, change: f64, n: u64) -> Exact {
        let mean = truth.mean * (1.0 + change);
        if truth.sd == 0.0 {
            let hits = self.binomial(n, mean.clamp(0.0, 1.0));
            return Exact::proportion(n, hits);
        }
        if n < 2 {
            return Exact::of((0..n).map(|_| mean));
        }
        let size = n as f64;
        let average = mean + truth.sd / size.sqrt() * self.normal();
        let m2 = truth.sd * truth.sd * (size - 1.0 + (2.0 * (size - 1.0)).sqrt() * self.normal()).max(0.0);
        Exact { units: n, mean: average, m2, ..Exact::default() }
    }

    fn pilot(&mut self, spec: &Spec) -> Result<Box<Pilot>, String> {
        let lever = spec.lever.clone().unwrap_or_default();
        let per_day = self.traffic.get(&lever).map_or(0.0, |t| t.per_day);
        if per_day == 0.0 {
            return Err(format!("no exposure of {lever} was reported"));
        }
        let days = 28;
        let new_units: Vec<u64> =
            (0..days).map(|_| (per_day + per_day.sqrt() * self.normal()).round().max(0.0) as u64).collect();
        let truth = self.truths.get(&spec.metric).copied().expect("a metric with a truth");
        let moments = self.draw(truth, 0.0, new_units.iter().sum());
        Ok(Box::new(Pilot {
            metric: spec.metric.clone(),
            exposure: spec.exposure.clone(),
            group: None,
            from: self.world.now - days * DAY,
            to: self.world.now,
            new_units,
            moments: sums(&moments),
            covariate_days: 0,
        }))
    }

    /// A day passes: its numbers close, units come, experiments are looked at.
    pub fn day(&mut self) {
        let actions = self.world.day(1.0, 1.0);
        self.perform(actions);
        self.count();
    }

    pub fn days(&mut self, n: usize) {
        for _ in 0..n {
            self.day();
        }
    }

    /// A day on which revenue falls.
    pub fn slump(&mut self) {
        let actions = self.world.day(0.4, 1.0);
        self.perform(actions);
        self.count();
    }

    /// A day without numbers of the business.
    pub fn quick_day(&mut self) {
        self.world.now += DAY;
        self.send(Input::Tick);
        self.count();
    }

    fn count(&mut self) {
        let tracked = self.world.engine.tracked();
        self.counted.retain(|key, _| tracked.iter().any(|t| t.spec.key == *key));
        let mut looks = Vec::new();
        for t in tracked {
            let mut counted = self
                .counted
                .remove(&t.spec.key)
                .filter(|c| c.from == t.from)
                .unwrap_or_else(|| Counted { from: t.from, units: vec![0; t.spec.arms.len()], ..Counted::default() });
            self.arrive(&t.spec, &t.metrics, &mut counted);
            let crossed = self.crossed.clone();
            let mut look = Look { crossed, ..look(&t.spec, &counted, self.world.now, self.segments) };
            look.health.newest_exposure -= self.silence.0;
            look.health.newest_outcome -= self.silence.1;
            looks.push(look);
            self.counted.insert(t.spec.key.clone(), counted);
        }
        if !looks.is_empty() {
            self.send(Input::Looked { looks });
        }
    }

    fn arrive(&mut self, spec: &Spec, metrics: &[String], counted: &mut Counted) {
        let lever = spec.lever.clone().unwrap_or_default();
        let traffic = self.traffic.get(&lever).cloned().unwrap_or_default();
        let whole = traffic.per_day * spec.share;
        let all = (whole + whole.sqrt() * self.normal()).round().max(0.0) as u64;
        let mut today = Vec::new();
        let countries: Vec<(&str, f64)> = if self.segments || traffic.lost > 0.0 || traffic.spain.is_some() {
            vec![("Germany", 0.6), ("Spain", 0.4)]
        } else {
            vec![("all", 1.0)]
        };
        let mut left = all;
        let mut rest = 1.0;
        for (i, arm) in spec.arms.iter().enumerate() {
            let n = if i + 1 == spec.arms.len() { left } else { self.binomial(left, (arm.weight / rest).min(1.0)) };
            left -= n;
            rest -= arm.weight;
            let mut there = 0;
            let mut units = n;
            let mut mass = 1.0;
            for (c, (country, share)) in countries.iter().enumerate() {
                let mut k =
                    if c + 1 == countries.len() { units } else { self.binomial(units, (share / mass).min(1.0)) };
                units -= k;
                mass -= share;
                if *country == "Spain" && i == 1 && traffic.lost > 0.0 {
                    k = self.binomial(k, 1.0 - traffic.lost);
                }
                there += k;
                let slot = counted
                    .slices
                    .entry(("country".to_owned(), (*country).to_owned()))
                    .or_insert_with(|| vec![0; spec.arms.len()]);
                slot[i] += k;
                for metric in metrics {
                    let Some(truth) = self.truths.get(metric).copied() else { continue };
                    let known = traffic.effects.get(&(metric.clone(), arm.key.clone())).copied().unwrap_or(0.0);
                    let change = match traffic.spain {
                        Some(other) if *country == "Spain" && arm.key == "test" && *metric == spec.metric => other,
                        _ => known,
                    };
                    let new = self.draw(truth, change, k);
                    let arms = spec.arms.len();
                    let sums = counted.sums.entry(metric.clone()).or_insert_with(|| vec![Exact::default(); arms]);
                    sums[i] = sums[i].combine(&new).expect("of one shape");
                    let parts = counted
                        .parts
                        .entry((metric.clone(), (*country).to_owned()))
                        .or_insert_with(|| vec![Exact::default(); arms]);
                    parts[i] = parts[i].combine(&new).expect("of one shape");
                }
            }
            counted.units[i] += there;
            today.push(there);
        }
        counted.days.push(DayCount { day: self.world.now - DAY, units: today });
    }

    /// Asks a question on a lever and answers what became of it.
    pub fn ask(&mut self, spec: Spec) {
        self.send(Input::Asked { spec: Box::new(spec), by: "operator:test".to_owned() });
    }

    pub fn experiment(&self, key: &str) -> Experiment {
        self.world.engine.experiment(key).expect("it is known").clone()
    }

    pub fn card(&self, id: &str) -> Decision {
        let mut found = self.world.log.iter().rev().flat_map(|(_, _, a)| a.iter().rev()).filter_map(|a| match a {
            Action::Decision(d) if d.id == id => Some(d.as_ref().clone()),
            _ => None,
        });
        found.next().expect("was emitted")
    }

    /// Days until an experiment comes to one of these states, at most so many.
    pub fn until(&mut self, key: &str, states: &[epoch_model::experiment::State], most: usize) -> usize {
        for day in 0..most {
            if states.contains(&self.experiment(key).state) {
                return day;
            }
            self.day();
        }
        panic!("{key} is {:?} after {most} days: {:?}", self.experiment(key).state, self.readings.last());
    }
}

fn sums(exact: &Exact) -> Moments {
    Moments { units: exact.units, mean: exact.mean, m2: exact.m2, ..Moments::default() }
}

fn look(spec: &Spec, counted: &Counted, at: i64, segments: bool) -> Look {
    let arms = |of: &Vec<Exact>| of.iter().map(sums).collect::<Vec<_>>();
    Look {
        experiment: spec.key.clone(),
        at,
        units: counted.units.clone(),
        metrics: counted
            .sums
            .iter()
            .map(|(metric, whole)| MetricSums {
                metric: metric.clone(),
                arms: arms(whole),
                segments: counted
                    .parts
                    .iter()
                    .filter(|((m, _), _)| segments && m == metric)
                    .map(|((_, country), of)| SegmentSums {
                        segment: "country".to_owned(),
                        value: country.clone(),
                        arms: arms(of),
                    })
                    .collect(),
            })
            .collect(),
        health: Health {
            newest_exposure: at - HOUR,
            newest_outcome: at - HOUR,
            slices: counted
                .slices
                .iter()
                .map(|((dimension, value), units)| SliceCount {
                    dimension: dimension.clone(),
                    value: value.clone(),
                    units: units.clone(),
                })
                .collect(),
            days: counted.days.clone(),
            ..Health::default()
        },
        crossed: Vec::new(),
    }
}

/// Northwind without questions of its own.
pub fn quiet() -> Business {
    let mut business = crate::world::business(BUSINESS);
    business.experimenting.autonomous = false;
    business
}

/// The price at 32 instead of 29, on sign-ups.
pub fn price(key: &str) -> Spec {
    Spec {
        key: key.to_owned(),
        title: "Pro price".to_owned(),
        hypothesis: "32 sells as well as 29".to_owned(),
        origin: Origin::Operator,
        purpose: Purpose::Decide,
        lever: Some("pro_price".to_owned()),
        arms: vec![
            Arm { key: "control".to_owned(), value: number(29.0), weight: 0.5 },
            Arm { key: "test".to_owned(), value: number(32.0), weight: 0.5 },
        ],
        metric: "signup_rate".to_owned(),
        secondary: vec!["revenue".to_owned()],
        guardrails: vec!["refund_rate".to_owned()],
        exposure: Exposure::of_lever("pro_price"),
        audience: None,
        share: 1.0,
        slice: None,
        group: None,
        from: None,
        until: None,
        mde: Some(0.1),
        cap: None,
        hypothesis_id: None,
        parent: None,
    }
}
