//! Scaling to a range.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transform::{Primitive, Scaled, Scaler, Statistics};
use super::unit::Inverse;
use crate::error::Problem;

/// Scales the values linearly so that the smallest and the largest are the ends of `range`.
/// scikit-learn: `MinMaxScaler`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinMax {
    /// Smallest and largest scaled value. Default: [0, 1].
    pub range: [f64; 2],
    /// Whether values outside the range of the training data are clipped to `range`. Default:
    /// false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clip: bool,
}

/// The smallest and the largest value.
#[derive(Debug, Clone)]
pub(crate) struct Extremes {
    pub(super) low: f64,
    high: f64,
}

impl Default for Extremes {
    fn default() -> Self {
        Extremes { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

/// `x · factor + offset`; scikit-learn's `scale_` and `min_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    factor: f64,
    offset: f64,
    /// The ends of the range, where nothing goes beyond them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clip: Option<[f64; 2]>,
}

impl Default for MinMax {
    fn default() -> Self {
        MinMax { range: [0.0, 1.0], clip: false }
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

    fn has_inverse(&self) -> bool {
        !self.clip
    }

    fn statistics(&self) -> Extremes {
        Extremes::default()
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
        let clip = self.clip.then_some(self.range);
        Stretch { factor, offset: low - ends.low * factor, clip }
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
        if let Some([low, high]) = self.clip {
            numbers.iter_mut().for_each(|number| *number = number.clamp(low, high));
        }
    }

    fn inverse(&self) -> Option<Inverse> {
        let whole =
            Inverse::Affine { factor: 1.0 / self.factor, offset: -self.offset / self.factor };
        self.clip.is_none().then_some(whole)
    }

    fn export(&self) -> Option<Primitive<'_>> {
        let (factor, offset) = (self.factor, self.offset);
        let clip = self.clip.map(|[low, high]| (low, high));
        Some(Primitive::Affine { factor, offset, clip })
    }
}
