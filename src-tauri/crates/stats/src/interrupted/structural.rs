//! Structural regression: level, trend, season and controls, with errors that remember.

use serde::{Deserialize, Serialize};

use super::ar1::{Ar1, Tails};
use super::{Evidence, Series};

/// What the series is made of, besides its controls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// A straight trend.
    pub trend: bool,
    /// Buckets of a season: 7 for days with a week, 24 for hours with a day; 0 or 1 for none.
    pub season: usize,
}

impl Default for Structure {
    fn default() -> Self {
        Self { trend: true, season: 7 }
    }
}

/// What the change did, beside what would have been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Structural {
    /// How it is known.
    pub evidence: Evidence,
    /// What would have been, per bucket after the change.
    pub expected: Vec<f64>,
    /// Sum over those buckets of what was less what would have been.
    pub cumulated: f64,
    /// Its interval at the level asked for.
    pub interval: [f64; 2],
    /// The same as a share of what would have been.
    pub relative: f64,
    /// Interval of the share.
    pub relative_interval: [f64; 2],
    /// Two-sided tail probability of "nothing".
    pub p: f64,
    /// How much of an error lives on in the next bucket.
    pub memory: f64,
}

/// Reads a change at confidence `1 - alpha`. `None` where the series cannot be read, or before it there are fewer
/// buckets than what is to be fitted and three more.
pub fn structural(series: &Series, structure: Structure, alpha: f64) -> Option<Structural> {
    let (tails, expected, memory) = read(series, structure)?;
    let interval = tails.interval(alpha);
    let base: f64 = expected.iter().sum();
    let share = |x: f64| if base > 0.0 { x / base } else { f64::NAN };
    Some(Structural {
        evidence: Evidence::QuasiExperiment,
        cumulated: tails.mean(),
        interval,
        relative: share(tails.mean()),
        relative_interval: interval.map(share),
        p: tails.p(),
        memory,
        expected,
    })
}

/// The same reading where nothing had happened yet: the change is moved to every earlier place that leaves `least`
/// buckets before it and as many after it as the true one has. Answers the share of readings (with the true one) whose
/// cumulated effect stands as many of its errors from 0 as the true one, and how many there were.
pub fn placebo_in_time(series: &Series, structure: Structure, least: usize) -> Option<(f64, usize)> {
    let distance = |tails: &Tails| libm::fabs(tails.mean()) / tails.error();
    let real = distance(&read(series, structure)?.0);
    let last = series.changed_at.checked_sub(series.after())?;
    let places = (least.max(1)..=last).filter_map(|at| read(&series.cut(at, at + series.after()), structure));
    let (mut far, mut all) = (1_usize, 1_usize);
    for (tails, _, _) in places {
        all += 1;
        far += usize::from(distance(&tails) >= real);
    }
    (all > 1).then(|| (far as f64 / all as f64, all - 1))
}

fn read(series: &Series, structure: Structure) -> Option<(Tails, Vec<f64>, f64)> {
    if !series.is_sound() {
        return None;
    }
    let columns = columns(series, structure);
    let (before, after): (Vec<_>, Vec<_>) =
        columns.iter().map(|c| (c[..series.changed_at].to_vec(), c[series.changed_at..].to_vec())).unzip();
    let fit = Ar1::new(&before, &series.values[..series.changed_at])?;
    let happened: f64 = series.values[series.changed_at..].iter().sum();
    Some((fit.sum_ahead(&after).taken_from(happened), fit.expected_ahead(&after), fit.memory()))
}

fn columns(series: &Series, structure: Structure) -> Vec<Vec<f64>> {
    let n = series.values.len();
    let mut columns = vec![vec![1.0; n]];
    if structure.trend {
        let scale = series.changed_at as f64;
        columns.push((0..n).map(|t| t as f64 / scale - 0.5).collect());
    }
    for slot in 1..structure.season {
        columns.push((0..n).map(|t| if t % structure.season == slot { 1.0 } else { 0.0 }).collect());
    }
    for control in &series.controls {
        // Centred and scaled, so that the size of a control's unit does not decide what is collinear.
        let known = &control[..series.changed_at];
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let spread = libm::sqrt(known.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>());
        columns.push(control.iter().map(|v| (v - mean) / spread.max(f64::MIN_POSITIVE)).collect());
    }
    columns
}
