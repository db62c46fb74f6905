//! `Network`: the layers of a spec, built: weights on a device, and one batch through them all.

use std::cell::RefCell;

use candle_core::{DType, Device, Tensor};

use crate::activations::widened;
use crate::data::Samples;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::kernels::BoundKernel;
use crate::layers::{self, Context, Forward, Signal, apply_kernel};
use crate::model::engine_choice::EngineChoice;
use crate::random::Random;
use crate::sections::ComputeType;
use crate::spec::ModelSpec;
use crate::threads;
use crate::weights::Weights;

/// Rows that are gathered at a time for the layers that adapt.
const ADAPTED_ROWS: usize = 8192;

/// A model that can be run and trained.
pub struct Network {
    spec: ModelSpec,
    layers: Vec<Box<dyn Forward>>,
    /// On the CPU, the layers' kernels where they have one; none where another engine is asked
    /// for by name.
    kernels: Vec<Option<BoundKernel>>,
    /// What layers compute in that can: bf16, or f32.
    compute: DType,
    /// The layers from here on compute in f32: the last one with weights, and those after it.
    precise_from: usize,
    weights: Weights,
    random: Random,
}

impl Network {
    /// Builds the layers of a spec; weights are drawn from `seed`'s "init" streams.
    pub fn build(spec: &ModelSpec, seed: u64, device: &Device) -> Result<Self> {
        Self::build_within(spec, seed, device, usize::MAX)
    }

    /// The same for the weights of a file that holds `room` numbers: an error before the memory for
    /// more is taken.
    pub fn build_within(spec: &ModelSpec, seed: u64, device: &Device, room: usize) -> Result<Self> {
        let random = Random::new(seed);
        let mut weights = Weights::new(random, device).with_room(room);
        let mut layers = Vec::with_capacity(spec.layers.len());
        let mut precise_from = 0;
        for (index, layer) in spec.layers.iter().enumerate() {
            let before = weights.iter().len();
            let mut scope = weights.scope(&layer.name, layer.trainable);
            layers.push(layer.entry.item.build(&layer.input, &mut scope)?);
            if weights.iter().len() > before {
                precise_from = index;
            }
        }
        let (spec, compute) = (spec.clone(), DType::F32);
        let kernels = kernels(&layers, device)?;
        Ok(Network { spec, layers, kernels, compute, precise_from, weights, random })
    }

    /// The layers and weights of a spec with no memory taken for the values: to be counted, never run.
    pub fn planned(spec: &ModelSpec) -> Result<Self> {
        let mut weights = Weights::planned();
        let mut layers = Vec::with_capacity(spec.layers.len());
        for layer in &spec.layers {
            let mut scope = weights.scope(&layer.name, layer.trainable);
            layers.push(layer.entry.item.build(&layer.input, &mut scope)?);
        }
        let kernels = layers.iter().map(|_| None).collect();
        let (spec, random, compute) = (spec.clone(), Random::new(0), DType::F32);
        Ok(Network { spec, layers, kernels, compute, precise_from: 0, weights, random })
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

    /// The layers' kernels; None for a layer that has none, and for all on other devices.
    pub fn kernels(&self) -> &[Option<BoundKernel>] {
        &self.kernels
    }

    /// The same model without kernels: every layer composed of candle ops, the definition.
    pub fn without_kernels(mut self) -> Self {
        self.kernels.iter_mut().for_each(|kernel| *kernel = None);
        self
    }

    /// Computes in another type from now on. Kernels are for f32.
    pub fn compute_in(&mut self, dtype: ComputeType) -> Result<()> {
        let compute = match dtype {
            ComputeType::Float32 => DType::F32,
            ComputeType::MixedBfloat16 => DType::BF16,
        };
        if compute == self.compute {
            return Ok(());
        }
        self.compute = compute;
        self.kernels = match dtype {
            ComputeType::Float32 => kernels(&self.layers, self.weights.device())?,
            ComputeType::MixedBfloat16 => self.layers.iter().map(|_| None).collect(),
        };
        Ok(())
    }

    /// True in mixed precision.
    pub fn is_mixed(&self) -> bool {
        self.compute == DType::BF16
    }

    /// One batch through all layers. `x`: (batch, …input) → (batch, …output).
    pub fn forward(&self, x: &Tensor, context: &mut Context<'_>) -> Result<Signal> {
        self.forward_in(self.compute, x, context)
    }

    fn forward_in(&self, compute: DType, x: &Tensor, context: &mut Context<'_>) -> Result<Signal> {
        threads::within(|| {
            let mut signal = Signal::new(self.input(x)?);
            for index in 0..self.layers.len() {
                let is_precise = index >= self.precise_from;
                context.compute = if is_precise { DType::F32 } else { compute };
                signal = self.layer(index, signal, context)?;
            }
            let output = widened(&signal.tensor)?;
            Ok(signal.with(output))
        })
    }

    /// An input as ids, one after the other, where the first layer reads them; see
    /// [`Forward::checked_ids`].
    pub(crate) fn checked_ids(&self, x: &Tensor) -> Result<Option<Tensor>> {
        self.layers.first().map_or(Ok(None), |layer| layer.checked_ids(x))
    }

    /// Whether the first layer reads ids.
    pub(crate) fn takes_ids(&self) -> bool {
        self.layers.first().is_some_and(|layer| layer.takes_ids())
    }

    /// Whole numbers stay such only where the first layer reads ids.
    fn input(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match x.dtype() {
            DType::U32 if !self.takes_ids() => x.to_dtype(DType::F32)?,
            _ => x.clone(),
        })
    }

