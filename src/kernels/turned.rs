//! A matrix turned round, its rows as columns: a product that would read it against its grain reads
//! the turned one much faster.

use std::ops::Range;

use super::parallel;

/// Numbers of a cache line, and the side of the blocks that are turned in registers.
const LINE: usize = 16;
/// Rows that are turned at a time, so that few pages are open at once; and columns of one thread.
const ROWS: usize = 64;

/// How far apart the rows of a turned matrix begin, for as many rows of the matrix: an odd number of
/// cache lines, so that a column is not all in one set of the cache.
fn stride(rows: usize) -> usize {
    rows.div_ceil(2 * LINE) * 2 * LINE + LINE
}

/// Numbers of a turned matrix.
pub(super) fn length(rows: usize, columns: usize) -> usize {
    stride(rows) * columns
}

/// Turns a row-major matrix of so many rows and columns round; how far apart the turned rows are.
pub(super) fn turn(matrix: &[f32], (rows, columns): (usize, usize), turned: &mut [f32]) -> usize {
    let stride = stride(rows);
    let turned = &mut turned[..columns * stride];
    parallel::chunks(turned, ROWS * stride, 2 * rows * columns, |index, turned| {
        let first = index * ROWS;
        for start in (0..rows).step_by(ROWS) {
            let height = ROWS.min(rows - start);
            let block = &matrix[start * columns + first..];
            part((block, columns), (height, turned.len() / stride), (&mut turned[start..], stride));
        }
    });
    stride
}

