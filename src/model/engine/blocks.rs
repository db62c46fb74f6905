//! Samples that a device has no room for, sent in blocks of batches: the next block is gathered on the
//! host while the device works on the last.

use candle_core::{DType, Device, Tensor};

use super::api::{Task, Upcoming};
use super::forward::BatchTensors;
use super::residents::size;
use crate::data::batch::{BatchColumn, ColumnSpec, TypedNumbers};
use crate::error::Result;
use crate::gpu::Staging;

/// Those of the samples of training, and of those of validation.
#[derive(Default)]
pub(super) struct BlocksAhead {
    all: Vec<BlocksOfSamples>,
}

/// What is sent, and what comes next.
#[derive(Default)]
struct BlocksOfSamples {
    id: u64,
    sent: BatchBlock,
    columns: Vec<Tensor>,
    /// What is being gathered.
    next: BatchBlock,
    /// Where: a column each. Two of them, because one may still be on its way.
    places: [Vec<StagedColumn>; 2],
    /// Batches that are to be gathered once the device has something to do.
    wanted: Vec<Vec<u64>>,
    column: BatchColumn,
}

/// Rows of consecutive batches.
#[derive(Default)]
struct BatchBlock {
    rows: Vec<u64>,
    batches: usize,
    /// Rows that have been used.
    used: usize,
}

/// Where a column of a block is gathered.
struct StagedColumn {
    staging: Staging,
    dtype: DType,
    width: usize,
    /// Rows that there is room for.
    rows: usize,
}

/// So many samples have blocks at most, the last ones that were seen.
const MOST_SAMPLES: usize = 2;
/// Bytes of a block, unless one batch has more.
const BLOCK: usize = 32 << 20;
/// Batches of a block at most.
const MOST_BATCHES: usize = 64;
/// Batches that are gathered at each step, until the block is full.
const AT_A_STEP: usize = 2;

impl BlocksAhead {
    /// Says which batches come next: those that are to be gathered at this step may be begun with.
    pub(super) fn expect(&mut self, task: &Task<'_>, upcoming: &Upcoming<'_>) {
        let Some(id) = task.samples.id() else { return };
        if self.of(task).is_none() {
            if self.all.len() == MOST_SAMPLES {
                self.all.remove(0);
            }
            self.all.push(BlocksOfSamples { id, ..BlocksOfSamples::default() });
        }
        if let Some(blocks) = self.of(task) {
            blocks.expect(task, upcoming);
        }
    }

    /// A batch of the block at hand, or the first of the next one; None where they hold other rows.
    pub(super) fn gather(&mut self, task: &Task<'_>, rows: &[u64]) -> Result<Option<BatchTensors>> {
        self.of(task).map_or(Ok(None), |blocks| blocks.gather(task, rows))
    }

    /// Gathers what is wanted: after the step's launches.
    pub(super) fn fill(&mut self, task: &Task<'_>) -> Result<()> {
        self.of(task).map_or(Ok(()), |blocks| blocks.fill(task))
    }

    fn of(&mut self, task: &Task<'_>) -> Option<&mut BlocksOfSamples> {
        let id = task.samples.id()?;
        self.all.iter_mut().find(|blocks| blocks.id == id)
    }
}

impl BlocksOfSamples {
    fn expect(&mut self, task: &Task<'_>, upcoming: &Upcoming<'_>) {
        let size = upcoming.batch_size;
        let there = self.sent.left().len() + self.next.rows.len();
        let first = there.max(size); // without a block, the batch at hand is gathered by itself
        let full = batches_of(task, size).min(2 * self.sent.batches.max(1));
        let room = full.saturating_sub(self.next.batches);
        self.wanted.clear();
        for batch in 0..room.min(AT_A_STEP) {
            let rows = upcoming.rows(first + batch * size);
            if rows.is_empty() {
                break;
            }
            task.samples.expect(&rows);
            self.wanted.push(rows);
        }
    }

