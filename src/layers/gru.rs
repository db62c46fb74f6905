//! Gru: the gated recurrent unit.

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
    /// `h' = z · h + (1 - z) · g`, step by step over the time axis, where
    /// `z, r = recurrent_activation(x · W + h · U + b)`, and g, with `reset_after`, is
    /// `activation(x · W + b + r · (h · U + b'))`, without it
    /// `activation(x · W + (r · h) · U + b)`. The weights' columns are the blocks z, r, g.
    ///
    /// The state starts at zeros. At a masked step the state is kept, and the output is the
    /// previous one (zeros at the first step).
    ///
    /// Input shape: (batch, time, features). Output shape: (batch, units), or (batch, time, units)
    /// with `return_sequences`.
    /// Weights: `kernel` W (features, 3·units), `recurrent_kernel` U (units, 3·units), `bias`
    /// (2, 3·units): b and b', or (3·units,) without `reset_after`.
    ///
    /// Keras: `keras.layers.GRU`.
    pub struct Gru {
        activations {
            /// Activation function of the candidate g.
            activation: Activation = Activation::Tanh,
            /// Activation function of the gates.
            recurrent_activation: Activation = Activation::Sigmoid,
        }
        last {
            /// Whether to apply the reset gate after the product with the recurrent kernel, as
            /// PyTorch does, instead of before it.
            reset_after: bool = true,
        }
    }
}

impl Gru {
    /// What happens at each step, the activation of the gates, and whether an LSTM's forget gate
    /// starts with a bias of 1.
    fn cell(&self) -> (Cell, Activation, bool) {
        let cell = Cell::Gru { reset_after: self.reset_after };
        (cell, self.recurrent_activation.clone(), false)
    }
}
