//! Arguments that are axes or numbers, one or several, as Keras writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::shape::Shape;

/// One axis or several; the batch is axis 0, and -1 is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected an axis (a whole number) or a list of axes")]
pub enum AxisList {
    /// One.
    One(i64),
    /// Several.
    Many(Vec<i64>),
}

impl AxisList {
    /// The last axis.
    pub fn last() -> Self {
        AxisList::One(-1)
    }

    /// All of them, as they were written.
    pub(crate) fn all(&self) -> &[i64] {
        match self {
            AxisList::One(axis) => std::slice::from_ref(axis),
            AxisList::Many(axes) => axes,
        }
    }

    /// The axes of a sample (its first is 0), sorted; none twice.
    pub(crate) fn of_sample(&self, key: &str, input: &Shape) -> Result<Vec<usize>, Problem> {
        let all = self.all();
        if all.is_empty() {
            return Err(Problem::at(key, format!("`{key}` must name an axis, got an empty list")));
        }
        let mut axes = Vec::with_capacity(all.len());
        for axis in all {
            axes.push(sample_axis(key, *axis, input)?);
        }
        axes.sort_unstable();
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Problem::at(key, format!("`{key}` names an axis twice: {all:?}")));
        }
        Ok(axes)
    }
}

/// The axis of a sample (its first is 0) that Keras's axis (the batch is 0) stands for.
pub(crate) fn sample_axis(key: &str, axis: i64, input: &Shape) -> Result<usize, Problem> {
    let rank = input.rank() as i64 + 1;
    let place = if axis < 0 { axis.saturating_add(rank) } else { axis };
    match place {
        0 => Err(Problem::at(key, format!("`{key}` must not be the batch's axis, got {axis}"))
            .help("the axes of a sample start at 1; -1 is the last")),
        1.. if place < rank => Ok(place as usize - 1),
        _ => Err(Problem::at(
            key,
            format!("`{key}` must be an axis of the input {input}, got {axis}"),
        )
        .help("the axes of a sample start at 1; -1 is the last")),
    }
}

/// Sizes 1 but for some axes of a sample, and 1 for the batch: what a statistic of those axes is
/// shaped to before it meets a batch.
pub(crate) fn kept(dims: &[usize], axes: &[usize]) -> Vec<usize> {
    let mut kept = vec![1; dims.len() + 1];
    for axis in axes {
        kept[axis + 1] = dims[*axis];
    }
    kept
}

/// A problem where an axis has no places: nothing can be normalized over it.
pub(crate) fn no_empty_axis(layer: &str, input: &Shape) -> Result<(), Problem> {
    if input.dims().contains(&0) {
        return Err(Problem::at("", format!("{layer} needs axes of at least 1, got {input}")));
    }
    Ok(())
}

/// A number or a list of numbers, nested or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or a list of numbers")]
pub enum NumberList {
    /// One.
    One(f64),
    /// Several.
    Many(Vec<NumberList>),
}

/// 0.
impl Default for NumberList {
    fn default() -> Self {
        NumberList::One(0.0)
    }
}

impl NumberList {
    /// All numbers in order.
    pub(crate) fn flat(&self) -> Vec<f64> {
        match self {
            NumberList::One(number) => vec![*number],
            NumberList::Many(many) => many.iter().flat_map(NumberList::flat).collect(),
        }
    }

    /// One number for each of `n`, or a problem; one serves all.
    pub(crate) fn each(&self, key: &str, n: usize, input: &Shape) -> Result<Vec<f64>, Problem> {
        let flat = self.flat();
        match flat.len() {
            1 => Ok(vec![flat[0]; n]),
            found if found == n => Ok(flat),
            found => Err(Problem::at(
                key,
                format!("`{key}` must hold 1 number or {n} for the input {input}, got {found}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_counted_with_the_batch() {
        let input = Shape(vec![4, 5]);
        assert_eq!(AxisList::Many(vec![-1, 1]).of_sample("axis", &input).unwrap(), [0, 1]);
        assert_eq!(AxisList::One(2).of_sample("axis", &input).unwrap(), [1]);
        for (axes, words) in [
            (AxisList::One(0), "must not be the batch's axis, got 0"),
            (AxisList::One(-3), "must not be the batch's axis, got -3"),
            (AxisList::One(3), "must be an axis of the input (None, 4, 5), got 3"),
            (AxisList::One(i64::MIN), "must be an axis"),
            (AxisList::Many(vec![1, -2]), "names an axis twice"),
            (AxisList::Many(vec![]), "must name an axis"),
        ] {
            let problem = axes.of_sample("axis", &input).unwrap_err();
            assert!(problem.message.contains(words), "{}", problem.message);
        }
    }
}
