//! Products of small matrices, for layers of a few units: no packing and no start-up, sums kept in
//! registers. Each row of the result is computed by itself, so it doesn't depend on how many there
//! are.

use super::simd::vectorize;
use crate::numeric::dot_wide;

/// Columns are worked on in blocks of 16, 8 and 4; fewer are padded by zeros.
const NARROWEST: usize = 4;

/// How wide a row of [`pad`] is for `columns` columns.
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(NARROWEST)
}

/// `to` becomes the rows of `from` (each of `columns` numbers), padded by zeros.
pub fn pad(from: &[f32], columns: usize, to: &mut [f32]) {
    let width = padded(columns);
    for (from, to) in from.chunks_exact(columns).zip(to.chunks_exact_mut(width)) {
        to[..columns].copy_from_slice(from);
        to[columns..].fill(0.0);
    }
}

/// `to` becomes the transposed `from` (rows, columns), its rows padded by zeros.
pub fn pad_transposed(from: &[f32], columns: usize, to: &mut [f32]) {
    let rows = from.len() / columns;
    for (column, to) in to.chunks_exact_mut(padded(rows)).enumerate() {
        let values = from.iter().skip(column).step_by(columns);
        to.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
        to[rows..].fill(0.0);
    }
}

/// `c = a · b`, or `c = a · b + bias`: a (rows, inner), c (rows, columns); b (inner, columns) and
/// the bias with rows padded as by [`pad`].
pub fn product(
    a: &[f32],
    inner: usize,
    b: &[f32],
    bias: Option<&[f32]>,
    c: &mut [f32],
    columns: usize,
) {
    let width = padded(columns);
    let (a, b) = (&a[..c.len() / columns * inner], &b[..inner * width]);
    vectorize(
        #[inline(always)]
        move || {
            let mut first = 0;
            while first < columns {
                let left = width - first;
                if left >= 16 {
                    strip::<16>(a, inner, b, bias, c, (columns, first));
                    first += 16;
                } else if left >= 8 {
                    strip::<8>(a, inner, b, bias, c, (columns, first));
                    first += 8;
                } else {
                    strip::<4>(a, inner, b, bias, c, (columns, first));
                    first += 4;
                }
            }
        },
    );
}

/// The columns `first..first + W` of a product.
#[inline(always)]
fn strip<const W: usize>(
    a: &[f32],
    inner: usize,
    b: &[f32],
    bias: Option<&[f32]>,
    c: &mut [f32],
    (columns, first): (usize, usize),
) {
    const ROWS: usize = 4;
    let mut a_groups = a.chunks_exact(ROWS * inner);
    let mut c_groups = c.chunks_exact_mut(ROWS * columns);
    for (a, c) in a_groups.by_ref().zip(c_groups.by_ref()) {
        rows::<ROWS, W>(a, inner, b, bias, c, (columns, first));
    }
    let rest = a_groups.remainder().chunks_exact(inner);
    for (a, c) in rest.zip(c_groups.into_remainder().chunks_exact_mut(columns)) {
        rows::<1, W>(a, inner, b, bias, c, (columns, first));
    }
}

#[inline(always)]
fn rows<const R: usize, const W: usize>(
    a: &[f32],
    inner: usize,
    b: &[f32],
    bias: Option<&[f32]>,
    c: &mut [f32],
    (columns, first): (usize, usize),
) {
    let width = padded(columns);
    let start = bias.map_or([0.0; W], |bias| block(bias, first));
    let mut sums = [start; R];
    let a: [&[f32]; R] = std::array::from_fn(|row| &a[row * inner..(row + 1) * inner]);
    for (i, b) in b.chunks_exact(width).enumerate() {
        let b: [f32; W] = block(b, first);
        for row in 0..R {
            let a = a[row][i];
            for lane in 0..W {
                sums[row][lane] += a * b[lane];
            }
        }
    }
    let count = W.min(columns - first);
    for (c, sums) in c.chunks_exact_mut(columns).zip(&sums) {
        if count == W {
            c[first..first + W].copy_from_slice(sums);
        } else {
            c[first..].copy_from_slice(&sums[..count]);
        }
    }
}

/// `c = aᵀ · b`: a (rows, left), b (rows, columns) with rows padded as by [`pad`], c
/// (left, columns).
pub fn product_of_transposed(a: &[f32], left: usize, b: &[f32], c: &mut [f32], columns: usize) {
    let width = padded(columns);
    vectorize(
        #[inline(always)]
        move || {
            let mut first = 0;
            while first < columns {
                let rest = width - first;
                if rest >= 16 {
                    outer::<16>(a, left, b, c, (columns, first));
                    first += 16;
                } else if rest >= 8 {
                    outer::<8>(a, left, b, c, (columns, first));
                    first += 8;
                } else {
                    outer::<4>(a, left, b, c, (columns, first));
                    first += 4;
                }
            }
        },
    );
}

#[inline(always)]
fn outer<const W: usize>(
    a: &[f32],
    left: usize,
    b: &[f32],
    c: &mut [f32],
    (columns, first): (usize, usize),
) {
    let mut row = 0;
    while row + 4 <= left {
        outer_rows::<4, W>(a, (left, row), b, c, (columns, first));
        row += 4;
    }
    while row < left {
        outer_rows::<1, W>(a, (left, row), b, c, (columns, first));
        row += 1;
    }
}

