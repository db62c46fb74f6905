//! No scaling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transform::{Primitive, Scaled, Scaler, Statistics};
use super::unit::Inverse;

/// No scaling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unscaled {}

/// Nothing needs to be known of the column.
#[derive(Clone)]
pub(crate) struct NoStatistics;

impl Scaler for Unscaled {
    type Statistics = NoStatistics;
    type Fitted = Unscaled;

    fn statistics(&self) -> NoStatistics {
        NoStatistics
    }

    fn fit(&self, _: &NoStatistics) -> Unscaled {
        *self
    }
}

impl Statistics for NoStatistics {
    fn see(&mut self, _: &[f64]) {}
    fn merge(&mut self, _: &Self) {}
}

impl Scaled for Unscaled {
    fn apply(&self, _: &mut [f64]) {}

    fn inverse(&self) -> Option<Inverse> {
        Some(Inverse::Affine { factor: 1.0, offset: 0.0 })
    }

    fn export(&self) -> Option<Primitive<'_>> {
        None
    }
}
