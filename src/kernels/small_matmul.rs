//! Products of small matrices, for layers of a few units: no packing and no start-up, sums kept in
//! registers. Each row of the result is computed by itself, so it doesn't depend on how many there
//! are; a product is rounded before it is added, so it doesn't depend on the machine either.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{Arch, MemMask, Simd, WithSimd};

use super::simd::{first_lanes, load, store, vectorize};
use crate::numeric::dot_wide;

/// `c = a · b + bias`: a (rows, inner), b (inner, columns), the bias (columns,), c (rows, columns).
pub fn product(
    a: &[f32],
    inner: usize,
    b: &[f32],
    bias: Option<&[f32]>,
    c: &mut [f32],
    columns: usize,
) {
    let left = Left { values: a, row: inner, term: 1 };
    Arch::new().dispatch(Product { left, terms: inner, b, bias, c, columns });
}

/// `c = aᵀ · b`: a (rows, left), b (rows, columns), c (left, columns).
pub fn product_of_transposed(a: &[f32], left: usize, b: &[f32], c: &mut [f32], columns: usize) {
    let left = Left { values: a, row: 1, term: left };
    let terms = b.len() / columns;
    Arch::new().dispatch(Product { left, terms, b, bias: None, c, columns });
}

/// The sums of the columns of `rows`.
pub fn column_sums(rows: &[f32], sums: &mut [f32]) {
    let (columns, left) = (sums.len(), Left { values: &[1.0], row: 0, term: 0 });
    let terms = rows.len() / columns;
    Arch::new().dispatch(Product { left, terms, b: rows, bias: None, c: sums, columns });
}

/// `to` becomes the transposed `from`, whose rows have so many numbers.
pub fn turn(from: &[f32], columns: usize, to: &mut [f32]) {
    const GROUP: usize = 4; // rows, which fill one store
    let rows = from.len() / columns;
    let mut groups = from.chunks_exact(GROUP * columns);
    let mut first = 0;
    for group in groups.by_ref() {
        for column in 0..columns {
            let values: [f32; GROUP] = std::array::from_fn(|row| group[row * columns + column]);
            to[column * rows + first..][..GROUP].copy_from_slice(&values);
        }
        first += GROUP;
    }
    for (row, values) in groups.remainder().chunks_exact(columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            to[column * rows + first + row] = *value;
        }
    }
}

/// The left side of a product: how far apart the factors of two rows are, and of two terms of a sum.
#[derive(Clone, Copy)]
struct Left<'a> {
    values: &'a [f32],
    row: usize,
    term: usize,
}

/// `c = left · b + bias`: b (terms, columns), c (rows, columns).
struct Product<'a> {
    left: Left<'a>,
    terms: usize,
    b: &'a [f32],
    bias: Option<&'a [f32]>,
    c: &'a mut [f32],
    columns: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { left, terms, b, bias, c, columns } = self;
        let rows = c.len() / columns;
        if rows == 0 {
            return;
        }
        let last = (rows - 1) * left.row + terms.saturating_sub(1) * left.term;
        assert!(terms == 0 || last < left.values.len(), "too few factors");
        assert!(terms * columns <= b.len(), "too few columns");
        let mut strip = Strip { simd, left, terms, b, bias, c, columns, first: 0 };
        // SAFETY: the last factor, the last number of b and, by `rows`, the last of c lie within their
        // slices; a strip has `S::F32_LANES` columns, or by its mask what is left of them.
        unsafe {
            while strip.first + S::F32_LANES <= columns {
                strip.run::<true>(rows);
                strip.first += S::F32_LANES;
            }
            if strip.first < columns {
                strip.run::<false>(rows);
            }
        }
    }
}

/// As many columns of a product as a register holds, from `first` on.
struct Strip<'a, S> {
    simd: S,
    left: Left<'a>,
    terms: usize,
    b: &'a [f32],
    bias: Option<&'a [f32]>,
    c: &'a mut [f32],
    columns: usize,
    first: usize,
}

