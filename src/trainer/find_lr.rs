//! The learning-rate range test: the loss over a rising learning rate, and the rate that it proposes
//! (Smith, "Cyclical Learning Rates for Training Neural Networks"; as fastai's `lr_find`).

use crate::data::Samples;
use crate::error::{Error, Result};
use crate::trainer::Trainer;

/// Over which learning rates, in how many steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRateRange {
    /// The first learning rate.
    pub start: f64,
    /// The last one.
    pub end: f64,
    /// How many steps; from one to the next the learning rate grows by the same factor.
    pub steps: usize,
}

/// From 1e-7 to 1 in 100 steps.
impl Default for LearningRateRange {
    fn default() -> Self {
        LearningRateRange { start: 1e-7, end: 1.0, steps: 100 }
    }
}

/// One step of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRatePoint {
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// The loss of its batch, before the step.
    pub loss: f64,
    /// The average of the losses so far, the latest counting most.
    pub smoothed: f64,
}

/// What the test found.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningRateSearch {
    /// The steps, up to the one at which the loss exploded.
    pub points: Vec<LearningRatePoint>,
    /// True where the loss exploded before the last learning rate.
    pub exploded: bool,
}

/// How much of the average stays from one step to the next.
const SMOOTHING: f64 = 0.98;
/// How far above its lowest value, as a multiple of it, the smoothed loss ends the test.
const EXPLODED: f64 = 4.0;
/// The last points, at which the loss may be about to explode, propose nothing.
const LAST: usize = 5;
/// A smaller fall of the loss, as a part of it, is rounding or chance.
const LEAST_FALL: f64 = 1e-3;

impl LearningRateRange {
    /// The fewest steps from which a slope can be told.
    const FEWEST: usize = 20;
    /// The most.
    const MOST: usize = 100_000;

    /// What is wrong with it.
    pub fn check(&self) -> Result<()> {
        let LearningRateRange { start, end, steps } = *self;
        if !(start > 0.0 && start < end && end <= f64::from(f32::MAX)) {
            let message =
                format!("the learning rates must rise from above 0, got {start} to {end}");
            return Err(Error::run(message).with_help("such as `--from 1e-7 --to 1`"));
        }
        if !(Self::FEWEST..=Self::MOST).contains(&steps) {
            let (fewest, most) = (Self::FEWEST, Self::MOST);
            return Err(Error::run(format!(
                "`--steps` must be between {fewest} and {most}, got {steps}"
            )));
        }
        Ok(())
    }

    fn at(&self, step: usize) -> f64 {
        let part = step as f64 / (self.steps - 1) as f64;
        self.start * (self.end / self.start).powf(part)
    }
}

impl LearningRateSearch {
    /// The learning rate at which the smoothed loss falls most steeply over the logarithm of the
    /// rate; None where it never falls by a thousandth. The first tenth and the last five points don't count.
    /// Unlike fastai's, the slope is over a fifth of the points, so that one batch decides little.
    pub fn proposal(&self) -> Option<f64> {
        let points = &self.points;
        let last = points.len().saturating_sub(LAST);
        let considered = points.get(points.len() / 10..last)?;
        let lowest = considered.iter().map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
        let first = considered.first()?.smoothed;
        if first - lowest < LEAST_FALL * first.abs() {
            return None;
        }
        // between points so far apart that the noise of one batch counts little
        let apart = (considered.len() / 5).max(1);
        let pairs = considered.iter().zip(considered.get(apart..)?);
        let slope = |(a, b): &(&LearningRatePoint, &LearningRatePoint)| {
            (b.smoothed - a.smoothed) / (b.learning_rate / a.learning_rate).ln()
        };
        let (a, b) = pairs.min_by(|a, b| slope(a).total_cmp(&slope(b)))?;
        (slope(&(a, b)) < 0.0).then(|| (a.learning_rate * b.learning_rate).sqrt())
    }
}

impl Trainer {
    /// Trains with a rising learning rate until the last one, or until the loss explodes. Callbacks
    /// and validation have no part in it; the model is of no use afterwards.
    pub fn find_learning_rate(
        mut self,
        samples: &dyn Samples,
        range: LearningRateRange,
    ) -> Result<LearningRateSearch> {
        range.check()?;
        self.computing(|trainer| trainer.search(samples, range))
    }

    fn search(
        &mut self,
        samples: &dyn Samples,
        range: LearningRateRange,
    ) -> Result<LearningRateSearch> {
        self.model.adapt(samples, &mut || true)?;
        self.tolerates_nan = true; // the end of the test, not a failure
        let count = samples.len();
        let batch_size = self.spec.batch_size.min(count).max(1);
        let batches = count.div_ceil(batch_size);
        let mut points = Vec::with_capacity(range.steps);
        let (mut average, mut lowest) = (0.0, f64::INFINITY);
        let mut order = self.order(0, count);
        for step in 0..range.steps {
            let (epoch, batch) = (step / batches, step % batches);
            if batch == 0 {
                order = self.order(epoch, count);
            }
            let positions = batch * batch_size..count.min((batch + 1) * batch_size);
            let rows: Vec<u64> = positions.map(|position| order.at(position as u64)).collect();
            let learning_rate = range.at(step);
            self.optimizer.pin_learning_rate(learning_rate as f32);
            self.scores.reset();
            self.steps(samples, &rows)?;
            let loss = self.scores.logs("")?.get("loss").unwrap_or(f64::NAN);
            average = SMOOTHING * average + (1.0 - SMOOTHING) * loss;
            // without the weight of the zero that it began with
            let smoothed = average / (1.0 - SMOOTHING.powi(step as i32 + 1));
            if !smoothed.is_finite() {
                return Ok(LearningRateSearch { points, exploded: true });
            }
            points.push(LearningRatePoint { learning_rate, loss, smoothed });
            lowest = smoothed.min(lowest);
            if smoothed - lowest > (EXPLODED - 1.0) * lowest.abs() {
                return Ok(LearningRateSearch { points, exploded: true });
            }
        }
        Ok(LearningRateSearch { points, exploded: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(smoothed: impl Fn(f64) -> f64) -> LearningRateSearch {
        let range = LearningRateRange::default();
        let point = |step| {
            let learning_rate = range.at(step);
            let smoothed = smoothed(learning_rate.log10());
            LearningRatePoint { learning_rate, loss: smoothed, smoothed }
        };
        LearningRateSearch { points: (0..range.steps).map(point).collect(), exploded: false }
    }

    #[test]
    fn the_steepest_descent_is_proposed() {
        // a step down around 1e-3
        let found = search(|log| 1.0 / (1.0 + (4.0 * (log + 3.0)).exp())).proposal().unwrap();
        assert!((found.log10() + 3.0).abs() < 0.1, "{found}");
        assert_eq!(search(|log| log).proposal(), None); // it only rises
    }

    #[test]
    fn a_range_that_cannot_be_is_refused() {
        let usual = LearningRateRange::default();
        assert!(usual.check().is_ok());
        for (start, end, steps) in
            [(0.0, 1.0, 100), (1.0, 0.1, 100), (1e-7, f64::NAN, 100), (1e-7, 1.0, 5)]
        {
            assert!(
                LearningRateRange { start, end, steps }.check().is_err(),
                "{start} {end} {steps}"
            );
        }
        assert_eq!((usual.at(0), usual.at(99)), (1e-7, 1.0));
    }
}
