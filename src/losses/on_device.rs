//! The loss of a batch as one program of a GPU, and its gradient as another. On the CPU the loss's form
//! over slices takes their place, which the tests compare them with.

use std::sync::Arc;

use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Tensor};

use super::loss::{Loss, LossBatch, LossInC, LossItem};
use crate::gpu::{Passed, Program, THREADS, made, made_like};

/// The rule of a loss that is a mean over the numbers of a row: `rule` makes `value` and `slope` of the
/// target `y` and the prediction `p`.
pub(super) fn of_numbers(rule: &str, numbers: [f32; 2]) -> LossInC {
    let text = format!(
        "/* The loss of one number. */
DEVICE float item(const float *prediction, const float *target, u64 i, u64 width,
                  float c0, float c1, float factor, float *gradient) {{
    const float p = prediction[i], y = target[i];
    float value, slope;
    {rule}
    if (gradient) gradient[i] = slope * factor;
    return value;
}}
"
    );
    LossInC { text, item: LossItem::Number, numbers }
}

/// The rule of a crossentropy. A target of one number is a class's, others are multiplied by the first
/// of the numbers, and the second is added.
pub(super) fn of_classes(from_logits: bool, is_sparse: bool, numbers: [f32; 2]) -> LossInC {
    let targets = if is_sparse {
        "#define TARGETS 1\n#define HOT ((float)j == y[0] ? 1.0f : 0.0f)\n"
    } else {
        "#define TARGETS width\n#define HOT (y[j] * c0 + c1)\n"
    };
    let row = if from_logits {
        include_str!("on_device/logits.cu")
    } else {
        include_str!("on_device/probabilities.cu")
    };
    LossInC { text: format!("{targets}{row}"), item: LossItem::Row, numbers }
}

/// A loss over a batch.
#[derive(Clone)]
pub(super) struct LossOp {
    loss: Arc<dyn Loss>,
    in_c: LossInC,
    width: usize,
    target_width: usize,
    /// Items.
    count: usize,
    /// Items that share a factor; 0 where there are no factors.
    run: usize,
    /// Items of a block, which gives one sum: of whole rows.
    share: usize,
    scale: f32,
}

/// Numbers that a block adds up at most.
const SHARE: usize = 1 << 15;
/// Rows that are longer are left to candle's ops, which share the work on a row.
const LONGEST: usize = 1024;

impl LossOp {
    /// The loss over these; None where it has no program for them.
    pub(super) fn of(loss: &Arc<dyn Loss>, target: &Tensor, prediction: &Tensor) -> Option<LossOp> {
        let width = prediction.dims().last().copied()?.max(1);
        let rows = prediction.elem_count() / width;
        let is_f32 = prediction.dtype() == DType::F32 && target.dtype() == DType::F32;
        if !is_f32
            || rows == 0
            || prediction.rank() < 2
            || !target.elem_count().is_multiple_of(rows)
        {
            return None;
        }
        let target_width = target.elem_count() / rows;
        let in_c = loss.in_c(width, target_width)?;
        let (count, share) = match in_c.item {
            LossItem::Number => (prediction.elem_count(), (SHARE / width).max(1) * width),
            LossItem::Row if width > LONGEST => return None,
            LossItem::Row => (rows, SHARE / width),
        };
        let loss = Arc::clone(loss);
        Some(LossOp { loss, in_c, width, target_width, count, run: 0, share, scale: 1.0 })
    }

    /// The sum of the rows' losses or their mean, each times its factor: `factors` are some numbers, and
    /// how many rows share each.
    pub(super) fn total(
        self,
        target: &Tensor,
        prediction: &Tensor,
        factors: Option<&(Tensor, usize)>,
        is_mean: bool,
    ) -> Result<Tensor> {
        let target = target.contiguous()?;
        let of_row = match self.in_c.item {
            LossItem::Number => self.width,
            LossItem::Row => 1,
        };
        let rows = self.count / of_row;
        let scale = 1.0 / (of_row * if is_mean { rows } else { 1 }) as f32;
        let (factors, run) = match factors {
            Some((factors, rows)) => (factors, rows * of_row),
            None => (&target, 0), // which nobody reads
        };
        let op = LossOp { run, scale, ..self };
        let sums = prediction.contiguous()?.apply_op3(&target, factors, op)?;
        if sums.rank() == 0 { Ok(sums) } else { sums.sum_all() }
    }

    /// The shape of the sums: a scalar where there is one.
    fn sums(&self) -> Shape {
        match self.count.div_ceil(self.share) {
            1 => Shape::from(()),
            blocks => Shape::from(blocks),
        }
    }

