//! `Plan`: a configuration with its data read and its spec resolved: all that training needs.

use std::path::{Path, PathBuf};

use candle_core::Device;

use crate::config::{ConfigError, Damage, Node, shortened};
use crate::data::{self, Dataset, Loaded, Memory, RawCells, Samples, Sums};
use crate::decisions;
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::disk::files;
use crate::error::{Error, Result};
use crate::model::memory::Need;
use crate::random::Random;
use crate::sections::run_config::as_json;
use crate::sections::{ClassWeight, ColumnConfig, Config, DataConfig, ValidationSplit};
use crate::spec::filled::{with_decay_steps, with_ids, with_shape};
use crate::spec::trainable::{self, Judgement};
use crate::spec::{Spec, advice};
use crate::splits::Division;
use crate::target::DataFacts;
use crate::trainer::{Trainer, TrainingData};
use crate::training::opened::{Opened, all};

/// A configuration, its data and its spec.
/// ```
/// use lanthorn::training::Plan;
///
/// # fn main() -> lanthorn::Result<()> {
/// let plan = Plan::open("configs/iris.yaml".as_ref(), &["fit.epochs=2".to_string()])?;
/// assert_eq!(plan.spec.model.output().to_string(), "(None, 3)");
/// assert_eq!(plan.data()?.train.x.width, 4);
/// # Ok(())
/// # }
/// ```
pub struct Plan {
    /// The configuration; `model.from` has been followed.
    pub config: Config,
    /// The folder that its paths are relative to.
    pub folder: PathBuf,
    /// The data, where the configuration has some.
    pub data: Option<Loaded>,
    /// The spec.
    pub spec: Spec,
}

impl Plan {
    /// Reads a configuration file, with `--set` overrides, and its data, and checks everything. The
    /// error holds all mistakes that are found.
    pub fn open(path: &Path, overrides: &[String]) -> Result<Plan> {
        Plan::open_as(path, overrides, Sums::Now)
    }

    /// The same with the cells of the table to train on as they were read.
    pub fn open_with_cells(path: &Path, overrides: &[String]) -> Result<(Plan, RawCells)> {
        Plan::with_cells(&Opened::new(path, overrides)?)
    }

    /// The same of a file that was read.
    pub(crate) fn with_cells(opened: &Opened) -> Result<(Plan, RawCells)> {
        let read = || Plan::of_opened(opened, opened.config.clone(), Tables::Read(Sums::Now));
        let Some(section) = opened.config.data.as_ref().filter(|_| opened.errors.is_empty()) else {
            let plan = read()?;
            plan.data()?;
            return Err(Error::Internal("a configuration with mistakes was taken".to_string()));
        };
        let fit = &opened.config.fit;
        let division = Division::of(fit.cv.as_ref(), fit.validation_split.as_ref());
        match data::read_division(section, &opened.folder, division) {
            Ok(cells) => {
                let config = opened.config.clone();
                Ok((Plan::of_opened(opened, config, Tables::Given(&cells))?, cells))
            }
            // the plan finds the mistake again, and others with it
            Err(error) => Err(read().err().unwrap_or(error)),
        }
    }

    /// The same with the statistics summed as they were by an earlier version.
    pub(crate) fn open_as(path: &Path, overrides: &[String], sums: Sums) -> Result<Plan> {
        let opened = Opened::new(path, overrides)?;
        Plan::of_opened(&opened, opened.config.clone(), Tables::Read(sums))
    }

    /// The same of a file that was read, with its configuration or one that was made of it.
    pub(crate) fn of_opened(opened: &Opened, config: Config, tables: Tables<'_>) -> Result<Plan> {
        let (folder, damage) = (opened.folder.clone(), opened.damage.clone());
        let plan = Plan::check(config, folder, damage, opened.errors.clone(), tables);
        plan.map_err(|errors| opened.all(errors))
    }

    /// The same for a configuration made in Rust; its paths are relative to `folder`.
    pub fn new(config: Config, folder: &Path) -> Result<Plan> {
        let (folder, damage) = (folder.to_path_buf(), Damage::default());
        Plan::check(config, folder, damage, Vec::new(), Tables::Read(Sums::Now)).map_err(all)
    }

