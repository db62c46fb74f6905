//! What a program makes of tensors, as gradients are made.

use candle_core::{Result, Tensor};

use super::cuda::{address, launch};
use super::{Passed, Program};

/// A tensor like the last of some contiguous ones, all of a device of CUDA's, that a program makes: it
/// is called with their addresses, that of the new numbers, and the others.
#[allow(unsafe_code)]
pub(crate) fn made_like(
    program: &Program,
    tensors: &[&Tensor],
    blocks: u64,
    others: &[Passed],
) -> Result<Tensor> {
    let Some(last) = tensors.last() else {
        candle_core::bail!("`{}` takes numbers", program.name);
    };
    // SAFETY: the program writes all of the new numbers before they are read.
    let new = unsafe { last.empty_like() }?;
    let mut arguments = Vec::new();
    for tensor in tensors.iter().copied().chain([&new]) {
        arguments.push(Passed::Address(address(tensor)?));
    }
    arguments.extend_from_slice(others);
    launch(last.device(), program, blocks, &arguments)?;
    Ok(new)
}
