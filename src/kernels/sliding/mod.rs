//! Convolutions without im2col: sums over what a window sees, read where the image holds it.
//!
//! `sight` is the geometry: where each position's view begins, and how far its taps are from there.
//! `tiles` and `narrow`, beside this room, and `channelwise` are the loops, sums in registers; `panels`
//! packs the kernel as they read it. [`SlidingProduct`] and [`SlidingChannels`] put geometry and loops
//! together, for a convolution and for a depthwise one, forward and backward, image by image.

mod channels;
mod channelwise;
mod product;
mod sight;

pub use channels::SlidingChannels;
pub use product::SlidingProduct;

#[cfg(test)]
mod tests;
