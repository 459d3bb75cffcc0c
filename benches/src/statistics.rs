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

/// Welch's t: how many standard errors the means of two samples lie apart. None if either has
/// fewer than two values, or nothing varies.
#[must_use]
pub fn welch_t(left: &[f64], right: &[f64]) -> Option<f64> {
    let (mean_left, error_left) = mean_and_squared_error(left)?;
    let (mean_right, error_right) = mean_and_squared_error(right)?;
    let error = (error_left + error_right).sqrt();
    (error > 0.0).then(|| (mean_left - mean_right) / error)
}

/// The mean, and the square of its standard error.
fn mean_and_squared_error(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (mean, squares / (count - 1.0) / count))
}

/// By how much `y` grows for one of `x`: the least-squares line through the points. None of fewer
/// than two, or if all have the same `x`.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let products = points.iter().map(|point| (point.0 - x) * (point.1 - y));
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (squares > 0.0).then(|| products.sum::<f64>() / squares)
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

    #[test]
    fn welch_t_of_a_worked_example() {
        // Means 3 and 4, variances 2.5 and 3.5, five and six values.
        let (left, right) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
        let expected = -1.0 / (2.5f64 / 5.0 + 3.5 / 6.0).sqrt();
        let t = welch_t(&left, &right).unwrap();
        assert!((t - expected).abs() < 1e-12, "{t}");
        assert!((welch_t(&right, &left).unwrap() + expected).abs() < 1e-12);
    }

    #[test]
    fn welch_t_needs_values_that_vary() {
        assert_eq!(welch_t(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(welch_t(&[1.0, 1.0], &[2.0, 2.0]), None);
    }

    #[test]
    fn a_line_has_its_slope() {
        let line: Vec<(f64, f64)> = (0..9)
            .map(|x| (f64::from(x), 3.0 - 2.0 * f64::from(x)))
            .collect();
        assert!((slope(&line).unwrap() + 2.0).abs() < 1e-12);
        assert_eq!(slope(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
