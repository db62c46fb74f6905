//! A column for each category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::rare::Rare;
use super::transform::{ClassEncoding, Encoder};
use super::unknown::Unknown;
use crate::error::Problem;

/// One column for each class: 1 for the class of the cell, 0 for the others. scikit-learn:
/// `OneHotEncoder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OneHot {
    /// Smallest number of rows of a category or, below 1, smallest fraction of the rows: rarer
    /// categories are merged into one, `other`, which comes last. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_frequency: Option<f64>,
    /// Largest number of categories, including `other`: if there are more, the rarest ones are
    /// merged into `other`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_categories: Option<usize>,
}

/// The classes in the order of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Indicators(pub(crate) Classes);

impl OneHot {
    fn rare(self) -> Rare {
        Rare { min_frequency: self.min_frequency, max_categories: self.max_categories }
    }
}

impl Encoder for OneHot {
    type Fitted = Indicators;

    fn check(&self) -> Result<(), Problem> {
        self.rare().check()
    }

    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Error, Unknown::Other, Unknown::Ignore]
    }

    fn fit(&self, met: &Met<'_>) -> Indicators {
        Indicators(Classes::of(met, self.rare()))
    }
}

impl ClassEncoding for Indicators {
    const IS_ONE_HOT: bool = true;

    fn of(&self) -> &Classes {
        &self.0
    }
}
