//! The time of an epoch, from the first steps of a training that is thrown away.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::threads;
use crate::trainer::events::Event;
use crate::trainer::{Flow, Listener, Listeners, Trainer, TrainingData};

impl Trainer {
    /// The seconds of an epoch with its validation, measured in about so much time; callbacks are
    /// asked, and what they want is not done. The model is of no use afterwards.
    pub fn seconds_per_epoch(mut self, data: &TrainingData<'_>, time: Duration) -> Result<f64> {
        threads::within(|| self.measure(data, time))
    }

    fn measure(&mut self, data: &TrainingData<'_>, time: Duration) -> Result<f64> {
        self.spec.epochs = usize::MAX;
        self.tolerates_nan = true; // the training itself tells of it
        let mut watch = Stopwatch::new(time);
        let _ = self.train(data, &mut Listeners::new([&mut watch as &mut dyn Listener]))?;
        if let Some(seconds) = watch.seconds_per_epoch() {
            return Ok(seconds);
        }
        let steps = data.train.len().div_ceil(self.spec.batch_size);
        let training = watch.seconds_per_step() * steps as f64;
        let Some(validation) = &data.validation else { return Ok(training) };
        let mut watch = Stopwatch::new(time);
        let batches = validation.len().div_ceil(self.spec.validation_batch_size);
        self.validate(&**validation, &mut Listeners::new([&mut watch as &mut dyn Listener]))?;
        let validating = watch.seconds_per_look() * batches as f64;
        Ok(training + validating / self.spec.validation_freq.max(1) as f64)
    }
}

/// Measures until its time is over.
struct Stopwatch {
    time: Duration,
    started: Instant,
    /// When the first step ended, and the last one; how many there were after the first.
    steps: Option<(Instant, Instant, usize)>,
    /// The same of epochs.
    epochs: Option<(Instant, Instant, usize)>,
    /// How often it was asked whether to go on: once a batch, of validation too.
    looks: usize,
}

impl Stopwatch {
    fn new(time: Duration) -> Stopwatch {
        Stopwatch { time, started: Instant::now(), steps: None, epochs: None, looks: 0 }
    }

    /// None before the first epoch has ended. The first one counts only where it is the only one: it
    /// has what is done once.
    fn seconds_per_epoch(&self) -> Option<f64> {
        let (first, last, more) = self.epochs?;
        Some(match more {
            0 => (first - self.started).as_secs_f64(),
            more => (last - first).as_secs_f64() / more as f64,
        })
    }

    fn seconds_per_step(&self) -> f64 {
        match self.steps {
            Some((first, last, more @ 1..)) => (last - first).as_secs_f64() / more as f64,
            _ => self.started.elapsed().as_secs_f64(),
        }
    }

    fn seconds_per_look(&self) -> f64 {
        self.started.elapsed().as_secs_f64() / self.looks.max(1) as f64
    }
}

impl Listener for Stopwatch {
    fn on_event(&mut self, event: &Event, _: &Trainer) -> Result<()> {
        let ended = match event {
            Event::Batch => &mut self.steps,
            Event::Epoch { .. } => &mut self.epochs,
            _ => return Ok(()),
        };
        let now = Instant::now();
        let (_, last, more) = ended.get_or_insert((now, now, 0));
        if *last != now {
            (*last, *more) = (now, *more + 1);
        }
        Ok(())
    }

    fn flow(&mut self) -> Flow {
        self.looks += 1;
        if self.started.elapsed() < self.time || self.steps.is_none() && self.looks < 2 {
            Flow::Continue
        } else {
            Flow::Interrupt
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_once_is_left_out() {
        let mut watch = Stopwatch::new(Duration::from_secs(1));
        let after = |milliseconds| watch.started + Duration::from_millis(milliseconds);
        let (steps, epochs) = ((after(500), after(900), 4), (after(600), after(600), 0));
        (watch.steps, watch.epochs) = (Some(steps), Some(epochs));
        assert!((watch.seconds_per_step() - 0.1).abs() < 1e-9);
        assert_eq!(watch.seconds_per_epoch(), Some(0.6));
        let after = |milliseconds| watch.started + Duration::from_millis(milliseconds);
        watch.epochs = Some((after(600), after(800), 2));
        assert_eq!(watch.seconds_per_epoch().map(|seconds| (seconds * 10.0).round()), Some(1.0));
    }
}
