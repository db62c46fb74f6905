//! What memory a GPU has.

use candle_core::Device;

use super::cuda::free_memory;

/// Whether half of a GPU's memory is free.
pub(crate) fn is_half_free(device: &Device) -> bool {
    free_memory(device).is_some_and(|(free, total)| free >= total / 2)
}
