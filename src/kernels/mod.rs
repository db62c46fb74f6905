//! Kernels: layers as plain functions over slices, forward and backward, for CPU and f32.
//!
//! A [`Kernel`] is used twice. [`KernelModel`](crate::model::kernel_model::KernelModel) runs a whole model
//! of kernels over buffers that are kept, without a graph. [`apply_kernel`](crate::layers::apply_kernel)
//! wraps one as a candle custom op, so that it takes part in autograd beside any other layer. Beside
//! each kernel stands its reference, composed of candle ops, in the layer's `forward`: the
//! definition, and what runs on other devices. A test holds the two together.
//!
//! Results don't depend on the number of threads: work is split at fixed places, and what is
//! summed is summed in a fixed order.

pub mod activation;
pub mod affine;
pub mod augment;
pub mod batch_norm;
pub mod bidirectional;
pub mod broadcast;
pub mod conv;
pub mod conv_transpose;
pub mod dense;
pub mod depthwise;
pub mod dropout;
pub mod embedding;
mod few_rows;
mod folded;
mod fused;
pub mod group_norm;
mod kernel;
mod largest;
pub mod layer_norm;
pub mod masking;
pub mod matmul;
mod narrow;
pub mod p_re_lu;
mod panels;
pub mod parallel;
pub mod per_image;
pub mod pool;
pub mod pool_windows;
pub mod rearrange;
pub mod recurrent;
pub mod resample;
pub mod residual;
pub mod separable;
pub mod simd;
pub mod sliding;
pub mod small_matmul;
pub mod softmax;
mod tiles;
pub mod time_distributed;
mod turned;
pub mod unit_norm;
mod views;
pub mod window;

pub use folded::folded;
pub use fused::fused;
pub use kernel::{Backward, BoundKernel, FeatureScale, Kernel, OutputMask, Pass, Saved};
