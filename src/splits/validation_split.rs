//! The list: which rows are held back to validate on.

use super::column::ColumnSplit;
use super::group::GroupSplit;
use super::hash::HashSplit;
use super::random::RandomSplit;
use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use super::stratified::StratifiedSplit;
use super::tail::TailSplit;
use super::time::TimeSplit;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::Problem;

/// The part of the training data that is held back for validation.
///
/// A number holds back the last rows, as in Keras. Unlike Keras, the rows can also be drawn at random
/// (`{random: 0.1}`, or `{stratified: 0.1}`, which keeps the proportions of the classes), or be chosen
/// by a column of the table: `group`, `time`, `column`, `hash`.
#[derive(Debug, Clone, PartialEq)]
pub enum ValidationSplit {
    /// The last rows; 0 holds nothing back.
    Tail(f64),
    /// Any rows.
    Random(f64),
    /// Any rows of each class.
    Stratified(f64),
    /// Whole groups of rows.
    Group(GroupSplit),
    /// The latest rows.
    Time(TimeSplit),
    /// The rows with a value in a column.
    Column(ColumnSplit),
    /// Rows by a hash of a column.
    Hash(HashSplit),
}

impl ValidationSplit {
    fn member(&self) -> Box<dyn Split + '_> {
        match self {
            ValidationSplit::Tail(part) => Box::new(TailSplit(*part)),
            ValidationSplit::Random(part) => Box::new(RandomSplit(*part)),
            ValidationSplit::Stratified(part) => Box::new(StratifiedSplit(*part)),
            ValidationSplit::Group(own) => Box::new(own.clone()),
            ValidationSplit::Time(own) => Box::new(own.clone()),
            ValidationSplit::Column(own) => Box::new(own.clone()),
            ValidationSplit::Hash(own) => Box::new(own.clone()),
        }
    }

    /// Its name, as it is written; a number has none.
    pub(super) fn name(&self) -> &'static str {
        match self {
            ValidationSplit::Tail(_) => "",
            ValidationSplit::Random(_) => "random",
            ValidationSplit::Stratified(_) => "stratified",
            ValidationSplit::Group(_) => "group",
            ValidationSplit::Time(_) => "time",
            ValidationSplit::Column(_) => "column",
            ValidationSplit::Hash(_) => "hash",
        }
    }

    /// The column of the table that it looks at, where it does.
    pub fn needs(&self) -> Option<String> {
        self.member().needs().map(str::to_string)
    }

    /// True where nothing is held back.
    pub fn is_nothing(&self) -> bool {
        *self == ValidationSplit::Tail(0.0)
    }

    /// What is wrong with the part, whatever the data.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Some(part) = self.member().part() else { return Ok(()) };
        if self.is_nothing() || (part > 0.0 && part < 1.0) {
            return Ok(());
        }
        let (key, place) = match self.needs() {
            Some(_) => ("part", format!("fit.validation_split.{}.part", self.name())),
            None => ("validation_split", "fit.validation_split".to_string()),
        };
        let message = format!("`{key}` must be between 0 and 1, got {part}");
        Err(ConfigError::at(place, message)
            .with_help("it is the fraction of the rows to hold back, such as 0.1"))
    }

    /// What each row is for; None where nothing is held back.
    pub(crate) fn assign(&self, rows: &SplitRows<'_>) -> Result<Option<Vec<RowRole>>, ConfigError> {
        if self.is_nothing() {
            return Ok(None);
        }
        self.check()?;
        let error = |problem: Problem| {
            let place = match problem.key.as_str() {
                "" => "fit.validation_split".to_string(),
                key => format!("fit.validation_split.{}.{key}", self.name()),
            };
            ConfigError::at(place, problem.message)
                .with_code(Code::ValidationSplit)
                .with_help(problem.help)
        };
        let roles = self.member().assign(rows).map_err(error)?;
        rows.check(&roles).map_err(error)?;
        Ok(Some(roles))
    }
}
