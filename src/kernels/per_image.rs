//! What the kernels of convolution share: a batch worked on image by image, bias and activation,
//! and the gradients of weights summed over images in an order that threads don't change.

use super::kernel::{Backward, Saved};
use super::largest::{gradient_of_max, max_of};
use super::matmul::SumStart;
use super::parallel::{chunks, chunks3};
use super::pool_windows::PoolWindows;
use super::simd::vectorize;
use crate::activations::Activation;

/// The sizes of a kernel's work on one image, and what comes after it.
pub struct PerImage<'a> {
    /// Numbers of an input image.
    pub input: usize,
    /// Numbers of an output image, before the pooling.
    pub output: usize,
    /// Channels of an output row.
    pub channels: usize,
    /// Scratch numbers that an image needs.
    pub scratch: usize,
    /// Multiplications of one image.
    pub work: usize,
    /// Activation function applied to the output.
    pub activation: &'a Activation,
    /// The max pooling after the activation, while the image is in the cache; see [`can_pool`].
    pub pooling: Option<&'a PoolWindows>,
}

/// Whether an image with an activation can be pooled while it is in the cache: of what is pooled nothing
/// is kept, so that the activation's gradient must follow from the largest numbers alone.
pub fn can_pool(activation: &Activation, windows: &PoolWindows) -> bool {
    let is_simple = !activation.needs_input() && !activation.is_over_several();
    is_simple && windows.sees_once() && windows.fits_bytes()
}

/// What the backward pass of one image reads and fills.
pub struct ImageGradients<'a> {
    /// The image.
    pub x: &'a [f32],
    /// The gradient of the output before the activation.
    pub dz: &'a [f32],
    /// Where the kernel's gradient is added; None where nobody needs it.
    pub dkernel: Option<&'a mut [f32]>,
    /// The gradient of the image, to be overwritten; None where nobody needs it.
    pub dx: Option<&'a mut [f32]>,
    /// What all images read.
    pub shared: &'a [f32],
    /// Scratch.
    pub scratch: &'a mut [f32],
}

/// Numbers that all images of a pass read: how many, and what fills them.
pub type SharedNumbers<'a> = (usize, &'a dyn Fn(&mut [f32]));

/// The most shares that the images of a batch are split into.
const SHARES: usize = 16;

/// The most numbers that the partial sums of a kernel's gradient may hold together.
const SUMS: usize = 1 << 22;