    fn gather(&mut self, task: &Task<'_>, rows: &[u64]) -> Result<Option<BatchTensors>> {
        if self.sent.left().is_empty() && self.next.rows.is_empty() {
            return Ok(None);
        }
        if self.sent.left().is_empty() && self.next.rows.starts_with(rows) {
            self.send()?;
        }
        if !self.sent.left().starts_with(rows) || rows.is_empty() {
            self.forget();
            return Ok(None);
        }
        let (start, count) = (self.sent.used, rows.len());
        self.sent.used += count;
        let columns: candle_core::Result<Vec<Tensor>> =
            self.columns.iter().map(|column| column.narrow(0, start, count)).collect();
        BatchTensors::of_columns(task, &columns?).map(Some)
    }

    fn fill(&mut self, task: &Task<'_>) -> Result<()> {
        for rows in std::mem::take(&mut self.wanted) {
            let result = self.add(task, &rows);
            if result.is_err() {
                self.forget();
                return result;
            }
        }
        Ok(())
    }

    /// One more batch of the next block.
    fn add(&mut self, task: &Task<'_>, rows: &[u64]) -> Result<()> {
        self.make_room(task, rows.len())?;
        let reads_ids = task.network.takes_ids();
        for (index, spec) in task.samples.columns().iter().enumerate() {
            self.column.begin(spec);
            task.samples.gather_column(index, rows, &mut self.column)?;
            let place = &mut self.places[0][index];
            let ids = if index == 0 && reads_ids {
                let here = self.column.typed_tensor((rows.len(), spec.width()), &Device::Cpu)?;
                task.network.checked_ids(&here)?
            } else {
                None
            };
            match ids {
                Some(ids) => {
                    let ids: Vec<u32> = ids.flatten_all()?.to_vec1()?;
                    place.write(TypedNumbers::U32(&ids))?;
                }
                None => place.write(self.column.numbers())?,
            }
        }
        self.next.rows.extend_from_slice(rows);
        self.next.batches += 1;
        Ok(())
    }

    /// Room for one more batch of so many rows.
    fn make_room(&mut self, task: &Task<'_>, rows: usize) -> Result<()> {
        let wanted = self.next.rows.len() + rows;
        if self.places[0].first().is_some_and(|place| wanted <= place.rows) {
            return Ok(());
        }
        let device = task.network.weights().device();
        let room = wanted.max(rows * batches_of(task, rows));
        let mut places = Vec::new();
        for spec in task.samples.columns() {
            let width = spec.width();
            let staging = Staging::new(room * bytes(spec), device);
            places.push(StagedColumn { staging, dtype: DType::F32, width, rows: room });
        }
        self.places[0] = places;
        self.next = BatchBlock::default();
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        let rows = self.next.rows.len();
        let mut columns = Vec::new();
        for StagedColumn { staging, dtype, width, .. } in &mut self.places[0] {
            columns.push(staging.send(*dtype, (rows, *width))?);
            staging.clear();
        }
        self.columns = columns;
        self.sent = std::mem::take(&mut self.next);
        self.places.swap(0, 1);
        self.places[0].iter_mut().for_each(|place| place.staging.clear());
        Ok(())
    }

    fn forget(&mut self) {
        (self.sent, self.next) = (BatchBlock::default(), BatchBlock::default());
        self.columns.clear();
        self.wanted.clear();
        self.places[0].iter_mut().for_each(|place| place.staging.clear());
    }
}

/// Batches of so many rows in a block.
fn batches_of(task: &Task<'_>, size: usize) -> usize {
    let bytes: usize = task.samples.columns().iter().map(bytes).sum();
    (BLOCK / (bytes * size).max(1)).clamp(1, MOST_BATCHES)
}

/// Bytes of a sample's numbers.
fn bytes(column: &ColumnSpec) -> usize {
    column.width() * size(column.dtype)
}

impl BatchBlock {
    /// The rows that are still to be used.
    fn left(&self) -> &[u64] {
        &self.rows[self.used..]
    }
}