/// A part of the turn: of rows `.1` numbers apart into rows `.1` numbers apart.
fn part(from: (&[f32], usize), (rows, columns): (usize, usize), to: (&mut [f32], usize)) {
    #[cfg(target_arch = "x86_64")]
    {
        let turn = x86::TurnedPart { from, rows, columns, to };
        if let Some(simd) = pulp::x86::V4::try_new() {
            return simd.vectorize(x86::by_blocks(
                turn,
                #[inline(always)]
                |rows| x86::wide(simd, rows),
            ));
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(x86::by_blocks(
                turn,
                #[inline(always)]
                |rows| x86::narrow(simd, rows),
            ));
        }
        let x86::TurnedPart { from, to, .. } = turn;
        by_number(from, (0..rows, 0..columns), to);
    }
    #[cfg(not(target_arch = "x86_64"))]
    by_number(from, (0..rows, 0..columns), to);
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
    use std::array::from_fn;

    use pulp::cast;
    use pulp::x86::{V3, V4};

    use super::by_number;

    /// What is turned, and where to.
    pub(super) struct TurnedPart<'a> {
        pub from: (&'a [f32], usize),
        pub rows: usize,
        pub columns: usize,
        pub to: (&'a mut [f32], usize),
    }

    /// The turn of a part by blocks of `B` by `B`.
    #[inline(always)]
    pub(super) fn by_blocks<const B: usize>(
        part: TurnedPart<'_>,
        block: impl Fn([[f32; B]; B]) -> [[f32; B]; B],
    ) -> impl FnOnce() {
        #[inline(always)]
        move || {
            let TurnedPart { from: (from, from_stride), rows, columns, to: (to, to_stride) } = part;
            let (high, wide) = (rows / B * B, columns / B * B);
            for row in (0..high).step_by(B) {
                for column in (0..wide).step_by(B) {
                    let from = &from[row * from_stride + column..];
                    let to = &mut to[column * to_stride + row..];
                    let mut rows = [[0.0; B]; B];
                    for (i, values) in rows.iter_mut().enumerate() {
                        values.copy_from_slice(&from[i * from_stride..][..B]);
                    }
                    for (i, values) in block(rows).iter().enumerate() {
                        to[i * to_stride..][..B].copy_from_slice(values);
                    }
                }
            }
            by_number((from, from_stride), (0..high, wide..columns), (&mut *to, to_stride));
            by_number((from, from_stride), (high..rows, 0..columns), (to, to_stride));
        }
    }

    /// Sixteen rows of sixteen: pairs, then fours, then the quarters of registers.
    #[inline(always)]
    pub(super) fn wide(simd: V4, rows: [[f32; 16]; 16]) -> [[f32; 16]; 16] {
        let simd = simd.avx512f;
        let rows = exchanged::<_, 16, 1>(
            rows.map(cast),
            #[inline(always)]
            |a, b| simd._mm512_unpacklo_ps(a, b),
            #[inline(always)]
            |a, b| simd._mm512_unpackhi_ps(a, b),
        );
        let rows = exchanged::<_, 16, 2>(
            rows,
            #[inline(always)]
            |a, b| cast(simd._mm512_unpacklo_pd(cast(a), cast(b))),
            #[inline(always)]
            |a, b| cast(simd._mm512_unpackhi_pd(cast(a), cast(b))),
        );
        let rows = exchanged::<_, 16, 4>(
            rows,
            #[inline(always)]
            |a, b| simd._mm512_shuffle_f32x4::<0x88>(a, b),
            #[inline(always)]
            |a, b| simd._mm512_shuffle_f32x4::<0xdd>(a, b),
        );
        let rows = exchanged::<_, 16, 8>(
            rows,
            #[inline(always)]
            |a, b| simd._mm512_shuffle_f32x4::<0x88>(a, b),
            #[inline(always)]
            |a, b| simd._mm512_shuffle_f32x4::<0xdd>(a, b),
        );
        from_fn(|i| cast(rows[place(i)]))
    }

    /// Eight rows of eight: pairs, then fours, then the halves of registers.
    #[inline(always)]
    pub(super) fn narrow(simd: V3, rows: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        let simd = simd.avx;
        let rows = exchanged::<_, 8, 1>(
            rows.map(cast),
            #[inline(always)]
            |a, b| simd._mm256_unpacklo_ps(a, b),
            #[inline(always)]
            |a, b| simd._mm256_unpackhi_ps(a, b),
        );
        let rows = exchanged::<_, 8, 2>(
            rows,
            #[inline(always)]
            |a, b| cast(simd._mm256_unpacklo_pd(cast(a), cast(b))),
            #[inline(always)]
            |a, b| cast(simd._mm256_unpackhi_pd(cast(a), cast(b))),
        );
        let rows = exchanged::<_, 8, 4>(
            rows,
            #[inline(always)]
            |a, b| simd._mm256_permute2f128_ps::<0x20>(a, b),
            #[inline(always)]
            |a, b| simd._mm256_permute2f128_ps::<0x31>(a, b),
        );
        from_fn(|i| cast(rows[place(i)]))
    }

    /// Registers that are `D` apart, each two of them made anew of both.
    #[inline(always)]
    fn exchanged<R: Copy, const B: usize, const D: usize>(
        rows: [R; B],
        low: impl Fn(R, R) -> R,
        high: impl Fn(R, R) -> R,
    ) -> [R; B] {
        from_fn(|i| {
            let (a, b) = (rows[i & !D], rows[i | D]);
            if i & D == 0 { low(a, b) } else { high(a, b) }
        })
    }

    /// Where a row stands: unpacking changes the places of the second and third of four.
    #[inline(always)]
    fn place(row: usize) -> usize {
        row & !3 | (row & 1) << 1 | row >> 1 & 1
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
            let matrix: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let mut turned = vec![-1.0; length(rows, columns)];
            let stride = turn(&matrix, (rows, columns), &mut turned);
            assert!(stride >= rows && stride / LINE % 2 == 1);
            for (place, number) in matrix.iter().enumerate() {
                assert_eq!(turned[place % columns * stride + place / columns], *number);
            }
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn blocks_in_registers_turn() {
        fn numbers<const B: usize>() -> [[f32; B]; B] {
            std::array::from_fn(|i| std::array::from_fn(|j| (B * i + j) as f32))
        }
        fn is_turned<const B: usize>(rows: [[f32; B]; B]) -> bool {
            (0..B * B).all(|place| rows[place % B][place / B] == place as f32)
        }
        if let Some(simd) = pulp::x86::V4::try_new() {
            assert!(is_turned(simd.vectorize(|| x86::wide(simd, numbers()))));
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            assert!(is_turned(simd.vectorize(|| x86::narrow(simd, numbers()))));
        }
    }
}
