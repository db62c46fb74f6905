//! What layers over space and time share: arguments for one to three axes, padding, where the
//! channels stand, and the checks of both against the input.

mod arguments;
mod selection;
#[cfg(test)]
mod tests;

use candle_core::Tensor;

pub use arguments::{DataFormat, Margin, Margins, Padding, PerAxis};
pub(super) use selection::{Selection, select};

use crate::error::{Problem, Result};
use crate::kernels::window::WindowAxis;
use crate::limits::MOST_NUMBERS;
use crate::shape::Shape;

/// A sample of an image, a sequence or a volume: its axes, the first of three filled with 1, and
/// its channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub rank: usize,
    pub axes: [usize; 3],
    pub channels: usize,
}

impl Grid {
    /// The grid of an input, or what is wrong with it.
    pub(super) fn of(
        layer: &str,
        input: &Shape,
        rank: usize,
        format: DataFormat,
    ) -> Result<Grid, Problem> {
        let names = ["steps", "height, width", "depth, height, width"][rank - 1];
        if input.rank() != rank + 1 {
            let wanted = match format {
                DataFormat::ChannelsLast => format!("(None, {names}, channels)"),
                DataFormat::ChannelsFirst => format!("(None, channels, {names})"),
            };
            return Err(Problem::at("", format!("{layer} takes an input {wanted}, got {input}"))
                .help("a `reshape` before it gives the input another shape"));
        }
        if input.dims().contains(&0) {
            return Err(Problem::at("", format!("{layer} needs axes of at least 1, got {input}")));
        }
        fits(layer, input.dims())?;
        let dims = format.dims_last(input.dims());
        let mut axes = [1; 3];
        axes[3 - rank..].copy_from_slice(&dims[..rank]);
        Ok(Grid { rank, axes, channels: dims[rank] })
    }

    /// The shape of a sample with other axes and channels.
    pub(super) fn shape(
        &self,
        layer: &str,
        axes: [usize; 3],
        channels: usize,
        format: DataFormat,
    ) -> Result<Shape, Problem> {
        let mut dims = axes[3 - self.rank..].to_vec();
        dims.push(channels);
        fits(layer, &dims)?;
        Ok(Shape(format.dims_back(&dims)))
    }
}

/// A problem where the axes hold more numbers than can be counted in 32 bits.
pub(super) fn fits(layer: &str, dims: &[usize]) -> Result<(), Problem> {
    let numbers = dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
    if numbers.is_some_and(|n| n <= MOST_NUMBERS) {
        return Ok(());
    }
    let shape = Shape(dims.to_vec());
    let message = format!(
        "{layer} can hold at most {MOST_NUMBERS} numbers in a sample or a weight, got {shape}"
    );
    Err(Problem::at("", message))
}

/// A window that slides over one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slide {
    pub size: usize,
    pub stride: usize,
    pub dilation: usize,
}

impl Slide {
    /// How far the window reaches: `(size - 1) · dilation + 1`.
    pub(super) fn reach(&self) -> usize {
        (self.size - 1) * self.dilation + 1 // arguments are below 2^31
    }

    /// The window over an axis of length `input`; `key` names the window's size.
    ///
    /// valid: `output = ⌊(input - reach) / stride⌋ + 1`; same: `output = ⌈input / stride⌉`, what
    /// is missing split evenly, the odd one at the end; causal: everything missing before.
    pub(super) fn over(
        &self,
        key: &str,
        input: usize,
        padding: Padding,
    ) -> Result<WindowAxis, Problem> {
        let Slide { size, stride, dilation } = *self;
        let reach = self.reach();
        let (output, before) = match padding {
            Padding::Valid if reach > input => {
                let message = format!(
                    "`{key}` reaches over {reach} but the input's axis has {input} with \
                     `padding: valid`"
                );
                let help = "take a smaller window, or `padding: same`";
                return Err(Problem::at(key, message).help(help));
            }
            Padding::Valid => ((input - reach) / stride + 1, 0),
            Padding::Causal => ((input - 1) / stride + 1, reach - 1),
            Padding::Same => {
                let output = input.div_ceil(stride);
                let missing = ((output - 1) * stride + reach).saturating_sub(input);
                (output, missing / 2)
            }
        };
        Ok(WindowAxis { input, output, size, stride, dilation, before })
    }
}

/// `causal` is for layers over time that look back.
pub(super) fn not_causal(layer: &str, padding: Padding) -> Result<(), Problem> {
    if padding == Padding::Causal {
        let message = format!("`padding: causal` is for conv1d; {layer} takes `valid` or `same`");
        return Err(Problem::at("padding", message).help("use `padding: same` or `padding: valid`"));
    }
    Ok(())
}

/// (batch, axes…, channels) as (batch, positions, channels), whatever the format.
pub(super) fn flat(x: &Tensor, format: DataFormat) -> Result<Tensor> {
    let x = format.tensor_last(x)?;
    let (batch, channels) = (x.dim(0)?, x.dim(x.rank() - 1)?);
    Ok(x.reshape((batch, (), channels))?)
}

/// (batch, positions, channels) as (batch, axes…, channels) or as the format wants it.
pub(super) fn unflat(
    y: &Tensor,
    rank: usize,
    axes: [usize; 3],
    format: DataFormat,
) -> Result<Tensor> {
    let mut dims = vec![y.dim(0)?];
    dims.extend(&axes[3 - rank..]);
    dims.push(y.dim(2)?);
    format.tensor_back(&y.reshape(dims)?)
}
