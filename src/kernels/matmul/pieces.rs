//! Where a product is cut.

use super::tiles::WIDTH;
use crate::threads;

/// Multiplications of a piece that is worth another thread's while.
const WORK: usize = 1 << 18;
/// ProductPieces of a large product for each thread.
const PIECES: usize = 8;
/// The most rows of a piece: what of them meets a panel stays in a cache.
const MOST_ROWS: usize = 256;
/// The fewest where it is cut: packing a panel is little beside the product.
const LEAST_ROWS: usize = 96;
/// Rows of a piece are a multiple of this, so that only the last one ends with a tile of fewer.
const HEIGHT: usize = 6;

/// How a product is cut.
pub(super) struct ProductPieces {
    /// Rows of a piece, and its columns.
    pub height: usize,
    pub width: usize,
    down: usize,
    across: usize,
    /// Whether pieces side by side come one after the other.
    by_rows: bool,
}

impl ProductPieces {
    /// Cut by rows first where there are more of them than columns: a thread then finds in its cache
    /// the rows that it worked on in the layer before.
    pub(super) fn of(rows: usize, columns: usize, depth: usize) -> ProductPieces {
        let work = rows.saturating_mul(columns).saturating_mul(depth);
        let threads = threads::count();
        let pieces = (work / WORK).clamp(1, PIECES * threads);
        // as many for each thread, where there are enough
        let even = |count: usize| (count / threads * threads).max(count.min(threads));
        let (least, most) = (rows.div_ceil(MOST_ROWS), even((rows / LEAST_ROWS).max(1)));
        let (panels, by_rows) = (columns.div_ceil(WIDTH), rows >= columns);
        let (down, across) = if by_rows {
            let down = even(pieces).min(most).max(least);
            (down, pieces.div_ceil(down).min(panels))
        } else {
            let across = pieces.div_ceil(least).min(panels);
            ((pieces / across).min(most).max(least), across)
        };
        let height = rows.div_ceil(down).next_multiple_of(HEIGHT);
        let width = panels.div_ceil(across) * WIDTH;
        let (down, across) = (rows.div_ceil(height), columns.div_ceil(width));
        ProductPieces { height, width, down, across, by_rows }
    }

    pub(super) fn count(&self) -> usize {
        self.down * self.across
    }

    /// The first row and the first column of a piece.
    pub(super) fn place(&self, index: usize) -> (usize, usize) {
        let (row, column) = if self.by_rows {
            (index / self.across, index % self.across)
        } else {
            (index % self.down, index / self.down)
        };
        (row * self.height, column * self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_each_row_and_column_once() {
        for (rows, columns, depth) in [
            (1, 1, 1),
            (128, 784, 512),
            (512, 640, 128),
            (97, 65, 3000),
            (300, 10, 9),
            (2000, 5, 700),
        ] {
            let pieces = ProductPieces::of(rows, columns, depth);
            let mut seen = vec![0; rows * columns];
            for index in 0..pieces.count() {
                let (row, column) = pieces.place(index);
                assert!(row < rows && column < columns);
                for row in row..rows.min(row + pieces.height) {
                    let end = columns.min(column + pieces.width);
                    seen[row * columns..][column..end].iter_mut().for_each(|seen| *seen += 1);
                }
            }
            assert!(seen.iter().all(|seen| *seen == 1), "{rows} x {columns} x {depth}");
        }
    }
}
