//! Regularizers: penalties on weights and outputs, by Keras's names.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::{bare, bare_names, checked, checks};
use crate::error::{Problem, Result};
use crate::numeric::vector;

/// A penalty added to the loss, in training, validation and evaluation: `l2`, `l1: {l1: 0.001}`.
///
/// Keras: `keras.regularizers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(transform = bare_names)]
pub enum Regularizer {
    /// `l1 · Σ |w|`. Keras: `L1`. Its slope at a weight of exactly 0 is 0, as in Keras on TensorFlow
    /// and PyTorch; Keras on JAX takes 1 there.
    L1 {
        /// Factor. Default: 0.01.
        #[serde(default = "one_hundredth")]
        l1: f64,
    },
    /// `l2 · Σ w²` (without the factor 1/2 that some libraries use). Keras: `L2`.
    L2 {
        /// Factor. Default: 0.01.
        #[serde(default = "one_hundredth")]
        l2: f64,
    },
    /// `l1 · Σ |w| + l2 · Σ w²`. Keras: `L1L2`.
    L1L2 {
        /// Factor of the absolute values. Default: 0.
        #[serde(default)]
        l1: f64,
        /// Factor of the squares. Default: 0.
        #[serde(default)]
        l2: f64,
    },
    /// `factor` times the mean, over all pairs of rows (or columns) of a matrix, of the absolute
    /// cosine between the two. Keras: `OrthogonalRegularizer`.
    ///
    /// Unlike Keras, whose penalty of a single row is not a number, ours is 0.
    OrthogonalRegularizer {
        /// Default: 0.01.
        #[serde(default = "one_hundredth")]
        factor: f64,
        /// Default: rows.
        #[serde(default)]
        mode: Vectors,
    },
}

/// Which vectors are to be orthogonal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vectors {
    /// The rows of the matrix.
    #[default]
    Rows,
    /// Its columns.
    Columns,
}

fn one_hundredth() -> f64 {
    0.01
}

impl Regularizer {
    /// The penalty on `w`, a scalar; differentiable. The gradient of `|w|` at 0 is 0.
    pub fn penalty(&self, w: &Tensor) -> Result<Tensor> {
        // not abs(): its gradient at 0 is 1 in candle
        let absolute = |x: &Tensor| x * x.sign()?.detach();
        Ok(match self {
            Regularizer::L1 { l1 } => (absolute(w)?.sum_all()? * *l1)?,
            Regularizer::L2 { l2 } => (w.sqr()?.sum_all()? * *l2)?,
            Regularizer::L1L2 { l1, l2 } => {
                ((absolute(w)?.sum_all()? * *l1)? + (w.sqr()?.sum_all()? * *l2)?)?
            }
            Regularizer::OrthogonalRegularizer { factor, mode } => {
                let vectors = match mode {
                    Vectors::Rows => w.clone(),
                    Vectors::Columns => w.t()?,
                }; // (n, length)
                let squares = vectors.sqr()?.sum_keepdim(1)?; // (n, 1)
                let units = vectors.broadcast_div(&squares.maximum(SHORTEST)?.sqrt()?)?;
                let cosines = units.matmul(&units.t()?.contiguous()?)?; // (n, n)
                let n = cosines.dim(0)?;
                let off_diagonal = (1.0 - Tensor::eye(n, w.dtype(), w.device())?)?;
                let sum = absolute(&(cosines * off_diagonal)?)?.sum_all()?;
                (sum * (0.5 * factor / pairs(n)))?
            }
        })
    }

