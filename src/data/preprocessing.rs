//! Preprocessing: what becomes of the cells of a row. Fitted on the training part, saved with the
//! model, applied wherever the model is used.

use serde::{Deserialize, Deserializer, Serialize};

use super::cells::{Missing, limit, shortened};
use super::classes::Classes;
use super::faults;
use super::header::{CsvFormat, Header, list};
use super::scaling::Scaling;
use super::source::Source;
use super::table::Wanted;
use crate::config::names::did_you_mean;
use crate::diagnostics::{Code, Place};
use crate::error::{Error, Result};
use crate::sections::{HeaderConfig, MissingValues};
use crate::target::DataFacts;
use crate::target::Target;

/// The rules of all columns with their statistics and classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    pub(super) delimiter: char,
    /// Where the names of the columns come from.
    #[serde(default, skip_serializing_if = "HeaderConfig::is_first_line")]
    pub(super) header: HeaderConfig,
    /// What reads as missing, besides the empty cell; nothing for the first models.
    #[serde(default, skip_serializing_if = "MissingValues::is_none")]
    pub(super) missing_values: MissingValues,
    #[serde(deserialize_with = "at_least_one")]
    pub(crate) features: Vec<Column>,
    #[serde(deserialize_with = "at_least_one")]
    pub(super) target: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sample_weight: Option<String>,
    /// Whether the target is of several columns, and each of its numbers 0 or 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_of_bits: bool,
}

/// One column and what becomes of its cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub name: String,
    pub transform: Transform,
}

/// What becomes of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transform {
    /// A number.
    Number { scaling: Scaling },
    /// The number of its class.
    Label { classes: Classes, scaling: Scaling },
    /// One number a class.
    OneHot { classes: Classes },
}

impl Preprocessing {
    /// The preprocessing of a model that was made without data: features are numbers in columns
    /// `x0`, `x1`, …; classes are `0`, `1`, …, in the column `y`.
    pub fn plain(features: usize, target: Target) -> Result<Preprocessing> {
        let number = || Transform::Number { scaling: Scaling::None };
        let column = |name: String| Column { name, transform: number() };
        let classes = |n: usize| {
            let names: Vec<String> = (0..n).map(|class| class.to_string()).collect();
            Classes::fit(names.iter().map(String::as_str))
        };
        let y = |transform| vec![Column { name: "y".to_string(), transform }];
        let target = match target {
            Target::Classes(n) => {
                y(Transform::Label { classes: classes(n), scaling: Scaling::None })
            }
            Target::OneHot(n) => y(Transform::OneHot { classes: classes(n) }),
            Target::Numbers(1) => y(number()),
            Target::Numbers(n) => (0..n).map(|i| column(format!("y{i}"))).collect(),
        };
        let features: Vec<Column> = (0..features).map(|i| column(format!("x{i}"))).collect();
        if features.is_empty() || target.is_empty() {
            return Err(Error::run("a model without inputs or outputs can't be used on a table"));
        }
        Ok(Preprocessing {
            delimiter: ',',
            header: HeaderConfig::FirstLine,
            missing_values: MissingValues::usual(),
            features,
            target,
            sample_weight: None,
            is_of_bits: false,
        })
    }

    /// What the data says of the model.
    pub fn facts(&self) -> DataFacts {
        let (features, target) = (Some(self.features()), Some(self.target_kind()));
        DataFacts { features, target, has_validation: false }
    }

    /// How many numbers the features make.
    pub fn features(&self) -> usize {
        self.features.iter().map(Column::width).sum()
    }

    /// The names of those numbers: the column's, or `area_rural` for a class of it.
    pub fn feature_names(&self) -> Vec<String> {
        self.features.iter().flat_map(Column::output_names).collect()
    }

    /// The columns that the features are made of, in order.
    pub fn feature_columns(&self) -> Vec<&str> {
        self.features.iter().map(|column| column.name.as_str()).collect()
    }

    /// The target's columns.
    pub fn target_names(&self) -> Vec<String> {
        self.target.iter().map(|column| column.name.clone()).collect()
    }

    /// What the target is.
    pub fn target_kind(&self) -> Target {
        match self.target.as_slice() {
            [Column { transform: Transform::Label { classes, .. }, .. }] => {
                Target::Classes(classes.len())
            }
            [Column { transform: Transform::OneHot { classes }, .. }] => {
                Target::OneHot(classes.len())
            }
            numbers => Target::Numbers(numbers.len()),
        }
    }

