//! What every activation computes, each in one place: composed of candle ops whose gradients are
//! right, which is the definition; over slices, which the kernels use; and its gradient over slices.

use candle_core::{D, Tensor};

use super::slices::{
    self, GELU_SCALE, SELU_ALPHA, SELU_SCALE, gelu_inner, normal_cdf, tanh_softplus,
};
use super::{Activation, log_softmax, softmax, tensors, widened};
use crate::error::Result;
use crate::numeric::{exp, sigmoid, softplus, tanh};

/// Makes the methods of [`Activation`] out of the activations: those of each number by itself,
/// whose gradient is a function of the input or of the output; those over the rows of the last
/// axis, whose gradient is one of the output; and those that have no form over slices.
macro_rules! activations {
    (
        each {$(
            $each:pat $(if $guard:expr)? => {
                tensors: |$x:ident| $tensors:expr,
                slices: |$v:ident| $slices:expr,
                gradient of $of:ident: |$w:ident| $gradient:expr,
            }
        )*}
        rows {$(
            $row:pat => {
                tensors: |$row_x:ident| $row_tensors:expr,
                slices: |$row_v:ident, $row_width:ident| $row_slices:expr,
                gradient: |$row_dy:ident, $row_y:ident| $row_gradient:expr,
            }
        )*}
        others {$(
            $other:pat => |$other_x:ident| $other_tensors:expr,
        )*}
    ) => {
        #[allow(unused_variables)] // not every method asks every argument
        impl Activation {
            /// The function, composed of candle ops whose gradients are right. Of bfloat16 it gives
            /// float32, except where it is piecewise linear.
            pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
                let is_linear = matches!(self, Activation::Linear | Activation::Relu { .. });
                let input = &if is_linear { input.clone() } else { widened(input)? };
                Ok(match *self {
                    $($each $(if $guard)? => { let $x = input; $tensors })*
                    $($row => { let $row_x = input; $row_tensors })*
                    $($other => { let $other_x = input; $other_tensors })*
                })
            }

            /// True where the function can be run over slices, in place; see [`Activation::apply`].
            pub fn has_slices(&self) -> bool {
                match *self {
                    $($each $(if $guard)? => true,)*
                    $($row => true,)*
                    $($other => false,)*
                }
            }

            /// True where the gradient is a function of the input and not of the output alone.
            pub fn needs_input(&self) -> bool {
                match *self {
                    $($each $(if $guard)? => activations!(@is_input $of),)*
                    $($row => false,)*
                    $($other => true,)*
                }
            }

            /// The function over rows of `width` numbers, in place; nothing without
            /// [`Activation::has_slices`].
            pub fn apply(&self, values: &mut [f32], width: usize) {
                match *self {
                    $($each $(if $guard)? => slices::each(values, move |$v: f32| $slices),)*
                    $($row => { let ($row_v, $row_width) = (values, width); $row_slices })*
                    $($other => {})*
                }
            }

            /// The gradient over rows of `width` numbers: `dy` becomes the gradient of the input,
            /// given the input `x` (where [`Activation::needs_input`]) and the output `y`.
            pub fn gradient(&self, x: &[f32], y: &[f32], dy: &mut [f32], width: usize) {
                match *self {
                    $($each $(if $guard)? => {
                        let of = activations!(@of $of x y);
                        slices::times(dy, of, move |$w: f32| $gradient);
                    })*
                    $($row => {
                        let rule = |$row_dy: &mut [f32], $row_y: &[f32]| $row_gradient;
                        slices::pairs(dy, y, width, rule);
                    })*
                    $($other => {})*
                }
            }
        }
    };
    (@is_input input) => { true };
    (@is_input output) => { false };
    (@of input $x:ident $y:ident) => { $x };
    (@of output $x:ident $y:ident) => { $y };
}

