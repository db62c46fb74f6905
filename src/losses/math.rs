//! e^x and ln x in f32 without calls and, but for what is not finite, without branches, so that
//! loops over them become vector code. To about one unit in the last place.

use std::f32::consts::LOG2_E;

/// `e^x` for x up to 0, NaN among them; what would be under 1e-38 is about that.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: adding it rounds to a whole number
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4; // n ln 2 in two parts
    // the polynomial of Cephes's expf
    let p = 1.987_569_1e-4 * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 5e-1;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits())); // 2^n
    (p * (r * r) + r + 1.0) * power
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_right_to_about_the_last_place() {
        for i in 0..200_000 {
            let x = -(i as f32) * 4.3e-4;
            let right = f64::from(x).exp();
            assert!((f64::from(exp(x)) / right - 1.0).abs() < 2.5e-7, "exp {x}");
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
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
    }
}
