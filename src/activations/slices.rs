//! Activations over slices, in place, and their gradients.

use super::Activation;
use crate::kernels::simd::vectorize;
use crate::numeric::{erf, exp, expm1, sigmoid, softplus, tanh};

pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

impl Activation {
    /// True where the function can be run over slices, in place; see [`Activation::apply`].
    pub fn has_slices(&self) -> bool {
        !matches!(self, Activation::Glu | Activation::Sparsemax)
    }

    /// True where the gradient is a function of the input and not of the output alone.
    pub fn needs_input(&self) -> bool {
        match self {
            Activation::Relu { .. } => !self.is_plain_relu(),
            Activation::LeakyRelu { negative_slope } => *negative_slope <= 0.0,
            Activation::Linear
            | Activation::Relu6
            | Activation::Sigmoid
            | Activation::HardSigmoid
            | Activation::Softsign
            | Activation::Tanh
            | Activation::Exponential
            | Activation::SparseSigmoid
            | Activation::Softmax
            | Activation::LogSoftmax
            | Activation::HardShrink { .. } => false,
            _ => true,
        }
    }

    /// The function over rows of `width` numbers, in place.
    pub fn apply(&self, values: &mut [f32], width: usize) {
        match *self {
            Activation::Linear => {}
            Activation::Relu { max_value, negative_slope, threshold } => {
                if self.is_plain_relu() {
                    return each(values, |x| if x < 0.0 { 0.0 } else { x });
                }
                let (slope, threshold) = (negative_slope as f32, threshold as f32);
                if slope != 0.0 && threshold == 0.0 && max_value.is_none() {
                    return each(values, move |x| if x >= 0.0 { x } else { slope * x });
                }
                let low = if max_value.is_some() { 0.0 } else { f32::NEG_INFINITY };
                let high = max_value.map_or(f32::INFINITY, |max| max as f32);
                each(values, move |x| {
                    let y = if x <= threshold { 0.0 } else { x };
                    let y = if y < low { low } else { y };
                    let y = if y >= high { high } else { y };
                    if x < threshold { y + slope * (x - threshold) } else { y }
                });
            }
            Activation::Relu6 => each(values, |x| cut(x, 0.0, 6.0)),
            Activation::LeakyRelu { negative_slope } => {
                let slope = negative_slope as f32;
                each(values, move |x| if x >= 0.0 { x } else { slope * x });
            }
            Activation::Elu { alpha } => elu(values, alpha as f32, 1.0, 1.0),
            Activation::Selu => elu(values, SELU_ALPHA as f32, 1.0, SELU_SCALE as f32),
            Activation::Celu { alpha } => elu(values, alpha as f32, 1.0 / alpha as f32, 1.0),
            Activation::Gelu { approximate: false } => each(values, |x| x * normal_cdf(x)),
            Activation::Gelu { approximate: true } => {
                each(values, |x| 0.5 * x * (1.0 + tanh(gelu_inner(x))));
            }
            Activation::Silu => each(values, |x| x * sigmoid(x)),
            Activation::HardSilu => each(values, |x| x * cut(x + 3.0, 0.0, 6.0) * (1.0 / 6.0)),
            Activation::Sigmoid => each(values, sigmoid),
            Activation::HardSigmoid => each(values, |x| cut(x + 3.0, 0.0, 6.0) * (1.0 / 6.0)),
            Activation::LogSigmoid => each(values, |x| -softplus(-x)),
            Activation::Softplus => each(values, softplus),
            Activation::Softsign => each(values, |x| x / (1.0 + x.abs())),
            Activation::Tanh => each(values, tanh),
            Activation::TanhShrink => each(values, |x| x - tanh(x)),
            Activation::HardTanh => each(values, |x| cut(x, -1.0, 1.0)),
            Activation::Exponential => each(values, exp),
            Activation::Mish => each(values, |x| x * tanh_softplus(x)),
            Activation::Squareplus { b } => {
                let b = b as f32;
                each(values, move |x| 0.5 * (x + (x * x + b).sqrt()));
            }
            Activation::SoftShrink { threshold } => {
                let t = threshold as f32;
                each(values, move |x| {
                    let low = if x < -t { x + t } else { 0.0 };
                    if x > t { x - t } else { low }
                });
            }
            Activation::HardShrink { threshold } => {
                let t = threshold as f32;
                each(values, move |x| if x.abs() <= t { 0.0 } else { x });
            }
            Activation::SparsePlus => each(values, |x| {
                let bend = 0.25 * (x + 1.0) * (x + 1.0);
                let low = if x <= -1.0 { 0.0 } else { bend };
                if x >= 1.0 { x } else { low }
            }),
            Activation::SparseSigmoid => each(values, |x| 0.5 * cut(x + 1.0, 0.0, 2.0)),
            Activation::Softmax => rows(values, width, |row| {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                row.iter_mut().for_each(|x| *x = exp(*x - max));
                let sum: f32 = row.iter().sum();
                row.iter_mut().for_each(|x| *x /= sum);
            }),
            Activation::LogSoftmax => rows(values, width, |row| {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = row.iter().map(|x| exp(*x - max)).sum();
                let log_sum = sum.ln();
                row.iter_mut().for_each(|x| *x = *x - max - log_sum);
            }),
            Activation::Threshold { threshold, default_value } => {
                let (t, value) = (threshold as f32, default_value as f32);
                each(values, move |x| if x <= t { value } else { x });
            }
            Activation::Glu | Activation::Sparsemax => {} // has_slices is false
        }
    }

