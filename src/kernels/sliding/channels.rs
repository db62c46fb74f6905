//! A depthwise convolution's three products, of one image.

use pulp::Arch;

use super::channelwise::{MultiplyChannels, OuterChannels};
use super::sight::{self, InputsSeen, Sight, ZeroBorder};
use crate::kernels::matmul::SumStart;
use crate::kernels::window::SlidingWindow;

/// The products of a depthwise convolution with a kernel of (taps…, channels), image by image.
pub struct SlidingChannels {
    channels: usize,
    padding: ZeroBorder,
    forward: Sight,
    back_padding: ZeroBorder,
    /// One for each phase.
    backward: Vec<Sight>,
    /// Whether the phases are all inputs.
    seen: InputsSeen,
}

impl SlidingChannels {
    /// The products of a window over images of `channels`.
    pub fn new(window: &SlidingWindow, channels: usize) -> Self {
        let (padding, forward) = sight::forward(window, channels, channels);
        let (back_padding, backward) = sight::backward(window, channels, channels);
        let seen = InputsSeen::of(window, &backward);
        SlidingChannels { channels, padding, forward, back_padding, backward, seen }
    }

    /// Numbers of scratch that any of the products needs.
    pub fn scratch(&self) -> usize {
        self.padding.scratch(self.channels).max(self.back_padding.scratch(self.channels))
    }

    /// `y = start + image ∗ kernel`, channel by channel.
    pub fn product(
        &self,
        image: &[f32],
        kernel: &[f32],
        (y, start): (&mut [f32], SumStart<'_>),
        scratch: &mut [f32],
    ) {
        let x = self.padding.pad(image, self.channels, scratch);
        let (sight, channels) = (&self.forward, self.channels);
        Arch::new().dispatch(MultiplyChannels { x, sight, channels, kernel, start, y });
    }

    /// `image = start + y ∗ kernelᵀ`: for each input the sum over the positions that see it.
    pub fn transposed_product(
        &self,
        y: &[f32],
        kernel: &[f32],
        (image, start): (&mut [f32], SumStart<'_>),
        scratch: &mut [f32],
    ) {
        let start = self.seen.start(image, self.channels, start);
        let x = self.back_padding.pad(y, self.channels, scratch);
        let channels = self.channels;
        for sight in &self.backward {
            let y = &mut *image;
            Arch::new().dispatch(MultiplyChannels { x, sight, channels, kernel, start, y });
        }
    }

    /// `kernel += imageᵀ ∗ y`: for each tap and channel the sum over all positions.
    pub fn add_gradient(&self, image: &[f32], y: &[f32], kernel: &mut [f32], scratch: &mut [f32]) {
        let x = self.padding.pad(image, self.channels, scratch);
        let (sight, channels) = (&self.forward, self.channels);
        Arch::new().dispatch(OuterChannels { x, sight, channels, d: y, kernel });
    }
}
