//! Correction for many tests.

/// Adjusts p-values so that the chance of one or more false findings among all of them
/// stays at the level that they are compared with (Holm, "A simple sequentially
/// rejective multiple test procedure", 1979). The order of the values is kept.
pub fn adjust(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        // A value is never less than one that was smaller before.
        largest = largest.max((p_values[i] * remaining).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}
