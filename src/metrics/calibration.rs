//! How far probabilities are from what comes true.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric, MetricBatch};
use super::rows::{Rows, argmax};
use crate::activations::Activation;
use crate::config::checks;
use crate::error::Problem;
use crate::target::{Output, Target};

/// `Σ nᵢ / n |accuracyᵢ - confidenceᵢ|` over bins of equal width of the confidence; 0 is perfect.
///
/// For several classes, the confidence is the largest probability and the accuracy is how often
/// that class is right; for one output, or several labels, the confidence is the probability itself
/// and the accuracy is how often the target is 1. (Guo et al. 2017, "On calibration of modern
/// neural networks"; torchmetrics: `CalibrationError`.) Keras has no such metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedCalibrationError {
    /// Number of bins; at least 1. Default: 15.
    #[schemars(range(min = 1))]
    pub num_bins: usize,
}

impl Default for ExpectedCalibrationError {
    fn default() -> Self {
        ExpectedCalibrationError { num_bins: 15 }
    }
}

impl Metric for ExpectedCalibrationError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::positive_count("num_bins", self.num_bins)?;
        checks::not_too_large("num_bins", &[self.num_bins])?;
        let is_probability = output.activation.is_none_or(Activation::makes_probabilities);
        if !is_probability {
            let message = "`expected_calibration_error` needs probabilities, but the last layer makes \
                           none";
            let help = "give the last layer `activation: softmax` or `sigmoid`";
            return Err(Problem::at("", message).help(help));
        }
        let are_numbers = matches!(output.target, Target::Classes(_) | Target::Numbers(1));
        let is_sparse = are_numbers && output.shape.last() > 1;
        if !is_sparse {
            super::metric::same_columns("expected_calibration_error", output)?;
        }
        let is_of_classes = is_sparse || matches!(output.target, Target::OneHot(_));
        Ok(Box::new(BinSums { is_of_classes, bins: vec![[0.0; 3]; self.num_bins] }))
    }
}

#[derive(Clone)]
struct BinSums {
    /// Whether the numbers of a row exclude each other.
    is_of_classes: bool,
    /// The weight, the confidence and what came true of each bin.
    bins: Vec<[f64; 3]>,
}

impl BinSums {
    fn add(&mut self, confidence: f32, is_true: f64, weight: f64) {
        let confidence = f64::from(confidence);
        // bins are (low, high], the first with its lower end
        let place = (confidence * self.bins.len() as f64).ceil().max(1.0) as usize - 1;
        let last = self.bins.len() - 1;
        let bin = &mut self.bins[place.min(last)];
        bin[0] += weight;
        bin[1] += weight * confidence;
        bin[2] += weight * is_true;
    }
}

impl Accumulator for BinSums {
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        for row in 0..rows.count {
            let (weight, prediction) = (rows.weight(row), rows.prediction(row));
            if self.is_of_classes && prediction.len() > 1 {
                let class = argmax(prediction);
                let is_right = match rows.target(row) {
                    [label] => *label == class as f32,
                    columns => argmax(columns) == class,
                };
                self.add(prediction[class], f64::from(u8::from(is_right)), weight);
            } else {
                for (p, y) in prediction.iter().zip(rows.target(row)) {
                    self.add(*p, f64::from(*y), weight);
                }
            }
        }
    }

    fn result(&self) -> Vec<f64> {
        let total: f64 = self.bins.iter().map(|bin| bin[0]).sum();
        let apart: f64 = self.bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum();
        vec![if total == 0.0 { 0.0 } else { apart / total }]
    }

    fn state(&self) -> Vec<f64> {
        self.bins.iter().flatten().copied().collect()
    }

    fn set_state(&mut self, state: &[f64]) {
        self.bins.iter_mut().flatten().zip(state).for_each(|(value, saved)| *value = *saved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    fn of(target: Target, width: usize, num_bins: usize, y: &[f32], p: &[f32]) -> f64 {
        let (activation, shape) = (Activation::softmax(), Shape(vec![width]));
        let output = Output { shape: &shape, activation: Some(&activation), target };
        let mut bins = ExpectedCalibrationError { num_bins }.accumulator(&output).unwrap();
        let rows = p.len() / width;
        let target_shape = if y.len() == rows { vec![rows] } else { vec![rows, width] };
        bins.update(&MetricBatch {
            target: y,
            target_shape: &target_shape,
            prediction: p,
            prediction_shape: &[rows, width],
            weight: None,
        });
        bins.result()[0]
    }

    /// By hand, and by scikit-learn's `calibration_curve(y, p, n_bins=2)`: bins of the means 0.3 and
    /// 0.8, of which 1/2 and 2/3 come true.
    #[test]
    fn one_probability_is_held_to_its_target() {
        let (y, p) = ([0.0, 1.0, 1.0, 1.0, 0.0], [0.2, 0.4, 0.7, 0.8, 0.9]);
        let expected = 0.4 * (0.5 - 0.3) + 0.6 * (0.8 - 2.0 / 3.0);
        let found = of(Target::Classes(2), 1, 2, &y, &p);
        assert!((found - expected).abs() < 1e-6, "{found}");
    }

    #[test]
    fn of_several_classes_the_largest_counts() {
        let p = [0.7, 0.2, 0.1, 0.1, 0.6, 0.3];
        let expected = f64::midpoint(1.0 - 0.7, 0.6 - 0.0);
        let sparse = of(Target::Classes(3), 3, 15, &[0.0, 2.0], &p);
        let one_hot = of(Target::OneHot(3), 3, 15, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], &p);
        assert!((sparse - expected).abs() < 1e-6 && sparse == one_hot, "{sparse} {one_hot}");
    }
}
