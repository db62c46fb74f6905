//! `ComputeType`: the type of number that a training computes in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of number that layers compute in while the model is trained: Keras's dtype policies of
/// these names. The weights are always 32-bit floats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", rename = "dtype")]
pub enum ComputeType {
    /// 32-bit floats throughout.
    #[default]
    #[serde(alias = "f32")]
    Float32,
    /// Matrix products and what is around them in bfloat16; sums, statistics, losses and the last
    /// layer with weights in 32-bit floats.
    #[serde(alias = "bf16")]
    MixedBfloat16,
}

impl ComputeType {
    /// True for the default, which isn't written.
    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(crate) fn is_float32(&self) -> bool {
        *self == ComputeType::Float32
    }
}
