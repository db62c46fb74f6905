//! `load`: the tables of a configuration as the model sees them; and a table for a trained model.

use std::borrow::Cow;
use std::path::Path;

use super::apply::Bound;
use super::before::{self, Sums};
use super::chunk::Chunk;
use super::cut::Cut;
use super::dataset::{Dataset, check_weights};
use super::facts::{self, ColumnFacts, Extents};
use super::head::{Head, Kept, KeptColumn};
use super::layout::Slot;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::raw_cells::RawCells;
use super::samples::{self, mix};
use super::source::Source;
use super::sources;
use super::steps::{self, open};
use super::stream::{TableStream, UseOptions};
use super::table::Table;
use super::timeline::Timeline;
use super::unknown_cells::UnknownCells;
use super::{collapse, copies, spelling, suspects, tail};
use crate::config::ConfigError;
use crate::diagnostics::{self, Code, Diagnostic};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::sections::{CsvConfig, DataConfig, TablePaths};
use crate::splits::{self, Division, RowRole, ValidationSplit};

/// The data of a configuration, as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What to train on, in the order of the file.
    pub train: Dataset,
    /// What to validate on, where there is something.
    pub validation: Option<Dataset>,
    /// What is held back for `fit.calibrate`, `fit.threshold` and `fit.intervals` alone.
    pub calibration: Option<Dataset>,
    /// The shape of one sample, where the features are an array of several axes.
    pub(crate) input_shape: Option<Vec<usize>>,
    /// What was made of the cells.
    pub preprocessing: Preprocessing,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// The first warning of the spelling of the target's classes.
    pub(crate) target_spelling: Option<Diagnostic>,
    /// What the columns of numbers are like.
    pub(crate) facts: Vec<ColumnFacts>,
    csv: CsvConfig,
    pub(super) kept: Kept,
}

/// Reads the tables of a configuration whose paths are relative to `folder`, splits off the part to
/// validate on, and fits the preprocessing on the part to train on.
pub fn load(
    section: &DataConfig,
    folder: &Path,
    split: Option<&ValidationSplit>,
    random: &Random,
) -> Result<Loaded> {
    let division = split.map_or(Division::Whole, Division::Split);
    load_as(section, folder, division, None, *random, Sums::Now)
}

/// The same for a table in memory in place of `data.train`.
pub fn load_bytes(
    bytes: Vec<u8>,
    section: &DataConfig,
    folder: &Path,
    split: Option<&ValidationSplit>,
    random: &Random,
) -> Result<Loaded> {
    let source = || sources::of_bytes(&section.train.to_string(), bytes, &section.csv());
    let division = split.map_or(Division::Whole, Division::Split);
    load_source(source, section, folder, division, None, *random, Sums::Now)
}

/// [`load`] with any division of the rows, and with the statistics of an earlier version for a
/// training that was begun with it.
pub(crate) fn load_as(
    section: &DataConfig,
    folder: &Path,
    division: Division<'_>,
    calibration: Option<f64>,
    random: Random,
    sums: Sums,
) -> Result<Loaded> {
    let source = || open(&section.train, folder, "data.train", section);
    load_source(source, section, folder, division, calibration, random, sums)
}

fn load_source(
    source: impl FnOnce() -> Result<Box<dyn Source>>,
    section: &DataConfig,
    folder: &Path,
    division: Division<'_>,
    calibration: Option<f64>,
    random: Random,
    sums: Sums,
) -> Result<Loaded> {
    check_one_validation(section, division)?;
    let cells = steps::read_source(section, division, source)?;
    let judged = Judged::new(&cells, division, calibration, random, sums)?;
    let RawCells { source, mut table, timeline, .. } = cells;
    let name = source.name().to_string();
    drop(source); // the text is large, and so are the numbers that it becomes
    let chunks = table.take_chunks();
    judged.load(&table, (chunks, timeline.as_ref()), &name, section, folder, division)
}

/// The data of a division of a table that was read already.
pub(crate) fn load_cells(
    cells: &RawCells,
    folder: &Path,
    division: Division<'_>,
    calibration: Option<f64>,
    random: Random,
) -> Result<Loaded> {
    check_one_validation(&cells.section, division)?;
    let judged = Judged::new(cells, division, calibration, random, Sums::Now)?;
    let RawCells { section, source, table, timeline, .. } = cells;
    let chunks = (table.lend_chunks(), timeline.as_ref());
    judged.load(table, chunks, source.name(), section, folder, division)
}

