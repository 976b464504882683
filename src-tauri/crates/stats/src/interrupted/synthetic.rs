//! Synthetic control: a weighted mean of series the change did not touch (Abadie, Diamond & Hainmueller 2010), on
//! request augmented by ridge regression (Ben-Michael, Feller & Rothstein 2021).

use serde::{Deserialize, Serialize};

use super::least_squares::{dot, fit};
use super::{Evidence, Series, simplex};

/// How weights are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyntheticOptions {
    /// Compare movements around each series' own mean before the change instead of levels.
    pub centred: bool,
    /// Prefers even weights: this times the mean squared size of a control is added to their squares. 0 for none.
    pub ridge: f64,
    /// What the weights leave unexplained before the change is corrected by ridge regression, at this penalty (as a
    /// multiple of the mean squared size of a control). Weights may then be negative.
    pub augment: Option<f64>,
}

impl Default for SyntheticOptions {
    fn default() -> Self {
        Self { centred: true, ridge: 1e-6, augment: None }
    }
}

/// What the change did, against the weighted controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Synthetic {
    /// How it is known.
    pub evidence: Evidence,
    /// Weight per control.
    pub weights: Vec<f64>,
    /// What would have been, per bucket after the change.
    pub expected: Vec<f64>,
    /// Sum over those buckets of what was less what would have been.
    pub cumulated: f64,
    /// The same as a share of what would have been.
    pub relative: f64,
    /// Root mean squared distance before the change: how well the controls tell the series at all.
    pub misfit_before: f64,
    /// The same after it.
    pub misfit_after: f64,
    /// Placebo in space: the share of series (with this one) whose distance grew as much. Not below 1/(controls + 1).
    pub p_space: f64,
    /// Placebo in time: the share of runs of buckets (with the true one) whose mean distance is as large, over all
    /// rotations of the residuals (Chernozhukov, Wüthrich & Zhu 2021). Not below 1/buckets.
    pub p_time: f64,
}

/// Reads a change. `None` without two controls, or where the series cannot be read.
pub fn synthetic(series: &Series, options: SyntheticOptions) -> Option<Synthetic> {
    if !series.is_sound() || series.controls.len() < 2 {
        return None;
    }
    let controls: Vec<&[f64]> = series.controls.iter().map(Vec::as_slice).collect();
    let own = Fitted::new(&series.values, &controls, series.changed_at, options);
    let grown = own.growth(series.changed_at);
    // Each control in turn as if it had been changed; the true one is no donor, since it was.
    let as_large = (0..controls.len()).filter(|&k| {
        let others: Vec<&[f64]> = controls.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, c)| *c).collect();
        Fitted::new(controls[k], &others, series.changed_at, options).growth(series.changed_at) >= grown
    });
    let p_space = (1 + as_large.count()) as f64 / (1 + controls.len()) as f64;
    let expected: Vec<f64> =
        series.values.iter().zip(&own.gaps).skip(series.changed_at).map(|(v, gap)| v - gap).collect();
    let cumulated: f64 = own.gaps[series.changed_at..].iter().sum();
    let base: f64 = expected.iter().sum();
    // For rotations every bucket must have been treated alike: weights from the whole series, under "nothing happened".
    let whole = Fitted::new(&series.values, &controls, series.values.len(), options);
    Some(Synthetic {
        evidence: Evidence::QuasiExperiment,
        relative: if base > 0.0 { cumulated / base } else { f64::NAN },
        cumulated,
        expected,
        misfit_before: root_mean_square(&own.gaps[..series.changed_at]),
        misfit_after: root_mean_square(&own.gaps[series.changed_at..]),
        p_space,
        p_time: rotations(&whole.gaps, series.after()),
        weights: own.weights,
    })
}

struct Fitted {
    weights: Vec<f64>,
    // What was less what the weighted controls say, per bucket.
    gaps: Vec<f64>,
}

impl Fitted {
    fn new(values: &[f64], controls: &[&[f64]], known: usize, options: SyntheticOptions) -> Self {
        let mean = |x: &[f64]| if options.centred { x[..known].iter().sum::<f64>() / known as f64 } else { 0.0 };
        let centre = |x: &[f64]| -> Vec<f64> { x.iter().map(|v| v - mean(x)).collect() };
        let y = centre(values);
        let donors: Vec<Vec<f64>> = controls.iter().map(|c| centre(c)).collect();
        let gram: Vec<Vec<f64>> =
            donors.iter().map(|a| donors.iter().map(|b| dot(&a[..known], &b[..known])).collect()).collect();
        let size = gram.iter().enumerate().map(|(k, row)| row[k]).sum::<f64>() / gram.len() as f64;
        let against: Vec<f64> = donors.iter().map(|d| dot(&d[..known], &y[..known])).collect();
        let mut weights = simplex::weights(&gram, &against, options.ridge * size);
        if let Some(penalty) = options.augment {
            let left: Vec<f64> = (0..known).map(|t| y[t] - at(&donors, &weights, t)).collect();
            for (w, more) in weights.iter_mut().zip(ridge(&donors, &left, penalty * size)) {
                *w += more;
            }
        }
        let gaps = (0..y.len()).map(|t| y[t] - at(&donors, &weights, t)).collect();
        Self { weights, gaps }
    }

    fn growth(&self, at: usize) -> f64 {
        let before = root_mean_square(&self.gaps[..at]).max(f64::MIN_POSITIVE);
        root_mean_square(&self.gaps[at..]) / before
    }
}

fn at(donors: &[Vec<f64>], weights: &[f64], t: usize) -> f64 {
    donors.iter().zip(weights).map(|(d, w)| d[t] * w).sum()
}

/// Ridge regression as least squares with one more row per column.
fn ridge(columns: &[Vec<f64>], y: &[f64], penalty: f64) -> Vec<f64> {
    let (known, p) = (y.len(), columns.len());
    let root = libm::sqrt(penalty.max(0.0));
    let longer = columns.iter().enumerate().map(|(k, c)| {
        let mut column = c[..known].to_vec();
        column.extend((0..p).map(|j| if j == k { root } else { 0.0 }));
        column
    });
    let mut target = y.to_vec();
    target.resize(known + p, 0.0);
    fit(&longer.collect::<Vec<_>>(), &target).coefficients
}

fn root_mean_square(x: &[f64]) -> f64 {
    libm::sqrt(x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64)
}

/// The share of rotations whose last `after` residuals lie as far from 0 in sum as they do unrotated.
fn rotations(residuals: &[f64], after: usize) -> f64 {
    let n = residuals.len();
    let sum = |end: usize| libm::fabs((0..after).map(|k| residuals[(end + n - 1 - k) % n]).sum::<f64>());
    let real = sum(n);
    // Sums of the same numbers in another order differ in the last digit.
    let far = (1..=n).filter(|&end| sum(end) >= real * (1.0 - 1e-12)).count();
    far as f64 / n as f64
}
