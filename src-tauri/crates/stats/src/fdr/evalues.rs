//! Batches of e-values. Their streams are `Method::ELond`.

/// Benjamini-Hochberg on e-values (Wang & Ramdas 2022): which of a finished batch are discoveries at false discovery
/// rate `alpha`, under arbitrary dependence. The largest k with k-th largest e-value >= m / (k alpha) is taken.
pub fn e_bh(e_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..e_values.len()).collect();
    order.sort_by(|&a, &b| e_values[b].total_cmp(&e_values[a]).then(a.cmp(&b)));
    let enough = |rank: usize, e: f64| e * (rank as f64) * alpha >= e_values.len() as f64;
    let last = order.iter().enumerate().rev().find(|&(i, &k)| enough(i + 1, e_values[k])).map_or(0, |(i, _)| i + 1);
    let mut rejected = vec![false; e_values.len()];
    for &k in order.iter().take(last) {
        rejected[k] = true;
    }
    rejected
}
