//! What the next bucket should be: season, local level and trend, robust against past anomalies, with an interval.
//!
//! The series is put on an even scale, split into season + level + noise, and the noise of the one-step forecasts gives
//! interval and score. Slots are positions in the season (weekday, hour of the week); this module knows no calendar.

use libm::{fabs, sqrt};
use serde::{Deserialize, Serialize};

use crate::robust::{median, quantile_sorted};
use crate::smooth::{Level, follow};
use crate::student;
use crate::transform::Transform;
use crate::trend::theil_sen;

mod rare;
mod season;
use rare::Rare;
use season::Season;

/// An alarm is a two-sided tail below this; with estimated scale and tails a calm series then raises about one in 200 buckets.
pub const ALARM_P: f64 = 0.002;

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Whole numbers from 0.
    Count,
    /// Sums, which may be negative.
    Amount,
    /// A share of `weights` units.
    Share,
    /// A quotient or mean over `weights`, or anything else.
    Ratio,
}

/// History, oldest first. All slices have the length of `values`, or are empty.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// Values; NaN where not defined.
    pub values: &'a [f64],
    /// What was divided by (units, orders); empty when nothing was.
    pub weights: &'a [f64],
    /// Slot of the season (weekday, hour of the week), below `fine_slots`.
    pub fine: &'a [u16],
    /// Coarser slot (hour of the day), below `coarse_slots`.
    pub coarse: &'a [u16],
    /// Number of slots; 1 for no season.
    pub fine_slots: u16,
    /// Number of coarser slots; 1 for none.
    pub coarse_slots: u16,
}

/// Where in the season a bucket lies, and what it is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// Slot.
    pub fine: u16,
    /// Coarser slot.
    pub coarse: u16,
    /// Denominator; 1 where there is none.
    pub weight: f64,
}

/// An 80 % interval with its median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// 10 % quantile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90 % quantile.
    pub p90: f64,
}

/// How unusual a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Robust z, positive above.
    pub z: f64,
    /// Two-sided tail probability.
    pub p_value: f64,
    /// Beyond the series' own threshold.
    pub alarm: bool,
}

/// A fitted baseline, ready to say what follows the last value of its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    pub(crate) transform: Transform,
    pub(crate) family: Family,
    pub(crate) season: Season,
    pub(crate) level: f64,
    pub(crate) gain: f64,
    /// Change of the level per bucket.
    pub(crate) slope: f64,
    /// Standard deviation of one bucket's noise on the even scale (for shares: over and above sampling).
    pub(crate) scale: f64,
    /// Standardised one-step residuals, sorted.
    pub(crate) noise: Vec<f64>,
    /// Tail heaviness above and below, with its scale.
    tails: [Tail; 2],
    weight_typical: f64,
    open_typical: f64,
    /// What a series of few events can tell at most.
    rare: Option<Rare>,
    /// Observed buckets it rests on.
    pub history: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Tail {
    df: f64,
    scale: f64,
}

