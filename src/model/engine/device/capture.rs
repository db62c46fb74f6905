//! Capturing a step of a GPU's: it is done, recorded, and repeated by the GPU for a comparison.

use candle_core::Tensor;

use super::DeviceEngine;
use crate::error::Result;
use crate::gpu::{self, StepWords};
use crate::model::engine::api::Task;
use crate::model::engine::repeats::{Attempt, Changed, Repeat, StepKey, are_same, leave, places};
use crate::model::scores::{Deferred, Room, WaitingNumbers};
use crate::optimizers::{OptimizerState, StepNumbers};

impl DeviceEngine {
    /// What a captured step would have to share with this one; None where it can't be captured.
    pub(super) fn key(
        &self,
        task: &Task<'_>,
        batch: usize,
        numbers: &StepNumbers,
        leaves_all: bool,
        optimizer: &OptimizerState,
    ) -> Result<Option<StepKey>> {
        let sending = self.residents.sending_of(task.samples);
        let (Some(sending), Some(kept)) = (sending, optimizer.kept_there()) else {
            return Ok(None);
        };
        let places = [gpu::address(kept)?, gpu::address(self.status.numbers())?];
        Ok(Some(StepKey { batch, sending, is_real: numbers.is_real, leaves_all, places }))
    }

    /// Does a step, then captures it: what the GPU makes of the captured one must be the same bits.
    /// Otherwise, and where it can't be captured, there is none.
    pub(super) fn captured(
        &mut self,
        attempt: &Attempt<'_>,
        words: &mut StepWords,
        optimizer: &mut OptimizerState,
    ) -> Result<(Deferred, Option<Repeat>)> {
        let Attempt { task, rows, step, numbers, .. } = *attempt;
        let device = task.network.weights().device();
        // without room for it, there is no copy of what was before
        let before = gpu::is_half_free(device).then(|| self.changed(task, optimizer).copies());
        let (deferred, drew_on_host) = gpu::remembered(device, || {
            let done = self.backward(task, rows, step, Some(words))?;
            let drew_on_host = done.drew_on_host;
            Ok((self.update(done, optimizer, Some((numbers, words)))?, drew_on_host))
        })?;
        let Some(Ok(before)) = before.filter(|_| !drew_on_host) else {
            return Ok((deferred, None));
        };
        let Ok(after) = self.changed(task, optimizer).copies() else { return Ok((deferred, None)) };
        let repeat = self.repeated(attempt, words, optimizer, &deferred, [&before, &after]);
        let repeat = repeat.unwrap_or_default();
        if repeat.is_none() {
            self.changed(task, optimizer).put_back(&after)?;
        }
        Ok((deferred, repeat))
    }

    /// Captures a step that was done, and repeats it from what was before it: None where what comes
    /// after it is not the same.
    fn repeated(
        &mut self,
        attempt: &Attempt<'_>,
        words: &mut StepWords,
        optimizer: &mut OptimizerState,
        done: &Deferred,
        [before, after]: [&[Tensor]; 2],
    ) -> Result<Option<Repeat>> {
        let Attempt { task, rows, step, numbers, leaves_all } = *attempt;
        let mut room = Room::like(done, leaves_all)?;
        let (row, addresses) = places(&mut room)?;
        words.send(step, &addresses, &numbers.list(), rows)?;
        leave(words, done, room.left())?; // its program must be there before
        let captured = gpu::captured(task.network.weights().device(), || {
            let again = self.backward(task, rows, step, Some(words))?;
            let again = self.update(again, optimizer, Some((numbers, words)))?;
            leave(words, &again, room.left())
        })?;
        self.changed(task, optimizer).put_back(before)?;
        captured()?;
        let left: candle_core::Result<Vec<Tensor>> =
            row.each().take(room.left()).map(WaitingNumbers::tensor).collect();
        let worth: Vec<Tensor> = done.each().take(room.left()).cloned().collect();
        let is_same =
            are_same(after, &self.changed(task, optimizer).copies()?)? && are_same(&left?, &worth)?;
        Ok(is_same.then(|| Repeat::new(captured, room)))
    }

    fn changed<'a>(&'a self, task: &'a Task<'_>, optimizer: &'a OptimizerState) -> Changed<'a> {
        let vars = task.network.weights().iter().map(|weight| &weight.var).collect();
        let others = optimizer.kept_there().into_iter().chain([self.status.numbers()]).collect();
        Changed { vars, others }
    }
}
