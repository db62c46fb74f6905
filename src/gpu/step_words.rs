//! What changes from one step to the next, as words in one place on a device. A step that the device
//! repeats by itself has the same arguments each time: its programs read here what is new.

use candle_core::{DType, Device, Result, Tensor};

use super::cuda::{address, launch, overwrite};
use super::{Passed, Program, THREADS};

/// The words of a step: its number, the addresses of what it leaves, the numbers of the optimizer's
/// program, and the rows of its batch.
#[derive(Debug)]
pub(crate) struct StepWords {
    there: Tensor,
    here: Vec<u32>,
}

/// What a step leaves: so many tensors at most.
const MOST_LEFT: usize = 5;

const ADDRESSES: usize = 2;
const NUMBERS: usize = ADDRESSES + 2 * MOST_LEFT;
const ROWS: usize = NUMBERS + 16;

impl StepWords {
    /// Of batches of so many rows.
    pub(crate) fn new(rows: usize, device: &Device) -> Result<StepWords> {
        let there = Tensor::zeros(ROWS + rows, DType::U32, device)?;
        Ok(StepWords { there, here: vec![0; ROWS + rows] })
    }

    /// How many rows a batch has.
    pub(crate) fn batch(&self) -> usize {
        self.here.len() - ROWS
    }

    /// Sends those of a step.
    pub(crate) fn send(
        &mut self,
        step: u64,
        left: &[u64],
        numbers: &[f32; 16],
        rows: &[u64],
    ) -> Result<()> {
        self.fill(step, left, numbers, rows);
        overwrite(&self.there, &self.here)
    }

    fn fill(&mut self, step: u64, left: &[u64], numbers: &[f32; 16], rows: &[u64]) {
        let halves = |number: u64| [number as u32, (number >> 32) as u32];
        self.here[..ADDRESSES].copy_from_slice(&halves(step));
        let addresses = left.iter().flat_map(|address| halves(*address));
        self.here[ADDRESSES..NUMBERS].iter_mut().zip(addresses).for_each(|(to, word)| *to = word);
        for (word, number) in self.here[NUMBERS..ROWS].iter_mut().zip(numbers) {
            *word = number.to_bits();
        }
        self.here[ROWS..].iter_mut().zip(rows).for_each(|(word, row)| *word = *row as u32);
    }

    /// The rows, on the device.
    pub(crate) fn rows(&self) -> Result<Tensor> {
        self.there.narrow(0, ROWS, self.batch())
    }

    /// Where the step's number is.
    pub(super) fn step(&self) -> Result<u64> {
        address(&self.there)
    }

    /// Where the numbers of the optimizer's program are.
    pub(crate) fn numbers(&self) -> Result<u64> {
        Ok(address(&self.there)? + 4 * NUMBERS as u64)
    }

    /// Leaves a tensor of floats at the address of that index.
    pub(crate) fn leave(&self, index: usize, tensor: &Tensor) -> Result<()> {
        let (device, count) = (self.there.device(), tensor.elem_count() as u64);
        let tensor = tensor.to_dtype(DType::F32)?.contiguous()?;
        let to = address(&self.there)? + 4 * (ADDRESSES + 2 * index) as u64;
        let arguments =
            [Passed::Address(address(&tensor)?), Passed::Address(to), Passed::U64(count)];
        launch(device, &program(), count.div_ceil(u64::from(THREADS)).min(1 << 12), &arguments)
    }
}

fn program() -> Program {
    Program { name: "leave".to_string(), text: include_str!("leave.cu").to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::compiled::{Compiled, floats, nvcc_takes};

    #[test]
    fn the_words_of_a_step_stand_where_its_programs_read() {
        let mut words = StepWords::new(3, &Device::Cpu).unwrap();
        let mut numbers = [0.0; 16];
        (numbers[0], numbers[15]) = (0.5, -2.0);
        words.fill((7 << 32) + 9, &[(1 << 40) + 2, 3], &numbers, &[4, 5, u64::from(u32::MAX)]);
        assert_eq!(words.here[..2], [9, 7]);
        assert_eq!(words.here[2..6], [2, 1 << 8, 3, 0]);
        let numbers: Vec<f32> =
            words.here[12..28].iter().map(|word| f32::from_bits(*word)).collect();
        assert_eq!((numbers[0], numbers[14], numbers[15]), (0.5, 0.0, -2.0));
        assert_eq!(words.here[28..], [4, 5, u32::MAX]);
        assert_eq!((words.batch(), words.rows().unwrap().dims()), (3, &[3][..]));
    }

    #[test]
    fn the_gpus_text_leaves_all_numbers() {
        let main = "int main(void) {
            static float from[1003], to[1003];
            float *place = to;
            for (int i = 0; i < 1003; i++) from[i] = 0.5f * i;
            blockDim.x = 4; gridDim.x = 3;
            for (blockIdx.x = 0; blockIdx.x < 3; blockIdx.x++)
                for (threadIdx.x = 0; threadIdx.x < 4; threadIdx.x++) leave(from, &place, 1003);
            return fwrite(to, sizeof(float), 1003, stdout) == 1003 ? 0 : 1;
        }";
        let Some(compiled) = Compiled::of(&program().whole(), main) else { return };
        let expected: Vec<f32> = (0..1003).map(|i| 0.5 * i as f32).collect();
        assert_eq!(floats(&compiled.run(&[])), expected);
    }

    #[test]
    fn the_gpus_compiler_takes_the_text() {
        nvcc_takes(&[program()]);
    }
}
