//! Dense: every output sees every input.

use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::gpu;
use crate::kernels::BoundKernel;
use crate::kernels::dense::DenseKernel;
use crate::layers::configuration::{Configuration, configuration};
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::layers::precision::finish;
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightSpec};

configuration! {
    /// `output = activation(input · kernel + bias)`, over the last axis at any rank.
    ///
    /// Input shape: (batch, …, in). Output shape: (batch, …, units).
    /// Weights: `kernel` (in, units), `bias` (units,).
    ///
    /// Keras: `keras.layers.Dense`.
    ///
    /// ```
    /// use lanthorn::Shape;
    /// use lanthorn::layers::activations::Activation;
    /// use lanthorn::layers::{Dense, Layer};
    ///
    /// let dense = Dense::new(8, Activation::relu());
    /// assert_eq!(dense.output_shape(&Shape(vec![28, 28])).unwrap(), Shape(vec![28, 8]));
    /// assert!(Dense::new(0, Activation::Linear).output_shape(&Shape(vec![28])).is_err());
    /// ```
    pub struct Dense {
        /// Number of output units; at least 1.
        units: usize,
        shared { activation, use_bias }
        initializers {
            kernel "the kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { kernel "the kernel", bias "the bias" }
        shared { activity_regularizer }
        constraints { kernel "the kernel", bias "the bias" }
    }
}

impl Dense {
    /// A dense layer with Keras's defaults.
    pub fn new(units: usize, activation: Activation) -> Self {
        Dense { units, activation, ..Dense::defaults() }
    }
}

impl Layer for Dense {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::positive_count("units", self.units)?;
        if input.rank() == 0 {
            return Err(Problem::at("", format!("dense needs at least one axis, got {input}")));
        }
        super::axes::no_empty_axis("dense", input)?;
        let output = input.with_last(self.units);
        checks::not_too_large("units", &[input.last(), self.units])?;
        checks::not_too_large("units", output.dims())?;
        self.activation.output_shape(&output)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let kernel = scope.weight(WeightSpec {
            name: "kernel",
            shape: &[input.last(), self.units],
            options: &self.kernel,
            stored: Stored::kernel("weight", 2),
        })?;
        let bias = WeightSpec {
            name: "bias",
            shape: &[self.units],
            options: &self.bias,
            stored: Stored::plain("bias"),
        };
        let bias = if self.use_bias { Some(scope.weight(bias)?) } else { None };
        let (activation, activity) = (self.activation.clone(), self.activity_regularizer.clone());
        Ok(Box::new(DenseForward { kernel, bias, activation, activity }))
    }

    fn activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }
}

struct DenseForward {
    kernel: LayerWeight,
    bias: Option<LayerWeight>,
    activation: Activation,
    activity: Option<Regularizer>,
}

impl Forward for DenseForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let (features, units) = self.kernel.dims2()?;
        let x = &input.tensor;
        let kernel = self.kernel.like(x)?;
        let output = if gpu::rows_takes(x) {
            gpu::product(x, &kernel)?
        } else {
            let rows = x.reshape(((), features))?.matmul(&kernel)?; // (batch·…, units)
            let mut dims = x.dims().to_vec();
            dims[x.rank() - 1] = units;
            rows.reshape(dims)?
        };
        let output = finish(&output, self.bias.as_ref(), &self.activation)?;
        context.regularize_activity(&self.activity, &output)?;
        Ok(input.with(output))
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if self.activity.is_some() || !self.activation.has_slices() {
            return None;
        }
        let (input, units) = self.kernel.dims2().ok()?;
        let kernel =
            DenseKernel { input, units, activation: self.activation.clone(), drops_mask: false };
        let weights = std::iter::once(self.kernel.clone()).chain(self.bias.clone()).collect();
        Some(BoundKernel::new(kernel, weights))
    }
}
