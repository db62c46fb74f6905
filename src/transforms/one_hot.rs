//! A column for each category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::transform::{Encoded, Encoder, Primitive};

/// One column for each class: 1 for the class of the cell, 0 for the others. scikit-learn:
/// `OneHotEncoder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHot {}

/// The classes in the order of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Indicators(pub(crate) Classes);

impl Encoder for OneHot {
    type Fitted = Indicators;

    fn fit(&self, texts: &[&str]) -> Indicators {
        Indicators(Classes::fit(texts.iter().copied()))
    }
}

impl Encoded for Indicators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn index(&self, text: &str) -> Option<usize> {
        self.0.find(text)
    }

    fn is_one_hot(&self) -> bool {
        true
    }

    fn classes(&self) -> Option<&Classes> {
        Some(&self.0)
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Lookup(&self.0)
    }
}
