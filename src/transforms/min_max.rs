//! Scaling to a range.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transform::{Primitive, Scaled, Scaler, Statistics};
use crate::error::Problem;

/// Scales the values linearly so that the smallest and the largest are the ends of `range`.
/// scikit-learn: `MinMaxScaler`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinMax {
    /// Smallest and largest scaled value. Default: [0, 1].
    pub range: [f64; 2],
}

/// The smallest and the largest value.
#[derive(Debug, Clone)]
pub(crate) struct Extremes {
    low: f64,
    high: f64,
}

/// `x · factor + offset`; scikit-learn's `scale_` and `min_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    factor: f64,
    offset: f64,
}

impl Default for MinMax {
    fn default() -> Self {
        MinMax { range: [0.0, 1.0] }
    }
}

impl Scaler for MinMax {
    type Statistics = Extremes;
    type Fitted = Stretch;

    fn check(&self) -> Result<(), Problem> {
        let [low, high] = self.range;
        if low < high && (high - low).is_finite() {
            return Ok(());
        }
        let message = format!("`range` must rise, got [{low}, {high}]");
        Err(Problem::at("range", message).help("write the low end first, such as `[0, 1]`"))
    }

    fn statistics(&self) -> Extremes {
        Extremes { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }

    fn fit(&self, ends: &Extremes) -> Stretch {
        let [low, high] = self.range;
        let width = ends.high - ends.low;
        // a constant column is moved, not stretched. Unlike scikit-learn, one whose values are all
        // small is none
        let size = ends.low.abs().max(ends.high.abs()).min(1.0);
        let noise = (10.0 * f64::EPSILON * size).max(f64::MIN_POSITIVE);
        let width = if width < noise { 1.0 } else { width };
        let factor = (high - low) / width;
        Stretch { factor, offset: low - ends.low * factor }
    }
}

impl Statistics for Extremes {
    fn see(&mut self, numbers: &[f64]) {
        for number in numbers {
            self.low = self.low.min(*number);
            self.high = self.high.max(*number);
        }
    }

    fn merge(&mut self, next: &Extremes) {
        self.low = self.low.min(next.low);
        self.high = self.high.max(next.high);
    }
}

impl Scaled for Stretch {
    fn apply(&self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|number| *number = *number * self.factor + self.offset);
    }

    fn inverse(&self) -> (f64, f64) {
        (1.0 / self.factor, -self.offset / self.factor)
    }

    fn export(&self) -> Option<Primitive<'_>> {
        Some(Primitive::Affine { factor: self.factor, offset: self.offset })
    }
}
