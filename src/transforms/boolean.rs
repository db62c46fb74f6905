//! False and true.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::transform::{ClassEncoding, Encoder};

/// 1 for true, yes, t, y and 1; 0 for false, no, f, n and 0; upper or lower case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Boolean {}

/// False and true, by the words first met for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Booleans(pub(crate) Classes);

impl Encoder for Boolean {
    type Fitted = Booleans;

    fn fit(&self, met: &Met<'_>) -> Booleans {
        Booleans(Classes::booleans(met.names()))
    }
}

impl ClassEncoding for Booleans {
    fn of(&self) -> &Classes {
        &self.0
    }
}
