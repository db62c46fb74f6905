//! The number of a category, in an order that is given.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::{Classes, as_text};
use super::met::Met;
use super::plain::Plain;
use super::transform::{ClassEncoding, Encoder};
use super::unknown::Unknown;
use crate::error::Problem;

/// The place of the category in a list, from 0: `[small, medium, large]`. scikit-learn:
/// `OrdinalEncoder`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordinal {
    /// Categories in their order.
    pub categories: Vec<Plain>,
}

/// The classes in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ordered(Classes);

impl Encoder for Ordinal {
    type Fitted = Ordered;

    fn check(&self) -> Result<(), Problem> {
        if self.categories.is_empty() {
            let problem = Problem::at("categories", "`categories` is empty");
            return Err(problem.help("list them in their order: `[small, medium, large]`"));
        }
        let mut met = HashSet::new();
        for (place, category) in self.categories.iter().enumerate() {
            let text = category.text();
            if !met.insert(as_text(&text).into_owned()) {
                let message = format!("`{text}` is listed twice");
                return Err(Problem::at(&format!("categories[{place}]"), message));
            }
        }
        Ok(())
    }

    fn may_be_scaled(&self) -> bool {
        true
    }

    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Error, Unknown::Other]
    }

    fn fit(&self, met: &Met<'_>) -> Ordered {
        let names = self.categories.iter().map(Plain::text).collect();
        Ordered(Classes::in_order(names).with(met.unknown))
    }
}

impl ClassEncoding for Ordered {
    fn of(&self) -> &Classes {
        &self.0
    }

    fn why_not(&self, text: &str) -> Problem {
        let problem = self.0.refusal(text);
        let message = format!("`{text}` is none of the `categories`");
        Problem { message, ..problem }
    }
}
