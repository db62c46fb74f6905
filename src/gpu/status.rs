//! Whether every loss was finite, kept on the device: nobody has to wait for a step to know that the
//! next may update.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::cuda::{address, launch};
use super::tensors::made_like;
use super::{Passed, Program, THREADS};

/// Three numbers on a device: 1 while every loss was finite, else 0; how many were; the last loss
/// that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    numbers: Tensor,
}

impl Status {
    /// No loss yet.
    pub(crate) fn new(device: &Device) -> Result<Status> {
        Ok(Status { numbers: Tensor::new(&[1f32, 0.0, 0.0], device)? })
    }

    /// The numbers, of which the first is read by those that update.
    pub(crate) fn numbers(&self) -> &Tensor {
        &self.numbers
    }

    /// Looks at the loss of one more step, unless an earlier one was not finite.
    pub(crate) fn judge(&mut self, loss: &Tensor) -> Result<()> {
        let device = self.numbers.device();
        if device.is_cuda() {
            let addresses = [address(&self.numbers)?, address(loss)?];
            return launch(device, &program("judge"), 1, &addresses.map(Passed::Address));
        }
        let mut numbers = self.numbers.to_vec1()?;
        judge(&mut numbers, loss.to_scalar()?);
        self.numbers = Tensor::from_vec(numbers, 3, device)?;
        Ok(())
    }

    /// `new` while every loss was finite, else `old`.
    pub(crate) fn choose(&self, new: &Tensor, old: &Tensor) -> Result<Tensor> {
        if new.shape() == old.shape() && is_for_program(new) && is_for_program(old) {
            let (blocks, count) = blocks(new.elem_count());
            return made_like(&program("choose"), &[&self.numbers, old, new], blocks, &[count]);
        }
        if new.rank() == 0 {
            // on a GPU a choice needs an axis
            return self.choose(&new.reshape(1)?, &old.reshape(1)?)?.reshape(());
        }
        let fine = self.numbers.narrow(0, 0, 1)?.to_dtype(DType::U8)?;
        let ones = vec![1; new.rank()];
        fine.reshape(ones)?.broadcast_as(new.shape())?.contiguous()?.where_cond(new, old)
    }

    /// Replaces a variable's numbers, unless a loss was not finite.
    pub(crate) fn renew(&self, var: &Var, new: &Tensor) -> Result<()> {
        if new.shape() != var.shape() || !is_for_program(new) || !is_for_program(var) {
            return var.set(&self.choose(new, var)?);
        }
        let (blocks, count) = blocks(new.elem_count());
        let [status, new, old] = [address(&self.numbers)?, address(new)?, address(var)?];
        let arguments = [status, new, old].map(Passed::Address);
        launch(var.device(), &program("renew"), blocks, &[&arguments[..], &[count]].concat())
    }

    /// Waits for the device: how many losses were finite, and the first that wasn't.
    pub(crate) fn read(&self) -> Result<(u64, Option<f32>)> {
        let numbers = self.numbers.to_vec1::<f32>()?;
        Ok((numbers[1] as u64, (numbers[0] == 0.0).then_some(numbers[2])))
    }
}

fn is_for_program(tensor: &Tensor) -> bool {
    tensor.device().is_cuda() && tensor.is_contiguous() && tensor.dtype() == DType::F32
}

/// How many blocks for so many numbers, which the program is told.
fn blocks(count: usize) -> (u64, Passed) {
    (count.div_ceil(THREADS as usize).min(1 << 16) as u64, Passed::U64(count as u64))
}

fn program(name: &str) -> Program {
    let text = match name {
        "judge" => include_str!("status.cu"),
        "choose" => include_str!("choose.cu"),
        _ => include_str!("renew.cu"),
    };
    Program { name: name.to_string(), text: text.to_string() }
}

