//! How functions run over slices, and the functions of one number that activations share.

use crate::numeric::simd::vectorize;
use crate::numeric::{erf, exp, expm1};

pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// `x ← f(x)`. Here and below a loop and not `for_each`, which may stay a call, compiled for the
/// plainest machine.
#[inline(always)]
pub(super) fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    vectorize(
        #[inline(always)]
        move || {
            for x in values {
                *x = f(*x);
            }
        },
    );
}

/// `dy ← dy · f(x)`
#[inline(always)]
pub(super) fn times(dy: &mut [f32], x: &[f32], f: impl Fn(f32) -> f32) {
    vectorize(
        #[inline(always)]
        move || {
            for (dy, x) in dy.iter_mut().zip(x) {
                *dy *= f(*x);
            }
        },
    );
}

/// `f` on each row.
#[inline(always)]
pub(super) fn rows(values: &mut [f32], width: usize, f: impl Fn(&mut [f32])) {
    vectorize(
        #[inline(always)]
        move || {
            for row in values.chunks_exact_mut(width.max(1)) {
                f(row);
            }
        },
    );
}

/// `e^x / Σ e^x` in each row. The exponentials of several rows at once: one row may be short.
pub(super) fn softmax(values: &mut [f32], width: usize) {
    const BLOCK: usize = 1 << 12; // numbers, which stay in the first cache
    let width = width.max(1);
    vectorize(
        #[inline(always)]
        move || {
            for block in values.chunks_mut((BLOCK / width).max(1) * width) {
                for row in block.chunks_exact_mut(width) {
                    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    for x in row {
                        *x -= max;
                    }
                }
                for x in block.iter_mut() {
                    *x = exp(*x);
                }
                for row in block.chunks_exact_mut(width) {
                    let sum: f32 = row.iter().sum();
                    for x in row {
                        *x /= sum;
                    }
                }
            }
        },
    );
}

/// `f` on each row of both.
#[inline(always)]
pub(super) fn pairs(dy: &mut [f32], y: &[f32], width: usize, f: impl Fn(&mut [f32], &[f32])) {
    let width = width.max(1);
    vectorize(
        #[inline(always)]
        move || {
            for (dy, y) in dy.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
                f(dy, y);
            }
        },
    );
}

#[inline(always)]
pub(super) fn cut(x: f32, low: f32, high: f32) -> f32 {
    let y = if x < low { low } else { x };
    if y > high { high } else { y }
}

#[inline(always)]
pub(super) fn elu(x: f32, alpha: f32, rate: f32, scale: f32) -> f32 {
    scale * if x > 0.0 { x } else { alpha * expm1(x * rate) }
}

#[inline(always)]
pub(super) fn elu_gradient(x: f32, alpha: f32, rate: f32, scale: f32) -> f32 {
    scale * if x > 0.0 { 1.0 } else { alpha * exp(x * rate) }
}

/// Between which numbers a ReLU's output lies, where it has a largest.
#[inline(always)]
pub(super) fn limits(max_value: Option<f64>) -> (f32, f32) {
    max_value.map_or((f32::NEG_INFINITY, f32::INFINITY), |max| (0.0, max as f32))
}

/// Φ(x), the normal distribution's.
#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

pub(super) const GELU_SCALE: f32 = 0.797_884_6; // √(2/π)

#[inline(always)]
pub(super) fn gelu_inner(x: f32) -> f32 {
    GELU_SCALE * (x + 0.044_715 * x * x * x)
}

/// `tanh(softplus(x)) = n / (n + 2)` with `n = e^x (e^x + 2)`.
#[inline(always)]
pub(super) fn tanh_softplus(x: f32) -> f32 {
    let e = exp(x.min(20.0)); // 1 to the last digit above
    let n = e * (e + 2.0);
    n / (n + 2.0)
}
