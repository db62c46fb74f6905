//! The largest of rows.

use candle_core::{CpuStorage, CudaStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::add::on_host;
use super::lists::{Lists, RowLists, program};
use crate::gpu::tensors::made_like;
use crate::gpu::{Passed, blocks};

/// The largest of the rows of x (batch, rows, channels), for each list and channel. The gradient goes
/// to the first of those that are equal.
pub(crate) fn largest_row(lists: &RowLists, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(LargestRow(lists.clone()))
}

/// For each list and channel the largest number. Not a number counts where it stands first.
struct LargestRow(RowLists);

impl CustomOp1 for LargestRow {
    fn name(&self) -> &'static str {
        "largest_row"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = self.0.made_of(layout)?;
        let lists = &self.0.forward;
        let y = on_host(x, layout, |x| {
            let pick = |at: Option<usize>| at.map_or(0.0, |at| x[at]);
            Ok(firsts(x, lists, shape)?.into_iter().map(pick).collect())
        })?;
        Ok((y, Shape::from_dims(&shape)))
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.0.run("largest_row", x, layout)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (x, dy) = (x.detach(), dy.contiguous()?);
        let (_, rows, channels) = x.dims3()?;
        let lists = &self.0;
        if x.device().is_cuda() {
            let mut others = lists.forward.arguments()?.to_vec();
            others.extend(lists.backward.arguments()?);
            others.extend(Passed::sizes([rows, lists.forward.to(), channels])?);
            others.push(Passed::U64(x.elem_count() as u64));
            let program = program("largest_row_gradient", x.dtype());
            return made_like(&program, &[&dy, &x], blocks(x.elem_count()), &others).map(Some);
        }
        let numbers = |tensor: &Tensor| {
            tensor.flatten_all()?.to_dtype(candle_core::DType::F32)?.to_vec1::<f32>()
        };
        let (values, mut dx) = (numbers(&x)?, vec![0.0; x.elem_count()]);
        let shape = [x.dim(0)?, lists.forward.to(), channels];
        for (at, dy) in firsts(&values, &lists.forward, shape)?.into_iter().zip(numbers(&dy)?) {
            if let Some(at) = at {
                dx[at] += dy;
            }
        }
        Tensor::from_vec(dx, x.shape(), x.device())?.to_dtype(x.dtype()).map(Some)
    }
}

/// The rule on the host, what defines it: where the first of the largest stands, for each number that is
/// made.
fn firsts(
    x: &[f32],
    lists: &Lists,
    [batch, _, channels]: [usize; 3],
) -> Result<Vec<Option<usize>>> {
    let (all, mut firsts) = (lists.on_host()?, Vec::new());
    for sample in 0..batch {
        for list in &all {
            for channel in 0..channels {
                let mut places =
                    list.iter().map(|row| (sample * lists.from + row) * channels + channel);
                let first = places.next();
                firsts.push(first.map(|first| {
                    places.fold(first, |best, at| if x[at] > x[best] { at } else { best })
                }));
            }
        }
    }
    Ok(firsts)
}
