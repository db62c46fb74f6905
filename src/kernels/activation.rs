//! An activation by itself, over slices.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::parallel;
use crate::activations::Activation;

/// `y = activation(x)`, rows of the last axis.
pub struct ActivationKernel {
    /// The function; must have slice functions.
    pub activation: Activation,
    /// The size of the last axis.
    pub width: usize,
}

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 12;

impl ActivationKernel {
    /// Numbers of whole rows.
    fn piece(&self) -> usize {
        (PIECE / self.width.max(1)).max(1) * self.width.max(1)
    }
}

impl Kernel for ActivationKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        let (piece, work) = (self.piece(), self.activation.work(x.len()));
        parallel::chunks(y, piece, work, |index, y| {
            y.copy_from_slice(&x[index * piece..][..y.len()]);
            self.activation.apply(y, self.width);
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        let (piece, work, dy) = (self.piece(), self.activation.work(dx.len()), &*io.dy);
        parallel::chunks(dx, piece, work, |index, dx| {
            let part = index * piece..index * piece + dx.len();
            dx.copy_from_slice(&dy[part.clone()]);
            self.activation.gradient(&io.x[part.clone()], &io.y[part], dx, self.width);
        });
    }

    fn is_identity(&self, _: bool) -> bool {
        self.activation == Activation::Linear
    }

    fn as_activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }
}
