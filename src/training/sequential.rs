//! `Sequential`: Keras's class over arrays, for Rust programs: compile, fit, evaluate, predict.

use std::path::Path;

use candle_core::{DType, Device, Tensor};

use crate::config::ConfigError;
use crate::data::Samples;
use crate::disk::files::atomic_write;
use crate::error::{Error, Result};
use crate::history::History;
use crate::history::logs::Logs;
use crate::layers::LayerEntry;
use crate::model::artifact::{self, Model};
use crate::model::engine::{self, Task};
use crate::model::evaluate::score;
use crate::model::network::Network;
use crate::model::scores::Scores;
use crate::model::summary::summary;
use crate::random::Random;
use crate::sections::{CompileConfig, Config, FitConfig, LoggingConfig, ModelConfig};
use crate::spec::{Spec, TrainSpec};
use crate::splits::{RowRole, SplitRows};
use crate::target::{DataFacts, Target};
use crate::trainer::{Listeners, Trainer, TrainingData};
use crate::training::arrays::{Arrays, HostArrays, sample_shape};
use crate::weights::Weights;

/// A model of layers, one after the other, trained on arrays.
///
/// `x` is (rows, …input) and `y` (rows,) or (rows, k), as candle tensors. Whole numbers (`u8`, `u32`,
/// `i64`) in `y` are class numbers from 0; `f32` is what the loss says: numbers, a column for each
/// class, or 0 and 1.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use lanthorn::Sequential;
/// use lanthorn::layers::activations::Activation;
/// use lanthorn::sections::{CompileConfig, FitConfig};
/// use lanthorn::layers::Dense;
/// use lanthorn::losses::SparseCategoricalCrossentropy;
/// use lanthorn::metrics::Accuracy;
/// use lanthorn::optimizers::Adam;
///
/// # fn main() -> lanthorn::Result<()> {
/// let x = Tensor::new(&[[0f32, 0.], [0., 1.], [1., 0.], [1., 1.]], &Device::Cpu)?;
/// let y = Tensor::new(&[0u32, 1, 1, 0], &Device::Cpu)?;
/// let mut model = Sequential::new([
///     Dense::new(16, Activation::Tanh).into(),
///     Dense::new(2, Activation::Softmax).into(),
/// ]);
/// model.compile(CompileConfig {
///     optimizer: Adam { learning_rate: 0.05.into(), ..Adam::default() }.into(),
///     metrics: vec![Accuracy::default().into()],
///     ..CompileConfig::new(SparseCategoricalCrossentropy::default())
/// });
/// let history = model.fit(&x, &y, &FitConfig { epochs: 200, ..FitConfig::default() })?;
/// assert_eq!(history.last("accuracy"), Some(1.0));
/// assert_eq!(model.predict(&x)?.dims(), [4, 2]);
/// # Ok(())
/// # }
/// ```
///
/// Keras: `keras.Sequential`.
pub struct Sequential {
    model: ModelConfig,
    compile: Option<CompileConfig>,
    seed: u64,
    device: Device,
    state: SequentialState,
}

/// What there is of the model beside its configuration.
enum SequentialState {
    /// The input's shape is not known yet.
    Unbuilt,
    /// Weights, not trained here.
    Built(Box<Network>),
    /// Weights, and an optimizer that goes on where it stopped.
    Trained(Box<Trainer>),
}

impl Sequential {
    /// A model of these layers, first to last. Its weights are drawn when the shape of its input is
    /// known: at the first `fit`, or by [`Sequential::build`].
    pub fn new(layers: impl IntoIterator<Item = LayerEntry>) -> Self {
        let layers = layers.into_iter().collect();
        Sequential {
            model: ModelConfig { layers, ..ModelConfig::default() },
            compile: None,
            seed: 0,
            device: Device::Cpu,
            state: SequentialState::Unbuilt,
        }
    }

    /// The seed of every random draw: weights, the order of rows, dropout. Default: 0.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where the weights are kept and the model is run. Default: the CPU.
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Says how the model is trained. The optimizer starts anew; the weights stay.
    pub fn compile(&mut self, compile: CompileConfig) {
        self.compile = Some(compile);
        if let SequentialState::Trained(trainer) =
            std::mem::replace(&mut self.state, SequentialState::Unbuilt)
        {
            self.state = SequentialState::Built(Box::new(trainer.model));
        }
    }

