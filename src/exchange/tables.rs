//! `Tables`: what a model's data was, for formats that hold the preprocessing too.

use serde_json::Value;

use crate::error::{Error, Result};

/// What a model's data was: how each column becomes numbers, and what the outputs mean.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The features, in order.
    pub features: Vec<TableColumn>,
    /// What comes out.
    pub output: TableOutput,
}

/// One column of a table.
#[derive(Debug, Clone)]
pub struct TableColumn {
    /// Its name, which is the input's.
    pub name: String,
    /// The classes in their order, where its cells are categories.
    pub classes: Vec<String>,
    /// True where a category becomes one number for each class.
    pub one_hot: bool,
    /// `x · factor + offset`, in that order.
    pub scaling: Option<(f64, f64)>,
}

/// What the model's outputs mean.
#[derive(Debug, Clone)]
pub enum TableOutput {
    /// One probability for each class; `from_logits` where the model gives logits.
    Classes {
        /// The classes in their order.
        classes: Vec<String>,
        /// True where a softmax (or, of one output, a sigmoid) is still to come.
        from_logits: bool,
    },
    /// Numbers, `x · factor + offset` in their own unit.
    Numbers {
        /// Factor and offset of each target; one for all.
        unit: Vec<(f64, f64)>,
    },
}

impl Tables {
    /// Reads the preprocessing of a model from its JSON.
    pub fn features_of(preprocessing: &Value) -> Result<Vec<TableColumn>> {
        let unreadable = || Error::Internal("the preprocessing can't be read".into());
        let columns = preprocessing["features"].as_array().ok_or_else(unreadable)?;
        columns.iter().map(|column| table_column(column).ok_or_else(unreadable)).collect()
    }
}

fn table_column(json: &Value) -> Option<TableColumn> {
    let name = json["name"].as_str()?.to_string();
    let (kind, transform) = json["transform"].as_object()?.iter().next()?;
    let classes = match &transform["classes"] {
        Value::Null => Vec::new(),
        classes => serde_json::from_value(classes["names"].clone()).ok()?,
    };
    let scaling = match &transform["scaling"] {
        Value::Object(scaling) => {
            let (rule, numbers) = scaling.iter().next()?;
            let number = |key: &str| numbers[key].as_f64();
            Some(match rule.as_str() {
                "min_max" => (number("factor")?, number("offset")?),
                "standard" => {
                    let (mean, std) = (number("mean")?, number("std")?);
                    (1.0 / std, -mean / std)
                }
                _ => return None,
            })
        }
        _ => None,
    };
    Some(TableColumn { name, classes, one_hot: kind == "one_hot", scaling })
}
