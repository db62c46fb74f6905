//! What a layer is: [`Layer`], its configuration, and [`Forward`], its runtime half; and the
//! [`Signal`] that flows through layers.

use std::fmt;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::{DeserializeOwned, MapAccess};

use super::recurrent::settings::Recurrent;
use crate::activations::{Activation, widened};
use crate::config::{AnyItem, Catalog, Common, Entry, Kind};
use crate::error::{Error, Problem, Result};
use crate::gpu::{self, StepWords};
use crate::kernels::BoundKernel;
use crate::kernels::dropout::Keep;
use crate::random::Random;
use crate::shape::Shape;
use crate::weights::Scope;
use crate::weights::regularizers::Regularizer;

/// A layer in a config: `dense: {units: 8}`.
pub type LayerEntry = Entry<dyn Layer>;

/// In `build`: a problem that `output_shape` has let through, which is our own failure.
pub(super) fn checked<T>(result: Result<T, Problem>) -> Result<T> {
    result.map_err(|problem| Error::Internal(problem.message))
}

/// A layer's configuration.
pub trait Layer: fmt::Debug + Send + Sync + AnyItem {
    /// The shape of its output for one sample, or what is wrong with its arguments or its input.
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem>;

    /// Makes its weights and its runtime half. `input` has passed [`Layer::output_shape`].
    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>>;

    /// The activation at its end, by which the loss is checked; none for most layers.
    fn activation(&self) -> Option<&Activation> {
        None
    }

    /// What becomes of the mask that reaches it.
    fn mask_rule(&self) -> MaskRule {
        MaskRule::Passes
    }

    /// How many times one sample uses each number of the layer's kernels, by which its multiply-adds
    /// are counted. For most layers: once for each position of the output.
    fn kernel_uses(&self, _input: &Shape, output: &Shape) -> usize {
        output.elements() / output.last().max(1)
    }

    /// What `bidirectional` needs of a recurrent layer; None for all others.
    fn recurrent(&self) -> Option<Recurrent> {
        None
    }
}

/// What becomes of a mask that reaches a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskRule {
    /// It goes on to the next layer.
    Passes,
    /// The layer uses it up, or its steps are others than before.
    Drops,
    /// The layer makes one of its own.
    Makes,
}

/// A layer's runtime half.
pub trait Forward: Send + Sync {
    /// One batch through the layer, composed of candle ops whose gradients are right: the
    /// definition, and what runs where there is no kernel.
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal>;

    /// The layer as a kernel over slices, which runs on the CPU; None where it has none.
    fn to_kernel(&self) -> Option<BoundKernel> {
        None
    }

    /// True where the layer computes in the type of its input, bfloat16 too, with its weights cast to
    /// it. Others are given float32.
    fn computes_in_bf16(&self) -> bool {
        false
    }

    /// True where the layer reads whole numbers where its input is the model's: ids, as u32.
    fn takes_ids(&self) -> bool {
        false
    }

    /// An input of the model's as whole numbers, one after the other, where the layer reads ids: an
    /// error where one is none of its.
    fn checked_ids(&self, _x: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// True where the layer takes statistics from the training data before training starts.
    fn wants_adapt(&self) -> bool {
        false
    }

    /// Takes statistics from all training data, as it arrives at this layer. False where it was
    /// stopped before all was seen.
    fn adapt(&self, _pieces: &Pieces<'_>) -> Result<bool> {
        Ok(true)
    }
}

/// Shows all training data to a function, as it arrives at a layer, piece after piece: (rows, …).
/// False where it was stopped before all was seen.
pub(crate) type Pieces<'p> = dyn Fn(&mut dyn FnMut(&Tensor) -> Result<()>) -> Result<bool> + 'p;

/// What flows from layer to layer.
#[derive(Debug, Clone)]
pub struct Signal {
    /// The values: (batch, …), f32; bf16 between layers that compute in it.
    pub tensor: Tensor,
    /// Which time steps count, 1 or 0: (batch, time), f32. None: all do.
    pub mask: Option<Tensor>,
}

impl Signal {
    /// A signal without a mask.
    pub fn new(tensor: Tensor) -> Self {
        Signal { tensor, mask: None }
    }

