//! Quantiles and robust scale.

/// Normal consistency of the median absolute deviation: 1 / quantile(0.75).
pub const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// Quantile `q` of sorted values, linear between order statistics (type 7, numpy's and R's default). NaN when empty.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    let w = at - low as f64;
    sorted[low] + w * (sorted[high] - sorted[low])
}

/// Quantile `q` of values in any order; the slice is sorted.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    quantile_sorted(values, q)
}

/// Median of values in any order, by selection: O(n). The slice is reordered. NaN when empty.
pub fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let middle = *middle;
    if n % 2 == 1 {
        return middle;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + middle)
}

/// Robust standard deviation about zero of residuals: MAD, or the mean absolute residual where more than half are
/// equal (counts that hardly vary), or 0 where all are. The scratch is overwritten.
pub fn scale(residuals: &[f64], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(residuals.iter().filter(|r| r.is_finite()).map(|r| r.abs()));
    let mad = median(scratch) * MAD_TO_SD;
    if mad > 0.0 {
        return mad;
    }
    if scratch.is_empty() {
        return 0.0;
    }
    1.253_314_137_315_5 * scratch.iter().sum::<f64>() / scratch.len() as f64
}

/// Median absolute deviation about the median, as a standard deviation.
pub fn mad(values: &mut [f64]) -> f64 {
    let centre = median(values);
    for v in values.iter_mut() {
        *v = (*v - centre).abs();
    }
    median(values) * MAD_TO_SD
}

/// Mean of the middle: the `trim` share at each end is left out.
pub fn trimmed_mean(values: &mut [f64], trim: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let cut = ((values.len() as f64 * trim.clamp(0.0, 0.49)).floor() as usize).min((values.len() - 1) / 2);
    let kept = &values[cut..values.len() - cut];
    kept.iter().sum::<f64>() / kept.len() as f64
}
