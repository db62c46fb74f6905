//! The crossentropy that fits: binary, sparse or categorical, by shapes.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary_crossentropy::BinaryCrossentropy;
use super::categorical_crossentropy::CategoricalCrossentropy;
use super::loss::{Loss, LossBatch, LossInC};
use super::sparse_categorical_crossentropy::SparseCategoricalCrossentropy;
use crate::error::{Problem, Result};
use crate::target::{Output, Target, TargetRange};

/// Binary crossentropy for an output of 1 unit; otherwise sparse if the target is class indices,
/// categorical if it is one-hot. Keras: the strings `crossentropy` and `ce` of `compile`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Crossentropy {
    /// Whether the predictions are logits, before the softmax or sigmoid. Default: false.
    pub from_logits: bool,
}

impl Crossentropy {
    fn binary(&self) -> BinaryCrossentropy {
        BinaryCrossentropy { from_logits: self.from_logits, ..Default::default() }
    }

    fn sparse(&self) -> SparseCategoricalCrossentropy {
        SparseCategoricalCrossentropy { from_logits: self.from_logits, ..Default::default() }
    }

    fn categorical(&self) -> CategoricalCrossentropy {
        CategoricalCrossentropy { from_logits: self.from_logits, ..Default::default() }
    }

    /// The one that fits an output and a target.
    fn of(&self, output: &Output<'_>) -> Box<dyn Loss> {
        match output.target {
            _ if output.shape.last() == 1 => Box::new(self.binary()),
            Target::Numbers(n) if n != output.shape.elements() => Box::new(self.sparse()),
            Target::Classes(_) => Box::new(self.sparse()),
            Target::Numbers(_) | Target::OneHot(_) => Box::new(self.categorical()),
        }
    }
}

impl Loss for Crossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        if prediction.dims().last() == Some(&1) {
            self.binary().per_sample(target, prediction)
        } else if target.rank() < prediction.rank() || target.dims().last() == Some(&1) {
            self.sparse().per_sample(target, prediction)
        } else {
            self.categorical().per_sample(target, prediction)
        }
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        match (batch.width, batch.target_width) {
            (1, _) => self.binary().value_and_gradient(batch, values, gradient),
            (_, 1) => self.sparse().value_and_gradient(batch, values, gradient),
            _ => self.categorical().value_and_gradient(batch, values, gradient),
        }
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        match (width, target_width) {
            (1, _) => self.binary().in_c(width, target_width),
            (_, 1) => self.sparse().in_c(width, target_width),
            _ => self.categorical().in_c(width, target_width),
        }
    }

    fn from_logits(&self) -> bool {
        self.from_logits
    }

    fn target_range(&self, output: &Output<'_>) -> TargetRange {
        self.of(output).target_range(output)
    }

    fn wanted_activation(&self, output: &Output<'_>) -> Option<&'static str> {
        self.of(output).wanted_activation(output)
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        self.of(output).check(output)
    }
}