    /// Checks what could be read of a configuration; `errors` are the mistakes so far.
    fn check(
        config: Config,
        folder: PathBuf,
        mut damage: Damage,
        mut errors: Vec<Diagnostic>,
        tables: Tables<'_>,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let config = as_written(config);
        let mut loaded = match &config.data {
            Some(section) if is_worth_loading(section, &folder, &damage, &errors) => {
                load(section, &folder, &config, &mut damage, &mut errors, tables)
            }
            Some(_) => {
                damage.add("data");
                None
            }
            None => None,
        };
        let config = match (&loaded, &config.data) {
            (Some(loaded), _) => {
                let config = with_shape(config, loaded.input_shape.as_deref());
                with_ids(config, loaded.preprocessing.ids())
            }
            (None, Some(_)) => with_ids(config, Some(1)), // any: the data is wrong, not the model
            (None, None) => config,
        };
        let config = with_decay_steps(config, loaded.as_ref());
        let facts = facts(loaded.as_ref());
        let (spec, mistakes) = Spec::judge(&config, &facts, &damage);
        errors.extend(mistakes.into_iter().map(Diagnostic::from));
        if let (Some(loaded), Some(weight)) = (&mut loaded, &config.fit.class_weight)
            && !errors.iter().any(|error| error.code == Code::ClassWeight)
            && let Err(error) = weigh(loaded, weight)
        {
            errors.push(error.into());
        }
        if let (Some(spec), Some(loaded)) = (&spec, &mut loaded)
            && errors.is_empty()
        {
            let Judgement { errors: mistakes, warnings } =
                trainable::judge(&config, spec, loaded, &folder);
            errors.extend(mistakes);
            loaded.warnings.extend(warnings);
            if spec.train.is_some() {
                let Judgement { errors: mistakes, warnings } =
                    decisions::judge(&config, spec, loaded);
                errors.extend(mistakes);
                loaded.warnings.extend(warnings);
            }
            loaded.warnings.extend(advice::warnings(&config, spec, loaded));
            let is_tail = matches!(config.fit.validation_split, Some(ValidationSplit::Tail(_)));
            if is_tail && advice::may_be_in_time(&config, loaded) {
                let is_of_tail =
                    |w: &&mut Diagnostic| matches!(w.code, Code::SplitTail | Code::AbsentClass);
                let of_tail = loaded.warnings.iter_mut().filter(is_of_tail);
                of_tail.for_each(|warning| {
                    warning.help = "rows in the order of time are not drawn: the end differs \
                                    because something changes, so validate on more of it"
                        .to_string();
                });
            }
        }
        if let Some(loaded) = &loaded {
            explain(&mut errors, loaded);
        }
        match spec {
            Some(spec) if errors.is_empty() => Ok(Plan { config, folder, data: loaded, spec }),
            _ => Err(errors),
        }
    }

    /// The data, or an error that says that the configuration has none.
    pub fn data(&self) -> Result<&Loaded> {
        self.data.as_ref().ok_or_else(|| {
            Error::run("the configuration has no `data` section")
                .with_help("name a table, its features and its target: `data: {train: …}`")
        })
    }

    /// The table that is kept apart for evaluation, where the configuration names one.
    pub fn test(&self) -> Result<Option<Dataset>> {
        let section = self.config.data.as_ref();
        let Some(path) = section.and_then(|section| section.test.as_ref()) else { return Ok(None) };
        let table = path.within(&self.folder);
        let is_absent =
            |path: &&&str| !path.contains(['*', '?', '[']) && !files::from_text(path).exists();
        if let Some(path) = table.each().iter().find(is_absent) {
            let message = format!("there is no file `{path}`");
            let error = ConfigError::at("data.test", message).with_code(Code::NotATable);
            return Err(error.with_help("paths are relative to the configuration file").into());
        }
        let (csv, preprocessing) = (self.config.csv(), &self.data()?.preprocessing);
        Ok(Some(data::load_for_use(&table, &csv, preprocessing, true)?))
    }

    /// A trainer of a fresh model, whose metrics are in the target's own unit.
    pub fn trainer(&self, device: &Device) -> Result<Trainer> {
        let preprocessing = &self.data()?.preprocessing;
        let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_units());
        if device.is_cpu() {
            self.need()?.check()?;
        }
        Ok(Trainer::new(&self.spec, device)?.with_unit(unit))
    }

    /// What training needs of memory; nothing of it is taken yet.
    pub fn need(&self) -> Result<Need> {
        let samples = self.data.as_ref().map_or(1, |data| data.train.len());
        Need::of_training(&self.spec, samples)
    }

    /// What the trainer learns from.
    pub fn training_data(&self) -> Result<TrainingData<'_>> {
        let data = self.data()?;
        Ok(TrainingData {
            train: Box::new(Memory::from(&data.train)),
            validation: data
                .validation
                .as_ref()
                .map(|data| Box::new(Memory::from(data)) as Box<dyn Samples>),
        })
    }
}

/// Where the table to train on comes from.
#[derive(Clone, Copy)]
pub(crate) enum Tables<'a> {
    /// It is read, and its statistics are summed so.
    Read(Sums),
    /// It was read before.
    Given(&'a RawCells),
}

/// False for a section that can't be read, and for a large table where there are mistakes already:
/// nobody wants to wait for more of them.
fn is_worth_loading(
    section: &DataConfig,
    folder: &Path,
    damage: &Damage,
    errors: &[Diagnostic],
) -> bool {
    const LARGE: u64 = 64 << 20;
    let size = || -> u64 {
        let size =
            |path: &&str| fs_err::metadata(files::from_text(path)).map_or(0, |file| file.len());
        section.train.within(folder).each().iter().map(size).sum()
    };
    !damage.is_in("data") && (errors.is_empty() || size() < LARGE)
}

