//! Numbers from text, fast where that is exact.

/// The number at the beginning of `bytes` and how many bytes it takes; None where it isn't plain,
/// or where the fast way might not give the f64 nearest to it.
///
/// Clinger, "How to read floating point numbers accurately" (1990): with a mantissa up to 2⁵³ and a
/// power of ten up to 10²², both are exact as f64, so that one product or quotient rounds once.
pub(super) fn prefix(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut mantissa = 0;
    let mut at = digits(bytes, start, &mut mantissa);
    let mut count = at - start;
    let mut exponent = 0;
    if bytes.get(at) == Some(&b'.') {
        let end = digits(bytes, at + 1, &mut mantissa);
        let decimals = end - (at + 1);
        count += decimals;
        exponent = -(decimals as i64);
        at = end;
    }
    if count == 0 || count > 19 {
        return None; // nothing, or more than a u64 holds
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = bytes.get(at + 1);
        let start = at + 1 + usize::from(matches!(sign, Some(b'+' | b'-')));
        let mut power = 0;
        let end = digits(bytes, start, &mut power);
        if end == start || end - start > 4 {
            return None;
        }
        exponent += if sign == Some(&b'-') { -(power as i64) } else { power as i64 };
        at = end;
    }
    if mantissa > 1 << 53 {
        return None;
    }
    let power = *POWERS.get(exponent.unsigned_abs() as usize)?;
    let value = if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    Some((if negative { -value } else { value }, at))
}

/// The number in a whole cell, as the standard library reads it.
pub(super) fn cell(text: &str) -> Option<f64> {
    match prefix(text.as_bytes()) {
        Some((value, end)) if end == text.len() => Some(value),
        _ => text.parse().ok(),
    }
}

/// Reads decimal digits from `at` on, onto `value`; gives where they end. Wraps past 19 of them.
#[inline]
fn digits(bytes: &[u8], mut at: usize, value: &mut u64) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        if !is_digits(word) {
            break;
        }
        *value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(word));
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// True where all eight bytes are digits.
fn is_digits(word: u64) -> bool {
    let high = word & 0xf0f0_f0f0_f0f0_f0f0;
    let carried = word.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0;
    high == 0x3030_3030_3030_3030 && carried == 0x3030_3030_3030_3030
}

/// The number that eight digits make, the first in the lowest byte: neighbours are joined into
/// pairs, pairs into fours, fours into the whole.
fn eight_digits(word: u64) -> u64 {
    let digits = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

/// 10⁰ to 10²²: exact as f64.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(text: &str) {
        let std = text.parse::<f64>().ok();
        assert_eq!(cell(text).map(f64::to_bits), std.map(f64::to_bits), "{text}");
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "1",
            "12345678",
            "123456789.12345678",
            "0.1",
            ".5",
            "5.",
            ".",
            "-",
            "",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "9007199254740993",
            "9007199254740992e1",
            "+3",
            "1e",
            "1e+",
            "1e-5",
            "1E5",
            "nan",
            "inf",
            "1_0",
            "0x1",
            "1.7976931348623157e308",
            "99999999999999999999",
            "0.00000000000000000001",
            "4.9e-324",
            "1e99999",
            "1e-99999",
            "12345678a",
            "1.2.3",
            " 1",
            "1 ",
        ] {
            agrees(text);
        }
    }

    proptest! {
        #[test]
        fn any_decimal_is_read_as_the_standard_library_reads_it(text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?") {
            agrees(&text);
        }

        #[test]
        fn any_float_is_read_back(value in any::<f64>()) {
            agrees(&value.to_string());
            agrees(&format!("{value:e}"));
            agrees(&format!("{:.6}", value % 1e6));
        }
    }
}
