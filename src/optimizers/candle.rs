//! candle's own optimizer trait, for those who have variables and no model of ours.

use candle_core::Var;
use candle_core::backprop::GradStore;

use super::in_place::{Change, in_place};
use super::optimizer::OptimizerEntry;
use super::state::OptimizerState;
use crate::weights::Weight;
use crate::weights::gradients::Gradients;

/// Any optimizer of the list as a `candle_nn::Optimizer`:
/// `CandleOptimizer::new(vars, Adam::default().into())`.
///
/// It doesn't average weights at the end: `use_ema` needs [`OptimizerState::finalize`].
/// ```
/// use candle_core::{Device, Var};
/// use candle_nn::Optimizer;
/// use lanthorn::optimizers::{Adam, CandleOptimizer};
///
/// # fn main() -> candle_core::Result<()> {
/// let x = Var::new(&[3f32, -2.0], &Device::Cpu)?;
/// let adam = Adam { learning_rate: 0.1.into(), ..Adam::default() };
/// let mut optimizer = CandleOptimizer::new(vec![x.clone()], adam.into())?;
/// for _ in 0..200 {
///     optimizer.backward_step(&x.sqr()?.sum_all()?)?;
/// }
/// assert!(x.sqr()?.sum_all()?.to_scalar::<f32>()? < 0.01);
/// # Ok(())
/// # }
/// ```
pub struct CandleOptimizer {
    weights: Vec<Weight>,
    gradients: Gradients,
    state: OptimizerState,
}

impl candle_nn::Optimizer for CandleOptimizer {
    type Config = OptimizerEntry;

    fn new(vars: Vec<Var>, config: OptimizerEntry) -> candle_core::Result<Self> {
        let weights: Vec<Weight> =
            vars.into_iter().enumerate().map(|(index, var)| weight(index, var)).collect();
        Ok(CandleOptimizer {
            state: OptimizerState::over(&config, weights.iter())?,
            gradients: Gradients::zeros(weights.iter().map(Weight::elements)),
            weights,
        })
    }

    /// One step. Variables that the loss doesn't depend on are left alone.
    fn step(&mut self, gradients: &GradStore) -> candle_core::Result<()> {
        let tensors: Vec<_> =
            self.weights.iter().map(|weight| gradients.get(&weight.var).cloned()).collect();
        self.gradients.gather(&tensors)?;
        let weights = &self.weights;
        let hold = |index: usize, change: &mut Change<'_>| in_place(&weights[index].var, change);
        self.state.update(&mut self.gradients, hold)?;
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        f64::from(self.state.learning_rate())
    }

    /// Does nothing where a schedule rules the learning rate.
    fn set_learning_rate(&mut self, rate: f64) {
        self.state.set_learning_rate(rate as f32);
    }
}

fn weight(index: usize, var: Var) -> Weight {
    Weight::alone(format!("variable_{index}"), var)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use candle_nn::Optimizer;

    use super::*;
    use crate::optimizers::{AdamW, Sgd};

    fn loss(var: &Var) -> Tensor {
        let target = Tensor::new(&[3.0f32, -2.0, 0.5], &Device::Cpu).unwrap();
        (var.as_tensor() - target).unwrap().sqr().unwrap().sum_all().unwrap()
    }

    fn start() -> Var {
        Var::new(&[0.1f32, -0.7, 2.0], &Device::Cpu).unwrap()
    }

    #[test]
    fn a_training_loop_of_candles_goes_down() {
        let (var, other) = (start(), start());
        let sgd = Sgd { learning_rate: 0.1.into(), ..Sgd::default() };
        let mut optimizer =
            CandleOptimizer::new(vec![var.clone(), other.clone()], sgd.into()).unwrap();
        for _ in 0..100 {
            optimizer.backward_step(&loss(&var)).unwrap();
        }
        assert!(loss(&var).to_scalar::<f32>().unwrap() < 1e-6);
        assert_eq!(other.to_vec1::<f32>().unwrap(), start().to_vec1::<f32>().unwrap());
        optimizer.set_learning_rate(0.5);
        assert_eq!(optimizer.learning_rate(), 0.5);
    }

    #[test]
    fn adamw_is_candles_step_by_step() {
        let (ours, theirs) = (start(), start());
        let mut optimizer =
            CandleOptimizer::new(vec![ours.clone()], AdamW::default().into()).unwrap();
        let mut candles =
            candle_nn::AdamW::new(vec![theirs.clone()], candle_nn::ParamsAdamW::default()).unwrap();
        for step in 0..200 {
            optimizer.backward_step(&loss(&ours)).unwrap();
            candles.backward_step(&loss(&theirs)).unwrap();
            let pairs = ours.to_vec1::<f32>().unwrap().into_iter();
            for (a, b) in pairs.zip(theirs.to_vec1::<f32>().unwrap()) {
                assert!((a - b).abs() <= f32::EPSILON * b.abs(), "step {step}: {a}, candle {b}");
            }
        }
    }

    #[test]
    fn a_wrong_argument_is_an_error() {
        let adamw = AdamW { beta_1: 1.5, ..AdamW::default() };
        let error = CandleOptimizer::new(vec![start()], adamw.into()).err().unwrap();
        let expected = "optimizer `adamw`: `beta_1` must be at least 0 and less than 1, got 1.5";
        assert!(error.to_string().contains(expected), "{error}");
    }
}
