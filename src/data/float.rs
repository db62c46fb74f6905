//! Numbers from text, fast where that is exact.

/// The number at the beginning of `bytes` and how many bytes it takes; None where it isn't plain,
/// or where the fast ways might not give the f64 nearest to it.
///
/// Clinger, "How to read floating point numbers accurately" (1990): with a mantissa up to 2⁵³ and a
/// power of ten up to 10²², both are exact as f64, so that one product or quotient rounds once.
/// Longer decimals are divided as integers.
pub(super) fn prefix(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut mantissa = 0;
    let mut at = few_digits(bytes, start, &mut mantissa);
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
    let scale = exponent.unsigned_abs() as usize;
    let power = *POWERS.get(scale)?;
    let value = match (mantissa > 1 << 53, exponent < 0) {
        (false, true) => mantissa as f64 / power,
        (false, false) => mantissa as f64 * power,
        (true, true) => quotient(mantissa, scale as u32)?,
        (true, false) => return None,
    };
    Some((if negative { -value } else { value }, at))
}

/// The number in a whole cell, as the standard library reads it.
pub(super) fn cell(text: &str) -> Option<f64> {
    match prefix(text.as_bytes()) {
        Some((value, end)) if end == text.len() => Some(value),
        _ => text.parse().ok(),
    }
}

/// `mantissa / 10^decimals` for a mantissa above 2⁵³, rounded once.
///
/// The integer quotient has at least 63 bits, ten more than an f64 keeps; what the division leaves
/// is one more bit below them, so that the conversion rounds as the whole would.
#[inline(never)]
fn quotient(mantissa: u64, decimals: u32) -> Option<f64> {
    let divisor = u128::from(10u64.checked_pow(decimals)?);
    let shift = 64 + mantissa.leading_zeros();
    let dividend = u128::from(mantissa) << shift;
    let quotient = dividend / divisor;
    let rest = u128::from(quotient * divisor != dividend);
    let power = f64::from_bits(u64::from(1023 - shift) << 52); // 2^-shift
    Some((quotient | rest) as f64 * power)
}

/// Reads decimal digits from `at` on, onto `value`; gives where they end. Wraps past 19 of them.
#[inline]
fn few_digits(bytes: &[u8], mut at: usize, value: &mut u64) -> usize {
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

/// The same, eight at a time: faster from about four digits on.
#[inline]
fn digits(bytes: &[u8], mut at: usize, value: &mut u64) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let count = leading_digits(word);
        if count < 8 {
            // the digits moved to the end, zeros before them
            let part = eight_digits(word.checked_shl(64 - 8 * count).unwrap_or(0));
            *value = value.wrapping_mul(SMALL_POWERS[count as usize]).wrapping_add(part);
            return at + count as usize;
        }
        *value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(word));
        at += 8;
    }
    few_digits(bytes, at, value)
}

/// How many of the eight bytes are digits, before the first that isn't.
#[inline]
fn leading_digits(word: u64) -> u32 {
    let digits = word ^ 0x3030_3030_3030_3030; // 0 to 9 where it is one
    // above 9 the high bit is set; carries reach only bytes after such a one
    let others = digits.wrapping_add(0x7676_7676_7676_7676) | digits;
    (others & 0x8080_8080_8080_8080).trailing_zeros() / 8
}

/// The number that eight digits make, the first in the lowest byte: neighbours are joined into
/// pairs, pairs into fours, fours into the whole.
#[inline]
fn eight_digits(word: u64) -> u64 {
    let digits = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

const SMALL_POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

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
        fn a_long_decimal_is_read_as_the_standard_library_reads_it(digits in any::<u64>(), decimals in 0usize..19) {
            let digits = format!("{digits:019}");
            let (whole, part) = digits.split_at(digits.len() - decimals);
            agrees(&format!("{whole}.{part}"));
        }

        #[test]
        fn halfway_between_two_floats_is_read_as_the_standard_library_reads_it(bits in 1u64 << 52..1 << 53, decimals in 1u32..4) {
            // a number of 54 bits whose last is 1: a tie, with zeros after it
            let tie = u128::from(2 * bits + 1) * 10u128.pow(decimals);
            let text = tie.to_string();
            let (whole, part) = text.split_at(text.len() - decimals as usize);
            agrees(&format!("{whole}.{part}"));
        }

        #[test]
        fn any_float_is_read_back(value in any::<f64>()) {
            agrees(&value.to_string());
            agrees(&format!("{value:e}"));
            agrees(&format!("{:.6}", value % 1e6));
            agrees(&format!("{:.15}", value % 10.0));
        }
    }
}
