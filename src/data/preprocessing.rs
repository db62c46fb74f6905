//! Preprocessing: what becomes of the cells of a row. Fitted on the training part, saved with the
//! model, applied wherever the model is used.

use serde::{Deserialize, Deserializer, Serialize};

use super::cells::{Missing, limit, shortened};
use super::first_form::OldColumn;
use super::fitted::FittedColumn;
use super::layout::Wanted;
use super::source::Source;
use crate::diagnostics::{Code, Place};
use crate::error::{Error, Problem, Result};
use crate::sections::{
    CsvConfig, HeaderConfig, ImageConfig, MissingValues, RowCondition, WindowConfig,
};
use crate::target::DataFacts;
use crate::target::Target;
use crate::transforms::{Classes, Encode, Encoded, Encoding, Fill, Label, Met, OneHot, Unit};

/// The rules of all columns with their statistics and classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// What reads as missing, besides the empty cell; nothing for the first models.
    #[serde(default, skip_serializing_if = "MissingValues::is_none")]
    pub(super) missing_values: MissingValues,
    #[serde(deserialize_with = "at_least_one")]
    pub(crate) features: Vec<FittedColumn>,
    /// Empty where the target is the features themselves.
    #[serde(with = "super::fitted_target")]
    pub(super) target: Vec<FittedColumn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sample_weight: Option<String>,
    /// Columns that are copied to the predictions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) id: Vec<String>,
    /// Whether the target is of several columns, and each of its numbers 0 or 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_of_bits: bool,
    /// The windows that are made of the rows, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<WindowConfig>,
    /// The condition that the rows of a table with targets must meet.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<RowCondition>,
}

/// The preprocessing as the first models wrote it.
#[derive(Serialize)]
struct FirstForm<'a> {
    delimiter: char,
    #[serde(skip_serializing_if = "HeaderConfig::is_usual")]
    header: &'a HeaderConfig,
    features: Vec<OldColumn<'a>>,
    target: Vec<OldColumn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weight: &'a Option<String>,
}

impl Preprocessing {
    /// The preprocessing of a model that was made without data: features are numbers in columns
    /// `x0`, `x1`, …; classes are `0`, `1`, …, in the column `y`.
    pub fn plain(features: usize, target: Target) -> Result<Preprocessing> {
        let encoded = |encode: Encode, n: usize| {
            let names: Vec<String> = (0..n).map(|class| class.to_string()).collect();
            let names = names.iter().map(String::as_str);
            vec![FittedColumn::encoded("y", encode.fit(&Met::of(names)))]
        };
        let target = match target {
            Target::Classes(n) => encoded(Label::default().into(), n),
            Target::OneHot(n) => encoded(OneHot::default().into(), n),
            Target::Numbers(1) => vec![FittedColumn::number("y")],
            Target::Numbers(n) => (0..n).map(|i| FittedColumn::number(format!("y{i}"))).collect(),
        };
        let features: Vec<FittedColumn> =
            (0..features).map(|i| FittedColumn::number(format!("x{i}"))).collect();
        if features.is_empty() || target.is_empty() {
            return Err(Error::run("a model without inputs or outputs can't be used on a table"));
        }
        Ok(Preprocessing {
            missing_values: MissingValues::usual(),
            features,
            target,
            sample_weight: None,
            id: Vec::new(),
            is_of_bits: false,
            window: None,
            rows: None,
        })
    }

    /// What the data says of the model.
    pub fn facts(&self) -> DataFacts {
        let (features, target) = (Some(self.features()), Some(self.target_kind()));
        let picture = self.image().map(|(_, image)| image.shape());
        let steps = self.window.as_ref().map(|window| window.sequence_length);
        DataFacts { features, picture, steps, target, has_validation: false }
    }

    /// The columns that name a row, and are copied to the predictions.
    pub fn id_columns(&self) -> &[String] {
        &self.id
    }

    /// How many numbers the features make.
    pub fn features(&self) -> usize {
        self.features.iter().map(FittedColumn::width).sum()
    }

    /// The names of those numbers: the column's, or `area_rural` for a class of it.
    pub fn feature_names(&self) -> Vec<String> {
        self.features.iter().flat_map(FittedColumn::output_names).collect()
    }

    /// The columns that the features are made of, in order.
    pub fn feature_columns(&self) -> Vec<&str> {
        self.features.iter().map(|column| column.name.as_str()).collect()
    }

    /// The columns that the features are made of, in order, and how many numbers each makes.
    pub fn feature_widths(&self) -> Vec<(String, usize)> {
        self.features.iter().map(|column| (column.name.clone(), column.width())).collect()
    }

    /// True where the target is the features themselves, as the model sees them: of an autoencoder.
    pub fn is_of_features(&self) -> bool {
        self.target.is_empty()
    }

    /// The target's columns; where it is the features, the names of their numbers.
    pub fn target_names(&self) -> Vec<String> {
        if self.is_of_features() {
            return self.feature_names();
        }
        self.target.iter().map(|column| column.name.clone()).collect()
    }

