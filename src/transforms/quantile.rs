//! Scaling by rank.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::all_numbers::AllNumbers;
use super::interpolation::quantile_of;
use super::transform::{Primitive, Scaled, Scaler};
use super::unit::Inverse;
use crate::error::Problem;

/// Replaces a number by its rank among those of the training part, so that the values are spread
/// evenly between 0 and 1 (`uniform`) or like a normal distribution (`normal`), whatever they were.
/// scikit-learn: `QuantileTransformer`, over all rows (its `subsample=None`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quantile {
    /// Number of quantiles that are kept; never more than there are rows. Default: 1000.
    pub n_quantiles: usize,
    /// Distribution of the scaled values. Default: uniform.
    pub output_distribution: OutputDistribution,
}

/// The distribution that ranks are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "output_distribution", rename_all = "snake_case")]
pub enum OutputDistribution {
    /// Evenly between 0 and 1.
    #[default]
    Uniform,
    /// Mean 0 and standard deviation 1; at most 5.2 in size.
    Normal,
}

/// The values at evenly spaced ranks; scikit-learn's `quantiles_`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranks {
    quantiles: Vec<f64>,
    #[serde(default, skip_serializing_if = "OutputDistribution::is_uniform")]
    distribution: OutputDistribution,
}

/// The most quantiles.
const MOST_QUANTILES: usize = 10_000;
/// Ranks nearer to an end are the end, where the distribution is normal.
const END: f64 = 1e-7;

impl OutputDistribution {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    fn is_uniform(&self) -> bool {
        *self == OutputDistribution::Uniform
    }
}

impl Default for Quantile {
    fn default() -> Self {
        Quantile { n_quantiles: 1000, output_distribution: OutputDistribution::Uniform }
    }
}

impl Scaler for Quantile {
    type Statistics = AllNumbers;
    type Fitted = Ranks;

    fn check(&self) -> Result<(), Problem> {
        if (2..=MOST_QUANTILES).contains(&self.n_quantiles) {
            return Ok(());
        }
        let message = format!(
            "`n_quantiles` must be between 2 and {MOST_QUANTILES}, got {}",
            self.n_quantiles
        );
        Err(Problem::at("n_quantiles", message))
    }

    fn has_inverse(&self) -> bool {
        false
    }

    fn statistics(&self) -> AllNumbers {
        AllNumbers::default()
    }

    fn fit(&self, gathered: &AllNumbers) -> Ranks {
        let sorted = gathered.sorted();
        let count = self.n_quantiles.min(sorted.len()).max(1);
        let mut most = f64::NEG_INFINITY;
        let quantiles = (0..count).map(|place| {
            // scikit-learn asks NumPy for percentages; rounding must not make the quantiles fall
            most = most.max(quantile_of(&sorted, reference(place, count) * 100.0 / 100.0));
            most
        });
        Ranks { quantiles: quantiles.collect(), distribution: self.output_distribution }
    }
}

/// The rank of the how-manieth quantile, between 0 and 1.
fn reference(place: usize, count: usize) -> f64 {
    if place + 1 == count && count > 1 {
        return 1.0;
    }
    place as f64 * (1.0 / count.saturating_sub(1).max(1) as f64)
}

impl Ranks {
    fn rank(&self, number: f64) -> f64 {
        let (Some(first), Some(last)) = (self.quantiles.first(), self.quantiles.last()) else {
            return 0.0;
        };
        let margin = if self.distribution == OutputDistribution::Normal { END } else { 0.0 };
        let is_first = number - margin < *first || number == *first;
        let is_last = number + margin > *last || number == *last;
        match () {
            () if is_first => 0.0,
            () if is_last => 1.0,
            // the middle of the ranks that a value has which stands there several times
            () => 0.5 * (self.interpolated(number, true) + self.interpolated(number, false)),
        }
    }

    /// The rank between the two quantiles around a number; of equal ones from the last or first.
    fn interpolated(&self, number: f64, from_last: bool) -> f64 {
        let (all, count) = (&self.quantiles, self.quantiles.len());
        let above = all
            .partition_point(|quantile| *quantile < number || (from_last && *quantile == number));
        let Some(below) = above.checked_sub(1) else { return 0.0 };
        if above == count {
            return 1.0;
        }
        let (low, high) = (reference(below, count), reference(above, count));
        // from the side on which the number may stand on a quantile, so that it gets its rank exactly
        let slope = (high - low) / (all[above] - all[below]);
        if from_last {
            slope * (number - all[below]) + low
        } else {
            high - slope * (all[above] - number)
        }
    }
}

impl Scaled for Ranks {
    fn apply(&self, numbers: &mut [f64]) {
        for number in numbers.iter_mut() {
            let rank = self.rank(*number);
            *number = match self.distribution {
                OutputDistribution::Uniform => rank,
                OutputDistribution::Normal => {
                    normal_quantile(rank.clamp(END - f64::EPSILON, 1.0 - (END - f64::EPSILON)))
                }
            };
        }
    }

    fn inverse(&self) -> Option<Inverse> {
        None
    }

    fn export(&self) -> Option<Primitive<'_>> {
        let name =
            if self.distribution == OutputDistribution::Normal { "normal" } else { "uniform" };
        let how = format!("its rank by `quantile`, {name}, with the quantiles of the model");
        Some(Primitive::Prepared { width: 1, how })
    }
}

/// The number that a normal variable is below with this probability. Wichura, "Algorithm AS 241: the
/// percentage points of the normal distribution" (1988).
fn normal_quantile(p: f64) -> f64 {
    let ratio = |of: [[f64; 8]; 2], x: f64| {
        let [above, below] =
            of.map(|terms| terms.iter().rev().fold(0.0, |sum, term| sum * x + term));
        above / below
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(MIDDLE, 0.180_625 - q * q);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let size = if r <= 5.0 { ratio(SIDE, r - 1.6) } else { ratio(TAIL, r - 5.0) };
    size.copysign(q)
}

#[allow(clippy::excessive_precision)] // the digits as they were published
const MIDDLE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_6,
        133.141_667_891_784_38,
        1_971.590_950_306_551_4,
        13_731.693_765_509_461,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_596,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854_6,
    ],
];

const SIDE: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_6,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_6,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_185,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_9,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];

#[allow(clippy::excessive_precision)] // the digits as they were published
const TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_104,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_445_9e-7,
        2.044_263_103_389_939_8e-15,
    ],
];
