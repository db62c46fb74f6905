//! Normalization: by the mean and the variance of the training data.

use candle_core::{DType, Tensor, Var};

use super::super::axes::{AxisList, NumberList, kept, no_empty_axis};
use super::{sizes, width};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::affine::StandardizeKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Pieces, Signal, checked};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope};

configuration! {
    /// `output = (input - mean) / max(√variance, 1e-7)`, for each position along the given axes.
    /// The mean and the (biased) variance are given, or computed from the training data before
    /// training starts, as it reaches this layer. Output shape: same as the input.
    ///
    /// Weights, unless they are given: `mean` and `variance`, with the sizes of those axes, and
    /// `count`, which Keras keeps for compatibility; none is trained.
    ///
    /// Keras: `keras.layers.Normalization`, on which `adapt` must be called.
    pub struct Normalization {
        /// Axis or axes along which each position has its own mean and variance; the batch is axis
        /// 0. An empty list (Keras: None) uses one mean and one variance for all values.
        axis: AxisList = AxisList::last(),
        /// The mean: one number, or one for each position. Default: computed from the training
        /// data.
        mean: Option<NumberList> = None,
        /// The variance: one number, or one for each position. Default: computed from the training
        /// data.
        variance: Option<NumberList> = None,
        /// Whether to do the opposite: `output = input · max(√variance, 1e-7) + mean`.
        invert: bool = false,
    }
}

impl Normalization {
    /// The axes of a sample that keep their places.
    fn axes(&self, input: &Shape) -> Result<Vec<usize>, Problem> {
        match &self.axis {
            AxisList::Many(axes) if axes.is_empty() => Ok(Vec::new()),
            axes => axes.of_sample("axis", input),
        }
    }

    /// Mean and variance for each place, where they are given.
    fn given(&self, input: &Shape) -> Result<Option<(Vec<f64>, Vec<f64>)>, Problem> {
        let places = width(&self.axes(input)?, input);
        match (&self.mean, &self.variance) {
            (Some(mean), Some(variance)) => Ok(Some((
                mean.each("mean", places, input)?,
                variance.each("variance", places, input)?,
            ))),
            (None, None) => Ok(None),
            (mean, _) => {
                let (has, lacks) =
                    if mean.is_some() { ("mean", "variance") } else { ("variance", "mean") };
                let message = format!("`{has}` is given and `{lacks}` is not");
                Err(Problem::at(has, message).help("give both, or neither"))
            }
        }
    }
}

impl Layer for Normalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        no_empty_axis("normalization", input)?;
        if let Some((mean, variance)) = self.given(input)? {
            mean.iter().try_for_each(|mean| checks::finite("mean", *mean))?;
            variance.iter().try_for_each(|value| checks::not_negative("variance", *value))?;
        }
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = checked(self.axes(input))?;
        let shape = sizes(&axes, input);
        let given = checked(self.given(input))?;
        let adapts = given.is_none();
        let (mean, variance) = match given {
            Some((mean, variance)) => {
                let constant = |values: Vec<f64>| -> Result<LayerWeight> {
                    let values = Tensor::from_vec(values, &shape[..], scope.device())?;
                    let var = Var::from_tensor(&values.to_dtype(DType::F32)?)?;
                    Ok(LayerWeight::constant(var))
                };
                (constant(mean)?, constant(variance)?)
            }
            None => {
                let (zeros, ones) = (Initializer::zeros(), Initializer::ones());
                let mean = scope.state("mean", &shape, &zeros, Stored::plain("mean"))?;
                let variance = scope.state("variance", &shape, &ones, Stored::plain("variance"))?;
                scope.state("count", &[], &zeros, Stored::plain("count"))?;
                (mean, variance)
            }
        };
        let (input, invert) = (input.clone(), self.invert);
        Ok(Box::new(NormalizationForward { mean, variance, input, axes, invert, adapts }))
    }
}

struct NormalizationForward {
    mean: LayerWeight,
    variance: LayerWeight,
    input: Shape,
    /// Of a sample, sorted.
    axes: Vec<usize>,
    invert: bool,
    adapts: bool,
}

impl Forward for NormalizationForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let shape = kept(self.input.dims(), &self.axes);
        let of = |var: &Var| var.as_detached_tensor().reshape(&shape[..])?.to_dtype(x.dtype());
        let (mean, deviation) = (of(&self.mean)?, of(&self.variance)?.sqrt()?.maximum(1e-7)?);
        let output = if self.invert {
            x.broadcast_mul(&deviation)?.broadcast_add(&mean)?
        } else {
            x.broadcast_sub(&mean)?.broadcast_div(&deviation)?
        };
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let features = match self.axes[..] {
            [] => 1,
            _ if super::are_last(&self.axes, &self.input) => width(&self.axes, &self.input),
            _ => return None,
        };
        let kernel = StandardizeKernel { features, invert: self.invert };
        Some(BoundKernel::new(kernel, vec![self.mean.clone(), self.variance.clone()]))
    }

    fn wants_adapt(&self) -> bool {
        self.adapts
    }

    fn adapt(&self, pieces: &Pieces<'_>) -> Result<bool> {
        if !self.adapts {
            return Ok(true);
        }
        let (mut sum, mut squares) = (RunningSum::default(), RunningSum::default());
        let stays = |axis: &usize| *axis > 0 && self.axes.contains(&(axis - 1));
        let axes: Vec<usize> = (0..=self.input.rank()).filter(|axis| !stays(axis)).collect();
        let wide = |x: &Tensor| x.detach().to_dtype(DType::F64);
        if !pieces(&mut |x| sum.add(&wide(x)?, &axes))? {
            return Ok(false);
        }
        let Some(mean) = sum.mean()? else { return Ok(true) };
        if !pieces(&mut |x| squares.add(&wide(x)?.broadcast_sub(&mean)?.sqr()?, &axes))? {
            return Ok(false);
        }
        let variance = squares.mean()?.unwrap_or_else(|| mean.clone());
        for (var, new) in [(&self.mean, mean), (&self.variance, variance)] {
            var.set(&new.reshape(var.dims())?.to_dtype(var.dtype())?)?;
        }
        Ok(true)
    }
}