    /// The names of the numbers that the target makes.
    pub(crate) fn target_output_names(&self) -> Vec<String> {
        if self.is_of_features() {
            return self.feature_names();
        }
        self.target.iter().flat_map(FittedColumn::output_names).collect()
    }

    /// The names of the labels that a cell of the target may hold several of, where it is so encoded.
    pub fn labels(&self) -> Option<Vec<String>> {
        self.label_separator().map(|_| self.label_names())
    }

    /// The names of the labels, where the target is labels: the columns, or those of one cell.
    pub(crate) fn label_names(&self) -> Vec<String> {
        match self.target.as_slice() {
            [FittedColumn { encode: Some(Encoding::MultiHot(labels)), .. }] => labels.parts(),
            _ => self.target_output_names(),
        }
    }

    /// What stands between two labels, where the target is a column that holds several in a cell.
    pub(crate) fn label_separator(&self) -> Option<&str> {
        match self.target.as_slice() {
            [FittedColumn { encode: Some(Encoding::MultiHot(labels)), .. }] => {
                Some(labels.separator())
            }
            _ => None,
        }
    }

    /// What the target is.
    pub fn target_kind(&self) -> Target {
        match self.target.as_slice() {
            [] => Target::Numbers(self.features()),
            [FittedColumn { encode: Some(encode), .. }] if encode.is_one_hot() => {
                Target::OneHot(encode.count())
            }
            [column] if column.has_numbers() => Target::Numbers(column.width()),
            [FittedColumn { encode: Some(encode), .. }] => Target::Classes(encode.count()),
            numbers => Target::Numbers(numbers.len()),
        }
    }

    /// The classes' names in their order, where the target has classes.
    pub fn classes(&self) -> Option<&[String]> {
        match self.target.as_slice() {
            [column] => column.classes().map(|classes| classes.names.as_slice()),
            _ => None,
        }
    }

    /// The texts that read as missing, besides the empty cell.
    pub(crate) fn missing_texts(&self) -> &[String] {
        &self.missing_values.0
    }

    /// The same for a column of numbers as numbers, with those that mark missing values in it alone.
    pub(crate) fn missing_marks(&self, column: &FittedColumn) -> Vec<f64> {
        let texts = self.missing_values.0.iter().chain(&column.missing_values.0);
        let numbers = texts.filter_map(|text| text.trim().parse::<f64>().ok());
        numbers.filter(|number| number.is_finite()).collect()
    }

    /// The columns that rows are left out for, each with its place among the columns to read.
    pub(super) fn dropping(&self) -> Vec<(&str, usize)> {
        let columns = self.features.iter().chain(&self.target).enumerate();
        let dropping = columns.filter(|(_, column)| column.missing == Some(Fill::DropRow));
        dropping.map(|(place, column)| (column.name.as_str(), place)).collect()
    }

    /// The column of pictures, by its place among the features.
    pub(crate) fn image(&self) -> Option<(usize, &ImageConfig)> {
        self.features.iter().enumerate().find_map(|(place, column)| {
            let image = column.encode.as_ref()?.image()?;
            Some((place, image))
        })
    }

    /// How many ids there are, where the features are one column of them.
    pub(crate) fn ids(&self) -> Option<usize> {
        match self.features.as_slice() {
            [column] if !column.indicator && !column.is_scaled() => column.encode.as_ref()?.ids(),
            _ => None,
        }
    }

