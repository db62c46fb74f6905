//! Scaling: a column's statistics, and what is made of its numbers with them.

use serde::{Deserialize, Serialize};

use crate::sections::Scale;

/// How the numbers of a column are scaled, once its statistics are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scaling {
    /// `x`
    #[default]
    None,
    /// `x · factor + offset`; scikit-learn: `MinMaxScaler`, its `scale_` and `min_`.
    MinMax { factor: f64, offset: f64 },
    /// `(x - mean) / std`; scikit-learn: `StandardScaler`, its `mean_` and `scale_`.
    Standard { mean: f64, std: f64 },
}

/// What is gathered from a column in the first pass over it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub count: usize,
    pub min: f64,
    pub max: f64,
    pub sum: f64,
}

impl Extent {
    pub(super) const NOTHING: Extent =
        Extent { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0 };

    /// With one more value.
    pub(super) fn and(self, value: f64) -> Extent {
        Extent {
            count: self.count + 1,
            min: self.min.min(value),
            max: self.max.max(value),
            sum: self.sum + value,
        }
    }

    /// Of both parts.
    pub(super) fn joined(self, other: Extent) -> Extent {
        Extent {
            count: self.count + other.count,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
        }
    }

    /// What deviations are divided by before they are squared: 1, but for values whose squares a f64
    /// doesn't hold.
    pub(super) fn unit(&self) -> f64 {
        let size = self.min.abs().max(self.max.abs());
        let is_ordinary = size == 0.0 || (1e-140..1e140).contains(&size);
        if is_ordinary { 1.0 } else { size }
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

impl Scaling {
    /// The scaling of a column with this extent; `squares` is `Σ ((x - mean) / unit)²`, for
    /// `standard`.
    pub(super) fn fit(scale: Scale, extent: &Extent, squares: f64) -> Scaling {
        match scale {
            Scale::None => Scaling::None,
            Scale::MinMax(min_max) => {
                let [low, high] = min_max.range;
                let width = extent.max - extent.min;
                // a constant column is moved, not stretched. Unlike scikit-learn, one whose values are
                // all small is none
                let size = extent.min.abs().max(extent.max.abs()).min(1.0);
                let noise = (10.0 * f64::EPSILON * size).max(f64::MIN_POSITIVE);
                let width = if width < noise { 1.0 } else { width };
                let factor = (high - low) / width;
                Scaling::MinMax { factor, offset: low - extent.min * factor }
            }
            Scale::Standard => {
                let unit = extent.unit();
                let (n, mean) = (extent.count.max(1) as f64, extent.mean() / unit);
                let variance = squares / n;
                // scikit-learn's rule: what rounding alone may leave of a constant column
                let noise = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
                let std = if variance <= noise { 1.0 } else { variance.sqrt() * unit };
                Scaling::Standard { mean: extent.mean(), std }
            }
        }
    }

    /// The scaled value.
    pub(super) fn apply(&self, value: f64) -> f64 {
        match *self {
            Scaling::None => value,
            Scaling::MinMax { factor, offset } => value * factor + offset,
            Scaling::Standard { mean, std } => (value - mean) / std,
        }
    }

    /// (factor, offset) such that `scaled = factor · original + offset`; None where it is the same.
    pub(crate) fn affine(&self) -> Option<(f64, f64)> {
        match *self {
            Scaling::None => None,
            Scaling::MinMax { factor, offset } => Some((factor, offset)),
            Scaling::Standard { mean, std } => Some((1.0 / std, -mean / std)),
        }
    }

    /// True where a column's numbers must be read as f64: they lie so far from 0, beside their
    /// spread, that f32's rounding would be seen once they are scaled (timestamps).
    #[cfg(feature = "onnx")]
    pub(crate) fn wants_f64(&self) -> bool {
        self.affine().is_some_and(|(_, offset)| offset.abs() >= 256.0) // 256 · 2^-24 is 1.5e-5
    }

    /// (factor, offset) such that `original = factor · scaled + offset`.
    pub(super) fn unit(&self) -> (f64, f64) {
        match *self {
            Scaling::None => (1.0, 0.0),
            Scaling::MinMax { factor, offset } => (1.0 / factor, -offset / factor),
            Scaling::Standard { mean, std } => (std, mean),
        }
    }
}
