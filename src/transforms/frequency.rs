//! How frequent a category is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use super::unknown::Unknown;

/// The fraction of the training rows that have the category; 0 for a category that training has not
/// seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Frequency {}

/// The share of each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shares {
    categories: Classes,
    /// In their order, and after them 0 for all others.
    shares: Vec<f64>,
}

impl Encoder for Frequency {
    type Fitted = Shares;

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Ignore, Unknown::Error]
    }

    fn fit(&self, met: &Met<'_>) -> Shares {
        let categories = Classes::fit(met.names());
        let rows = met.rows().max(1) as f64;
        let shares = categories.counts(met).into_iter().map(|count| count as f64 / rows);
        let shares = shares.chain([0.0]).collect();
        Shares { categories: categories.with(met.unknown), shares }
    }
}

impl Encoded for Shares {
    fn count(&self) -> usize {
        1
    }

    fn index(&self, text: &str) -> Option<usize> {
        self.categories.find(text)
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
        let share = self.index(text).and_then(|place| self.shares.get(place));
        share.zip(out.first_mut()).map(|(share, out)| *out = *share).is_some()
    }

    fn is_known(&self, text: &str) -> bool {
        self.categories.is_known(text)
    }

    fn refusal(&self, text: &str) -> crate::error::Problem {
        self.categories.refusal(text)
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Values(&self.categories, &self.shares)
    }
}
