//! Evaluation: the loss and the metrics over samples, in inference mode.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::model::engine::{Engine, Task};
use crate::model::scores::Scores;
use crate::threads;

/// Runs samples through the model in inference mode and adds them to `scores`.
pub fn score(
    engine: &mut dyn Engine,
    task: &Task<'_>,
    batch_size: usize,
    scores: &mut Scores,
) -> Result<()> {
    score_each(engine, task, batch_size, scores, &mut || ControlFlow::Continue(())).map(drop)
}

/// The same for more samples: what was added to `scores` before stays.
pub fn score_more(
    engine: &mut dyn Engine,
    task: &Task<'_>,
    batch_size: usize,
    scores: &mut Scores,
) -> Result<()> {
    add(engine, task, batch_size, scores, &mut || ControlFlow::Continue(())).map(drop)
}

/// [`score`]; `each` says after every batch whether to go on.
pub fn score_each(
    engine: &mut dyn Engine,
    task: &Task<'_>,
    batch_size: usize,
    scores: &mut Scores,
    each: &mut (dyn FnMut() -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>> {
    scores.reset();
    add(engine, task, batch_size, scores, each)
}

fn add(
    engine: &mut dyn Engine,
    task: &Task<'_>,
    batch_size: usize,
    scores: &mut Scores,
    each: &mut (dyn FnMut() -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>> {
    let (end, step) = (task.samples.len() as u64, batch_size.max(1));
    let mut rows = Vec::with_capacity(step.min(task.samples.len()));
    threads::within(|| {
        for start in (0..end).step_by(step) {
            rows.clear();
            rows.extend(start..end.min(start + step as u64));
            engine.evaluate(task, &rows, scores)?;
            if each().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}
