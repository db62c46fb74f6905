//! Evaluation: the loss and the metrics over samples, in inference mode.

use std::ops::ControlFlow;

use crate::data::Order;
use crate::error::Result;
use crate::model::engine::{Engine, Task, Upcoming};
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
    let (count, batch_size) = (task.samples.len(), batch_size.max(1));
    let (mut rows, mut after_next) = (Vec::new(), Vec::new());
    let order = &Order::unshuffled();
    threads::within(|| {
        for start in (0..count).step_by(batch_size) {
            let end = count.min(start + batch_size);
            rows.clear();
            rows.extend(start as u64..end as u64);
            after_next.clear();
            after_next.extend(end as u64..count.min(end + batch_size) as u64);
            let (after_next, left) = (after_next.as_slice(), start..count);
            engine.expect(task, &Upcoming { after_next, batch_size, order, left });
            engine.evaluate(task, &rows, scores)?;
            if each().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}
