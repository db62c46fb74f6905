//! Which rows make which.

use candle_core::{CudaStorage, DType, Device, Layout, Result, Shape, Tensor};

use crate::gpu::cuda::{address, made};
use crate::gpu::{Passed, Program, blocks};

/// For each row that is made, the rows it is made of; and the opposite.
#[derive(Debug, Clone)]
pub(crate) struct RowLists {
    pub(super) forward: Lists,
    pub(super) backward: Lists,
}

/// For each row that is made, the rows that it is made of.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    /// Where the list of each row begins, and the end.
    pub(super) starts: Tensor,
    pub(super) places: Tensor,
    /// Rows that there are.
    pub(super) from: usize,
}

impl RowLists {
    /// Of so many rows.
    pub(crate) fn of(lists: &[Vec<u32>], from: usize, device: &Device) -> Result<RowLists> {
        let mut back = vec![Vec::new(); from];
        for (row, list) in lists.iter().enumerate() {
            for place in list {
                if let Some(rows) = back.get_mut(*place as usize) {
                    rows.push(row as u32);
                }
            }
        }
        Ok(RowLists {
            forward: Lists::of(lists, from, device)?,
            backward: Lists::of(&back, lists.len(), device)?,
        })
    }

    /// Those that select positions of so many, of which one beyond the last is a row of zeros.
    pub(crate) fn selecting(
        sources: &[u32],
        positions: usize,
        device: &Device,
    ) -> Result<RowLists> {
        let one =
            |source: &u32| if (*source as usize) < positions { vec![*source] } else { vec![] };
        RowLists::of(&sources.iter().map(one).collect::<Vec<_>>(), positions, device)
    }

    pub(super) fn turned(&self) -> RowLists {
        RowLists { forward: self.backward.clone(), backward: self.forward.clone() }
    }

    /// The shape of what is made of x: (batch, rows, channels).
    pub(super) fn made_of(&self, x: &Layout) -> Result<[usize; 3]> {
        let (batch, rows, channels) = x.shape().dims3()?;
        if rows != self.forward.from {
            candle_core::bail!("{rows} rows, expected {}", self.forward.from);
        }
        Ok([batch, self.forward.to(), channels])
    }

    /// What a program makes of x.
    pub(super) fn run(
        &self,
        name: &str,
        x: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        use candle_core::backend::BackendStorage;
        let dims = self.made_of(layout)?;
        let shape = Shape::from_dims(&dims);
        let count = shape.elem_count();
        let mut others = self.forward.arguments()?.to_vec();
        others.extend(Passed::sizes([self.forward.from, dims[1], dims[2]])?);
        others.push(Passed::U64(count as u64));
        Ok((
            made(&program(name, x.dtype()), &[(x, layout)], &shape, blocks(count), &others)?,
            shape,
        ))
    }
}

impl Lists {
    fn of(lists: &[Vec<u32>], from: usize, device: &Device) -> Result<Lists> {
        let mut starts = vec![0u32];
        for list in lists {
            starts.push(starts[starts.len() - 1] + list.len() as u32);
        }
        let count = starts.len();
        let mut places = lists.concat();
        places.resize(places.len().max(1), 0); // a device has no memory of no size
        let all = places.len();
        Ok(Lists {
            starts: Tensor::from_vec(starts, count, device)?,
            places: Tensor::from_vec(places, all, device)?,
            from,
        })
    }

    /// Rows that are made.
    pub(super) fn to(&self) -> usize {
        self.starts.elem_count() - 1
    }

    pub(super) fn arguments(&self) -> Result<[Passed; 2]> {
        Ok([Passed::Address(address(&self.starts)?), Passed::Address(address(&self.places)?)])
    }

    /// On the host, list after list.
    pub(super) fn on_host(&self) -> Result<Vec<Vec<usize>>> {
        let (starts, places) = (self.starts.to_vec1::<u32>()?, self.places.to_vec1::<u32>()?);
        let list = |ends: &[u32]| &places[ends[0] as usize..ends[1] as usize];
        let all = starts.windows(2).map(|ends| list(ends).iter().map(|at| *at as usize).collect());
        Ok(all.collect())
    }
}

/// Whether the program is for such a tensor: of f32 or bf16, on CUDA.
pub(crate) fn rows_takes(x: &Tensor) -> bool {
    x.device().is_cuda() && matches!(x.dtype(), DType::F32 | DType::BF16) && x.elem_count() > 0
}

pub(super) fn program(name: &str, dtype: DType) -> Program {
    let numbers = match dtype {
        DType::BF16 => include_str!("../bf16.cu"),
        _ => include_str!("../f32.cu"),
    };
    let rule = match name {
        "add_rows" => include_str!("add_rows.cu"),
        "largest_row" => include_str!("largest_row.cu"),
        _ => include_str!("largest_row_gradient.cu"),
    };
    let text = format!("{numbers}{}{rule}", include_str!("element.cu"));
    Program { name: name.to_string(), text }
}
