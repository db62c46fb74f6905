//! Numbers: those of a column of a chunk, in as few bytes as hold them to the last bit.

use std::ops::RangeInclusive;

use crate::numeric::simd::vectorize;

/// The numbers of a column. A chunk's columns are of different kinds, and so are a column's chunks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Numbers {
    /// Whole numbers from 0 to 255: pixels, small counts, yes and no.
    Bytes(Vec<u8>),
    /// Those that 32 bits hold.
    Narrow(Vec<f32>),
    /// Those with few digits, as most are written.
    Decimals(Decimals),
    /// All others.
    Wide(Vec<f64>),
}

/// Numbers with few digits: whole numbers of 32 bits over a power of ten. A quotient of two numbers
/// that are exact is rounded as the text `12.34` is, so it is the same number to the last bit. (ALP,
/// adaptive lossless floating-point compression: Afroozeh, Kuffo, Boncz 2023.)
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decimals {
    digits: Vec<i32>,
    divisor: f64,
    /// Those that are not such a quotient, by their places, which rise; their digits are [`ODD`].
    odd: Vec<(u32, f64)>,
}

/// The digits of a number that stands among the odd ones.
const ODD: i32 = i32::MIN;
/// At most one of so many numbers is an odd one.
const ODD_SHARE: usize = 16;
/// Numbers that are looked at in one loop.
const BLOCK: usize = 256;
/// How many numbers tell how many decimals there are.
const SAMPLE: usize = 32;
/// Powers of ten up to this one are exact.
const MOST_DECIMALS: i32 = 22;
/// Added to a number below 2⁵¹, it leaves the nearest whole number in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²

impl Numbers {
    /// These numbers. No cell that is read is NaN; one that is missing is
    /// [`MISSING_NUMBER`](super::chunk::MISSING_NUMBER).
    pub(super) fn of(values: &[f64]) -> Numbers {
        vectorize(|| Numbers::smallest(values))
    }

    #[inline(always)]
    fn smallest(values: &[f64]) -> Numbers {
        if all_are(values, |value| f64::from(value as i32 as u8)) {
            return Numbers::Bytes(values.iter().map(|value| *value as u8).collect());
        }
        if all_are(values, |value| f64::from(value as f32)) {
            return Numbers::Narrow(values.iter().map(|value| *value as f32).collect());
        }
        match Decimals::of(values) {
            Some(decimals) => Numbers::Decimals(decimals),
            None => Numbers::Wide(values.to_vec()),
        }
    }

    /// The same of numbers of 32 bits.
    #[cfg(feature = "parquet")]
    pub(super) fn of_narrow(values: &[f32]) -> Numbers {
        let is_byte = |value: &f32| f32::from(*value as i32 as u8).to_bits() == value.to_bits();
        if values.iter().all(is_byte) {
            Numbers::Bytes(values.iter().map(|value| *value as u8).collect())
        } else {
            Numbers::Narrow(values.to_vec())
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Numbers::Bytes(values) => values.len(),
            Numbers::Narrow(values) => values.len(),
            Numbers::Decimals(values) => values.digits.len(),
            Numbers::Wide(values) => values.len(),
        }
    }

    /// One of them.
    pub(super) fn at(&self, row: usize) -> f64 {
        match self {
            Numbers::Bytes(values) => f64::from(values[row]),
            Numbers::Narrow(values) => f64::from(values[row]),
            Numbers::Decimals(values) => values.at(row),
            Numbers::Wide(values) => values[row],
        }
    }

    /// Whether 32 bits hold all of them.
    pub(super) fn are_exact_in_32_bits(&self) -> bool {
        matches!(self, Numbers::Bytes(_) | Numbers::Narrow(_))
    }

    /// Writes those of some rows, which rise, as many as there are places for.
    pub(super) fn read(&self, rows: &[u32], out: &mut [f64]) {
        match rows {
            [first, .., last] if (last - first) as usize == rows.len() - 1 => {
                let (first, last) = (*first as usize, *last as usize);
                vectorize(|| self.read_run(first..=last, out));
                if let Numbers::Decimals(values) = self
                    && !values.odd.is_empty()
                {
                    values.put_odd(rows, out);
                }
            }
            _ => self.read_some(rows, out),
        }
    }

