//! The steps from a file to samples, each alone: [`read`], [`split`], [`fit`] and [`apply`]. `load` is
//! all of them; who trains on several parts of one table reads it once.

use std::path::Path;
use std::sync::OnceLock;

use super::apply::Bound;
use super::cells::Missing;
use super::chunk::MISSING_CODE;
use super::columns::ColumnPlan;
use super::dataset::Dataset;
use super::dictionary::Dictionary;
use super::dropped::LeftOut;
use super::float;
use super::layout::Slot;
use super::part::Part;
use super::places;
use super::preprocessing::Preprocessing;
use super::read_pictures::told_of_bad;
use super::source::Source;
use super::sources::{self, OpenError};
use super::table::Table;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::diagnostics::Diagnostic;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::sections::{CsvConfig, DataConfig, TablePaths};
use crate::splits::{CvConfig, Division, KeyColumn, RowRole, SplitRows, ValidationSplit};
use crate::transforms::MissingRule;

/// The cells of a table that a configuration asks for, as they were read.
pub struct RawCells {
    pub(super) section: DataConfig,
    pub(super) source: Box<dyn Source>,
    pub(super) plan: ColumnPlan,
    pub(super) table: Table,
    /// What is to be told of rows that are left out.
    pub(super) dropped: Option<Diagnostic>,
    /// The same of pictures that can't be used.
    pub(super) bad_pictures: Option<Diagnostic>,
    /// The cells of the columns that name a row, of all rows of the file, once they were asked for.
    ids: OnceLock<Vec<Vec<String>>>,
}

impl RawCells {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// The columns that name a row.
    pub fn id_names(&self) -> Vec<String> {
        self.plan.ids.iter().map(|id| id.name.clone()).collect()
    }

    /// Their cells in some rows of the file, as they stand there.
    pub fn id_cells(&self, rows: &[usize]) -> Result<Vec<Vec<String>>> {
        let places: Vec<usize> = self.plan.ids.iter().map(|id| id.index).collect();
        if places.is_empty() {
            return Ok(vec![Vec::new(); rows.len()]);
        }
        let all = match self.ids.get() {
            Some(all) => all,
            None => {
                let all = places::columns_of(&*self.source, &places)?;
                self.ids.get_or_init(|| all)
            }
        };
        Ok(rows.iter().map(|row| all.get(*row).cloned().unwrap_or_default()).collect())
    }

    /// The cells of the target in some rows of the file: numbers in their own unit, classes by their
    /// names.
    pub fn target_cells(&self, rows: &[usize]) -> Vec<Vec<String>> {
        let RawCells { plan, table, .. } = self;
        let chunks = table.with_starts();
        let slots = || table.slots.iter().skip(plan.features.len()).take(plan.target.len());
        let of_row = |row: &usize| -> Vec<String> {
            let row = row - table.dropped.partition_point(|dropped| dropped < row);
            let after = chunks.partition_point(|(start, _)| *start <= row);
            let Some((start, chunk)) = after.checked_sub(1).map(|place| chunks[place]) else {
                return Vec::new();
            };
            let row = row - start;
            let cell = |slot: &Slot| match slot {
                Slot::Number(place) => chunk.numbers[*place].at(row).to_string(),
                Slot::Text(place) => {
                    table.texts[*place].get(chunk.codes[*place][row] as usize).to_string()
                }
            };
            slots().map(cell).collect()
        };
        rows.iter().map(of_row).collect()
    }
}

/// Reads the table to train on, with the column that a split needs; its path is relative to `folder`.
///
/// ```
/// use lanthorn::config::Document;
/// use lanthorn::data::{self, Part};
/// use lanthorn::runtime::Random;
/// use lanthorn::training::{Config, CvConfig};
///
/// # fn main() -> lanthorn::Result<()> {
/// let config: Config = Document::open("configs/iris.yaml".as_ref())?.config()?;
/// # let Some(section) = config.data else { return Ok(()) };
/// let cv = CvConfig { folds: 5, shuffle: true, ..CvConfig::default() };
/// let cells = data::read_for_folds(&section, "configs".as_ref(), &cv)?;
/// for fold in 1..=cv.folds {
///     let roles = data::fold(&cells, &cv, fold, &Random::new(0))?;
///     let preprocessing = data::fit(&cells, Part::Train(&roles))?;
///     let train = data::apply(&cells, &preprocessing, Part::Train(&roles))?;
///     let validation = data::apply(&cells, &preprocessing, Part::Validate(&roles))?;
///     assert_eq!((train.len(), validation.len()), (120, 30));
/// }
/// # Ok(())
/// # }
/// ```
pub fn read(
    section: &DataConfig,
    folder: &Path,
    split: Option<&ValidationSplit>,
) -> Result<RawCells> {
    read_division(section, folder, split.map_or(Division::Whole, Division::Split))
}