impl StagedColumn {
    fn write(&mut self, numbers: TypedNumbers<'_>) -> Result<()> {
        let staging = &mut self.staging;
        self.dtype = match numbers {
            TypedNumbers::F32(values) => {
                staging.write(values.iter().map(|value| value.to_ne_bytes()))?;
                DType::F32
            }
            TypedNumbers::U8(values) => {
                staging.write(values.iter().map(|value| [*value]))?;
                DType::U8
            }
            TypedNumbers::U32(values) => {
                staging.write(values.iter().map(|value| value.to_ne_bytes()))?;
                DType::U32
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Node;
    use crate::data::batch::Batch;
    use crate::data::{Memory, Order, Shuffle};
    use crate::losses::LossEntry;
    use crate::model::network::Network;
    use crate::random::Random;
    use crate::sections::Config;
    use crate::spec::Spec;
    use crate::target::DataFacts;

    const COUNT: usize = 20;
    const BATCH: usize = 3;

    fn network(layers: Value) -> Network {
        let config = json!({"model": {"input_shape": [4], "layers": layers}});
        let config: Config = Node::from_json(&config).read().unwrap();
        let spec = Spec::resolve(&config, &DataFacts::default()).unwrap();
        Network::build(&spec.model, 1, &Device::Cpu).unwrap()
    }

    fn numbers(tensor: &Tensor) -> (Vec<usize>, Vec<f32>) {
        let floats = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap();
        (tensor.dims().to_vec(), floats.to_vec1().unwrap())
    }

    /// A step as the engine does it; whether the batch was one of a block.
    fn step(blocks: &mut BlocksAhead, task: &Task<'_>, order: &Order, start: usize) -> bool {
        let end = COUNT.min(start + BATCH);
        let rows: Vec<u64> = (start..end).map(|position| order.at(position as u64)).collect();
        let left = start..COUNT;
        let upcoming = Upcoming { after_next: &[], batch_size: BATCH, order, left };
        blocks.expect(task, &upcoming);
        let gathered = blocks.gather(task, &rows).unwrap();
        if let Some(found) = &gathered {
            let mut batch = Batch::default();
            task.samples.gather(&rows, &mut batch).unwrap();
            let expected = BatchTensors::of(&batch, task.network).unwrap();
            assert_eq!(numbers(&found.x), numbers(&expected.x));
            assert_eq!(numbers(&found.y), numbers(&expected.y));
            assert_eq!(found.weight.as_ref().map(numbers), expected.weight.as_ref().map(numbers));
            assert_eq!(found.ids_are_checked, task.network.takes_ids());
        }
        blocks.fill(task).unwrap();
        gathered.is_some()
    }

    #[test]
    fn batches_of_blocks_are_those_that_would_be_gathered_one_by_one() {
        let loss: LossEntry = Node::from_json(&json!("mse")).read().unwrap();
        let x: Vec<u8> = (0..COUNT * 4).map(|i| (i % 7) as u8).collect();
        let ids: Vec<f32> = x.iter().map(|x| f32::from(*x)).collect();
        let y: Vec<f32> = (0..COUNT * 2).map(|i| i as f32).collect();
        let dense = network(json!([{"dense": {"units": 2}}]));
        let embedding = json!({"embedding": {"input_dim": 7, "output_dim": 2}});
        let embedding = network(json!([embedding, "flatten"]));
        let pixels = Memory::of(TypedNumbers::U8(&x), 4, &y, &[2], Some(&y[..COUNT]));
        let words = Memory::new(&ids, 4, &y[..COUNT], &[], None);
        let mut blocks = BlocksAhead::default(); // of one samples after the other
        for (network, samples) in [(dense, pixels), (embedding, words)] {
            let task = Task { network: &network, loss: &loss, samples: &samples };
            for epoch in 0..3 {
                let shuffle = Shuffle::of(COUNT as u64);
                let order = Order::shuffled(&Random::new(1), epoch, COUNT as u64, shuffle);
                for start in (0..COUNT).step_by(BATCH) {
                    // the first of an epoch is gathered by itself
                    assert_eq!(step(&mut blocks, &task, &order, start), start > 0);
                }
            }
            // other rows than those that were told: two steps later all is as before
            let order = Order::unshuffled();
            for (start, is_there) in [(0, false), (3, true), (12, false), (15, false), (18, true)] {
                assert_eq!(step(&mut blocks, &task, &order, start), is_there, "{start}");
            }
        }
    }
}
