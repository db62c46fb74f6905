//! The number of a category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::transform::{Encoded, Encoder, Primitive};

/// The index of the class, from 0. scikit-learn: `LabelEncoder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {}

/// The classes in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Labels(pub(crate) Classes);

impl Encoder for Label {
    type Fitted = Labels;

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn fit(&self, texts: &[&str]) -> Labels {
        Labels(Classes::fit(texts.iter().copied()))
    }
}

impl Encoded for Labels {
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