/// The same with the column that the folds of a cross-validation need.
pub fn read_for_folds(section: &DataConfig, folder: &Path, cv: &CvConfig) -> Result<RawCells> {
    read_division(section, folder, Division::Fold(cv, 1))
}

/// The same with the column that any division needs.
pub(crate) fn read_division(
    section: &DataConfig,
    folder: &Path,
    division: Division<'_>,
) -> Result<RawCells> {
    read_source(section, division, || open(&section.train, folder, "data.train", section))
}

/// The same of a table that is opened by `source`.
pub(super) fn read_source(
    section: &DataConfig,
    division: Division<'_>,
    source: impl FnOnce() -> Result<Box<dyn Source>>,
) -> Result<RawCells> {
    check_csv(section)?;
    let source = source()?;
    let plan = ColumnPlan::resolve(section, division, &*source)?;
    let missing = Missing::new(&section.missing_values);
    let mut table = Table::read(&*source, &plan.wanted(), &missing)?;
    let columns = plan.dropping();
    let mut left_out = LeftOut::new(&columns);
    table.drop_rows(&columns, &mut left_out);
    let dropped = left_out.told(source.name())?;
    let mut bad_pictures = None;
    if let Some((column, image)) = plan.image() {
        table.read_pictures(column, image, &*source);
        if plan.features[column].missing == MissingRule::DropRow {
            let all = table.rows();
            bad_pictures = told_of_bad(&table.drop_bad_pictures(), all, source.name())?;
        }
    }
    let (section, ids) = (section.clone(), OnceLock::new());
    Ok(RawCells { section, source, plan, table, dropped, bad_pictures, ids })
}

/// What a split makes of each row; None where it holds back none.
pub fn split(
    cells: &RawCells,
    split: &ValidationSplit,
    random: &Random,
) -> Result<Option<Vec<RowRole>>> {
    divide(cells, Division::Split(split), *random)
}

/// What each row is for in a fold of a cross-validation, counted from 1.
pub fn fold(cells: &RawCells, cv: &CvConfig, fold: usize, random: &Random) -> Result<Vec<RowRole>> {
    let roles = divide(cells, Division::Fold(cv, fold), *random)?;
    Ok(roles.unwrap_or_default())
}

/// What each row is for; None where all are trained on.
pub(super) fn divide(
    cells: &RawCells,
    division: Division<'_>,
    random: Random,
) -> Result<Option<Vec<RowRole>>> {
    let classes = match division {
        Division::Split(ValidationSplit::Stratified(_)) | Division::Fold(..) => {
            super::fit::target_classes(&cells.plan, &cells.table)
        }
        _ => None,
    };
    let column = key_column(cells)?;
    let rows = SplitRows {
        count: cells.rows(),
        classes: classes.as_deref(),
        column: column.as_ref(),
        random,
    };
    Ok(division.assign(&rows)?)
}

/// The cells of the column that the split looks at; an error at the first that is missing.
fn key_column(cells: &RawCells) -> Result<Option<KeyColumn>> {
    let RawCells { source, plan, table, .. } = cells;
    let (Some(split), Some(place)) = (&plan.split, plan.place_of_split()) else { return Ok(None) };
    let name = split.name.clone();
    let (texts, codes) = match table.slots.get(place) {
        Some(Slot::Text(place)) => (table.texts[*place].clone(), table.codes(*place).collect()),
        Some(Slot::Number(place)) => {
            let mut texts = Dictionary::default();
            let code = |number: f64| match number.is_nan() {
                true => MISSING_CODE,
                false => texts.number(&number.to_string()),
            };
            let codes = table.numbers(*place).map(code).collect();
            (texts, codes)
        }
        None => return Ok(None),
    };
    let texts: Vec<String> = texts.iter().map(str::to_string).collect();
    let numbers = texts.iter().map(|text| float::cell(text)).collect();
    let column = KeyColumn { name, texts, numbers, codes };
    if let Some(row) = column.codes.iter().position(|code| *code == MISSING_CODE) {
        let message = format!("column `{}`, by which the rows are split, is missing", column.name);
        return Err(Error::data(source.at(table.place_of(row)), message)
            .with_code(Code::Cell)
            .with_help("fill the cell, or split the rows in another way"));
    }
    Ok(Some(column))
}

/// The preprocessing with the classes and the statistics of a part of the rows.
pub fn fit(cells: &RawCells, part: Part<'_>) -> Result<Preprocessing, ConfigError> {
    super::fit::fit(&cells.plan, &cells.section, &cells.table, part)
}

