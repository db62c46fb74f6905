//! What `simple_rnn`, `lstm` and `gru` share: their checks, their weights, and how they run.

pub(crate) mod settings;
mod steps;

use candle_core::{Tensor, Var};

use crate::config::checks;
use crate::error::{Error, Problem, Result};
use crate::kernels::recurrent::Cell;
use crate::layers::layer::Forward;
use crate::shape::Shape;
use crate::weights::stored::Stored;
use crate::weights::{Scope, WeightOptions, WeightSpec};

pub use settings::Recurrent;
use steps::RecurrentForward;

impl Recurrent {
    /// The shape of the output, or what is wrong.
    pub fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::positive_count("units", self.units)?;
        let &[steps, features] = input.dims() else {
            let message = format!("wants (batch, time, features), got {input}");
            return Err(Problem::at("", message).help(
                "give the model an `input_shape` such as [50, 16]; before another recurrent layer \
                 set `return_sequences: true`",
            ));
        };
        if steps == 0 || features == 0 {
            return Err(Problem::at("", format!("wants at least one number, got {input}")));
        }
        self.check_size(features)?;
        for (key, activation) in
            [("activation", &self.activation), ("recurrent_activation", &self.recurrent_activation)]
        {
            let one = Shape(vec![self.units]);
            if activation.output_shape(&one)? != one {
                let message = format!("`{key}` must keep the shape of its input");
                return Err(Problem::at(key, message).help("`tanh` is the usual one"));
            }
        }
        for (key, rate) in
            [("dropout", self.dropout), ("recurrent_dropout", self.recurrent_dropout)]
        {
            if !(0.0..=1.0).contains(&rate) {
                let message = format!("`{key}` must be between 0 and 1, got {rate}");
                return Err(Problem::at(key, message));
            }
        }
        if self.return_state {
            let message = "`return_state: true` is not supported: a layer has one output";
            return Err(Problem::at("return_state", message).help("leave it out"));
        }
        if self.stateful {
            let message = "`stateful: true` is not supported: every batch starts from zeros";
            return Err(Problem::at("stateful", message).help("leave it out"));
        }
        let mut output = vec![self.units];
        if self.return_sequences {
            output.insert(0, steps);
        }
        Ok(Shape(output))
    }

    fn check_size(&self, features: usize) -> Result<(), Problem> {
        let rows = self.units.checked_mul(2).and_then(|rows| rows.checked_add(features));
        let columns = self.units.checked_mul(4);
        let numbers = rows.zip(columns).and_then(|(rows, columns)| rows.checked_mul(columns));
        if numbers.is_none_or(|numbers| numbers > isize::MAX as usize / 8) {
            let message = format!("`units` is too large, got {}", self.units);
            return Err(Problem::at("units", message));
        }
        Ok(())
    }

    /// Makes the weights and the runtime half.
    pub(crate) fn build(
        &self,
        input: &Shape,
        scope: &mut Scope<'_>,
    ) -> Result<impl Forward + use<>> {
        let &[steps, features] = input.dims() else {
            return Err(Error::Internal(format!("a recurrent layer on {input}")));
        };
        let width = self.cell.gates() * self.units;
        let kernel = scope.weight(self.wanted("kernel", &[features, width], &self.kernel))?;
        let recurrent_kernel = scope.weight(self.wanted(
            "recurrent_kernel",
            &[self.units, width],
            &self.recurrent_kernel,
        ))?;
        let bias = match (self.use_bias, self.cell) {
            (false, _) => None,
            (true, Cell::Gru { reset_after: true }) => {
                Some(scope.weight(self.wanted("bias", &[2, width], &self.bias))?)
            }
            (true, _) => Some(scope.weight(self.wanted("bias", &[width], &self.bias))?),
        };
        if let (Cell::Lstm, true, Some(bias)) = (self.cell, self.unit_forget_bias, &bias) {
            self.open_forget_gate(bias)?;
        }
        let stream = format!("{}{}", scope.layer(), self.suffix);
        let config = self.clone();
        Ok(RecurrentForward { config, kernel, recurrent_kernel, bias, steps, features, stream })
    }

    fn wanted<'a>(
        &self,
        name: &'a str,
        shape: &'a [usize],
        options: &'a WeightOptions,
    ) -> WeightSpec<'a> {
        WeightSpec {
            name,
            shape,
            options,
            stored: self.stored(name).renamed(|name| format!("{name}{}", self.suffix)),
        }
    }

    /// PyTorch's names and layouts; it has no GRU that resets before the product.
    fn stored(&self, name: &str) -> Stored {
        let gates = match self.cell {
            Cell::SimpleRnn => vec![0],
            Cell::Lstm => vec![0, 1, 2, 3],
            Cell::Gru { reset_after: true } => vec![1, 0, 2], // r, z, n
            Cell::Gru { reset_after: false } => return Stored::plain(name),
        };
        match name {
            "kernel" => Stored::Gates { name: "weight_ih_l0".into(), gates },
            "recurrent_kernel" => Stored::Gates { name: "weight_hh_l0".into(), gates },
            _ => Stored::GateBias {
                input: "bias_ih_l0".into(),
                recurrent: "bias_hh_l0".into(),
                gates,
            },
        }
    }

    /// The bias of the second block, the forget gate's, becomes 1.
    fn open_forget_gate(&self, bias: &Var) -> Result<()> {
        let u = self.units;
        if bias.elem_count() != 4 * u {
            return Ok(()); // weights that are planned have no values
        }
        let first = bias.as_tensor().narrow(0, 0, u)?;
        let rest = bias.as_tensor().narrow(0, 2 * u, 2 * u)?;
        let ones = Tensor::ones(u, bias.dtype(), bias.device())?;
        Ok(bias.set(&Tensor::cat(&[&first, &ones, &rest], 0)?.detach())?)
    }
}

