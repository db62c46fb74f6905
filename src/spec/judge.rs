//! `Judge`: the sections of a configuration against each other and the data, with all mistakes.

use super::naming::layer_names;
use super::{LayerSpec, ModelSpec, Spec};
use crate::config::{ConfigError, Damage};
use crate::diagnostics::Code;
use crate::error::{Error, Problem, Result};
use crate::layers::{LayerEntry, MaskRule, Residual};
use crate::sections::{Config, FitConfig, ModelConfig};
use crate::shape::Shape;
use crate::target::{DataFacts, Target};

impl Spec {
    /// Checks a configuration against itself and the data, and makes every default explicit. The
    /// error holds all mistakes; each names the key by its path, for which `Document::in_order`
    /// finds the place.
    pub fn resolve(config: &Config, facts: &DataFacts) -> Result<Spec> {
        let (spec, errors) = Spec::judge(config, facts, &Damage::default());
        match (spec, Error::all(errors)) {
            (Some(spec), None) => Ok(spec),
            (_, Some(mistakes)) => Err(mistakes),
            (None, None) => Err(Error::Internal("a spec that is neither right nor wrong".into())),
        }
    }

    /// The same for a configuration of which parts may be broken: what depends on them isn't judged,
    /// and then there is no spec.
    pub(crate) fn judge(
        config: &Config,
        facts: &DataFacts,
        damage: &Damage,
    ) -> (Option<Spec>, Vec<ConfigError>) {
        let mut judge = Judge { facts, damage, errors: Vec::new() };
        let model = judge.model(&config.model);
        judge.fit(&config.fit);
        if config.logging.tensorboard.as_ref().is_some_and(|options| options.update_freq == 0) {
            let message = "`update_freq` must be at least 1, got 0";
            judge.errors.push(ConfigError::at("logging.tensorboard.update_freq", message));
        }
        let train = match &config.compile {
            Some(compile) => judge.training(compile, &config.fit, model.as_ref()),
            None => None,
        };
        let spec = model.map(|model| Spec { seed: config.seed, model, train });
        let is_whole = judge.errors.is_empty();
        (spec.filter(|_| is_whole), judge.errors)
    }
}

/// Judges a configuration, and gathers its mistakes.
pub(super) struct Judge<'a> {
    pub(super) facts: &'a DataFacts,
    pub(super) damage: &'a Damage,
    pub(super) errors: Vec<ConfigError>,
}

impl Judge<'_> {
    /// The value, or none and a mistake more.
    pub(super) fn keep<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    fn model(&mut self, config: &ModelConfig) -> Option<ModelSpec> {
        let Some(first) = config.layers.first() else {
            if !self.damage.is_in("model") {
                let error = ConfigError::at("model.layers", "the model has no layers");
                let help = "list at least one, such as `- dense: {units: 1}`";
                self.errors.push(error.with_code(Code::Layer).with_help(help));
            }
            return None;
        };
        let input = self.input(config, first);
        let indices = self.damage.indices("model.layers", config.layers.len());
        let is_damaged = self.damage.is_in("model.layers");
        let names = self.keep(layer_names(&config.layers, &indices));
        let mut layers: Vec<LayerSpec> = Vec::with_capacity(config.layers.len());
        let (mut shape, mut next, mut has_mask) = (input.clone(), 0, false);
        for (position, entry) in config.layers.iter().enumerate() {
            let index = indices[position];
            let path = format!("model.layers[{index}]");
            // where a layer before this one couldn't be read, nobody knows what reaches it
            let input = shape.take().filter(|_| index == next);
            next = index + 1;
            if self.damage.is_in(&path) {
                continue;
            }
            let (name, entry) = match &names {
                Some(names) => names[position].clone(),
                None => (String::new(), entry.clone()),
            };
            let output = match &input {
                Some(input) => output_shape(&entry, input).map(Some),
                None => problem_of_its_own(&entry).map_or(Ok(None), Err),
            };
            let output = output.and_then(|output| match Residual::of(&entry) {
                Some(residual) if has_mask => residual.check_mask().map(|()| output),
                _ => Ok(output),
            });
            has_mask = match entry.item.mask_rule() {
                MaskRule::Passes => has_mask,
                MaskRule::Drops => false,
                MaskRule::Makes => true,
            };
            let known = Some(name.as_str()).filter(|_| !is_damaged);
            let place = |problem| placed(&path, entry.kind.name, Code::Layer, known, problem);
            let output = self.keep(output.map_err(place)).flatten();
            if let (Some(input), Some(output)) = (input, output) {
                shape = Some(output.clone());
                let trainable = entry.common.trainable.unwrap_or(true);
                layers.push(LayerSpec { name, entry, trainable, input, output });
            }
        }
        let is_whole =
            names.is_some() && layers.len() == config.layers.len() && !self.damage.is_in("model");
        let name = config.name.clone().unwrap_or_else(|| "sequential".to_string());
        input.filter(|_| is_whole).map(|input| ModelSpec { name, input, layers })
    }

    /// The shape of one sample; None where it isn't known.
    fn input(&mut self, config: &ModelConfig, first: &LayerEntry) -> Option<Shape> {
        let is_first = self.damage.index("model.layers", 0) == 0;
        let is_known = !self.damage.is_in("model.input_shape")
            && is_first
            && !self.damage.is_in("model.layers[0]");
        if !is_known {
            return None;
        }
        match input_shape(config, first, self.facts) {
            Err(error) if error.path == "model" && self.damage.is_in("data") => None,
            other => self.keep(other),
        }
    }

    /// What `fit` says by itself.
    fn fit(&mut self, fit: &FitConfig) {
        for (key, value) in [
            ("batch_size", fit.batch_size),
            ("epochs", fit.epochs),
            ("validation_freq", fit.validation_freq),
            ("validation_batch_size", fit.validation_batch_size.unwrap_or(1)),
        ] {
            if value == 0 {
                let message = format!("`{key}` must be at least 1, got 0");
                self.errors.push(ConfigError::at(format!("fit.{key}"), message));
            }
        }
        if let Some(verbose) = fit.verbose.filter(|verbose| *verbose > 2) {
            let message = format!("`verbose` must be 0, 1 or 2, got {verbose}");
            self.errors.push(ConfigError::at("fit.verbose", message));
        }
        if let Some(split) = &fit.validation_split {
            self.keep(split.check());
        }
        if let Some(cv) = &fit.cv {
            self.keep(cv.check());
            if fit.validation_split.as_ref().is_some_and(|split| !split.is_nothing()) {
                let message = "`fit.cv` and `fit.validation_split` are both given";
                let error = ConfigError::at("fit.cv", message).with_code(Code::Conflict);
                self.errors.push(error.with_help("keep one of the two"));
            }
        }
        if fit.class_weight.is_some() && matches!(self.facts.target, Some(Target::Numbers(_))) {
            let message = "`class_weight` needs a target of classes, but the target is a number";
            let error = ConfigError::at("fit.class_weight", message).with_code(Code::ClassWeight);
            let help = "remove it, or encode the target with `encode: label`";
            self.errors.push(error.with_help(help));
        }
    }
}

