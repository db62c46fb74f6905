//! The bin that a number is in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hashing::HashingOutput;
use super::interpolation::quantile_of;
use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use crate::error::Problem;

/// The index, from 0, of the bin that a number falls into. All bins hold about the same number of
/// rows, unless their boundaries are given. Keras: `keras.layers.Discretization`; scikit-learn:
/// `KBinsDiscretizer(strategy="quantile", quantile_method="linear")`. Unlike Keras, quantiles are exact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Discretize {
    /// Number of bins; fewer if some quantiles are equal. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_bins: Option<usize>,
    /// Boundaries between the bins, in increasing order; a number on a boundary is in the bin above
    /// it. Default: the quantiles that make `num_bins` bins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_boundaries: Option<Vec<f64>>,
    /// `int` for the number of the bin, `one_hot` for a column for each bin. Keras calls it
    /// `output_mode`. Default: int.
    pub output: HashingOutput,
}

/// The boundaries between the bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bins {
    boundaries: Vec<f64>,
    output: HashingOutput,
}

/// The most bins.
const MOST_BINS: usize = 4096;
/// Bins that are no wider than this are none; scikit-learn's rule.
const NARROWEST: f64 = 1e-8;

impl Encoder for Discretize {
    type Fitted = Bins;

    fn check(&self) -> Result<(), Problem> {
        match (self.num_bins, &self.bin_boundaries) {
            (Some(count), None) if (2..=MOST_BINS).contains(&count) => Ok(()),
            (Some(count), None) => {
                let message = format!("`num_bins` must be between 2 and {MOST_BINS}, got {count}");
                Err(Problem::at("num_bins", message))
            }
            (None, Some(all)) => {
                let rises = all.windows(2).all(|pair| pair[0] < pair[1]);
                if !all.is_empty() && all.len() < MOST_BINS && rises {
                    return Ok(());
                }
                let message = format!(
                    "`bin_boundaries` must be between 1 and {} rising numbers",
                    MOST_BINS - 1
                );
                Err(Problem::at("bin_boundaries", message).help("such as `[18, 30, 65]`"))
            }
            (Some(_), Some(_)) => {
                let message = "`num_bins` and `bin_boundaries` are both given";
                Err(Problem::at("num_bins", message).help("keep one of the two"))
            }
            (None, None) => {
                let message = "`num_bins` or `bin_boundaries` is missing";
                let help = "write `discretize: {num_bins: 8}` for bins of as many rows each, or \
                            `discretize: {bin_boundaries: [18, 30, 65]}`";
                Err(Problem::at("", message).help(help))
            }
        }
    }

    fn may_be_scaled(&self) -> bool {
        self.output == HashingOutput::Int
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn takes_numbers(&self) -> bool {
        true
    }

    fn fit(&self, met: &Met<'_>) -> Bins {
        let boundaries = match (&self.bin_boundaries, self.num_bins) {
            (Some(boundaries), _) => boundaries.clone(),
            (None, count) => quantiles(&met.numbers, count.unwrap_or(2)),
        };
        Bins { boundaries, output: self.output }
    }
}

/// The boundaries of so many bins with about as many numbers each.
fn quantiles(sorted: &[f64], count: usize) -> Vec<f64> {
    let step = 100.0 / count as f64;
    let percentage = |place: usize| if place == count { 100.0 } else { place as f64 * step };
    let mut edges: Vec<f64> =
        (0..=count).map(|place| quantile_of(sorted, percentage(place) / 100.0)).collect();
    let mut before = f64::NEG_INFINITY;
    edges.retain(|edge| {
        let is_apart = edge - before > NARROWEST;
        before = *edge;
        is_apart
    });
    edges.pop();
    edges.into_iter().skip(1).collect()
}

impl Encoded for Bins {
    fn count(&self) -> usize {
        self.boundaries.len() + 1
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn bin(&self, number: f64) -> usize {
        self.boundaries.partition_point(|boundary| *boundary <= number)
    }

    fn reads_numbers(&self) -> bool {
        true
    }

    fn is_one_hot(&self) -> bool {
        self.output == HashingOutput::OneHot
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Bins(&self.boundaries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_on_a_boundary_is_in_the_bin_above_it() {
        let bins = Bins { boundaries: vec![18.0, 65.0], output: HashingOutput::Int };
        let numbers = [17.9, 18.0, 64.0, 65.0, 1e9, -1e9];
        assert_eq!(numbers.map(|number| bins.bin(number)), [0, 1, 1, 2, 2, 0]);
    }

    #[test]
    fn equal_quantiles_are_one_boundary() {
        let found = quantiles(&[1.0, 1.0, 1.0, 1.0, 2.0, 3.0], 3);
        assert!(found.len() == 1 && (found[0] - 4.0 / 3.0).abs() < 1e-12, "{found:?}");
        assert!(quantiles(&[5.0; 9], 4).is_empty());
        assert!(quantiles(&[], 4).is_empty());
    }
}
