//! `Plan`: a configuration with its data read and its spec resolved: all that training needs.

use std::path::{Path, PathBuf};

use candle_core::Device;

use crate::batch::Samples;
use crate::config::{ClassWeight, Config, ConfigError, Document, ModelConfig};
use crate::data::{self, Dataset, Loaded};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::spec::{Facts, Spec};
use crate::trainer::{Trainer, TrainingData};

/// A configuration, its data and its spec.
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
    /// Reads a configuration file, with `--set` overrides, and its data, and checks everything.
    pub fn open(path: &Path, overrides: &[String]) -> Result<Plan> {
        let mut document = Document::open(path)?;
        for text in overrides {
            document.set(text)?;
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut config: Config = document.config()?;
        if config.name.is_none() {
            config.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        }
        let architecture = match config.model.from.take() {
            Some(from) => Some(architecture(&mut config, &document, &folder.join(from))?),
            None => None,
        };
        let draw = |error: ConfigError| match &architecture {
            Some(other) if error.path.starts_with("model") => other.draw(error),
            _ => document.draw(error),
        };
        Plan::check(config, folder, &draw)
    }

    /// The same for a configuration made in Rust; its paths are relative to `folder`.
    pub fn new(config: Config, folder: &Path) -> Result<Plan> {
        Plan::check(config, folder.to_path_buf(), &|error| error)
    }

    fn check(
        config: Config,
        folder: PathBuf,
        draw: &dyn Fn(ConfigError) -> ConfigError,
    ) -> Result<Plan> {
        let random = Random::new(config.seed);
        let split = config.fit.validation_split.as_ref();
        let located = |error: Error| match error {
            Error::Config(error) => Error::from(draw(*error)),
            other => other,
        };
        let mut loaded = match &config.data {
            Some(section) => Some(data::load(section, &folder, split, &random).map_err(located)?),
            None => None,
        };
        if let (Some(loaded), Some(section)) = (&loaded, &config.data)
            && let Some([only]) = loaded.preprocessing.classes()
        {
            let message = format!("the target has one class, `{only}`: there is nothing to learn");
            return Err(Error::data(section.train.clone(), message)
                .with_help("classes are counted in the part to train on; look at the column, or at `validation_split`"));
        }
        let facts = match &loaded {
            Some(loaded) => Facts {
                has_validation: loaded.validation.is_some(),
                ..loaded.preprocessing.facts()
            },
            None => Facts { has_validation: true, ..Facts::default() },
        };
        let spec = Spec::resolve(&config, &facts).map_err(draw)?;
        if let (Some(loaded), Some(weight)) = (&mut loaded, &config.fit.class_weight) {
            weigh(loaded, weight).map_err(draw)?;
        }
        Ok(Plan { config, folder, data: loaded, spec })
    }

    /// The data, or an error that says that the configuration has none.
    pub fn data(&self) -> Result<&Loaded> {
        self.data.as_ref().ok_or_else(|| {
            Error::run("the configuration has no `data` section")
                .with_help("name a table, its features and its target: `data: {train: …}`")
        })
    }

    /// A trainer of a fresh model, whose metrics are in the target's own unit.
    pub fn trainer(&self, device: &Device) -> Result<Trainer> {
        let preprocessing = &self.data()?.preprocessing;
        let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_unit());
        Ok(Trainer::new(&self.spec, device)?.with_unit(unit))
    }

    /// What the trainer learns from.
    pub fn training_data(&self) -> Result<TrainingData<'_>> {
        let data = self.data()?;
        Ok(TrainingData {
            train: samples(&data.train),
            validation: data.validation.as_ref().map(samples),
        })
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
    set.map_err(|p| ConfigError::at("fit.class_weight", p.message).with_help(p.help))
}

/// A data set as the trainer takes it.
pub fn samples(data: &Dataset) -> Samples<'_> {
    Samples {
        x: &data.x.values,
        x_width: data.x.width,
        y: &data.y.values,
        y_shape: data.y.shape(),
        weights: data.weights.as_deref(),
    }
}

/// What is read of the file that `model.from` names.
#[derive(serde::Deserialize)]
struct Architecture {
    model: ModelConfig,
}

/// Follows `model.from`: the `model` section of another file stands in this one's place.
fn architecture(config: &mut Config, document: &Document, path: &Path) -> Result<Document> {
    if !config.model.layers.is_empty() || config.model.input_shape.is_some() {
        let message = "`model` has both `from` and layers of its own";
        let error = ConfigError::at("model.from", message).with_help("keep one of the two");
        return Err(document.draw(error).into());
    }
    let other = Document::open(path)?;
    let name = config.model.name.take();
    config.model = other.config::<Architecture>()?.model;
    if name.is_some() {
        config.model.name = name;
    }
    if config.model.from.is_some() {
        let error =
            ConfigError::at("model.from", "a file that is named by `from` can't name another");
        return Err(other.draw(error).into());
    }
    Ok(other)
}
