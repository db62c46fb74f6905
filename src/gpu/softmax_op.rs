//! `softmax` over the last axis: one program forward and one backward, where candle's ops would be
//! twenty.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp1, D, DType, Layout, Result, Shape, Tensor};

use super::cuda::made;
use super::tensors::made_like;
use super::{Passed, Program, THREADS};
use crate::activations::Activation;

/// Rows that are longer are left to candle's ops, which share the work on a row.
const LONGEST: usize = 1024;

/// Whether the programs are for such a tensor: contiguous, of f32, on CUDA, with short rows.
pub(crate) fn softmax_takes(x: &Tensor) -> bool {
    let width = x.dims().last().copied().unwrap_or_default();
    x.device().is_cuda()
        && x.is_contiguous()
        && x.dtype() == DType::F32
        && (1..=LONGEST).contains(&width)
}

/// `e^x / Σ e^x` over the last axis.
pub(crate) fn softmax(x: &Tensor) -> Result<Tensor> {
    x.apply_op1(SoftmaxOp)
}

struct SoftmaxOp;

impl CustomOp1 for SoftmaxOp {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (CpuStorage::F32(x), Some((start, end))) = (x, layout.contiguous_offsets()) else {
            candle_core::bail!("`softmax` takes contiguous f32");
        };
        let mut y = x[start..end].to_vec();
        Activation::Softmax.apply(&mut y, width(layout.shape()));
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        if x.dtype() != DType::F32 {
            candle_core::bail!("`softmax` takes f32, got {:?}", x.dtype());
        }
        let shape = layout.shape();
        let (blocks, counts) = counts(shape);
        let y = made(&program("softmax"), &[(x, layout)], shape, blocks, &counts)?;
        Ok((y, shape.clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (y, dy) = (y.detach(), dy.contiguous()?);
        if !y.device().is_cuda() {
            let sum = (&y * &dy)?.sum_keepdim(D::Minus1)?;
            return (&y * dy.broadcast_sub(&sum)?)?.contiguous().map(Some);
        }
        let (blocks, counts) = counts(y.shape());
        made_like(&program("softmax_gradient"), &[&y, &dy], blocks, &counts).map(Some)
    }
}

fn width(shape: &Shape) -> usize {
    shape.dims().last().copied().unwrap_or(1).max(1)
}

/// How many blocks, and the number of rows with their length.
fn counts(shape: &Shape) -> (u64, [Passed; 2]) {
    let width = width(shape);
    let rows = shape.elem_count() / width;
    let blocks = rows.div_ceil(THREADS as usize).min(1 << 16);
    (blocks as u64, [rows, width].map(|count| Passed::U64(count as u64)))
}

fn program(name: &str) -> Program {
    let text = match name {
        "softmax" => include_str!("softmax.cu"),
        _ => include_str!("softmax_gradient.cu"),
    };
    Program { name: name.to_string(), text: text.to_string() }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::activations;
    use crate::gpu::compiled::{Compiled, bytes, floats, nvcc_takes};

    fn rows(seed: usize) -> Vec<f32> {
        (0..28).map(|i| ((i * 37 + seed * 11) % 101) as f32 * 0.2 - 9.0).collect()
    }

    fn tensor(seed: usize) -> Tensor {
        Tensor::from_vec(rows(seed), (2, 2, 7), &Device::Cpu).unwrap()
    }

    fn values(x: &Tensor) -> Vec<f32> {
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn assert_near(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 2e-6 * (1.0 + b.abs()), "{a} {b}");
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_candles_ops() {
        let (x, dy) = (Var::from_tensor(&tensor(1)).unwrap(), tensor(2));
        let gradient = |y: &Tensor| {
            let store = (y * &dy).unwrap().sum_all().unwrap().backward().unwrap();
            values(store.get(&x).unwrap())
        };
        let (ours, theirs) = (softmax(&x).unwrap(), activations::softmax(&x, 2).unwrap());
        assert_near(&values(&ours), &values(&theirs));
        assert_near(&gradient(&ours), &gradient(&theirs));
        let far = Tensor::new(&[[1e30f32, 0.0], [f32::NAN, 0.0]], &Device::Cpu).unwrap();
        let far = values(&softmax(&far).unwrap());
        assert!(far[..2] == [1.0, 0.0] && far[2..].iter().all(|y| y.is_nan()), "{far:?}");
    }

    #[test]
    fn the_gpus_text_computes_the_same() {
        let x = Var::from_tensor(&tensor(1)).unwrap();
        let (y, dy) = (softmax(&x).unwrap(), tensor(2));
        let dx = SoftmaxOp.bwd(&x, &y, &dy).unwrap().unwrap();
        for (name, call, [a, b], expected) in [
            ("softmax", "softmax(a, y, 4, 7);", [rows(1), rows(1)], values(&y)),
            (
                "softmax_gradient",
                "softmax_gradient(a, b, y, 4, 7);",
                [values(&y), rows(2)],
                values(&dx),
            ),
        ] {
            let main = format!(
                "static float a[28], b[28], y[28];
                int main(void) {{
                    if (fread(a, 4, 28, stdin) != 28 || fread(b, 4, 28, stdin) != 28) return 1;
                    blockDim.x = 2; gridDim.x = 1;
                    for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++) {{ {call} }}
                    return fwrite(y, 4, 28, stdout) == 28 ? 0 : 1;
                }}"
            );
            let Some(compiled) = Compiled::of(&program(name).whole(), &main) else { return };
            assert_near(&floats(&compiled.run(&[bytes(&a), bytes(&b)].concat())), &expected);
        }
    }

    #[test]
    fn the_gpus_compiler_takes_the_texts() {
        nvcc_takes(&[program("softmax"), program("softmax_gradient")]);
    }
}