    /// The gradient over rows of `width` numbers: `dy` becomes the gradient of the input, given the
    /// input `x` (where [`Activation::needs_input`]) and the output `y`.
    pub fn gradient(&self, x: &[f32], y: &[f32], dy: &mut [f32], width: usize) {
        match *self {
            Activation::Linear => {}
            Activation::Relu { max_value, negative_slope, threshold } => {
                if self.is_plain_relu() {
                    return times(dy, y, |y| if y > 0.0 { 1.0 } else { 0.0 });
                }
                let (slope, threshold) = (negative_slope as f32, threshold as f32);
                if slope != 0.0 && threshold == 0.0 && max_value.is_none() {
                    return times(dy, x, move |x| if x >= 0.0 { 1.0 } else { slope });
                }
                let low = if max_value.is_some() { 0.0 } else { f32::NEG_INFINITY };
                let high = max_value.map_or(f32::INFINITY, |max| max as f32);
                times(dy, x, move |x| {
                    let inside = x > threshold && x >= low && x < high;
                    let rest = if x < threshold { slope } else { 0.0 };
                    if inside { 1.0 } else { rest }
                });
            }
            Activation::Relu6 => times(dy, y, |y| if y > 0.0 && y < 6.0 { 1.0 } else { 0.0 }),
            Activation::LeakyRelu { negative_slope } => {
                let slope = negative_slope as f32;
                let sign = if self.needs_input() { x } else { y };
                times(dy, sign, move |x| if x >= 0.0 { 1.0 } else { slope });
            }
            Activation::Elu { alpha } => elu_gradient(dy, x, alpha as f32, 1.0, 1.0),
            Activation::Selu => elu_gradient(dy, x, SELU_ALPHA as f32, 1.0, SELU_SCALE as f32),
            Activation::Celu { alpha } => elu_gradient(dy, x, 1.0, 1.0 / alpha as f32, 1.0),
            Activation::Gelu { approximate: false } => {
                let scale = 1.0 / (2.0 * std::f32::consts::PI).sqrt();
                times(dy, x, move |x| normal_cdf(x) + x * scale * exp(-0.5 * x * x));
            }
            Activation::Gelu { approximate: true } => times(dy, x, |x| {
                let t = tanh(gelu_inner(x));
                let slope = GELU_SCALE * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope
            }),
            Activation::Silu => times(dy, x, |x| {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }),
            Activation::HardSilu => times(dy, x, |x| {
                let slope = if x > -3.0 && x < 3.0 { x } else { 0.0 };
                (cut(x + 3.0, 0.0, 6.0) + slope) * (1.0 / 6.0)
            }),
            Activation::Sigmoid => times(dy, y, |y| y * (1.0 - y)),
            Activation::HardSigmoid => {
                times(dy, y, |y| if y > 0.0 && y < 1.0 { 1.0 / 6.0 } else { 0.0 });
            }
            Activation::LogSigmoid => times(dy, x, |x| sigmoid(-x)),
            Activation::Softplus => times(dy, x, sigmoid),
            Activation::Softsign => times(dy, y, |y| (1.0 - y.abs()) * (1.0 - y.abs())),
            Activation::Tanh => times(dy, y, |y| 1.0 - y * y),
            Activation::TanhShrink => times(dy, x, |x| tanh(x) * tanh(x)),
            Activation::HardTanh => {
                times(dy, x, |x| if (-1.0..=1.0).contains(&x) { 1.0 } else { 0.0 });
            }
            Activation::Exponential => times(dy, y, |y| y),
            Activation::Mish => times(dy, x, |x| {
                let t = tanh_softplus(x);
                t + x * (1.0 - t * t) * sigmoid(x)
            }),
            Activation::Squareplus { b } => {
                let b = b as f32;
                times(dy, x, move |x| 0.5 * (1.0 + x / (x * x + b).sqrt()));
            }
            Activation::SoftShrink { threshold } => {
                let t = threshold as f32;
                times(dy, x, move |x| if x > t || x < -t { 1.0 } else { 0.0 });
            }
            Activation::HardShrink { .. } => times(dy, y, |y| if y == 0.0 { 0.0 } else { 1.0 }),
            Activation::SparsePlus => times(dy, x, |x| {
                let bend = if x <= -1.0 { 0.0 } else { 0.5 * (x + 1.0) };
                if x >= 1.0 { 1.0 } else { bend }
            }),
            Activation::SparseSigmoid => {
                times(dy, y, |y| if y > 0.0 && y < 1.0 { 0.5 } else { 0.0 });
            }
            Activation::Softmax => pairs(dy, y, width, |dy, y| {
                let sum: f32 = dy.iter().zip(y).map(|(dy, y)| dy * y).sum();
                dy.iter_mut().zip(y).for_each(|(dy, y)| *dy = (*dy - sum) * y);
            }),
            Activation::LogSoftmax => pairs(dy, y, width, |dy, y| {
                let sum: f32 = dy.iter().sum();
                dy.iter_mut().zip(y).for_each(|(dy, y)| *dy -= exp(*y) * sum);
            }),
            Activation::Threshold { threshold, .. } => {
                let t = threshold as f32;
                times(dy, x, move |x| if x > t { 1.0 } else { 0.0 });
            }
            Activation::Glu | Activation::Sparsemax => {} // has_slices is false
        }
    }

