//! MatrixRef products over slices, by the gemm crate, split over threads at fixed places.

#![allow(unsafe_code)]

use gemm::Parallelism;

use super::parallel;

/// A matrix in a slice: its numbers, and how far apart rows and columns are.
#[derive(Clone, Copy)]
pub struct MatrixRef<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> MatrixRef<'a> {
    /// `rows × columns`, row-major.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        MatrixRef::strided(values, rows, columns, columns)
    }

    /// `rows × columns` with rows `row_stride` numbers apart.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        MatrixRef { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// The same numbers seen as the transposed matrix.
    pub fn t(self) -> Self {
        MatrixRef {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Whether every element lies within the slice.
    fn fits(&self) -> bool {
        let (Some(down), Some(right)) = (self.rows.checked_sub(1), self.columns.checked_sub(1))
        else {
            return true; // it has none
        };
        let (down, right) =
            (down.checked_mul(self.row_stride), right.checked_mul(self.column_stride));
        let last = down.and_then(|down| down.checked_add(right?));
        last.is_some_and(|last| last < self.values.len())
    }
}

/// Panics unless `c = a · b` is a product of matrices that lie within their slices, whose result
/// lies within the `length` numbers of c, its rows `stride` numbers apart. What is unsafe below
/// rests on it.
fn check(a: MatrixRef<'_>, b: MatrixRef<'_>, length: usize, stride: usize) {
    assert!(a.columns == b.rows && a.fits() && b.fits(), "matrices that don't fit");
    if let Some(down) = a.rows.checked_sub(1) {
        assert!(down == 0 || stride >= b.columns, "a result whose rows overlap");
        let needed = down.checked_mul(stride).and_then(|down| down.checked_add(b.columns));
        assert!(needed.is_some_and(|needed| needed <= length), "a result that is too small");
    }
}

/// What a product does with what its result held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// `c = a · b`
    Overwrite,
    /// `c = c + a · b`
    Add,
}

/// What the sums of a product's rows begin with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SumStart<'a> {
    /// 0: what the result held is overwritten.
    Zero,
    /// What the result holds.
    Held,
    /// The same row for each: a bias.
    Row(&'a [f32]),
}

impl From<WriteMode> for SumStart<'_> {
    fn from(mode: WriteMode) -> Self {
        match mode {
            WriteMode::Overwrite => SumStart::Zero,
            WriteMode::Add => SumStart::Held,
        }
    }
}

impl SumStart<'_> {
    /// That of some columns, from `first` on.
    pub fn columns(self, first: usize) -> Self {
        match self {
            SumStart::Row(row) => SumStart::Row(&row[first..]),
            same => same,
        }
    }
}

/// The number of pieces that a product of `work` multiplications is split into. Each piece packs
/// one of the matrices anew, so there are no more of them than there is work for.
fn pieces(work: usize) -> usize {
    match work {
        0..0x8_0000 => 1,
        0x8_0000..0x200_0000 => 2,
        0x200_0000..0x800_0000 => 4,
        0x800_0000..0x2000_0000 => 8,
        _ => 16,
    }
}

/// `c = a · b` or `c += a · b`; c is row-major, `a.rows × b.columns`. Split over threads where it
/// is large; the pieces depend on the sizes alone, so the result is the same at any thread count.
pub fn matmul(a: MatrixRef<'_>, b: MatrixRef<'_>, c: &mut [f32], mode: WriteMode) {
    matmul_then(a, b, c, mode, |_| {});
}

