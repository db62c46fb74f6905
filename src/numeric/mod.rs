//! Functions of numbers, written without calls and (but for what is not finite) without branches, so
//! that loops over them become vector code; and sums whose order of additions is fixed.

pub(crate) mod chacha;
pub(crate) mod simd;
pub(crate) mod vector;

use std::f32::consts::LOG2_E;

/// `e^x`, to about 2 units in the last place; 0 below -87.3, clamped above 88.3.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (r, power) = reduce(x.clamp(-87.336_54, 88.376_26));
    let e = polynomial(r) * r * r + r + 1.0;
    if x.is_nan() {
        x
    } else if x < -87.336_54 {
        0.0
    } else {
        e * power
    }
}

/// `e^x` for x up to 0, NaN among them, to about 1 unit in the last place; what would be under 1e-38
/// is about that, and not 0.
#[inline(always)]
pub(crate) fn exp_nonpositive(x: f32) -> f32 {
    let (r, power) = reduce(if x < -87.0 { -87.0 } else { x });
    (polynomial(r) * (r * r) + r + 1.0) * power
}

/// r and `2^n` with `x = n ln 2 + r`, where r is within ±ln 2 / 2. Source: Cephes' expf.
#[inline(always)]
fn reduce(x: f32) -> (f32, f32) {
    // added to this number, another loses its fraction, and its integer is the sum's lowest bits:
    // a cast to i32 checks each number by itself, which no vector does
    const TO_INTEGER: f32 = 12_582_912.0; // 1.5 · 2²³
    let sum = x * LOG2_E + TO_INTEGER;
    let n = sum - TO_INTEGER;
    let r = x - n * 0.693_359_4; // n ln 2 in two parts
    let r = r - n * -2.121_944_4e-4;
    (r, f32::from_bits((sum.to_bits() << 23).wrapping_add(1.0f32.to_bits())))
}

/// `(e^r - r - 1) / r²` for small r. Source: Cephes' expf.
#[inline(always)]
fn polynomial(r: f32) -> f32 {
    let mut p = 1.987_569_1e-4_f32;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_6e-1;
    p * r + 0.5
}