    /// Draws the weights for samples of this shape.
    pub fn build(&mut self, input_shape: &[usize]) -> Result<()> {
        let same = self.network().is_some_and(|network| network.spec().input.dims() == input_shape);
        if same {
            return Ok(());
        }
        if let Some(network) = self.network() {
            let built = &network.spec().input;
            return Err(Error::run(format!(
                "the model was built for samples of shape {built}, got {input_shape:?}"
            )));
        }
        self.model.input_shape = Some(input_shape.to_vec());
        let spec = Spec::resolve(&self.config(&FitConfig::default()), &DataFacts::default())?;
        let network = Network::build(&spec.model, self.seed, &self.device)?;
        self.state = SequentialState::Built(Box::new(network));
        Ok(())
    }

    /// Trains for `fit.epochs` more epochs. Gives the loss and the metrics of each of them.
    pub fn fit(&mut self, x: &Tensor, y: &Tensor, fit: &FitConfig) -> Result<History> {
        let train = Arrays { x, y, sample_weight: None };
        self.fit_arrays(train, None, fit, &mut Listeners::none())
    }

    /// The same with sample weights, with rows to validate on, and with listeners.
    pub fn fit_arrays(
        &mut self,
        train: Arrays<'_>,
        validation: Option<Arrays<'_>>,
        fit: &FitConfig,
        listeners: &mut Listeners<'_>,
    ) -> Result<History> {
        self.build(sample_shape(train.x)?)?;
        let target = self.target(train.y, fit)?;
        let mut rows = HostArrays::of(&train, target, "the training data")?;
        let held_out = match (validation, &fit.validation_split) {
            (Some(_), Some(split)) if !split.is_nothing() => {
                let message = "`fit.validation_split` and rows to validate on are both given";
                return Err(ConfigError::at("fit.validation_split", message).into());
            }
            (Some(arrays), _) => Some(HostArrays::of(&arrays, target, "the validation data")?),
            (None, Some(split)) => {
                let classes: Vec<usize> = rows.y.class_numbers().collect();
                let is_class = !matches!(target, Target::Numbers(_));
                let classes = is_class.then_some(classes.as_slice());
                let random = Random::new(self.seed);
                let known = SplitRows { count: rows.len(), classes, column: None, random };
                let roles = split.assign(&known)?;
                roles.map(|roles| {
                    let is_held = |role: &RowRole| *role == RowRole::Validate;
                    rows.split_off(&roles.iter().map(is_held).collect::<Vec<bool>>())
                })
            }
            (None, None) => None,
        };
        if let Some(weight) = &fit.class_weight {
            rows.weigh(weight, target)?;
        }
        let spec = self.training_spec(fit, target, held_out.is_some())?;
        let mut trainer = match std::mem::replace(&mut self.state, SequentialState::Unbuilt) {
            SequentialState::Trained(trainer) => trainer.with_settings(&spec)?,
            SequentialState::Built(network) => Trainer::of_network(*network, &spec)?,
            SequentialState::Unbuilt => {
                return Err(Error::Internal("the model isn't built".into()));
            }
        };
        let before = trainer.history.epochs.len();
        let data = TrainingData {
            train: Box::new(rows.samples()),
            validation: held_out.as_ref().map(|rows| Box::new(rows.samples()) as Box<dyn Samples>),
        };
        let ended = trainer.fit(&data, listeners);
        let history = History { epochs: trainer.history.epochs[before..].to_vec() };
        self.state = SequentialState::Trained(Box::new(trainer));
        ended.map(|_| history)
    }

    /// The loss and the metrics over these rows.
    pub fn evaluate(&self, x: &Tensor, y: &Tensor) -> Result<Logs> {
        let network = self.built()?;
        let fit = FitConfig::default();
        let target = self.target(y, &fit)?;
        let rows = HostArrays::of(&Arrays { x, y, sample_weight: None }, target, "the data")?;
        let (spec, train) = self.specs(&fit, target, true)?;
        let mut scores = Scores::new(&spec, &train);
        let task = Task { network, loss: &train.loss, samples: &rows.samples() };
        score(engine::of(network)?.as_mut(), &task, fit.batch_size, &mut scores)?;
        scores.logs("")
    }