    fn layer(&self, index: usize, signal: Signal, context: &mut Context<'_>) -> Result<Signal> {
        match &self.kernels[index] {
            Some(bound) if signal.tensor.dtype() != DType::U32 => {
                apply_kernel(bound, &self.spec.layers[index].output, signal, context)
            }
            _ => layers::run(&*self.layers[index], signal, context),
        }
    }

    /// Lets the layers that want it take their statistics from all training data. False where
    /// `goes_on`, asked before each piece of it, said no.
    pub fn adapt(
        &self,
        samples: &dyn Samples,
        goes_on: &mut (dyn FnMut() -> bool + Send),
    ) -> Result<bool> {
        let goes_on = RefCell::new(goes_on);
        threads::within(move || {
            for (index, layer) in self.layers.iter().enumerate() {
                if layer.wants_adapt() {
                    let pieces = |see: &mut dyn FnMut(&Tensor) -> Result<()>| {
                        self.each_piece(index, samples, see, &mut **goes_on.borrow_mut())
                    };
                    if !layer.adapt(&pieces)? {
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })
    }

    /// Shows all samples to `see`, as they arrive at a layer.
    fn each_piece(
        &self,
        layer: usize,
        samples: &dyn Samples,
        see: &mut dyn FnMut(&Tensor) -> Result<()>,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        let mut context = Context::inference(&self.random);
        let mut batch = Batch::default();
        let rows: Vec<u64> = (0..samples.len() as u64).collect();
        for piece in rows.chunks(ADAPTED_ROWS) {
            if !goes_on() {
                return Ok(false);
            }
            samples.gather(piece, &mut batch)?;
            let x = batch.x_tensor(&self.spec.input, self.weights.device())?;
            let mut signal = Signal::new(self.input(&x)?);
            for before in 0..layer {
                signal = self.layer(before, signal, &mut context)?;
            }
            see(&signal.tensor)?;
        }
        Ok(true)
    }

    /// One batch through all layers, as in `predict`: no dropout, no gradients kept, in f32 even where
    /// the training is in mixed precision.
    pub fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let mut context = Context::inference(&self.random);
        Ok(self.forward_in(DType::F32, x, &mut context)?.tensor.detach())
    }

    /// The sum of the trainable weights' penalties, a scalar; None where no weight has one.
    pub fn penalties(&self) -> Result<Option<Tensor>> {
        let mut total: Option<Tensor> = None;
        for weight in self.weights.trainable() {
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

/// The kernels of layers: where there are any for the device, unless another engine is asked for.
fn kernels(layers: &[Box<dyn Forward>], device: &Device) -> Result<Vec<Option<BoundKernel>>> {
    let wants_kernels = device.is_cpu() && EngineChoice::made()?.takes_kernels();
    let kernel = |layer: &dyn Forward| layer.to_kernel().filter(|_| wants_kernels);
    Ok(layers.iter().map(|layer| kernel(layer.as_ref())).collect())
}
