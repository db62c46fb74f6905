//! What a product is of: matrices in slices, and what its sums begin with.

/// A matrix in a slice: its numbers, and how far apart rows and columns are.
#[derive(Clone, Copy)]
pub struct MatrixRef<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
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

    /// At most `count` rows from `first` on.
    pub(super) fn rows_from(self, first: usize, count: usize) -> Self {
        let values = self.values.get(first * self.row_stride..).unwrap_or_default();
        MatrixRef { values, rows: count.min(self.rows - first), ..self }
    }

    /// Whether every element lies within the slice.
    pub(super) fn fits(&self) -> bool {
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
