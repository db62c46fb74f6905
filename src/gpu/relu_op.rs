//! `relu` behind a matrix product, with the bias or without: one program forward and one backward,
//! where candle's ops would be ten.

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor,
};
use half::bf16;

use super::cuda::made;
use super::tensors::made_like;
use super::{Passed, Program, THREADS};

/// Whether the programs are for such a tensor: contiguous, of f32 or bf16, on the CPU or CUDA.
pub(crate) fn relu_takes(x: &Tensor) -> bool {
    let is_here = x.device().is_cpu() || x.device().is_cuda();
    is_here && x.is_contiguous() && matches!(x.dtype(), DType::F32 | DType::BF16)
}

/// `max(x, 0)`, whose gradient at 0 is 0. What is not a number stays so.
pub(crate) fn relu(x: &Tensor) -> Result<Tensor> {
    x.apply_op1(ReluOp)
}

/// `max(x + bias, 0)`, the bias along the last axis and of the same type.
pub(crate) fn biased_relu(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.apply_op2(&bias.contiguous()?, ReluOp)
}

struct ReluOp;

impl CustomOp1 for ReluOp {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((on_host(x, layout, None)?, layout.shape().clone()))
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let count = layout.shape().elem_count();
        let counts = [Passed::U64(count as u64)];
        let program = program("relu", x.dtype());
        let y = made(&program, &[(x, layout)], layout.shape(), blocks(count), &counts)?;
        Ok((y, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        gradient(&y.detach(), dy).map(Some)
    }
}

impl CustomOp2 for ReluOp {
    fn name(&self) -> &'static str {
        "biased_relu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        bias: &CpuStorage,
        of_bias: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((on_host(x, layout, Some((bias, of_bias)))?, layout.shape().clone()))
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        layout: &Layout,
        bias: &CudaStorage,
        of_bias: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (count, width) = (layout.shape().elem_count(), of_bias.shape().elem_count());
        let counts = [count, width].map(|count| Passed::U64(count as u64));
        let inputs = [(x, layout), (bias, of_bias)];
        let program = program("biased_relu", x.dtype());
        let y = made(&program, &inputs, layout.shape(), blocks(count), &counts)?;
        Ok((y, layout.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dx = gradient(&y.detach(), dy)?;
        let rows = dx.reshape(((), bias.elem_count()))?;
        // on the CPU candle sums bf16 in bf16
        let rows = if rows.device().is_cpu() { rows.to_dtype(DType::F32)? } else { rows };
        let dbias = sum_of_rows(&rows)?.to_dtype(bias.dtype())?;
        Ok((Some(dx), Some(dbias)))
    }
}

/// The sum over the rows. candle's has one block of threads for each column of a GPU's, few for many
/// rows: there it is a product.
fn sum_of_rows(rows: &Tensor) -> Result<Tensor> {
    const MANY: usize = 4096;
    let count = rows.dim(0)?;
    if !rows.device().is_cuda() || count < MANY || rows.dtype() != DType::F32 {
        return rows.sum(0);
    }
    Tensor::ones((1, count), DType::F32, rows.device())?.matmul(rows)?.squeeze(0)
}

/// `dy` where `y` is not 0.
fn gradient(y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let dy = dy.contiguous()?;
    if !y.device().is_cuda() {
        return y.le(0.0)?.where_cond(&dy.zeros_like()?, &dy);
    }
    let count = y.elem_count();
    let counts = [Passed::U64(count as u64)];
    made_like(&program("relu_gradient", y.dtype()), &[y, &dy], blocks(count), &counts)
}

fn blocks(count: usize) -> u64 {
    count.div_ceil(THREADS as usize).min(1 << 16) as u64
}

fn program(name: &str, dtype: DType) -> Program {
    let numbers = match dtype {
        DType::BF16 => include_str!("bf16.cu"),
        _ => include_str!("f32.cu"),
    };
    let rule = match name {
        "relu" => include_str!("relu.cu"),
        "biased_relu" => include_str!("biased_relu.cu"),
        _ => include_str!("relu_gradient.cu"),
    };
    Program { name: name.to_string(), text: format!("{numbers}{rule}") }
}

/// The rule on the host: what defines it.
fn on_host(
    x: &CpuStorage,
    layout: &Layout,
    bias: Option<(&CpuStorage, &Layout)>,
) -> Result<CpuStorage> {
    let bias = bias.map(|(bias, layout)| Ok::<_, candle_core::Error>((bias, range(layout)?)));
    let (range, bias) = (range(layout)?, bias.transpose()?);
    match (x, bias) {
        (CpuStorage::F32(x), None) => {
            Ok(CpuStorage::F32(x[range].iter().map(|x| cut(*x)).collect()))
        }
        (CpuStorage::BF16(x), None) => {
            let cut = |x: &bf16| bf16::from_f32(cut(x.to_f32()));
            Ok(CpuStorage::BF16(x[range].iter().map(cut).collect()))
        }
        (CpuStorage::F32(x), Some((CpuStorage::F32(bias), of_bias))) => {
            let pairs = x[range].iter().zip(bias[of_bias].iter().cycle());
            Ok(CpuStorage::F32(pairs.map(|(x, bias)| cut(x + bias)).collect()))
        }
        (CpuStorage::BF16(x), Some((CpuStorage::BF16(bias), of_bias))) => {
            let pairs = x[range].iter().zip(bias[of_bias].iter().cycle());
            let sum = |(x, bias): (&bf16, &bf16)| {
                let sum = bf16::from_f32(x.to_f32() + bias.to_f32());
                bf16::from_f32(cut(sum.to_f32()))
            };
            Ok(CpuStorage::BF16(pairs.map(sum).collect()))
        }
        _ => candle_core::bail!("`relu` takes f32 or bf16, the bias in the same type"),
    }
}

fn cut(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

fn range(layout: &Layout) -> Result<std::ops::Range<usize>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(start..end),
        None => candle_core::bail!("`relu` takes contiguous numbers"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::gpu::compiled::{Compiled, nvcc_takes};

    const WIDTH: usize = 5;
    const NAMES: [&str; 3] = ["relu", "biased_relu", "relu_gradient"];

    fn values(count: usize, seed: usize) -> Vec<f32> {
        let special = [0.0, -0.0, f32::NAN, f32::INFINITY, -f32::INFINITY, 1.0, 3.4e38];
        let value = |i: usize| ((i * 37 + seed * 11) % 101) as f32 * 0.0373 - 1.7;
        let all = special.into_iter().chain((0..).map(value));
        all.take(count).collect()
    }

    fn tensor(values: Vec<f32>, dtype: DType) -> Tensor {
        let rows = Tensor::from_vec(values, ((), WIDTH), &Device::Cpu).unwrap();
        rows.to_dtype(dtype).unwrap()
    }

    /// Bits, of whichever type.
    fn bits(x: &Tensor) -> Vec<u32> {
        let x = x.flatten_all().unwrap();
        match x.dtype() {
            DType::BF16 => {
                let all = x.to_vec1::<bf16>().unwrap();
                all.iter().map(|x| if x.is_nan() { 1 } else { u32::from(x.to_bits()) }).collect()
            }
            _ => {
                let all = x.to_vec1::<f32>().unwrap();
                all.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect()
            }
        }
    }

    fn composed(sum: &Tensor) -> Tensor {
        sum.le(0.0).unwrap().where_cond(&sum.zeros_like().unwrap(), sum).unwrap()
    }

    #[test]
    fn values_and_gradients_are_those_of_candles_ops() {
        for dtype in [DType::F32, DType::BF16] {
            let x = Var::from_tensor(&tensor(values(40, 1), dtype)).unwrap();
            let bias = Var::from_tensor(&tensor(values(45, 2), dtype).get(7).unwrap()).unwrap();
            let dy = tensor(values(47, 3)[7..].to_vec(), dtype);
            let gradients = |y: &Tensor| {
                // of what isn't finite, the product's gradient is the factor all the same
                let store = (y * &dy).unwrap().sum_all().unwrap().backward().unwrap();
                [&x, &bias].map(|var| store.get(var).map(bits))
            };
            let ours = biased_relu(&x, &bias).unwrap();
            let theirs = composed(&x.broadcast_add(&bias).unwrap());
            assert_eq!(bits(&ours), bits(&theirs));
            assert_eq!(gradients(&ours)[0], gradients(&theirs)[0]);
            if dtype == DType::F32 {
                assert_eq!(gradients(&ours)[1], gradients(&theirs)[1]); // summed in f32
            }
            let (ours, theirs) = (relu(&x).unwrap(), composed(&x));
            assert_eq!(bits(&ours), bits(&theirs));
            assert_eq!(gradients(&ours), gradients(&theirs));
        }
    }

    #[test]
    fn the_gradient_of_a_bias_in_bf16_is_summed_in_f32() {
        let x = Tensor::ones((1000, WIDTH), DType::BF16, &Device::Cpu).unwrap();
        let bias = Tensor::zeros(WIDTH, DType::F32, &Device::Cpu).unwrap();
        let bias = Var::from_tensor(&bias).unwrap();
        let y = biased_relu(&x, &bias.to_dtype(DType::BF16).unwrap()).unwrap();
        let store = y.to_dtype(DType::F32).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(store.get(&bias).unwrap().to_vec1::<f32>().unwrap(), [1000.0; WIDTH]);
    }

    #[test]
    fn the_gpus_text_computes_the_same_bits() {
        for dtype in [DType::F32, DType::BF16] {
            let (x, bias) = (tensor(values(40, 1), dtype), tensor(values(45, 2), dtype));
            let bias = bias.get(7).unwrap();
            let dy = tensor(values(47, 3)[7..].to_vec(), dtype);
            let y = relu(&x).unwrap();
            let raw = |x: &Tensor| -> Vec<u8> {
                let x = x.flatten_all().unwrap();
                match dtype {
                    DType::BF16 => {
                        x.to_vec1::<bf16>().unwrap().iter().flat_map(|x| x.to_ne_bytes()).collect()
                    }
                    _ => x.to_vec1::<f32>().unwrap().iter().flat_map(|x| x.to_ne_bytes()).collect(),
                }
            };
            let cases = [
                ("relu", "relu(a, y, 40);", raw(&y), [raw(&x), raw(&x)]),
                (
                    "biased_relu",
                    "biased_relu(a, b, y, 40, 5);",
                    raw(&biased_relu(&x, &bias).unwrap()),
                    [raw(&x), raw(&bias)],
                ),
                (
                    "relu_gradient",
                    "relu_gradient(a, b, y, 40);",
                    raw(&gradient(&y, &dy).unwrap()),
                    [raw(&y), raw(&dy)],
                ),
            ];
            for (name, call, expected, [a, b]) in cases {
                let main = format!(
                    "static number a[40], b[40], y[40];
                    int main(void) {{
                        fread(a, sizeof(number), 40, stdin);
                        fread(b, sizeof(number), 40, stdin);
                        blockDim.x = 4; gridDim.x = 3;
                        for (blockIdx.x = 0; blockIdx.x < 3; blockIdx.x++)
                            for (threadIdx.x = 0; threadIdx.x < 4; threadIdx.x++) {{ {call} }}
                        return fwrite(y, sizeof(number), 40, stdout) == 40 ? 0 : 1;
                    }}"
                );
                let text = program(name, dtype).whole();
                let Some(compiled) = Compiled::of(&text, &main) else { return };
                assert_eq!(compiled.run(&[a, b].concat()), expected, "{name} of {dtype:?}");
            }
        }
    }

    #[test]
    fn the_gpus_compiler_takes_the_texts() {
        for dtype in [DType::F32, DType::BF16] {
            for name in NAMES {
                nvcc_takes(&[program(name, dtype)]);
            }
        }
    }
}