/// The configuration of a layer of one of the cells: [`configuration!`] with the arguments that all
/// of them share. A layer says which arguments of its own come first, after the bias and last; what
/// its cell is, it says by `cell`.
///
/// [`configuration!`]: super::configuration
macro_rules! recurrent_layer {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident {
            activations { $($activations:tt)* }
            $(biases { $($biases:tt)* })?
            $(last { $($last:tt)* })?
        }
    ) => {
        $crate::layers::configuration! {
            $(#[doc = $about])*
            pub struct $name {
                /// Number of output units; at least 1.
                units: usize,
                $($activations)*
                /// Whether to add a bias.
                use_bias: bool = true,
                initializers {
                    kernel "the kernel" = Initializer::glorot_uniform(),
                    recurrent "the recurrent kernel" = Initializer::orthogonal(),
                    bias "the bias" = Initializer::zeros(),
                }
                $($($biases)*)?
                regularizers { kernel "the kernel", recurrent "the recurrent kernel", bias "the bias" }
                /// Regularizer for the output; its penalty is divided by the batch size.
                activity_regularizer: Option<Regularizer> = None,
                constraints { kernel "the kernel", recurrent "the recurrent kernel", bias "the bias" }
                /// Fraction of the input's features to drop in training, the same at all steps of a
                /// sequence.
                dropout: f64 = 0.0,
                /// Fraction of the state to drop in training, the same at all steps of a sequence.
                recurrent_dropout: f64 = 0.0,
                /// Whether to return the output of every time step instead of the last one only.
                return_sequences: bool = false,
                /// Must be false: a Sequential model has one output.
                return_state: bool = false,
                /// Whether to process the sequence backwards; with `return_sequences`, the output
                /// is reversed too.
                go_backwards: bool = false,
                /// Must be false: every batch starts from a zero state.
                stateful: bool = false,
                /// Accepted for compatibility with Keras; it has no effect.
                unroll: bool = false,
                /// Whether the output at a masked step is 0; otherwise it repeats the step before.
                zero_output_for_mask: bool = false,
                $($($last)*)?
                /// Seed of the layer's random numbers. Default: the seed of the run.
                seed: Option<u64> = None,
            }
        }

        impl $name {
            /// The layer with Keras's defaults.
            pub fn new(units: usize) -> Self {
                $name { units, ..$name::defaults() }
            }

            fn resolved(&self) -> Recurrent {
                let (cell, recurrent_activation, unit_forget_bias) = self.cell();
                Recurrent {
                    cell,
                    units: self.units,
                    activation: self.activation.clone(),
                    recurrent_activation,
                    use_bias: self.use_bias,
                    kernel: self.kernel.clone(),
                    recurrent_kernel: self.recurrent.clone(),
                    bias: self.bias.clone(),
                    unit_forget_bias,
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

        impl Layer for $name {
            fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
                self.resolved().output_shape(input)
            }

            fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
                Ok(Box::new(self.resolved().build(input, scope)?))
            }

            fn mask_rule(&self) -> MaskRule {
                if self.return_sequences { MaskRule::Passes } else { MaskRule::Drops }
            }

            fn kernel_uses(&self, input: &Shape, _output: &Shape) -> usize {
                input.dims().first().copied().unwrap_or(1) // once at each step
            }

            fn recurrent(&self) -> Option<Recurrent> {
                Some(self.resolved())
            }
        }
    };
}
pub(super) use recurrent_layer;

#[cfg(test)]
mod tests;
