//! Layers over space as the exporters see them: the same for one, two and three axes.

use super::portable::PortableLayer;
use crate::activations::Activation;
use crate::error::Result;
use crate::layers::{
    AveragePooling1D, AveragePooling2D, AveragePooling3D, Conv1D, Conv1DTranspose, Conv2D,
    Conv2DTranspose, Conv3D, Conv3DTranspose, DepthwiseConv1D, DepthwiseConv2D, Margin, Margins,
    MaxPooling1D, MaxPooling2D, MaxPooling3D, Padding, PerAxis, SeparableConv1D, SeparableConv2D,
};

/// A convolution of any kind.
pub(super) struct ConvolutionView<'a> {
    pub(super) kind: ConvolutionVariant<'a>,
    pub(super) kernel_size: &'a PerAxis,
    pub(super) strides: &'a PerAxis,
    pub(super) dilation_rate: &'a PerAxis,
    pub(super) padding: Padding,
    pub(super) activation: &'a Activation,
    pub(super) use_bias: bool,
}

/// The kinds of convolution and the arguments that are theirs alone.
#[derive(Clone, Copy)]
pub(super) enum ConvolutionVariant<'a> {
    Full { groups: usize },
    Depthwise,
    Separable { depth_multiplier: usize },
    Transposed { output_padding: Option<&'a PerAxis> },
}

/// A maximum or a mean over windows.
pub(super) struct PoolView<'a> {
    pub(super) is_max: bool,
    pub(super) pool_size: &'a PerAxis,
    pub(super) strides: Option<&'a PerAxis>,
    pub(super) padding: Padding,
}

macro_rules! convolutions {
    ($($layer:ident, $conv:ident => $kind:expr;)*) => {$(
        impl<'a> From<&'a $layer> for ConvolutionView<'a> {
            fn from($conv: &'a $layer) -> Self {
                ConvolutionView {
                    kind: $kind,
                    kernel_size: &$conv.kernel_size,
                    strides: &$conv.strides,
                    dilation_rate: &$conv.dilation_rate,
                    padding: $conv.padding,
                    activation: &$conv.activation,
                    use_bias: $conv.use_bias,
                }
            }
        }
    )*};
}

convolutions! {
    Conv1D, conv => ConvolutionVariant::Full { groups: conv.groups };
    Conv2D, conv => ConvolutionVariant::Full { groups: conv.groups };
    Conv3D, conv => ConvolutionVariant::Full { groups: conv.groups };
    DepthwiseConv1D, conv => ConvolutionVariant::Depthwise;
    DepthwiseConv2D, conv => ConvolutionVariant::Depthwise;
    SeparableConv1D, conv => ConvolutionVariant::Separable { depth_multiplier: conv.depth_multiplier };
    SeparableConv2D, conv => ConvolutionVariant::Separable { depth_multiplier: conv.depth_multiplier };
    Conv1DTranspose, conv => ConvolutionVariant::Transposed { output_padding: conv.output_padding.as_ref() };
    Conv2DTranspose, conv => ConvolutionVariant::Transposed { output_padding: conv.output_padding.as_ref() };
    Conv3DTranspose, conv => ConvolutionVariant::Transposed { output_padding: conv.output_padding.as_ref() };
}

macro_rules! pools {
    ($($layer:ident, $is_max:literal;)*) => {$(
        impl<'a> From<&'a $layer> for PoolView<'a> {
            fn from(pool: &'a $layer) -> Self {
                PoolView {
                    is_max: $is_max,
                    pool_size: &pool.pool_size,
                    strides: pool.strides.as_ref(),
                    padding: pool.padding,
                }
            }
        }
    )*};
}

pools! {
    MaxPooling1D, true;
    MaxPooling2D, true;
    MaxPooling3D, true;
    AveragePooling1D, false;
    AveragePooling2D, false;
    AveragePooling3D, false;
}

/// How a window slides: sizes for each axis of the space.
pub(super) struct Slides {
    pub(super) size: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilation: Vec<usize>,
    /// From the first place of the window to the last.
    pub(super) reach: Vec<usize>,
    padding: Padding,
}

