//! A robust local level: exponential smoothing whose innovations are clipped, so that one odd bucket moves the level by
//! no more than two scales, while a run of them on one side is taken as a shift.
//!
//! After Gelper, Fried & Croux 2010, "Robust forecasting with exponential and Holt-Winters smoothing", with the shift rule added.

/// Smoothing constants tried; the one with the smallest bounded one-step loss wins.
const GAINS: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.35, 0.6];
/// Innovations are clipped at so many scales.
const CLIP: f64 = 2.0;

/// The level after the last value, and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Level after the last value.
    pub level: f64,
    /// Gain used.
    pub gain: f64,
    /// One-step residuals, NaN where nothing was observed or during the first `warm_up` values.
    pub residuals: Vec<f64>,
}

/// Follows the level of `values` (NaN = not observed). `scale` is a robust scale of the noise, `precision` in (0, 1] per
/// value slows the gain where a value is uncertain (empty = 1), `shift_run` is how many values on one side make a shift.
pub fn follow(values: &[f64], precision: &[f64], scale: f64, warm_up: usize, shift_run: usize) -> Level {
    let mut start: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).take(warm_up.max(5)).collect();
    let start = crate::robust::median(&mut start);
    let mut best: Option<(f64, Level)> = None;
    for gain in GAINS {
        let (level, residuals) = run(values, precision, scale, warm_up, shift_run, start, gain);
        let (mut loss, mut seen) = (0.0, 0.0);
        for r in residuals.iter().filter(|r| r.is_finite()) {
            let u = (r / scale).clamp(-3.0, 3.0);
            loss += u * u;
            seen += 1.0;
        }
        let loss = if seen > 0.0 { loss / seen } else { f64::INFINITY };
        // A slower gain is kept unless the faster one is clearly better: it forecasts steadier.
        if best.as_ref().is_none_or(|(least, _)| loss < least * 0.99) {
            best = Some((loss, Level { level, gain, residuals }));
        }
    }
    best.map_or_else(|| Level { level: start, gain: GAINS[0], residuals: vec![f64::NAN; values.len()] }, |(_, l)| l)
}

fn run(
    values: &[f64],
    precision: &[f64],
    scale: f64,
    warm_up: usize,
    shift_run: usize,
    start: f64,
    gain: f64,
) -> (f64, Vec<f64>) {
    let mut level = start;
    let mut residuals = vec![f64::NAN; values.len()];
    let mut side: Vec<f64> = Vec::new();
    let mut sign = 0.0;
    let (mut seen, mut weight_seen) = (0, 1.0_f64);
    for (i, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            continue;
        }
        let r = value - level;
        seen += 1;
        weight_seen += 1.0;
        if seen > warm_up {
            residuals[i] = r;
        }
        // The first values find the level quickly whatever the gain.
        let gain = gain.max(1.0 / weight_seen);
        level += gain * precision.get(i).copied().unwrap_or(1.0) * r.clamp(-CLIP * scale, CLIP * scale);
        if r.abs() > 1.7 * scale {
            if r.signum() != sign {
                side.clear();
                sign = r.signum();
            }
            side.push(value);
            if side.len() >= shift_run {
                level = crate::robust::median(&mut side.clone());
                side.clear();
            }
        } else {
            side.clear();
        }
    }
    (level, residuals)
}
