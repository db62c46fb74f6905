//! The steps from a file to samples, each alone: [`read`], [`split`], [`fit`] and [`apply`]. `load` is
//! all of them; who trains on several parts of one table reads it once.

use std::path::Path;
use std::sync::OnceLock;

use super::apply::Bound;
use super::cells::Missing;
use super::choose;
use super::columns::{ColumnPlan, Planned};
use super::cut::Cut;
use super::dataset::Dataset;
use super::dropped::LeftOut;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::raw_cells::{RawCells, SERIES, TIME, key_column, split_column};
use super::read_pictures::told_of_bad;
use super::source::Source;
use super::sources::{self, OpenError};
use super::table::Table;
use super::timeline::Timeline;
use super::window_rules;
use crate::config::{ConfigError, unknown_name};
use crate::diagnostics::Code;
use crate::error::{Problem, Result};
use crate::random::Random;
use crate::sections::{CsvConfig, DataConfig, TablePaths};
use crate::splits::{CvConfig, Division, RowRole, SplitRows, ValidationSplit};
use crate::transforms::MissingRule;

/// Reads the table to train on, with the column that a split needs; its path is relative to `folder`.
///
/// ```
/// use lanthorn::config::Document;
/// use lanthorn::data::{self, Part};
/// use lanthorn::runtime::Random;
/// use lanthorn::sections::{Config, CvConfig};
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
    check_format_name(section)?;
    check_csv(section)?;
    let source = source()?;
    let plan = ColumnPlan::resolve(section, division, &*source)?;
    if let Some(window) = &section.window {
        window_rules::check(window, &plan, section)?;
    }
    let missing = Missing::new(&section.missing_values);
    let chosen = choose::to_train_on(section, &*source)?;
    let mut table = Table::read(&*source, &plan.wanted(), &missing, chosen.as_ref())?;
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
    let (mut timeline, mut of_time) = (None, None);
    if section.window.is_some() {
        let key = |key: Option<&Planned>, what: &str| {
            let column = key.map(|key| (key.name.as_str(), plan.place_of(key)));
            column.map(|column| key_column(&table, &*source, column, what)).transpose()
        };
        let (group, order) = (key(plan.group.as_ref(), SERIES)?, key(plan.order.as_ref(), TIME)?);
        let times = Timeline::new(table.rows(), group.as_ref(), order.as_ref());
        let (found, warning) = times.map_err(|problem| {
            ConfigError::at("data.window.order_by", problem.message)
                .with_code(Code::Window)
                .with_help(problem.help)
        })?;
        (timeline, of_time) = (Some(found), warning);
    }
    let (section, ids) = (section.clone(), OnceLock::new());
    let (dropped, bad) = (dropped, bad_pictures);
    let chosen = chosen.and_then(|chosen| chosen.told);
    Ok(RawCells {
        section,
        source,
        plan,
        table,
        chosen,
        dropped,
        bad_pictures: bad,
        ids,
        timeline,
        of_time,
    })
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
    if let Some(timeline) = &cells.timeline {
        return Ok(Cut::new(cells, timeline, division, None, random)?.roles);
    }
    let classes = match division {
        Division::Split(ValidationSplit::Stratified(_)) | Division::Fold(..) => {
            super::fit::target_classes(&cells.plan, &cells.table)
        }
        _ => None,
    };
    let column = split_column(cells)?;
    let rows = SplitRows {
        count: cells.rows(),
        classes: classes.as_deref(),
        column: column.as_ref(),
        random,
    };
    Ok(division.assign(&rows)?)
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
    if let (Some(timeline), Some(window)) = (&cells.timeline, &cells.section.window) {
        let (roles, role) = part.roles();
        let cut = Cut::of_roles(timeline, window, roles);
        let base = bound.rows(table.lend_chunks(), &[Part::All], source.name())?.remove(0);
        return Ok(cut.dataset(&base, timeline, window.shape(), role));
    }
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
    let (wanted, found) = (&section.format, source.format());
    if wanted.takes(found) {
        return Ok(source);
    }
    let message = format!("expected {}, but {} is {found}", wanted.name(), source.name());
    let help = "leave `format` out: each file tells";
    Err(ConfigError::at("data.format", message).with_code(Code::NotATable).with_help(help).into())
}

/// An error where `data.format` is no format.
pub(crate) fn check_format_name(section: &DataConfig) -> Result<(), ConfigError> {
    let names = sources::format_names();
    if names.iter().any(|name| section.format.is(name)) {
        return Ok(());
    }
    let Problem { code, message, help, .. } = unknown_name("format", section.format.name(), &names);
    Err(ConfigError::at("data.format", message).with_code(code).with_help(help))
}

pub(super) fn check_csv(section: &DataConfig) -> Result<(), ConfigError> {
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