    /// The outputs for these rows: (rows, …output).
    pub fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let network = self.built()?;
        let input = &network.spec().input;
        if sample_shape(x)? != input.dims() {
            let got = sample_shape(x)?;
            return Err(Error::run(format!(
                "`x` holds samples of shape {got:?}, expected {input}"
            )));
        }
        let x = match x.dtype() {
            DType::U32 => x.clone(), // ids
            _ => x.to_dtype(DType::F32)?,
        };
        network.predict(&x.to_device(&self.device)?)
    }

    /// Keras's table of the layers with their shapes and parameters.
    pub fn summary(&self) -> Result<String> {
        Ok(summary(self.built()?, 80, None))
    }

    /// The weights; none before the model is built.
    pub fn weights(&self) -> Option<&Weights> {
        self.network().map(Network::weights)
    }

    /// Writes model.safetensors: the weights, the layers, and how the model is trained.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let network = self.built()?;
        let config = self.config(&FitConfig::default());
        let parts = artifact::ModelParts {
            config: &config,
            preprocessing: None,
            training: &artifact::Training::default(),
            self_test: None,
            decisions: None,
        };
        let bytes = parts.to_bytes(network.weights())?;
        atomic_write(path.as_ref(), &bytes)
    }

    /// Reads a model file, or the model of a run's folder. A preprocessing that it may hold is left
    /// out: rows go in as the network sees them.
    pub fn load(path: impl AsRef<Path>) -> Result<Sequential> {
        let Model { config, network, .. } = Model::load(path.as_ref(), &Device::Cpu)?;
        let input_shape = Some(network.spec().input.dims().to_vec());
        Ok(Sequential {
            model: ModelConfig { input_shape, ..config.model },
            compile: config.compile,
            seed: config.seed,
            device: Device::Cpu,
            state: SequentialState::Built(Box::new(network)),
        })
    }

    fn network(&self) -> Option<&Network> {
        match &self.state {
            SequentialState::Unbuilt => None,
            SequentialState::Built(network) => Some(network),
            SequentialState::Trained(trainer) => Some(&trainer.model),
        }
    }

    fn built(&self) -> Result<&Network> {
        self.network().ok_or_else(|| {
            Error::run("the model has no weights yet").with_help("call `fit` or `build` first")
        })
    }

    fn config(&self, fit: &FitConfig) -> Config {
        Config {
            name: None,
            seed: self.seed,
            data: None,
            model: self.model.clone(),
            compile: self.compile.clone(),
            fit: fit.clone(),
            logging: LoggingConfig::default(),
        }
    }

    fn specs(&self, fit: &FitConfig, target: Target, validates: bool) -> Result<(Spec, TrainSpec)> {
        if let Some(key) = fit.decision() {
            let message = format!("`{key}` is for trainings of a table");
            let help = "train a `Plan`, whose model then keeps what was decided";
            return Err(Error::run(message).with_help(help));
        }
        let facts =
            DataFacts { target: Some(target), has_validation: validates, ..DataFacts::default() };
        let spec = Spec::resolve(&self.config(fit), &facts)?;
        let Some(train) = spec.train.clone() else {
            return Err(Error::run("the model isn't compiled")
                .with_help("call `compile` with an optimizer, a loss and metrics first"));
        };
        Ok((spec, train))
    }

    /// The spec of a training that goes on for `fit.epochs` more epochs.
    fn training_spec(&self, fit: &FitConfig, target: Target, validates: bool) -> Result<Spec> {
        let (mut spec, mut train) = self.specs(fit, target, validates)?;
        if let SequentialState::Trained(trainer) = &self.state {
            train.epochs += trainer.position().epoch;
        }
        spec.train = Some(train);
        Ok(spec)
    }

    /// What the targets are: of the readings that their type allows, the first that the loss and the
    /// metrics take.
    fn target(&self, y: &Tensor, fit: &FitConfig) -> Result<Target> {
        let width = match y.dims() {
            [_] => 1,
            [_, width] => *width,
            dims => {
                let message = format!("`y` must be (rows,) or (rows, k), got shape {dims:?}");
                return Err(Error::run(message));
            }
        };
        let classes = self.built()?.spec().output().last().max(2);
        let readings = match (y.dtype().is_int(), width) {
            (true, 1) => vec![Target::Classes(classes), Target::Numbers(1)],
            (false, 1) => vec![Target::Numbers(1), Target::Classes(classes)],
            (_, width) => vec![Target::Numbers(width), Target::OneHot(width)],
        };
        let mut first = None;
        for target in readings {
            match self.specs(fit, target, true) {
                Ok(_) => return Ok(target),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::Internal("no reading of the targets".into())))
    }
}