/// Rows `row..row + R`, columns `first..first + W`.
#[inline(always)]
fn outer_rows<const R: usize, const W: usize>(
    a: &[f32],
    (left, row): (usize, usize),
    b: &[f32],
    c: &mut [f32],
    (columns, first): (usize, usize),
) {
    let mut sums = [[0.0f32; W]; R];
    for (a, b) in a.chunks_exact(left).zip(b.chunks_exact(padded(columns))) {
        let b: [f32; W] = block(b, first);
        let a = &a[row..row + R];
        for place in 0..R {
            let a = a[place];
            for lane in 0..W {
                sums[place][lane] += a * b[lane];
            }
        }
    }
    let count = W.min(columns - first);
    for (c, sums) in c[row * columns..].chunks_exact_mut(columns).zip(&sums) {
        c[first..first + count].copy_from_slice(&sums[..count]);
    }
}

/// `N` numbers from `first` on.
#[inline(always)]
fn block<const N: usize>(values: &[f32], first: usize) -> [f32; N] {
    let mut taken = [0.0; N];
    taken.copy_from_slice(&values[first..first + N]);
    taken
}

/// `c = a · b + bias` where b is one column: a (rows, inner), b (inner,), c (rows,).
pub fn dots(a: &[f32], b: &[f32], bias: f32, c: &mut [f32]) {
    vectorize(
        #[inline(always)]
        move || {
            for (a, c) in a.chunks_exact(b.len()).zip(c) {
                *c = dot_wide(a, b) + bias;
            }
        },
    );
}

/// `c = aᵀ · b` where b is one column: a (rows, left), b (rows,), c (left,).
pub fn weighted_sum(a: &[f32], b: &[f32], c: &mut [f32]) {
    c.fill(0.0);
    vectorize(
        #[inline(always)]
        move || {
            for (a, b) in a.chunks_exact(c.len()).zip(b) {
                c.iter_mut().zip(a).for_each(|(c, a)| *c += a * b);
            }
        },
    );
}

/// `c = a · bᵀ` where both are one column: a (rows,), b (columns,), c (rows, columns).
pub fn outer_product(a: &[f32], b: &[f32], c: &mut [f32]) {
    vectorize(
        #[inline(always)]
        move || {
            for (a, c) in a.iter().zip(c.chunks_exact_mut(b.len())) {
                c.iter_mut().zip(b).for_each(|(c, b)| *c = a * b);
            }
        },
    );
}

/// The sums of the columns of `rows`.
pub fn column_sums(rows: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in rows.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn products_are_right_at_every_width() {
        for columns in 1..40 {
            for (rows, inner) in [(1, 3), (4, 2), (11, 9)] {
                let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
                let bias = numbers(columns, 3);
                let mut wide = vec![f32::NAN; inner * padded(columns)];
                let mut wide_bias = vec![f32::NAN; padded(columns)];
                pad(&b, columns, &mut wide);
                pad(&bias, columns, &mut wide_bias);
                let mut c = vec![f32::NAN; rows * columns];
                product(&a, inner, &wide, Some(&wide_bias), &mut c, columns);
                // aᵀ · d, d (rows, columns)
                let d = numbers(rows * columns, 4);
                let mut wide_d = vec![f32::NAN; rows * padded(columns)];
                pad(&d, columns, &mut wide_d);
                let mut outer = vec![f32::NAN; inner * columns];
                product_of_transposed(&a, inner, &wide_d, &mut outer, columns);
                for column in 0..columns {
                    for row in 0..rows {
                        let sum: f32 =
                            (0..inner).map(|i| a[row * inner + i] * b[i * columns + column]).sum();
                        let found = c[row * columns + column];
                        assert!((found - sum - bias[column]).abs() < 1e-5, "{columns} {found}");
                    }
                    for i in 0..inner {
                        let sum: f32 =
                            (0..rows).map(|r| a[r * inner + i] * d[r * columns + column]).sum();
                        assert!((outer[i * columns + column] - sum).abs() < 1e-5, "{columns}");
                    }
                }
            }
        }
    }

    #[test]
    fn products_with_one_column_are_right() {
        for (rows, inner) in [(1, 1), (3, 32), (5, 70)] {
            let (a, b) = (numbers(rows * inner, 1), numbers(inner, 2));
            let d = numbers(rows, 3);
            let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
            let (mut c, mut sums) = (vec![f32::NAN; rows], vec![f32::NAN; inner]);
            let mut outer = vec![f32::NAN; rows * inner];
            dots(&a, &b, 0.5, &mut c);
            weighted_sum(&a, &d, &mut sums);
            outer_product(&d, &b, &mut outer);
            for row in 0..rows {
                let sum: f32 = (0..inner).map(|i| a[row * inner + i] * b[i]).sum();
                assert!(near(c[row], sum + 0.5), "{} {sum}", c[row]);
                for i in 0..inner {
                    assert_eq!(outer[row * inner + i], d[row] * b[i]);
                }
            }
            for i in 0..inner {
                let sum: f32 = (0..rows).map(|row| a[row * inner + i] * d[row]).sum();
                assert!(near(sums[i], sum), "{} {sum}", sums[i]);
            }
        }
    }

    #[test]
    fn a_matrix_is_transposed_and_padded() {
        let mut to = vec![f32::NAN; 8];
        pad_transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, &mut to);
        assert_eq!(to, [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 0.0]);
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let (a, mut b) = (numbers(9 * 5, 1), vec![0.0; 5 * 20]);
        pad(&numbers(5 * 18, 2), 18, &mut b);
        let (mut all, mut one) = (vec![0.0; 9 * 18], vec![0.0; 18]);
        product(&a, 5, &b, None, &mut all, 18);
        for row in 0..9 {
            product(&a[row * 5..(row + 1) * 5], 5, &b, None, &mut one, 18);
            assert_eq!(one, all[row * 18..(row + 1) * 18]);
        }
    }
}
