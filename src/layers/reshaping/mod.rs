//! Layers that give the numbers of a sample another shape.

mod flatten;
mod identity;
mod permute;
mod repeat_vector;
mod reshape;

pub use flatten::Flatten;
pub use identity::Identity;
pub use permute::Permute;
pub use repeat_vector::RepeatVector;
pub use reshape::Reshape;

use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::rearrange::{self, IdentityKernel};
use crate::layers::layer::{Context, Forward, Signal};
use crate::limits::MOST_NUMBERS;
use crate::shape::Shape;

/// The runtime half of layers that permute the axes of a sample, then reshape it. Drops the mask.
struct Rearrange {
    /// Output axis i is input axis `order[i]` of a sample; None where none moves.
    order: Option<Vec<usize>>,
    input: Shape,
    output: Shape,
}

impl Forward for Rearrange {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let moved = match &self.order {
            Some(order) => {
                let axes: Vec<usize> =
                    std::iter::once(0).chain(order.iter().map(|axis| axis + 1)).collect();
                x.permute(axes)?.contiguous()?
            }
            None => x.clone(),
        };
        Ok(Signal::new(moved.reshape(self.output.with_batch(x.dim(0)?))?))
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(match &self.order {
            Some(order) => {
                BoundKernel::new(rearrange::PermuteKernel::new(self.input.dims(), order), vec![])
            }
            None => BoundKernel::new(IdentityKernel { drops_mask: true }, vec![]),
        })
    }
}

/// The product of sizes, or a problem where a sample would hold too many numbers.
fn product(key: &str, sizes: &[usize]) -> Result<usize, Problem> {
    let product = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    product.filter(|product| *product <= MOST_NUMBERS).ok_or_else(|| {
        Problem::at(key, format!("a sample may hold at most 2147483648 numbers, got {sizes:?}"))
    })
}