activations! {
    each {
        Activation::Relu { max_value: None, negative_slope, threshold }
            if negative_slope == 0.0 && threshold == 0.0 =>
        {
            tensors: |x| tensors::relu(x, None, 0.0, 0.0)?,
            slices: |x| if x < 0.0 { 0.0 } else { x },
            gradient of output: |y| if y > 0.0 { 1.0 } else { 0.0 },
        }
        Activation::Relu { max_value: None, negative_slope, threshold } if threshold == 0.0 => {
            tensors: |x| tensors::relu(x, None, negative_slope, 0.0)?,
            slices: |x| if x >= 0.0 { x } else { negative_slope as f32 * x },
            gradient of input: |x| if x >= 0.0 { 1.0 } else { negative_slope as f32 },
        }
        Activation::Relu { max_value, negative_slope, threshold } => {
            tensors: |x| tensors::relu(x, max_value, negative_slope, threshold)?,
            slices: |x| {
                let (low, high) = slices::limits(max_value);
                let (slope, threshold) = (negative_slope as f32, threshold as f32);
                let y = if x <= threshold { 0.0 } else { x };
                let y = if y < low { low } else { y };
                let y = if y >= high { high } else { y };
                if x < threshold { y + slope * (x - threshold) } else { y }
            },
            gradient of input: |x| {
                let (low, high) = slices::limits(max_value);
                let (slope, threshold) = (negative_slope as f32, threshold as f32);
                let inside = x > threshold && x >= low && x < high;
                let rest = if x < threshold { slope } else { 0.0 };
                if inside { 1.0 } else { rest }
            },
        }
        Activation::Relu6 => {
            tensors: |x| tensors::cut(x, 0.0, 6.0)?,
            slices: |x| slices::cut(x, 0.0, 6.0),
            gradient of output: |y| if y > 0.0 && y < 6.0 { 1.0 } else { 0.0 },
        }
        // a slope above 0 leaves the sign, by which the output tells
        Activation::LeakyRelu { negative_slope } if negative_slope <= 0.0 => {
            tensors: |x| x.ge(0.0)?.where_cond(x, &(x * negative_slope)?)?,
            slices: |x| if x >= 0.0 { x } else { negative_slope as f32 * x },
            gradient of input: |x| if x >= 0.0 { 1.0 } else { negative_slope as f32 },
        }
        Activation::LeakyRelu { negative_slope } => {
            tensors: |x| x.ge(0.0)?.where_cond(x, &(x * negative_slope)?)?,
            slices: |x| if x >= 0.0 { x } else { negative_slope as f32 * x },
            gradient of output: |y| if y >= 0.0 { 1.0 } else { negative_slope as f32 },
        }
        Activation::Elu { alpha } => {
            tensors: |x| tensors::elu(x, alpha, alpha, 1.0)?,
            slices: |x| slices::elu(x, alpha as f32, 1.0, 1.0),
            gradient of input: |x| slices::elu_gradient(x, alpha as f32, 1.0, 1.0),
        }
        Activation::Selu => {
            tensors: |x| tensors::elu(x, SELU_ALPHA, SELU_ALPHA, SELU_SCALE)?,
            slices: |x| slices::elu(x, SELU_ALPHA as f32, 1.0, SELU_SCALE as f32),
            gradient of input: |x| {
                slices::elu_gradient(x, SELU_ALPHA as f32, 1.0, SELU_SCALE as f32)
            },
        }
        Activation::Celu { alpha } => {
            tensors: |x| tensors::elu(x, alpha, 1.0, 1.0)?,
            slices: |x| slices::elu(x, alpha as f32, 1.0 / alpha as f32, 1.0),
            gradient of input: |x| slices::elu_gradient(x, 1.0, 1.0 / alpha as f32, 1.0),
        }
        Activation::Gelu { approximate: false } => {
            tensors: |x| {
                let twice = ((x / std::f64::consts::SQRT_2)?.erf()? + 1.0)?; // 2 Φ(x)
                (x * (twice * 0.5)?)?
            },
            slices: |x| x * normal_cdf(x),
            gradient of input: |x| {
                let scale = 1.0 / (2.0 * std::f32::consts::PI).sqrt();
                normal_cdf(x) + x * scale * exp(-0.5 * x * x)
            },
        }
        Activation::Gelu { approximate: true } => {
            tensors: |x| {
                let cube = (x * x.sqr()?)?;
                let inner = ((x + (cube * 0.044_715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
                (x * ((inner.tanh()? + 1.0)? * 0.5)?)?
            },
            slices: |x| 0.5 * x * (1.0 + tanh(gelu_inner(x))),
            gradient of input: |x| {
                let t = tanh(gelu_inner(x));
                let slope = GELU_SCALE * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope
            },
        }
        Activation::Silu => {
            tensors: |x| (x * candle_nn::ops::sigmoid(x)?)?,
            slices: |x| x * sigmoid(x),
            gradient of input: |x| {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            },
        }
        Activation::HardSilu => {
            tensors: |x| (x * tensors::hard_sigmoid(x)?)?,
            slices: |x| x * slices::cut(x + 3.0, 0.0, 6.0) * (1.0 / 6.0),
            gradient of input: |x| {
                let slope = if x > -3.0 && x < 3.0 { x } else { 0.0 };
                (slices::cut(x + 3.0, 0.0, 6.0) + slope) * (1.0 / 6.0)
            },
        }
        Activation::Sigmoid => {
            tensors: |x| candle_nn::ops::sigmoid(x)?,
            slices: |x| sigmoid(x),
            gradient of output: |y| y * (1.0 - y),
        }
        Activation::HardSigmoid => {
            tensors: |x| tensors::hard_sigmoid(x)?,
            slices: |x| slices::cut(x + 3.0, 0.0, 6.0) * (1.0 / 6.0),
            gradient of output: |y| if y > 0.0 && y < 1.0 { 1.0 / 6.0 } else { 0.0 },
        }
        Activation::LogSigmoid => {
            tensors: |x| tensors::softplus(&x.neg()?)?.neg()?,
            slices: |x| -softplus(-x),
            gradient of input: |x| sigmoid(-x),
        }
        Activation::Softplus => {
            tensors: |x| tensors::softplus(x)?,
            slices: |x| softplus(x),
            gradient of input: |x| sigmoid(x),
        }
        Activation::Softsign => {
            tensors: |x| (x / (tensors::absolute(x)? + 1.0)?)?,
            slices: |x| x / (1.0 + x.abs()),
            gradient of output: |y| (1.0 - y.abs()) * (1.0 - y.abs()),
        }
        Activation::Tanh => {
            tensors: |x| x.tanh()?,
            slices: |x| tanh(x),
            gradient of output: |y| 1.0 - y * y,
        }
        Activation::TanhShrink => {
            tensors: |x| (x - x.tanh()?)?,
            slices: |x| x - tanh(x),
            gradient of input: |x| tanh(x) * tanh(x),
        }
        Activation::HardTanh => {
            tensors: |x| {
                let ones = x.ones_like()?;
                let low = x.lt(-1.0)?.where_cond(&ones.neg()?, x)?;
                x.gt(1.0)?.where_cond(&ones, &low)?
            },
            slices: |x| slices::cut(x, -1.0, 1.0),
            gradient of input: |x| if (-1.0..=1.0).contains(&x) { 1.0 } else { 0.0 },
        }
        Activation::Exponential => {
            tensors: |x| x.exp()?,
            slices: |x| exp(x),
            gradient of output: |y| y,
        }
        Activation::Mish => {
            tensors: |x| (x * tensors::softplus(x)?.tanh()?)?,
            slices: |x| x * tanh_softplus(x),
            gradient of input: |x| {
                let t = tanh_softplus(x);
                t + x * (1.0 - t * t) * sigmoid(x)
            },
        }
        Activation::Squareplus { b } => {
            tensors: |x| ((x + (x.sqr()? + b)?.sqrt()?)? * 0.5)?,
            slices: |x| 0.5 * (x + (x * x + b as f32).sqrt()),
            gradient of input: |x| 0.5 * (1.0 + x / (x * x + b as f32).sqrt()),
        }
        Activation::SoftShrink { threshold } => {
            tensors: |x| {
                let zeros = x.zeros_like()?;
                let low = x.lt(-threshold)?.where_cond(&(x + threshold)?, &zeros)?;
                x.gt(threshold)?.where_cond(&(x - threshold)?, &low)?
            },
            slices: |x| {
                let t = threshold as f32;
                let low = if x < -t { x + t } else { 0.0 };
                if x > t { x - t } else { low }
            },
            gradient of input: |x| {
                let t = threshold as f32;
                if x > t || x < -t { 1.0 } else { 0.0 }
            },
        }
        Activation::HardShrink { threshold } => {
            tensors: |x| x.abs()?.le(threshold)?.where_cond(&x.zeros_like()?, x)?,
            slices: |x| if x.abs() <= threshold as f32 { 0.0 } else { x },
            gradient of output: |y| if y == 0.0 { 0.0 } else { 1.0 },
        }
        Activation::SparsePlus => {
            tensors: |x| {
                let bend = ((x + 1.0)?.sqr()? * 0.25)?;
                let low = x.le(-1.0)?.where_cond(&x.zeros_like()?, &bend)?;
                x.ge(1.0)?.where_cond(x, &low)?
            },
            slices: |x| {
                let bend = 0.25 * (x + 1.0) * (x + 1.0);
                let low = if x <= -1.0 { 0.0 } else { bend };
                if x >= 1.0 { x } else { low }
            },
            gradient of input: |x| {
                let bend = if x <= -1.0 { 0.0 } else { 0.5 * (x + 1.0) };
                if x >= 1.0 { 1.0 } else { bend }
            },
        }
        Activation::SparseSigmoid => {
            tensors: |x| (tensors::cut(&(x + 1.0)?, 0.0, 2.0)? * 0.5)?,
            slices: |x| 0.5 * slices::cut(x + 1.0, 0.0, 2.0),
            gradient of output: |y| if y > 0.0 && y < 1.0 { 0.5 } else { 0.0 },
        }
        Activation::Threshold { threshold, default_value } => {
            tensors: |x| {
                let value = (x.ones_like()? * default_value)?;
                x.le(threshold)?.where_cond(&value, x)?
            },
            slices: |x| if x <= threshold as f32 { default_value as f32 } else { x },
            gradient of input: |x| if x > threshold as f32 { 1.0 } else { 0.0 },
        }
    }
    rows {
        Activation::Linear => {
            tensors: |x| x.clone(),
            slices: |_values, _width| {},
            gradient: |_dy, _y| {},
        }
        Activation::Softmax => {
            tensors: |x| softmax(x, x.rank() - 1)?,
            slices: |values, width| slices::softmax(values, width),
            gradient: |dy, y| {
                let sum: f32 = dy.iter().zip(y).map(|(dy, y)| dy * y).sum();
                for (dy, y) in dy.iter_mut().zip(y) {
                    *dy = (*dy - sum) * y;
                }
            },
        }
        Activation::LogSoftmax => {
            tensors: |x| log_softmax(x, x.rank() - 1)?,
            slices: |values, width| slices::rows(values, width, |row| {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = row.iter().map(|x| exp(*x - max)).sum();
                let log_sum = sum.ln();
                for x in row.iter_mut() {
                    *x = *x - max - log_sum;
                }
            }),
            gradient: |dy, y| {
                let sum: f32 = dy.iter().sum();
                for (dy, y) in dy.iter_mut().zip(y) {
                    *dy -= exp(*y) * sum;
                }
            },
        }
    }
    others {
        Activation::Sparsemax => |x| tensors::sparsemax(x)?,
        Activation::Glu => |x| {
            let width = x.dim(D::Minus1)? / 2;
            let (a, b) = (x.narrow(D::Minus1, 0, width)?, x.narrow(D::Minus1, width, width)?);
            (a * candle_nn::ops::sigmoid(&b.contiguous()?)?)?
        },
    }
}