/// [`Status::judge`] on the host: what defines it.
fn judge(status: &mut [f32], loss: f32) {
    if status[0] != 0.0 {
        status[2] = loss;
        if loss.is_finite() {
            status[1] += 1.0;
        } else {
            status[0] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::compiled::{Compiled, bytes, floats, nvcc_takes};

    #[test]
    fn the_first_loss_that_is_not_finite_is_kept() {
        let mut status = Status::new(&Device::Cpu).unwrap();
        let choice = |status: &Status| {
            let tensor = |value: f32| Tensor::full(value, (2, 3), &Device::Cpu).unwrap();
            let chosen = status.choose(&tensor(1.0), &tensor(f32::NAN)).unwrap();
            chosen.flatten_all().unwrap().to_vec1::<f32>().unwrap()[5]
        };
        for loss in [0.5f32, 2.0] {
            status.judge(&Tensor::new(loss, &Device::Cpu).unwrap()).unwrap();
        }
        assert_eq!(status.read().unwrap(), (2, None));
        assert_eq!(choice(&status), 1.0);
        let number = |value: f32| Tensor::new(value, &Device::Cpu).unwrap();
        let chosen = status.choose(&number(3.0), &number(4.0)).unwrap();
        assert_eq!((chosen.rank(), chosen.to_scalar::<f32>().unwrap()), (0, 3.0));
        for loss in [f32::INFINITY, 3.0, f32::NAN] {
            status.judge(&Tensor::new(loss, &Device::Cpu).unwrap()).unwrap();
        }
        assert_eq!(status.read().unwrap(), (2, Some(f32::INFINITY)));
        assert!(choice(&status).is_nan());
    }

    #[test]
    fn the_gpus_text_judges_the_same() {
        let main = "int main(void) {
            float status[3] = { 1, 0, 0 }, loss;
            while (fread(&loss, sizeof(float), 1, stdin) == 1) {
                judge(status, &loss);
                if (fwrite(status, sizeof(float), 3, stdout) != 3) return 1;
            }
            return 0;
        }";
        let Some(compiled) = Compiled::of(&program("judge").whole(), main) else { return };
        for last in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            let losses = [1.0, -2.5, last, 4.0];
            let (mut status, mut expected) = ([1.0, 0.0, 0.0], Vec::new());
            for loss in losses {
                judge(&mut status, loss);
                expected.extend(status.map(f32::to_bits));
            }
            let found = floats(&compiled.run(&bytes(&losses)));
            assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_gpus_texts_renew_as_the_host_does() {
        let (old, new): (Vec<f32>, Vec<f32>) = ([1.0, 2.0, 3.0, -0.0, 5.0].into(), [9.0; 5].into());
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let main = "int main(void) {
            float status[3], old[5], renewed[5], y[5];
            if (fread(status, 4, 3, stdin) != 3 || fread(old, 4, 5, stdin) != 5) return 1;
            if (fread(renewed, 4, 5, stdin) != 5) return 1;
            blockDim.x = 2; gridDim.x = 2;
            for (blockIdx.x = 0; blockIdx.x < 2; blockIdx.x++)
                for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++) {
                    choose(status, old, renewed, y, 5);
                    renew(status, renewed, old, 5);
                }
            return fwrite(y, 4, 5, stdout) == 5 && fwrite(old, 4, 5, stdout) == 5 ? 0 : 1;
        }";
        let text = program("choose").whole() + &program("renew").text;
        let compiled = Compiled::of(&text, main);
        for loss in [0.5f32, f32::NAN] {
            let mut status = Status::new(&Device::Cpu).unwrap();
            status.judge(&Tensor::new(loss, &Device::Cpu).unwrap()).unwrap();
            let var = Var::from_tensor(&tensor(&old)).unwrap();
            status.renew(&var, &tensor(&new)).unwrap();
            let renewed = var.to_vec1::<f32>().unwrap();
            assert_eq!(renewed, if loss.is_nan() { &old } else { &new }.as_slice());
            let Some(compiled) = &compiled else { return };
            let input = [status.numbers.to_vec1().unwrap(), old.clone(), new.clone()].concat();
            assert_eq!(floats(&compiled.run(&bytes(&input))), [renewed.clone(), renewed].concat());
        }
    }

    #[test]
    fn the_gpus_compiler_takes_the_texts() {
        nvcc_takes(&["judge", "choose", "renew"].map(program));
    }
}