    /// Writes those of rows one after the other, but for the odd ones among decimals.
    #[inline(always)]
    fn read_run(&self, run: RangeInclusive<usize>, out: &mut [f64]) {
        match self {
            Numbers::Bytes(values) => copy(&values[run], out, f64::from),
            Numbers::Narrow(values) => copy(&values[run], out, f64::from),
            Numbers::Wide(values) => copy(&values[run], out, |value| value),
            Numbers::Decimals(values) => {
                let divisor = values.divisor;
                copy(&values.digits[run], out, |digits| f64::from(digits) / divisor);
            }
        }
    }

    fn read_some(&self, rows: &[u32], out: &mut [f64]) {
        let each = out.iter_mut().zip(rows);
        match self {
            Numbers::Bytes(values) => each.for_each(|(to, at)| *to = values[*at as usize].into()),
            Numbers::Narrow(values) => each.for_each(|(to, at)| *to = values[*at as usize].into()),
            Numbers::Wide(values) => each.for_each(|(to, at)| *to = values[*at as usize]),
            Numbers::Decimals(values) => {
                each.for_each(|(to, at)| *to = values.quotient(*at as usize));
                if !values.odd.is_empty() {
                    values.put_odd(rows, out);
                }
            }
        }
    }

    /// Adds those of some rows to `out`.
    pub(super) fn append(&self, rows: &[u32], out: &mut Vec<f64>) {
        let start = out.len();
        out.resize(start + rows.len(), 0.0);
        self.read(rows, &mut out[start..]);
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).map(|row| self.at(row))
    }

    /// Those of some rows.
    pub(super) fn of_rows(&self, rows: &[u32]) -> Numbers {
        let pick = |row: &u32| *row as usize;
        match self {
            Numbers::Bytes(values) => {
                Numbers::Bytes(rows.iter().map(|r| values[pick(r)]).collect())
            }
            Numbers::Narrow(values) => {
                Numbers::Narrow(rows.iter().map(|r| values[pick(r)]).collect())
            }
            Numbers::Wide(values) => Numbers::Wide(rows.iter().map(|r| values[pick(r)]).collect()),
            Numbers::Decimals(values) => {
                Numbers::of(&rows.iter().map(|row| values.at(pick(row))).collect::<Vec<_>>())
            }
        }
    }
}

/// Whether each of them is itself after it was held otherwise. A block at a time: a loop that may end
/// at any number is done one by one.
#[inline(always)]
fn all_are(values: &[f64], as_held: impl Fn(f64) -> f64) -> bool {
    let differs = |value: &f64| u64::from(as_held(*value).to_bits() != value.to_bits());
    values.chunks(BLOCK).all(|block| block.iter().map(&differs).sum::<u64>() == 0)
}

#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [f64], value: impl Fn(T) -> f64) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = value(*from));
}

impl Decimals {
    /// These numbers; None where too many of them are no such quotients.
    #[inline(always)]
    fn of(values: &[f64]) -> Option<Decimals> {
        let divisor = divisor(values)?;
        let digits = values.iter().map(|value| nearest(*value * divisor)).collect();
        let mut all = Decimals { digits, divisor, odd: Vec::new() };
        let is_odd = |(digits, value): (&i32, &f64)| {
            (f64::from(*digits) / divisor).to_bits() != value.to_bits() || *digits == ODD
        };
        let odd: usize = all.digits.iter().zip(values).map(|pair| usize::from(is_odd(pair))).sum();
        if odd * ODD_SHARE > values.len() {
            return None;
        }
        if odd > 0 {
            for (row, (digits, value)) in all.digits.iter_mut().zip(values).enumerate() {
                if is_odd((digits, value)) {
                    *digits = ODD;
                    all.odd.push((row as u32, *value));
                }
            }
        }
        Some(all)
    }

    fn at(&self, row: usize) -> f64 {
        match self.digits[row] {
            ODD => self.odd_at(row as u32),
            _ => self.quotient(row),
        }
    }

    #[inline]
    fn quotient(&self, row: usize) -> f64 {
        f64::from(self.digits[row]) / self.divisor
    }

