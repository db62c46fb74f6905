//! `Weights`: the ordered parameters of a model over a candle `VarMap`. The only owner of
//! parameters: layers keep handles, the optimizer and the files come here.
//!
//! In memory a weight has Keras's shape and layout; [`Stored`] says how it stands in
//! model.safetensors, whose names and layouts are PyTorch's and candle's.

pub mod constraints;
pub(crate) mod gradients;
pub mod initializers;
pub mod regularizers;
pub(crate) mod stored;
pub(crate) mod weights_file;

use std::borrow::Borrow;
use std::ops::Deref;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;

use crate::error::{Error, Problem, Result};
use crate::limits::MOST_NUMBERS;
use crate::random::Random;
use crate::weights::constraints::Constraint;
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;
use crate::weights::stored::Stored;

/// One parameter.
#[derive(Debug, Clone)]
pub struct Weight {
    /// The layer it belongs to: `dense`, `bidirectional.forward_lstm`.
    pub layer: String,
    /// Keras's name for it: `kernel`.
    pub name: String,
    /// The values.
    pub var: Var,
    /// False for moving statistics and for the weights of a frozen layer.
    pub trainable: bool,
    /// The penalty that this weight adds to the loss.
    pub regularizer: Option<Regularizer>,
    /// The projection after every optimizer step.
    pub constraint: Option<Constraint>,
    /// How it stands in model.safetensors.
    pub stored: Stored,
    /// Its shape in memory.
    shape: Vec<usize>,
}

impl Weight {
    /// A weight that belongs to no layer.
    pub(crate) fn alone(name: String, var: Var) -> Weight {
        Weight {
            layer: String::new(),
            name,
            shape: var.dims().to_vec(),
            var,
            trainable: true,
            regularizer: None,
            constraint: None,
            stored: Stored::plain("weight"),
        }
    }

    /// `dense.kernel`: its name in memory, in checkpoints and in random streams.
    pub fn path(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }

    /// The shape in memory.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values, in memory order.
    pub fn values(&self) -> Result<Vec<f32>> {
        Ok(self.var.as_tensor().flatten_all()?.to_vec1()?)
    }

    /// Replaces the values; the shape must be the same.
    pub fn set(&self, values: &Tensor) -> Result<()> {
        let values = values.to_device(self.var.device())?.to_dtype(self.var.dtype())?;
        Ok(self.var.set(&values.contiguous()?)?)
    }
}

/// A weight as its layer holds it: the values, and its place among the model's weights.
#[derive(Debug, Clone)]
pub struct LayerWeight {
    var: Var,
    place: Option<usize>,
}

impl LayerWeight {
    /// Numbers that are no weight of the model: given by its configuration.
    pub(crate) fn constant(var: Var) -> Self {
        LayerWeight { var, place: None }
    }

    /// The values in the type of other numbers, with the gradient of a cast.
    pub(crate) fn like(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.var.as_tensor().to_dtype(x.dtype())?)
    }

    /// Its index in [`Weights::iter`]; None for a constant.
    pub fn place(&self) -> Option<usize> {
        self.place
    }
}

impl Deref for LayerWeight {
    type Target = Var;

    fn deref(&self) -> &Var {
        &self.var
    }
}

impl Borrow<Var> for LayerWeight {
    fn borrow(&self) -> &Var {
        &self.var
    }
}

/// All parameters of a model, in the order in which its layers made them.
pub struct Weights {
    list: Vec<Weight>,
    map: VarMap,
    device: Device,
    dtype: DType,
    random: Random,
    /// How many numbers may still come.
    room: usize,
    /// True where weights are listed and no memory is taken for their values.
    is_plan: bool,
}

impl Weights {
    /// No parameters yet; those to come are drawn from `random` and live on `device`.
    pub fn new(random: Random, device: &Device) -> Self {
        Weights {
            list: Vec::new(),
            map: VarMap::new(),
            device: device.clone(),
            dtype: DType::F32,
            random,
            room: usize::MAX,
            is_plan: false,
        }
    }

    /// A list of weights for which no memory is taken: the shapes are right, the values are not there.
    pub fn planned() -> Self {
        Weights { is_plan: true, ..Weights::new(Random::new(0), &Device::Cpu) }
    }

    /// The same with room for so many numbers and no more: a damaged file asks for no memory that
    /// its own numbers don't fill.
    pub fn with_room(self, room: usize) -> Self {
        Weights { room, ..self }
    }

    /// The same in another type of number: f64, in which tests compare gradients with finite
    /// differences. Kernels and files want f32.
    pub fn with_dtype(self, dtype: DType) -> Self {
        Weights { dtype, ..self }
    }

    /// Every parameter, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Weight> {
        self.list.iter()
    }

    /// The parameters that the optimizer changes, in order.
    pub fn trainable(&self) -> impl Iterator<Item = &Weight> {
        self.list.iter().filter(|weight| weight.trainable)
    }

    /// For each parameter its index among the trainable ones; None for those that aren't.
    pub fn trainable_places(&self) -> Vec<Option<usize>> {
        let mut count = 0;
        let place = |weight: &Weight| {
            count += usize::from(weight.trainable);
            weight.trainable.then(|| count - 1)
        };
        self.list.iter().map(place).collect()
    }

    /// The same parameters as a candle `VarMap`, named as in memory. Its order is not ours.
    pub fn var_map(&self) -> &VarMap {
        &self.map
    }

    /// Where the parameters live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// How many numbers all parameters hold.
    pub fn count(&self) -> usize {
        self.list.iter().map(Weight::elements).sum()
    }

    /// A place for the weights of one layer. `trainable: false` freezes them all.
    pub fn scope(&mut self, layer: &str, trainable: bool) -> Scope<'_> {
        Scope { weights: self, layer: layer.to_string(), prefix: String::new(), trainable }
    }
}

