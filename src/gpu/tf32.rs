//! TF32: products of 32-bit floats whose factors a GPU may round to 10 bits.

use candle_core::cuda::{gemm_reduced_precision_f32, set_gemm_reduced_precision_f32};

/// While it lives, the GPUs of this process may multiply as TF32, or may not.
pub(crate) struct Tf32 {
    before: bool,
}

impl Tf32 {
    /// From now on.
    pub(crate) fn allowed(is_allowed: bool) -> Tf32 {
        let before = gemm_reduced_precision_f32();
        set_gemm_reduced_precision_f32(is_allowed);
        Tf32 { before }
    }
}

impl Drop for Tf32 {
    fn drop(&mut self) {
        set_gemm_reduced_precision_f32(self.before);
    }
}