impl PerImage<'_> {
    /// Numbers of an image of the result.
    fn result(&self) -> usize {
        self.pooling.map_or(self.output, |pooling| pooling.positions() * self.channels)
    }

    /// Numbers of an image that are pooled at once.
    fn pooled(&self) -> usize {
        if self.pooling.is_some() { self.output } else { 0 }
    }

    /// `y = activation(each(x) + bias)`: `each(image, output, shared, scratch)` begins its sums with
    /// the bias.
    pub fn forward(
        &self,
        (x, bias): (&[f32], Option<&[f32]>),
        y: &mut [f32],
        saved: &mut Saved,
        (needed, fill): SharedNumbers<'_>,
        each: impl Fn(&[f32], (&mut [f32], SumStart<'_>), &[f32], &mut [f32]) + Send + Sync,
    ) {
        let images = x.len() / self.input;
        let share = images.div_ceil(SHARES).max(1);
        let scratch = (self.pooled() + self.scratch).max(1);
        let kept = self.activation.kept(y.len());
        let bytes = if self.pooling.is_some() { y.len() } else { 0 };
        let ([z, scratches, shared], largest) =
            saved.buffers_and_bytes([kept, images.div_ceil(share) * scratch, needed], bytes);
        fill(shared);
        let shared = &*shared;
        let (work, start) = (images * self.work, bias.map_or(SumStart::Zero, SumStart::Row));
        if let Some(pooling) = self.pooling {
            let result = self.result();
            let (y, largest) = ((y, share * result), Some((largest, share * result)));
            return chunks3(y, (scratches, scratch), largest, work, |i, y, scratch, largest| {
                let (whole, scratch) = scratch.split_at_mut(self.output);
                let x = x[i * share * self.input..].chunks_exact(self.input);
                let largest = largest.unwrap_or_default().chunks_exact_mut(result);
                for ((x, y), largest) in x.zip(y.chunks_exact_mut(result)).zip(largest) {
                    each(x, (&mut *whole, start), shared, scratch);
                    self.activation.apply(whole, self.channels);
                    max_of(pooling, whole, y, largest);
                }
            });
        }
        let z = if kept > 0 { Some((z, share * self.output)) } else { None };
        chunks3((y, share * self.output), (scratches, scratch), z, work, |i, y, scratch, z| {
            let x = &x[i * share * self.input..];
            for (x, y) in x.chunks_exact(self.input).zip(y.chunks_exact_mut(self.output)) {
                each(x, (&mut *y, start), shared, scratch);
                if z.is_none() {
                    self.activation.apply(y, self.channels);
                }
            }
            if let Some(z) = z {
                z.copy_from_slice(y);
                self.activation.apply(y, self.channels);
            }
        });
    }

    /// The gradients of kernel (weight 0), bias (weight 1) and input; `each` does those of one
    /// image.
    pub fn backward(
        &self,
        io: Backward<'_>,
        (needed, fill): SharedNumbers<'_>,
        each: impl Fn(ImageGradients<'_>) + Send + Sync,
    ) {
        let Backward { x, y, dy, saved, dx, dweights, .. } = io;
        let length = |weight: Option<&Option<&mut [f32]>>| {
            weight.and_then(Option::as_ref).map_or(0, |gradient| gradient.len())
        };
        let (kernel, bias) = (length(dweights.first()), length(dweights.get(1)));
        let images = x.len() / self.input;
        // fewer shares of a large kernel: each has sums of its own
        let shares = (SUMS / (kernel + bias).max(1)).clamp(2, SHARES);
        let share = images.div_ceil(shares).max(1);
        let (result, pooled) = (self.result(), self.pooled());
        let size = kernel + bias + pooled + self.scratch.max(1);
        let kept = self.activation.kept(y.len());
        let bytes = if self.pooling.is_some() { y.len() } else { 0 };
        let ([z, buffers, shared], largest) =
            saved.buffers_and_bytes([kept, images.div_ceil(share) * size, needed], bytes);
        let largest = &*largest;
        fill(shared);
        let shared = &*shared;
        let z = if kept > 0 { &*z } else { y };
        let dx = dx.map(|dx| (dx, share * self.input));
        let (dys, work) = ((dy, share * result), 2 * images * self.work);
        chunks3(dys, (&mut *buffers, size), dx, work, |i, dy, buffer, mut dx| {
            let (dkernel, rest) = buffer.split_at_mut(kernel);
            let (dbias, rest) = rest.split_at_mut(bias);
            let (whole, scratch) = rest.split_at_mut(pooled);
            dkernel.fill(0.0);
            dbias.fill(0.0);
            for (at, dy) in dy.chunks_exact_mut(result).enumerate() {
                let image = i * share + at;
                let part = image * result..(image + 1) * result;
                self.activation.gradient(&z[part.clone()], &y[part.clone()], dy, self.channels);
                let dz = match self.pooling {
                    None => &*dy,
                    Some(pooling) => {
                        gradient_of_max(pooling, dy, &largest[part], whole);
                        &*whole
                    }
                };
                if bias > 0 {
                    add_rows(dz, dbias);
                }
                each(ImageGradients {
                    x: &x[image * self.input..][..self.input],
                    dz,
                    dkernel: (kernel > 0).then_some(&mut *dkernel),
                    dx: dx.as_deref_mut().map(|dx| &mut dx[at * self.input..][..self.input]),
                    shared,
                    scratch,
                });
            }
        });
        let mut start = 0;
        for gradient in dweights.iter_mut().flatten() {
            let length = gradient.len();
            sum_shares(buffers, size, start, gradient);
            start += length;
        }
    }
}

/// Adds the rows of `rows` to `sum`.
pub fn add_rows(rows: &[f32], sum: &mut [f32]) {
    vectorize(move || {
        for row in rows.chunks_exact(sum.len()) {
            sum.iter_mut().zip(row).for_each(|(sum, row)| *sum += row);
        }
    });
}

/// `total = Σ buffer[start..]` over buffers of `size` numbers, the first first.
fn sum_shares(buffers: &[f32], size: usize, start: usize, total: &mut [f32]) {
    const PIECE: usize = 1 << 14;
    let work = buffers.len() / size.max(1) * total.len();
    chunks(total, PIECE, work, |piece, total| {
        let start = start + piece * PIECE;
        total.fill(0.0);
        vectorize(move || {
            for buffer in buffers.chunks_exact(size) {
                let part = &buffer[start..start + total.len()];
                total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
            }
        });
    });
}
