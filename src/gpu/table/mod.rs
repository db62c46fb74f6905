//! Rows of a table by ids: an embedding. candle's own gradient goes through all ids one after the other.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp1, DType, Layout, Result, Shape, Tensor};

use super::cuda::{address, launch, made};
use super::{Passed, Program, blocks};

/// Whether the programs are for such a table: of f32, on CUDA.
pub(crate) fn table_takes(table: &Tensor) -> bool {
    table.device().is_cuda() && table.dtype() == DType::F32
}

/// The rows of a table (rows, width) that ids (n) name: (n, width). The ids must have been checked.
pub(crate) fn pick(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    table.contiguous()?.apply_op1(PickOp { ids: ids.contiguous()? })
}

struct PickOp {
    /// (n), u32.
    ids: Tensor,
}

impl PickOp {
    fn shape(&self, table: &Layout) -> Result<(usize, usize)> {
        Ok((self.ids.elem_count(), table.shape().dims2()?.1))
    }
}

impl CustomOp1 for PickOp {
    fn name(&self) -> &'static str {
        "pick"
    }

    fn cpu_fwd(&self, table: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (CpuStorage::F32(table), Some((start, _))) = (table, layout.contiguous_offsets())
        else {
            candle_core::bail!("`pick` takes contiguous f32");
        };
        let (n, width) = self.shape(layout)?;
        let ids = self.ids.to_vec1::<u32>()?;
        let row = |id: &u32| &table[start + *id as usize * width..][..width];
        let rows: Vec<f32> = ids.iter().flat_map(row).copied().collect();
        Ok((CpuStorage::F32(rows), Shape::from((n, width))))
    }

    fn cuda_fwd(&self, table: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        if table.dtype() != DType::F32 {
            candle_core::bail!("`pick` takes f32, got {:?}", table.dtype());
        }
        let (n, width) = self.shape(layout)?;
        let shape = Shape::from((n, width));
        let count = n * width;
        let others =
            [Passed::Address(address(&self.ids)?), Passed::size(width)?, Passed::U64(count as u64)];
        let y = made(&program("pick"), &[(table, layout)], &shape, blocks(count), &others)?;
        Ok((y, shape))
    }

    fn bwd(&self, table: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (dy, ids) = (dy.contiguous()?, &self.ids);
        let sums = Tensor::zeros(table.shape(), DType::F32, table.device())?;
        if !table.device().is_cuda() {
            return sums.index_add(ids, &dy, 0).map(Some);
        }
        let (n, width) = dy.dims2()?;
        let links = Tensor::zeros(2 * n, DType::U32, table.device())?;
        let arguments =
            [Passed::Address(address(ids)?), Passed::Address(address(&links)?), Passed::size(n)?];
        launch(table.device(), &program("links"), blocks(n), &arguments)?;
        let addresses = [address(&dy)?, address(&sums)?, address(ids)?, address(&links)?];
        let mut arguments = addresses.map(Passed::Address).to_vec();
        arguments.extend([Passed::size(n)?, Passed::size(width)?, Passed::U64((n * width) as u64)]);
        launch(table.device(), &program("add_linked"), blocks(n * width), &arguments)?;
        Ok(Some(sums))
    }
}

fn program(name: &str) -> Program {
    let text = match name {
        "pick" => include_str!("pick.cu"),
        "links" => include_str!("links.cu"),
        _ => include_str!("add_linked.cu"),
    };
    Program { name: name.to_string(), text: text.to_string() }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::gpu::compiled::{Compiled, floats, nvcc_takes};

    const IDS: [u32; 6] = [2, 0, 2, 4, 2, 0];

    fn numbers(rows: usize, seed: usize) -> Tensor {
        let numbers = (0..rows * 3).map(|i| ((i * 37 + seed * 11) % 101) as f32 * 0.25 - 9.0);
        Tensor::from_vec(numbers.collect(), (rows, 3), &Device::Cpu).unwrap()
    }

    fn values(x: &Tensor) -> Vec<f32> {
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn rows_and_gradients_are_those_of_candles_ops() {
        let table = Var::from_tensor(&numbers(5, 1)).unwrap();
        let ids = Tensor::new(&IDS, &Device::Cpu).unwrap();
        let gradient = |y: &Tensor| {
            let store = (y * numbers(6, 2)).unwrap().sum_all().unwrap().backward().unwrap();
            values(store.get(&table).unwrap())
        };
        let (ours, theirs) = (pick(&table, &ids).unwrap(), table.index_select(&ids, 0).unwrap());
        assert_eq!(values(&ours), values(&theirs));
        assert_eq!(gradient(&ours), gradient(&theirs));
    }

    #[test]
    fn the_gpus_texts_add_the_same() {
        let text: String = ["links", "add_linked"].map(|name| program(name).text).join("\n");
        let (dy, dims) = (numbers(6, 2), "2, 0, 2, 4, 2, 0");
        let dy_text = values(&dy).iter().map(|x| format!("{x:?}f")).collect::<Vec<_>>().join(", ");
        let main = format!(
            "int main(void) {{
                static const u32 ids[] = {{ {dims} }};
                static const float dy[] = {{ {dy_text} }};
                static u32 all[12];
                static float table[15];
                blockDim.x = 2; gridDim.x = 2;
                for (blockIdx.x = 0; blockIdx.x < 2; blockIdx.x++)
                    for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++) links(ids, all, 6);
                for (blockIdx.x = 0; blockIdx.x < 2; blockIdx.x++)
                    for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++)
                        add_linked(dy, table, ids, all, 6, 3, 18);
                return fwrite(table, sizeof(float), 15, stdout) == 15 ? 0 : 1;
            }}"
        );
        let whole = Program { name: "links".to_string(), text };
        let Some(compiled) = Compiled::of(&whole.whole(), &main) else { return };
        let ids = Tensor::new(&IDS, &Device::Cpu).unwrap();
        let zeros = Tensor::zeros((5, 3), DType::F32, &Device::Cpu).unwrap();
        let expected = values(&zeros.index_add(&ids, &dy, 0).unwrap());
        assert_eq!(floats(&compiled.run(&[])), expected);
    }

    #[test]
    fn the_gpus_compiler_takes_the_texts() {
        nvcc_takes(&["pick", "links", "add_linked"].map(program));
    }
}
