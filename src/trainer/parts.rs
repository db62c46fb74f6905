//! `Trainer`: the parts of a training, and where it stands.

use std::time::Instant;

use candle_core::{Device, Tensor};

use crate::callbacks::Hook;
use crate::data::{Samples, Shuffle};
use crate::error::{Error, Result};
use crate::history::History;
use crate::history::logs::Logs;
use crate::model::engine::{self, Engine, GraphEngine};
use crate::model::network::Network;
use crate::model::scores::Scores;
use crate::optimizers::OptimizerState;
use crate::random::Random;
use crate::spec::{Spec, TrainSpec};
use crate::trainer::events::{Clock, Ending, Position};
use crate::transforms::Unit;

/// What a training learns from.
pub struct TrainingData<'a> {
    /// The samples that are trained on.
    pub train: Box<dyn Samples + 'a>,
    /// The samples that are held back.
    pub validation: Option<Box<dyn Samples + 'a>>,
}

/// A model being trained: everything that changes from step to step.
pub struct Trainer {
    /// The model; its weights are the raw ones until [`Trainer::fit`] has ended.
    pub model: Network,
    /// The loss and the metrics of every epoch so far.
    pub history: History,
    pub(crate) spec: TrainSpec,
    pub(crate) optimizer: OptimizerState,
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) scores: Scores,
    pub(super) held_back: Scores,
    pub(crate) hooks: Vec<Box<dyn Hook>>,
    pub(crate) position: Position,
    pub(crate) best: Option<Vec<Tensor>>,
    /// The epoch (from 1) of the best weights.
    pub(crate) best_epoch: Option<usize>,
    /// What the model's weights are once [`Trainer::fit`] has ended.
    pub(super) ending: Option<Ending>,
    pub(crate) stopped: Option<String>,
    /// Whether layers that take statistics from the data have them.
    pub(crate) is_adapted: bool,
    /// How the samples are shuffled, once that is known.
    pub(crate) shuffle: Option<Shuffle>,
    /// The callbacks' states from a checkpoint, to be put back once they have begun.
    pub(crate) hook_states: Vec<serde_json::Value>,
    pub(super) clock: Clock,
    /// When the engine was last asked for losses that nobody waited for.
    pub(super) looked_back: Instant,
    pub(super) tolerates_nan: bool,
    /// How many steps are done in one call of the engine.
    pub(super) together: usize,
    pub(super) random: Random,
}

impl Trainer {
    /// A fresh model and a fresh optimizer for a spec that says how to train.
    pub fn new(spec: &Spec, device: &Device) -> Result<Self> {
        Trainer::of_network(Network::build(&spec.model, spec.seed, device)?, spec)
    }

    /// The same for a network that has its weights already.
    pub(crate) fn of_network(mut model: Network, spec: &Spec) -> Result<Self> {
        let Some(train) = &spec.train else {
            return Err(Error::run("the configuration has no `compile` section or no target")
                .with_help("say how the model is trained: optimizer, loss and metrics"));
        };
        model.compute_in(train.dtype)?;
        let optimizer = OptimizerState::new(&train.optimizer, model.weights())?;
        let (scores, held_back) = (Scores::new(spec, train), Scores::new(spec, train));
        let hooks = train.hooks.clone();
        let engine = engine::of(&model)?;
        let tolerates_nan = hooks.iter().any(|hook| hook.tolerates_nan());
        Ok(Trainer {
            engine,
            tolerates_nan,
            model,
            history: History::default(),
            spec: train.clone(),
            optimizer,
            scores,
            held_back,
            hooks,
            position: Position::default(),
            best: None,
            best_epoch: None,
            ending: None,
            stopped: None,
            is_adapted: false,
            shuffle: None,
            hook_states: Vec::new(),
            clock: Clock::start(0),
            looked_back: Instant::now(),
            together: 1,
            random: Random::new(spec.seed),
        })
    }

    /// Goes on with the same weights and the same optimizer by another spec of the training: other
    /// epochs, batches and callbacks.
    pub(crate) fn with_settings(self, spec: &Spec) -> Result<Self> {
        let Trainer { model, optimizer, history, position, is_adapted, .. } = self;
        let fresh = Trainer::of_network(model, spec)?;
        Ok(Trainer { history, optimizer, position, is_adapted, ..fresh })
    }

    /// Metrics in the target's original unit: one (factor, offset) a column of a scaled target.
    pub fn with_unit(mut self, unit: Option<Vec<Unit>>) -> Self {
        self.scores = self.scores.with_unit(unit.clone());
        self.held_back = self.held_back.with_unit(unit);
        self
    }

    /// The loss and the metrics of the current epoch so far.
    pub fn running_logs(&self) -> Result<Logs> {
        self.scores.logs("")
    }

    /// The same training through candle's autograd, whatever kernels there are: the oracle.
    pub fn autograd(mut self) -> Self {
        self.engine = Box::new(GraphEngine::new(&self.model));
        self
    }

    /// The same training with every layer composed of candle ops: the definition.
    pub fn without_kernels(mut self) -> Self {
        self.model = self.model.without_kernels();
        self.autograd()
    }

    /// Adds a callback of the program's own, after those of the configuration.
    pub fn with_hook(mut self, hook: Box<dyn Hook>) -> Self {
        self.tolerates_nan |= hook.tolerates_nan();
        self.hooks.push(hook);
        self
    }

    /// What to tell of it before it begins.
    pub(super) fn notes(&self) -> Vec<String> {
        let on_cpu = self.model.weights().device().is_cpu();
        let slow = (on_cpu && !self.spec.dtype.is_float32()).then(|| {
            "`mixed_bfloat16` is much slower than float32 on the CPU; for float32 here, add \
             `--set compile.dtype=float32`"
                .to_string()
        });
        let no_tf32 = (on_cpu && self.spec.tf32)
            .then(|| "`tf32` has no effect on the CPU, which multiplies in float32".to_string());
        [slow, no_tf32, self.engine.told(&self.optimizer)].into_iter().flatten().collect()
    }

    /// Why a callback stopped it, where one did.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// What the weights are that [`Trainer::fit`] ended with; None before.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// How it is trained.
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The optimizer with its state.
    pub fn optimizer(&self) -> &OptimizerState {
        &self.optimizer
    }
}
