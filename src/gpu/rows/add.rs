//! Rows added up.

use candle_core::{CpuStorage, CudaStorage, CustomOp1, Layout, Result, Shape, Tensor};
use half::bf16;

use super::lists::{Lists, RowLists};

/// The rows of x (batch, rows, channels) added up, for each list.
pub(crate) fn add_rows(lists: &RowLists, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(AddRows(lists.clone()))
}

/// The opposite: each row that there is as the sum of those in whose lists it stands.
pub(crate) fn add_rows_back(lists: &RowLists, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(AddRows(lists.turned()))
}

/// Each row the sum of those of its list, in their order.
struct AddRows(RowLists);

impl CustomOp1 for AddRows {
    fn name(&self) -> &'static str {
        "add_rows"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = self.0.made_of(layout)?;
        Ok((on_host(x, layout, |x| added(x, &self.0.forward, shape))?, Shape::from_dims(&shape)))
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.0.run("add_rows", x, layout)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        add_rows_back(&self.0, dy).map(Some)
    }
}

/// A rule for f32 over the numbers of a storage, bf16 by way of f32.
pub(super) fn on_host(
    x: &CpuStorage,
    layout: &Layout,
    rule: impl FnOnce(&[f32]) -> Result<Vec<f32>>,
) -> Result<CpuStorage> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("rows are taken from contiguous numbers");
    };
    match x {
        CpuStorage::F32(x) => rule(&x[start..end]).map(CpuStorage::F32),
        CpuStorage::BF16(x) => {
            let x: Vec<f32> = x[start..end].iter().map(|x| x.to_f32()).collect();
            Ok(CpuStorage::BF16(rule(&x)?.into_iter().map(bf16::from_f32).collect()))
        }
        _ => candle_core::bail!("rows are of f32 or bf16"),
    }
}

/// The rule on the host: what defines it.
pub(super) fn added(
    x: &[f32],
    lists: &Lists,
    [batch, _, channels]: [usize; 3],
) -> Result<Vec<f32>> {
    let (all, mut y) = (lists.on_host()?, Vec::new());
    for sample in 0..batch {
        for list in &all {
            for channel in 0..channels {
                let at = |row: &usize| x[(sample * lists.from + *row) * channels + channel];
                let first = list.first().map_or(0.0, at);
                y.push(list.iter().skip(1).fold(first, |sum, row| sum + at(row)));
            }
        }
    }
    Ok(y)
}
