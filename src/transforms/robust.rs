//! Scaling by the median and the quartiles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interpolation::between;
use super::transform::{Primitive, Scaled, Scaler, Statistics};
use super::unit::Inverse;
use crate::error::Problem;

/// Subtracts the median and divides by the range between two quantiles; outliers have little effect
/// on either. scikit-learn: `RobustScaler`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Robust {
    /// Percentages of the values below the two quantiles. Default: [25, 75].
    pub quantile_range: [f64; 2],
    /// Whether to subtract the median. Default: true.
    pub with_centering: bool,
    /// Whether to divide by the range between the quantiles. Default: true.
    pub with_scaling: bool,
}

impl Default for Robust {
    fn default() -> Self {
        Robust { quantile_range: [25.0, 75.0], with_centering: true, with_scaling: true }
    }
}

/// `(x - center) / scale`; scikit-learn's `center_` and `scale_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Centered {
    center: f64,
    scale: f64,
}

/// Exact quantiles, found digit by digit: a number is a key of 64 bits in the order of the numbers,
/// and each pass counts how many keys have which next digit, among those whose digits so far are
/// those of a wanted number. What is kept is small, and counts add up. Whole numbers up to 2^12 and
/// pixels take two passes, numbers that 32 bits hold three, any others six.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles {
    /// The quantiles, between 0 and 1.
    wanted: [f64; 3],
    /// How many numbers there are, and the numbers that are sought; both after the first pass.
    count: u64,
    sought: Vec<Sought>,
    /// How many bits of the keys are known.
    known: u32,
    /// The counts of this pass, by what is known of the keys.
    tallies: Vec<Tally>,
}

/// One of the numbers in the order of their size.
#[derive(Debug, Clone)]
struct Sought {
    /// Its place among the numbers with the same known bits.
    rank: u64,
    /// What is known of its key: the upper bits.
    prefix: u64,
}

#[derive(Debug, Clone)]
struct Tally {
    prefix: u64,
    counts: Vec<u32>,
    /// All bits that any key of it has below the digit.
    rest: u64,
}

/// The bits of a digit.
const DIGIT: u32 = 12;

impl Scaler for Robust {
    type Statistics = Quantiles;
    type Fitted = Centered;

    fn check(&self) -> Result<(), Problem> {
        let [low, high] = self.quantile_range;
        if 0.0 <= low && low <= high && high <= 100.0 {
            return Ok(());
        }
        let message = format!("`quantile_range` must rise between 0 and 100, got [{low}, {high}]");
        Err(Problem::at("quantile_range", message).help("the quartiles are `[25, 75]`"))
    }

    fn statistics(&self) -> Quantiles {
        let [low, high] = self.quantile_range;
        Quantiles::new([low / 100.0, 0.5, high / 100.0])
    }

    fn fit(&self, quantiles: &Quantiles) -> Centered {
        let [low, median, high] = quantiles.found();
        let range = high - low;
        // scikit-learn's rule: a range that is no more than rounding is none
        let scale = if range < 10.0 * f64::EPSILON { 1.0 } else { range };
        Centered {
            center: if self.with_centering { median } else { 0.0 },
            scale: if self.with_scaling { scale } else { 1.0 },
        }
    }
}

impl Quantiles {
    fn new(wanted: [f64; 3]) -> Quantiles {
        Quantiles { wanted, count: 0, sought: Vec::new(), known: 0, tallies: vec![Tally::new(0)] }
    }

    /// The quantiles, as NumPy's `linear` method has them.
    fn found(&self) -> [f64; 3] {
        self.wanted.map(|quantile| {
            let (below, above, weight) = self.neighbours(quantile);
            let number = |place: u64| {
                let place = self.places().position(|other| other == place)?;
                self.sought.get(place).map(|sought| number(sought.prefix))
            };
            let (Some(below), Some(above)) = (number(below), number(above)) else { return 0.0 };
            between(below, above, weight)
        })
    }

    /// The places of the two numbers around a quantile, and how near it is to the second.
    fn neighbours(&self, quantile: f64) -> (u64, u64, f64) {
        let last = self.count.saturating_sub(1);
        let place = quantile * last as f64;
        let below = place.floor();
        ((below as u64).min(last), (below as u64 + 1).min(last), place - below)
    }

    /// The places of the numbers that are sought.
    fn places(&self) -> impl Iterator<Item = u64> + '_ {
        self.wanted.iter().flat_map(|quantile| {
            let (below, above, _) = self.neighbours(*quantile);
            [below, above]
        })
    }
}

impl Tally {
    fn new(prefix: u64) -> Tally {
        Tally { prefix, counts: vec![0; 1 << DIGIT], rest: 0 }
    }
}

impl Statistics for Quantiles {
    fn see(&mut self, numbers: &[f64]) {
        let below = 64u32.saturating_sub(self.known + DIGIT); // bits below the digit
        let mask = (1u64 << DIGIT.min(64 - self.known)) - 1;
        for number in numbers {
            let key = key(*number);
            let prefix = upper(key, self.known);
            for tally in self.tallies.iter_mut().filter(|tally| tally.prefix == prefix) {
                tally.counts[((key >> below) & mask) as usize] += 1;
                tally.rest |= key & ((1 << below) - 1);
            }
        }
    }

