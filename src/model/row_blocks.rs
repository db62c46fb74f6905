//! How many rows go through a model at a time in use.

use crate::kernels::BoundKernel;
use crate::model::costs::layer_costs;
use crate::model::network::Network;
use crate::threads;

/// Rows of one pass where the numbers of a row depend on how many there are: a matrix product may
/// round otherwise for another number of rows.
pub(super) const FIXED: usize = 64;

/// The most rows of one pass.
pub(super) const LARGEST: usize = 512;
/// The fewest, where so many are given.
const SMALLEST: usize = 4;
/// Numbers of a layer's output that stay near the processor from layer to layer.
const NEAR: usize = 1 << 16;
/// Numbers of a layer's output that are too many whatever else is gained.
const FAR: usize = 1 << 21;
/// Multiplications that reading a weight takes as long as, ten times over: from far away, and from
/// the cache where there are not many.
const READING: usize = 512;
const READING_NEAR: usize = 128;
/// Weights that a cache of one core holds.
const FEW_WEIGHTS: usize = 1 << 19;
/// Multiplications from which waking another thread takes less long than it saves.
const WORTH_WAKING: usize = 1 << 22;

/// Into what blocks rows are cut. Where a row's output doesn't depend on other rows, blocks are as
/// small as it takes to keep the outputs of layers near the processor, and as large as it takes for
/// the reading of the weights to cost little: a dense layer uses each weight once a row, a
/// convolution once a position.
#[derive(Debug)]
pub(super) struct RowBlocks {
    /// True where a row's output doesn't depend on other rows.
    is_by_sample: bool,
    /// Rows of a block where there are enough.
    most: usize,
    /// Rows below which another thread isn't worth a block of its own.
    least: usize,
    /// Multiplications of one row.
    work: usize,
}

impl RowBlocks {
    /// The blocks for a model.
    pub(super) fn of(model: &Network, is_by_sample: bool) -> RowBlocks {
        let costs = layer_costs(model);
        let widest = costs.iter().map(|cost| cost.output.elements()).max().unwrap_or(1).max(1);
        let work = costs.iter().map(|cost| cost.multiply_adds).fold(0, usize::saturating_add);
        if !is_by_sample {
            return RowBlocks { is_by_sample, most: FIXED, least: FIXED, work };
        }
        let weights = costs.iter().map(|cost| cost.parameters.min(cost.multiply_adds));
        let weights = weights.fold(0, usize::saturating_add);
        let together = |bound: &BoundKernel| bound.kernel.samples_together();
        let together = model.kernels().iter().flatten().map(together).max().unwrap_or(1);
        RowBlocks::by_sample(weights, work, widest, together)
    }

    /// The blocks for a model of so many weights, multiplications a row, and numbers of its widest
    /// output, with a layer that works on so many rows together.
    fn by_sample(weights: usize, work: usize, widest: usize, together: usize) -> RowBlocks {
        let each = if weights > FEW_WEIGHTS { READING } else { READING_NEAR };
        let reading = each.saturating_mul(weights) / work.max(1);
        let most = reading.max(NEAR / widest).min(FAR / widest).clamp(SMALLEST, LARGEST);
        let most = (most / together * together).max(together);
        let least = (reading / 8).max(together);
        RowBlocks { is_by_sample: true, most, least, work }
    }

    /// Whether so many rows are done by the caller's thread alone, in one block.
    pub(super) fn is_one(&self, rows: usize) -> bool {
        rows <= self.most && rows.saturating_mul(self.work) < WORTH_WAKING
    }

    /// Rows of each block of so many, at least 1.
    pub(super) fn rows(&self, rows: usize) -> usize {
        if !self.is_by_sample {
            return FIXED;
        }
        let share = rows.div_ceil(threads::count().max(1));
        share.max(self.least).clamp(1, self.most)
    }

    /// Rows up to which a block is filled with zeros before it is run.
    pub(super) fn padded(&self) -> Option<usize> {
        (!self.is_by_sample).then_some(FIXED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolutions_run_in_small_blocks_and_dense_layers_in_large_ones() {
        let blocks = RowBlocks::by_sample(22_000, 2_600_000, 8_000, 1);
        assert_eq!((blocks.most, blocks.is_one(1), blocks.is_one(2)), (8, true, false));
        let blocks = RowBlocks::by_sample(6_300_000, 6_300_000, 2_048, 1);
        assert_eq!((blocks.most, blocks.least), (512, 64));
        let blocks = RowBlocks::by_sample(280_000, 20_000_000, 25_600, 16);
        assert_eq!((blocks.most, blocks.least), (16, 16));
        let blocks = RowBlocks::by_sample(264_192, 264_192, 640, 1);
        assert_eq!((blocks.most, blocks.least), (128, 16));
        let blocks = RowBlocks::by_sample(1, 1, 1, 1);
        assert_eq!(blocks.most, LARGEST);
    }

    #[test]
    fn no_rows_are_one_block_and_huge_ones_go_by_four() {
        let blocks = RowBlocks::by_sample(1, 1, 1 << 30, 1);
        assert_eq!((blocks.most, blocks.rows(0), blocks.is_one(0)), (SMALLEST, SMALLEST, true));
        assert!((1..=SMALLEST).contains(&blocks.rows(1000)));
    }
}
