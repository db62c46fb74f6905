//! What layers of pooling do: the largest number or the mean of what each output sees.

use std::ops::Range;
use std::sync::OnceLock;

use candle_core::Tensor;

use crate::error::{Problem, Result};
use crate::gpu::{self, RowLists};
use crate::kernels::BoundKernel;
use crate::kernels::pool::{PoolKernel, Pooling};
use crate::kernels::pool_windows::PoolWindows;
use crate::kernels::window::WindowAxis;
use crate::layers::layer::{Context, Forward, Signal, checked};
use crate::layers::spatial::{self, DataFormat, Grid, Padding, PerAxis, Slide, not_causal};
use crate::shape::Shape;
use crate::weights::Scope;

/// A layer of pooling, as its configuration says.
pub(super) struct Pool<'a> {
    /// Its name in messages.
    pub layer: &'static str,
    pub rank: usize,
    pub pooling: Pooling,
    pub seen: Seen<'a>,
    pub format: DataFormat,
}

/// What each output sees.
pub(super) enum Seen<'a> {
    Window { size: &'a PerAxis, strides: &'a Option<PerAxis>, padding: Padding },
    Everything { keepdims: bool },
    Adaptive { output_size: &'a PerAxis },
}

/// What the outputs along one axis see.
#[derive(Clone, Copy)]
enum PooledAxis {
    Window(WindowAxis),
    /// Output i of n sees `⌊i · length / n⌋ .. ⌈(i + 1) · length / n⌉`.
    Even {
        length: usize,
        outputs: usize,
    },
}

impl PooledAxis {
    fn outputs(self) -> usize {
        match self {
            PooledAxis::Window(axis) => axis.output,
            PooledAxis::Even { outputs, .. } => outputs,
        }
    }

    fn ranges(self) -> Vec<Range<usize>> {
        let range = |i: usize| match self {
            PooledAxis::Window(axis) => {
                let taps = axis.taps(i);
                axis.source(i, taps.start)..axis.source(i, taps.end)
            }
            PooledAxis::Even { length, outputs } => {
                i * length / outputs..((i + 1) * length).div_ceil(outputs)
            }
        };
        (0..self.outputs()).map(range).collect()
    }
}

impl Pool<'_> {
    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let (grid, axes) = self.plan(input)?;
        if let Seen::Everything { keepdims: false } = self.seen {
            return Ok(Shape(vec![grid.channels]));
        }
        grid.shape(self.layer, axes.map(PooledAxis::outputs), grid.channels, self.format)
    }

    pub(super) fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let (grid, axes) = checked(self.plan(input))?;
        let windows = PoolWindows {
            input: grid.axes,
            ranges: axes.map(PooledAxis::ranges),
            channels: grid.channels,
        };
        let kernel = PoolKernel { windows, pooling: self.pooling };
        let flat = matches!(self.seen, Seen::Everything { keepdims: false });
        let (rank, format) = (self.rank, self.format);
        Ok(Box::new(PoolForward { kernel, rank, flat, format, seen: OnceLock::new() }))
    }

    fn plan(&self, input: &Shape) -> Result<(Grid, [PooledAxis; 3]), Problem> {
        let (layer, rank) = (self.layer, self.rank);
        let along = |axes: [WindowAxis; 3]| axes.map(PooledAxis::Window);
        let (grid, axes);
        match self.seen {
            Seen::Window { size, strides, padding } => {
                let sizes = size.axes("pool_size", rank, 1, 1)?;
                let strides = match strides {
                    Some(strides) => strides.axes("strides", rank, 1, 1)?,
                    None => sizes,
                };
                not_causal(layer, padding)?;
                grid = Grid::of(layer, input, rank, self.format)?;
                let mut windows = [WindowAxis::NONE; 3];
                for axis in 3 - rank..3 {
                    let slide = Slide { size: sizes[axis], stride: strides[axis], dilation: 1 };
                    windows[axis] = slide.over("pool_size", grid.axes[axis], padding)?;
                }
                axes = along(windows);
            }
            Seen::Everything { .. } => {
                grid = Grid::of(layer, input, rank, self.format)?;
                axes = grid.axes.map(|length| PooledAxis::Even { length, outputs: 1 });
            }
            Seen::Adaptive { output_size } => {
                let outputs = output_size.axes("output_size", rank, 1, 1)?;
                grid = Grid::of(layer, input, rank, self.format)?;
                axes = [0, 1, 2].map(|axis| PooledAxis::Even {
                    length: grid.axes[axis],
                    outputs: outputs[axis],
                });
            }
        }
        Ok((grid, axes))
    }
}

