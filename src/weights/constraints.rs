//! Constraints: projections of weights after every optimizer step, by Keras's names.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::{bare, bare_names, checked, checks};
use crate::error::Problem;
use crate::numeric::vector;
use crate::shape::Axes;

/// A projection after every optimizer step: `non_neg`, `max_norm: {max_value: 3}`.
///
/// Norms `‖w‖` are `√(Σ w²)` over `axis`: 0 (the default) means the weights into each unit of a
/// dense layer; the filters of a 2D convolution are `[0, 1, 2]`. Keras: `keras.constraints`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(transform = bare_names)]
pub enum Constraint {
    /// `w · clip(‖w‖, 0, max_value) / (ε + ‖w‖)`. Keras: `MaxNorm`.
    MaxNorm {
        /// Default: 2.
        #[serde(default = "two")]
        max_value: f64,
        /// Default: 0.
        #[serde(default = "first_axis")]
        axis: Axes,
    },
    /// `w · (rate · clip(‖w‖, min_value, max_value) + (1 - rate) · ‖w‖) / (ε + ‖w‖)`. Keras:
    /// `MinMaxNorm`.
    MinMaxNorm {
        /// Default: 0.
        #[serde(default)]
        min_value: f64,
        /// Default: 1.
        #[serde(default = "one")]
        max_value: f64,
        /// How far weights are moved towards the range at each step, between 0 and 1. Default: 1.
        #[serde(default = "one")]
        rate: f64,
        /// Default: 0.
        #[serde(default = "first_axis")]
        axis: Axes,
    },
    /// `max(w, 0)`. Keras: `NonNeg`.
    NonNeg,
    /// `w / (ε + ‖w‖)`. Keras: `UnitNorm`.
    UnitNorm {
        /// Default: 0.
        #[serde(default = "first_axis")]
        axis: Axes,
    },
}

fn first_axis() -> Axes {
    Axes::One(0)
}

fn one() -> f64 {
    1.0
}

fn two() -> f64 {
    2.0
}

impl Constraint {
    /// Projects a weight of this shape in place (row-major). `norms` is scratch space, to be kept
    /// from call to call.
    pub fn project(&self, values: &mut [f32], shape: &[usize], norms: &mut Vec<f32>) {
        const EPSILON: f32 = 1e-7;
        match self {
            Constraint::NonNeg => vector::map(values, |w| if w < 0.0 { 0.0 } else { w }),
            Constraint::MaxNorm { max_value, axis } => {
                let max = *max_value as f32;
                scale(axis, values, shape, norms, |norm| norm.clamp(0.0, max) / (EPSILON + norm));
            }
            Constraint::MinMaxNorm { min_value, max_value, rate, axis } => {
                let (min, max, rate) = (*min_value as f32, *max_value as f32, *rate as f32);
                scale(axis, values, shape, norms, |norm| {
                    (rate * norm.clamp(min, max) + (1.0 - rate) * norm) / (EPSILON + norm)
                });
            }
            Constraint::UnitNorm { axis } => {
                scale(axis, values, shape, norms, |norm| 1.0 / (EPSILON + norm));
            }
        }
    }

    /// A weight projected, by candle's ops: for any device.
    pub(crate) fn projected(&self, weight: &Tensor) -> candle_core::Result<Tensor> {
        const EPSILON: f64 = 1e-7;
        let norm = |axes: &Axes| {
            let rank = weight.rank();
            let axes: Vec<usize> = (0..rank).filter(|axis| axes.contains(*axis, rank)).collect();
            weight.sqr()?.sum_keepdim(axes)?.sqrt()
        };
        let (length, wanted) = match self {
            Constraint::NonNeg => {
                return weight.lt(0.0)?.where_cond(&weight.zeros_like()?, weight);
            }
            Constraint::MaxNorm { max_value, axis } => {
                let length = norm(axis)?;
                let wanted = length.clamp(0.0, *max_value)?;
                (length, wanted)
            }
            Constraint::MinMaxNorm { min_value, max_value, rate, axis } => {
                let length = norm(axis)?;
                let within = (length.clamp(*min_value, *max_value)? * *rate)?;
                let wanted = (within + (&length * (1.0 - rate))?)?;
                (length, wanted)
            }
            Constraint::UnitNorm { axis } => {
                let length = norm(axis)?;
                let wanted = length.ones_like()?;
                (length, wanted)
            }
        };
        weight.broadcast_mul(&(wanted / (length + EPSILON)?)?)
    }

