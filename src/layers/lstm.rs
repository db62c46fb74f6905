//! Lstm: long short-term memory.

use super::configuration::Configuration;
use super::recurrent::{Recurrent, recurrent_layer};
use crate::activations::Activation;
use crate::error::{Problem, Result};
use crate::kernels::recurrent::Cell;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::shape::Shape;
use crate::weights::Scope;
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

recurrent_layer! {
    /// `c' = f · c + i · g` and `h' = o · activation(c')`, step by step over the time axis, where
    /// i, f, o (with `recurrent_activation`) and g (with `activation`) are those of
    /// `x · kernel + h · recurrent_kernel + bias`, whose columns are the blocks i, f, g, o.
    ///
    /// The state starts at zeros. At a masked step the state is kept, and the output is the
    /// previous one (zeros at the first step).
    ///
    /// Input shape: (batch, time, features). Output shape: (batch, units), or (batch, time, units)
    /// with `return_sequences`.
    /// Weights: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias`
    /// (4·units,).
    ///
    /// Keras: `keras.layers.LSTM`.
    pub struct Lstm {
        activations {
            /// Activation function of the candidate g and of the cell state.
            activation: Activation = Activation::Tanh,
            /// Activation function of the gates.
            recurrent_activation: Activation = Activation::Sigmoid,
        }
        biases {
            /// Whether to initialize the bias of the forget gate to 1.
            unit_forget_bias: bool = true,
        }
    }
}

impl Lstm {
    /// What happens at each step, the activation of the gates, and whether an LSTM's forget gate
    /// starts with a bias of 1.
    fn cell(&self) -> (Cell, Activation, bool) {
        (Cell::Lstm, self.recurrent_activation.clone(), self.unit_forget_bias)
    }
}
