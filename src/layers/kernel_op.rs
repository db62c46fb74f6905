//! A kernel as a candle custom op, so that autograd goes through it.

use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result as CandleResult, Tensor};

use super::layer::{Context, Signal};
use crate::error::Result;
use crate::kernels::{Backward, BoundKernel, OutputMask, Pass, Saved};
use crate::random::Random;
use crate::shape::Shape;
use crate::weights::LayerWeight;

/// A batch through a kernel. `output` is the shape of one sample of the output.
///
/// A custom op of candle's takes three tensors at most, so the weights go in as one flat tensor.
pub fn apply_kernel(
    bound: &BoundKernel,
    output: &Shape,
    input: Signal,
    context: &mut Context<'_>,
) -> Result<Signal> {
    let training = context.training;
    let x = input.tensor.contiguous()?;
    let batch = x.dim(0)?;
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let mask = match &input.mask {
        Some(mask) => Some(mask.flatten_all()?.to_vec1::<f32>()?),
        None => None,
    };
    let call = Arc::new(KernelCall {
        bound: bound.clone(),
        output: output.clone(),
        training,
        step: context.step,
        random: *context.random,
        mask,
        saved: Mutex::default(),
        needs_dx: x.track_op(),
    });
    bound.kernel.check(&call.pass(batch), &values)?;
    let y = if bound.kernel.is_identity(training) {
        x.reshape(output.with_batch(batch))?
    } else if bound.weights.is_empty() {
        x.apply_op1(KernelOp(Arc::clone(&call)))?
    } else {
        let flat: CandleResult<Vec<Tensor>> =
            bound.weights.iter().map(|weight| weight.as_tensor().flatten_all()).collect();
        x.apply_op2(&Tensor::cat(&flat?, 0)?, KernelOp(Arc::clone(&call)))?
    };
    let mut made = Vec::new();
    let mask = match bound.kernel.mask(&call.pass(batch), &values, &mut made) {
        OutputMask::Same => input.mask,
        OutputMask::Dropped => None,
        OutputMask::Made => {
            let steps = made.len() / batch.max(1);
            Some(Tensor::from_vec(made, (batch, steps), x.device())?)
        }
    };
    if training {
        let saved = call.saved();
        for (index, weight) in bound.weights.iter().enumerate() {
            if let Some(values) = bound.kernel.updated(index, &saved) {
                let values = &values[..weight.elem_count()];
                let new = Tensor::from_slice(values, weight.dims(), x.device())?;
                context.updates.push(((**weight).clone(), new));
            }
        }
    }
    Ok(Signal { tensor: y, mask })
}

/// One call of a kernel: what its forward pass kept is there for its backward pass.
struct KernelCall {
    bound: BoundKernel,
    output: Shape,
    training: bool,
    step: u64,
    random: Random,
    mask: Option<Vec<f32>>,
    saved: Mutex<Saved>,
    needs_dx: bool,
}

impl KernelCall {
    fn saved(&self) -> MutexGuard<'_, Saved> {
        self.saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn pass(&self, batch: usize) -> Pass<'_> {
        Pass {
            batch,
            training: self.training,
            forward_only: false,
            step: self.step,
            random: &self.random,
            mask: self.mask.as_deref(),
            ids: None,
        }
    }

    /// The flat weights as one slice each.
    fn split<'a>(&self, mut flat: &'a [f32]) -> Vec<&'a [f32]> {
        let cut = |weight: &LayerWeight| {
            let (first, rest) = flat.split_at(weight.elem_count());
            flat = rest;
            first
        };
        self.bound.weights.iter().map(cut).collect()
    }

    fn forward(
        &self,
        x: &[f32],
        batch: usize,
        flat: &[f32],
    ) -> CandleResult<(CpuStorage, candle_core::Shape)> {
        let mut y = vec![0.0; batch * self.output.elements()];
        let weights = self.split(flat);
        self.bound.kernel.forward(&self.pass(batch), x, &weights, &mut y, &mut self.saved());
        Ok((CpuStorage::F32(y), self.output.with_batch(batch).into()))
    }

    fn backward(
        &self,
        x: &Tensor,
        flat: Option<&Tensor>,
        y: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let host = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (x_host, y_host, mut dy_host) = (host(x)?, host(y)?, host(dy)?);
        let flat_host = flat.map(host).transpose()?.unwrap_or_default();
        let weights = self.split(&flat_host);
        let mut dx = vec![0.0; if self.needs_dx { x_host.len() } else { 0 }];
        let mut dflat = vec![0.0; flat_host.len()];
        let mut rest = dflat.as_mut_slice();
        let mut dweights = Vec::with_capacity(weights.len());
        for weight in &weights {
            let (first, others) = std::mem::take(&mut rest).split_at_mut(weight.len());
            dweights.push(Some(first));
            rest = others;
        }
        let io = Backward {
            x: &x_host,
            weights: &weights,
            y: &y_host,
            dy: &mut dy_host,
            saved: &mut self.saved(),
            dx: self.needs_dx.then_some(&mut dx),
            dweights: &mut dweights,
            touched: None,
        };
        self.bound.kernel.backward(&self.pass(x.dim(0)?), io);
        let dx =
            if self.needs_dx { Some(Tensor::from_vec(dx, x.dims(), x.device())?) } else { None };
        let dflat = match flat {
            Some(flat) => Some(Tensor::from_vec(dflat, flat.dims(), flat.device())?),
            None => None,
        };
        Ok((dx, dflat))
    }
}

struct KernelOp(Arc<KernelCall>);

impl CustomOp1 for KernelOp {
    fn name(&self) -> &'static str {
        "kernel"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> CandleResult<(CpuStorage, candle_core::Shape)> {
        self.0.forward(numbers(storage, layout)?, layout.dims()[0], &[])
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> CandleResult<Option<Tensor>> {
        Ok(self.0.backward(x, None, y, dy)?.0)
    }
}

impl CustomOp2 for KernelOp {
    fn name(&self) -> &'static str {
        "kernel"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        flat: &CpuStorage,
        flat_layout: &Layout,
    ) -> CandleResult<(CpuStorage, candle_core::Shape)> {
        let (x, flat) = (numbers(x, x_layout)?, numbers(flat, flat_layout)?);
        self.0.forward(x, x_layout.dims()[0], flat)
    }

    fn bwd(
        &self,
        x: &Tensor,
        flat: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        self.0.backward(x, Some(flat), y, dy)
    }
}

/// The numbers of a contiguous tensor of f32.
fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> CandleResult<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| candle_core::Error::Msg("a kernel wants contiguous tensors".to_string()))?;
    match storage {
        CpuStorage::F32(values) => Ok(&values[start..end]),
        _ => Err(candle_core::Error::Msg("a kernel wants f32".to_string())),
    }
}
