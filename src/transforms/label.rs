//! The number of a category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::rare::Rare;
use super::transform::{ClassEncoding, Encoder};
use super::unknown::Unknown;
use crate::error::Problem;

/// The index of the class, from 0. scikit-learn: `LabelEncoder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Label {
    /// Smallest number of rows of a category or, below 1, smallest fraction of the rows: rarer
    /// categories are merged into one, `other`, which comes last. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_frequency: Option<f64>,
    /// Largest number of categories, including `other`: if there are more, the rarest ones are
    /// merged into `other`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_categories: Option<usize>,
}

/// The classes in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Labels(pub(crate) Classes);

impl Label {
    fn rare(self) -> Rare {
        Rare { min_frequency: self.min_frequency, max_categories: self.max_categories }
    }
}

impl Encoder for Label {
    type Fitted = Labels;

    fn check(&self) -> Result<(), Problem> {
        self.rare().check()
    }

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Error, Unknown::Other]
    }

    fn fit(&self, met: &Met<'_>) -> Labels {
        Labels(Classes::of(met, self.rare()))
    }
}

impl ClassEncoding for Labels {
    fn of(&self) -> &Classes {
        &self.0
    }
}
