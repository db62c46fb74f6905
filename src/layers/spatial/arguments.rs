//! Arguments of layers over one to three axes, as Keras writes them.

use std::borrow::Cow;
use std::fmt;

use candle_core::Tensor;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};
use crate::limits::MOST_NUMBERS;

/// One number for all axes, or a list with one for each: `3`, `[3, 1]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PerAxis {
    /// The same for all.
    All(usize),
    /// One for each, depth before height before width.
    Each(Vec<usize>),
}

/// 1 for all axes.
impl Default for PerAxis {
    fn default() -> Self {
        PerAxis::one()
    }
}

impl PerAxis {
    /// 1 for all axes: the default of strides and dilations.
    pub fn one() -> Self {
        PerAxis::All(1)
    }

    /// The numbers for `rank` axes, those before them filled with `filler`; each at least `least`.
    pub(crate) fn axes(
        &self,
        key: &str,
        rank: usize,
        least: usize,
        filler: usize,
    ) -> Result<[usize; 3], Problem> {
        let mut axes = [filler; 3];
        match self {
            PerAxis::All(n) => axes[3 - rank..].fill(*n),
            PerAxis::Each(each) if each.len() == rank => axes[3 - rank..].copy_from_slice(each),
            PerAxis::Each(each) => return Err(count(key, rank, each.len())),
        }
        match axes[3 - rank..].iter().find(|n| !(least..=MOST_NUMBERS).contains(n)) {
            None => Ok(axes),
            Some(n) if *n < least => {
                Err(Problem::at(key, format!("`{key}` must be at least {least}, got {n}")))
            }
            Some(n) => {
                Err(Problem::at(key, format!("`{key}` must be at most {MOST_NUMBERS}, got {n}")))
            }
        }
    }
}

fn count(key: &str, wanted: usize, got: usize) -> Problem {
    let noun = if wanted == 1 { "number" } else { "numbers" };
    Problem::at(key, format!("`{key}` must be one number or a list of {wanted} {noun}, got {got}"))
        .help("the list has one number for each axis, channels left out")
}

impl From<usize> for PerAxis {
    fn from(n: usize) -> Self {
        PerAxis::All(n)
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis {
    fn from(each: [usize; N]) -> Self {
        PerAxis::Each(each.to_vec())
    }
}

impl<'de> Deserialize<'de> for PerAxis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PerAxisVisitor;
        impl<'de> Visitor<'de> for PerAxisVisitor {
            type Value = PerAxis;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number from 0 up, or a list with one for each axis")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<PerAxis, E> {
                Ok(PerAxis::All(usize::try_from(n).unwrap_or(usize::MAX)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PerAxis, A::Error> {
                let mut each = Vec::new();
                while let Some(n) = list.next_element()? {
                    each.push(n);
                }
                Ok(PerAxis::Each(each))
            }
        }
        deserializer.deserialize_any(PerAxisVisitor)
    }
}

impl JsonSchema for PerAxis {
    fn schema_name() -> Cow<'static, str> {
        "per_axis".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = json_schema!({ "type": "integer", "minimum": 0 });
        json_schema!({ "anyOf": [number, { "type": "array", "items": number }] })
    }
}

/// How much to add or take at both ends of each axis. Over one axis: `1` or `[before, after]`; over
/// several: `1`, `[1, 2]` (each axis, the same at both ends), `[[1, 0], [2, 1]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Margins {
    /// The same at both ends of all axes.
    All(usize),
    /// One for each axis; over one axis, one for each end.
    Each(Vec<Margin>),
}

/// How much to add or take at the ends of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Margin {
    /// The same at both ends.
    Both(usize),
    /// Before and after.
    Ends(usize, usize),
}