    /// What is wrong with its arguments. A config's are checked as they are read.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            Constraint::MaxNorm { max_value, .. } => checks::not_negative("max_value", *max_value),
            Constraint::MinMaxNorm { min_value, max_value, rate, .. } => {
                checks::not_negative("min_value", *min_value)?;
                checks::not_negative("max_value", *max_value)?;
                checks::fraction("rate", *rate)?;
                if min_value > max_value {
                    let message = format!(
                        "`min_value` must be at most `max_value` ({max_value}), got {min_value}"
                    );
                    return Err(Problem::at("min_value", message));
                }
                Ok(())
            }
            Constraint::NonNeg | Constraint::UnitNorm { .. } => Ok(()),
        }
    }

    /// What is wrong with it for a weight of this shape.
    pub fn check_shape(&self, shape: &[usize]) -> Result<(), Problem> {
        let axes = match self {
            Constraint::NonNeg => return Ok(()),
            Constraint::MaxNorm { axis, .. }
            | Constraint::MinMaxNorm { axis, .. }
            | Constraint::UnitNorm { axis } => axis.as_slice(),
        };
        let rank = shape.len() as i64;
        match axes.iter().find(|axis| !(-rank..rank).contains(*axis)) {
            Some(axis) => {
                let message =
                    format!("`axis` {axis} is not an axis of a weight of shape {shape:?}");
                Err(Problem::at("axis", message))
            }
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Constraint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(Constraint::deserialize(deserializer)?, Constraint::check)
    }
}

impl Serialize for Constraint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bare(Constraint::serialize(self, serde_json::value::Serializer), serializer)
    }
}

