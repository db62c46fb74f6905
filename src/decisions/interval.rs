//! Intervals by split conformal prediction: how far the true values of held-back rows are from what
//! the model predicts (Lei et al. 2018, "Distribution-free predictive inference for regression").

use super::stored::StoredInterval;

/// Which of n residuals, in rising order and from 1, is the half-width: the ⌈(n + 1) · level⌉-th.
/// None where there are too few.
fn rank(rows: usize, level: f64) -> Option<usize> {
    let rank = ((rows + 1) as f64 * level - 1e-9).ceil() as usize; // 0.7 · 10 is a little over 7
    (rank <= rows).then_some(rank.max(1))
}

/// How many rows the level needs at least.
pub(super) fn least_rows(level: f64) -> usize {
    ((level / (1.0 - level) * (1.0 - 1e-12)).ceil() as usize).max(1)
}

/// The intervals of each predicted number; None where there are too few rows.
pub(crate) fn conformal(
    level: f64,
    width: usize,
    predictions: &[f32],
    targets: &[f64],
) -> Option<StoredInterval> {
    let half_width = |column: usize| {
        let pairs = predictions.iter().zip(targets).skip(column).step_by(width);
        let mut residuals: Vec<f64> = pairs.map(|(p, y)| (y - f64::from(*p)).abs()).collect();
        residuals.sort_by(f64::total_cmp);
        Some(residuals[rank(residuals.len(), level)? - 1])
    };
    let half_widths: Option<Vec<f64>> = (0..width).map(half_width).collect();
    Some(StoredInterval { level, half_widths: half_widths? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_rank_is_that_of_the_definition() {
        assert_eq!(rank(9, 0.9), Some(9));
        assert_eq!(rank(8, 0.9), None);
        assert_eq!(rank(9, 0.7), Some(7));
        assert_eq!(rank(99, 0.95), Some(95));
        assert_eq!(rank(100, 0.95), Some(96));
        assert_eq!([least_rows(0.9), least_rows(0.95), least_rows(0.5)], [9, 19, 1]);
    }

    #[test]
    fn each_column_has_its_own_width() {
        let targets: Vec<f64> = (1..=9).flat_map(|i| [f64::from(i), f64::from(10 * i)]).collect();
        let found = conformal(0.9, 2, &[0.0; 18], &targets).unwrap();
        assert_eq!(found.half_widths, [9.0, 90.0]);
        assert_eq!(conformal(0.95, 2, &[0.0; 18], &targets), None);
    }

    /// Over many draws the mean coverage of fresh rows is within a hair of the level.
    #[test]
    fn intervals_hold_the_share_of_fresh_rows_that_they_promise() {
        let noise = |name: &str, draw: u64, n: usize| -> Vec<f64> {
            let mut stream = Random::new(7).stream("test", name, draw);
            (0..n).map(|_| f64::from(stream.normal()).powi(3)).collect() // heavy tails
        };
        for (rows, level) in [(19, 0.9), (200, 0.8), (99, 0.95)] {
            let draws = 400;
            let covered: f64 = (0..draws)
                .map(|draw| {
                    let calibration = noise("calibration", draw, rows);
                    let found = conformal(level, 1, &vec![0.0; rows], &calibration).unwrap();
                    let fresh = noise("fresh", draw, 500);
                    found.coverage(&vec![0.0; fresh.len()], &fresh).0
                })
                .sum();
            let mean = covered / draws as f64;
            assert!((mean - level).abs() < 0.015 && mean > level - 0.01, "{rows} {level} {mean}");
        }
    }
}