    fn put_odd(&self, rows: &[u32], out: &mut [f64]) {
        for (row, to) in rows.iter().zip(out) {
            if self.digits[*row as usize] == ODD {
                *to = self.odd_at(*row);
            }
        }
    }

    fn odd_at(&self, row: u32) -> f64 {
        let found = self.odd.binary_search_by_key(&row, |(row, _)| *row);
        found.map_or(f64::NAN, |place| self.odd[place].1)
    }
}

/// The whole number nearest to a value, where 32 bits hold it.
#[inline(always)]
fn nearest(value: f64) -> i32 {
    (value + ROUND).to_bits() as i32
}

/// The power of ten that makes whole numbers of nearly all of some values, as far as 32 bits hold
/// the largest of these.
fn divisor(values: &[f64]) -> Option<f64> {
    let step = values.len().div_ceil(SAMPLE).max(1);
    let sample = || values.iter().step_by(step).filter(|value| !value.is_nan());
    let largest = sample().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let most = (f64::from(i32::MAX) / largest).log10().floor() as i32; // of 0: more than there are
    let decimals = |value: &f64| {
        let is_right = |power: &i32| {
            let divisor = 10f64.powi(*power);
            f64::from(nearest(value * divisor)) / divisor == *value
        };
        (0..=most.min(MOST_DECIMALS)).find(is_right)
    };
    let power = sample().filter_map(decimals).max()?;
    Some(10f64.powi(power))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::chunk::MISSING_NUMBER;

    fn same(values: &[f64]) -> Numbers {
        let numbers = Numbers::of(values);
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let all: Vec<u32> = (0..values.len() as u32).collect();
        let mut read = vec![0.0; values.len()];
        numbers.read(&all, &mut read);
        assert_eq!(bits(&read), bits(values));
        assert_eq!(bits(&numbers.iter().collect::<Vec<_>>()), bits(values));
        let odd: Vec<u32> = all.iter().copied().filter(|row| row % 2 == 1).collect();
        let half: Vec<f64> = odd.iter().map(|row| values[*row as usize]).collect();
        assert_eq!(bits(&numbers.of_rows(&odd).iter().collect::<Vec<_>>()), bits(&half));
        numbers
    }

    #[test]
    fn numbers_take_as_few_bytes_as_hold_them() {
        assert!(matches!(same(&[0.0, 255.0, 7.0]), Numbers::Bytes(_)));
        assert!(matches!(same(&[0.0, 256.0]), Numbers::Narrow(_)));
        assert!(matches!(same(&[-0.0, 1.0]), Numbers::Narrow(_)));
        assert!(matches!(same(&[0.5, MISSING_NUMBER]), Numbers::Narrow(_)));
        assert!(matches!(same(&[0.1, -12.345, 1e3]), Numbers::Decimals(_)));
        assert!(matches!(same(&[0.000123, 0.1]), Numbers::Decimals(_)));
        assert!(matches!(same(&[1.0 / 3.0, 0.1]), Numbers::Wide(_)));
        assert!(matches!(same(&[1e300, 0.1]), Numbers::Wide(_)));
        let mut long: Vec<f64> = (0..1000).map(|i| f64::from(i) * 12.34).collect();
        long[3] = MISSING_NUMBER;
        long[4] = 1.0 / 3.0;
        long[5] = -0.0;
        long[999] = 1e-300;
        let long: Vec<f64> = long.iter().map(|v| format!("{v:.2}").parse().unwrap_or(*v)).collect();
        assert!(matches!(same(&long), Numbers::Decimals(_)));
        same(&[]);
    }

    proptest! {
        #[test]
        fn numbers_are_kept_to_the_last_bit(
            values in prop::collection::vec((any::<i32>(), 0..12i32), 0..200),
            others in prop::collection::vec(any::<f64>().prop_filter("a number", |v| !v.is_nan()), 0..4),
        ) {
            let written = values.iter().map(|(digits, power)| format!("{digits}e-{power}"));
            let mut values: Vec<f64> = written.map(|text| text.parse().unwrap()).collect();
            values.extend(others);
            same(&values);
        }
    }
}
