//! Padding, cropping and upsampling over one to three axes. Each family's file holds its
//! configurations; what they do is here: along each axis an output is made of a few inputs.

mod cropping;
mod interpolation;
mod up_sampling;
mod zero_padding;

pub use cropping::{Cropping, Cropping1D, Cropping2D, Cropping3D};
pub use interpolation::Interpolation;
pub use up_sampling::{UpSampling, UpSampling1D, UpSampling2D, UpSampling3D};
pub use zero_padding::{ZeroPadding, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D};

use candle_core::Tensor;

use super::spatial::{self, DataFormat, Grid};
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::resample::{Parts, ResampleKernel};
use crate::layers::layer::{Context, Forward, Signal, checked};
use crate::shape::Shape;
use crate::weights::Scope;

/// A layer of this family, as its configuration says; the arguments have been read for three axes,
/// of which those that aren't there are left as they are.
struct Resample {
    /// Its name in messages.
    layer: &'static str,
    rank: usize,
    /// Or what is wrong with the arguments.
    axes: Result<[ResampledAxis; 3], Problem>,
    format: DataFormat,
}

/// What happens along one axis.
#[derive(Clone, Copy)]
enum ResampledAxis {
    /// Zeros before and after.
    Pad(usize, usize),
    /// Some left out before and after.
    Crop(usize, usize),
    /// Each number repeated this many times.
    Repeat(usize),
    /// This many times as long, interpolated.
    Interpolate(usize, Interpolation),
}

impl ResampledAxis {
    /// How long an axis becomes; None where that can't be counted.
    fn output(self, length: usize) -> Option<usize> {
        match self {
            ResampledAxis::Pad(before, after) => length.checked_add(before)?.checked_add(after),
            ResampledAxis::Crop(before, after) => Some(length.saturating_sub(before + after)),
            ResampledAxis::Repeat(times) | ResampledAxis::Interpolate(times, _) => {
                length.checked_mul(times)
            }
        }
    }

    /// What the outputs along an axis are made of.
    fn parts(self, length: usize) -> Parts {
        let one = |input: usize| vec![(input, 1.0)];
        match self {
            ResampledAxis::Pad(before, after) => {
                let nothing = |n| std::iter::repeat_n(Vec::new(), n);
                nothing(before).chain((0..length).map(one)).chain(nothing(after)).collect()
            }
            ResampledAxis::Crop(before, after) => (before..length - after).map(one).collect(),
            ResampledAxis::Repeat(times) => (0..length * times).map(|i| one(i / times)).collect(),
            ResampledAxis::Interpolate(times, how) => how.parts(length, length * times),
        }
    }
}

impl Resample {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let axes = self.axes.clone()?;
        let grid = Grid::of(self.layer, input, self.rank, self.format)?;
        let mut output = [1; 3];
        for axis in 3 - self.rank..3 {
            let length = grid.axes[axis];
            output[axis] = axes[axis].output(length).unwrap_or(usize::MAX);
            if let (ResampledAxis::Crop(before, after), 0) = (axes[axis], output[axis]) {
                let message = format!(
                    "`cropping` must leave at least 1 of each axis, got {before} and {after} of \
                     {length}"
                );
                return Err(Problem::at("cropping", message).help("crop less"));
            }
        }
        grid.shape(self.layer, output, grid.channels, self.format)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = checked(self.axes.clone())?;
        let grid = checked(Grid::of(self.layer, input, self.rank, self.format))?;
        let axes = [0, 1, 2].map(|axis| axes[axis].parts(grid.axes[axis]));
        let kernel = ResampleKernel { input: grid.axes, axes, channels: grid.channels };
        Ok(Box::new(ResampleForward { kernel, rank: self.rank, format: self.format }))
    }
}

struct ResampleForward {
    kernel: ResampleKernel,
    rank: usize,
    format: DataFormat,
}

impl Forward for ResampleForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = spatial::flat(&input.tensor, self.format)?; // (batch, inputs, channels)
        let y = resample(&self.kernel, &x)?; // (batch, outputs, channels)
        Ok(Signal::new(spatial::unflat(&y, self.rank, self.kernel.output(), self.format)?))
    }

    fn computes_in_bf16(&self) -> bool {
        self.kernel.axes.iter().flatten().all(|parts| parts.len() <= 1) // nothing is added up
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        match self.format {
            DataFormat::ChannelsLast => Some(BoundKernel::new(self.kernel.clone(), Vec::new())),
            DataFormat::ChannelsFirst => None,
        }
    }
}

/// x (batch, inputs, channels) to (batch, outputs, channels): one axis after the other, each as a
/// sum of selections.
fn resample(kernel: &ResampleKernel, x: &Tensor) -> Result<Tensor> {
    let (batch, _, channels) = x.dims3()?;
    let mut lengths = kernel.input;
    let mut x = x.clone();
    for (axis, parts) in kernel.axes.iter().enumerate() {
        let before: usize = lengths[..axis].iter().product();
        let after: usize = lengths[axis + 1..].iter().product();
        x = x.reshape((batch * before, lengths[axis], after * channels))?;
        x = along(&x, parts)?;
        lengths[axis] = parts.len();
    }
    Ok(x.reshape((batch, (), channels))?)
}

/// x (rows, inputs, numbers) to (rows, outputs, numbers).
fn along(x: &Tensor, parts: &Parts) -> Result<Tensor> {
    let (_, inputs, _) = x.dims3()?;
    let most = parts.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut sum: Option<Tensor> = None;
    for at in 0..most {
        let part = |parts: &Vec<(usize, f32)>| parts.get(at).copied().unwrap_or((inputs, 0.0));
        let sources = parts.iter().map(|parts| part(parts).0 as u32).collect();
        let mut y = spatial::select(x, sources)?;
        if parts.iter().flatten().any(|(_, part)| *part != 1.0) {
            let shares: Vec<f32> = parts.iter().map(|parts| part(parts).1).collect();
            let shares = Tensor::from_vec(shares, (parts.len(), 1), x.device())?;
            y = y.broadcast_mul(&shares.to_dtype(x.dtype())?)?;
        }
        sum = Some(match sum {
            Some(sum) => (sum + y)?,
            None => y,
        });
    }
    Ok(sum.unwrap_or_else(|| x.clone()))
}
