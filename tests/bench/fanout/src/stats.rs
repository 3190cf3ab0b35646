//! Medians and spreads.

use serde_json::{Value, json};

/// The value below which the share `at` of them lies.
pub fn percentile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * at).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Median, least and greatest.
pub fn spread(values: &[f64]) -> Value {
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    json!({
        "median": round(percentile(values, 0.5)),
        "least": round(percentile(values, 0.0)),
        "most": round(percentile(values, 1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(percentile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(spread(&[3.0, 1.0, 2.5]), json!({"median": 2.5, "least": 1.0, "most": 3.0}));
        assert!(percentile(&[], 0.5).is_nan());
    }
}