    /// How many categories each feature has that has some.
    pub(crate) fn category_counts(&self) -> Vec<(&str, usize)> {
        let of_categories = |encode: &&Encoding| encode.image().is_none();
        let count = |column: &'_ FittedColumn| {
            column.encode.as_ref().filter(of_categories).map(Encoded::count)
        };
        self.features
            .iter()
            .filter_map(|column| Some((column.name.as_str(), count(column)?)))
            .collect()
    }

    /// The features of three or more categories that are numbered by their order as texts.
    pub(crate) fn numbered_categories(&self) -> Vec<(&str, &[String])> {
        let is_numbered = |classes: &Classes| classes.len() > 2 && !classes.are_numbers();
        let numbered = |column: &'_ FittedColumn| {
            matches!(column.encode, Some(Encoding::Label(_)))
                && column.classes().is_some_and(is_numbered)
        };
        let numbered = self.features.iter().filter(|column| numbered(column));
        numbered
            .filter_map(|column| {
                let classes = column.classes()?;
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
        self.target.iter().any(FittedColumn::is_scaled)
    }

    /// The way back to the original unit, for each number of the target. Features are left as the
    /// model sees them: a category has no way back.
    pub fn target_units(&self) -> Vec<Unit> {
        if self.is_of_features() {
            return vec![Unit::default(); self.features()];
        }
        self.target.iter().flat_map(FittedColumn::units).collect()
    }

    /// The columns to read from a table. The weights count where the table has them.
    pub(super) fn wanted(&self, source: &dyn Source, with_target: bool) -> Result<Vec<Wanted>> {
        let target = self.target.iter().filter(|_| with_target);
        let absent = |name: &str| {
            Error::data(source.places().at_header(), format!("column `{name}` is missing"))
                .with_code(Code::Column)
                .with_help(source.missing_help(name))
        };
        let mut wanted = Vec::new();
        let is_their_array = self.is_array_of_features(source);
        for (at, column) in self.features.iter().chain(target).enumerate() {
            let found = match place_in(source, &column.name)? {
                None if is_their_array && at < self.features.len() => Some(at),
                found => found,
            };
            let index = found.ok_or_else(|| absent(&column.name))?;
            let takes_missing = column.fills() || (with_target && column.missing.is_some());
            wanted.push(Wanted { takes_missing, ..wanted_as(column, index) });
        }
        if let Some(name) = self.sample_weight.as_ref().filter(|_| with_target)
            && let Some(index) = place_in(source, name)?
        {
            wanted.push(Wanted::weight(name, index));
        }
        for name in self.window_columns() {
            let index = place_in(source, name)?.ok_or_else(|| absent(name))?;
            wanted.push(Wanted { text: true, ..wanted_as(&FittedColumn::number(name), index) });
        }
        Ok(wanted)
    }

    /// Whether a table is one array without a name, as wide as the one that the features are of.
    fn is_array_of_features(&self, source: &dyn Source) -> bool {
        let [array] = source.arrays() else { return false };
        let of_array = |(at, column): (usize, &FittedColumn)| {
            column.name.rsplit_once('_').is_some_and(|(_, place)| place == at.to_string())
        };
        let are_of_array = || self.features.iter().enumerate().all(of_array);
        array.name.is_empty()
            && array.columns.len() == self.features.len()
            && (self.features.len() == 1 || are_of_array())
    }

    /// What the fingerprint of the data is made of: the first form, where that can say the same, so
    /// that a training that was begun with it is gone on with.
    pub(super) fn in_first_form(&self, csv: &CsvConfig) -> serde_json::Result<String> {
        fn old(columns: &[FittedColumn]) -> Option<Vec<OldColumn<'_>>> {
            columns.iter().map(FittedColumn::in_first_form).collect()
        }
        let (Some(features), Some(target), None) =
            (old(&self.features), old(&self.target), &self.window)
        else {
            return serde_json::to_string(self);
        };
        let (delimiter, header) = (csv.delimiter.unwrap_or(','), &csv.header);
        let sample_weight = &self.sample_weight;
        serde_json::to_string(&FirstForm { delimiter, header, features, target, sample_weight })
    }
}

/// Where a column of a table stands; None where it has none of that name.
pub(super) fn place_in(source: &dyn Source, name: &str) -> Result<Option<usize>> {
    source.header().place(name).map_err(|problem| {
        Error::data(source.places().at_header(), problem.message)
            .with_code(problem.code)
            .with_help(problem.help)
    })
}

/// How a column is read from a table of a trained model.
pub(super) fn wanted_as(column: &FittedColumn, index: usize) -> Wanted {
    let advice = if column.is_text() {
        String::new()
    } else {
        format!("the model was trained on numbers in `{}`", column.name)
    };
    Wanted {
        name: column.name.clone(),
        index,
        text: column.is_text(),
        booleans: advice.clone(),
        advice,
        filling: "`--on-error skip` leaves such rows out".to_string(),
        limit: limit(column.is_scaled() || column.encode.is_some()),
        takes_missing: column.fills(),
        missing: Missing::new(&column.missing_values),
        separator: column.encode.as_ref().and_then(Encoded::separator).map(str::to_string),
    }
}

/// The error for a text that can't be encoded, mostly a category that training didn't see.
pub(super) fn unknown(at: Place, column: &FittedColumn, cell: &str, remedy: &str) -> Error {
    let (shown, name) = (shortened(cell), &column.name);
    let problem = match &column.encode {
        Some(encode) => encode.refusal(&shown),
        None => Problem::at("", format!("`{shown}` can't be encoded")),
    };
    let message = format!("column `{name}`: {}", problem.message);
    Error::data(at.in_column(name), message)
        .with_code(Code::Category)
        .with_help(format!("{}{remedy}", problem.help))
}

/// The error for a number that is finite before scaling only.
pub(super) fn overflow(at: &str, name: &str) -> Error {
    Error::data(at, format!("column `{name}`: a scaled value doesn't fit in 32 bits"))
        .with_code(Code::Cell)
        .with_help("the values of the column are too far from those in training")
}

pub(super) fn at_least_one<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FittedColumn>, D::Error> {
    let columns = Vec::deserialize(deserializer)?;
    if columns.is_empty() {
        Err(serde::de::Error::custom("it has no columns"))
    } else {
        Ok(columns)
    }
}
