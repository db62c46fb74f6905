//! Memory: what a training needs, added up before the first of it is taken, and what is free.

use std::fmt;
use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::error::{Error, Result};
use crate::limits::free_memory::{bytes, lacking};
use crate::model::network::Network;
use crate::optimizers::OptimizerState;
use crate::spec::{ModelSpec, Spec};

/// What a training needs at the least, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// The weights.
    pub weights: u64,
    /// What the optimizer keeps for them.
    pub optimizer: u64,
    /// Their gradients.
    pub gradients: u64,
    /// What the layers give for one batch.
    pub activations: u64,
    /// The best weights, where a callback puts them back.
    pub best: u64,
    /// The copy of all that a checkpoint holds, while one is written.
    pub checkpoint: u64,
}

/// Of an f32.
const BYTES: u64 = 4;

impl Need {
    /// What training a model on batches of so many samples needs. Nothing of it is taken.
    pub fn of_training(spec: &Spec, samples: usize) -> Result<Need> {
        let network = Network::planned(&spec.model)?;
        let weights = network.weights();
        let numbers = |n: usize| (n as u64).saturating_mul(BYTES);
        let Some(train) = &spec.train else {
            let activations = numbers(of_one_sample(&spec.model));
            return Ok(Need { weights: numbers(weights.count()), activations, ..Need::default() });
        };
        let batch = train.batch_size.min(samples.max(1));
        let trainable = weights.trainable().map(crate::weights::Weight::elements);
        let keeps_best = train.hooks.iter().any(|hook| hook.keeps_best());
        let of_weights = numbers(weights.count());
        let optimizer = numbers(OptimizerState::numbers(&train.optimizer, weights));
        let best = if keeps_best { of_weights } else { 0 };
        Ok(Need {
            weights: of_weights,
            optimizer,
            gradients: numbers(trainable.fold(0, usize::saturating_add)),
            activations: numbers(of_one_sample(&spec.model).saturating_mul(batch)),
            best,
            checkpoint: of_weights.saturating_add(optimizer).saturating_add(best),
        })
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        let Need { weights, optimizer, gradients, activations, best, checkpoint } = *self;
        let parts = [weights, optimizer, gradients, activations, best, checkpoint];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// What is wrong where less is free.
    pub fn problem(&self) -> Option<Diagnostic> {
        let help = format!("it takes {self}; use smaller layers or a smaller `fit.batch_size`");
        lacking("training", self.total()).map(|problem| problem.with_help(help))
    }

    /// An error where less is free.
    pub fn check(&self) -> Result<()> {
        self.problem().map_or(Ok(()), |problem| Err(Error::from(problem)))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Need { weights, optimizer, gradients, activations, best, checkpoint } = self;
        let parts = [
            (weights, "the weights"),
            (gradients, "their gradients"),
            (optimizer, "the optimizer"),
            (activations, "a batch's activations"),
            (best, "the best weights"),
            (checkpoint, "the copy that is written as a checkpoint"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(size, _)| **size > 0)
            .map(|(size, what)| {
                format!("{} for {what}", bytes(usize::try_from(**size).unwrap_or(usize::MAX)))
            })
            .collect();
        match parts.split_last() {
            Some((last, [])) => f.write_str(last),
            Some((last, others)) => write!(f, "{} and {last}", others.join(", ")),
            None => f.write_str("nothing"),
        }
    }
}

/// How many numbers the layers give for one sample, the input included.
pub(crate) fn of_one_sample(spec: &ModelSpec) -> usize {
    let layers = spec.every_layer();
    let outputs = layers.iter().map(|layer| layer.output.elements());
    outputs.fold(spec.input.elements(), usize::saturating_add)
}

/// What a model's file may ask for one sample, however little it holds.
const SAMPLE: usize = 1 << 20;
/// How many times as much as it holds and takes in.
const TIMES: usize = 4096;

/// An error where a model's file, which holds `numbers`, asks for far more memory for one sample than
/// any model of its size would: a damaged or hostile file.
pub(crate) fn check_file(path: &Path, spec: &ModelSpec, numbers: usize) -> Result<()> {
    let held = numbers.saturating_add(spec.input.elements());
    let asked = of_one_sample(spec);
    if asked <= held.saturating_mul(TIMES).max(SAMPLE) {
        return Ok(());
    }
    let message = format!(
        "its layers ask for {} of memory for one sample, but it holds {} of weights",
        bytes(asked.saturating_mul(BYTES as usize)),
        bytes(numbers.saturating_mul(BYTES as usize))
    );
    Err(Error::model(path, message).with_help("the file may be damaged; copy it again"))
}