/// The shape of a layer's output, which must not be too large.
fn output_shape(entry: &LayerEntry, input: &Shape) -> Result<Shape, Problem> {
    let output = entry.item.output_shape(input)?;
    output.check_size()?;
    Ok(output)
}

/// What is wrong with a layer whatever shape reaches it: one of its own arguments.
fn problem_of_its_own(entry: &LayerEntry) -> Option<Problem> {
    let problem = |rank| entry.item.output_shape(&Shape(vec![64; rank])).err();
    let first = problem(1).filter(|problem| !problem.key.is_empty())?;
    (2..=4).all(|rank| problem(rank).as_ref() == Some(&first)).then_some(first)
}

/// The shape of one sample: as given on the model or on its first layer, else the features'.
fn input_shape(
    config: &ModelConfig,
    first: &LayerEntry,
    facts: &DataFacts,
) -> Result<Shape, ConfigError> {
    let on_layer = format!("model.layers[0].{}", first.kind.name);
    let given = [
        ("model.input_shape".to_string(), config.input_shape.clone()),
        (format!("{on_layer}.input_shape"), first.common.input_shape.clone()),
        (format!("{on_layer}.input_dim"), first.common.input_dim.map(|dim| vec![dim])),
    ];
    let mut shape: Option<(String, Shape)> = None;
    for (path, dims) in given.into_iter().filter_map(|(path, dims)| Some((path, dims?))) {
        if dims.contains(&0) {
            return Err(ConfigError::at(path, "every axis must be at least 1, got 0"));
        }
        let dims = Shape(dims);
        if let Err(problem) = dims.check_size() {
            return Err(ConfigError::at(path, problem.message));
        }
        match &shape {
            Some((other, seen)) if *seen != dims => {
                let message = format!("the input is {dims} here, but {seen} at `{other}`");
                let error = ConfigError::at(path, message).with_code(Code::InputShape);
                return Err(error.with_help("give it once"));
            }
            _ => shape = Some((path, dims)),
        }
    }
    if let (Some((path, shape)), Some(picture)) = (&shape, facts.picture)
        && *shape.dims() != picture
    {
        let [height, width, channels] = picture;
        let message = format!(
            "the input is {shape} here, but the pictures are {height} x {width} with {channels} \
             channels"
        );
        let error = ConfigError::at(path, message).with_code(Code::InputShape);
        return Err(error.with_help("leave it out, or change `size` or `channels` of `image`"));
    }
    let from_data = facts.features.map(|features| match facts.picture {
        Some(picture) => Shape(picture.to_vec()),
        None => Shape(facts.steps.into_iter().chain([features]).collect()),
    });
    match (shape, from_data) {
        (Some((path, shape)), Some(data)) if shape.elements() != data.elements() => {
            let made = match (facts.steps, data.elements()) {
                (Some(_), all) => format!("a window of the features, {data}, holds {all}"),
                (None, all) => format!("the features make {all}"),
            };
            let message =
                format!("the input {shape} holds {} numbers, but {made}", shape.elements());
            Err(ConfigError::at(path, message)
                .with_code(Code::InputShape)
                .with_help("leave it out, or list other columns in `data.features`"))
        }
        (Some((_, shape)), _) => Ok(shape),
        (None, Some(data)) => Ok(data),
        (None, None) => Err(ConfigError::at("model", "the shape of the input is unknown")
            .with_code(Code::InputShape)
            .with_help("give `input_shape: [2]` here, or a `data` section with features")),
    }
}

/// A problem of an entry, at its place; `layer` is the name by which a layer is known. A problem of
/// the entry itself, and not of one of its arguments, is of the kind `code`.
pub(super) fn placed(
    path: &str,
    entry: &str,
    code: Code,
    layer: Option<&str>,
    problem: Problem,
) -> ConfigError {
    let (path, code) = match problem.key.as_str() {
        "" => (format!("{path}.{entry}"), code),
        key => (format!("{path}.{entry}.{key}"), problem.code),
    };
    let message = match layer {
        Some(name) => format!("layer `{name}`: {}", problem.message),
        None => problem.message,
    };
    ConfigError::at(path, message).with_code(code).with_help(problem.help)
}
