//! A configuration, checked as far as that goes without its tables.

use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::error::Result;
use crate::spec::filled::with_ids;
use crate::spec::{ModelSpec, Spec};
use crate::training::opened::Opened;
use crate::training::plan::{Plan, facts};

/// What could be checked without the tables, and what could not.
pub struct CheckedWithoutData {
    /// The model, where its shapes follow from the configuration alone.
    pub model: Option<ModelSpec>,
    /// What was not checked, each in words.
    pub not_checked: Vec<&'static str>,
}

impl Plan {
    /// Checks a configuration file, with `--set` overrides, without reading a table: in
    /// milliseconds, and where the tables are not at hand. The error holds all mistakes that are
    /// found.
    pub fn check_without_data(path: &Path, overrides: &[String]) -> Result<CheckedWithoutData> {
        let opened = Opened::new(path, overrides)?;
        let (mut errors, mut damage) = (opened.errors.clone(), opened.damage.clone());
        let has_data = opened.config.data.is_some();
        if has_data {
            damage.add("data");
        }
        let config = with_ids(opened.config.clone(), Some(1)); // any: it depends on the data
        let (spec, mistakes) = Spec::judge(&config, &facts(None), &damage);
        errors.extend(mistakes.into_iter().map(Diagnostic::from));
        if !errors.is_empty() {
            return Err(opened.all(errors));
        }
        let model = spec.map(|spec| spec.model);
        let mut not_checked = Vec::new();
        if has_data {
            not_checked.push("that the tables are there, and can be read");
            not_checked.push("that they have the columns, and cells that their rules can use");
            not_checked.push("the loss and the metrics against the target");
        }
        if model.is_none() {
            not_checked.push(
                "the layers' shapes: without `model.input_shape` they follow from the columns",
            );
        }
        Ok(CheckedWithoutData { model, not_checked })
    }
}
