//! Division: how a configuration divides the table to train on.

use super::folds::CvConfig;
use super::role::RowRole;
use super::rows::SplitRows;
use super::validation_split::ValidationSplit;
use crate::config::ConfigError;

/// How the rows of the table to train on are divided.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Division<'a> {
    /// All are trained on.
    Whole,
    /// By `fit.validation_split`.
    Split(&'a ValidationSplit),
    /// By `fit.cv`; this is the fold to validate on, from 1.
    Fold(&'a CvConfig, usize),
}

impl<'a> Division<'a> {
    /// What `fit.cv` and `fit.validation_split` say; of a cross-validation that names no fold, the
    /// first.
    pub(crate) fn of(cv: Option<&'a CvConfig>, split: Option<&'a ValidationSplit>) -> Division<'a> {
        match (cv, split) {
            (Some(cv), _) => Division::Fold(cv, cv.fold.unwrap_or(1)),
            (None, Some(split)) => Division::Split(split),
            (None, None) => Division::Whole,
        }
    }

    /// What is wrong with it, whatever the data.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self {
            Division::Whole => Ok(()),
            Division::Split(split) => split.check(),
            Division::Fold(cv, _) => cv.check(),
        }
    }

    /// Where in the configuration it stands.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Division::Fold(..) => "fit.cv",
            _ => "fit.validation_split",
        }
    }

    /// True where no row is held back.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Division::Whole => true,
            Division::Split(split) => split.is_nothing(),
            Division::Fold(..) => false,
        }
    }

    /// The column that it looks at, and where the configuration names it.
    pub(crate) fn needs(&self) -> Option<(String, String)> {
        match self {
            Division::Whole => None,
            Division::Split(split) => {
                let key = if let ValidationSplit::Column(_) = split { "name" } else { "column" };
                Some((split.needs()?, format!("fit.validation_split.{}.{key}", split.name())))
            }
            Division::Fold(cv, _) => Some((cv.needs()?.to_string(), "fit.cv.by".to_string())),
        }
    }

    /// What each row is for; None where all are trained on.
    pub(crate) fn assign(&self, rows: &SplitRows<'_>) -> Result<Option<Vec<RowRole>>, ConfigError> {
        match self {
            Division::Whole => Ok(None),
            Division::Split(split) => split.assign(rows),
            Division::Fold(cv, fold) => cv.assign(*fold, rows).map(Some),
        }
    }

    /// The part of the last rows that is held back, where it is those.
    pub(crate) fn tail(&self) -> Option<f64> {
        match self {
            Division::Split(ValidationSplit::Tail(part)) if *part > 0.0 => Some(*part),
            _ => None,
        }
    }

    /// What to say of a class that only the validation part has.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Division::Whole => String::new(),
            Division::Split(ValidationSplit::Tail(part)) if *part > 0.0 => {
                format!("; the row is among the last, which `validation_split: {part}` holds back")
            }
            Division::Split(ValidationSplit::Tail(_)) => String::new(),
            Division::Split(split) => {
                format!("; the row may be one that `validation_split: {}` holds back", split.name())
            }
            Division::Fold(_, fold) => format!(
                "; no row that fold {fold} is trained on has it: `by: stratified` or `shuffle: true` \
                 spreads the classes over the folds"
            ),
        }
    }
}
