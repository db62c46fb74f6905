//! Circle loss, for vectors that shall be near each other where their classes are the same.

use candle_core::{D, DType, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::Loss;
use super::terms::{positive, softplus};
use crate::error::{Error, Problem, Result};
use crate::target::{Output, Target};

/// `ln (1 + Σ e^(-gamma (m + d)(m - d)) · Σ e^(gamma (1 + m - d)(1 - m - d)))`, where d = 1 - cos is a
/// sample's distance to each other one of the batch, at least 0, and m the margin; the first sum is
/// over those of its class, the second over all others. The predictions are vectors of length 1,
/// (batch, size), the targets class numbers; samples whose loss is 0 don't count in the mean. Sun et
/// al., arXiv:2002.10857. Keras: `keras.losses.Circle`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Circle {
    /// Scale of the exponents; greater than 0. Default: 80.
    pub gamma: f64,
    /// Margin between classes, between 0 and 1. Default: 0.4.
    pub margin: f64,
    /// Whether to leave out the distance of a sample to itself. Default: true.
    pub remove_diagonal: bool,
}

impl Default for Circle {
    fn default() -> Self {
        Circle { gamma: 80.0, margin: 0.4, remove_diagonal: true }
    }
}

impl Loss for Circle {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let count = prediction.dim(0)?;
        if prediction.rank() != 2 || target.elem_count() != count {
            let (target, prediction) = (target.dims(), prediction.dims());
            return Err(Error::run(format!(
                "`circle` wants one class number and one vector a sample, got targets of shape \
                 {target:?} and predictions of shape {prediction:?}"
            )));
        }
        let numbers = target.detach().reshape((count, 1))?;
        let same = numbers.broadcast_eq(&numbers.t()?)?; // (batch, batch)
        let other = same.eq(0u8)?;
        let same = if self.remove_diagonal {
            (same * Tensor::eye(count, DType::U8, target.device())?.eq(0u8)?)?
        } else {
            same
        };
        let distance = positive(&prediction.matmul(&prediction.t()?)?.affine(-1.0, 1.0)?)?;
        let (gamma, margin) = (self.gamma, self.margin);
        let near =
            (positive(&(&distance + margin)?)? * distance.affine(gamma, -gamma * margin)?)?;
        let far = positive(&distance.affine(-1.0, 1.0 + margin)?)?;
        let far = (far * distance.affine(-gamma, gamma * (1.0 - margin))?)?;
        softplus(&(log_sum(&near, &same)? + log_sum(&far, &other)?)?)
    }

    fn mask(&self, target: &Tensor, prediction: &Tensor) -> Result<Option<Tensor>> {
        let loss = self.per_sample(target, &prediction.detach())?;
        Ok(Some(loss.gt(0.0)?.to_dtype(prediction.dtype())?))
    }

    fn is_of_embeddings(&self) -> bool {
        true
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::positive("gamma", self.gamma)?;
        checks::within("margin", self.margin, 0.0, 1.0)?;
        if !matches!(output.target, Target::Classes(_)) {
            let message = "`circle` wants a class number, but the target is something else";
            return Err(Problem::at("", message).help("use `encode: label` on the target"));
        }
        if output.shape.rank() != 1 {
            let message = format!("`circle` wants one vector a sample, but gets {}", output.shape);
            return Err(Problem::at("", message).help("end the model with a `dense` layer"));
        }
        Ok(())
    }
}

/// `ln Σ e^x` over the last axis, of the entries that count; very small where none does.
fn log_sum(x: &Tensor, counts: &Tensor) -> Result<Tensor> {
    let nothing = x.zeros_like()?.affine(1.0, -1e30)?;
    let x = counts.where_cond(x, &nothing)?;
    let largest = x.detach().max_keepdim(D::Minus1)?;
    let sum = x.broadcast_sub(&largest)?.exp()?.sum(D::Minus1)?;
    Ok((sum.log()? + largest.squeeze(D::Minus1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::LossEntry;
    use candle_core::{Device, Var};

    /// Keras 3's formula, written out in f64 for each pair.
    fn expected(classes: &[f32], vectors: &[[f64; 2]], loss: &Circle) -> Vec<f64> {
        let each = |i: usize| {
            let (mut near, mut far) = (0.0, 0.0);
            for j in 0..classes.len() {
                let cos = vectors[i][0] * vectors[j][0] + vectors[i][1] * vectors[j][1];
                let d = (1.0 - cos).max(0.0);
                if classes[i] != classes[j] {
                    let weight = (1.0 + loss.margin - d).max(0.0);
                    far += (loss.gamma * weight * (1.0 - loss.margin - d)).exp();
                } else if i != j || !loss.remove_diagonal {
                    near += (-loss.gamma * (loss.margin + d) * (loss.margin - d)).exp();
                }
            }
            (1.0 + near * far).ln()
        };
        (0..classes.len()).map(each).collect()
    }

    #[test]
    fn it_is_the_formula_of_the_paper() {
        let classes = [0.0, 1.0, 0.0, 1.0, 2.0];
        let vectors = [0.1f64, 0.7, 1.9, 2.2, 4.0].map(|angle| [angle.cos(), angle.sin()]);
        let flat: Vec<f32> = vectors.iter().flatten().map(|x| *x as f32).collect();
        let target = Tensor::from_slice(&classes, 5, &Device::Cpu).unwrap();
        let prediction = Tensor::from_slice(&flat, (5, 2), &Device::Cpu).unwrap();
        for remove_diagonal in [true, false] {
            let loss = Circle { gamma: 3.0, margin: 0.25, remove_diagonal };
            let ours: Vec<f32> = loss.per_sample(&target, &prediction).unwrap().to_vec1().unwrap();
            for (ours, expected) in ours.iter().zip(expected(&classes, &vectors, &loss)) {
                assert!((f64::from(*ours) - expected).abs() < 1e-5, "{ours} and {expected}");
            }
        }
    }

    #[test]
    fn a_sample_without_a_partner_does_not_count() {
        let target = Tensor::new(&[0f32, 0.0, 1.0], &Device::Cpu).unwrap();
        let prediction = Tensor::new(&[[1f32, 0.0], [0.8, 0.6], [0.6, 0.8]], &Device::Cpu).unwrap();
        let var = Var::from_tensor(&prediction).unwrap();
        let loss = Circle { gamma: 3.0, ..Circle::default() };
        let values: Vec<f32> = loss.per_sample(&target, &prediction).unwrap().to_vec1().unwrap();
        assert_eq!(values[2], 0.0);
        let entry: LossEntry = loss.into();
        let mean = entry.compute(&target, var.as_tensor(), None, None).unwrap();
        let gradients = mean.backward().unwrap();
        let gradient: Vec<f32> =
            gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        assert!(gradient.iter().all(|slope| slope.is_finite()));
        let mean = mean.to_scalar::<f32>().unwrap();
        assert!((mean - f32::midpoint(values[0], values[1])).abs() < 1e-5, "{mean} of {values:?}");
    }
}