    fn program(&self, name: &str) -> Program {
        let kernel = match name {
            "loss" => include_str!("on_device/loss.cu"),
            _ => include_str!("on_device/loss_gradient.cu"),
        };
        Program { name: name.to_string(), text: format!("{}{kernel}", self.in_c.text) }
    }

    fn passed(&self) -> [Passed; 7] {
        let [count, width, run, share] =
            [self.count, self.width, self.run, self.share].map(|n| Passed::U64(n as u64));
        let [c0, c1] = self.in_c.numbers.map(Passed::F32);
        [count, width, run, share, Passed::F32(self.scale), c0, c1]
    }

    /// The form on the host: the value of each row, and the gradient of its predictions.
    fn on_host(&self, target: &[f32], prediction: &[f32]) -> Result<(Vec<f32>, Vec<f32>)> {
        let LossOp { width, target_width, .. } = *self;
        let batch = LossBatch { target, target_width, prediction, width };
        let mut values = vec![0.0; prediction.len() / width];
        let mut gradient = vec![0.0; prediction.len()];
        if !self.loss.value_and_gradient(&batch, &mut values, &mut gradient) {
            candle_core::bail!("{:?} has no form over slices", self.loss);
        }
        Ok((values, gradient))
    }

    /// On the host: what a row counts, and which block's it is.
    fn of_row(&self, row: usize, factors: &[f32]) -> (f32, usize) {
        let (item, of_row) = match self.in_c.item {
            LossItem::Number => (row * self.width, self.width as f32),
            LossItem::Row => (row, 1.0),
        };
        let factor = item.checked_div(self.run).map_or(1.0, |entry| factors[entry]);
        (factor * self.scale * of_row, item / self.share)
    }
}

impl CustomOp3 for LossOp {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn cpu_fwd(
        &self,
        prediction: &CpuStorage,
        of_prediction: &Layout,
        target: &CpuStorage,
        of_target: &Layout,
        factors: &CpuStorage,
        of_factors: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let prediction = floats(prediction, of_prediction)?;
        let factors = floats(factors, of_factors)?;
        let (values, _) = self.on_host(floats(target, of_target)?, prediction)?;
        let shape = self.sums();
        let mut sums = vec![0.0; shape.elem_count()];
        for (row, value) in values.iter().enumerate() {
            let (factor, block) = self.of_row(row, factors);
            sums[block] += f64::from(factor * value);
        }
        Ok((CpuStorage::F32(sums.iter().map(|sum| *sum as f32).collect()), shape))
    }

    fn cuda_fwd(
        &self,
        prediction: &CudaStorage,
        of_prediction: &Layout,
        target: &CudaStorage,
        of_target: &Layout,
        factors: &CudaStorage,
        of_factors: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let inputs = [(prediction, of_prediction), (target, of_target), (factors, of_factors)];
        let shape = self.sums();
        let blocks = shape.elem_count() as u64;
        let sums = made(&self.program("loss"), &inputs, &shape, blocks, &self.passed())?;
        Ok((sums, shape))
    }

    fn bwd(
        &self,
        prediction: &Tensor,
        target: &Tensor,
        factors: &Tensor,
        _: &Tensor,
        upstream: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let upstream = upstream.contiguous()?;
        if prediction.device().is_cuda() {
            let blocks = self.count.div_ceil(THREADS as usize).min(1 << 16) as u64;
            let tensors = [target, factors, &upstream, &prediction.detach()];
            let program = self.program("loss_gradient");
            let gradient = made_like(&program, &tensors, blocks, &self.passed())?;
            return Ok((Some(gradient), None, None));
        }
        let list = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (factors, upstream) = (list(factors)?, list(&upstream)?);
        let (_, mut gradient) = self.on_host(&list(target)?, &list(prediction)?)?;
        for (row, slopes) in gradient.chunks_exact_mut(self.width).enumerate() {
            let (factor, block) = self.of_row(row, &factors);
            slopes.iter_mut().for_each(|slope| *slope *= factor * upstream[block]);
        }
        let gradient = Tensor::from_vec(gradient, prediction.shape(), prediction.device())?;
        Ok((Some(gradient), None, None))
    }
}

fn floats<'s>(storage: &'s CpuStorage, layout: &Layout) -> Result<&'s [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(all), Some((start, end))) => Ok(&all[start..end]),
        _ => candle_core::bail!("a loss takes contiguous f32"),
    }
}

#[cfg(test)]
mod tests;