impl<S: Simd> Strip<'_, S> {
    /// All rows, in groups of about the same size, so that each has several sums under way.
    ///
    /// # Safety
    ///
    /// See [`Product`]; a strip that is not `WHOLE` has fewer columns than a register.
    #[inline(always)]
    unsafe fn run<const WHOLE: bool>(&mut self, rows: usize) {
        let mask = first_lanes(self.simd, if WHOLE { 0 } else { self.columns - self.first });
        let start = match self.bias.map(|bias| &bias[self.first..self.columns]) {
            // SAFETY: a register, or what the mask leaves of it, lies within the bias.
            Some(bias) => unsafe { load::<S, WHOLE>(self.simd, mask, bias.as_ptr()) },
            None => self.simd.splat_f32s(0.0),
        };
        let groups = rows.div_ceil(6);
        let mut row = 0;
        for group in 0..groups {
            let count = rows / groups + usize::from(group < rows % groups);
            // SAFETY: the caller's promise, for these rows.
            unsafe {
                match count {
                    1 => self.rows::<1, WHOLE>(row, mask, start),
                    2 => self.rows::<2, WHOLE>(row, mask, start),
                    3 => self.rows::<3, WHOLE>(row, mask, start),
                    4 => self.rows::<4, WHOLE>(row, mask, start),
                    5 => self.rows::<5, WHOLE>(row, mask, start),
                    _ => self.rows::<6, WHOLE>(row, mask, start),
                }
            }
            row += count;
        }
    }

    /// `R` rows.
    #[inline(always)]
    unsafe fn rows<const R: usize, const WHOLE: bool>(
        &mut self,
        row: usize,
        mask: MemMask<S::m32s>,
        start: S::f32s,
    ) {
        let (simd, columns) = (self.simd, self.columns);
        let mut sums = [start; R];
        // SAFETY: the caller's promise.
        unsafe {
            let left = self.left.values.as_ptr().add(row * self.left.row);
            let b = self.b.as_ptr().add(self.first);
            for term in 0..self.terms {
                let b = load::<S, WHOLE>(simd, mask, b.add(term * columns));
                let left = left.add(term * self.left.term);
                for r in 0..R {
                    let factor = simd.splat_f32s(*left.add(r * self.left.row));
                    sums[r] = simd.add_f32s(sums[r], simd.mul_f32s(factor, b));
                }
            }
            let c = self.c.as_mut_ptr().add(row * columns + self.first);
            for r in 0..R {
                store::<S, WHOLE>(simd, mask, c.add(r * columns), sums[r]);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn products_are_right_at_every_width() {
        for columns in 1..40 {
            for (rows, inner) in [(1, 3), (4, 2), (11, 9), (13, 1)] {
                let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
                let (bias, d) = (numbers(columns, 3), numbers(rows * columns, 4));
                let mut c = vec![f32::NAN; rows * columns];
                product(&a, inner, &b, Some(&bias), &mut c, columns);
                let mut outer = vec![f32::NAN; inner * columns]; // aᵀ · d, d (rows, columns)
                product_of_transposed(&a, inner, &d, &mut outer, columns);
                let mut sums = vec![f32::NAN; columns];
                column_sums(&d, &mut sums);
                for column in 0..columns {
                    for row in 0..rows {
                        let terms =
                            (0..inner).map(|i| a[row * inner + i] * b[i * columns + column]);
                        let sum = terms.fold(bias[column], |sum, term| sum + term);
                        assert_eq!(c[row * columns + column], sum, "{columns}");
                    }
                    for i in 0..inner {
                        let terms = (0..rows).map(|r| a[r * inner + i] * d[r * columns + column]);
                        let sum = terms.fold(0.0, |sum, term| sum + term);
                        assert_eq!(outer[i * columns + column], sum, "{columns}");
                    }
                    let terms = (0..rows).map(|row| d[row * columns + column]);
                    assert_eq!(sums[column], terms.fold(0.0, |sum, term| sum + term));
                }
            }
        }
    }

    #[test]
    fn products_of_nothing_are_the_bias() {
        let mut c = [f32::NAN; 6];
        product(&[], 0, &[], Some(&[1.0, 2.0, 3.0]), &mut c, 3);
        assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
        product(&[], 2, &[1.0; 6], None, &mut [], 3);
        product_of_transposed(&[], 2, &[], &mut c, 3);
        assert_eq!(c, [0.0; 6]);
    }

    #[test]
    fn sizes_that_don_t_fit_panic() {
        let run = |a: usize, b: usize, bias: usize| {
            let (a, b, bias) = (numbers(a, 1), numbers(b, 2), numbers(bias, 3));
            let mut c = vec![0.0; 12];
            let product = || product(&a, 5, &b, Some(&bias), &mut c, 3);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(product)).is_ok()
        };
        assert!(run(20, 15, 3));
        assert!(!run(19, 15, 3) && !run(20, 14, 3) && !run(20, 15, 2));
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
    fn a_matrix_is_turned() {
        for (rows, columns) in [(1, 1), (3, 2), (4, 5), (9, 3), (8, 16)] {
            let from = numbers(rows * columns, 1);
            let mut to = vec![f32::NAN; rows * columns];
            turn(&from, columns, &mut to);
            for (row, values) in from.chunks_exact(columns).enumerate() {
                for (column, value) in values.iter().enumerate() {
                    assert_eq!(to[column * rows + row], *value);
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let (a, b) = (numbers(9 * 5, 1), numbers(5 * 18, 2));
        let (mut all, mut one) = (vec![0.0; 9 * 18], vec![0.0; 18]);
        product(&a, 5, &b, None, &mut all, 18);
        for row in 0..9 {
            product(&a[row * 5..(row + 1) * 5], 5, &b, None, &mut one, 18);
            assert_eq!(one, all[row * 18..(row + 1) * 18]);
        }
    }
}