impl Baseline {
    /// Fits a baseline, or `None` where there is not enough history: two weeks of days, three days of hours, eight
    /// buckets of anything else.
    pub fn fit(past: &Past, family: Family) -> Option<Self> {
        let observed = past.values.iter().filter(|v| v.is_finite()).count();
        let least = match (past.fine_slots, past.coarse_slots) {
            (0 | 1, 0 | 1) => 8,
            (fine, 0 | 1) => 2 * usize::from(fine),
            (_, coarse) => 3 * usize::from(coarse),
        };
        if observed < least {
            return None;
        }
        let transform = choose(past, family);
        let y = even(past, transform, family);
        let (season, open) = season::estimate(past, &y);
        let open_typical = {
            let mut v: Vec<f64> =
                past.values.iter().zip(&open).filter(|(v, o)| **o && v.is_finite()).map(|(v, _)| *v).collect();
            median(&mut v)
        };
        let mut flat: Vec<f64> = (0..y.len())
            .map(|i| if open[i] { y[i] - season.at(slot(past.fine, i), slot(past.coarse, i)) } else { f64::NAN })
            .collect();
        let block = season::block_len(past);
        let slope = trend_of(&flat, block);
        let last = flat.len() as f64 - 1.0;
        for (i, v) in flat.iter_mut().enumerate() {
            *v += slope * (last - i as f64);
        }
        let rough = season::rough_scale(&flat, block);
        let floor = floor_of(transform, &flat);
        let rough = rough.max(floor);
        let precision = precision_of(past, family);
        let shift_run = if block > 24 { 12 } else { 5 };
        let warm_up = (observed / 5).clamp(5, 2 * block.max(7));
        let Level { level, gain, residuals } = follow(&flat, &precision, rough, warm_up, shift_run);
        let sampling =
            |i: usize| -> f64 { if family == Family::Share { sampling_variance(y[i], weight(past, i)) } else { 0.0 } };
        let (scale, weight_typical) = noise_scale(past, &residuals, floor, &sampling);
        let periods = (observed as f64 / f64::from(past.fine_slots.max(1))).clamp(1.0, season::PERIODS as f64);
        // The season and the level are estimated from the same data: a median of
        // k values adds 1.57/k of the variance, shrinking it a bias of the same order while k is small.
        let widen = if past.fine_slots > 1 { sqrt(1.0 + 2.0 / periods) } else { 1.0 + 0.5 / observed as f64 };
        let mut noise: Vec<f64> = (0..residuals.len())
            .filter(|i| residuals[*i].is_finite())
            .map(|i| {
                let sd = sqrt(scale * scale + sampling(i)) * thinness(family, weight(past, i), weight_typical);
                widen * residuals[i] / sd
            })
            .collect();
        if noise.len() < 4 {
            return None;
        }
        noise.sort_unstable_by(f64::total_cmp);
        let tails = [tail(&noise, false), tail(&noise, true)];
        Some(Self {
            transform,
            family,
            season,
            level: level + slope,
            gain,
            slope,
            scale,
            noise,
            tails,
            weight_typical,
            open_typical,
            rare: Rare::of(past, family),
            history: u32::try_from(observed).unwrap_or(u32::MAX),
        })
    }

    /// Whether nothing ever happens in this slot (a shop that never trades on Saturdays).
    pub fn closed(&self, at: At) -> bool {
        self.season.closed(at.fine)
    }

    /// Expected value of the bucket after the last one.
    pub fn band(&self, at: At) -> Band {
        if self.closed(at) {
            return Band { p10: 0.0, p50: 0.0, p90: 0.0 };
        }
        let centre = self.level + self.season.at(at.fine, at.coarse);
        let sd = self.sd(centre, at.weight);
        let value = |q: f64| self.transform.back(centre + sd * self.noise_quantile(q));
        let band = Band { p10: value(0.1), p50: value(0.5), p90: value(0.9) };
        // Small counts are whole: an interval from 1.4 to 4.6 would cover two to four only.
        let band = match self.transform {
            Transform::Sqrt => Band { p10: band.p10.round(), p50: band.p50, p90: band.p90.round() },
            _ => band,
        };
        let Some(rare) = &self.rare else { return band };
        let (p10, p90) = (rare.quantile(at, 0.1), rare.quantile(at, 0.9));
        let (p10, p90) = (p10.map_or(band.p10, |p| p.min(band.p10)), p90.map_or(band.p90, |p| p.max(band.p90)));
        Band { p10, p50: band.p50.min(p90).max(p10), p90 }
    }

