//! What a convolution will do to an input of a known shape: its window, its weights' shapes, or what
//! is wrong with its arguments.

use crate::activations::Activation;
use crate::config::checks::positive_count;
use crate::error::Problem;
use crate::kernels::window::{SlidingWindow, WindowAxis};
use crate::layers::spatial::{
    DataFormat, Grid, Padding, PerAxis, Selection, Slide, fits, not_causal,
};
use crate::shape::Shape;
use crate::weights::WeightOptions;
use crate::weights::regularizers::Regularizer;
use crate::weights::stored::Stored;

/// A layer of convolution, as its configuration says.
pub(super) struct Convolution<'a> {
    /// Its name in messages.
    pub layer: &'static str,
    pub rank: usize,
    pub kind: ConvolutionForm<'a>,
    pub kernel_size: &'a PerAxis,
    pub strides: &'a PerAxis,
    pub padding: Padding,
    pub dilation_rate: &'a PerAxis,
    pub data_format: DataFormat,
    pub activation: &'a Activation,
    /// None: no bias.
    pub bias: Option<&'a WeightOptions>,
    pub activity: &'a Option<Regularizer>,
}

/// The kinds of convolution and the arguments that are theirs alone.
pub(super) enum ConvolutionForm<'a> {
    /// Every filter sees all channels of its group.
    Full { filters: usize, groups: usize, kernel: &'a WeightOptions },
    /// The backward pass of a convolution as a layer.
    Transposed { filters: usize, output_padding: &'a Option<PerAxis>, kernel: &'a WeightOptions },
    /// Every channel by itself.
    Depthwise { multiplier: usize, kernel: &'a WeightOptions },
    /// Depthwise, then a mixture of the channels.
    Separable {
        filters: usize,
        multiplier: usize,
        depthwise: &'a WeightOptions,
        pointwise: &'a WeightOptions,
    },
}

impl<'a> ConvolutionForm<'a> {
    /// The options of its kernels, in order.
    pub(super) fn kernels(&self) -> Vec<&'a WeightOptions> {
        match *self {
            ConvolutionForm::Full { kernel, .. }
            | ConvolutionForm::Transposed { kernel, .. }
            | ConvolutionForm::Depthwise { kernel, .. } => vec![kernel],
            ConvolutionForm::Separable { depthwise, pointwise, .. } => vec![depthwise, pointwise],
        }
    }
}

/// A convolution over an input of a known shape.
pub(super) struct ConvolutionPlan {
    pub op: ConvolutionOp,
    pub grid: Grid,
    /// A transposed convolution's slides over its output.
    pub window: SlidingWindow,
    /// Channels of the output.
    pub filters: usize,
    pub groups: usize,
    pub multiplier: usize,
    /// What its positions see.
    pub seen: Selection,
    /// Shape, name and place in the file of each kernel.
    pub weights: Vec<(Vec<usize>, &'static str, Stored)>,
}

/// Which arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConvolutionOp {
    Full,
    Transposed,
    Depthwise,
    Separable,
}

impl ConvolutionPlan {
    /// The axes of the output.
    pub(super) fn output(&self) -> [usize; 3] {
        self.window.axes.map(|axis| match self.op {
            ConvolutionOp::Transposed => axis.input,
            _ => axis.output,
        })
    }
}

