//! The three cells, and what a recurrent layer's kernel is made of.

use crate::activations::Activation;

/// What happens at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// `h' = activation(x · W + h · U + b)`
    SimpleRnn,
    /// Long short-term memory; Keras's blocks i, f, c, o.
    Lstm,
    /// Gated recurrent unit; Keras's blocks z, r, h.
    Gru {
        /// Whether the reset gate acts after the product with the recurrent kernel.
        reset_after: bool,
    },
}

impl Cell {
    /// How many blocks of `units` columns its weights have.
    pub fn gates(self) -> usize {
        match self {
            Cell::SimpleRnn => 1,
            Cell::Lstm => 4,
            Cell::Gru { .. } => 3,
        }
    }
}

/// Weights: kernel (features, gates·units), recurrent_kernel (units, gates·units), then the bias
/// (gates·units,), or (2, gates·units) for a GRU that resets after the product, where there is one.
pub struct RecurrentKernel {
    /// What happens at each step.
    pub cell: Cell,
    /// The number of time steps.
    pub steps: usize,
    /// The size of the input at one step.
    pub features: usize,
    /// The size of the state.
    pub units: usize,
    /// What is applied to the new state or the candidate for it; must have slice functions.
    pub activation: Activation,
    /// What is applied to the gates; must have slice functions.
    pub recurrent_activation: Activation,
    /// Whether the output holds every step.
    pub return_sequences: bool,
    /// Whether time runs backwards.
    pub go_backwards: bool,
    /// Whether the output is 0 at masked steps.
    pub zero_output_for_mask: bool,
    /// The share of the input that training drops.
    pub dropout: f64,
    /// The seed of the dropout, where it isn't the run's.
    pub seed: Option<u64>,
    /// The name of its random stream.
    pub stream: String,
}

impl RecurrentKernel {
    /// How many numbers one sample of the output holds.
    pub(super) fn output_row(&self) -> usize {
        if self.return_sequences { self.steps * self.units } else { self.units }
    }

    /// True where the backward pass needs the gates as they were before their activations.
    pub(super) fn needs_input(&self) -> bool {
        self.activation.needs_input() || self.recurrent_activation.needs_input()
    }
}