/// Multiplies each group of values that lie along the axes by `factor(its norm)`.
fn scale(
    axes: &Axes,
    values: &mut [f32],
    shape: &[usize],
    norms: &mut Vec<f32>,
    factor: impl Fn(f32) -> f32,
) {
    let rank = shape.len();
    // the last axes that are alike, summed over or not, are one run of memory
    let last = rank.checked_sub(1).is_some_and(|last| axes.contains(last, rank));
    let alike = (0..rank).rev().take_while(|axis| axes.contains(*axis, rank) == last).count();
    let run: usize = shape[rank - alike..].iter().product();
    let kept = |axis: &usize| !axes.contains(*axis, rank);
    let groups: usize = (0..rank).filter(kept).map(|axis| shape[axis]).product();
    norms.clear();
    norms.resize(groups, 0.0);
    if run == 0 {
        return;
    }
    // the group of the first value of each run; of the others: the same, or one further each
    let first = |index: usize| {
        let (mut rest, mut group, mut stride) = (index, 0, if last { 1 } else { run });
        for axis in (0..rank - alike).rev() {
            if kept(&axis) {
                group += rest % shape[axis] * stride;
                stride *= shape[axis];
            }
            rest /= shape[axis];
        }
        group
    };
    for (index, run) in values.chunks(run).enumerate() {
        if last {
            norms[first(index)] += vector::sum(run, |w| w * w) as f32;
        } else {
            let sums = &mut norms[first(index)..][..run.len()];
            vector::update(sums, run, [], |sum, w, []| (sum + w * w, []));
        }
    }
    for sum in norms.iter_mut() {
        *sum = factor(sum.sqrt());
    }
    for (index, run) in values.chunks_mut(run).enumerate() {
        if last {
            let factor = norms[first(index)];
            vector::map(run, |w| w * factor);
        } else {
            let factors = &norms[first(index)..][..run.len()];
            vector::update(run, factors, [], |w, factor, []| (w * factor, []));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Node;

    /// The norms over the axes, found element by element.
    fn naive_unit_norm(values: &[f32], shape: &[usize], axes: &[usize]) -> Vec<f32> {
        let group = |mut i: usize| {
            let mut index = vec![0; shape.len()];
            for axis in (0..shape.len()).rev() {
                index[axis] = if axes.contains(&axis) { 0 } else { i % shape[axis] };
                i /= shape[axis];
            }
            index
        };
        (0..values.len())
            .map(|i| {
                let alike = (0..values.len()).filter(|j| group(*j) == group(i));
                let square: f32 = alike.map(|j| values[j] * values[j]).sum();
                values[i] / (1e-7 + square.sqrt())
            })
            .collect()
    }

    #[test]
    fn norms_are_over_any_axes() {
        let shape = [2, 3, 2, 2];
        let values: Vec<f32> = (0..24).map(|i| (i * 7 % 11) as f32 - 4.5).collect();
        let sets: [&[usize]; 7] =
            [&[0], &[3], &[1, 2], &[0, 2], &[0, 1, 2], &[0, 3], &[0, 1, 2, 3]];
        for axes in sets {
            let axis = Axes::Several(axes.iter().map(|axis| *axis as i64).collect());
            let mut ours = values.clone();
            Constraint::UnitNorm { axis }.project(&mut ours, &shape, &mut Vec::new());
            for (a, b) in ours.iter().zip(naive_unit_norm(&values, &shape, axes)) {
                assert!((a - b).abs() < 1e-6, "{axes:?}: {a}, {b}");
            }
        }
    }

    #[test]
    fn candles_ops_project_as_slices_do() {
        let shape = [2, 3, 2];
        let values: Vec<f32> = (0..12).map(|i| (i * 7 % 11) as f32 * 0.3 - 1.2).collect();
        for json in [
            json!("non_neg"),
            json!({"max_norm": {"max_value": 1.5, "axis": [0, 2]}}),
            json!({"max_norm": {"axis": -1}}),
            json!({"min_max_norm": {"min_value": 1.4, "max_value": 1.6, "rate": 0.25}}),
            json!({"unit_norm": {"axis": [0, 1, 2]}}),
        ] {
            let constraint = Node::from_json(&json).read::<Constraint>().unwrap();
            let mut by_slices = values.clone();
            constraint.project(&mut by_slices, &shape, &mut Vec::new());
            assert_ne!(by_slices, values, "{json}");
            let tensor = Tensor::from_slice(&values, &shape, &candle_core::Device::Cpu).unwrap();
            let projected = constraint.projected(&tensor).unwrap().flatten_all().unwrap();
            for (a, b) in projected.to_vec1::<f32>().unwrap().iter().zip(&by_slices) {
                assert!((a - b).abs() < 1e-6, "{json}: {a}, {b}");
            }
        }
    }

    #[test]
    fn a_negative_axis_counts_from_the_end() {
        let (mut a, mut b) = ([3.0, 4.0, 6.0, 8.0], [3.0, 4.0, 6.0, 8.0]);
        let unit = |axis| Constraint::UnitNorm { axis: Axes::One(axis) };
        unit(1).project(&mut a, &[2, 2], &mut Vec::new());
        unit(-1).project(&mut b, &[2, 2], &mut Vec::new());
        assert_eq!(a, b);
        assert!((a[0] - 0.6).abs() < 1e-6 && (a[3] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn names_stand_for_kerass_defaults() {
        let read = |json| Node::from_json(&json).read::<Constraint>().unwrap();
        assert_eq!(read(json!("non_neg")), Constraint::NonNeg);
        assert_eq!(read(json!("NonNeg")), Constraint::NonNeg);
        let axis = first_axis();
        assert_eq!(read(json!("max_norm")), Constraint::MaxNorm { max_value: 2.0, axis });
        let axis = Axes::Several(vec![0, 1]);
        assert_eq!(read(json!({"UnitNorm": {"axis": [0, 1]}})), Constraint::UnitNorm { axis });
    }

    #[test]
    fn wrong_arguments_and_shapes_are_errors() {
        for (json, expected) in [
            (json!({"max_norm": {"max_value": -1}}), "`max_value` must be 0 or greater, got -1"),
            (
                json!({"min_max_norm": {"min_value": 2}}),
                "`min_value` must be at most `max_value` (1), got 2",
            ),
            (json!({"min_max_norm": {"rate": 2}}), "`rate` must be between 0 and 1, got 2"),
            (json!({"unit_norm": {"axis": "x"}}), "expected an axis or a list of axes"),
        ] {
            let error = Node::from_json(&json).read::<Constraint>().unwrap_err();
            assert!(error.message.contains(expected), "{error}");
        }
        let unit = Constraint::UnitNorm { axis: Axes::One(2) };
        let problem = unit.check_shape(&[3, 4]).unwrap_err();
        assert_eq!(problem.message, "`axis` 2 is not an axis of a weight of shape [3, 4]");
    }
}
