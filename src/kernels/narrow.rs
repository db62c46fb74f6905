//! Products of few columns: a vector holds neighbouring inputs, where one of columns would leave most
//! of its lanes empty.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{Simd, WithSimd};

use super::matmul::SumStart;
use super::simd::{first_lanes, load};
use super::views::{self, Neighbours, OuterProduct, TilePlaces};

/// The most columns.
const MOST: usize = 3;
/// Lanes of the widest registers.
const LANES: usize = 16;
/// Additions, about, that make one number of a vector.
const REDUCTION: usize = 4;

/// True where so few columns are better summed this way than side by side.
pub(super) fn is_narrow(runs: &[Neighbours], columns: usize) -> bool {
    let vectors: usize = runs.iter().map(|run| run.length.div_ceil(LANES)).sum();
    let rows: usize = runs.iter().map(|run| run.length).sum();
    columns <= MOST && 2 * columns * (vectors + REDUCTION) <= rows
}

/// `y[out..][..columns] = start + x[base + from..] · kernel` for each position, by dot products.
pub(super) struct Dots<'a> {
    pub x: &'a [f32],
    pub places: TilePlaces<'a>,
    pub runs: &'a [Neighbours],
    /// The kernel's columns one after the other, each of `rows` numbers.
    pub packed: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    pub start: SumStart<'a>,
    pub y: &'a mut [f32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.places.check(self.x, self.runs, self.columns, self.y.len());
        let is_within =
            views::rows(self.runs) <= self.rows && self.rows * self.columns <= self.packed.len();
        assert!(is_within, "a row outside");
        // SAFETY: `TilePlaces::check` found every view within x and every result within y, and all
        // rows lie within every column; there are so many columns.
        unsafe {
            match self.columns {
                1 => self.positions::<S, 1, 8>(simd),
                2 => self.positions::<S, 2, 4>(simd),
                3 => self.positions::<S, 3, 4>(simd),
                more => unreachable!("{more} columns are not few"),
            }
        }
    }
}

impl Dots<'_> {
    /// `C` columns at all positions, `P` at a time.
    #[inline(always)]
    unsafe fn positions<S: Simd, const C: usize, const P: usize>(&mut self, simd: S) {
        let TilePlaces { bases, outs } = self.places;
        for (bases, outs) in bases.chunks(P).zip(outs.chunks(P)) {
            // the last ones, where they are fewer, read one of them several times
            let views: [usize; P] = std::array::from_fn(|p| bases[p.min(bases.len() - 1)]);
            let mut sums = [[simd.splat_f32s(0.0); C]; P];
            for run in self.runs {
                let whole = run.length / S::F32_LANES * S::F32_LANES;
                // SAFETY: the caller's promise; beyond the end of the run the mask reads nothing.
                unsafe {
                    for start in (0..whole).step_by(S::F32_LANES) {
                        self.add::<S, C, P, true>(simd, &mut sums, &views, (run, start));
                    }
                    if whole < run.length {
                        self.add::<S, C, P, false>(simd, &mut sums, &views, (run, whole));
                    }
                }
            }
            let totals = sums.map(|sums| sums.map(|sum| simd.reduce_sum_f32s(sum)));
            for (out, totals) in outs.iter().zip(&totals) {
                let results = self.y[*out..].iter_mut().zip(totals);
                match self.start {
                    SumStart::Zero => results.for_each(|(y, total)| *y = *total),
                    SumStart::Held => results.for_each(|(y, total)| *y += total),
                    SumStart::Row(row) => {
                        results.zip(row).for_each(|((y, total), start)| *y = start + total);
                    }
                }
            }
        }
    }

    /// Adds the products of a vector of inputs, or of what is left of a run.
    #[inline(always)]
    unsafe fn add<S: Simd, const C: usize, const P: usize, const WHOLE: bool>(
        &self,
        simd: S,
        sums: &mut [[S::f32s; C]; P],
        views: &[usize; P],
        (run, start): (&Neighbours, usize),
    ) {
        let mask = first_lanes(simd, run.length - start);
        // SAFETY: the caller's promise.
        unsafe {
            let kernel = self.packed.as_ptr().add(run.row + start);
            let kernel: [S::f32s; C] =
                std::array::from_fn(|c| load::<S, WHOLE>(simd, mask, kernel.add(c * self.rows)));
            let x = self.x.as_ptr().add(run.from + start);
            for p in 0..P {
                let x = load::<S, WHOLE>(simd, mask, x.add(views[p]));
                for c in 0..C {
                    sums[p][c] = simd.mul_add_f32s(x, kernel[c], sums[p][c]);
                }
            }
        }
    }
}

