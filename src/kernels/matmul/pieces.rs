//! Where a product is cut.

use super::tiles::WIDTH;

/// Multiplications of a piece that is worth another thread's while.
const WORK: usize = 1 << 18;
/// Pieces of a large product for each thread.
const PIECES: usize = 8;
/// The most rows of a piece: what of them meets a panel stays in a cache.
const MOST_ROWS: usize = 256;
/// The fewest where it is cut: packing a panel is little beside the product.
const LEAST_ROWS: usize = 96;
/// Rows of a piece are a multiple of this, so that only the last one ends with a tile of fewer.
const HEIGHT: usize = 6;
/// Columns of a piece are a multiple of this: one vector of the widest registers.
const VECTOR: usize = 16;
/// Rows whose products take as long as packing what they meet.
const PACKING: usize = 12;

/// What a row by a vector costs where four vectors are worked on together, and what one, two or three
/// do that are left.
const COST: usize = 100;
const REST: [usize; 4] = [0, 115, 208, 308];

/// How a product is cut.
#[derive(Clone, Copy)]
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
    /// Cut into whole panels; where the threads would not end together, elsewhere.
    pub(super) fn of(rows: usize, columns: usize, depth: usize, threads: usize) -> ProductPieces {
        let work = rows.saturating_mul(columns).saturating_mul(depth);
        let pieces = (work / WORK).clamp(1, PIECES * threads);
        let panels = ProductPieces::panels(rows, columns, pieces, threads);
        if threads == 1 {
            return panels;
        }
        let load = panels.load(rows, columns, threads);
        let even = (rows + PACKING) * columns / VECTOR * COST / threads;
        let is_short = load * depth / COST * VECTOR < 4 * WORK;
        if is_short || load <= even / 8 * 9 {
            return panels;
        }
        let least = rows.div_ceil(MOST_ROWS);
        let others = [least, 2 * least].into_iter().flat_map(|down| {
            [4, 2, 1].map(|each| {
                let across = (each * threads).div_ceil(down);
                let width = columns.div_ceil(VECTOR).div_ceil(across) * VECTOR;
                ProductPieces::sized(rows, columns, (rows.div_ceil(down), width))
            })
        });
        let all = std::iter::once(panels).chain(others);
        all.min_by_key(|pieces| pieces.load(rows, columns, threads)).unwrap_or(panels)
    }

    /// Cut by rows first where there are more of them than columns: a thread then finds in its cache
    /// the rows that it worked on in the layer before.
    fn panels(rows: usize, columns: usize, pieces: usize, threads: usize) -> ProductPieces {
        // as many for each thread, where there are enough
        let even = |count: usize| (count / threads * threads).max(count.min(threads));
        let (least, most) = (rows.div_ceil(MOST_ROWS), even((rows / LEAST_ROWS).max(1)));
        let panels = columns.div_ceil(WIDTH);
        let (down, across) = if rows >= columns {
            let down = even(pieces).min(most).max(least);
            (down, pieces.div_ceil(down).min(panels))
        } else {
            let across = pieces.div_ceil(least).min(panels);
            ((pieces / across).min(most).max(least), across)
        };
        let size = (rows.div_ceil(down), panels.div_ceil(across) * WIDTH);
        ProductPieces::sized(rows, columns, size)
    }

    fn sized(rows: usize, columns: usize, (height, width): (usize, usize)) -> ProductPieces {
        let height = height.next_multiple_of(HEIGHT);
        let width = width.min(columns.next_multiple_of(VECTOR));
        let (down, across) = (rows.div_ceil(height), columns.div_ceil(width));
        ProductPieces { height, width, down, across, by_rows: rows >= columns }
    }

    /// What the thread with most to do has to do, as [`COST`] counts it. Columns that are left over make
    /// smaller pieces, which come to those threads that have fewer of the others.
    fn load(&self, rows: usize, columns: usize, threads: usize) -> usize {
        let cost = |columns: usize| {
            let vectors = columns.div_ceil(VECTOR);
            let height = rows.div_ceil(self.down).next_multiple_of(HEIGHT) + PACKING;
            height * (vectors / 4 * 4 * COST + REST[vectors % 4])
        };
        let (whole, rest) = (columns / self.width * self.down, columns % self.width);
        let (each, more) = (whole / threads, whole % threads);
        let most = whole.div_ceil(threads) * cost(self.width);
        if rest == 0 {
            return most;
        }
        most.max(each * cost(self.width) + self.down.div_ceil(threads - more) * cost(rest))
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
            for threads in [1, 2, 3, 8] {
                let pieces = ProductPieces::of(rows, columns, depth, threads);
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

    #[test]
    fn threads_end_together_whatever_the_sizes() {
        for (rows, columns, depth) in [
            (128, 301, 784),
            (128, 77, 301),
            (128, 64, 256),
            (64, 200, 300),
            (512, 640, 128),
            (2048, 1000, 512),
        ] {
            for threads in [2, 4] {
                let pieces = ProductPieces::of(rows, columns, depth, threads);
                let mut work = vec![0; threads];
                for index in 0..pieces.count() {
                    let (row, column) = pieces.place(index);
                    let (height, width) =
                        (pieces.height.min(rows - row), pieces.width.min(columns - column));
                    *work.iter_mut().min().unwrap() += height * width;
                }
                let most = work.iter().max().unwrap() * threads;
                assert!(most * 3 <= rows * columns * 4, "{rows} x {columns}: {work:?}");
            }
        }
    }
}