fn check_one_validation(section: &DataConfig, division: Division<'_>) -> Result<(), ConfigError> {
    if section.validation.is_none() || division.is_whole() {
        return Ok(());
    }
    let key = division.key();
    let message = format!("`{key}` and `data.validation` are both given");
    let error = ConfigError::at(key, message).with_code(Code::Conflict);
    Err(error.with_help("keep one of the two"))
}

/// What is known of a table before its cells become numbers for the model.
struct Judged {
    roles: Option<Vec<RowRole>>,
    input_shape: Option<Vec<usize>>,
    /// The windows, where there are some.
    cut: Option<Cut>,
    preprocessing: Preprocessing,
    warnings: Vec<Diagnostic>,
    target_spelling: Option<Diagnostic>,
    facts: Vec<ColumnFacts>,
    csv: CsvConfig,
    kept: Kept,
}

impl Judged {
    fn new(
        cells: &RawCells,
        division: Division<'_>,
        calibration: Option<f64>,
        random: Random,
        sums: Sums,
    ) -> Result<Judged> {
        let RawCells { section, source, plan, table, .. } = cells;
        let (mut roles, mut cut) = (None, None);
        if let Some(timeline) = &cells.timeline {
            let found = Cut::new(cells, timeline, division, calibration, random)?;
            roles.clone_from(&found.roles);
            cut = Some(found);
        } else {
            roles = steps::divide(cells, division, random)?;
            if let Some(part) = calibration {
                roles = Some(splits::calibrate(roles, part, cells.rows(), random)?);
            }
        }
        let part = roles.as_deref().map_or(Part::All, Part::Train);
        let mut preprocessing = steps::fit(cells, part)?;
        if sums == Sums::Before {
            before::refit(&mut preprocessing, table, part);
        }
        let (of_spelling, target_spelling) = spelling::check(plan, &preprocessing)?;
        let bound = Bound::new(&preprocessing, table, true);
        bound.check(table, &**source, &division.remedy())?;

        let mut warnings: Vec<Diagnostic> = source.header().warning().into_iter().collect();
        warnings.extend(cells.warnings());
        warnings.extend(bound.unknown(table).iter().map(UnknownCells::told));
        let extents = Extents::of(table, part);
        warnings.extend(collapse::check(plan, &preprocessing, table, part, &extents)?);
        warnings.extend(of_spelling);
        warnings.extend(suspects::check(plan, table, &extents, &**source));
        let facts = facts::gather(plan, &preprocessing, table, part, &extents);

        let columns = plan.features.iter().chain(&plan.target).chain(&plan.weight);
        let columns = columns.zip(&table.slots).map(|(column, slot)| KeptColumn {
            name: column.name.clone(),
            index: column.index,
            is_number: matches!(slot, Slot::Number(_)),
        });
        let rows = (table.dropped.as_slice(), table.rows());
        let kept = Kept::new(&**source, columns.collect(), roles.as_deref(), rows);
        let (csv, input_shape) = (section.csv(), plan.input_shape.clone());
        Ok(Judged {
            roles,
            input_shape,
            cut,
            preprocessing,
            warnings,
            target_spelling,
            facts,
            csv,
            kept,
        })
    }

