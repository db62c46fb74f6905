//! Muon.

use candle_core::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adam;
use super::optimizer::{
    Optimizer, Parameter, SlotSpec, TensorParameter, TensorRule, UpdateStep, WeightPlace,
};
use super::terms::norm;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;

/// For matrices: `m = μm + g`, `n = g + μm` (nesterov) or `m`, `w -= lr·√max(rows, columns)·
/// rms_rate·NS(n)`, where NS makes a matrix nearly orthogonal: from `x = n/(‖n‖ + 1e-7)`,
/// `ns_steps` times `A = x·xᵀ`, `x = a·x + (b·A + c·A²)·x`. All other weights, and embeddings, are
/// updated by Adam.
///
/// Keras: `keras.optimizers.Muon`. Paper: <https://arxiv.org/abs/2502.16982>. State: momentum, and
/// velocity where Adam is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Muon {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// Adam's β₁, at least 0 and less than 1. Default: 0.9.
    pub adam_beta_1: f64,
    /// Adam's β₂, at least 0 and less than 1. Default: 0.999.
    pub adam_beta_2: f64,
    /// Weight decay of the weights that Adam updates; 0 for none. Default: 0.004, as for
    /// `weight_decay`, which the others use.
    pub adam_weight_decay: f64,
    /// Adam's ε. Default: 1e-7.
    pub epsilon: f64,
    /// Weights whose path (`dense.kernel`) contains one of these texts are updated by Adam.
    /// Default: none.
    ///
    /// Unlike Keras, which takes regular expressions, we take plain text.
    pub exclude_layers: Vec<String>,
    /// Whether weights with "embedding" in their path are updated by Adam. Default: true.
    pub exclude_embeddings: bool,
    /// a. Default: 3.4445.
    pub muon_a: f64,
    /// b. Default: -4.775.
    pub muon_b: f64,
    /// c. Default: 2.0315.
    pub muon_c: f64,
    /// Learning rate of Adam, relative to `learning_rate`. Default: 1.
    pub adam_lr_ratio: f64,
    /// μ, at least 0 and less than 1. Default: 0.95.
    pub momentum: f64,
    /// Number of iterations; at least 1. Default: 5.
    pub ns_steps: usize,
    /// Whether to use Nesterov momentum. Default: true.
    pub nesterov: bool,
    /// Root mean square of an update; 0 (Keras: None) leaves updates unchanged. Default: 0.2.
    pub rms_rate: f64,
}

impl Default for Muon {
    fn default() -> Self {
        Muon {
            learning_rate: 0.001.into(),
            adam_beta_1: 0.9,
            adam_beta_2: 0.999,
            adam_weight_decay: 0.004,
            epsilon: 1e-7,
            exclude_layers: Vec::new(),
            exclude_embeddings: true,
            muon_a: 3.4445,
            muon_b: -4.775,
            muon_c: 2.0315,
            adam_lr_ratio: 1.0,
            momentum: 0.95,
            ns_steps: 5,
            nesterov: true,
            rms_rate: 0.2,
        }
    }
}