    /// How unusual `actual` is in that bucket.
    pub fn score(&self, at: At, actual: f64) -> Score {
        if self.closed(at) {
            // Trading where none was ever seen: worth a look once it is of the size of an ordinary bucket.
            let z = if self.open_typical > 0.0 { (6.0 * actual / self.open_typical).clamp(-6.0, 6.0) } else { 0.0 };
            let p_value = crate::normal::two_sided(z);
            return Score { z, p_value, alarm: p_value < ALARM_P };
        }
        let centre = self.level + self.season.at(at.fine, at.coarse);
        let y = even_one(self.transform, self.family, actual, at.weight);
        if !y.is_finite() {
            return Score { z: 0.0, p_value: 1.0, alarm: false };
        }
        let off = (y - centre) / self.sd(centre, at.weight) - quantile_sorted(&self.noise, 0.5);
        let tail = &self.tails[usize::from(off > 0.0)];
        let t = off / tail.scale;
        let p_value = student::two_sided(t, tail.df);
        let few = self.rare.as_ref().and_then(|rare| rare.p_value(at, actual));
        let p_value = p_value.max(few.unwrap_or(0.0));
        // Shown as a z: the normal's with the same tail, so that heavy tails do not look like certainty.
        let z = crate::normal::isf(0.5 * p_value.max(1e-300)).copysign(off);
        Score { z, p_value, alarm: p_value < ALARM_P }
    }

    /// Median denominator of the history.
    pub fn weight_typical(&self) -> f64 {
        self.weight_typical
    }

    pub(crate) fn sd(&self, centre: f64, weight: f64) -> f64 {
        let sampling = if self.family == Family::Share { sampling_variance(centre, weight) } else { 0.0 };
        sqrt(self.scale * self.scale + sampling) * thinness(self.family, weight, self.weight_typical)
    }

    /// Quantile of the standardised noise: its own where there is plenty, leaning on the t distribution where there is not.
    fn noise_quantile(&self, q: f64) -> f64 {
        let own = quantile_sorted(&self.noise, q);
        if q == 0.5 {
            return own * 0.5;
        }
        let tail = &self.tails[usize::from(q > 0.5)];
        let model = tail.scale * student::isf(if q > 0.5 { 1.0 - q } else { q }, tail.df).copysign(q - 0.5);
        let n = self.noise.len() as f64;
        // With n residuals the outer order statistics are themselves uncertain; (n + 2) / n is the usual widening of a
        // prediction interval with estimated scale.
        (own * n + model * 30.0) / (n + 30.0) * sqrt((n + 6.0) / n)
    }
}

fn choose(past: &Past, family: Family) -> Transform {
    let known = || past.values.iter().copied().filter(|v| v.is_finite());
    match family {
        Family::Share => Transform::Logit,
        Family::Ratio if known().all(|v| v > 0.0) => Transform::Log,
        Family::Ratio => Transform::Identity,
        Family::Count | Family::Amount => {
            if known().any(|v| v < 0.0) {
                return Transform::Identity;
            }
            let mut positive: Vec<f64> = known().filter(|v| *v > 0.0).collect();
            if positive.is_empty() {
                return Transform::Identity;
            }
            let typical = median(&mut positive);
            // Counts below about 50 a bucket swing like Poisson counts; larger ones and money swing in proportion.
            if family == Family::Count && typical < 50.0 { Transform::Sqrt } else { Transform::Log1p }
        }
    }
}

fn even_one(transform: Transform, family: Family, value: f64, weight: f64) -> f64 {
    if family == Family::Share {
        if !(weight > 0.0) {
            return f64::NAN;
        }
        let hits = value.clamp(0.0, 1.0) * weight;
        return transform.forward((hits + 0.5) / (weight + 1.0));
    }
    transform.forward(value)
}

fn even(past: &Past, transform: Transform, family: Family) -> Vec<f64> {
    (0..past.values.len()).map(|i| even_one(transform, family, past.values[i], weight(past, i))).collect()
}

fn slot(slots: &[u16], i: usize) -> u16 {
    slots.get(i).copied().unwrap_or(0)
}

fn weight(past: &Past, i: usize) -> f64 {
    past.weights.get(i).copied().unwrap_or(1.0)
}

/// Variance of an observed logit: 1 / (n p q).
fn sampling_variance(logit: f64, weight: f64) -> f64 {
    let p = Transform::Logit.back(logit);
    1.0 / ((weight + 1.0) * p * (1.0 - p)).max(1e-9)
}

