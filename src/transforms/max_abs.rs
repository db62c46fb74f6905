//! Scaling by the largest magnitude.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transform::{Primitive, Scaled, Scaler, Statistics};
use super::unit::Inverse;

/// Divides by the largest magnitude: all values are between -1 and 1, and 0 stays 0. scikit-learn:
/// `MaxAbsScaler`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxAbs {}

/// The largest magnitude.
#[derive(Debug, Clone)]
pub(crate) struct Largest(f64);

/// `x / size`; scikit-learn's `scale_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quotient {
    size: f64,
}

impl Scaler for MaxAbs {
    type Statistics = Largest;
    type Fitted = Quotient;

    fn statistics(&self) -> Largest {
        Largest(0.0)
    }

    fn fit(&self, largest: &Largest) -> Quotient {
        Quotient { size: if largest.0 == 0.0 { 1.0 } else { largest.0 } }
    }
}

impl Statistics for Largest {
    fn see(&mut self, numbers: &[f64]) {
        self.0 = numbers.iter().fold(self.0, |most, x| most.max(x.abs()));
    }

    fn merge(&mut self, next: &Largest) {
        self.0 = self.0.max(next.0);
    }
}

impl Scaled for Quotient {
    fn apply(&self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|number| *number /= self.size);
    }

    fn inverse(&self) -> Option<Inverse> {
        Some(Inverse::Affine { factor: self.size, offset: 0.0 })
    }

    fn export(&self) -> Option<Primitive<'_>> {
        Some(Primitive::Affine { factor: 1.0 / self.size, offset: 0.0, clip: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_magnitude_becomes_one() {
        let mut largest = MaxAbs {}.statistics();
        largest.see(&[1.0, -4.0]);
        let mut numbers = [1.0, -4.0, 8.0];
        MaxAbs {}.fit(&largest).apply(&mut numbers);
        assert_eq!(numbers, [0.25, -1.0, 2.0]);
    }
}
