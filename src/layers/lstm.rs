//! Lstm: long short-term memory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recurrent::{self, Group, Recurrent};
use super::{Forward, Layer};
use crate::activations::Activation;
use crate::constraints::Constraint;
use crate::error::{Problem, Result};
use crate::initializers::Initializer;
use crate::kernels::recurrent::Cell;
use crate::regularizers::Regularizer;
use crate::shape::Shape;
use crate::weights::Scope;

/// `c' = f · c + i · g` and `h' = o · activation(c')`, step by step over the time axis, where i, f, o
/// (with `recurrent_activation`) and g (with `activation`) are those of
/// `x · kernel + h · recurrent_kernel + bias`, whose columns are the blocks i, f, g, o.
///
/// The state starts at zeros. Where a mask says that a step doesn't count, the state stays, and the
/// output repeats that of the step before (zeros at the first).
///
/// Input shape: (batch, time, features). Output shape: (batch, units), or (batch, time, units)
/// with `return_sequences`.
/// Weights: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias` (4·units,).
///
/// Keras: `keras.layers.LSTM`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lstm {
    /// The size of the output; at least 1.
    pub units: usize,
    /// What is applied to the candidate g and to the cell's state. Default: tanh.
    #[serde(default = "super::recurrent::tanh")]
    pub activation: Activation,
    /// What is applied to the gates. Default: sigmoid.
    #[serde(default = "super::recurrent::sigmoid")]
    pub recurrent_activation: Activation,
    /// Whether a bias is added. Default: true.
    #[serde(default = "super::yes")]
    pub use_bias: bool,
    /// How the kernel starts. Default: glorot_uniform.
    #[serde(default)]
    pub kernel_initializer: Initializer,
    /// How the recurrent kernel starts. Default: orthogonal.
    #[serde(default = "Initializer::orthogonal")]
    pub recurrent_initializer: Initializer,
    /// How the bias starts. Default: zeros.
    #[serde(default = "Initializer::zeros")]
    pub bias_initializer: Initializer,
    /// Whether the bias of the forget gate starts at 1. Default: true.
    #[serde(default = "super::yes")]
    pub unit_forget_bias: bool,
    /// The kernel's penalty. Default: none.
    pub kernel_regularizer: Option<Regularizer>,
    /// The recurrent kernel's penalty. Default: none.
    pub recurrent_regularizer: Option<Regularizer>,
    /// The bias's penalty. Default: none.
    pub bias_regularizer: Option<Regularizer>,
    /// The penalty on the output, divided by the batch's size. Default: none.
    pub activity_regularizer: Option<Regularizer>,
    /// The kernel's projection after every step. Default: none.
    pub kernel_constraint: Option<Constraint>,
    /// The recurrent kernel's projection after every step. Default: none.
    pub recurrent_constraint: Option<Constraint>,
    /// The bias's projection after every step. Default: none.
    pub bias_constraint: Option<Constraint>,
    /// The share of the input's features that training drops, the same in all of a sequence.
    /// Default: 0.
    #[serde(default)]
    pub dropout: f64,
    /// The share of the state that training drops, the same in all of a sequence. Default: 0.
    #[serde(default)]
    pub recurrent_dropout: f64,
    /// Whether the output holds every time step, or the last alone. Default: false.
    #[serde(default)]
    pub return_sequences: bool,
    /// Not supported: a Sequential model has one output. Default: false.
    #[serde(default)]
    pub return_state: bool,
    /// Whether time runs backwards; a sequence then comes out last step first. Default: false.
    #[serde(default)]
    pub go_backwards: bool,
    /// Not supported: every batch starts from zeros. Default: false.
    #[serde(default)]
    pub stateful: bool,
    /// Accepted and without effect: the numbers are the same. Default: false.
    #[serde(default)]
    pub unroll: bool,
    /// Whether the output at a masked step is 0; else it repeats the step before. Default: false.
    #[serde(default)]
    pub zero_output_for_mask: bool,
    /// A seed of this layer's own for dropout. Default: the run's.
    pub seed: Option<u64>,
}

impl Lstm {
    /// An lstm layer with Keras's defaults.
    pub fn new(units: usize) -> Self {
        Lstm {
            units,
            activation: recurrent::tanh(),
            recurrent_activation: recurrent::sigmoid(),
            use_bias: true,
            kernel_initializer: Initializer::default(),
            recurrent_initializer: Initializer::orthogonal(),
            bias_initializer: Initializer::zeros(),
            unit_forget_bias: true,
            kernel_regularizer: None,
            recurrent_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            recurrent_constraint: None,
            bias_constraint: None,
            dropout: 0.0,
            recurrent_dropout: 0.0,
            return_sequences: false,
            return_state: false,
            go_backwards: false,
            stateful: false,
            unroll: false,
            zero_output_for_mask: false,
            seed: None,
        }
    }
}

impl Layer for Lstm {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.recurrent_part().output_shape(input)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(self.recurrent_part().build(input, scope)?))
    }

    fn recurrent(&self) -> Option<Recurrent> {
        Some(self.recurrent_part())
    }
}

impl Lstm {
    fn recurrent_part(&self) -> Recurrent {
        Recurrent {
            cell: Cell::Lstm,
            units: self.units,
            activation: self.activation.clone(),
            recurrent_activation: self.recurrent_activation.clone(),
            use_bias: self.use_bias,
            kernel: Group {
                initializer: self.kernel_initializer.clone(),
                regularizer: self.kernel_regularizer.clone(),
                constraint: self.kernel_constraint.clone(),
            },
            recurrent_kernel: Group {
                initializer: self.recurrent_initializer.clone(),
                regularizer: self.recurrent_regularizer.clone(),
                constraint: self.recurrent_constraint.clone(),
            },
            bias: Group {
                initializer: self.bias_initializer.clone(),
                regularizer: self.bias_regularizer.clone(),
                constraint: self.bias_constraint.clone(),
            },
            unit_forget_bias: self.unit_forget_bias,
            activity_regularizer: self.activity_regularizer.clone(),
            dropout: self.dropout,
            recurrent_dropout: self.recurrent_dropout,
            return_sequences: self.return_sequences,
            return_state: self.return_state,
            go_backwards: self.go_backwards,
            stateful: self.stateful,
            zero_output_for_mask: self.zero_output_for_mask,
            seed: self.seed,
            suffix: "",
        }
    }
}
