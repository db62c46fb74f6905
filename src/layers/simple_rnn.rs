//! SimpleRnn: the fully connected recurrent layer.

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
    /// `h' = activation(x · kernel + h · recurrent_kernel + bias)`, step by step over the time
    /// axis.
    ///
    /// The state starts at zeros. At a masked step the state is kept, and the output is the
    /// previous one (zeros at the first step).
    ///
    /// Input shape: (batch, time, features). Output shape: (batch, units), or (batch, time, units)
    /// with `return_sequences`.
    /// Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units,).
    ///
    /// Keras: `keras.layers.SimpleRNN`.
    pub struct SimpleRnn {
        activations {
            /// Activation function of the new state.
            activation: Activation = Activation::Tanh,
        }
    }
}

impl SimpleRnn {
    /// What happens at each step, the activation of the gates, and whether an LSTM's forget gate
    /// starts with a bias of 1.
    #[allow(clippy::unused_self)] // as of the other recurrent layers
    fn cell(&self) -> (Cell, Activation, bool) {
        (Cell::SimpleRnn, Activation::Linear, false)
    }
}
