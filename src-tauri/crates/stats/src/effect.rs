//! Effects as three quantiles, how they combine with a forecast, and how a forecast is scored.

use libm::fabs;

use crate::baseline::Band;
use crate::normal;
use crate::robust::quantile_sorted;

/// z of the 90 % point.
const Z90: f64 = 1.281_551_565_544_600_4;

/// Quantile `q` of a quantity known by p10, p50, p90: a normal with its own spread on each side.
pub fn quantile_of(band: Band, q: f64) -> f64 {
    let z = normal::quantile(q.clamp(1e-9, 1.0 - 1e-9)) / Z90;
    if z < 0.0 { band.p50 + z * (band.p50 - band.p10) } else { band.p50 + z * (band.p90 - band.p50) }
}

/// P(X < at) of the same.
pub fn below(band: Band, at: f64) -> f64 {
    let spread = if at < band.p50 { band.p50 - band.p10 } else { band.p90 - band.p50 };
    if spread <= 0.0 {
        return if at > band.p50 { 1.0 } else { 0.0 };
    }
    normal::cdf((at - band.p50) / spread * Z90)
}

/// Sorted draws multiplied by `1 + effect`, the two taken as independent: every 1 % quantile of one against every
/// 1/40 of the other. `None` where there are no draws.
pub fn apply(draws: &[f64], effect: Band) -> Option<Band> {
    if draws.is_empty() {
        return None;
    }
    let mut all = Vec::with_capacity(4000);
    for i in 0..40_u32 {
        let factor = 1.0 + quantile_of(effect, (f64::from(i) + 0.5) / 40.0);
        all.extend((0..100_u32).map(|j| quantile_sorted(draws, (f64::from(j) + 0.5) / 100.0) * factor));
    }
    all.sort_unstable_by(f64::total_cmp);
    Some(crate::horizon::band(&all))
}

/// Combines an expert's effect with observed ones: a normal-normal update in which each observation carries `noise` (its
/// standard deviation).
pub fn update(prior: Band, observed: &[(f64, f64)]) -> Band {
    let sd = fabs(prior.p90 - prior.p10) / (2.0 * Z90);
    let mut precision = 1.0 / (sd * sd).max(1e-12);
    let mut sum = prior.p50 * precision;
    for (value, noise) in observed {
        let w = 1.0 / (noise * noise).max(1e-12);
        precision += w;
        sum += w * value;
    }
    let (centre, sd) = (sum / precision, libm::sqrt(1.0 / precision));
    Band { p10: centre - Z90 * sd, p50: centre, p90: centre + Z90 * sd }
}

/// Pinball loss over the three quantiles, relative to the interval's width; 0 is perfect (Koenker & Bassett 1978).
pub fn pinball(band: Band, actual: f64) -> f64 {
    let one = |q: f64, at: f64| if actual >= at { q * (actual - at) } else { (1.0 - q) * (at - actual) };
    let width = fabs(band.p90 - band.p10).max(1e-9 * fabs(band.p50)).max(1e-12);
    (one(0.1, band.p10) + one(0.5, band.p50) + one(0.9, band.p90)) / (3.0 * width)
}
