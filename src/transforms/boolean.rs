//! False and true.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};

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

impl Encoded for Booleans {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn index(&self, text: &str) -> Option<usize> {
        self.0.find(text)
    }

    fn classes(&self) -> Option<&Classes> {
        Some(&self.0)
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Lookup(&self.0)
    }
}
