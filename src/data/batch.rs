//! Batches: some rows of the samples on the host, in typed columns that are kept from step to step.

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use crate::error::Result;
use crate::shape::Shape;
use crate::threads;

/// The type of a column's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumberType {
    /// Numbers as layers compute with them.
    #[default]
    F32,
    /// Bytes: pixels.
    U8,
    /// Ids of an embedding's rows.
    U32,
}

/// Numbers of one type, row after row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TypedNumbers<'a> {
    /// See [`NumberType::F32`].
    F32(&'a [f32]),
    /// See [`NumberType::U8`].
    U8(&'a [u8]),
    /// See [`NumberType::U32`].
    U32(&'a [u32]),
}

impl TypedNumbers<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            TypedNumbers::F32(values) => values.len(),
            TypedNumbers::U8(values) => values.len(),
            TypedNumbers::U32(values) => values.len(),
        }
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn dtype(&self) -> NumberType {
        match self {
            TypedNumbers::F32(_) => NumberType::F32,
            TypedNumbers::U8(_) => NumberType::U8,
            TypedNumbers::U32(_) => NumberType::U32,
        }
    }
}

/// One column of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name, for messages.
    pub name: String,
    /// The type of its numbers.
    pub dtype: NumberType,
    /// The shape of one sample: `[]` for one number.
    pub shape: Vec<usize>,
}

impl ColumnSpec {
    /// A column of f32.
    pub fn floats(name: &str, shape: &[usize]) -> ColumnSpec {
        ColumnSpec { name: name.to_string(), dtype: NumberType::F32, shape: shape.to_vec() }
    }

    /// Numbers a sample.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One column of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchColumn {
    dtype: NumberType,
    /// The numbers where they are f32, else what they are as such.
    floats: Vec<f32>,
    bytes: Vec<u8>,
    ids: Vec<u32>,
    /// Of one sample.
    shape: Vec<usize>,
}

impl BatchColumn {
    /// Forgets what it held: it is to hold a column like this.
    pub(crate) fn begin(&mut self, spec: &ColumnSpec) {
        self.dtype = spec.dtype;
        self.shape.clear();
        self.shape.extend_from_slice(&spec.shape);
    }

    /// Takes these rows of numbers, `width` a row, which have its type.
    pub(crate) fn take(&mut self, numbers: TypedNumbers<'_>, width: usize, rows: &[u64]) {
        self.dtype = numbers.dtype();
        match numbers {
            TypedNumbers::F32(values) => gather(values, width, rows, &mut self.floats),
            TypedNumbers::U8(values) => {
                gather(values, width, rows, &mut self.bytes);
                self.floats.clear();
                self.floats.extend(self.bytes.iter().map(|byte| f32::from(*byte)));
            }
            TypedNumbers::U32(values) => {
                gather(values, width, rows, &mut self.ids);
                self.floats.clear();
                self.floats.extend(self.ids.iter().map(|id| *id as f32));
            }
        }
    }

    /// Holds so many numbers, which `fill` writes.
    pub(crate) fn fill(
        &mut self,
        numbers: usize,
        fill: impl FnOnce(&mut [f32]) -> Result<()>,
    ) -> Result<()> {
        self.dtype = NumberType::F32;
        self.floats.resize(numbers, 0.0);
        fill(&mut self.floats)
    }

    /// The numbers as they are.
    pub fn numbers(&self) -> TypedNumbers<'_> {
        match self.dtype {
            NumberType::F32 => TypedNumbers::F32(&self.floats),
            NumberType::U8 => TypedNumbers::U8(&self.bytes),
            NumberType::U32 => TypedNumbers::U32(&self.ids),
        }
    }

    /// The numbers as f32, which holds whole numbers up to 2^24 exactly.
    pub fn floats(&self) -> &[f32] {
        &self.floats
    }

    /// The ids, where that is what it holds.
    pub fn ids(&self) -> Option<&[u32]> {
        (self.dtype == NumberType::U32).then_some(&self.ids)
    }

    /// The shape of one sample.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// As f32 on a device; ids stay ids.
    fn tensor(&self, shape: impl Into<candle_core::Shape>, device: &Device) -> Result<Tensor> {
        let tensor = self.typed_tensor(shape, device)?;
        Ok(if tensor.dtype() == DType::U8 { tensor.to_dtype(DType::F32)? } else { tensor })
    }

    /// On a device, of the type that they have.
    pub(crate) fn typed_tensor(
        &self,
        shape: impl Into<candle_core::Shape>,
        device: &Device,
    ) -> Result<Tensor> {
        Ok(match self.numbers() {
            TypedNumbers::F32(values) => Tensor::from_slice(values, shape, device)?,
            TypedNumbers::U8(values) => Tensor::from_slice(values, shape, device)?,
            TypedNumbers::U32(values) => Tensor::from_slice(values, shape, device)?,
        })
    }

    /// Folds the bits of each number into a hash.
    pub(crate) fn fold(&self, hash: u64, mix: impl Fn(u64, u64) -> u64) -> u64 {
        match self.numbers() {
            TypedNumbers::F32(values) => {
                values.iter().fold(hash, |hash, value| mix(hash, u64::from(value.to_bits())))
            }
            TypedNumbers::U8(values) => {
                values.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
            }
            TypedNumbers::U32(values) => {
                values.iter().fold(hash, |hash, id| mix(hash, u64::from(*id)))
            }
        }
    }
}