/// A part of the rows as the model sees them; an error at the first cell of the table that the
/// preprocessing can't take.
pub fn apply(cells: &RawCells, preprocessing: &Preprocessing, part: Part<'_>) -> Result<Dataset> {
    let RawCells { source, table, .. } = cells;
    let bound = Bound::new(preprocessing, table, true);
    bound.check(table, &**source, "")?;
    let mut data = bound.datasets(table.lend_chunks(), &[part], source.name())?;
    Ok(data.remove(0))
}

/// The table of the files that the configuration names at `key`.
pub(super) fn open(
    tables: &TablePaths,
    folder: &Path,
    key: &str,
    section: &DataConfig,
) -> Result<Box<dyn Source>> {
    let opened = sources::open_tables(&tables.within(folder), &section.csv());
    let source = opened.map_err(|error| match error {
        OpenError::Unfit(error) => error,
        OpenError::Unread(problem) => {
            let relative = "paths are relative to the configuration file";
            let help = match problem.help.as_str() {
                "" => relative.to_string(),
                help => format!("{help} {relative}"),
            };
            let key = format!("{key}{}", problem.key);
            ConfigError::at(key, problem.message).with_code(Code::NotATable).with_help(help).into()
        }
    })?;
    let (wanted, found) = (section.format, source.format());
    if wanted.takes(found) {
        return Ok(source);
    }
    let message = format!("expected {}, but {} is {}", wanted.name(), source.name(), found.name());
    let help = "leave `format` out: each file tells";
    Err(ConfigError::at("data.format", message).with_code(Code::NotATable).with_help(help).into())
}

fn check_csv(section: &DataConfig) -> Result<(), ConfigError> {
    let key = match (section.csv.delimiter, section.delimiter) {
        (Some(_), Some(_)) => {
            let message = "`data.delimiter` and `data.csv.delimiter` are both given";
            let error = ConfigError::at("data.delimiter", message).with_code(Code::Conflict);
            return Err(error.with_help("keep one of the two"));
        }
        (Some(_), None) => "data.csv.delimiter",
        _ => "data.delimiter",
    };
    let delimiter = section.delimiter().unwrap_or(',');
    let byte = u8::try_from(delimiter).ok();
    let is_fit = |byte: &u8| {
        matches!(byte, b'\t' | b' ') || (byte.is_ascii_punctuation() && !b"\"'.+-_".contains(byte))
    };
    if byte.as_ref().is_some_and(is_fit) {
        return check_format(&section.csv);
    }
    let message = format!("`delimiter` can't be {delimiter:?}");
    Err(ConfigError::at(key, message)
        .with_help("it is one character between cells: `\",\"`, `\";\"`, `\"|\"`, `\"\\t\"`"))
}

/// Characters of the format that can't mean what they are to mean, or mean two things.
fn check_format(format: &CsvConfig) -> Result<(), ConfigError> {
    let error = |key: &str, message: String, help: &str| {
        let error = ConfigError::at(format!("data.csv.{key}"), message);
        Err(error.with_code(Code::InvalidValue).with_help(help))
    };
    let delimiter = format.delimiter.unwrap_or(',');
    let is_mark = |c: char| c.is_ascii_punctuation() && c != delimiter;
    match (format.decimal, format.thousands) {
        (Some(decimal), _) if !".,".contains(decimal) => {
            let message = format!("`decimal` can't be {decimal:?}");
            return error("decimal", message, "it is `.` or `,`");
        }
        (_, Some(thousands)) if !",.'_ \u{a0}\u{202f}\u{2019}".contains(thousands) => {
            let message = format!("`thousands` can't be {thousands:?}");
            return error("thousands", message, "it is `,`, `.`, `'`, `_` or a blank");
        }
        (decimal, Some(thousands)) if decimal.unwrap_or('.') == thousands => {
            let message = format!("`thousands` is {thousands:?}, which can't be `decimal` too");
            return error(
                "thousands",
                message,
                "write both, such as `decimal: \",\", thousands: \".\"`",
            );
        }
        _ => {}
    }
    if let Some(quote) = format.quote.filter(|quote| !is_mark(*quote)) {
        let message = format!("`quote` can't be {quote:?}");
        return error("quote", message, "it is one character, such as `'`");
    }
    let is_comment =
        |c: char| (is_mark(c) || c.is_ascii_alphanumeric()) && Some(c) != format.quote && c != '"';
    if let Some(comment) = format.comment.filter(|comment| !is_comment(*comment)) {
        let message = format!("`comment` can't be {comment:?}");
        return error("comment", message, "it is one character, such as `#`");
    }
    Ok(())
}
