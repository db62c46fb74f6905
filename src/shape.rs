//! `Shape`: the sizes of one sample's axes; the batch axis is left out. `Axes`: some of them, by number.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::limits::MOST_NUMBERS;

/// The shape of one sample, without the batch axis; prints as Keras does: `(None, 28, 28, 1)`.
/// ```
/// use lanthorn::Shape;
///
/// let shape = Shape(vec![28, 28, 1]);
/// assert_eq!(shape.to_string(), "(None, 28, 28, 1)");
/// assert_eq!((shape.rank(), shape.elements(), shape.last()), (3, 784, 1));
/// assert_eq!(shape.with_batch(32), [32, 28, 28, 1]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// The axes, batch left out.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// How many axes, batch left out.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The last axis: features or channels. 1 for a shape without axes.
    pub fn last(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// How many numbers one sample holds.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// A problem where a sample would hold more numbers than memory can be asked for.
    pub fn check_size(&self) -> Result<(), Problem> {
        let elements = self.0.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        match elements {
            Some(elements) if elements <= MOST_NUMBERS => Ok(()),
            _ => {
                let message =
                    format!("a sample of shape {self} holds more than {MOST_NUMBERS} numbers");
                Err(Problem::at("", message))
            }
        }
    }

    /// The same shape with another last axis.
    pub fn with_last(&self, last: usize) -> Shape {
        let mut dims = self.0.clone();
        match dims.last_mut() {
            Some(dim) => *dim = last,
            None => dims.push(last),
        }
        Shape(dims)
    }

    /// The full shape of a batch of `batch` samples.
    pub fn with_batch(&self, batch: usize) -> Vec<usize> {
        let mut dims = vec![batch];
        dims.extend_from_slice(&self.0);
        dims
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "(None,)");
        }
        write!(f, "(None")?;
        for dim in &self.0 {
            write!(f, ", {dim}")?;
        }
        write!(f, ")")
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Shape(dims)
    }
}

/// An axis or several; negative ones count from the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected an axis or a list of axes")]
pub enum Axes {
    /// One.
    One(i64),
    /// Several.
    Several(Vec<i64>),
}

impl Axes {
    /// The axes as they are written.
    pub fn as_slice(&self) -> &[i64] {
        match self {
            Axes::One(axis) => std::slice::from_ref(axis),
            Axes::Several(axes) => axes,
        }
    }

    /// Whether they name an axis of a tensor of this rank.
    pub(crate) fn contains(&self, axis: usize, rank: usize) -> bool {
        let axis = axis as i64;
        self.as_slice().iter().any(|listed| *listed == axis || *listed == axis - rank as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_keras_does() {
        assert_eq!(Shape(vec![28, 28, 1]).to_string(), "(None, 28, 28, 1)");
        assert_eq!(Shape(vec![8]).to_string(), "(None, 8)");
        assert_eq!(Shape(vec![]).to_string(), "(None,)");
    }
}
