//! Samples: rows as the model and the loss see them, wherever they are. The one thing that a
//! training, an evaluation and a fingerprint ask for data.
//!
//! A member is a file: [`Memory`] over slices, [`Subset`] over some rows of others,
//! [`Windowed`] over several rows of others at a time.

mod memory;
mod subset;
mod windowed;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::data::batch::{Batch, BatchColumn};
use crate::error::Result;

pub(super) use crate::data::batch::ColumnSpec;
pub use memory::Memory;
pub(super) use memory::fingerprint_of;
pub use subset::Subset;
pub use windowed::Windowed;

/// Samples to train or evaluate on.
pub trait Samples: Send + Sync {
    /// How many.
    fn len(&self) -> usize;

    /// What each sample holds: its features, then its target, then its weight where samples count
    /// differently.
    fn columns(&self) -> &[ColumnSpec];

    /// One column of these rows, in this order, over what `to` held.
    fn gather_column(&self, column: usize, rows: &[u64], to: &mut BatchColumn) -> Result<()>;

    /// All columns of these rows, in this order.
    fn gather(&self, rows: &[u64], batch: &mut Batch) -> Result<()> {
        for (index, column) in batch.begin(self.columns(), rows.len()).iter_mut().enumerate() {
            self.gather_column(index, rows, column)?;
        }
        Ok(())
    }

    /// A number by which a copy of them may be kept; None where their rows may change.
    fn id(&self) -> Option<u64> {
        None
    }

    /// Says which rows will be asked for after the next step: what takes long may begin. On one of the
    /// threads that compute.
    fn expect(&self, _rows: &[u64]) {}

    /// What a column holds, folded into a hash, where that is known without its numbers.
    fn fold_column(&self, _column: usize, _hash: u64) -> Option<u64> {
        None
    }

    /// True where there is no sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A number that no other samples of this process have.
fn new_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Rows that are gathered at a time where all are wanted.
const CHUNK: u64 = 8192;

/// One more word of a hash for each number of these samples, and of their counts: what a checkpoint
/// knows its data by. Columns one after the other, whatever holds them.
pub(crate) fn fingerprint(samples: &dyn Samples, hash: u64) -> Result<u64> {
    let (mut hash, rows) = (hash, samples.len() as u64);
    let (mut column, mut chunk) = (BatchColumn::default(), Vec::new());
    for index in 0..COLUMNS {
        let Some(spec) = samples.columns().get(index) else {
            hash = mix(hash, 0);
            continue;
        };
        hash = mix(hash, rows * spec.width() as u64);
        if let Some(folded) = samples.fold_column(index, hash) {
            hash = folded;
            continue;
        }
        column.begin(spec);
        for start in (0..rows).step_by(CHUNK as usize) {
            chunk.clear();
            chunk.extend(start..rows.min(start + CHUNK));
            samples.gather_column(index, &chunk, &mut column)?;
            hash = column.fold(hash, mix);
        }
    }
    Ok(hash)
}

/// Features, target and weight.
const COLUMNS: usize = 3;

/// One more word of a hash; for a given hash, other words give other results.
pub(super) fn mix(hash: u64, word: u64) -> u64 {
    (hash ^ word)
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xff51_afd7_ed55_8ccd)
        .rotate_left(29)
}
