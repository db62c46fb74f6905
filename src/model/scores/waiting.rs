//! What batches were worth while it is still on a device.

use candle_core::{DType, Device, Tensor};

use crate::error::Result;

/// A batch with what the model made of it, on a device.
pub struct Deferred<T = Tensor> {
    /// A scalar.
    pub loss: T,
    /// (batch, …output).
    pub output: T,
    /// (batch,) or (batch, k).
    pub target: T,
    /// (batch, time).
    pub mask: Option<T>,
    /// (batch,).
    pub weight: Option<T>,
}

impl<T> Deferred<T> {
    /// All of it, the loss first.
    pub(crate) fn each(&self) -> impl Iterator<Item = &T> {
        let first = [&self.loss, &self.output, &self.target];
        first.into_iter().chain(&self.mask).chain(&self.weight)
    }

    /// The same of something else, in the order of [`Deferred::each`].
    pub(crate) fn map<U>(&self, mut each: impl FnMut(&T) -> Result<U>) -> Result<Deferred<U>> {
        Ok(Deferred {
            loss: each(&self.loss)?,
            output: each(&self.output)?,
            target: each(&self.target)?,
            mask: self.mask.as_ref().map(&mut each).transpose()?,
            weight: self.weight.as_ref().map(&mut each).transpose()?,
        })
    }
}

/// Numbers that wait on a device: all of a tensor, or a row of it.
#[derive(Clone)]
pub(crate) struct WaitingNumbers {
    whole: Tensor,
    row: Option<usize>,
    dims: Vec<usize>,
}

impl WaitingNumbers {
    /// All of a tensor.
    pub(super) fn all(tensor: &Tensor) -> WaitingNumbers {
        WaitingNumbers { whole: tensor.clone(), row: None, dims: tensor.dims().to_vec() }
    }

    /// Where they are.
    pub(crate) fn tensor(&self) -> candle_core::Result<Tensor> {
        match self.row {
            Some(row) => self.whole.narrow(0, row, 1),
            None => Ok(self.whole.clone()),
        }
    }

    /// Where they begin in the whole.
    fn first(&self) -> usize {
        self.row.unwrap_or_default() * self.count()
    }

    pub(super) fn dims(&self) -> &[usize] {
        &self.dims
    }

