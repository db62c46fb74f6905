//! Loops for the widest registers that the machine has, found at run time.

/// Runs a loop compiled for the machine's registers (AVX-512, AVX2, NEON); plain code elsewhere.
/// What the closure calls must be inlined into it to gain. Numbers that the loop uses are to be
/// moved into the closure: through a reference they might change with every number that is written.
#[inline]
pub fn vectorize<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

/// `e^x`, to about 2 units in the last place; 0 below -87.3, clamped above 88.3.
/// Source: range reduction to ±ln 2 / 2 and a polynomial (Cephes' expf).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // added to this number, another loses its fraction, and its integer is the sum's lowest bits:
    // a cast to i32 checks each number by itself, which no vector does
    const TO_INTEGER: f32 = 12_582_912.0; // 1.5 · 2²³
    let clamped = x.clamp(-87.336_54, 88.376_26);
    let sum = clamped * std::f32::consts::LOG2_E + TO_INTEGER;
    let n = sum - TO_INTEGER;
    let r = clamped - n * 0.693_359_4;
    let r = r - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4_f32;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_6e-1;
    p = p * r + 0.5;
    let e = p * r * r + r + 1.0;
    let scale = f32::from_bits((sum.to_bits() << 23).wrapping_add(127 << 23));
    if x.is_nan() {
        x
    } else if x < -87.336_54 {
        0.0
    } else {
        e * scale
    }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh x`: `1 - 2 / (e^2x + 1)`, and near 0, where that loses digits, its odd polynomial.
/// Source: Cephes' tanhf.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
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
pub fn expm1(x: f32) -> f32 {
    let mut p = 1.987_569_1e-4_f32;
    p = p * x + 1.398_199_9e-3;
    p = p * x + 8.333_452e-3;
    p = p * x + 4.166_579_6e-2;
    p = p * x + 1.666_666_6e-1;
    p = p * x + 0.5;
    let small = p * x * x + x;
    if x.abs() < 0.34 { small } else { exp(x) - 1.0 }
}

/// `ln(1 + e^x)`: `max(x, 0) + ln(1 + u)` with `u = e^-|x|`, and `ln(1 + u)` as
/// `2 artanh(u / (2 + u))`, whose argument is at most 1/3.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
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
pub fn erf(x: f32) -> f32 {
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
}
