//! `Recurrent`: the configuration of a recurrent layer.

use crate::activations::Activation;
use crate::kernels::recurrent::Cell;
use crate::weights::WeightOptions;
use crate::weights::regularizers::Regularizer;

/// A recurrent layer's configuration, whatever its cell.
#[derive(Debug, Clone)]
pub struct Recurrent {
    /// What happens at each step.
    pub cell: Cell,
    /// The size of the state and of the output.
    pub units: usize,
    /// What is applied to the new state or the candidate for it.
    pub activation: Activation,
    /// Activation function of the gates.
    pub recurrent_activation: Activation,
    /// Whether there is a bias.
    pub use_bias: bool,
    /// The kernel, (features, gates·units).
    pub kernel: WeightOptions,
    /// The recurrent kernel, (units, gates·units).
    pub recurrent_kernel: WeightOptions,
    /// The bias.
    pub bias: WeightOptions,
    /// Whether an LSTM's forget gate starts with a bias of 1.
    pub unit_forget_bias: bool,
    /// The penalty on the output.
    pub activity_regularizer: Option<Regularizer>,
    /// The share of the input that training drops.
    pub dropout: f64,
    /// The share of the state that training drops.
    pub recurrent_dropout: f64,
    /// Whether the output holds every step.
    pub return_sequences: bool,
    /// Refused.
    pub return_state: bool,
    /// Whether time runs backwards.
    pub go_backwards: bool,
    /// Refused.
    pub stateful: bool,
    /// Whether the output is 0 at masked steps.
    pub zero_output_for_mask: bool,
    /// The seed of its dropout, where it isn't the run's.
    pub seed: Option<u64>,
    /// What comes after the names of its weights in the file: `_reverse`, or nothing.
    pub suffix: &'static str,
}
