//! Scaling to mean 0 and standard deviation 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transform::{Primitive, Scaled, Scaler, Statistics};
use super::unit::Inverse;

/// Scales to mean 0 and standard deviation 1. scikit-learn: `StandardScaler`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {}

/// How many, their mean, and the sum of the squares of what they differ from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MeanAndSquares {
    count: f64,
    mean: f64,
    squares: Squares,
}

/// A sum of squares, in squares of a unit: none overflows, and none is lost for being small.
#[derive(Debug, Clone, Copy)]
struct Squares {
    sum: f64,
    unit: f64,
}

/// `(x - mean) / std`; scikit-learn's `mean_` and `scale_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Normal {
    mean: f64,
    std: f64,
}

impl Scaler for Standard {
    type Statistics = MeanAndSquares;
    type Fitted = Normal;

    fn statistics(&self) -> MeanAndSquares {
        MeanAndSquares::default()
    }

    fn fit(&self, moments: &MeanAndSquares) -> Normal {
        let Squares { sum, unit } = moments.squares;
        let n = moments.count.max(1.0);
        let variance = sum / n;
        // scikit-learn's rule: what rounding alone may leave of a constant column
        let mean = moments.mean / unit;
        let noise = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
        let std = if variance <= noise { 1.0 } else { variance.sqrt() * unit };
        Normal { mean: moments.mean, std }
    }
}

impl Statistics for MeanAndSquares {
    /// The mean and the squares around it in two passes over a few numbers, each corrected by what
    /// rounding has left; nothing cancels.
    fn see(&mut self, numbers: &[f64]) {
        let Some(first) = numbers.first() else { return };
        let n = numbers.len() as f64;
        let mean = |around: f64| around + numbers.iter().map(|x| x - around).sum::<f64>() / n;
        let mean = mean(mean(*first));
        let size = numbers.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
        let unit = Squares::unit(size);
        let (mut sum, mut rest) = (0.0, 0.0);
        for x in numbers {
            let deviation = (x - mean) / unit;
            sum += deviation * deviation;
            rest += deviation;
        }
        let squares = Squares { sum: sum - rest * rest / n, unit };
        self.merge(&MeanAndSquares { count: n, mean, squares });
    }

    /// Chan, Golub, LeVeque, "Algorithms for computing the sample variance" (1983).
    fn merge(&mut self, next: &MeanAndSquares) {
        if self.count == 0.0 || next.count == 0.0 {
            if self.count == 0.0 {
                *self = next.clone();
            }
            return;
        }
        let count = self.count + next.count;
        let apart = next.mean - self.mean;
        let unit = Squares::unit(apart.abs());
        let sum = (apart / unit).powi(2) * (self.count / count * next.count);
        self.squares = self.squares.and(next.squares).and(Squares { sum, unit });
        self.mean += apart * (next.count / count);
        self.count = count;
    }
}

impl Squares {
    /// The unit for numbers of this size: 1, but where their squares are more or less than an f64
    /// holds.
    fn unit(size: f64) -> f64 {
        match size {
            size if size > 1e140 => 2f64.powi(600),
            size if size < 1e-140 => 2f64.powi(-600),
            _ => 1.0,
        }
    }

    fn and(self, other: Squares) -> Squares {
        let unit = self.unit.max(other.unit);
        let part = |squares: Squares| squares.sum * (squares.unit / unit).powi(2);
        Squares { sum: part(self) + part(other), unit }
    }
}

impl Default for Squares {
    fn default() -> Self {
        Squares { sum: 0.0, unit: Squares::unit(0.0) }
    }
}

/// The mean of some numbers, of those that are not missing; 0 of none.
pub(crate) fn mean_of(numbers: &[f64]) -> f64 {
    let mut all = MeanAndSquares::default();
    let mut block = Vec::with_capacity(BLOCK);
    for numbers in numbers.chunks(BLOCK) {
        block.clear();
        block.extend(numbers.iter().filter(|number| !number.is_nan()));
        all.see(&block);
    }
    all.mean
}

/// So many numbers are gone over at once.
const BLOCK: usize = 1 << 12;

impl Normal {
    /// By the sums of earlier versions: of each chunk, then over the chunks.
    pub(crate) fn of_sums(chunks: &[Vec<f64>]) -> Normal {
        let over = |each: &dyn Fn(f64) -> f64| {
            let sum = |chunk: &Vec<f64>| chunk.iter().fold(0.0, |sum, x| sum + each(*x));
            chunks.iter().map(sum).reduce(|a, b| a + b).unwrap_or_default()
        };
        let count = chunks.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let mean = over(&|x| x) / count;
        let size = chunks.iter().flatten().fold(0.0, |size: f64, x| size.max(x.abs()));
        let unit = if size == 0.0 || (1e-140..1e140).contains(&size) { 1.0 } else { size };
        let sum = over(&|x| ((x - mean) / unit).powi(2));
        Standard {}.fit(&MeanAndSquares { count, mean, squares: Squares { sum, unit } })
    }
}

impl Scaled for Normal {
    fn apply(&self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|number| *number = (*number - self.mean) / self.std);
    }

    fn inverse(&self) -> Option<Inverse> {
        Some(Inverse::Affine { factor: self.std, offset: self.mean })
    }

    fn export(&self) -> Option<Primitive<'_>> {
        Some(Primitive::Affine {
            factor: 1.0 / self.std,
            offset: -self.mean / self.std,
            clip: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In pieces of a few numbers.
    fn fitted(numbers: &[f64]) -> Normal {
        let mut all = MeanAndSquares::default();
        for piece in numbers.chunks(1000) {
            let mut moments = MeanAndSquares::default();
            piece.chunks(64).for_each(|block| moments.see(block));
            all.merge(&moments);
        }
        Standard {}.fit(&all)
    }

    fn close(found: f64, expected: f64, most: f64) {
        assert!(((found - expected) / expected).abs() <= most, "{found} {expected}");
    }

    #[test]
    fn nothing_cancels_in_columns_of_timestamps_or_of_tiny_numbers() {
        // 0, 1, …, n - 1 has the mean (n - 1) / 2 and the variance (n² - 1) / 12
        let n = 100_000u32;
        let std = ((f64::from(n).powi(2) - 1.0) / 12.0).sqrt();
        let mean = f64::from(n - 1) / 2.0;
        for (offset, step) in [
            (0.0, 1.0),
            (1.7e12, 1.0),
            (1.7e12, 86_400_000.0),
            (-3e14, 2.0),
            (0.0, 2f64.powi(-53)),
            (0.0, 2f64.powi(-900)),
            (0.0, 2f64.powi(900)),
        ] {
            let numbers: Vec<f64> = (0..n).map(|i| offset + step * f64::from(i)).collect();
            let found = fitted(&numbers);
            close(found.std, std * step, 1e-14);
            close(found.mean, offset + mean * step, 1e-15);
        }
    }

    #[test]
    fn a_constant_column_is_moved_and_not_stretched() {
        for value in [0.1, 1e300, 1e-300, 0.0, -7.7e12] {
            assert_eq!(fitted(&[value; 1234]), Normal { mean: value, std: 1.0 });
        }
    }
}