    fn merge(&mut self, next: &Quantiles) {
        for (tally, next) in self.tallies.iter_mut().zip(&next.tallies) {
            tally.counts.iter_mut().zip(&next.counts).for_each(|(sum, more)| *sum += more);
            tally.rest |= next.rest;
        }
    }

    fn wants_another_pass(&mut self) -> bool {
        if self.known == 0 {
            self.count = self.tallies[0].counts.iter().map(|count| u64::from(*count)).sum();
            if self.count == 0 {
                return false;
            }
            self.sought = self.places().map(|rank| Sought { rank, prefix: 0 }).collect();
        }
        let below = 64u32.saturating_sub(self.known + DIGIT);
        let mut rest = 0;
        for sought in &mut self.sought {
            let tally = self.tallies.iter().find(|tally| tally.prefix == sought.prefix);
            let Some(tally) = tally else { continue };
            rest |= tally.rest;
            for (digit, count) in tally.counts.iter().enumerate() {
                if sought.rank < u64::from(*count) {
                    sought.prefix |= (digit as u64) << below;
                    break;
                }
                sought.rank -= u64::from(*count);
            }
        }
        self.known = 64 - below;
        let mut prefixes: Vec<u64> = self.sought.iter().map(|sought| sought.prefix).collect();
        prefixes.dedup(); // they rise
        self.tallies = prefixes.into_iter().map(Tally::new).collect();
        rest != 0
    }
}

/// The upper bits of a key, the others 0.
fn upper(key: u64, bits: u32) -> u64 {
    if bits == 0 { 0 } else { key >> (64 - bits) << (64 - bits) }
}

/// A key in the order of the numbers. The keys of negative numbers end in as many zeros as the
/// numbers do, as those of the others.
fn key(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits(); // -0 is 0
    match bits >> 63 {
        0 => bits | 1 << 63,
        _ => (!bits).wrapping_add(1),
    }
}

/// The number of a key.
fn number(key: u64) -> f64 {
    f64::from_bits(match key >> 63 {
        1 => key & !(1 << 63),
        _ => !key.wrapping_sub(1),
    })
}

impl Scaled for Centered {
    fn apply(&self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|number| *number = (*number - self.center) / self.scale);
    }

    fn inverse(&self) -> Option<Inverse> {
        Some(Inverse::Affine { factor: self.scale, offset: self.center })
    }

    fn export(&self) -> Option<Primitive<'_>> {
        Some(Primitive::Affine {
            factor: 1.0 / self.scale,
            offset: -self.center / self.scale,
            clip: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn fitted(robust: &Robust, numbers: &[f64], piece: usize) -> (Centered, usize) {
        let (mut all, mut passes) = (robust.statistics(), 0);
        loop {
            let before = all.clone();
            for piece in numbers.chunks(piece) {
                let mut own = before.clone();
                piece.chunks(64).for_each(|block| own.see(block));
                all.merge(&own);
            }
            passes += 1;
            if !all.wants_another_pass() {
                return (robust.fit(&all), passes);
            }
        }
    }

    #[test]
    fn centers_and_scales_are_scikit_learns() {
        let recorded = include_str!("../../tests/files/transforms.json");
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let cases = recorded["robust"]["cases"].as_array().unwrap();
        assert!(cases.len() >= 30);
        for case in cases {
            let name = case["column"].as_str().unwrap();
            let numbers = &recorded["robust"]["columns"][name];
            let numbers: Vec<f64> = serde_json::from_value(numbers.clone()).unwrap();
            let robust: Robust = serde_json::from_value(case["arguments"].clone()).unwrap();
            for piece in [1, 100, 1000] {
                let (found, _) = fitted(&robust, &numbers, piece);
                for (found, key) in [(found.center, "center"), (found.scale, "scale")] {
                    let expected = case[key].as_f64().unwrap();
                    let far = (found - expected).abs();
                    assert!(far <= 1e-12 * expected.abs(), "{name} {key}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn numbers_with_few_digits_take_few_passes() {
        let passes = |numbers: &[f64]| fitted(&Robust::default(), numbers, 1000).1;
        assert_eq!(passes(&[3.0, 0.0, 255.0, -17.0, 4000.0]), 2);
        assert_eq!(passes(&[f64::from(0.1f32), f64::from(3.3f32), -f64::from(7e-9f32)]), 3);
        assert_eq!(passes(&[0.1, 0.2, 0.3, 0.7]), 6);
        assert_eq!(passes(&[]), 1);
    }

    #[test]
    fn keys_are_in_the_order_of_the_numbers() {
        let numbers =
            [f64::MIN, -1e290, -2.5, -1.0, -f64::MIN_POSITIVE, -5e-324, 0.0, 5e-324, 1.0, 1e290];
        for pair in numbers.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
        assert_eq!(key(-0.0), key(0.0));
        assert!(numbers.iter().all(|x| number(key(*x)) == *x));
    }
}
