//! Adafactor.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{
    Optimizer, Parameter, SlotSpec, TensorParameter, TensorRule, UpdateStep, WeightPlace,
};
use super::terms::root_mean_square;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;

/// `w -= α·u/max(1, rms(u)/clip_threshold)` with `u = g/√v`, `α = max(ε₂, rms(w))·ρ`,
/// `ρ = min(lr, 1/√t)`. With `β = 1 - t^beta_2_decay`: a weight of two axes or more keeps running
/// means r over the rows and c over the columns of `g² + ε₁`, and `v = (r/mean(r))⊗c`; others keep
/// `v = βv + (1-β)(g² + ε₁)`.
///
/// Keras: `keras.optimizers.Adafactor`. Paper: <https://arxiv.org/abs/1804.04235>. State: r, c
/// (placeholders for weights of fewer than two axes), velocity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adafactor {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// The exponent of β; below 0. Default: -0.8.
    pub beta_2_decay: f64,
    /// ε₁. Default: 1e-30.
    pub epsilon_1: f64,
    /// ε₂. Default: 0.001.
    pub epsilon_2: f64,
    /// Largest root mean square of an update; a larger one is scaled down. Default: 1.
    pub clip_threshold: f64,
    /// Whether a constant learning rate falls as 1/√t. As in Keras it has no effect, since ρ falls so
    /// in any case. Default: true.
    pub relative_step: bool,
}

impl Default for Adafactor {
    fn default() -> Self {
        Adafactor {
            learning_rate: 0.001.into(),
            beta_2_decay: -0.8,
            epsilon_1: 1e-30,
            epsilon_2: 1e-3,
            clip_threshold: 1.0,
            relative_step: true,
        }
    }
}

impl Optimizer for Adafactor {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let (rows, columns) = match weight.shape {
            [outer @ .., rows, columns] => {
                ([outer, &[*rows]].concat(), [outer, &[*columns]].concat())
            }
            _ => (Vec::new(), Vec::new()), // Keras keeps a number that it never uses
        };
        let mean = |shape| SlotSpec { name: "", shape, initial: Some(0.0), block: 0 };
        vec![mean(rows), mean(columns), SlotSpec::zeros("velocity", weight)]
    }

    fn scratch(&self, weight: &WeightPlace<'_>) -> usize {
        weight.shape.iter().product()
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        let t = step.t as f32;
        step.factors[0] = step.learning_rate.min(1.0 / t.sqrt());
        step.factors[1] = 1.0 - t.powf(self.beta_2_decay as f32);
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let [rho, beta, ..] = step.factors;
        let (rest, epsilon_1) = (1.0 - beta, self.epsilon_1 as f32);
        let [r, c, v] = slots else { return Ok(()) };
        let alpha = rms(weight.values).max(self.epsilon_2 as f32) * rho;
        let u = &mut *weight.scratch;
        if let [.., rows, columns] = *weight.place.shape {
            let size = rows * columns;
            let matrices = weight.gradient.chunks(size.max(1)).zip(v.chunks_mut(size.max(1)));
            let means = r.chunks_mut(rows.max(1)).zip(c.chunks_mut(columns.max(1)));
            for ((g, v), (r, c)) in matrices.zip(means) {
                factor(g, [r, c], v, [beta, rest, epsilon_1]);
            }
            vector::update(u, weight.gradient, [v], |_, g, [v]| (g / v.sqrt(), [v]));
        } else {
            vector::update(u, weight.gradient, [v], |_, g, [v]| {
                let v = beta * v + rest * (g * g + epsilon_1);
                (g / v.sqrt(), [v])
            });
        }
        let rate = alpha / (rms(u) / self.clip_threshold as f32).max(1.0);
        vector::update(weight.values, u, [], |w, u, []| (w - rate * u, []));
        Ok(())
    }

    fn by_tensors(&self) -> Option<&dyn TensorRule> {
        Some(self)
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        if self.beta_2_decay >= 0.0 || !self.beta_2_decay.is_finite() {
            let message = format!("`beta_2_decay` must be less than 0, got {}", self.beta_2_decay);
            return Err(Problem::at("beta_2_decay", message));
        }
        checks::positive("epsilon_1", self.epsilon_1)?;
        checks::positive("epsilon_2", self.epsilon_2)?;
        checks::positive("clip_threshold", self.clip_threshold)
    }
}

impl TensorRule for Adafactor {
    fn update_tensors(
        &self,
        step: &UpdateStep,
        weight: &TensorParameter<'_>,
        slots: &mut [Tensor],
    ) -> candle_core::Result<Tensor> {
        let TensorParameter { values, gradient, .. } = weight;
        let [rho, beta, ..] = step.factors;
        let (beta, rest) = (f64::from(beta), f64::from(1.0 - beta));
        let [r, c, v] = slots else { return Ok(values.clone()) };
        let squares = (gradient.sqr()? + self.epsilon_1)?; // (…, rows, columns)
        if values.rank() >= 2 {
            *r = ((&*r * beta)? + (squares.mean(D::Minus1)? * rest)?)?; // (…, rows)
            *c = ((&*c * beta)? + (squares.mean(D::Minus2)? * rest)?)?; // (…, columns)
            let share = r.broadcast_div(&r.mean_keepdim(D::Minus1)?)?.unsqueeze(D::Minus1)?;
            *v = share.broadcast_mul(&c.unsqueeze(c.rank() - 1)?)?;
        } else {
            *v = ((&*v * beta)? + (squares * rest)?)?;
        }
        let u = (gradient / v.sqrt()?)?;
        let alpha = (root_mean_square(values)?.maximum(self.epsilon_2)? * f64::from(rho))?;
        let rate = (alpha / (root_mean_square(&u)? / self.clip_threshold)?.maximum(1.0)?)?;
        values - u.broadcast_mul(&rate)?
    }
}

/// The running means of one matrix's rows and columns, and the velocity that they make.
fn factor(g: &[f32], [r, c]: [&mut [f32]; 2], v: &mut [f32], [beta, rest, epsilon]: [f32; 3]) {
    let (rows, columns) = (r.len(), c.len());
    vector::map(c, |c| c * beta);
    let of_each = rest / rows as f32;
    for (r, g) in r.iter_mut().zip(g.chunks(columns)) {
        let mean = vector::sum(g, |g| g * g + epsilon) as f32 / columns as f32;
        *r = beta * *r + rest * mean;
        c.iter_mut().zip(g).for_each(|(c, g)| *c += of_each * (g * g + epsilon));
    }
    let mean = vector::sum(r, |r| r) as f32 / rows as f32;
    for (r, v) in r.iter().zip(v.chunks_mut(columns)) {
        let share = *r / mean;
        v.iter_mut().zip(&*c).for_each(|(v, c)| *v = share * c);
    }
}

fn rms(values: &[f32]) -> f32 {
    (vector::sum(values, |x| x * x) / values.len().max(1) as f64).sqrt() as f32
}
