//! A column for each of the labels that a cell may hold several of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use super::unknown::Unknown;
use crate::error::Problem;

/// One column for each label: 1 for those that the cell holds, 0 for the others. scikit-learn:
/// `MultiLabelBinarizer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MultiHot {
    /// Text between two labels of a cell. Default: `;`.
    pub separator: String,
}

/// The labels in the order of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabelSet {
    separator: String,
    labels: Classes,
}

impl Default for MultiHot {
    fn default() -> Self {
        MultiHot { separator: ";".to_string() }
    }
}

impl Encoder for MultiHot {
    type Fitted = LabelSet;

    fn check(&self) -> Result<(), Problem> {
        if !self.separator.is_empty() {
            return Ok(());
        }
        let problem = Problem::at("separator", "`separator` is empty");
        Err(problem.help("it is the text between two labels: `\";\"`, `\"|\"`, `\" \"`"))
    }

    fn separator(&self) -> Option<&str> {
        Some(&self.separator)
    }

    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Error, Unknown::Ignore]
    }

    fn fit(&self, met: &Met<'_>) -> LabelSet {
        let labels = met.names().flat_map(|text| split(text, &self.separator));
        let labels = Classes::fit(labels).with(met.unknown);
        LabelSet { separator: self.separator.clone(), labels }
    }
}

/// The labels of a cell.
fn split<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(separator).map(str::trim).filter(|label| !label.is_empty())
}

impl LabelSet {
    /// What stands between two labels.
    pub(crate) fn separator(&self) -> &str {
        &self.separator
    }

    fn unknown<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        split(text, &self.separator).find(|label| !self.labels.is_known(label))
    }
}

impl Encoded for LabelSet {
    fn count(&self) -> usize {
        self.labels.len()
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn separator(&self) -> Option<&str> {
        Some(&self.separator)
    }

    fn width(&self) -> usize {
        self.labels.len()
    }

    fn parts(&self) -> Vec<String> {
        self.labels.names.clone()
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
        split(text, &self.separator).all(|label| {
            let found = self.labels.find(label);
            if let Some(out) = found.and_then(|place| out.get_mut(place)) {
                *out = 1.0;
            }
            found.is_some()
        })
    }

    fn is_known(&self, text: &str) -> bool {
        self.unknown(text).is_none()
    }

    fn refusal(&self, text: &str) -> Problem {
        self.labels.refusal(self.unknown(text).unwrap_or(text))
    }

    fn export(&self) -> Primitive<'_> {
        let how = format!(
            "0 or 1 for each of its labels, in this order: {}",
            self.labels.names.join(&self.separator)
        );
        Primitive::Prepared { width: self.labels.len(), how }
    }
}
