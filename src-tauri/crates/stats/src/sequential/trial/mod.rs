//! Simulated experiments of known truth: how often a design is wrong, how often it finds what is there, what its intervals
//! cover. The generator is handed in; figures come with their Monte-Carlo error.

mod draw;
pub mod table;

use std::collections::BTreeMap;

use libm::sqrt;
use rand_core::Rng;

use super::group::{Limits, exits};
use super::statistic::{Arm, z_of_means, z_of_proportions};
use super::{Design, Floor, GroupDesign, Look, Monitor, Side, Verdict, interval};
use draw::Sums;

/// What is measured on each unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Whether the unit did it.
    Proportion {
        /// Base rate.
        rate: f64,
    },
    /// What the unit spent: nothing for most, log-normal for the rest.
    Revenue {
        /// Share of units that spend.
        rate: f64,
        /// Standard deviation of the logarithm; 1.5 has a skewness of 33.
        sigma: f64,
    },
}

/// One kind of experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What is measured.
    pub source: Source,
    /// Relative effect of the treatment; of revenue, on what spenders spend.
    pub effect: f64,
    /// Units at the last look, control and treatment.
    pub units: [f64; 2],
    /// Looks, at equal distances.
    pub looks: u32,
    /// When looks count.
    pub floor: Floor,
}

impl Setting {
    /// Units at look `k`, control and treatment.
    fn units_at(&self, k: u32) -> [f64; 2] {
        self.units.map(|n| (n * f64::from(k) / f64::from(self.looks)).round())
    }
}

/// Shares of simulated experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Experiments simulated.
    pub runs: f64,
    /// Ended with "the treatment's number is higher".
    pub up: f64,
    /// Ended with "the treatment's number is lower".
    pub down: f64,
    /// Given up.
    pub futile: f64,
    /// Whose intervals at all looks contained the true difference.
    pub covered: f64,
    /// Mean share of the units used at the end.
    pub used: f64,
}

impl Rates {
    /// Standard error of a share that is about `share`.
    pub fn error(&self, share: f64) -> f64 {
        sqrt((share * (1.0 - share)).max(0.0) / self.runs)
    }

    /// Share that ended with an effect, in either direction.
    pub fn decided(&self) -> f64 {
        self.up + self.down
    }
}

/// Simulates `runs` experiments of `setting` under `design`.
pub fn run(design: &Design, setting: &Setting, runs: u32, rng: &mut impl Rng) -> Rates {
    let mut tape = Tape::default();
    let mut total = Rates { runs: f64::from(runs), ..Rates::default() };
    for _ in 0..runs {
        one(design, setting, rng, &mut tape, &mut total);
    }
    let n = total.runs;
    Rates {
        runs: n,
        up: total.up / n,
        down: total.down / n,
        futile: total.futile / n,
        covered: total.covered / n,
        used: total.used / n,
    }
}

/// Limits of a group-sequential design after the looks that were taken: the same in all runs.
type Tape = BTreeMap<Vec<u32>, Limits>;

/// Notes the limits after `taken`, and after all looks that may follow, if none of them comes too early.
fn fill(tape: &mut Tape, design: &GroupDesign, setting: &Setting, taken: &[u32]) {
    let all: Vec<u32> = taken.iter().copied().chain(taken.last().map_or(1, |k| k + 1)..=setting.looks).collect();
    let times: Vec<f64> = all.iter().map(|k| super::size_of(setting.units_at(*k)) / design.size_max).collect();
    for (i, limits) in exits::limits(design, &times).into_iter().enumerate().skip(taken.len() - 1) {
        tape.insert(all[..=i].to_vec(), limits);
    }
}

fn one(design: &Design, setting: &Setting, rng: &mut impl Rng, tape: &mut Tape, total: &mut Rates) {
    let mut arms = [Sums::default(); 2];
    let mut monitor = Monitor::new(design.clone(), setting.floor);
    let (mut ended, mut covered, mut taken) = (None, true, Vec::new());
    let truth = setting.effect * mean(setting.source);
    for k in 1..=setting.looks {
        for (arm, sums) in arms.iter_mut().enumerate() {
            grow(sums, setting, arm == 1, setting.units_at(k)[arm], rng);
        }
        let look = look_at(&arms, setting.source);
        let (verdict, [low, high]) = if let Design::Group(design) = design {
            if setting.floor.is_early(&look) {
                continue;
            }
            taken.push(k);
            if !tape.contains_key(&taken) {
                fill(tape, design, setting, &taken);
            }
            judge(&tape[&taken], design.side, &look)
        } else {
            let reading = monitor.look(&look);
            (reading.verdict, if reading.verdict == Verdict::TooEarly { ALL } else { reading.interval })
        };
        covered &= low <= truth && truth <= high;
        if ended.is_none() && matches!(verdict, Verdict::Up | Verdict::Down | Verdict::Futile) {
            ended = Some((verdict, f64::from(k) / f64::from(setting.looks)));
        }
    }
    let (verdict, used) = ended.unwrap_or((Verdict::Undecided, 1.0));
    total.up += f64::from(u8::from(verdict == Verdict::Up));
    total.down += f64::from(u8::from(verdict == Verdict::Down));
    total.futile += f64::from(u8::from(verdict == Verdict::Futile));
    total.covered += f64::from(u8::from(covered));
    total.used += used;
}

const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

fn judge(limits: &Limits, side: Side, look: &Look) -> (Verdict, [f64; 2]) {
    let boundary = limits.boundary(side);
    let measure = match side {
        Side::Two => look.z.abs(),
        Side::Greater => look.z,
        Side::Less => -look.z,
    };
    let verdict = if look.z >= boundary.upper {
        Verdict::Up
    } else if look.z <= boundary.lower {
        Verdict::Down
    } else if limits.futility.is_some_and(|a| measure <= a) {
        Verdict::Futile
    } else {
        Verdict::Continue
    };
    (verdict, interval(look, limits.upper, side))
}

fn mean(source: Source) -> f64 {
    match source {
        Source::Proportion { rate } | Source::Revenue { rate, .. } => rate,
    }
}

/// Adds units until there are `until`.
fn grow(sums: &mut Sums, setting: &Setting, treated: bool, until: f64, rng: &mut impl Rng) {
    let lift = if treated { 1.0 + setting.effect } else { 1.0 };
    let new = until - sums.units;
    sums.units = until;
    match setting.source {
        Source::Proportion { rate } => {
            let events = draw::binomial(rng, new, rate * lift);
            sums.events += events;
            sums.sum += events;
            sums.squares += events;
            sums.cubes += events;
        }
        Source::Revenue { rate, sigma } => {
            let events = draw::binomial(rng, new, rate);
            sums.events += events;
            let mut left = events;
            while left > 0.0 {
                let spent = lift * draw::lognormal(rng, sigma);
                sums.sum += spent;
                sums.squares += spent * spent;
                sums.cubes += spent * spent * spent;
                left -= 1.0;
            }
        }
    }
}

fn look_at(arms: &[Sums; 2], source: Source) -> Look {
    let [control, treatment] = arms;
    let (z, skewness) = match source {
        Source::Proportion { .. } => {
            let arm = |sums: &Sums| Arm { events: sums.events, units: sums.units };
            z_of_proportions(arm(control), arm(treatment))
        }
        Source::Revenue { .. } => z_of_means(&control.sample(), &treatment.sample()),
    };
    Look {
        estimate: treatment.mean() - control.mean(),
        se: sqrt(control.variance() / control.units + treatment.variance() / treatment.units),
        z,
        units: [control.units, treatment.units],
        events: Some(control.events + treatment.events),
        skewness: Some(skewness),
    }
}
