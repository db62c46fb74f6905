//! The optimizer's update by the host, wherever the weights are.

use candle_core::{Device, Tensor, Var};

use crate::error::Result;
use crate::optimizers::{OptimizerState, in_place};
use crate::weights::gradients::Gradients;

/// One update of weights: where they are on the CPU, else by way of the host.
pub(super) fn update_by_host(
    vars: &[Var],
    device: &Device,
    gradients: &mut Gradients,
    optimizer: &mut OptimizerState,
) -> Result<()> {
    if device.is_cpu() {
        return optimizer.update(gradients, |index, change| in_place(&vars[index], change));
    }
    let mut held = Held::of(vars)?;
    optimizer.update(gradients, |index, change| change(held.of_weight(index)))?;
    held.give_back(vars, device)
}

/// Weights of a device on the host, in one transfer each way.
struct Held {
    values: Vec<f32>,
    /// Where each weight begins, and the end.
    starts: Vec<usize>,
}

impl Held {
    fn of(vars: &[Var]) -> Result<Held> {
        let flat: candle_core::Result<Vec<Tensor>> =
            vars.iter().map(|var| var.as_detached_tensor().flatten_all()).collect();
        let flat = flat?;
        let mut starts = vec![0];
        for tensor in &flat {
            starts.push(starts[starts.len() - 1] + tensor.elem_count());
        }
        let values = if flat.is_empty() { Vec::new() } else { Tensor::cat(&flat, 0)?.to_vec1()? };
        Ok(Held { values, starts })
    }

    fn of_weight(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[self.starts[index]..self.starts[index + 1]]
    }

    fn give_back(self, vars: &[Var], device: &Device) -> Result<()> {
        let count = self.values.len();
        let flat = Tensor::from_vec(self.values, count, device)?;
        for (var, range) in vars.iter().zip(self.starts.windows(2)) {
            let values = flat.narrow(0, range[0], range[1] - range[0])?;
            var.set(&values.reshape(var.dims())?.contiguous()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_go_to_the_host_and_back() {
        let var = |values: &[f32]| Var::new(values, &Device::Cpu).unwrap();
        let vars = [var(&[1.0, 2.0]), var(&[3.0]), var(&[4.0, 5.0, 6.0])];
        let mut held = Held::of(&vars).unwrap();
        for index in 0..3 {
            held.of_weight(index).iter_mut().for_each(|value| *value *= 10.0 + index as f32);
        }
        held.give_back(&vars, &Device::Cpu).unwrap();
        let all: Vec<Vec<f32>> = vars.iter().map(|var| var.to_vec1().unwrap()).collect();
        assert_eq!(all, [vec![10.0, 20.0], vec![33.0], vec![48.0, 60.0, 72.0]]);
    }
}