    pub(super) fn count(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Room on a device for what steps leave there: a row for each step.
pub(crate) struct Room {
    /// The shapes of what a step leaves.
    like: Deferred<Vec<usize>>,
    /// What is left there, in the order of [`Deferred::each`]: (rows, numbers).
    wholes: Vec<Tensor>,
    rows: usize,
    next: usize,
}

/// Rows that a room has at most, and numbers where a row has many.
const MOST_ROWS: usize = 256;
const MOST_NUMBERS: usize = 1 << 20;

impl Room {
    /// For steps like one, which leave everything or their loss alone.
    pub(crate) fn like(step: &Deferred, leaves_all: bool) -> Result<Room> {
        let left = if leaves_all { step.each().count() } else { 1 };
        let numbers: usize = step.each().take(left).map(Tensor::elem_count).sum();
        let rows = (MOST_NUMBERS / numbers.max(1)).clamp(1, MOST_ROWS);
        let like = step.map(|tensor| Ok(tensor.dims().to_vec()))?;
        let mut room = Room { like, wholes: Vec::new(), rows, next: 0 };
        room.wholes = room.fresh(left, step.loss.device())?;
        Ok(room)
    }

    /// How many tensors a step leaves.
    pub(crate) fn left(&self) -> usize {
        self.wholes.len()
    }

    /// Where the next step leaves its own. Of what it doesn't leave, only the shape counts.
    pub(crate) fn next(&mut self) -> Result<Deferred<WaitingNumbers>> {
        if self.next == self.rows {
            self.wholes = self.fresh(self.wholes.len(), &self.wholes[0].device().clone())?;
            self.next = 0;
        }
        let (row, mut wholes) = (self.next, self.wholes.iter());
        self.next += 1;
        self.like.map(|dims| {
            let whole = wholes.next().unwrap_or(&self.wholes[0]).clone();
            Ok(WaitingNumbers { whole, row: Some(row), dims: dims.clone() })
        })
    }

    fn fresh(&self, left: usize, device: &Device) -> Result<Vec<Tensor>> {
        let numbers = |dims: &Vec<usize>| dims.iter().product::<usize>().max(1);
        let tensor = |dims| Tensor::zeros((self.rows, numbers(dims)), DType::F32, device);
        Ok(self.like.each().take(left).map(tensor).collect::<candle_core::Result<_>>()?)
    }
}

/// Numbers on the host, each row-major, in one transfer for all.
pub(super) fn on_host<'t>(
    waiting: impl Iterator<Item = Option<&'t WaitingNumbers>>,
) -> Result<Vec<Option<Vec<f32>>>> {
    let waiting: Vec<Option<&WaitingNumbers>> = waiting.collect();
    let mut wholes: Vec<&Tensor> = Vec::new();
    let mut starts = vec![0]; // where each whole begins, and the end
    let mut of = Vec::new(); // the whole of each
    for numbers in waiting.iter().flatten() {
        if wholes.last().is_none_or(|last| last.id() != numbers.whole.id()) {
            wholes.push(&numbers.whole);
            starts.push(starts[starts.len() - 1] + numbers.whole.elem_count());
        }
        of.push(wholes.len() - 1);
    }
    let flat: candle_core::Result<Vec<Tensor>> =
        wholes.iter().map(|tensor| tensor.flatten_all()).collect();
    let all: Vec<f32> = match flat?.as_slice() {
        [] => Vec::new(),
        [only] => only.to_vec1()?,
        several => Tensor::cat(several, 0)?.to_vec1()?,
    };
    let mut of = of.into_iter();
    let mut take = |numbers: &WaitingNumbers| {
        let start = starts[of.next().unwrap_or_default()] + numbers.first();
        all[start..start + numbers.count()].to_vec()
    };
    Ok(waiting.iter().map(|numbers| numbers.map(&mut take)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(output: &[f32]) -> Deferred {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        Deferred {
            loss: Tensor::new(output[0], &Device::Cpu).unwrap(),
            output: tensor(output).reshape((output.len(), 1)).unwrap(),
            target: tensor(output),
            mask: None,
            weight: Some(tensor(output)),
        }
    }

    #[test]
    fn rows_of_a_room_are_read_as_the_tensors_that_were_left_there() {
        let mut room = Room::like(&step(&[0.0, 0.0]), true).unwrap();
        assert_eq!(room.left(), 4);
        let mut rows = Vec::new();
        for i in 0..MOST_ROWS + 3 {
            let row = room.next().unwrap();
            let left = step(&[i as f32, 0.5]);
            for (place, tensor) in row.each().zip(left.each()) {
                let flat = tensor.reshape((1, place.count())).unwrap();
                place.whole.slice_set(&flat, 0, place.row.unwrap()).unwrap();
            }
            rows.push(row);
        }
        let alone = WaitingNumbers::all(&Tensor::new(&[[7f32, 8.0]], &Device::Cpu).unwrap());
        let outputs = rows.iter().map(|row| Some(&row.output));
        let read = on_host(outputs.chain([None, Some(&alone)])).unwrap();
        for (i, output) in read[..rows.len()].iter().enumerate() {
            assert_eq!(output.as_deref(), Some(&[i as f32, 0.5][..]));
        }
        assert_eq!(read[rows.len()..], [None, Some(vec![7.0, 8.0])]);
        assert_eq!(rows[0].output.dims(), [2, 1]);
        assert_eq!(on_host([Some(&rows[9].loss)].into_iter()).unwrap(), [Some(vec![9.0])]);
    }

    #[test]
    fn a_room_for_losses_alone_has_no_more() {
        let mut room = Room::like(&step(&[0.0, 0.0]), false).unwrap();
        assert_eq!((room.left(), room.next().unwrap().target.dims()), (1, &[2][..]));
    }
}