/// How the values of a weight start and what training does to them beside the optimizer.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightOptions {
    /// Draws the first values.
    pub initializer: Initializer,
    /// The penalty that is added to the loss.
    pub regularizer: Option<Regularizer>,
    /// What the values are held to after every step.
    pub constraint: Option<Constraint>,
}

impl WeightOptions {
    /// An initializer alone.
    pub fn new(initializer: Initializer) -> Self {
        WeightOptions { initializer, regularizer: None, constraint: None }
    }
}

/// A weight that a layer asks for.
#[derive(Debug, Clone)]
pub struct WeightSpec<'a> {
    /// Keras's name: `kernel`.
    pub name: &'a str,
    /// Keras's shape.
    pub shape: &'a [usize],
    /// Its initializer, regularizer and constraint.
    pub options: &'a WeightOptions,
    /// How it stands in model.safetensors.
    pub stored: Stored,
}

impl WeightSpec<'_> {
    /// What is wrong with its initializer, its regularizer or its constraint for its shape.
    fn check(&self) -> Result<(), Problem> {
        let WeightOptions { initializer, regularizer, constraint } = self.options;
        initializer.check_shape(self.shape)?;
        if let Some(regularizer) = regularizer {
            regularizer.check_shape(self.shape)?;
        }
        match constraint {
            Some(constraint) => constraint.check_shape(self.shape),
            None => Ok(()),
        }
    }
}

/// The weights of one layer, being made.
pub struct Scope<'a> {
    weights: &'a mut Weights,
    layer: String,
    prefix: String,
    trainable: bool,
}

impl Scope<'_> {
    /// The layer's name, which keys its random streams.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// Where the weights live.
    pub fn device(&self) -> &Device {
        &self.weights.device
    }

    /// False for the weights of a frozen layer.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// A place for the weights of a layer inside this one; `part` comes before their names:
    /// `bidirectional.forward_lstm.kernel`.
    pub fn inner(&mut self, part: &str) -> Scope<'_> {
        Scope {
            layer: self.layer.clone(),
            prefix: format!("{}{part}.", self.prefix),
            trainable: self.trainable,
            weights: self.weights,
        }
    }

    /// A place for the weights of a layer that stands beside this one in the model's flat list of
    /// names, though it is inside of it: `conv2d_1.kernel`.
    pub fn beside(&mut self, layer: &str) -> Scope<'_> {
        if !self.prefix.is_empty() {
            return self.inner(layer);
        }
        Scope {
            layer: layer.to_string(),
            prefix: String::new(),
            trainable: self.trainable,
            weights: self.weights,
        }
    }

    /// Freezes the weights still to be made here: those of a frozen layer inside this one.
    pub fn freeze(&mut self) {
        self.trainable = false;
    }

    /// Makes a weight that the optimizer changes (unless its layer is frozen).
    pub fn weight(&mut self, spec: WeightSpec<'_>) -> Result<LayerWeight> {
        let trainable = self.trainable;
        self.make(spec, trainable)
    }

    /// Makes a weight that training updates by itself: a moving statistic.
    pub fn state(
        &mut self,
        name: &str,
        shape: &[usize],
        initializer: &Initializer,
        stored: Stored,
    ) -> Result<LayerWeight> {
        let options = &WeightOptions::new(initializer.clone());
        self.make(WeightSpec { name, shape, options, stored }, false)
    }

    fn make(&mut self, spec: WeightSpec<'_>, trainable: bool) -> Result<LayerWeight> {
        let name = format!("{}{}", self.prefix, spec.name);
        let path = format!("{}.{name}", self.layer);
        spec.check().map_err(|problem| {
            Error::run(format!("`{path}`: {}", problem.message)).with_help(problem.help)
        })?;
        let numbers = spec.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
        if numbers.is_none_or(|numbers| numbers > MOST_NUMBERS) {
            let message = format!("`{path}` of shape {:?} holds too many numbers", spec.shape);
            return Err(Error::run(message).with_help(format!(
                "a weight may hold at most {MOST_NUMBERS}; use smaller layers"
            )));
        }
        let room = numbers.and_then(|numbers| self.weights.room.checked_sub(numbers));
        let Some(room) = room else {
            let message = format!("`{path}` of shape {:?} isn't all in the file", spec.shape);
            return Err(Error::run(message).with_help("the file may be damaged; copy it again"));
        };
        self.weights.room = room;
        let tensor = if self.weights.is_plan {
            Tensor::zeros(vec![1; spec.shape.len()], DType::F32, &self.weights.device)?
        } else {
            let values = spec.options.initializer.values(spec.shape, &self.weights.random, &path);
            Tensor::from_vec(values, spec.shape, &self.weights.device)?
        };
        let var = Var::from_tensor(&tensor.to_dtype(self.weights.dtype)?)?;
        let mut map =
            self.weights.map.data().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if map.contains_key(&path) {
            return Err(Error::Internal(format!("two weights named `{path}`")));
        }
        map.insert(path, var.clone());
        drop(map);
        self.weights.list.push(Weight {
            layer: self.layer.clone(),
            name,
            var: var.clone(),
            trainable,
            regularizer: spec.options.regularizer.clone(),
            constraint: spec.options.constraint.clone(),
            stored: spec.stored,
            shape: spec.shape.to_vec(),
        });
        Ok(LayerWeight { var, place: Some(self.weights.list.len() - 1) })
    }
}