    fn is_plain_relu(&self) -> bool {
        *self == Activation::relu()
    }
}

/// `x ← f(x)`. Here and below a loop and not `for_each`, which may stay a call, compiled for the
/// plainest machine.
#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
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
fn times(dy: &mut [f32], x: &[f32], f: impl Fn(f32) -> f32) {
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
fn rows(values: &mut [f32], width: usize, f: impl Fn(&mut [f32])) {
    vectorize(
        #[inline(always)]
        move || {
            for row in values.chunks_exact_mut(width.max(1)) {
                f(row);
            }
        },
    );
}

/// `f` on each row of both.
#[inline(always)]
fn pairs(dy: &mut [f32], y: &[f32], width: usize, f: impl Fn(&mut [f32], &[f32])) {
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
fn cut(x: f32, low: f32, high: f32) -> f32 {
    let y = if x < low { low } else { x };
    if y > high { high } else { y }
}

#[inline(always)]
fn elu(values: &mut [f32], alpha: f32, rate: f32, scale: f32) {
    each(values, move |x| scale * if x > 0.0 { x } else { alpha * expm1(x * rate) });
}

#[inline(always)]
fn elu_gradient(dy: &mut [f32], x: &[f32], alpha: f32, rate: f32, scale: f32) {
    times(dy, x, move |x| scale * if x > 0.0 { 1.0 } else { alpha * exp(x * rate) });
}

/// Φ(x), the normal distribution's.
#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

const GELU_SCALE: f32 = 0.797_884_6; // √(2/π)

#[inline(always)]
fn gelu_inner(x: f32) -> f32 {
    GELU_SCALE * (x + 0.044_715 * x * x * x)
}

/// `tanh(softplus(x)) = n / (n + 2)` with `n = e^x (e^x + 2)`.
#[inline(always)]
fn tanh_softplus(x: f32) -> f32 {
    let e = exp(x.min(20.0)); // 1 to the last digit above
    let n = e * (e + 2.0);
    n / (n + 2.0)
}
