//! Samples: rows as the model and the loss see them, wherever they are. The one thing that a
//! training, an evaluation and a fingerprint ask for data.
//!
//! A member is a file: [`Memory`] over slices, [`Subset`] over some rows of others.

mod memory;
mod subset;

use crate::batch::{Batch, Column, NumberType};
use crate::error::Result;

pub use memory::Memory;
pub use subset::Subset;

/// Samples to train or evaluate on.
pub trait Samples: Send + Sync {
    /// How many.
    fn len(&self) -> usize;

    /// What each sample holds: its features, then its target, then its weight where samples count
    /// differently.
    fn columns(&self) -> &[ColumnSpec];

    /// One column of these rows, in this order, over what `to` held.
    fn gather_column(&self, column: usize, rows: &[u64], to: &mut Column) -> Result<()>;

    /// All columns of these rows, in this order.
    fn gather(&self, rows: &[u64], batch: &mut Batch) -> Result<()> {
        for (index, column) in batch.begin(self.columns(), rows.len()).iter_mut().enumerate() {
            self.gather_column(index, rows, column)?;
        }
        Ok(())
    }

    /// True where there is no sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
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

/// Rows that are gathered at a time where all are wanted.
const CHUNK: u64 = 8192;

/// One more word of a hash for each number of these samples, and of their counts: what a checkpoint
/// knows its data by. Columns one after the other, whatever holds them.
pub(crate) fn fingerprint(samples: &dyn Samples, hash: u64) -> Result<u64> {
    let (mut hash, rows) = (hash, samples.len() as u64);
    let (mut column, mut chunk) = (Column::default(), Vec::new());
    for index in 0..COLUMNS {
        let Some(spec) = samples.columns().get(index) else {
            hash = super::mix(hash, 0);
            continue;
        };
        hash = super::mix(hash, rows * spec.width() as u64);
        column.begin(spec);
        for start in (0..rows).step_by(CHUNK as usize) {
            chunk.clear();
            chunk.extend(start..rows.min(start + CHUNK));
            samples.gather_column(index, &chunk, &mut column)?;
            hash = column.fold(hash, super::mix);
        }
    }
    Ok(hash)
}

/// Features, target and weight.
const COLUMNS: usize = 3;
