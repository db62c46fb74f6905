//! A matrix turned round, its rows as columns, by blocks in registers.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // registers

use std::ops::Range;

/// Turns so many rows and columns, the rows `.1` numbers apart, into rows `.1` numbers apart.
pub(super) fn part(
    (from, from_stride): (&[f32], usize),
    (rows, columns): (usize, usize),
    (to, to_stride): (&mut [f32], usize),
) {
    let end = |rows: usize, stride: usize, columns: usize| {
        if rows * columns == 0 { 0 } else { (rows - 1) * stride + columns }
    };
    let is_within =
        end(rows, from_stride, columns) <= from.len() && end(columns, to_stride, rows) <= to.len();
    assert!(is_within, "a matrix that is too small");
    #[cfg(target_arch = "x86_64")]
    {
        let turn = x86::TurnedPart { from, from_stride, rows, columns, to, to_stride };
        if let Some(simd) = pulp::x86::V4::try_new() {
            return simd.vectorize(x86::Wide(simd, turn));
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(x86::Narrow(simd, turn));
        }
        let x86::TurnedPart { to, .. } = turn;
        by_number((from, from_stride), (0..rows, 0..columns), (to, to_stride));
    }
    #[cfg(not(target_arch = "x86_64"))]
    by_number((from, from_stride), (0..rows, 0..columns), (to, to_stride));
}

/// The same number by number.
#[inline(always)]
fn by_number(
    (from, from_stride): (&[f32], usize),
    (rows, columns): (Range<usize>, Range<usize>),
    (to, to_stride): (&mut [f32], usize),
) {
    for row in rows {
        for column in columns.clone() {
            to[column * to_stride + row] = from[row * from_stride + column];
        }
    }
}