/// An [`OuterProduct`] of few columns by vectors of rows.
pub(super) struct DotsGradient<'a>(pub OuterProduct<'a>);

impl WithSimd for DotsGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.0.check();
        // SAFETY: `OuterProduct::check` found every view within x and every gradient within d; there
        // are so many columns.
        unsafe {
            match self.0.width {
                1 => self.rows::<S, 1, 8>(simd),
                2 => self.rows::<S, 2, 4>(simd),
                3 => self.rows::<S, 3, 4>(simd),
                more => unreachable!("{more} columns are not few"),
            }
        }
    }
}

impl DotsGradient<'_> {
    /// All rows, `V` vectors of them at a time.
    #[inline(always)]
    unsafe fn rows<S: Simd, const C: usize, const V: usize>(&mut self, simd: S) {
        let none = Neighbours { from: 0, row: 0, length: 0 };
        let (mut vectors, mut count) = ([none; V], 0);
        for Neighbours { from, row, length } in self.0.runs {
            for start in (0..*length).step_by(S::F32_LANES) {
                let length = S::F32_LANES.min(length - start);
                vectors[count] = Neighbours { from: from + start, row: row + start, length };
                count += 1;
                if count == V {
                    // SAFETY: the caller's promise; each is a part of a run.
                    unsafe { self.sum::<S, C, V>(simd, &vectors) };
                    (vectors, count) = ([none; V], 0);
                }
            }
        }
        if count > 0 {
            // SAFETY: as above; those that are left have no numbers.
            unsafe { self.sum::<S, C, V>(simd, &vectors) };
        }
    }

    #[inline(always)]
    unsafe fn sum<S: Simd, const C: usize, const V: usize>(
        &mut self,
        simd: S,
        vectors: &[Neighbours; V],
    ) {
        let masks = vectors.map(|vector| first_lanes(simd, vector.length));
        let mut sums = [[simd.splat_f32s(0.0); C]; V];
        let (x, d) = (self.0.x.as_ptr(), self.0.d.as_ptr());
        for (base, out) in self.0.places.bases.iter().zip(self.0.places.outs) {
            // SAFETY: the caller's promise; beyond the end of a vector the mask reads nothing.
            unsafe {
                let d: [S::f32s; C] = std::array::from_fn(|c| simd.splat_f32s(*d.add(out + c)));
                for v in 0..V {
                    let x = load::<S, false>(simd, masks[v], x.add(base + vectors[v].from));
                    for c in 0..C {
                        sums[v][c] = simd.mul_add_f32s(x, d[c], sums[v][c]);
                    }
                }
            }
        }
        let sums = sums; // a copy, so that the sums above stay in registers
        for (vector, sums) in vectors.iter().zip(&sums) {
            for (c, sum) in sums.iter().enumerate() {
                // SAFETY: a register holds so many numbers.
                let sum = unsafe {
                    std::slice::from_raw_parts((&raw const *sum).cast::<f32>(), vector.length)
                };
                for (row, sum) in sum.iter().enumerate() {
                    self.0.kernel[(vector.row + row) * self.0.stride + c] += sum;
                }
            }
        }
    }
}
