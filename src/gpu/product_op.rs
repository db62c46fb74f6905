//! Products with a weight, whose gradients are computed where they are wanted alone: candle's own
//! computes that of the model's input, too, and adds each to zeros.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, Result, Shape, Storage, Tensor};

use super::rows::{RowLists, add_rows, add_rows_back};

/// `x · kernel` of (…, k) and (k, n).
pub(crate) fn product(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (inner, columns) = kernel.dims2()?;
    let seen = x.detach().contiguous()?.reshape(((), inner))?;
    let rows = &x.dims()[..x.rank() - 1];
    let shape = Shape::from([rows, &[columns]].concat());
    x.apply_op2(&kernel.contiguous()?, ProductOp { seen, lists: None, shape })
}

/// The same of the rows that lists select from x (batch, positions, channels), several of which make
/// one: (batch, rows, n), where the kernel's k is a multiple of the channels.
pub(crate) fn product_of_rows(x: &Tensor, lists: &RowLists, kernel: &Tensor) -> Result<Tensor> {
    let (inner, columns) = kernel.dims2()?;
    let seen = add_rows(lists, &x.detach())?.reshape(((), inner))?;
    let batch = x.dim(0)?;
    let shape = Shape::from((batch, seen.dim(0)? / batch.max(1), columns));
    x.apply_op2(&kernel.contiguous()?, ProductOp { seen, lists: Some(lists.clone()), shape })
}

struct ProductOp {
    /// What is multiplied: (rows, k).
    seen: Tensor,
    /// Where it is from, unless it is the first argument.
    lists: Option<RowLists>,
    /// Of the product.
    shape: Shape,
}

impl ProductOp {
    /// Batches, rows, columns and what is added up, and the product's shape.
    fn sizes(&self, kernel: &Layout) -> Result<((usize, usize, usize, usize), Shape)> {
        let ((rows, inner), (_, columns)) = (self.seen.dims2()?, kernel.shape().dims2()?);
        Ok(((1, rows, columns, inner), self.shape.clone()))
    }
}

impl CustomOp2 for ProductOp {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        kernel: &CpuStorage,
        of_kernel: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (sizes, shape) = self.sizes(of_kernel)?;
        let (storage, layout) = self.seen.storage_and_layout();
        match &*storage {
            Storage::Cpu(seen) => Ok((seen.matmul(kernel, sizes, layout, of_kernel)?, shape)),
            _ => candle_core::bail!("a product's factors are on one device"),
        }
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        kernel: &CudaStorage,
        of_kernel: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (sizes, shape) = self.sizes(of_kernel)?;
        let (storage, layout) = self.seen.storage_and_layout();
        match &*storage {
            Storage::Cuda(seen) => Ok((seen.matmul(kernel, sizes, layout, of_kernel)?, shape)),
            _ => candle_core::bail!("a product's factors are on one device"),
        }
    }

    fn bwd(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dy, kernel) = (dy.contiguous()?.reshape(((), kernel.dim(1)?))?, kernel.detach());
        let of_kernel = self.seen.t()?.matmul(&dy)?;
        if !x.track_op() {
            return Ok((None, Some(of_kernel)));
        }
        let of_seen = dy.matmul(&kernel.t()?)?;
        let of_x = match &self.lists {
            Some(lists) => {
                let (batch, _, channels) = x.dims3()?;
                add_rows_back(lists, &of_seen.reshape((batch, (), channels))?)?
            }
            None => of_seen.reshape(x.shape())?,
        };
        Ok((Some(of_x), Some(of_kernel)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;

    fn numbers(dims: &[usize], seed: usize) -> Tensor {
        let count = dims.iter().product::<usize>();
        let numbers = (0..count).map(|i| ((i * 37 + seed * 11) % 13) as f32 * 0.25 - 1.5);
        Tensor::from_vec(numbers.collect(), dims, &Device::Cpu).unwrap()
    }

    fn values(x: &Tensor) -> Vec<f32> {
        x.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
    }

    fn gradients(vars: [&Var; 2], y: &Tensor) -> [Option<Vec<f32>>; 2] {
        let seed = numbers(y.dims(), 5);
        let store = (y * seed).unwrap().sum_all().unwrap().backward().unwrap();
        vars.map(|var| store.get(var).map(values))
    }

    #[test]
    fn products_and_gradients_are_those_of_candles_ops() {
        let (x, kernel) = (numbers(&[2, 4, 3], 1), numbers(&[6, 2], 2));
        let (x, kernel) = (Var::from_tensor(&x).unwrap(), Var::from_tensor(&kernel).unwrap());
        let sources = [0u32, 1, 2, 9, 3, 3];
        let lists = RowLists::selecting(&sources, 4, &Device::Cpu).unwrap();
        let ours = product_of_rows(&x, &lists, &kernel).unwrap();
        let seen = add_rows(&lists, &x).unwrap().reshape(((), 6)).unwrap();
        let theirs = seen.matmul(&kernel).unwrap();
        let theirs = theirs.reshape((2, 3, 2)).unwrap();
        assert_eq!((ours.dims(), values(&ours)), (&[2, 3, 2][..], values(&theirs)));
        assert_eq!(gradients([&x, &kernel], &ours), gradients([&x, &kernel], &theirs));

        let rows = Var::from_tensor(&numbers(&[5, 6], 3)).unwrap();
        let (ours, theirs) = (product(&rows, &kernel).unwrap(), rows.matmul(&kernel).unwrap());
        assert_eq!(values(&ours), values(&theirs));
        assert_eq!(gradients([&rows, &kernel], &ours), gradients([&rows, &kernel], &theirs));
    }

    #[test]
    fn an_input_without_a_gradient_has_none() {
        let (x, kernel) = (numbers(&[5, 6], 3), Var::from_tensor(&numbers(&[6, 2], 2)).unwrap());
        let unused = Var::from_tensor(&x).unwrap();
        let found = gradients([&unused, &kernel], &product(&x, &kernel).unwrap());
        assert!(found[0].is_none() && found[1].is_some());
    }
}
