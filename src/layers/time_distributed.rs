//! Time distributed: one layer at every time step.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::precision::run;
use super::residual::Residual;
use super::wrapped::{check_inner, inner_name, within};
use crate::activations::Activation;
use crate::error::{Error, Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::time_distributed::TimeDistributedKernel;
use crate::layers::layer::{Context, Forward, Layer, LayerEntry, Pieces, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

/// Applies a layer to each time step, with the same weights.
///
/// Unlike Keras, which calls the layer once a step, the layer sees all steps as one batch. The
/// numbers differ only for a layer with statistics of the batch (`batch_normalization`), which are
/// those of all steps together.
///
/// Input shape: (batch, time, …). Output shape: (batch, time, …), as for the layer.
/// Weights: the layer's.
///
/// Keras: `keras.layers.TimeDistributed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeDistributed {
    /// Layer to apply, such as `dense: {units: 8}`.
    pub layer: LayerEntry,
}

impl TimeDistributed {
    /// A layer at every time step.
    pub fn new(layer: impl Into<LayerEntry>) -> Self {
        TimeDistributed { layer: layer.into() }
    }
}

impl Layer for TimeDistributed {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        super::axes::no_empty_axis("time_distributed", input)?;
        check_inner("layer", &self.layer)?;
        if Residual::of(&self.layer).is_some() {
            let message = "time_distributed over a residual is not supported";
            return Err(Problem::at("layer", message).help(
                "put each layer inside the residual into a `time_distributed`: it is the same",
            ));
        }
        let [steps, sample @ ..] = input.dims() else {
            let message = format!("time_distributed wants (batch, time, …), got {input}");
            return Err(Problem::at("", message));
        };
        if sample.is_empty() {
            let message = format!("time_distributed wants something at each step, got {input}");
            return Err(Problem::at("", message).help("(batch, time, features) at least"));
        }
        if self.layer.arguments().contains_key("activity_regularizer") {
            let message = "`activity_regularizer` is not supported inside of time_distributed";
            let problem = Problem::at("activity_regularizer", message);
            return Err(within("layer", &self.layer)(problem)
                .help("Keras ignores it there; put an `activity_regularization` layer after it"));
        }
        let inner = Shape(sample.to_vec());
        let inner = self.layer.item.output_shape(&inner).map_err(within("layer", &self.layer))?;
        let mut output = vec![*steps];
        output.extend_from_slice(inner.dims());
        Ok(Shape(output))
    }

    fn kernel_uses(&self, input: &Shape, output: &Shape) -> usize {
        let (Some((steps, input)), Some((_, output))) =
            (input.dims().split_first(), output.dims().split_first())
        else {
            return 0;
        };
        let [input, output] = [input, output].map(|sample| Shape(sample.to_vec()));
        steps.saturating_mul(self.layer.item.kernel_uses(&input, &output))
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let [steps, sample @ ..] = input.dims() else {
            return Err(Error::Internal(format!("time_distributed on {input}")));
        };
        let mut scope = scope.inner(inner_name(&self.layer));
        if self.layer.common.trainable == Some(false) {
            scope.freeze();
        }
        let inner = self.layer.item.build(&Shape(sample.to_vec()), &mut scope)?;
        Ok(Box::new(TimeDistributedForward { inner, steps: *steps }))
    }

    fn activation(&self) -> Option<&Activation> {
        self.layer.item.activation()
    }
}

struct TimeDistributedForward {
    inner: Box<dyn Forward>,
    steps: usize,
}

impl Forward for TimeDistributedForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let batch = input.tensor.dim(0)?;
        let rows = Signal::new(rows(&input.tensor)?); // (batch·time, …)
        let output = run(&*self.inner, rows, context)?.tensor;
        let mut dims = vec![batch, self.steps];
        dims.extend_from_slice(&output.dims()[1..]);
        Ok(input.with(output.reshape(dims)?))
    }

    fn computes_in_bf16(&self) -> bool {
        self.inner.computes_in_bf16()
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let BoundKernel { kernel: inner, weights } = self.inner.to_kernel()?;
        Some(BoundKernel::new(TimeDistributedKernel { inner, steps: self.steps }, weights))
    }

    fn wants_adapt(&self) -> bool {
        self.inner.wants_adapt()
    }

    fn adapt(&self, pieces: &Pieces<'_>) -> Result<bool> {
        self.inner.adapt(&|see| pieces(&mut |input| see(&rows(input)?)))
    }
}

/// (batch, time, …) → (batch·time, …)
fn rows(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.flatten(0, 1)?)
}