    /// The penalty on the values `w` of a weight of this shape (row-major); its gradient is added
    /// to `gradient`.
    pub fn penalty_and_gradient(&self, w: &[f32], shape: &[usize], gradient: &mut [f32]) -> f32 {
        match self {
            Regularizer::L1 { l1 } => l1_l2(*l1, 0.0, w, gradient),
            Regularizer::L2 { l2 } => l1_l2(0.0, *l2, w, gradient),
            Regularizer::L1L2 { l1, l2 } => l1_l2(*l1, *l2, w, gradient),
            Regularizer::OrthogonalRegularizer { factor, mode } => {
                let columns = shape.last().copied().unwrap_or(1);
                let rows = w.len() / columns.max(1);
                match mode {
                    Vectors::Rows => {
                        orthogonal(*factor, w, [rows, columns], [columns, 1], gradient)
                    }
                    Vectors::Columns => {
                        orthogonal(*factor, w, [columns, rows], [1, columns], gradient)
                    }
                }
            }
        }
    }

    /// What is wrong with its arguments. A config's are checked as they are read.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            Regularizer::L1 { l1 } => checks::not_negative("l1", *l1),
            Regularizer::L2 { l2 } => checks::not_negative("l2", *l2),
            Regularizer::L1L2 { l1, l2 } => {
                checks::not_negative("l1", *l1)?;
                checks::not_negative("l2", *l2)
            }
            Regularizer::OrthogonalRegularizer { factor, .. } => {
                checks::not_negative("factor", *factor)
            }
        }
    }

    /// What is wrong with it for a weight or an output (batch and all) of this shape.
    pub fn check_shape(&self, shape: &[usize]) -> Result<(), Problem> {
        match self {
            Regularizer::OrthogonalRegularizer { .. } if shape.len() != 2 => {
                let message =
                    format!("`orthogonal_regularizer` needs a matrix, got the shape {shape:?}");
                Err(Problem::at("", message).help("choose another regularizer"))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Regularizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(Regularizer::deserialize(deserializer)?, Regularizer::check)
    }
}

impl Serialize for Regularizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bare(Regularizer::serialize(self, serde_json::value::Serializer), serializer)
    }
}

/// The least square of a length that vectors are divided by: Keras's (1e-7)².
const SHORTEST: f64 = 1e-14;

/// How many pairs n vectors make.
fn pairs(n: usize) -> f64 {
    (n as f64 * (n as f64 - 1.0) / 2.0).max(1.0)
}

fn l1_l2(l1: f64, l2: f64, w: &[f32], gradient: &mut [f32]) -> f32 {
    let mut penalty = 0.0;
    if l1 > 0.0 {
        let factor = l1 as f32;
        penalty += l1 * vector::sum(w, f32::abs);
        vector::update(gradient, w, [], |g, w, []| (g + factor * sign(w), []));
    }
    if l2 > 0.0 {
        let factor = 2.0 * l2 as f32;
        penalty += l2 * vector::sum(w, |w| w * w);
        vector::update(gradient, w, [], |g, w, []| (g + factor * w, []));
    }
    penalty as f32
}

/// -1, 0 or 1; not `signum`, which is 1 at 0.
fn sign(x: f32) -> f32 {
    f32::from(u8::from(x > 0.0)) - f32::from(u8::from(x < 0.0))
}

