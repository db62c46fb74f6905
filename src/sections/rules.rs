//! What is done to a column: how it is encoded and scaled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// How categories are encoded. Classes are sorted as numbers if all of them are numbers, else by
/// bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "encoding", rename_all = "snake_case")]
pub enum Encode {
    /// The index of the class, from 0. scikit-learn: `LabelEncoder`.
    Label,
    /// One column for each class: 1 for the class of the cell, 0 for the others. scikit-learn:
    /// `OneHotEncoder`.
    OneHot,
    /// 1 for true, yes, t, y and 1; 0 for false, no, f, n and 0; upper or lower case.
    Boolean,
}

/// How a column of numbers is scaled, with statistics computed on the training part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "scaling", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// No scaling.
    #[default]
    None,
    /// Scales the values linearly so that the smallest and the largest are the ends of `range`.
    /// scikit-learn: `MinMaxScaler`.
    MinMax(MinMax),
    /// Scales to mean 0 and standard deviation 1. scikit-learn: `StandardScaler`.
    Standard,
}

/// The arguments of `min_max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinMax {
    /// Smallest and largest scaled value. Default: [0, 1].
    pub range: [f64; 2],
}

impl Default for MinMax {
    fn default() -> Self {
        MinMax { range: [0.0, 1.0] }
    }
}

impl Serialize for Scale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scale::None => serializer.serialize_str("none"),
            Scale::Standard => serializer.serialize_str("standard"),
            Scale::MinMax(min_max) if *min_max == MinMax::default() => {
                serializer.serialize_str("min_max")
            }
            Scale::MinMax(min_max) => serializer.collect_map([("min_max", min_max)]),
        }
    }
}
