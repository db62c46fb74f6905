//! Named: the rules of the features and of the target, whether the configuration names columns or
//! arrays.

use std::borrow::Cow;

use super::source::{ArrayColumns, Source};
use crate::config::ConfigError;
use crate::config::names::{did_you_mean, listed};
use crate::diagnostics::Code;
use crate::sections::{ColumnConfig, Columns, DataConfig};

/// The rules of the features and of the target, each with its place in the configuration.
pub(super) struct Named<'a> {
    pub features: Vec<(Cow<'a, ColumnConfig>, String)>,
    pub target: (Cow<'a, ColumnConfig>, &'static str),
    /// The shape of one sample, where the features are an array of several axes.
    pub input_shape: Option<Vec<usize>>,
}

impl<'a> Named<'a> {
    /// What a section says of the columns of a table.
    pub(super) fn of(
        section: &'a DataConfig,
        source: &dyn Source,
    ) -> Result<Named<'a>, Vec<ConfigError>> {
        let mut mistakes = Vec::new();
        let mut keep = |found: Result<_, ConfigError>| found.map_err(|error| mistakes.push(error));
        let x = keep(array(source, section.x.as_deref(), "x", !section.features.is_empty()));
        let y = keep(array(source, section.y.as_deref(), "y", section.target.is_some()));
        let (Ok(x), Ok(y)) = (x, y) else { return Err(mistakes) };
        let features = match x {
            Some(array) => vec![(Cow::Owned(rule_of(source, array)), "data.x".to_string())],
            None => {
                let each = section.features.iter().enumerate();
                each.map(|(index, rule)| (Cow::Borrowed(rule), format!("data.features[{index}]")))
                    .collect()
            }
        };
        if features.is_empty() {
            let help = match source.arrays() {
                [] => "list at least one column, or take all but the target: `[{columns: \"*\"}]`",
                _ => "list at least one column, or name the array of the features: `x: …`",
            };
            mistakes.push(
                ConfigError::at("data.features", "`features` is empty")
                    .with_code(Code::Column)
                    .with_help(help),
            );
        }
        let target = match (y, &section.target) {
            (Some(array), _) => Some((Cow::Owned(rule_of(source, array)), "data.y")),
            (None, Some(rule)) => Some((Cow::Borrowed(rule), "data.target")),
            (None, None) => {
                let help = match source.arrays() {
                    [] => "name the column to predict: `target: outcome`",
                    _ => "name the column to predict, `target: outcome`, or its array: `y: labels`",
                };
                let error = ConfigError::at("data", "`target` is missing").with_help(help);
                mistakes.push(error.with_code(Code::MissingKey));
                None
            }
        };
        let input_shape = x.filter(|array| array.shape.len() > 1).map(|array| array.shape.clone());
        match target.filter(|_| mistakes.is_empty()) {
            Some(target) => Ok(Named { features, target, input_shape }),
            None => Err(mistakes),
        }
    }
}

/// The array that `x` or `y` names.
fn array<'s>(
    source: &'s dyn Source,
    name: Option<&str>,
    key: &str,
    is_named_by_columns: bool,
) -> Result<Option<&'s ArrayColumns>, ConfigError> {
    let Some(name) = name else { return Ok(None) };
    let wrong = |message: String, code: Code, help: String| {
        Err(ConfigError::at(format!("data.{key}"), message).with_code(code).with_help(help))
    };
    let other = if key == "x" { "features" } else { "target" };
    if is_named_by_columns {
        let message = format!("`data.{key}` and `data.{other}` are both given");
        return wrong(message, Code::Conflict, "keep one of the two".to_string());
    }
    let arrays = source.arrays();
    if let Some(found) = arrays.iter().find(|array| array.name == name) {
        return Ok(Some(found));
    }
    let message = format!("array `{name}` is not in {}", source.name());
    let names: Vec<&str> = arrays.iter().map(|array| array.name.as_str()).collect();
    let help = match (names.as_slice(), did_you_mean(name, &names)) {
        ([], _) => format!("it has columns, and no arrays: name them in `{other}`"),
        ([""], _) => {
            format!("it is one array without a name: write `train: {{{name}: FILE, …}}`")
        }
        (names, None) => format!("arrays: {}", listed(names)),
        (names, Some(near)) => format!("did you mean `{near}`? arrays: {}", listed(names)),
    };
    wrong(message, Code::Column, help)
}

/// The rule that takes the columns of an array as they are.
fn rule_of(source: &dyn Source, array: &ArrayColumns) -> ColumnConfig {
    let names = source.header().names[array.columns.clone()].to_vec();
    let columns = match <[String; 1]>::try_from(names) {
        Ok([name]) => Columns::One(name),
        Err(names) => Columns::Many(names),
    };
    ColumnConfig { columns, ..ColumnConfig::number("") }
}