impl Convolution<'_> {
    /// The plan for an input, or what is wrong with the arguments or the input.
    pub(super) fn plan(&self, input: &Shape) -> Result<ConvolutionPlan, Problem> {
        let (layer, rank) = (self.layer, self.rank);
        let (filters, groups, multiplier) = match self.kind {
            ConvolutionForm::Full { filters, groups, .. } => (Some(filters), groups, 1),
            ConvolutionForm::Transposed { filters, .. } => (Some(filters), 1, 1),
            ConvolutionForm::Depthwise { multiplier, .. } => (None, 1, multiplier),
            ConvolutionForm::Separable { filters, multiplier, .. } => {
                (Some(filters), 1, multiplier)
            }
        };
        positive_count("filters", filters.unwrap_or(1))?;
        positive_count("depth_multiplier", multiplier)?;
        positive_count("groups", groups)?;
        let grid = Grid::of(layer, input, rank, self.data_format)?;
        let channels = grid.channels;
        divides("filters", filters.unwrap_or(groups), groups)?;
        divides("the input's channels", channels, groups)?;
        let window = self.window(&grid)?;

        let sizes = window.axes[3 - rank..].iter().map(|axis| axis.size);
        let shape = |a: usize, b: usize| sizes.clone().chain([a, b]).collect::<Vec<_>>();
        let full = Stored::kernel("weight", rank + 2);
        let (op, filters, weights) = match self.kind {
            ConvolutionForm::Full { filters, .. } => (
                ConvolutionOp::Full,
                filters,
                vec![(shape(channels / groups, filters), "kernel", full)],
            ),
            ConvolutionForm::Transposed { filters, .. } => (
                ConvolutionOp::Transposed,
                filters,
                vec![(shape(filters, channels), "kernel", full)],
            ),
            ConvolutionForm::Depthwise { .. } => {
                let filters = product(layer, channels, multiplier)?;
                let stored = Stored::Depthwise("weight".to_string());
                (
                    ConvolutionOp::Depthwise,
                    filters,
                    vec![(shape(channels, multiplier), "kernel", stored)],
                )
            }
            ConvolutionForm::Separable { filters, .. } => {
                let between = product(layer, channels, multiplier)?;
                let mut pointwise = vec![1; rank];
                pointwise.extend([between, filters]);
                let stored = Stored::Depthwise("depthwise.weight".to_string());
                let depthwise = (shape(channels, multiplier), "depthwise_kernel", stored);
                let stored = Stored::kernel("pointwise.weight", rank + 2);
                let weights = vec![depthwise, (pointwise, "pointwise_kernel", stored)];
                (ConvolutionOp::Separable, filters, weights)
            }
        };
        for (shape, ..) in &weights {
            fits(layer, shape)?;
        }
        if op == ConvolutionOp::Separable {
            let between = window.axes.map(|axis| axis.output);
            grid.shape(layer, between, channels * multiplier, self.data_format)?;
        }
        let seen = Selection::default();
        Ok(ConvolutionPlan { op, grid, window, filters, groups, multiplier, seen, weights })
    }

    fn window(&self, grid: &Grid) -> Result<SlidingWindow, Problem> {
        let rank = self.rank;
        let sizes = self.kernel_size.axes("kernel_size", rank, 1, 1)?;
        let strides = self.strides.axes("strides", rank, 1, 1)?;
        let dilations = self.dilation_rate.axes("dilation_rate", rank, 1, 1)?;
        let slides = [0, 1, 2].map(|axis| Slide {
            size: sizes[axis],
            stride: strides[axis],
            dilation: dilations[axis],
        });
        if rank > 1 || !matches!(self.kind, ConvolutionForm::Full { .. }) {
            not_causal(self.layer, self.padding)?;
        }
        let excludes =
            matches!(self.kind, ConvolutionForm::Full { .. } | ConvolutionForm::Transposed { .. });
        if excludes && strides.iter().any(|n| *n > 1) && dilations.iter().any(|n| *n > 1) {
            let message = format!(
                "`strides` above 1 can't be combined with `dilation_rate` above 1, got {} and {}",
                text(&strides[3 - rank..]),
                text(&dilations[3 - rank..])
            );
            return Err(Problem::at("dilation_rate", message).help("leave one of them at 1"));
        }
        let mut axes = [WindowAxis::NONE; 3];
        if let ConvolutionForm::Transposed { output_padding, .. } = self.kind {
            let paddings = match output_padding {
                Some(paddings) => paddings.axes("output_padding", rank, 0, 0)?.map(Some),
                None => [None; 3],
            };
            for axis in 3 - rank..3 {
                axes[axis] =
                    transposed(slides[axis], grid.axes[axis], self.padding, paddings[axis])?;
            }
        } else {
            for axis in 3 - rank..3 {
                axes[axis] = slides[axis].over("kernel_size", grid.axes[axis], self.padding)?;
            }
        }
        Ok(SlidingWindow { axes })
    }
}

/// The window that slides over the output of a transposed convolution, with a position for each
/// input. With r the kernel's reach, s the stride, p the output padding:
///
/// valid: `output = (input - 1) · s + r + p`, p being `max(r, s) - r` by default;
/// same: `output = input · s`, or with p `(input - 1) · s + r mod 2 + p`. What the first inputs
/// would add before the output is left out: `r - 1 - min(⌈t / 2⌉, r - 1)`, where `t = s + r - 2`,
/// or with p `r + r mod 2 - 2 + p`.
///
/// Source: Keras's `compute_conv_transpose_padding_args_for_jax`.
fn transposed(
    slide: Slide,
    input: usize,
    padding: Padding,
    output_padding: Option<usize>,
) -> Result<WindowAxis, Problem> {
    let (stride, reach) = (slide.stride, slide.reach());
    if let Some(padding) = output_padding
        && padding >= stride
    {
        let message =
            format!("`output_padding` must be less than `strides`, got {padding} and {stride}");
        return Err(Problem::at("output_padding", message));
    }
    let odd = reach % 2;
    let (output, before) = match (padding, output_padding) {
        (Padding::Same, None) => {
            let total = stride + reach - 2;
            (input.checked_mul(stride), reach - 1 - total.div_ceil(2).min(reach - 1))
        }
        (Padding::Same, Some(extra)) => {
            let total = reach + odd + extra - 2; // reach 1 is odd, so this is never below 0
            let output = (input - 1).checked_mul(stride).and_then(|n| n.checked_add(odd + extra));
            (output, reach - 1 - total.div_ceil(2).min(reach - 1))
        }
        (_, extra) => {
            let extra = extra.unwrap_or(reach.max(stride) - reach);
            let output = (input - 1).checked_mul(stride).and_then(|n| n.checked_add(reach + extra));
            (output, 0)
        }
    };
    match output {
        Some(0) => {
            let message = "with this `kernel_size` and `output_padding` the output would be empty";
            Err(Problem::at("output_padding", message).help("leave `output_padding` out"))
        }
        Some(output) => Ok(WindowAxis {
            input: output,
            output: input,
            size: slide.size,
            stride,
            dilation: slide.dilation,
            before,
        }),
        None => Err(Problem::at("strides", format!("`strides` of {stride} are too large"))),
    }
}

fn divides(what: &str, number: usize, groups: usize) -> Result<(), Problem> {
    if number.is_multiple_of(groups) {
        return Ok(());
    }
    let what = if what == "filters" { "`filters`" } else { what };
    let message = format!("{what} must be a multiple of `groups`, got {number} and {groups}");
    Err(Problem::at("groups", message))
}

/// `a · b`, checked against what a sample may hold.
fn product(layer: &str, a: usize, b: usize) -> Result<usize, Problem> {
    fits(layer, &[a, b]).map(|()| a * b)
}

/// `2` or `[2, 1]`.
fn text(numbers: &[usize]) -> String {
    match numbers {
        [n] => n.to_string(),
        numbers => format!("{numbers:?}"),
    }
}
