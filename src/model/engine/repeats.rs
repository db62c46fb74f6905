//! Steps that a GPU repeats by itself: what a step tells the device is captured once, and launched for
//! each step after it, with the step's own words. A small model's step is hundreds of launches, each of
//! which costs the host more than it costs the device.

use candle_core::{Tensor, Var};

use super::api::Task;
use crate::error::Result;
use crate::gpu::{self, Repetition, StepWords};
use crate::model::scores::{Deferred, Room, WaitingNumbers};
use crate::optimizers::StepNumbers;

/// What has to be the same for a captured step to serve: anything else is in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepKey {
    /// Rows of a batch.
    pub(super) batch: usize,
    /// The number of the sending of the samples that are kept.
    pub(super) sending: u64,
    /// False where gradients are only added up.
    pub(super) is_real: bool,
    /// Whether someone looks at more than the losses.
    pub(super) leaves_all: bool,
    /// Where the optimizer's state and the status are.
    pub(super) places: [u64; 2],
}

/// A step that is to be captured.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) task: &'a Task<'a>,
    pub(super) rows: &'a [u64],
    pub(super) step: u64,
    pub(super) numbers: &'a StepNumbers,
    pub(super) leaves_all: bool,
}

/// A captured step.
pub(super) struct Repeat {
    captured: Repetition,
    room: Room,
}

enum Stage {
    /// So many steps were done one by one.
    Seen(u32),
    Captured(Repeat),
    /// They can't be captured.
    Refused,
}

/// The steps of an engine that are captured, or may come to be.
#[derive(Default)]
pub(super) struct Repeats {
    all: Vec<(StepKey, Stage)>,
}

/// What to do with a step.
pub(super) enum Next<'r> {
    /// To launch what was captured.
    Launch(&'r mut Repeat),
    /// To do it, then to capture it.
    Capture,
    /// To do it.
    Plain,
}

/// Steps that are done one by one before the next of their kind is captured.
const FIRST: u32 = 3;
/// Kinds of steps that are captured at most.
const MOST: usize = 4;

impl Repeats {
    /// What to do with the next step of a kind.
    pub(super) fn next(&mut self, key: &StepKey) -> Next<'_> {
        let Some(index) = self.all.iter().position(|(known, _)| known == key) else {
            // what was captured for another place of the state will not come again
            self.all.retain(|(known, _)| known.places == key.places);
            if self.all.len() < MOST {
                self.all.push((key.clone(), Stage::Seen(1)));
            }
            return Next::Plain;
        };
        match &mut self.all[index].1 {
            Stage::Captured(repeat) => Next::Launch(repeat),
            Stage::Refused => Next::Plain,
            Stage::Seen(steps) if *steps < FIRST => {
                *steps += 1;
                Next::Plain
            }
            Stage::Seen(_) => Next::Capture,
        }
    }

    /// What came of capturing a step.
    pub(super) fn put(&mut self, key: &StepKey, repeat: Option<Repeat>) {
        if let Some((_, stage)) = self.all.iter_mut().find(|(known, _)| known == key) {
            *stage = repeat.map_or(Stage::Refused, Stage::Captured);
        }
    }
}

impl Repeat {
    /// A step captured, which has been done once; `room` is where it leaves what it is worth.
    pub(super) fn new(captured: Repetition, room: Room) -> Repeat {
        Repeat { captured, room }
    }

    /// Where the next step leaves what it is worth, and the addresses of that.
    pub(super) fn next(&mut self) -> Result<(Deferred<WaitingNumbers>, Vec<u64>)> {
        places(&mut self.room)
    }

    /// One step more.
    pub(super) fn launch(&self) -> Result<()> {
        Ok((self.captured)()?)
    }
}

/// The next row of a room, and its addresses.
pub(super) fn places(room: &mut Room) -> Result<(Deferred<WaitingNumbers>, Vec<u64>)> {
    let row = room.next()?;
    let addresses: candle_core::Result<Vec<u64>> =
        row.each().take(room.left()).map(|numbers| gpu::address(&numbers.tensor()?)).collect();
    Ok((row, addresses?))
}

/// Leaves what a step is worth where its words say.
pub(super) fn leave(words: &StepWords, step: &Deferred, count: usize) -> Result<()> {
    for (index, tensor) in step.each().take(count).enumerate() {
        words.leave(index, tensor)?;
    }
    Ok(())
}

/// Everything that a step changes on a device.
pub(super) struct Changed<'a> {
    pub(super) vars: Vec<&'a Var>,
    /// The optimizer's state and the status.
    pub(super) others: Vec<&'a Tensor>,
}

impl Changed<'_> {
    fn each(&self) -> impl Iterator<Item = &Tensor> {
        self.vars.iter().map(|var| var.as_tensor()).chain(self.others.iter().copied())
    }

    /// Copies, on the device.
    pub(super) fn copies(&self) -> Result<Vec<Tensor>> {
        let copies = self.each().map(|tensor| tensor.detach().copy());
        Ok(copies.collect::<candle_core::Result<_>>()?)
    }

    /// Puts copies back.
    pub(super) fn put_back(&self, copies: &[Tensor]) -> Result<()> {
        for (tensor, copy) in self.each().zip(copies) {
            tensor.detach().slice_set(copy, 0, 0)?;
        }
        Ok(())
    }
}

/// Whether tensors hold the same bits.
pub(super) fn are_same(some: &[Tensor], others: &[Tensor]) -> Result<bool> {
    for (a, b) in some.iter().zip(others) {
        let bits = |tensor: &Tensor| -> Result<Vec<u32>> {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            Ok(values.into_iter().map(f32::to_bits).collect())
        };
        if bits(a)? != bits(b)? {
            return Ok(false);
        }
    }
    Ok(some.len() == others.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn key(batch: usize) -> StepKey {
        StepKey { batch, sending: 1, is_real: true, leaves_all: true, places: [7, 8] }
    }

    #[test]
    fn a_kind_of_step_is_captured_after_some_were_done() {
        let mut repeats = Repeats::default();
        for _ in 0..FIRST {
            assert!(matches!(repeats.next(&key(32)), Next::Plain));
        }
        assert!(matches!(repeats.next(&key(5)), Next::Plain)); // the last batch of an epoch
        assert!(matches!(repeats.next(&key(32)), Next::Capture));
        repeats.put(&key(32), None);
        assert!(matches!(repeats.next(&key(32)), Next::Plain));
        let moved = StepKey { places: [9, 8], ..key(32) };
        assert!(matches!(repeats.next(&moved), Next::Plain));
        assert_eq!(repeats.all.len(), 1);
    }

    #[test]
    fn what_a_step_changed_is_put_back() {
        let var = Var::new(&[[1f32, -0.0], [f32::NAN, 4.0]], &Device::Cpu).unwrap();
        let other = Tensor::new(&[5f32], &Device::Cpu).unwrap();
        let changed = Changed { vars: vec![&var], others: vec![&other] };
        let before = changed.copies().unwrap();
        var.set(&Tensor::zeros((2, 2), candle_core::DType::F32, &Device::Cpu).unwrap()).unwrap();
        assert!(!are_same(&before, &changed.copies().unwrap()).unwrap());
        changed.put_back(&before).unwrap();
        assert!(are_same(&before, &changed.copies().unwrap()).unwrap());
        assert!(!are_same(&before, &[]).unwrap());
    }
}