impl ConvolutionView<'_> {
    pub(super) fn slides(&self, rank: usize) -> Slides {
        let dilation = sizes(self.dilation_rate, rank);
        Slides::new(
            sizes(self.kernel_size, rank),
            sizes(self.strides, rank),
            dilation,
            self.padding,
        )
    }

    /// What a transposed convolution leaves out at both ends of each axis: the full scatter of n
    /// inputs is (n-1)·s + ke long, and Keras cuts it at both ends to its output. Less than nothing
    /// at the end is what must be added there.
    pub(super) fn cuts(
        &self,
        slides: &Slides,
        input: &[usize],
        output: &[usize],
    ) -> Vec<(i64, i64)> {
        let given = match self.kind {
            ConvolutionVariant::Transposed { output_padding } => {
                output_padding.map(|padding| sizes(padding, input.len()))
            }
            _ => None,
        };
        let cut = |axis: usize| {
            let (s, ke) = (slides.strides[axis] as i64, slides.reach[axis] as i64);
            let start = if self.padding == Padding::Same {
                let total = match &given {
                    None => s + ke - 2,
                    Some(given) => ke + ke % 2 - 2 + given[axis] as i64,
                };
                ke - 1 - (total + 1).div_euclid(2).min(ke - 1)
            } else {
                0
            };
            (start, (input[axis] as i64 - 1) * s + ke - start - output[axis] as i64)
        };
        (0..input.len()).map(cut).collect()
    }
}

impl PoolView<'_> {
    pub(super) fn slides(&self, rank: usize) -> Slides {
        let size = sizes(self.pool_size, rank);
        let strides = self.strides.map_or_else(|| size.clone(), |strides| sizes(strides, rank));
        Slides::new(size, strides, vec![1; rank], self.padding)
    }
}

impl Slides {
    fn new(
        size: Vec<usize>,
        strides: Vec<usize>,
        dilation: Vec<usize>,
        padding: Padding,
    ) -> Slides {
        let reach = size.iter().zip(&dilation).map(|(k, d)| k.saturating_sub(1) * d + 1).collect();
        Slides { size, strides, dilation, reach, padding }
    }

    /// What is put before and after each axis of `input`: the odd place of `same` goes to the end.
    pub(super) fn pads(&self, input: &[usize]) -> Vec<(i64, i64)> {
        let axes = input.iter().zip(&self.reach).zip(&self.strides);
        axes.map(|((n, k), s)| match self.padding {
            Padding::Valid => (0, 0),
            Padding::Same => {
                let out = n.div_ceil(*s).saturating_sub(1);
                let total = (out * s + k).saturating_sub(*n) as i64;
                (total / 2, total - total / 2)
            }
            Padding::Causal => (*k as i64 - 1, 0),
        })
        .collect()
    }
}

/// One size for each axis of the space.
pub(super) fn sizes(sizes: &PerAxis, rank: usize) -> Vec<usize> {
    match sizes {
        PerAxis::All(size) => vec![*size; rank],
        PerAxis::Each(sizes) => sizes.clone(),
    }
}

/// Before and after, for each axis of the space.
pub(super) fn margins(layer: &PortableLayer, margins: &Margins) -> Result<Vec<(i64, i64)>> {
    let rank = layer.input.len().saturating_sub(1);
    match margins {
        Margins::All(n) => Ok(vec![(*n as i64, *n as i64); rank]),
        Margins::Each(each) => match each[..] {
            [Margin::Both(before), Margin::Both(after)] if rank == 1 => {
                Ok(vec![(before as i64, after as i64)])
            }
            _ if each.len() == rank => Ok(each
                .iter()
                .map(|margin| match *margin {
                    Margin::Both(n) => (n as i64, n as i64),
                    Margin::Ends(before, after) => (before as i64, after as i64),
                })
                .collect()),
            _ => Err(layer.refuse(format!("{margins:?} doesn't fit {rank} axes"))),
        },
    }
}
