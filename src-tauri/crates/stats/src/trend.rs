//! Slopes that one odd bucket cannot bend.

use crate::robust::{MAD_TO_SD, median};

/// A line through a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Value at the last index.
    pub at_end: f64,
    /// Change per index.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_se: f64,
    /// Robust standard deviation about the line.
    pub scale: f64,
}

/// Theil–Sen line through the finite values; at least four are needed. O(n²), so hand in at most a few dozen (block medians).
pub fn theil_sen(values: &[f64]) -> Option<Line> {
    let points: Vec<(f64, f64)> =
        values.iter().enumerate().filter(|(_, v)| v.is_finite()).map(|(i, v)| (i as f64, *v)).collect();
    if points.len() < 4 {
        return None;
    }
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (i, a) in points.iter().enumerate() {
        slopes.extend(points[i + 1..].iter().map(|b| (b.1 - a.1) / (b.0 - a.0)));
    }
    let slope = median(&mut slopes);
    let mut offsets: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    let offset = median(&mut offsets);
    let mut off: Vec<f64> = points.iter().map(|(x, y)| (y - offset - slope * x).abs()).collect();
    let scale = median(&mut off) * MAD_TO_SD;
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let sxx: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.0 - mean_x)).sum();
    // 1.05: the Theil–Sen slope's efficiency against least squares under normal noise is about 0.91; n/(n-2) for the fit.
    let slope_se = 1.05 * scale * (n / (n - 2.0)).sqrt() / sxx.sqrt();
    let last = values.len().saturating_sub(1) as f64;
    Some(Line { at_end: offset + slope * last, slope, slope_se, scale })
}