struct PoolForward {
    kernel: PoolKernel,
    rank: usize,
    /// The output has no axes but the channels.
    flat: bool,
    format: DataFormat,
    seen: OnceLock<SeenInputs>,
}

/// What the positions see, in tensors.
struct SeenInputs {
    /// The most inputs that a position sees.
    taps: usize,
    /// Position after position: (positions · taps,).
    inputs: Tensor,
    /// The part of each input in a mean: (positions, taps, 1).
    parts: Tensor,
    /// For the device's programs.
    lists: Option<RowLists>,
}

impl Forward for PoolForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = spatial::flat(&input.tensor, self.format)?; // (batch, inputs, channels)
        let y = match (&input.mask, self.kernel.pooling) {
            (Some(mask), Pooling::MaskedAverage) => masked_mean(&x, mask)?,
            _ => self.pool(&x)?,
        }; // (batch, positions, channels)
        if self.flat {
            return Ok(Signal::new(y.squeeze(1)?));
        }
        let axes = [0, 1, 2].map(|axis| self.kernel.windows.ranges[axis].len());
        Ok(Signal::new(spatial::unflat(&y, self.rank, axes, self.format)?))
    }

    fn computes_in_bf16(&self) -> bool {
        self.kernel.pooling == Pooling::Max // a mean would be summed in it
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        match self.format {
            DataFormat::ChannelsLast => Some(BoundKernel::new(self.kernel.clone(), Vec::new())),
            DataFormat::ChannelsFirst => None,
        }
    }
}

impl PoolForward {
    /// x (batch, inputs, channels) to (batch, positions, channels).
    fn pool(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, _, channels) = x.dims3()?;
        let seen = match self.seen.get() {
            Some(seen) => seen,
            None => {
                let seen = SeenInputs::of(&self.kernel.windows, x)?;
                self.seen.get_or_init(|| seen)
            }
        };
        let is_max = self.kernel.pooling == Pooling::Max;
        let SeenInputs { taps, inputs, parts, lists } = seen;
        if let Some(lists) = lists.as_ref().filter(|_| gpu::rows_takes(x)) {
            if is_max {
                return Ok(gpu::largest_row(lists, x)?);
            }
            return Ok(gpu::add_rows(lists, x)?.broadcast_mul(&parts.narrow(1, 0, 1)?.squeeze(1)?)?);
        }
        let seen = x.contiguous()?.index_select(inputs, 1)?;
        let seen = seen.reshape((batch, self.kernel.windows.positions(), *taps, channels))?;
        if is_max {
            let largest = seen.argmax_keepdim(2)?; // the first of those that are equal
            return Ok(seen.gather(&largest.contiguous()?, 2)?.squeeze(2)?);
        }
        Ok(seen.broadcast_mul(&parts.to_dtype(x.dtype())?)?.sum(2)?)
    }
}

impl SeenInputs {
    fn of(windows: &PoolWindows, x: &Tensor) -> Result<SeenInputs> {
        let (positions, count) = (windows.positions(), x.dim(1)?);
        let mut seen: Vec<Vec<u32>> = Vec::with_capacity(positions);
        windows.each_position(|_, inputs| seen.push(inputs.map(|input| input as u32).collect()));
        let taps = seen.iter().map(Vec::len).max().unwrap_or(1);
        let mut parts = Vec::with_capacity(positions * taps);
        let lists = || RowLists::of(&seen, count, x.device());
        let lists = gpu::rows_takes(x).then(lists).transpose()?;
        for seen in &mut seen {
            let count = seen.len();
            parts.extend((0..taps).map(|tap| if tap < count { 1.0 / count as f64 } else { 0.0 }));
            seen.resize(taps, seen[0]); // shorter ranges are filled with their first input
        }
        let inputs = Tensor::from_vec(seen.concat(), positions * taps, x.device())?;
        let parts = Tensor::from_vec(parts, (positions, taps, 1), x.device())?;
        Ok(SeenInputs { taps, inputs, parts: parts.to_dtype(x.dtype())?, lists })
    }
}

/// The mean over the steps of x (batch, steps, channels) that the mask (batch, steps) lets count.
fn masked_mean(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mask = mask.to_dtype(x.dtype())?.unsqueeze(2)?; // (batch, steps, 1)
    let steps = mask.sum_keepdim(1)?.maximum(1.0)?; // (batch, 1, 1)
    let counts = mask.ne(0.0)?.broadcast_as(x.dims())?.contiguous()?;
    let sum = counts.where_cond(x, &x.zeros_like()?)?.sum_keepdim(1)?; // (batch, 1, channels)
    Ok(sum.broadcast_div(&steps)?)
}