/// `ln x` for normal x over 0; NaN and infinity are given back.
#[inline]
pub(crate) fn ln(x: f32) -> f32 {
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_add(1.0f32.to_bits() - ROOT_HALF);
    let exponent = ((shifted >> 23) as i32 - 127) as f32;
    let f = f32::from_bits((shifted & 0x007f_ffff) + ROOT_HALF) - 1.0; // from √½ - 1 to √2 - 1
    // the polynomial of FreeBSD's logf
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = w * (0.400_009_72 + w * 0.242_790_78);
    let even = z * (0.666_666_6 + w * 0.284_987_87);
    let half = 0.5 * f * f;
    let log = s * (half + odd + even) + exponent * 9.058_001e-6 - half + f + exponent * 0.693_138_1;
    if x < f32::INFINITY { log } else { x }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh x`: `1 - 2 / (e^2x + 1)`, and near 0, where that loses digits, its odd polynomial.
/// Source: Cephes' tanhf.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let mut p = -5.704_988_3e-3_f32;
    p = p * z + 2.063_908_8e-2;
    p = p * z - 5.373_971_6e-2;
    p = p * z + 1.333_144_2e-1;
    p = p * z - 3.333_328e-1;
    let small = p * z * x + x;
    let big = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    let big = if x < 0.0 { -big } else { big };
    if x.abs() < 0.625 || x.is_nan() { small } else { big }
}

/// `e^x - 1`, exact near 0 too.
#[inline(always)]
pub(crate) fn expm1(x: f32) -> f32 {
    let small = polynomial(x) * x * x + x;
    if x.abs() < 0.34 { small } else { exp(x) - 1.0 }
}

/// `ln(1 + e^x)`: `max(x, 0) + ln(1 + u)` with `u = e^-|x|`, and `ln(1 + u)` as
/// `2 artanh(u / (2 + u))`, whose argument is at most 1/3.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    let u = exp(-x.abs());
    let s = u / (2.0 + u);
    let z = s * s;
    let mut p = 1.0 / 15.0_f32;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    p = p * z + 1.0;
    (if x > 0.0 { x } else { 0.0 }) + 2.0 * s * p
}

/// The error function, to about 3e-7. Source: the rational polynomial of Eigen's erf for f32.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let c = x.clamp(-4.0, 4.0);
    let z = c * c;
    let mut p = -2.726_142_3e-10_f32;
    p = p * z + 2.770_681_4e-8;
    p = p * z - 2.101_024e-6;
    p = p * z - 5.692_506_5e-5;
    p = p * z - 7.349_906_3e-4;
    p = p * z - 2.954_6e-3;
    p = p * z - 1.609_603_3e-2;
    let mut q = -1.456_607_2e-5_f32;
    q = q * z - 2.133_740_6e-4;
    q = q * z - 1.682_827e-3;
    q = q * z - 7.373_329_2e-3;
    q = q * z - 1.426_473_9e-2;
    c * p / q
}

/// How many sums run beside each other, so that they fill the machine's registers.
const LANES: usize = 16;

/// `Σ f(a, b)` over two rows of the same length.
#[inline(always)]
pub(crate) fn sum2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (a_rest, b_rest) = (a_blocks.remainder(), b_blocks.remainder());
    for (a, b) in a_blocks.zip(b_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(*a, *b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| f(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// `Σ a · b`
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum2(a, b, |a, b| a * b)
}

/// `Σ a`
#[inline(always)]
pub(crate) fn sum(a: &[f32]) -> f32 {
    sum2(a, a, |a, _| a)
}

/// `Σ a · b` in twice as many lanes as [`dot`]: another order of additions, so another last bit.
#[inline(always)]
pub(crate) fn dot_wide(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 32;
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for sum in sums {
        rest += sum;
    }
    rest
}

/// `Σ a · b` in f64, in lanes.
pub(crate) fn dot_f64(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a_groups, a_rest) = a.as_chunks::<8>();
    let (b_groups, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_groups.iter().zip(b_groups) {
        for k in 0..8 {
            lanes[k] += a[k] * b[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.into_iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_those_of_the_library() {
        for i in -2000..2000 {
            let x = i as f32 * 0.05;
            let near = |a: f32, b: f32| (a - b).abs() <= 4e-7 * b.abs() + 1e-37;
            assert!(near(exp(x), x.exp().min(f32::MAX)) || x > 88.3, "exp {x}: {}", exp(x));
            assert!(near(tanh(x), x.tanh()), "tanh {x}: {} {}", tanh(x), x.tanh());
            assert!(near(sigmoid(x), 1.0 / (1.0 + (-x).exp())) || x < -87.0, "sigmoid {x}");
            assert!(near(expm1(x), x.exp_m1()) || x > 88.3, "expm1 {x}: {}", expm1(x));
            let exact = f64::from(x).exp().ln_1p() as f32;
            assert!(near(softplus(x), exact) || x < -87.0, "softplus {x}: {}", softplus(x));
            let exact = candle_core::cpu::erf::erf_f32(x);
            assert!((erf(x) - exact).abs() < 4e-7, "erf {x}: {} {exact}", erf(x));
        }
        assert!(erf(f32::NAN).is_nan() && softplus(f32::NAN).is_nan() && expm1(f32::NAN).is_nan());
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn both_are_right_to_about_the_last_place() {
        for i in 0..200_000 {
            let x = -(i as f32) * 4.3e-4;
            let right = f64::from(x).exp();
            assert!((f64::from(exp_nonpositive(x)) / right - 1.0).abs() < 2.5e-7, "exp {x}");
        }
        for i in 0..200_000 {
            let x = 1e-8 * (1.000_15f32).powi(i).min(1e30);
            let right = f64::from(x).ln();
            let error = (f64::from(ln(x)) - right).abs();
            assert!(error < 1.5e-7 * right.abs().max(0.1), "ln {x}: {} {right}", ln(x));
        }
    }

    #[test]
    fn corners_are_kept() {
        assert_eq!((exp_nonpositive(0.0), ln(1.0)), (1.0, 0.0));
        assert!(exp_nonpositive(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
        assert!(exp_nonpositive(f32::NEG_INFINITY) < 1e-37);
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
    }
}
