//! What an engine does.

use std::ops::Range;

use candle_core::{Device, Tensor};

use crate::data::{Order, Samples};
use crate::error::{Error, Result};
use crate::losses::LossEntry;
use crate::model::network::Network;
use crate::model::scores::Scores;
use crate::optimizers::OptimizerState;

/// What an engine works on: the same from step to step.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The layers and the weights.
    pub network: &'a Network,
    /// The loss.
    pub loss: &'a LossEntry,
    /// Where the rows are from.
    pub samples: &'a dyn Samples,
}

/// The rows of the steps to come in an epoch.
#[derive(Clone)]
pub struct Upcoming<'a> {
    /// Those of the step after the next one.
    pub after_next: &'a [u64],
    /// The rows of a step, but for an epoch's last.
    pub batch_size: usize,
    pub(crate) order: &'a Order,
    /// The positions of the rows that are still to come in this epoch, from the next step's on.
    pub(crate) left: Range<usize>,
}

impl Upcoming<'_> {
    /// The rows of one step, after so many rows from the next step's on; none after the epoch's last.
    pub fn rows(&self, after: usize) -> Vec<u64> {
        let Range { start, end } = self.left;
        let (start, end) = (start + after, end.min(start + after + self.batch_size));
        (start..end).map(|position| self.order.at(position as u64)).collect()
    }
}

/// Steps that are done in one call, one after the other.
#[derive(Clone, Copy)]
pub struct TrainingSteps<'a> {
    /// The rows of all of them.
    pub rows: &'a [u64],
    /// The rows of each but an epoch's last.
    pub batch_size: usize,
    /// The number of the first, which keys the random streams.
    pub first: u64,
}

impl<'a> TrainingSteps<'a> {
    /// Each step's number and rows.
    pub fn each(self) -> impl Iterator<Item = (u64, &'a [u64])> {
        (self.first..).zip(self.rows.chunks(self.batch_size.max(1)))
    }

    /// Does them by `step`, over a step's number and rows, until it gives a loss that is not finite.
    pub fn run(
        self,
        mut step: impl FnMut(u64, &[u64]) -> Result<Option<f32>>,
    ) -> Result<StepsDone> {
        let mut done = StepsDone::default();
        for (number, rows) in self.each() {
            done.not_finite = step(number, rows)?;
            if done.not_finite.is_some() {
                break;
            }
            done.steps += 1;
        }
        Ok(done)
    }
}

/// How far [`Engine::train`] came.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepsDone {
    /// Those whose loss was finite, as far as is known yet.
    pub steps: usize,
    /// The loss of the step after them, where it was not finite: the last that was done.
    pub not_finite: Option<f32>,
}

/// A loss that was not finite, found out late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NotFinite {
    /// The loss.
    pub loss: f32,
    /// How many steps came after its step; none of them updated anything.
    pub steps_since: u64,
}

/// Runs batches through a network, where its weights are. Nothing in a step goes to the host but
/// through it: what a step is worth stays in the [`Scores`] as the engine left it, until someone
/// reads them.
pub trait Engine: Send {
    /// Its name: `cpu`, `graph`, `device`.
    fn name(&self) -> &'static str;

    /// Steps: forward, loss, backward, and the optimizer's update over the rows of each. Ends after one
    /// whose loss is not finite, where nothing but moving statistics was updated. An engine that
    /// doesn't wait for the loss says so later: [`Engine::late`].
    fn train(
        &mut self,
        task: &Task<'_>,
        steps: TrainingSteps<'_>,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<StepsDone>;

    /// The most steps that it gains by doing in one call.
    fn most_steps(&self) -> usize {
        1
    }

    /// Forward and loss of some rows, in inference mode.
    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()>;

    /// The outputs for so many samples of features, row after row, in inference mode.
    fn predict<'a>(
        &'a mut self,
        network: &Network,
        x: &'a [f32],
        samples: usize,
    ) -> Result<&'a [f32]>;

    /// Waits for the steps so far. Gives the first loss that was not finite since it was last asked,
    /// where [`Engine::train`] didn't: from that step on nothing was updated.
    fn late(&mut self, _optimizer: &mut OptimizerState) -> Result<Option<NotFinite>> {
        Ok(None)
    }

    /// Says what the next steps are about, before each: what takes long may begin.
    fn expect(&mut self, task: &Task<'_>, upcoming: &Upcoming<'_>) {
        task.samples.expect(upcoming.after_next);
    }

    /// What to tell of a training with this optimizer before it begins.
    fn told(&self, _optimizer: &OptimizerState) -> Option<String> {
        None
    }

    /// True where, in inference mode, the output of a sample is the same to the last bit whatever
    /// other samples there are.
    fn is_by_sample(&self) -> bool {
        false
    }

    /// Copies of all weights on the host, in their order.
    fn weights(&self, network: &Network) -> Result<Vec<Tensor>> {
        let copy = |tensor: &Tensor| match tensor.device() {
            Device::Cpu => tensor.copy(),
            _ => tensor.to_device(&Device::Cpu),
        };
        let copies = network.weights().iter().map(|weight| copy(weight.var.as_tensor()));
        copies.collect::<candle_core::Result<_>>().map_err(Error::from)
    }

    /// Replaces all weights, in their order and of their shapes.
    fn set_weights(&mut self, network: &Network, values: &[Tensor]) -> Result<()> {
        network.weights().iter().zip(values).try_for_each(|(weight, values)| weight.set(values))
    }
}