/// A sum over all axes but the kept ones, and of how many numbers it is.
#[derive(Default)]
struct RunningSum {
    total: Option<Tensor>,
    count: usize,
}

impl RunningSum {
    fn add(&mut self, x: &Tensor, axes: &[usize]) -> Result<()> {
        let sum = x.sum_keepdim(axes)?;
        self.count += x.elem_count() / sum.elem_count().max(1);
        self.total = Some(match self.total.take() {
            Some(total) => (total + sum)?,
            None => sum,
        });
        Ok(())
    }

    /// None where nothing was added.
    fn mean(&self) -> Result<Option<Tensor>> {
        let total = self.total.as_ref().filter(|_| self.count > 0);
        Ok(total.map(|total| total / self.count as f64).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::Random;
    use crate::weights::Weights;

    fn read(json: &str) -> Normalization {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_training_data_gives_what_is_not_given() {
        let shape = Shape(vec![2]);
        let x = Tensor::new(&[[1f32, 10.0], [3.0, 10.0]], &Device::Cpu).unwrap();
        for (json, expected) in [
            ("{}", vec![-1.0, 0.0, 1.0, 0.0]),
            (r#"{"axis": []}"#, vec![-1.230_915, 0.984_732, -0.738_549, 0.984_732]),
        ] {
            let mut weights = Weights::new(Random::new(1), &Device::Cpu);
            let built =
                read(json).build(&shape, &mut weights.scope("normalization", true)).unwrap();
            assert!(built.wants_adapt());
            assert!(built.adapt(&|see| see(&x).map(|()| true)).unwrap());
            let random = Random::new(1);
            let mut context = Context::inference(&random);
            let y = built.forward(Signal::new(x.clone()), &mut context).unwrap().tensor;
            let y = y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (y, expected) in y.iter().zip(expected) {
                assert!((y - expected).abs() < 1e-5, "{y} {expected}");
            }
        }
    }

    #[test]
    fn pieces_are_seen_as_one_whole_or_not_at_all() {
        let shape = Shape(vec![2]);
        let x = Tensor::new(&[[1f32, 10.0], [3.0, 20.0], [8.0, 60.0]], &Device::Cpu).unwrap();
        let statistics = |adapt: &dyn Fn(&dyn Forward)| {
            let mut weights = Weights::new(Random::new(1), &Device::Cpu);
            let built =
                read("{}").build(&shape, &mut weights.scope("normalization", true)).unwrap();
            adapt(&*built);
            let numbers = |index: usize| {
                weights.iter().nth(index).unwrap().var.flatten_all()?.to_vec1::<f32>()
            };
            (numbers(0).unwrap(), numbers(1).unwrap())
        };
        let whole = statistics(&|layer| {
            assert!(layer.adapt(&|see| see(&x).map(|()| true)).unwrap());
        });
        let in_pieces = statistics(&|layer| {
            let pieces = |see: &mut dyn FnMut(&Tensor) -> Result<()>| {
                see(&x.narrow(0, 0, 1)?)?;
                see(&x.narrow(0, 1, 2)?)?;
                Ok(true)
            };
            assert!(layer.adapt(&pieces).unwrap());
        });
        assert_eq!(whole, in_pieces);
        let stopped = statistics(&|layer| {
            let passes = std::cell::Cell::new(0);
            let pieces = |see: &mut dyn FnMut(&Tensor) -> Result<()>| {
                passes.set(passes.get() + 1);
                see(&x)?;
                Ok(passes.get() < 2)
            };
            assert!(!layer.adapt(&pieces).unwrap());
        });
        assert_eq!(stopped, (vec![0.0; 2], vec![1.0; 2]));
    }

    #[test]
    fn half_of_the_statistics_is_refused() {
        let problem = read(r#"{"mean": 1}"#).output_shape(&Shape(vec![2])).unwrap_err();
        assert_eq!(problem.message, "`mean` is given and `variance` is not");
        let layer = read(r#"{"mean": [1, 2, 3], "variance": 1}"#);
        let problem = layer.output_shape(&Shape(vec![2])).unwrap_err();
        assert!(problem.message.contains("must hold 1 number or 2"), "{}", problem.message);
    }
}