    /// The classes' names in their order, where the target has classes.
    pub fn classes(&self) -> Option<&[String]> {
        match self.target.as_slice() {
            [column] => column.transform.classes().map(|classes| classes.names.as_slice()),
            _ => None,
        }
    }

    /// How many categories each feature has that has some.
    pub(crate) fn category_counts(&self) -> Vec<(&str, usize)> {
        let count = |column: &'_ Column| column.transform.classes().map(Classes::len);
        self.features
            .iter()
            .filter_map(|column| Some((column.name.as_str(), count(column)?)))
            .collect()
    }

    /// The features of three or more categories that are numbered by their order as texts.
    pub(crate) fn numbered_categories(&self) -> Vec<(&str, &[String])> {
        let numbered = |column: &'_ Column| matches!(&column.transform, Transform::Label { classes, .. } if classes.len() > 2 && !classes.are_numbers());
        let numbered = self.features.iter().filter(|column| numbered(column));
        numbered
            .filter_map(|column| {
                let classes = column.transform.classes()?;
                Some((column.name.as_str(), classes.names.as_slice()))
            })
            .collect()
    }

    /// Whether the target is of several columns, and each of its numbers was 0 or 1 in training.
    pub fn is_of_bits(&self) -> bool {
        self.is_of_bits
    }

    /// Whether the target is not in its own unit.
    pub fn is_target_scaled(&self) -> bool {
        self.target.iter().any(|column| column.transform.scaling() != Scaling::None)
    }

    /// (factor, offset) for each column of the target: `original = factor · scaled + offset`.
    pub fn target_unit(&self) -> Vec<(f64, f64)> {
        self.target.iter().map(|column| column.transform.scaling().unit()).collect()
    }

    /// One row as the model sees it, from its cells by the names of their columns; other cells are
    /// ignored.
    pub fn row(&self, cells: &[(&str, &str)]) -> Result<Vec<f32>> {
        let mut row = Vec::with_capacity(self.features());
        let missing = Missing::new(&self.missing_values);
        for column in &self.features {
            let Some((_, cell)) = cells.iter().find(|(name, _)| name.trim() == column.name) else {
                let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
                let error = Error::data("", format!("column `{}` is missing", column.name))
                    .with_code(Code::Column);
                return Err(match did_you_mean(&column.name, &names) {
                    Some(near) => error
                        .with_help(format!("did you mean it by `{near}`? write `{}`", column.name)),
                    None => error.with_help(format!("given: {}", list(&names))),
                });
            };
            column.append(cell.trim(), &missing, &mut row)?;
        }
        Ok(row)
    }

    /// The features of rows of cells, one row after the other.
    pub(crate) fn rows(&self, columns: &[String], rows: &[Vec<String>]) -> Result<Vec<f32>> {
        let mut features = Vec::with_capacity(rows.len() * self.features());
        for row in rows {
            let cells = columns.iter().map(String::as_str).zip(row.iter().map(String::as_str));
            features.extend(self.row(&cells.collect::<Vec<_>>())?);
        }
        Ok(features)
    }

    /// The columns to read from a table. The weights count where the table has them.
    pub(super) fn wanted(
        &self,
        source: &Source,
        header: &Header,
        with_target: bool,
    ) -> Result<Vec<Wanted>> {
        let target = self.target.iter().filter(|_| with_target);
        let place = |name: &str| {
            header.place(name).map_err(|problem| {
                Error::data(source.at(0), problem.message)
                    .with_code(problem.code)
                    .with_help(problem.help)
            })
        };
        let mut wanted = Vec::new();
        for column in self.features.iter().chain(target) {
            let Some(index) = place(&column.name)? else {
                let message = format!("column `{}` is missing", column.name);
                return Err(Error::data(source.at(0), message)
                    .with_code(Code::Column)
                    .with_help(header.missing_help(&column.name)));
            };
            wanted.push(column.wanted(index));
        }
        if let Some(name) = self.sample_weight.as_ref().filter(|_| with_target)
            && let Some(index) = place(name)?
        {
            wanted.push(Wanted::weight(name, index));
        }
        Ok(wanted)
    }

    /// How the tables are written.
    pub(super) fn format(&self) -> CsvFormat {
        let delimiter = u8::try_from(self.delimiter).unwrap_or(b',');
        CsvFormat { delimiter, header: self.header.clone() }
    }