impl Margins {
    /// Before and after, for `rank` axes; those before them have none.
    pub(crate) fn axes(&self, key: &str, rank: usize) -> Result<[(usize, usize); 3], Problem> {
        let mut axes = [(0, 0); 3];
        let given = &mut axes[3 - rank..];
        match self {
            Margins::All(n) => given.fill((*n, *n)),
            Margins::Each(each) if rank == 1 => match each[..] {
                [Margin::Both(before), Margin::Both(after)] => given[0] = (before, after),
                _ => {
                    let message = format!(
                        "`{key}` must be one number or a list of 2 numbers, before and after"
                    );
                    return Err(Problem::at(key, message));
                }
            },
            Margins::Each(each) if each.len() == rank => {
                for (axis, margin) in given.iter_mut().zip(each) {
                    *axis = match *margin {
                        Margin::Both(n) => (n, n),
                        Margin::Ends(before, after) => (before, after),
                    };
                }
            }
            Margins::Each(each) => return Err(count(key, rank, each.len())),
        }
        if axes.iter().any(|(before, after)| *before.max(after) > MOST_NUMBERS) {
            return Err(Problem::at(
                key,
                format!("`{key}` must be at most {MOST_NUMBERS} at each end"),
            ));
        }
        Ok(axes)
    }
}

impl<'de> Deserialize<'de> for Margins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ends;
        impl<'de> Visitor<'de> for Ends {
            type Value = Margins;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number from 0 up, a list of them, or a list of pairs of them")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Margins, E> {
                Ok(Margins::All(usize::try_from(n).unwrap_or(usize::MAX)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Margins, A::Error> {
                let mut each = Vec::new();
                while let Some(margin) = list.next_element::<PerAxis>()? {
                    each.push(match margin {
                        PerAxis::All(n) => Margin::Both(n),
                        PerAxis::Each(ends) => match ends[..] {
                            [before, after] => Margin::Ends(before, after),
                            _ => {
                                let message = format!(
                                    "a pair must have 2 numbers, before and after, got {}",
                                    ends.len()
                                );
                                return Err(de::Error::custom(message));
                            }
                        },
                    });
                }
                Ok(Margins::Each(each))
            }
        }
        deserializer.deserialize_any(Ends)
    }
}

impl JsonSchema for Margins {
    fn schema_name() -> Cow<'static, str> {
        "margins".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = json_schema!({ "type": "integer", "minimum": 0 });
        let pair = json_schema!({
            "type": "array", "items": number, "minItems": 2, "maxItems": 2
        });
        json_schema!({
            "anyOf": [number, { "type": "array", "items": { "anyOf": [number, pair] } }]
        })
    }
}

/// How an axis is padded at its ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: the window stays within the axis.
    #[default]
    #[serde(alias = "VALID")]
    Valid,
    /// As much as gives `⌈length / stride⌉` outputs, evenly on both ends, the odd one at the end.
    #[serde(alias = "SAME")]
    Same,
    /// Everything before the axis: an output sees nothing that comes after it. Conv1D alone.
    #[serde(alias = "CAUSAL")]
    Causal,
}

/// Position of the channel axis: `channels_last` or `channels_first`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// (batch, …, channels)
    #[default]
    ChannelsLast,
    /// (batch, channels, …); runs by moving the channels to the end and back, without a kernel.
    ChannelsFirst,
}

impl DataFormat {
    /// The axes of a sample, channels last.
    pub(crate) fn dims_last(self, dims: &[usize]) -> Vec<usize> {
        let mut dims = dims.to_vec();
        if self == DataFormat::ChannelsFirst && !dims.is_empty() {
            dims.rotate_left(1);
        }
        dims
    }

    /// The axes of a sample in this format, from those with channels last.
    pub(crate) fn dims_back(self, dims: &[usize]) -> Vec<usize> {
        let mut dims = dims.to_vec();
        if self == DataFormat::ChannelsFirst && !dims.is_empty() {
            dims.rotate_right(1);
        }
        dims
    }

    /// A batch in this format with its channels last.
    pub(crate) fn tensor_last(self, x: &Tensor) -> Result<Tensor> {
        if self == DataFormat::ChannelsLast {
            return Ok(x.clone());
        }
        let mut axes: Vec<usize> = (0..x.rank()).collect();
        axes[1..].rotate_left(1);
        Ok(x.permute(axes)?.contiguous()?)
    }

    /// A batch with its channels last in this format.
    pub(crate) fn tensor_back(self, x: &Tensor) -> Result<Tensor> {
        if self == DataFormat::ChannelsLast {
            return Ok(x.clone());
        }
        let mut axes: Vec<usize> = (0..x.rank()).collect();
        axes[1..].rotate_right(1);
        Ok(x.permute(axes)?.contiguous()?)
    }
}
