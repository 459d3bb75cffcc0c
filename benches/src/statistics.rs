//! The middle and the tail of measurements.

/// The value that `percent` of the values do not exceed (nearest rank); none of none.
///
/// `percent` lies in 0..=100. Values that are no numbers sort last.
#[must_use]
pub fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The median: of an even number of values, the lower of the middle two; none of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(last: u32) -> Vec<f64> {
        (1..=last).rev().map(f64::from).collect()
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&up_to(5)), Some(3.0));
        assert_eq!(median(&up_to(6)), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_percentile_is_not_exceeded_by_so_many() {
        assert_eq!(percentile(&up_to(100), 95), Some(95.0));
        assert_eq!(percentile(&up_to(20), 95), Some(19.0));
        assert_eq!(percentile(&up_to(3), 100), Some(3.0));
        assert_eq!(percentile(&up_to(3), 0), Some(1.0));
    }
}
