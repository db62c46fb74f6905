//! `Sequential`: the layers of a spec, built: weights on a device, and one batch through them all.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::layers::{Context, Forward, Signal};
use crate::random::Random;
use crate::spec::ModelSpec;
use crate::weights::Weights;

/// A model that can be run and trained.
pub struct Sequential {
    spec: ModelSpec,
    layers: Vec<Box<dyn Forward>>,
    weights: Weights,
    random: Random,
}

impl Sequential {
    /// Builds the layers of a spec; weights are drawn from `seed`'s "init" streams.
    pub fn build(spec: &ModelSpec, seed: u64, device: &Device) -> Result<Self> {
        let random = Random::new(seed);
        let mut weights = Weights::new(random, device);
        let mut layers = Vec::with_capacity(spec.layers.len());
        for layer in &spec.layers {
            let mut scope = weights.scope(&layer.name, layer.trainable);
            layers.push(layer.entry.item.build(&layer.input, &mut scope)?);
        }
        Ok(Sequential { spec: spec.clone(), layers, weights, random })
    }

    /// The layers' names and shapes.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The parameters.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The source of the model's random draws.
    pub fn random(&self) -> Random {
        self.random
    }

    /// One batch through all layers. `x`: (batch, …input) → (batch, …output).
    pub fn forward(&self, x: &Tensor, context: &mut Context<'_>) -> Result<Signal> {
        let mut signal = Signal::new(x.clone());
        for layer in &self.layers {
            signal = layer.forward(signal, context)?;
        }
        Ok(signal)
    }

    /// One batch through all layers, as in `predict`: no dropout, no gradients kept.
    pub fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let mut context = Context::inference(&self.random);
        Ok(self.forward(x, &mut context)?.tensor.detach())
    }

    /// The sum of the weights' penalties, a scalar; None where no weight has one.
    pub fn penalties(&self) -> Result<Option<Tensor>> {
        let mut total: Option<Tensor> = None;
        for weight in self.weights.iter() {
            let Some(regularizer) = &weight.regularizer else { continue };
            let penalty = regularizer.penalty(weight.var.as_tensor())?;
            total = Some(match total {
                Some(total) => (total + penalty)?,
                None => penalty,
            });
        }
        Ok(total)
    }
}
