//! The steps from a file to samples, each alone: [`read`], [`split`], [`fit`] and [`apply`]. `load` is
//! all of them; who trains on several parts of one table reads it once.

use std::path::Path;

use super::apply::Bound;
use super::cells::Missing;
use super::columns::ColumnPlan;
use super::dataset::Dataset;
use super::header::Header;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::source::{self, Source};
use super::table::Table;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::Result;
use crate::random::Random;
use crate::sections::DataConfig;
use crate::sections::ValidationSplit;

/// The cells of a table that a configuration asks for, as they were read.
pub struct RawCells<'a> {
    pub(super) section: &'a DataConfig,
    pub(super) source: Source,
    pub(super) header: Header,
    pub(super) plan: ColumnPlan,
    pub(super) table: Table,
}

impl RawCells<'_> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }
}

/// Reads the table to train on; its path is relative to `folder`.
///
/// ```no_run
/// use lanthorn::data::{self, Part};
/// use lanthorn::training::Plan;
/// # fn main() -> lanthorn::Result<()> {
/// # let section: lanthorn::training::DataConfig = unimplemented!();
/// let cells = data::read(&section, ".".as_ref())?;
/// let fold: Vec<bool> = (0..cells.rows()).map(|row| row % 5 == 0).collect();
/// let preprocessing = data::fit(&cells, Part::Kept(&fold))?;
/// let train = data::apply(&cells, &preprocessing, Part::Kept(&fold))?;
/// let validation = data::apply(&cells, &preprocessing, Part::Held(&fold))?;
/// # Ok(())
/// # }
/// ```
pub fn read<'a>(section: &'a DataConfig, folder: &Path) -> Result<RawCells<'a>> {
    read_source(section, || open(&section.train, folder, "data.train"))
}

/// The same of a table that is opened by `source`.
pub(super) fn read_source(
    section: &DataConfig,
    source: impl FnOnce() -> Result<Source>,
) -> Result<RawCells<'_>> {
    check_delimiter(section)?;
    let source = source()?;
    let header = Header::read(&source, &section.csv())?;
    let plan = ColumnPlan::resolve(section, &source, &header)?;
    let missing = Missing::new(&section.missing_values);
    let table = Table::read(&source, &header, &plan.wanted(), &missing)?;
    Ok(RawCells { section, source, header, plan, table })
}

/// Which rows a split holds back to validate on; None where it holds back none.
pub fn split(
    cells: &RawCells<'_>,
    split: &ValidationSplit,
    random: &Random,
) -> Result<Option<Vec<bool>>, ConfigError> {
    let classes = match split {
        ValidationSplit::Stratified(_) => super::fit::target_classes(&cells.plan, &cells.table),
        _ => None,
    };
    split.held_back(cells.rows(), classes.as_deref(), *random)
}

/// The preprocessing with the classes and the statistics of a part of the rows.
pub fn fit(cells: &RawCells<'_>, part: Part<'_>) -> Result<Preprocessing, ConfigError> {
    super::fit::fit(&cells.plan, cells.section, &cells.table, part)
}

/// A part of the rows as the model sees them; an error at the first cell of the table that the
/// preprocessing can't take.
pub fn apply(
    cells: &RawCells<'_>,
    preprocessing: &Preprocessing,
    part: Part<'_>,
) -> Result<Dataset> {
    let RawCells { source, header, table, .. } = cells;
    let bound = Bound::new(preprocessing, table, true);
    bound.check(table, source, header, "")?;
    bound.dataset(table, part, &source.name)
}

/// The text of a file that the configuration names at `key`.
pub(super) fn open(path: &str, folder: &Path, key: &str) -> Result<Source> {
    let full = folder.join(crate::files::from_text(path));
    let bytes = source::read(&full).map_err(|problem| {
        let relative = "paths are relative to the configuration file";
        let help = match problem.help.as_str() {
            "" => relative.to_string(),
            help => format!("{help} {relative}"),
        };
        ConfigError::at(key, problem.message).with_code(Code::NotATable).with_help(help)
    })?;
    Source::new(full.display().to_string(), bytes)
}

fn check_delimiter(section: &DataConfig) -> Result<(), ConfigError> {
    let key = match (section.csv.delimiter, section.delimiter) {
        (Some(_), Some(_)) => {
            let message = "`data.delimiter` and `data.csv.delimiter` are both given";
            let error = ConfigError::at("data.delimiter", message).with_code(Code::Conflict);
            return Err(error.with_help("keep one of the two"));
        }
        (Some(_), None) => "data.csv.delimiter",
        _ => "data.delimiter",
    };
    let byte = u8::try_from(section.delimiter()).ok();
    let is_fit = |byte: &u8| {
        matches!(byte, b'\t' | b' ') || (byte.is_ascii_punctuation() && !b"\"'.+-_".contains(byte))
    };
    if byte.as_ref().is_some_and(is_fit) {
        return Ok(());
    }
    let message = format!("`delimiter` can't be {:?}", section.delimiter());
    Err(ConfigError::at(key, message)
        .with_help("it is one character between cells: `\",\"`, `\";\"`, `\"|\"`, `\"\\t\"`"))
}
