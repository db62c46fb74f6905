//! The logarithm of one more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::min_max::Extremes;
use super::transform::{Primitive, Scaled, Scaler};
use super::unit::Inverse;
use crate::error::Problem;

/// `log(1 + x)`, for prices, counts and other numbers above -1 with a few very large values.
/// scikit-learn: `FunctionTransformer(np.log1p)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log1p {}

impl Scaler for Log1p {
    type Statistics = Extremes;
    type Fitted = Log1p;

    fn statistics(&self) -> Extremes {
        Extremes::default()
    }

    fn takes(&self, ends: &Extremes) -> Result<(), Problem> {
        if ends.low > -1.0 {
            return Ok(());
        }
        let message = format!("`log1p` takes numbers above -1, and the smallest is {}", ends.low);
        Err(Problem::at("", message).help("take `standard` or `robust`, which take any number"))
    }

    fn fit(&self, _: &Extremes) -> Log1p {
        *self
    }
}

impl Scaled for Log1p {
    fn apply(&self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|number| *number = number.ln_1p());
    }

    fn inverse(&self) -> Option<Inverse> {
        Some(Inverse::Expm1)
    }

    fn export(&self) -> Option<Primitive<'_>> {
        Some(Primitive::Log1p)
    }
}