/// Blocks that are turned in registers.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128, __m256, __m512};

    use pulp::x86::{V3, V4};
    use pulp::{NullaryFnOnce, cast};

    use super::by_number;

    /// What is turned, and where to; `part` has seen that both lie within their slices.
    pub(super) struct TurnedPart<'a> {
        pub from: &'a [f32],
        pub from_stride: usize,
        pub rows: usize,
        pub columns: usize,
        pub to: &'a mut [f32],
        pub to_stride: usize,
    }

    impl TurnedPart<'_> {
        /// Blocks of `height` rows by four columns, and number by number what is left.
        #[inline(always)]
        fn by_blocks(self, height: usize, block: impl Fn(*const f32, usize, *mut f32, usize)) {
            let Self { from, from_stride, rows, columns, to, to_stride } = self;
            let (high, wide) = (rows / height * height, columns / 4 * 4);
            for row in (0..high).step_by(height) {
                for column in (0..wide).step_by(4) {
                    // SAFETY: the block lies within the rows and columns, which lie within the slices.
                    let (from, to) = unsafe {
                        (
                            from.as_ptr().add(row * from_stride + column),
                            to.as_mut_ptr().add(column * to_stride + row),
                        )
                    };
                    block(from, from_stride, to, to_stride);
                }
            }
            by_number((from, from_stride), (0..high, wide..columns), (&mut *to, to_stride));
            by_number((from, from_stride), (high..rows, 0..columns), (to, to_stride));
        }
    }

    /// Four numbers of a row.
    #[inline(always)]
    unsafe fn four(from: *const f32, row: usize, stride: usize) -> __m128 {
        // SAFETY: the caller's promise.
        unsafe { from.add(row * stride).cast::<__m128>().read_unaligned() }
    }

    /// By sixteen rows.
    pub(super) struct Wide<'a>(pub V4, pub TurnedPart<'a>);

    impl NullaryFnOnce for Wide<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self(simd, part) = self;
            let simd = simd.avx512f;
            part.by_blocks(
                16,
                #[inline(always)]
                |from, stride, to, to_stride| {
                    // SAFETY: the block of sixteen rows by four columns is there, and its place.
                    unsafe {
                        let mut rows = [simd._mm512_setzero_ps(); 4];
                        for i in 0..4 {
                            let row = simd._mm512_broadcast_f32x4(four(from, i, stride));
                            let row = simd._mm512_mask_broadcast_f32x4(
                                row,
                                0x00f0,
                                four(from, i + 4, stride),
                            );
                            let row = simd._mm512_mask_broadcast_f32x4(
                                row,
                                0x0f00,
                                four(from, i + 8, stride),
                            );
                            rows[i] = simd._mm512_mask_broadcast_f32x4(
                                row,
                                0xf000,
                                four(from, i + 12, stride),
                            );
                        }
                        let [a, b, c, d] = rows;
                        let (low, high) =
                            (simd._mm512_unpacklo_ps(a, b), simd._mm512_unpackhi_ps(a, b));
                        let (low2, high2) =
                            (simd._mm512_unpacklo_ps(c, d), simd._mm512_unpackhi_ps(c, d));
                        let columns: [__m512; 4] = [
                            cast(simd._mm512_unpacklo_pd(cast(low), cast(low2))),
                            cast(simd._mm512_unpackhi_pd(cast(low), cast(low2))),
                            cast(simd._mm512_unpacklo_pd(cast(high), cast(high2))),
                            cast(simd._mm512_unpackhi_pd(cast(high), cast(high2))),
                        ];
                        for i in 0..4 {
                            to.add(i * to_stride).cast::<__m512>().write_unaligned(columns[i]);
                        }
                    }
                },
            );
        }
    }

    /// By eight rows.
    pub(super) struct Narrow<'a>(pub V3, pub TurnedPart<'a>);

    impl NullaryFnOnce for Narrow<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self(simd, part) = self;
            let simd = simd.avx;
            part.by_blocks(
                8,
                #[inline(always)]
                |from, stride, to, to_stride| {
                    // SAFETY: the block of eight rows by four columns is there, and its place.
                    unsafe {
                        let mut rows = [simd._mm256_setzero_ps(); 4];
                        for i in 0..4 {
                            let row = simd._mm256_castps128_ps256(four(from, i, stride));
                            rows[i] =
                                simd._mm256_insertf128_ps::<1>(row, four(from, i + 4, stride));
                        }
                        let [a, b, c, d] = rows;
                        let (low, high) =
                            (simd._mm256_unpacklo_ps(a, b), simd._mm256_unpackhi_ps(a, b));
                        let (low2, high2) =
                            (simd._mm256_unpacklo_ps(c, d), simd._mm256_unpackhi_ps(c, d));
                        let columns: [__m256; 4] = [
                            cast(simd._mm256_unpacklo_pd(cast(low), cast(low2))),
                            cast(simd._mm256_unpackhi_pd(cast(low), cast(low2))),
                            cast(simd._mm256_unpacklo_pd(cast(high), cast(high2))),
                            cast(simd._mm256_unpackhi_pd(cast(high), cast(high2))),
                        ];
                        for i in 0..4 {
                            to.add(i * to_stride).cast::<__m256>().write_unaligned(columns[i]);
                        }
                    }
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_where_its_row_and_column_change_places() {
        for (rows, columns) in
            [(1, 1), (16, 16), (7, 40), (50, 70), (64, 129), (300, 33), (0, 5), (5, 0)]
        {
            let (from_stride, stride) = (columns + 3, rows + 2);
            let matrix: Vec<f32> = (0..rows * from_stride).map(|i| i as f32).collect();
            let mut turned = vec![-1.0; columns * stride];
            part((&matrix, from_stride), (rows, columns), (&mut turned, stride));
            for (place, number) in turned.iter().enumerate() {
                let (column, row) = (place / stride, place % stride);
                let expected = if row < rows { matrix[row * from_stride + column] } else { -1.0 };
                assert_eq!(*number, expected);
            }
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn blocks_in_registers_turn() {
        let (rows, columns) = (35, 22);
        let matrix: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
        let is_turned = |run: &dyn Fn(x86::TurnedPart<'_>)| {
            let mut turned = vec![-1.0; rows * columns];
            let (from, to) = (&matrix[..], &mut turned[..]);
            run(x86::TurnedPart { from, from_stride: columns, rows, columns, to, to_stride: rows });
            (0..rows * columns).all(|at| turned[at] == matrix[at % rows * columns + at / rows])
        };
        if let Some(simd) = pulp::x86::V4::try_new() {
            assert!(is_turned(&|part| simd.vectorize(x86::Wide(simd, part))));
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            assert!(is_turned(&|part| simd.vectorize(x86::Narrow(simd, part))));
        }
    }
}