/// Ratios over far less than usual are noisier; the factor on their standard deviation.
fn thinness(family: Family, weight: f64, typical: f64) -> f64 {
    if family == Family::Ratio && weight > 0.0 && typical > 0.0 {
        sqrt((0.5 * typical / weight).clamp(1.0, 100.0))
    } else {
        1.0
    }
}

fn precision_of(past: &Past, family: Family) -> Vec<f64> {
    if past.weights.is_empty() || !matches!(family, Family::Share | Family::Ratio) {
        return Vec::new();
    }
    let mut w: Vec<f64> = past.weights.iter().copied().filter(|w| *w > 0.0).collect();
    let typical = median(&mut w);
    past.weights.iter().map(|w| if typical > 0.0 { (w / typical).clamp(0.05, 1.0) } else { 1.0 }).collect()
}

/// Slope per bucket on the even scale, shrunk to 0 where it is not clear. From medians of the last eight blocks.
fn trend_of(flat: &[f64], block: usize) -> f64 {
    let start = flat.len().saturating_sub(8 * block);
    let medians: Vec<f64> = flat[start..]
        .rchunks(block.max(1))
        .rev()
        .map(|chunk| {
            let mut v: Vec<f64> = chunk.iter().copied().filter(|v| v.is_finite()).collect();
            median(&mut v)
        })
        .collect();
    let Some(line) = theil_sen(&medians) else { return 0.0 };
    let (slope, se) = (line.slope, line.slope_se.max(1e-12));
    // Shrunk by its own reliability (James–Stein's positive part with twice the penalty); what remains is damped in forecasts.
    let keep = (1.0 - 4.0 * se * se / (slope * slope)).max(0.0);
    if keep.is_finite() { slope * keep / block as f64 } else { 0.0 }
}

/// The least noise believed in: 1 % of a constant value.
fn floor_of(transform: Transform, flat: &[f64]) -> f64 {
    let mut v: Vec<f64> = flat.iter().copied().filter(|v| v.is_finite()).collect();
    let level = fabs(median(&mut v));
    match transform {
        Transform::Log1p | Transform::Log => 0.01,
        Transform::Logit => 0.02,
        Transform::Sqrt | Transform::Identity if level > 0.0 => 0.01 * level,
        Transform::Sqrt | Transform::Identity => 1e-6,
    }
}

fn noise_scale(past: &Past, residuals: &[f64], floor: f64, sampling: &dyn Fn(usize) -> f64) -> (f64, f64) {
    let mut scratch = Vec::new();
    let whole = crate::robust::scale(residuals, &mut scratch);
    let mut v: Vec<f64> = (0..residuals.len()).filter(|i| residuals[*i].is_finite()).map(sampling).collect();
    let typical = median(&mut v);
    let over = if typical.is_finite() { whole * whole - typical } else { whole * whole };
    let mut w: Vec<f64> = past.weights.iter().copied().filter(|w| *w > 0.0).collect();
    let weight_typical = if w.is_empty() { 1.0 } else { median(&mut w) };
    (sqrt(over.max(0.0)).max(floor), weight_typical)
}

/// Scale and tail of one side of the standardised noise, about its median.
fn tail(sorted: &[f64], above: bool) -> Tail {
    let centre = quantile_sorted(sorted, 0.5);
    let mut off: Vec<f64> =
        sorted.iter().map(|v| if above { v - centre } else { centre - v }).filter(|v| *v > 0.0).collect();
    off.sort_unstable_by(f64::total_cmp);
    let n = off.len() as f64;
    let middle = quantile_sorted(&off, 0.5);
    if !(middle > 0.0) || n < 8.0 {
        return Tail { df: 4.0, scale: 1.2 };
    }
    // The side's own 95 % point against its middle, leaning on a t with 4 degrees (3.75) while the side is short.
    let ratio = (n * quantile_sorted(&off, 0.9) / middle * 1.04 + 15.0 * 3.75) / (n + 15.0);
    let df = student::df_from_ratio(ratio);
    let both = (n * middle + 10.0 * 0.6745) / (n + 10.0);
    Tail { df, scale: both / student::isf(0.25, df) * sqrt((n + 1.0) / n) }
}
