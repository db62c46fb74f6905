//! Piecewise constant rates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// `values[i]` where `boundaries[i-1] < step <= boundaries[i]`: at a boundary, the previous value
/// still applies.
///
/// Keras: `keras.optimizers.schedules.PiecewiseConstantDecay`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PiecewiseConstantDecay {
    /// Last step of each value except for the last one; increasing.
    pub boundaries: Vec<f64>,
    /// Learning rates; one more than there are boundaries.
    pub values: Vec<f64>,
}

impl Schedule for PiecewiseConstantDecay {
    fn at(&self, step: u64) -> f32 {
        let passed = self.boundaries.iter().take_while(|boundary| step as f64 > **boundary).count();
        self.values.get(passed).copied().unwrap_or_default() as f32
    }

    fn check(&self) -> Result<(), Problem> {
        let (boundaries, values) = (self.boundaries.len(), self.values.len());
        if values != boundaries + 1 {
            let message = format!(
                "`values` must hold one more than `boundaries` ({boundaries}), got {values}"
            );
            return Err(Problem::at("values", message));
        }
        let mut pairs = self.boundaries.iter().zip(self.boundaries.iter().skip(1));
        if let Some((a, b)) = pairs.find(|(a, b)| a >= b) {
            let message = format!("`boundaries` must increase, got {a} before {b}");
            return Err(Problem::at("boundaries", message));
        }
        self.boundaries.iter().try_for_each(|b| checks::finite("boundaries", *b))?;
        self.values.iter().try_for_each(|value| checks::not_negative("values", *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(boundaries: &[f64], values: &[f64]) -> String {
        let (boundaries, values) = (boundaries.to_vec(), values.to_vec());
        PiecewiseConstantDecay { boundaries, values }.check().unwrap_err().message
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        assert_eq!(
            problem(&[1.0, 2.0], &[0.1, 0.2]),
            "`values` must hold one more than `boundaries` (2), got 2"
        );
        assert_eq!(
            problem(&[3.0, 3.0], &[0.1, 0.2, 0.3]),
            "`boundaries` must increase, got 3 before 3"
        );
        assert_eq!(problem(&[3.0], &[0.1, -0.2]), "`values` must be 0 or greater, got -0.2");
    }
}