/// The data, or none and the mistakes that it has.
fn load(
    section: &DataConfig,
    folder: &Path,
    config: &Config,
    damage: &mut Damage,
    errors: &mut Vec<Diagnostic>,
    tables: Tables<'_>,
) -> Option<Loaded> {
    let random = Random::new(config.seed);
    let mut division = Division::of(config.fit.cv.as_ref(), config.fit.validation_split.as_ref());
    let key = division.key();
    if division.check().is_err() {
        damage.add(key); // the spec tells of it
        division = Division::Whole;
    }
    let calibration = config.fit.calibration_split;
    loop {
        let loaded = match tables {
            Tables::Read(sums) => {
                data::load_as(section, folder, division, calibration, random, sums)
            }
            Tables::Given(cells) => data::load_cells(cells, folder, division, calibration, random),
        };
        let error = match loaded {
            Ok(loaded) => {
                errors.extend(one_class(section, &loaded));
                return Some(loaded);
            }
            Err(error) => error,
        };
        let mut mistakes: Vec<Diagnostic> = error.diagnostics().iter().cloned().collect();
        mistakes.iter_mut().for_each(|mistake| advise_to_draw(mistake, section, config));
        let is_of_split = |diagnostic: &Diagnostic| match &diagnostic.place {
            Place::Config { path, .. } => path.starts_with(key),
            _ => false,
        };
        // with the split as the only mistake, the rest can still be judged
        let can_go_on = !division.is_whole() && mistakes.iter().all(is_of_split);
        errors.extend(mistakes);
        if !can_go_on {
            damage.add("data");
            return None;
        }
        damage.add(key);
        division = Division::Whole;
    }
}

/// What to do about a category that only the last rows have, which are held back: never for rows
/// that keep their order.
fn advise_to_draw(mistake: &mut Diagnostic, section: &DataConfig, config: &Config) {
    let Some(ValidationSplit::Tail(part)) = config.fit.validation_split else { return };
    let may_be_drawn = config.fit.shuffle && section.window.is_none();
    if mistake.code == Code::Category && part > 0.0 && may_be_drawn {
        let is_encoded = |target: &ColumnConfig| target.encode.is_some();
        let kind =
            if section.target.as_ref().is_some_and(is_encoded) { "stratified" } else { "random" };
        let draw = format!(": draw them instead, by `validation_split: {{{kind}: {part}}}`");
        mistake.help.push_str(&draw);
    }
}

/// Classes that are too many because of their spelling are told with the mistake.
fn explain(errors: &mut [Diagnostic], loaded: &Loaded) {
    let Some(warning) = &loaded.target_spelling else { return };
    for error in errors.iter_mut().filter(|error| error.code == Code::Loss) {
        error.help = format!("{}: {}; else {}", warning.message, warning.help, error.help);
    }
}

/// The mistake of a target that has one class.
fn one_class(section: &DataConfig, loaded: &Loaded) -> Option<Diagnostic> {
    let classes = loaded.preprocessing.classes()?;
    let counts = data::class_counts(&loaded.train.y, classes.len());
    let mut met = classes.iter().zip(counts).filter(|(_, count)| *count > 0);
    let (Some((only, _)), None) = (met.next(), met.next()) else { return None };
    let message = format!("the target has one class, `{only}`: there is nothing to learn");
    let help =
        "classes are counted in the part to train on; look at the column, or at `validation_split`";
    let error = Diagnostic::error(Code::OneClass, message).with_help(help);
    Some(error.at(section.train.to_string().as_str()))
}

/// The configuration with the numbers that a run's config.yaml will have, so that a resumed training
/// computes with the same: one that is an f32's is in an f32's digits.
fn as_written(config: Config) -> Config {
    let json = as_json(&config).map(|json| Node::from_json(&shortened(&json)));
    json.ok().and_then(|node| node.read().ok()).unwrap_or(config)
}

/// What the data says of the model and of the training.
pub(crate) fn facts(loaded: Option<&Loaded>) -> DataFacts {
    match loaded {
        Some(loaded) => DataFacts {
            has_validation: loaded.validation.is_some(),
            ..loaded.preprocessing.facts()
        },
        None => DataFacts { has_validation: true, ..DataFacts::default() },
    }
}

/// Makes the class weights into sample weights of the training part.
fn weigh(loaded: &mut Loaded, weight: &ClassWeight) -> Result<(), ConfigError> {
    let classes = loaded.preprocessing.classes().unwrap_or_default();
    let y = &loaded.train.y;
    let weights = match weight {
        ClassWeight::Balanced => Ok(data::balanced(y, classes.len())),
        ClassWeight::Named(named) => data::class_weights(y, classes, named),
    };
    let set = weights.and_then(|weights| loaded.train.set_class_weights(weights));
    set.map_err(|problem| {
        ConfigError::at("fit.class_weight", problem.message)
            .with_code(Code::ClassWeight)
            .with_help(problem.help)
    })
}