    /// The same as the first models wrote it, where it means the same.
    pub(super) fn without_versions(&self) -> Preprocessing {
        let mut plain = self.clone();
        plain.missing_values = MissingValues::default();
        plain.is_of_bits = false;
        for column in plain.features.iter_mut().chain(&mut plain.target) {
            if let Transform::Label { classes, .. } | Transform::OneHot { classes } =
                &mut column.transform
            {
                *classes = classes.without_rule();
            }
        }
        plain
    }
}

impl Column {
    /// How many numbers a cell makes.
    pub(super) fn width(&self) -> usize {
        match &self.transform {
            Transform::OneHot { classes } => classes.len(),
            _ => 1,
        }
    }

    /// The names of those numbers.
    pub(super) fn output_names(&self) -> Vec<String> {
        match &self.transform {
            Transform::OneHot { classes } => {
                classes.names.iter().map(|class| format!("{}_{class}", self.name)).collect()
            }
            _ => vec![self.name.clone()],
        }
    }

    fn wanted(&self, index: usize) -> Wanted {
        let advice = format!("the model was trained on numbers in `{}`", self.name);
        Wanted {
            name: self.name.clone(),
            index,
            text: self.transform.classes().is_some(),
            booleans: advice.clone(),
            advice,
            limit: limit(self.transform.scaling() != Scaling::None),
        }
    }

    /// The numbers of one cell.
    fn append(&self, cell: &str, missing: &Missing, row: &mut Vec<f32>) -> Result<()> {
        let wrong = |why| faults::of_cell(&self.wanted(0), cell, why);
        let class = |classes: &Classes| {
            if let Some(why) = missing.why(cell) {
                return Err(wrong(why));
            }
            classes.find(cell).ok_or_else(|| unknown(Place::None, &self.name, cell, classes, ""))
        };
        let value = match &self.transform {
            Transform::Number { scaling } => {
                scaling.apply(missing.number(cell, self.wanted(0).limit).map_err(wrong)?)
            }
            Transform::Label { classes, scaling } => scaling.apply(class(classes)? as f64),
            Transform::OneHot { classes } => {
                let class = class(classes)?;
                row.extend((0..classes.len()).map(|other| f32::from(u8::from(other == class))));
                return Ok(());
            }
        } as f32;
        if !value.is_finite() {
            return Err(overflow("", &self.name));
        }
        row.push(value);
        Ok(())
    }
}

impl Transform {
    /// The classes, where the cells are categories.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        match self {
            Transform::Number { .. } => None,
            Transform::Label { classes, .. } | Transform::OneHot { classes } => Some(classes),
        }
    }

    /// The scaling.
    pub(crate) fn scaling(&self) -> Scaling {
        match self {
            Transform::Number { scaling } | Transform::Label { scaling, .. } => *scaling,
            Transform::OneHot { .. } => Scaling::None,
        }
    }
}

/// The error for a category that training didn't see.
pub(super) fn unknown(at: Place, name: &str, cell: &str, classes: &Classes, remedy: &str) -> Error {
    let shown = shortened(cell);
    if classes.are_booleans() {
        let message = format!("column `{name}`: expected a boolean, found `{shown}`");
        return Error::data(at, message).with_code(Code::Category).with_help(
            "booleans are true, yes, t, y and 1, or false, no, f, n and 0, in any case",
        );
    }
    let message = format!("column `{name}`: `{shown}` was not seen in training");
    let names: Vec<&str> = classes.names.iter().map(String::as_str).collect();
    let known = format!("known: {}", list(&names));
    let help = match did_you_mean(cell, &names) {
        Some(near) => format!("did you mean `{near}`? {known}"),
        None => known,
    };
    Error::data(at.in_column(name), message)
        .with_code(Code::Category)
        .with_help(format!("{help}{remedy}"))
}

/// The error for a number that is finite before scaling only.
pub(super) fn overflow(at: &str, name: &str) -> Error {
    Error::data(at, format!("column `{name}`: a scaled value doesn't fit in 32 bits"))
        .with_code(Code::Cell)
        .with_help("the values of the column are too far from those in training")
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Column>, D::Error> {
    let columns = Vec::deserialize(deserializer)?;
    if columns.is_empty() {
        Err(serde::de::Error::custom("it has no columns"))
    } else {
        Ok(columns)
    }
}
