//! Convolutions over one to three axes: full (grouped), transposed, depthwise and separable. Each
//! layer's file holds its configuration; what they do is here.

mod conv;
mod conv_transpose;
mod depthwise_conv;
mod plan;
mod reference;
mod separable_conv;

pub use conv::{Conv, Conv1D, Conv2D, Conv3D};
pub use conv_transpose::{Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, ConvTranspose};
pub use depthwise_conv::{DepthwiseConv, DepthwiseConv1D, DepthwiseConv2D};
pub use separable_conv::{SeparableConv, SeparableConv1D, SeparableConv2D};

use std::sync::Arc;

use self::plan::{Convolution, ConvolutionForm, ConvolutionPlan};
use super::spatial::{self, DataFormat};
use crate::activations::Activation;
use crate::error::{Problem, Result};
use crate::kernels::conv::ConvKernel;
use crate::kernels::conv_transpose::ConvTransposeKernel;
use crate::kernels::depthwise::DepthwiseKernel;
use crate::kernels::separable::SeparableKernel;
use crate::kernels::window::{SlidingWindow, WindowAxis};
use crate::kernels::{BoundKernel, Kernel};
use crate::layers::layer::{Context, Forward, Signal, checked};
use crate::layers::precision::finish;
use crate::shape::Shape;
use crate::weights::regularizers::Regularizer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightSpec};

impl Convolution<'_> {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let plan = self.plan(input)?;
        let (layer, format) = (self.layer, self.data_format);
        let shape = plan.grid.shape(layer, plan.output(), plan.filters, format)?;
        self.activation.output_shape(&shape)
    }

    /// The kernel is used at every position: of the input where it makes the input larger, of the
    /// output elsewhere.
    fn kernel_uses(&self, input: &Shape, output: &Shape) -> usize {
        let channels = |shape: &Shape| match self.data_format {
            DataFormat::ChannelsLast => shape.last(),
            DataFormat::ChannelsFirst => shape.dims().first().copied().unwrap_or(1),
        };
        let shape = match self.kind {
            ConvolutionForm::Transposed { .. } => input,
            _ => output,
        };
        shape.elements() / channels(shape).max(1)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let plan = checked(self.plan(input))?;
        let mut weights = Vec::new();
        for ((shape, name, stored), options) in plan.weights.iter().zip(self.kind.kernels()) {
            let stored = stored.clone();
            weights.push(scope.weight(WeightSpec { name, shape, options, stored })?);
        }
        if let Some(options) = self.bias {
            let separable = matches!(self.kind, ConvolutionForm::Separable { .. });
            let stored = Stored::plain(if separable { "pointwise.bias" } else { "bias" });
            let shape = &[plan.filters];
            weights.push(scope.weight(WeightSpec { name: "bias", shape, options, stored })?);
        }
        Ok(Box::new(ConvolutionForward {
            bias: self.bias.is_some(),
            weights,
            plan,
            format: self.data_format,
            activation: self.activation.clone(),
            activity: self.activity.clone(),
        }))
    }
}

/// The [`Convolution`] of a layer: its own name, rank and kind, with the arguments that all have.
macro_rules! convolution {
    ($layer:ident, $name:expr, $rank:expr, $kind:expr) => {
        Convolution {
            layer: $name,
            rank: $rank,
            kind: $kind,
            kernel_size: &$layer.kernel_size,
            strides: &$layer.strides,
            padding: $layer.padding,
            dilation_rate: &$layer.dilation_rate,
            data_format: $layer.data_format,
            activation: &$layer.activation,
            bias: $layer.use_bias.then_some(&$layer.bias),
            activity: &$layer.activity_regularizer,
        }
    };
}
use convolution;

struct ConvolutionForward {
    plan: ConvolutionPlan,
    /// One kernel or two, then the bias.
    weights: Vec<LayerWeight>,
    bias: bool,
    format: DataFormat,
    activation: Activation,
    activity: Option<Regularizer>,
}

impl Forward for ConvolutionForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let x = spatial::flat(&input.tensor, self.format)?; // (batch, positions, channels)
        let y = reference::forward(&self.plan, &x, &self.weights)?; // (batch, positions, filters)
        let bias = self.weights.last().filter(|_| self.bias);
        // what is of each number by itself may come before the axes are as the format wants them
        let is_relu = self.activation.is_relu();
        let at_once = if is_relu { Activation::relu() } else { Activation::Linear };
        let y = finish(&y, bias, &at_once)?;
        let y = spatial::unflat(&y, self.plan.grid.rank, self.plan.output(), self.format)?;
        let output = if is_relu { y } else { self.activation.forward(&y)? };
        context.regularize_activity(&self.activity, &output)?;
        Ok(Signal::new(output))
    }

    fn computes_in_bf16(&self) -> bool {
        matches!(self.plan.op, plan::ConvolutionOp::Full | plan::ConvolutionOp::Transposed)
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if self.activity.is_some()
            || !self.activation.has_slices()
            || self.format == DataFormat::ChannelsFirst
        {
            return None;
        }
        let ConvolutionPlan { window, filters, multiplier, groups, .. } = self.plan;
        let (channels, activation) = (self.plan.grid.channels, self.activation.clone());
        let depthwise = |activation| DepthwiseKernel::new(window, channels, multiplier, activation);
        let bound = |kernel: Arc<dyn Kernel>| BoundKernel { kernel, weights: self.weights.clone() };
        Some(bound(match self.plan.op {
            plan::ConvolutionOp::Full => {
                Arc::new(ConvKernel::new(window, channels, filters, groups, activation))
            }
            plan::ConvolutionOp::Transposed => {
                Arc::new(ConvTransposeKernel::new(window, channels, filters, activation))
            }
            plan::ConvolutionOp::Depthwise => Arc::new(depthwise(activation)),
            plan::ConvolutionOp::Separable => {
                let (window, channels) = (pointwise(&window), channels * multiplier);
                Arc::new(SeparableKernel {
                    depthwise: depthwise(Activation::Linear),
                    pointwise: ConvKernel::new(window, channels, filters, 1, activation),
                })
            }
        }))
    }
}

/// A window of one tap over what another window makes.
fn pointwise(window: &SlidingWindow) -> SlidingWindow {
    let one = |axis: WindowAxis| WindowAxis {
        input: axis.output,
        output: axis.output,
        ..WindowAxis::NONE
    };
    SlidingWindow { axes: window.axes.map(one) }
}
