//! `fit.calibration_split`: the rows that are kept apart to decide by once training has ended.

use super::role::RowRole;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::random::Random;

/// The roles with a part of the rows to train on drawn from the stream ("split", "calibration"); of
/// `rows` rows, where all were to be trained on.
pub(crate) fn calibrate(
    roles: Option<Vec<RowRole>>,
    part: f64,
    rows: usize,
    random: Random,
) -> Result<Vec<RowRole>, ConfigError> {
    check_calibration(part)?;
    let mut roles = roles.unwrap_or_else(|| vec![RowRole::Train; rows]);
    let is_left = |row: &usize| roles[*row] == RowRole::Train;
    let mut left: Vec<usize> = (0..roles.len()).filter(is_left).collect();
    let count = (left.len() as f64 * part).round() as usize;
    if count == 0 || count >= left.len() {
        let side = if count == 0 { "decide by" } else { "train on" };
        let message = format!("{part} of {} rows leaves nothing to {side}", left.len());
        return Err(error(message).with_help("choose another part, or use more rows"));
    }
    random.stream("split", "calibration", 0).shuffle(&mut left);
    left.truncate(count);
    left.into_iter().for_each(|row| roles[row] = RowRole::Calibrate);
    Ok(roles)
}

/// What is wrong with the part, whatever the data.
pub(crate) fn check_calibration(part: f64) -> Result<(), ConfigError> {
    if part > 0.0 && part < 1.0 {
        return Ok(());
    }
    let message = format!("`calibration_split` must be between 0 and 1, got {part}");
    Err(error(message).with_help("it is the fraction of the rows to hold back, such as 0.1"))
}

fn error(message: String) -> ConfigError {
    ConfigError::at("fit.calibration_split", message).with_code(Code::ValidationSplit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_drawn_of_those_to_train_on() {
        let roles = RowRole::tail(100, 20);
        let found = calibrate(Some(roles), 0.25, 100, Random::new(1)).unwrap();
        let count = |role| found.iter().filter(|of| **of == role).count();
        assert_eq!(
            [RowRole::Train, RowRole::Validate, RowRole::Calibrate].map(count),
            [60, 20, 20]
        );
        assert!(found[80..].iter().all(|role| *role == RowRole::Validate));
        assert_eq!(calibrate(None, 0.5, 4, Random::new(1)).unwrap().len(), 4);
        for (part, rows) in [(0.0, 10), (1.0, 10), (0.01, 10), (0.99, 10), (f64::NAN, 10)] {
            assert!(calibrate(None, part, rows, Random::new(1)).is_err(), "{part}");
        }
    }
}