    /// The data of the chunks of a table, whose messages call it `name`.
    fn load(
        self,
        table: &Table,
        (chunks, timeline): (Vec<Cow<'_, Chunk>>, Option<&Timeline>),
        name: &str,
        section: &DataConfig,
        folder: &Path,
        division: Division<'_>,
    ) -> Result<Loaded> {
        let Judged {
            roles,
            cut,
            input_shape,
            mut preprocessing,
            mut warnings,
            target_spelling,
            facts,
            csv,
            mut kept,
        } = self;
        let bound = Bound::new(&preprocessing, table, true);
        let has = |role: &RowRole| roles.as_ref().is_some_and(|roles| roles.contains(role));
        let held = [RowRole::Validate, RowRole::Calibrate].into_iter().filter(has);
        let mut data = match (&cut, timeline, &section.window) {
            (Some(cut), Some(timeline), Some(window)) => {
                let base = bound.rows(chunks, &[Part::All], name)?.remove(0);
                kept.keep_model_rows(&base, roles.as_deref());
                let part = |role| cut.dataset(&base, timeline, window.shape(), role);
                let all: Vec<Dataset> =
                    [RowRole::Train].into_iter().chain(held).map(part).collect();
                all.iter().try_for_each(|data| check_weights(data, name))?;
                all
            }
            _ => {
                let mut parts = vec![roles.as_deref().map_or(Part::All, Part::Train)];
                parts.extend(held.filter_map(|role| Part::of(roles.as_deref()?, role)));
                bound.datasets(chunks, &parts, name)?
            }
        };
        let calibration = if has(&RowRole::Calibrate) { data.pop() } else { None };
        let held_back = if has(&RowRole::Validate) { data.pop() } else { None };
        let train = data.remove(0);
        let validation = match (held_back, &section.validation) {
            (_, Some(path)) => {
                let source = open(path, folder, "data.validation", section)?;
                let (validation, notes) = use_source(source, &preprocessing, true)?;
                warnings.extend(notes);
                warnings.extend(tail::warnings(None, &preprocessing, &train, &validation));
                Some(validation)
            }
            (Some(validation), None) => {
                warnings.extend(tail::warnings(
                    Some(division),
                    &preprocessing,
                    &train,
                    &validation,
                ));
                Some(validation)
            }
            (None, None) => None,
        };
        let is_one_table = section.validation.is_none();
        if train.windows.is_none() {
            warnings.extend(copies::warnings(&train, validation.as_ref(), is_one_table));
        }
        preprocessing.is_of_bits = !preprocessing.is_of_features()
            && train.y.width() > 1
            && train.y.values.iter().all(|y| *y == 0.0 || *y == 1.0);
        diagnostics::once(&mut warnings); // a column may be a feature and the target
        Ok(Loaded {
            train,
            validation,
            calibration,
            input_shape,
            preprocessing,
            warnings,
            target_spelling,
            facts,
            csv,
            kept,
        })
    }
}

/// Reads a table for a trained model; `-` is standard input. Extra columns are ignored. With the
/// target for evaluation; weights count there where the table has their column.
pub fn load_for_use(
    tables: &TablePaths,
    csv: &CsvConfig,
    preprocessing: &Preprocessing,
    with_target: bool,
) -> Result<Dataset> {
    use_source(sources::open(tables, csv)?, preprocessing, with_target).map(|(used, _)| used)
}

/// The same for a table in memory; `name` is what messages call it.
pub fn load_bytes_for_use(
    name: &str,
    bytes: Vec<u8>,
    csv: &CsvConfig,
    preprocessing: &Preprocessing,
    with_target: bool,
) -> Result<Dataset> {
    use_source(sources::of_bytes(name, bytes, csv)?, preprocessing, with_target)
        .map(|(used, _)| used)
}

fn use_source(
    source: Box<dyn Source>,
    preprocessing: &Preprocessing,
    with_target: bool,
) -> Result<(Dataset, Vec<Diagnostic>)> {
    let options = UseOptions { with_target, ..UseOptions::default() };
    let mut all = None;
    let told = TableStream::of(source, preprocessing, options)?.read(usize::MAX, &mut |rows| {
        all = Some(rows.data);
        Ok(())
    })?;
    let all = all.ok_or_else(|| Error::data("", "the table has no rows"))?;
    Ok((all, told.notes))
}

impl Loaded {
    /// The first `n` rows to train on, or those of the first megabyte of the table.
    pub fn head(&self, n: usize) -> Head {
        let raw = self.kept.rows(n, RowRole::Train);
        let (x, y) = match &self.kept.model_rows {
            Some((x, y)) => (x, y),
            None => (&self.train.x, &self.train.y),
        };
        let (x, y) = (x.values.chunks(x.width.max(1)), y.values.chunks(y.width().max(1)));
        let is_apart = !self.preprocessing.is_of_features(); // else the same numbers again
        let both = |(x, y): (&[f32], &[f32])| if is_apart { [x, y].concat() } else { x.to_vec() };
        let model = x.zip(y).take(raw.len()).map(both).collect();
        let mut model_names = self.input_names();
        for column in &self.preprocessing.target {
            model_names.extend(column.output_names());
        }
        let raw_names = self.kept.columns.iter().map(|column| column.name.clone()).collect();
        Head { raw_names, raw, model_names, model }
    }

    /// The names of the numbers that the features make; of pictures that of their column alone.
    pub fn input_names(&self) -> Vec<String> {
        match self.preprocessing.image() {
            Some(_) => self.preprocessing.feature_columns().into_iter().map(String::from).collect(),
            None => self.preprocessing.feature_names(),
        }
    }

    /// A number that changes with the rows as the model sees them, with their order and with the
    /// names of classes, and not with the place of the file.
    pub fn fingerprint(&self) -> Result<u64> {
        let text = self.preprocessing.in_first_form(&self.csv).unwrap_or_default();
        let mut hash = text.bytes().fold(0, |hash, byte| mix(hash, u64::from(byte)));
        let parts = [Some(&self.train), self.validation.as_ref(), self.calibration.as_ref()];
        for part in parts.into_iter().flatten() {
            hash = samples::fingerprint_of(part, hash)?;
        }
        Ok(hash)
    }
}