/// The same; `then` is run over the rows of every piece as soon as they are whole.
pub fn matmul_then(
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    c: &mut [f32],
    mode: WriteMode,
    then: impl Fn(&mut [f32]) + Send + Sync,
) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    check(a, b, c.len(), n);
    let work = m.saturating_mul(n).saturating_mul(k);
    let pieces = pieces(work);
    if pieces == 1 {
        product(a, b, c, n, mode);
        return then(c);
    }
    if m >= n {
        let rows = m.div_ceil(pieces).next_multiple_of(16);
        parallel::chunks(c, rows * n, work, |piece, c| {
            let part = MatrixRef {
                values: &a.values[piece * rows * a.row_stride..],
                rows: c.len() / n,
                ..a
            };
            product(part, b, c, n, mode);
            then(c);
        });
    } else {
        let columns = n.div_ceil(pieces).next_multiple_of(32);
        let shared = SharedPointer::new(c);
        parallel::indices(n.div_ceil(columns), work, |piece| {
            let start = piece * columns;
            let width = columns.min(n - start);
            let part =
                MatrixRef { values: &b.values[start * b.column_stride..], columns: width, ..b };
            // SAFETY: `check` found a and b within their slices, and m rows of n numbers within c.
            // A piece has its own columns of b and of c, `start + width` of them at most n, so that
            // no two pieces write to one place, and c outlives the loop.
            unsafe {
                let pointer = shared.start().add(start);
                raw(a, part, pointer, n, mode);
            }
        });
        parallel::chunks(c, m.div_ceil(pieces) * n, work / k.max(1), |_, rows| then(rows));
    }
}

/// One product on this thread; rows of c are `stride` numbers apart.
pub fn product(a: MatrixRef<'_>, b: MatrixRef<'_>, c: &mut [f32], stride: usize, mode: WriteMode) {
    check(a, b, c.len(), stride);
    // SAFETY: `check` found a and b within their slices and the result within c, which is ours alone.
    unsafe { raw(a, b, c.as_mut_ptr(), stride, mode) }
}

/// One product through pointers.
///
/// # Safety
///
/// `a` and `b` lie within their slices, and `c` points to `a.rows` rows of `b.columns` numbers,
/// `stride` apart, that nobody else reads or writes meanwhile.
unsafe fn raw(a: MatrixRef<'_>, b: MatrixRef<'_>, c: *mut f32, stride: usize, mode: WriteMode) {
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    let add = mode == WriteMode::Add;
    // SAFETY: the caller's promise; gemm reads and writes no more than the sizes and strides say.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            c,
            1,
            stride as isize,
            add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            if add { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// A pointer that several threads write through, each to places of its own.
pub(super) struct SharedPointer(*mut f32, usize);

// SAFETY: used only for writes to disjoint places, see `matmul`.
unsafe impl Sync for SharedPointer {}

impl SharedPointer {
    /// To the first of some numbers.
    pub(super) fn new(values: &mut [f32]) -> Self {
        SharedPointer(values.as_mut_ptr(), values.len())
    }

    /// Where they begin.
    pub(super) fn start(&self) -> *mut f32 {
        debug_assert!(self.1 > 0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn sizes_that_don_t_fit_panic_before_anything_is_written() {
        let (a, b) = (numbers(40 * 400, 1), numbers(400 * 700, 2));
        let sides = |m, k, n| (MatrixRef::new(&a, m, k), MatrixRef::new(&b, k, n));
        let huge = usize::MAX / 2 + 2;
        for (what, (a, b), length) in [
            ("c is too small, split by columns", sides(40, 400, 700), 16),
            ("c is too small, split by rows", sides(40, 400, 20), 16),
            ("a is too small", sides(41, 400, 700), 41 * 700),
            ("b is too small", sides(40, 400, 701), 40 * 701),
            ("the sizes overflow", sides(huge, 400, 700), 28_000),
            ("the columns overflow", sides(2, 2, huge), 28_000),
        ] {
            let mut c = vec![1.0; length];
            let run = std::panic::AssertUnwindSafe(|| matmul(a, b, &mut c, WriteMode::Overwrite));
            assert!(std::panic::catch_unwind(run).is_err(), "{what}");
            assert!(c.iter().all(|c| *c == 1.0), "{what}");
        }
    }

    #[test]
    fn products_are_right_whole_and_split() {
        for (m, n, k) in [(3, 5, 4), (1, 7, 2), (300, 40, 900), (40, 700, 400), (2, 3, 0)] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let mut c = vec![1.0; m * n];
            matmul(MatrixRef::new(&a, m, k), MatrixRef::new(&b, k, n), &mut c, WriteMode::Add);
            for (row, column) in [(0, 0), (m - 1, n - 1), (m / 2, n / 3)] {
                let sum: f32 = (0..k).map(|i| a[row * k + i] * b[i * n + column]).sum();
                assert!((c[row * n + column] - 1.0 - sum).abs() < 1e-3 * (1.0 + sum.abs()));
            }
        }
    }
}