    /// The same mask over other values.
    pub fn with(self, tensor: Tensor) -> Self {
        Signal { tensor, mask: self.mask }
    }
}

/// What a layer may know of the run, and where it leaves what is not its output.
pub struct Context<'a> {
    /// True in `fit`; false in `evaluate`, `predict` and validation.
    pub training: bool,
    /// The number of the training step, from 0; keys the random streams.
    pub(super) step: u64,
    /// The source of random draws.
    pub(super) random: &'a Random,
    /// Where the number of the step is on the device.
    step_there: Option<&'a StepWords>,
    /// Whether something was drawn on the host.
    drew_on_host: bool,
    /// The type that layers compute in which can: bf16 in mixed precision, else f32.
    pub compute: DType,
    /// True where the ids of the model's input have been checked.
    pub ids_are_checked: bool,
    /// Terms to add to the loss: activity regularization. Scalars.
    pub losses: Vec<Tensor>,
    /// New values for weights that training updates by itself: moving statistics.
    pub updates: Vec<(Var, Tensor)>,
}

impl<'a> Context<'a> {
    /// The context of step `step` of training.
    pub fn training(step: u64, random: &'a Random) -> Self {
        Context { training: true, step, ..Context::inference(random) }
    }

    /// The same, of a step whose number is on the device too.
    pub(crate) fn with_step_there(self, words: Option<&'a StepWords>) -> Self {
        Context { step_there: words, ..self }
    }

    /// The context of inference.
    pub fn inference(random: &'a Random) -> Self {
        Context {
            training: false,
            step: 0,
            random,
            step_there: None,
            drew_on_host: false,
            compute: DType::F32,
            ids_are_checked: false,
            losses: Vec::new(),
            updates: Vec::new(),
        }
    }

    /// The source of random draws and the number of the training step, from 0, for draws on the host.
    pub fn host_draws(&mut self) -> (Random, u64) {
        self.drew_on_host = true;
        (*self.random, self.step)
    }

    /// Whether something was drawn on the host: then the step can't be repeated by the device alone.
    pub(crate) fn drew_on_host(&self) -> bool {
        self.drew_on_host
    }

    /// The same for the key of what [`Context::drawn`] draws.
    pub(crate) fn keyed_draws(&self) -> (Random, u64) {
        (*self.random, self.step)
    }

    /// So many of two numbers, drawn on the device where it can.
    pub(crate) fn drawn(
        &self,
        keep: &Keep,
        count: usize,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        gpu::draw(keep, count, device, self.step_there)
    }
}

/// The arguments that every layer takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct LayerCommon {
    /// The layer's name, unique in the model. Default: Keras's automatic name, `dense_1`.
    pub name: Option<String>,
    /// Whether the layer's weights are trained; no effect on a layer without weights. Default: true.
    pub trainable: Option<bool>,
    /// The shape of one sample, on the first layer; checked against the data.
    pub input_shape: Option<Vec<usize>>,
    /// The number of features, on the first layer; checked against the data.
    pub input_dim: Option<usize>,
}

impl Common for LayerCommon {
    const KEYS: &'static [&'static str] = &["name", "trainable", "input_shape", "input_dim"];

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => self.name = map.next_value()?,
            "trainable" => self.trainable = map.next_value()?,
            "input_shape" => self.input_shape = map.next_value()?,
            _ => self.input_dim = map.next_value()?,
        }
        Ok(())
    }
}

/// Adds a layer of the program's own to the list, under a name for config files and saved models.
pub fn register_layer<L: Layer + DeserializeOwned + 'static>(name: &'static str) {
    <dyn Layer>::registry().add(name, |value| {
        let layer: L = serde_json::from_value(value)?;
        Ok(Arc::new(layer))
    });
}

impl LayerEntry {
    /// A layer of the program's own, under the name by which it was registered.
    pub fn registered(name: &'static str, layer: impl Layer + 'static) -> Self {
        LayerEntry {
            kind: Kind::added(name),
            written: name.to_string(),
            common: LayerCommon::default(),
            item: Arc::new(layer),
        }
    }
}

impl Context<'_> {
    /// Adds the penalty on a layer's output, divided by the batch's size, to the loss.
    pub fn regularize_activity(
        &mut self,
        regularizer: &Option<Regularizer>,
        output: &Tensor,
    ) -> Result<()> {
        if let Some(regularizer) = regularizer {
            let batch = output.dim(0)?.max(1) as f64;
            self.losses.push((regularizer.penalty(&widened(output)?)? / batch)?);
        }
        Ok(())
    }
}
