//! Samples that are kept on a device: sent there once, gathered there by their rows.

use candle_core::{Device, Tensor};

use super::api::Task;
use super::forward::BatchTensors;
use crate::data::Samples;
use crate::data::batch::{BatchColumn, NumberType};
use crate::error::Result;
use crate::gpu::{self, StepWords};
use crate::limits::free_memory;

/// The samples that are kept: those of training, those of validation, and others.
#[derive(Default)]
pub(super) struct Residents {
    all: Vec<Resident>,
    /// Samples for which there was no room.
    refused: Vec<u64>,
    /// There is no room for any.
    has_none: bool,
    /// Sendings so far.
    sendings: u64,
}

/// Samples on a device.
struct Resident {
    id: u64,
    /// The number of its sending: sent again, it is somewhere else.
    sending: u64,
    /// Features, target and weight: (samples, width).
    columns: Vec<Tensor>,
}

/// So many samples are kept at most, the last ones that were seen.
const MOST: usize = 4;
/// They take at most this share of the memory that is free.
const SHARE: u64 = 4;
/// Bytes that are sent at a time.
const PIECE: usize = 64 << 20;

impl Residents {
    /// Whether these samples are kept.
    pub(super) fn hold(&self, samples: &dyn Samples) -> bool {
        samples.id().is_some_and(|id| self.all.iter().any(|resident| resident.id == id))
    }

    /// The number of the sending of these samples, where they are kept.
    pub(super) fn sending_of(&self, samples: &dyn Samples) -> Option<u64> {
        let id = samples.id()?;
        self.all.iter().find(|resident| resident.id == id).map(|resident| resident.sending)
    }

    /// Some rows, gathered on the device; None for samples that are not kept, for want of room or
    /// because they may change.
    pub(super) fn gather(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        words: Option<&StepWords>,
    ) -> Result<Option<BatchTensors>> {
        let device = task.network.weights().device();
        let Some(id) = task.samples.id().filter(|id| !self.refused.contains(id)) else {
            return Ok(None);
        };
        if !self.hold(task.samples) {
            if self.has_none || !has_room(task.samples, device) {
                self.refused.push(id);
                return Ok(None);
            }
            if self.all.len() == MOST {
                self.all.remove(0);
            }
            let ids = |x: &Tensor| task.network.checked_ids(x);
            let columns = sent(task.samples, &ids, device, PIECE)?;
            self.sendings += 1;
            self.all.push(Resident { id, sending: self.sendings, columns });
        }
        let Some(resident) = self.all.iter().find(|resident| resident.id == id) else {
            return Ok(None);
        };
        let ids = match words {
            Some(words) => words.rows()?,
            None => {
                let ids: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
                Tensor::from_vec(ids, rows.len(), device)?
            }
        };
        let columns: candle_core::Result<Vec<Tensor>> =
            resident.columns.iter().map(|column| column.index_select(&ids, 0)).collect();
        BatchTensors::of_columns(task, &columns?).map(Some)
    }

    /// Whether these samples can be kept, but there is no room for them.
    pub(super) fn refuse(&self, samples: &dyn Samples) -> bool {
        samples.id().is_some_and(|id| self.refused.contains(&id))
    }

    /// None for any samples, as on a device that is full.
    pub(super) fn none() -> Residents {
        Residents { has_none: true, ..Residents::default() }
    }
}

fn has_room(samples: &dyn Samples, device: &Device) -> bool {
    let of_one =
        samples.columns().iter().map(|column| (column.width() * size(column.dtype)) as u64);
    let need = of_one.sum::<u64>().saturating_mul(samples.len() as u64);
    let free = match device {
        Device::Cpu => free_memory::free(),
        _ => gpu::free_memory(device).map(|(free, _)| free),
    };
    let fits = free.is_none_or(|free| need <= free / SHARE);
    fits && samples.columns().len() > 1 && u32::try_from(samples.len()).is_ok()
}

/// Bytes of a number.
pub(super) fn size(dtype: NumberType) -> usize {
    match dtype {
        NumberType::F32 | NumberType::U32 => 4,
        NumberType::U8 => 1,
    }
}

/// Features as whole numbers, one after the other, where the first layer reads ids.
type Ids<'n> = dyn Fn(&Tensor) -> Result<Option<Tensor>> + 'n;

