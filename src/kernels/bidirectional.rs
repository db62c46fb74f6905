//! Bidirectional over slices: two recurrent kernels and the merging of their outputs.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::parallel;
use super::simd::vectorize;

/// How the outputs of the two directions are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeMode {
    /// Side by side on the last axis.
    Concat,
    /// `forward + backward`
    Sum,
    /// `forward · backward`
    Mul,
    /// `(forward + backward) / 2`
    Ave,
}

/// Weights: those of the forward kernel, then those of the backward kernel.
pub struct BidirectionalKernel {
    /// Over time as it is.
    pub forward: Arc<dyn Kernel>,
    /// Over time reversed.
    pub backward: Arc<dyn Kernel>,
    /// How many of the weights are the forward kernel's.
    pub forward_weights: usize,
    /// How the outputs are put together.
    pub merge: MergeMode,
    /// The time steps of the output; None where it is the last step alone.
    pub time: Option<usize>,
    /// The sizes of the two outputs at one step.
    pub units: [usize; 2],
}

impl Kernel for BidirectionalKernel {
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        saved.places(2);
        let mut inner = std::mem::take(&mut saved.inner);
        let [a, b] = saved.buffers(self.sizes(pass));
        let (first, second) = weights.split_at(self.forward_weights);
        let (saved_a, saved_b) = inner.split_at_mut(1);
        parallel::both(
            self.work(x),
            || self.forward.forward(pass, x, first, a, &mut saved_a[0]),
            || self.backward.forward(pass, x, second, b, &mut saved_b[0]),
        );
        saved.inner = inner;
        let [a, b] = saved.buffers(self.sizes(pass));
        let (a, b) = (&*a, &*b);
        let [width_a, width_b] = self.units;
        vectorize(
            #[inline(always)]
            || {
                for (row, y) in y.chunks_exact_mut(self.width()).enumerate() {
                    let a = &a[row * width_a..][..width_a];
                    let b = &b[self.turned(row) * width_b..][..width_b];
                    let pairs = y.iter_mut().zip(a).zip(b);
                    match self.merge {
                        MergeMode::Concat => {
                            y[..width_a].copy_from_slice(a);
                            y[width_a..].copy_from_slice(b);
                        }
                        MergeMode::Sum => pairs.for_each(|((y, a), b)| *y = a + b),
                        MergeMode::Mul => pairs.for_each(|((y, a), b)| *y = a * b),
                        MergeMode::Ave => pairs.for_each(|((y, a), b)| *y = (a + b) * 0.5),
                    }
                }
            },
        );
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, saved, mut dx, dweights, .. } = io;
        let mut inner = std::mem::take(&mut saved.inner);
        let [size_a, size_b] = self.sizes(pass);
        let other_dx = if dx.is_some() { x.len() } else { 0 };
        let [a, b, da, db, dx_b] = saved.buffers([size_a, size_b, size_a, size_b, other_dx]);
        let [width_a, width_b] = self.units;
        let (y_a, y_b) = (&*a, &*b);
        vectorize(
            #[inline(always)]
            || {
                for (row, dy) in dy.chunks_exact(self.width()).enumerate() {
                    let (start_a, start_b) = (row * width_a, self.turned(row) * width_b);
                    let da = &mut da[start_a..][..width_a];
                    let db = &mut db[start_b..][..width_b];
                    let (a, b) = (&y_a[start_a..][..width_a], &y_b[start_b..][..width_b]);
                    match self.merge {
                        MergeMode::Concat => {
                            da.copy_from_slice(&dy[..width_a]);
                            db.copy_from_slice(&dy[width_a..]);
                        }
                        MergeMode::Sum => {
                            da.copy_from_slice(dy);
                            db.copy_from_slice(dy);
                        }
                        MergeMode::Mul => {
                            da.iter_mut().zip(dy).zip(b).for_each(|((d, dy), b)| *d = dy * b);
                            db.iter_mut().zip(dy).zip(a).for_each(|((d, dy), a)| *d = dy * a);
                        }
                        MergeMode::Ave => {
                            da.iter_mut().zip(dy).for_each(|(d, dy)| *d = dy * 0.5);
                            db.iter_mut().zip(dy).for_each(|(d, dy)| *d = dy * 0.5);
                        }
                    }
                }
            },
        );
        let (first, second) = weights.split_at(self.forward_weights);
        let (dfirst, dsecond) = dweights.split_at_mut(self.forward_weights);
        let (mut dfirst, mut dsecond) = (each(dfirst), each(dsecond));
        let (saved_a, saved_b) = inner.split_at_mut(1);
        let dx_b = dx.as_ref().map(|_| &mut *dx_b);
        let of_forward = Backward {
            x,
            weights: first,
            y: a,
            dy: da,
            saved: &mut saved_a[0],
            dx: dx.as_deref_mut(),
            dweights: &mut dfirst[..first.len()],
            touched: None,
        };
        let of_backward = Backward {
            x,
            weights: second,
            y: b,
            dy: db,
            saved: &mut saved_b[0],
            dx: dx_b,
            dweights: &mut dsecond[..second.len()],
            touched: None,
        };
        parallel::both(
            2 * self.work(x),
            || self.forward.backward(pass, of_forward),
            || self.backward.backward(pass, of_backward),
        );
        saved.inner = inner;
        if let Some(dx) = dx {
            let dx_b = saved.buffer(4);
            dx.iter_mut().zip(dx_b).for_each(|(sum, dx)| *sum += dx);
        }
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        if self.time.is_some() { OutputMask::Same } else { OutputMask::Dropped }
    }

    fn samples_together(&self) -> usize {
        self.forward.samples_together().max(self.backward.samples_together())
    }
}

/// The same for a shorter while. A recurrent kernel has three weights at most.
fn each<'s>(dweights: &'s mut [Option<&mut [f32]>]) -> [Option<&'s mut [f32]>; 3] {
    let mut all = [None, None, None];
    for (to, dweight) in all.iter_mut().zip(dweights) {
        *to = dweight.as_deref_mut();
    }
    all
}

impl BidirectionalKernel {
    fn sizes(&self, pass: &Pass<'_>) -> [usize; 2] {
        self.units.map(|units| pass.batch * self.time.unwrap_or(1) * units)
    }

    /// At least so many multiplications: each input meets each unit.
    fn work(&self, x: &[f32]) -> usize {
        x.len() * (self.units[0] + self.units[1])
    }

    /// The size of the output at one step.
    fn width(&self) -> usize {
        match self.merge {
            MergeMode::Concat => self.units[0] + self.units[1],
            _ => self.units[0],
        }
    }

    /// The row of the backward kernel's output that belongs to a row of the forward kernel's: its
    /// steps come in the reversed order.
    fn turned(&self, row: usize) -> usize {
        match self.time {
            Some(steps) => row / steps * steps + (steps - 1 - row % steps),
            None => row,
        }
    }
}
