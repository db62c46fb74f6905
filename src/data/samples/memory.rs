//! Samples in memory, row after row.

use super::{Samples, fingerprint, mix, new_id};
use crate::data::batch::{BatchColumn, ColumnSpec, TypedNumbers};
use crate::data::{Dataset, Pictures, Windows};
use crate::error::Result;

/// Samples in memory: the features as the model sees them, the targets as the loss does.
/// ```
/// use lanthorn::data::{Batch, Memory, Samples};
///
/// # fn main() -> lanthorn::Result<()> {
/// let samples = Memory::new(&[1.0, 2.0, 3.0, 4.0], 2, &[0.0, 1.0], &[], None);
/// let mut batch = Batch::default();
/// samples.gather(&[1], &mut batch)?;
/// assert_eq!(batch.x().floats(), [3.0, 4.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Memory<'a> {
    id: u64,
    columns: Vec<ColumnSpec>,
    x: TypedNumbers<'a>,
    /// The features, where they are pictures.
    pictures: Option<&'a Pictures>,
    y: &'a [f32],
    weights: &'a [f32],
    /// Which rows of `x` each sample sees, where it sees several.
    windows: Option<&'a Windows>,
}

impl<'a> Memory<'a> {
    /// `x` has `x_width` numbers a row, `y` the numbers of `y_shape`: `[]` for a class number, `[k]`
    /// for k numbers.
    pub fn new(
        x: &'a [f32],
        x_width: usize,
        y: &'a [f32],
        y_shape: &[usize],
        weights: Option<&'a [f32]>,
    ) -> Self {
        Memory::of(TypedNumbers::F32(x), x_width, y, y_shape, weights)
    }

    /// The same with features of any type: ids stay whole numbers.
    pub fn of(
        x: TypedNumbers<'a>,
        x_width: usize,
        y: &'a [f32],
        y_shape: &[usize],
        weights: Option<&'a [f32]>,
    ) -> Self {
        let features = ColumnSpec { dtype: x.dtype(), ..ColumnSpec::floats("x", &[x_width]) };
        let mut columns = vec![features, ColumnSpec::floats("y", y_shape)];
        columns.extend(weights.map(|_| ColumnSpec::floats("weight", &[])));
        let weights = weights.unwrap_or_default();
        Memory { id: new_id(), columns, x, pictures: None, y, weights, windows: None }
    }
}

impl<'a> From<&'a Dataset> for Memory<'a> {
    fn from(data: &'a Dataset) -> Self {
        let weights = data.weights.as_deref();
        let Dataset { x, y, .. } = data;
        let pictures = x.pictures.as_ref();
        let rows = Memory::new(&x.values, x.width, &y.values, y.shape(), weights);
        let mut memory = Memory { pictures, ..rows };
        if let (Some(windows), Some(x)) = (&data.windows, memory.columns.first_mut()) {
            x.shape.insert(0, windows.shape.sequence_length);
            memory.windows = Some(windows);
        }
        memory
    }
}

impl Samples for Memory<'_> {
    fn id(&self) -> Option<u64> {
        Some(self.id)
    }

    fn len(&self) -> usize {
        if let Some(pictures) = self.pictures {
            return pictures.len();
        }
        if let Some(windows) = self.windows {
            return windows.len();
        }
        let width = self.columns.first().map_or(0, ColumnSpec::width);
        self.x.len().checked_div(width).unwrap_or(0)
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn gather_column(&self, column: usize, rows: &[u64], to: &mut BatchColumn) -> Result<()> {
        let width = self.columns.get(column).map_or(0, ColumnSpec::width);
        if let (0, Some(pictures)) = (column, self.pictures) {
            return to.fill(rows.len() * width, |numbers| pictures.gather(rows, numbers));
        }
        if let (0, Some(windows)) = (column, self.windows) {
            let samples = rows.iter().map(|row| *row as usize);
            let seen = samples.flat_map(|sample| windows.seen(sample));
            let rows: Vec<u64> = seen.map(|row| row as u64).collect();
            to.take(self.x, width / windows.shape.sequence_length, &rows);
            return Ok(());
        }
        let values = match column {
            0 => self.x,
            1 => TypedNumbers::F32(self.y),
            _ => TypedNumbers::F32(self.weights),
        };
        to.take(values, width, rows);
        Ok(())
    }

    fn expect(&self, rows: &[u64]) {
        if let Some(pictures) = self.pictures {
            pictures.expect(rows);
        }
    }

    fn fold_column(&self, column: usize, hash: u64) -> Option<u64> {
        let pictures = self.pictures.filter(|_| column == 0)?;
        Some(pictures.fold(hash))
    }
}

/// One more word of a hash for each number of a dataset: of windows each row once, however many see it.
pub(in crate::data) fn fingerprint_of(data: &Dataset, hash: u64) -> Result<u64> {
    let Some(windows) = &data.windows else { return fingerprint(&Memory::from(data), hash) };
    let weights = data.weights.as_deref().unwrap_or_default();
    let numbers = [&data.x.values, &data.y.values, weights];
    let hash = numbers.iter().fold(hash, |hash, all| hash_of(all, mix(hash, all.len() as u64)));
    Ok(windows.starts.iter().fold(hash, |hash, start| mix(hash, *start as u64)))
}

/// One more word of a hash for each number.
fn hash_of(values: &[f32], hash: u64) -> u64 {
    values.iter().fold(hash, |hash, value| mix(hash, u64::from(value.to_bits())))
}

#[cfg(test)]
mod tests {
    use super::super::Subset;
    use super::*;
    use crate::data::batch::{Batch, NumberType};

    #[test]
    fn rows_come_in_the_order_asked_with_the_type_that_they_have() {
        let ids = [7, 16_777_217, 9];
        let samples =
            Memory::of(TypedNumbers::U32(&ids), 1, &[0.5, 1.5, 2.5], &[], Some(&[1., 2., 3.]));
        let mut batch = Batch::default();
        samples.gather(&[1, 0], &mut batch).unwrap();
        assert_eq!(samples.columns()[0].dtype, NumberType::U32);
        assert_eq!(batch.x().numbers(), TypedNumbers::U32(&[16_777_217, 7])); // no f32 holds the first
        assert_eq!(batch.y().floats(), [1.5, 0.5]);
        assert_eq!(batch.weight().map(BatchColumn::floats), Some(&[2.0, 1.0][..]));
        assert_eq!(batch.len(), 2);

        // another kind of samples in the same batch: nothing is left of the last
        let bytes = [1, 2, 3, 4];
        let pictures = Memory::of(TypedNumbers::U8(&bytes), 2, &[1., 0.], &[], None);
        pictures.gather(&[1], &mut batch).unwrap();
        assert_eq!(batch.x().numbers(), TypedNumbers::U8(&[3, 4]));
        assert_eq!((batch.x().floats(), batch.weight()), (&[3.0, 4.0][..], None));
    }

    #[test]
    fn a_subset_is_the_rows_that_it_names() {
        let samples = Memory::new(&[0., 1., 2., 3.], 1, &[10., 11., 12., 13.], &[], None);
        let subset = Subset::new(&samples, vec![3, 1]);
        let of_subset = Subset::new(&subset, vec![1]);
        let mut batch = Batch::default();
        subset.gather(&[0, 1], &mut batch).unwrap();
        assert_eq!((subset.len(), batch.x().floats()), (2, &[3.0, 1.0][..]));
        of_subset.gather(&[0], &mut batch).unwrap();
        assert_eq!(batch.y().floats(), [11.0]);
    }
}