impl Optimizer for Muon {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let mut slots = vec![SlotSpec::zeros("momentum", weight)];
        if self.is_adams(weight) {
            slots.push(SlotSpec::zeros("velocity", weight));
        }
        slots
    }

    fn scratch(&self, weight: &WeightPlace<'_>) -> usize {
        if self.is_adams(weight) { 0 } else { weight.shape.iter().product() }
    }

    fn weight_decay(&self, given: Option<f64>, weight: &WeightPlace<'_>) -> Option<f64> {
        let of_muon = given.unwrap_or(0.004);
        Some(if self.is_adams(weight) { self.adam_weight_decay } else { of_muon })
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        let alpha = adam::alpha(step, self.adam_beta_1, self.adam_beta_2);
        step.factors[0] = alpha * self.adam_lr_ratio as f32;
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let ([m], [rows, columns]) = (&mut *slots, weight.place.shape) else {
            let betas = [self.adam_beta_1, self.adam_beta_2];
            adam::update(weight, slots, step.factors[0], betas, self.epsilon as f32);
            return Ok(());
        };
        let (momentum, nesterov) = (self.momentum as f32, self.nesterov);
        let direction = &mut *weight.scratch;
        vector::update(direction, weight.gradient, [m], |_, g, [m]| {
            let m = m + (g + m * (momentum - 1.0));
            (if nesterov { g + momentum * m } else { m }, [m])
        });
        let rate = self.rate(step, (*rows, *columns));
        let update = self.orthogonalise(direction, (*rows, *columns))?;
        vector::update(weight.values, &update, [], |w, u, []| (w - rate * u, []));
        Ok(())
    }

    fn by_tensors(&self) -> Option<&dyn TensorRule> {
        Some(self)
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("adam_beta_1", self.adam_beta_1)?;
        checks::below_one("adam_beta_2", self.adam_beta_2)?;
        checks::not_negative("adam_weight_decay", self.adam_weight_decay)?;
        checks::positive("epsilon", self.epsilon)?;
        checks::not_negative("adam_lr_ratio", self.adam_lr_ratio)?;
        checks::below_one("momentum", self.momentum)?;
        checks::not_negative("rms_rate", self.rms_rate)?;
        if self.ns_steps == 0 {
            return Err(Problem::at("ns_steps", "`ns_steps` must be at least 1, got 0"));
        }
        let special =
            |text: &&String| text.contains(['^', '$', '*', '+', '?', '(', '[', '{', '|', '\\']);
        if let Some(text) = self.exclude_layers.iter().find(special) {
            let message = format!("`exclude_layers` takes plain texts, got the pattern `{text}`");
            let help = "write a part of the weight's path, such as `dense_1` or `dense.kernel`";
            return Err(Problem::at("exclude_layers", message).help(help));
        }
        Ok(())
    }
}

impl TensorRule for Muon {
    fn update_tensors(
        &self,
        step: &UpdateStep,
        weight: &TensorParameter<'_>,
        slots: &mut [Tensor],
    ) -> candle_core::Result<Tensor> {
        let (values, gradient) = (&weight.values, &weight.gradient);
        let ([m], [rows, columns]) = (&mut *slots, weight.place.shape) else {
            let betas = [self.adam_beta_1, self.adam_beta_2];
            return adam::update_tensors(weight, slots, step.factors[0], betas, self.epsilon);
        };
        let momentum = f64::from(self.momentum as f32);
        *m = (&*m + (gradient + (&*m * (momentum - 1.0))?)?)?;
        let direction = if self.nesterov { (gradient + (&*m * momentum)?)? } else { m.clone() };
        let length = (norm(&direction)? + 1e-7)?;
        let update = self.iterate(direction.broadcast_div(&length)?)?;
        values - (update * f64::from(self.rate(step, (*rows, *columns))))?
    }
}

impl Muon {
    fn is_adams(&self, weight: &WeightPlace<'_>) -> bool {
        weight.shape.len() != 2
            || (self.exclude_embeddings && weight.path.to_lowercase().contains("embedding"))
            || self.exclude_layers.iter().any(|text| weight.path.contains(text.as_str()))
    }

    /// What the direction of a matrix is multiplied by.
    fn rate(&self, step: &UpdateStep, (rows, columns): (usize, usize)) -> f32 {
        let size = (rows.max(columns) as f64).sqrt();
        let scale = if self.rms_rate == 0.0 { 1.0 } else { size * self.rms_rate };
        step.learning_rate * scale as f32
    }

    /// A direction made nearly orthogonal. Five matrix products dwarf the tensors that are made.
    fn orthogonalise(&self, direction: &mut [f32], shape: (usize, usize)) -> Result<Vec<f32>> {
        let length = vector::norm(direction) + 1e-7;
        vector::map(direction, |x| x / length);
        let x = Tensor::from_slice(direction, shape, &Device::Cpu)?;
        Ok(self.iterate(x)?.flatten_all()?.to_vec1()?)
    }

    /// The iteration of Newton and Schulz.
    fn iterate(&self, x: Tensor) -> candle_core::Result<Tensor> {
        let (rows, columns) = x.dims2()?;
        let tall = rows > columns;
        let mut x = if tall { x.t()?.contiguous()? } else { x }; // (short, long)
        for _ in 0..self.ns_steps {
            let a = x.matmul(&x.t()?)?; // (short, short)
            let b = ((&a * self.muon_b)? + (a.matmul(&a)? * self.muon_c)?)?;
            x = ((&x * self.muon_a)? + b.matmul(&x)?)?;
        }
        if tall { x.t()?.contiguous() } else { Ok(x) }
    }
}