/// Of `n` vectors of `length` numbers; number `k` of vector `i` is at `i·strides[0] + k·strides[1]`.
///
/// With units `u = w/‖w‖` and cosines `c = u·uᵀ`: the gradient with respect to `uᵢ` is
/// `dᵢ = factor/pairs · Σ_{j≠i} sign(cᵢⱼ)·uⱼ`, that with respect to `wᵢ` is
/// `(dᵢ - uᵢ·(uᵢ·dᵢ)) / ‖wᵢ‖`.
fn orthogonal(
    factor: f64,
    w: &[f32],
    [n, length]: [usize; 2],
    strides: [usize; 2],
    gradient: &mut [f32],
) -> f32 {
    let at = |i: usize, k: usize| i * strides[0] + k * strides[1];
    let mut units = vec![0.0; n * length];
    let mut lengths = vec![0.0; n];
    for i in 0..n {
        let square: f64 = (0..length).map(|k| f64::from(w[at(i, k)]).powi(2)).sum();
        lengths[i] = square.max(SHORTEST).sqrt();
        for k in 0..length {
            units[i * length + k] = f64::from(w[at(i, k)]) / lengths[i];
        }
    }
    let unit = |i: usize| &units[i * length..][..length];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = factor / pairs(n);
    let mut sum = 0.0;
    let mut d = vec![0.0; length];
    for i in 0..n {
        d.fill(0.0);
        for j in (0..n).filter(|j| *j != i) {
            let cosine = dot(unit(i), unit(j));
            sum += 0.5 * cosine.abs();
            if cosine != 0.0 {
                for (d, u) in d.iter_mut().zip(unit(j)) {
                    *d += scale * cosine.signum() * u;
                }
            }
        }
        let along = dot(unit(i), &d);
        for k in 0..length {
            gradient[at(i, k)] += ((d[k] - unit(i)[k] * along) / lengths[i]) as f32;
        }
    }
    (scale * sum) as f32
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use serde_json::json;

    use super::*;
    use crate::config::Node;

    #[test]
    fn slices_and_tensors_agree_in_value_and_gradient() {
        let w = [0.5, -1.0, 0.0, 2.0, -0.3, 0.7];
        let shape = [3, 2];
        let orthogonal = |mode| Regularizer::OrthogonalRegularizer { factor: 0.3, mode };
        for regularizer in [
            Regularizer::L1 { l1: 0.1 },
            Regularizer::L2 { l2: 0.2 },
            Regularizer::L1L2 { l1: 0.1, l2: 0.2 },
            orthogonal(Vectors::Rows),
            orthogonal(Vectors::Columns),
        ] {
            let var = Var::from_slice(&w, shape.as_slice(), &Device::Cpu).unwrap();
            let penalty = regularizer.penalty(var.as_tensor()).unwrap();
            let gradients = penalty.backward().unwrap();
            let wanted = gradients.get(&var).unwrap().flatten_all().unwrap();
            let mut gradient = [1.0; 6];
            let value = regularizer.penalty_and_gradient(&w, &shape, &mut gradient);
            assert!((value - penalty.to_scalar::<f32>().unwrap()).abs() < 1e-6, "{regularizer:?}");
            for (ours, wanted) in gradient.iter().zip(wanted.to_vec1::<f32>().unwrap()) {
                assert!((ours - 1.0 - wanted).abs() < 1e-6, "{regularizer:?}: {ours}, {wanted}");
            }
        }
    }

    #[test]
    fn names_stand_for_kerass_defaults() {
        let read = |json| Node::from_json(&json).read::<Regularizer>().unwrap();
        assert_eq!(read(json!("l1")), Regularizer::L1 { l1: 0.01 });
        assert_eq!(read(json!("L2")), Regularizer::L2 { l2: 0.01 });
        assert_eq!(read(json!("l1_l2")), Regularizer::L1L2 { l1: 0.0, l2: 0.0 });
        assert_eq!(read(json!({"L1L2": {"l1": 0.1}})), Regularizer::L1L2 { l1: 0.1, l2: 0.0 });
        let orthogonal = read(json!("orthogonal_regularizer"));
        let mode = Vectors::Rows;
        assert_eq!(orthogonal, Regularizer::OrthogonalRegularizer { factor: 0.01, mode });
    }

    #[test]
    fn wrong_arguments_and_shapes_are_errors() {
        let error = Node::from_json(&json!({"l2": {"l2": -1}})).read::<Regularizer>().unwrap_err();
        assert_eq!(error.message, "`l2` must be 0 or greater, got -1");
        let regularizer = Regularizer::OrthogonalRegularizer { factor: 0.1, mode: Vectors::Rows };
        assert!(regularizer.check_shape(&[2, 3, 4]).is_err());
        assert_eq!(regularizer.penalty_and_gradient(&[1.0, 2.0], &[1, 2], &mut [0.0; 2]), 0.0);
    }
}