/// Some samples: their features, their targets, and how much each counts.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    columns: Vec<BatchColumn>,
    /// Stands for a column that there isn't.
    none: BatchColumn,
    len: usize,
    /// (batch,) or (batch, k).
    y_dims: Vec<usize>,
}

impl Batch {
    /// So many samples of these columns, whose numbers are still to come.
    pub(crate) fn begin(&mut self, specs: &[ColumnSpec], len: usize) -> &mut [BatchColumn] {
        self.columns.resize_with(specs.len(), BatchColumn::default);
        self.columns.iter_mut().zip(specs).for_each(|(column, spec)| column.begin(spec));
        self.len = len;
        self.y_dims.clear();
        self.y_dims.push(len);
        self.y_dims.extend(specs.get(1).iter().flat_map(|spec| &spec.shape));
        &mut self.columns
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The features: (batch, …input), row-major.
    pub fn x(&self) -> &BatchColumn {
        self.columns.first().unwrap_or(&self.none)
    }

    /// The targets: (batch,) or (batch, k).
    pub fn y(&self) -> &BatchColumn {
        self.columns.get(1).unwrap_or(&self.none)
    }

    /// The shape of the targets, the batch included.
    pub fn y_dims(&self) -> &[usize] {
        &self.y_dims
    }

    /// How much each sample counts, (batch,), where samples count differently.
    pub fn weight(&self) -> Option<&BatchColumn> {
        self.columns.get(2)
    }

    /// The features as a tensor, (batch, …input): f32, or u32 where they are ids.
    pub fn x_tensor(&self, input: &Shape, device: &Device) -> Result<Tensor> {
        self.x().tensor(input.with_batch(self.len), device)
    }

    /// The targets as a tensor.
    pub fn y_tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_slice(self.y().floats(), self.y_dims.as_slice(), device)?)
    }

    /// The weights as a tensor, where there are some.
    pub fn weight_tensor(&self, device: &Device) -> Result<Option<Tensor>> {
        Ok(match self.weight() {
            Some(weight) => Some(Tensor::from_slice(weight.floats(), self.len, device)?),
            None => None,
        })
    }
}

/// Numbers from which a batch is gathered by several threads: rows lie far apart in memory, and each
/// is waited for.
const WORTH_SPLITTING: usize = 1 << 16;
/// Rows that one thread gathers at a time.
const ROWS: usize = 16;

fn gather<T: Copy + Default + Send + Sync>(
    values: &[T],
    width: usize,
    rows: &[u64],
    gathered: &mut Vec<T>,
) {
    let row = |row: u64| &values[row as usize * width..][..width];
    let numbers = rows.len() * width;
    gathered.resize(numbers, T::default());
    if numbers < WORTH_SPLITTING || threads::count() == 1 {
        for (to, at) in gathered.chunks_exact_mut(width.max(1)).zip(rows) {
            match (to, row(*at)) {
                ([to], [from]) => *to = *from, // no call for a number
                ([to, to2], [from, from2]) => (*to, *to2) = (*from, *from2),
                (to, from) => to.copy_from_slice(from),
            }
        }
        return;
    }
    threads::within(|| {
        threads::keep_awake();
        let pieces = gathered.par_chunks_mut(ROWS * width).zip(rows.par_chunks(ROWS));
        pieces.for_each(|(to, rows)| {
            let rows = rows.iter().map(|at| row(*at));
            to.chunks_exact_mut(width).zip(rows).for_each(|(to, row)| to.copy_from_slice(row));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_alike_by_one_thread_and_by_several() {
        let (width, count) = (300, 1000);
        let values: Vec<u32> = (0..width * count).map(|i| i as u32).collect();
        for taken in [0, 1, 250, 999] {
            let rows: Vec<u64> = (0..taken).map(|i| i * 7919 % count as u64).collect();
            let expected: Vec<u32> = rows
                .iter()
                .flat_map(|row| (0..width).map(move |i| (*row as usize * width + i) as u32))
                .collect();
            for threads in [1, 3] {
                let pool = threads::build(threads).unwrap();
                let mut gathered = vec![9; 400 * width];
                pool.install(|| gather(&values, width, &rows, &mut gathered));
                assert!(gathered == expected, "{taken} rows on {threads} threads");
            }
        }
    }
}