/// All columns of all samples, in pieces.
fn sent(
    samples: &dyn Samples,
    ids: &Ids<'_>,
    device: &Device,
    piece: usize,
) -> Result<Vec<Tensor>> {
    let (mut columns, count) = (Vec::new(), samples.len());
    let mut column = BatchColumn::default();
    for (index, spec) in samples.columns().iter().enumerate() {
        let rows_a_piece = (piece / (spec.width() * 4).max(1)).max(1);
        let mut whole: Option<Tensor> = None;
        column.begin(spec);
        for start in (0..count).step_by(rows_a_piece) {
            let here = rows_a_piece.min(count - start);
            let rows: Vec<u64> = (start as u64..(start + here) as u64).collect();
            samples.gather_column(index, &rows, &mut column)?;
            let shape = (here, spec.width());
            let piece = match index {
                0 => features(&column, shape, ids)?.to_device(device)?,
                _ => column.typed_tensor(shape, device)?,
            };
            let whole = match &whole {
                Some(whole) => whole,
                None if here == count => {
                    whole = Some(piece);
                    break;
                }
                None => {
                    let zeros = Tensor::zeros((count, spec.width()), piece.dtype(), device)?;
                    &*whole.insert(zeros)
                }
            };
            whole.slice_set(&piece, 0, start)?;
        }
        columns.extend(whole);
    }
    Ok(columns)
}

/// Features on the host; as whole numbers where the first layer reads ids, which are checked here.
fn features(column: &BatchColumn, shape: (usize, usize), ids: &Ids<'_>) -> Result<Tensor> {
    let features = column.typed_tensor(shape, &Device::Cpu)?;
    Ok(match ids(&features)? {
        Some(ids) => ids.reshape(shape)?,
        None => features,
    })
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::data::batch::{Batch, TypedNumbers};
    use crate::data::{Memory, Subset};

    #[test]
    fn samples_are_sent_whole_in_their_own_types() {
        let (pixels, y): (Vec<u8>, Vec<f32>) =
            ((0..12).collect(), (0..12).map(|i| i as f32).collect());
        let weights: Vec<f32> = (0..6).map(|i| i as f32 * 0.5).collect();
        let memory = Memory::of(TypedNumbers::U8(&pixels), 2, &y, &[2], Some(&weights));
        let subset = Subset::new(&memory, vec![5, 3, 1]);
        let columns = sent(&subset, &|_| Ok(None), &Device::Cpu, PIECE).unwrap();
        assert_eq!(columns.iter().map(Tensor::dtype).collect::<Vec<_>>()[0], DType::U8);
        let mut batch = Batch::default();
        subset.gather(&[0, 1, 2], &mut batch).unwrap();
        let floats = |tensor: &Tensor| {
            tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(floats(&columns[0]), batch.x().floats());
        assert_eq!(floats(&columns[1]), batch.y().floats());
        assert_eq!(floats(&columns[2]), [2.5, 1.5, 0.5]);
    }

    #[test]
    fn a_large_column_is_sent_in_pieces() {
        let width = 8;
        let x: Vec<f32> = (0..5 * width).map(|i| (i / width) as f32).collect();
        let memory = Memory::new(&x, width, &[0.0; 5], &[], None);
        let piece = 2 * 4 * width; // two rows
        let columns = sent(&memory, &|_| Ok(None), &Device::Cpu, piece).unwrap();
        let first = columns[0].narrow(1, width - 1, 1).unwrap().flatten_all().unwrap();
        assert_eq!(first.to_vec1::<f32>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn ids_are_looked_at_as_they_are_sent() {
        let memory = Memory::new(&[3.0, 1.0, 2.0, 0.0], 2, &[0.0, 1.0], &[], None);
        let ids = |x: &Tensor| Ok(Some(x.flatten_all()?.to_dtype(DType::U32)?));
        let columns = sent(&memory, &ids, &Device::Cpu, PIECE).unwrap();
        assert_eq!(columns[0].to_vec2::<u32>().unwrap(), [[3, 1], [2, 0]]);
        assert_eq!(columns[1].dtype(), DType::F32);
        let refused = |_: &Tensor| Err(crate::error::Error::run("no id of this table"));
        assert!(sent(&memory, &refused, &Device::Cpu, PIECE).is_err());
    }

    #[test]
    fn samples_have_numbers_of_their_own() {
        let (one, two) =
            (Memory::new(&[1.0], 1, &[1.0], &[], None), Memory::new(&[1.0], 1, &[1.0], &[], None));
        assert_ne!(one.id(), two.id());
        assert_eq!(one.id(), one.clone().id());
    }
}
