//! What products read of a left matrix that stands as it is: positions, each with a view of it, and
//! what of a view meets which rows of the right one.

/// Neighbouring numbers of a view, which meet neighbouring rows of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kernels) struct Neighbours {
    /// How far from the beginning of the view.
    pub from: usize,
    /// The first row.
    pub row: usize,
    /// How many.
    pub length: usize,
}

/// Where positions are: where each one's view begins, and its result or gradient.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernels) struct TilePlaces<'a> {
    pub bases: &'a [usize],
    pub outs: &'a [usize],
}

impl TilePlaces<'_> {
    /// Panics unless every view lies within `x` and every result within `length`: what is unsafe in
    /// the loops rests on it.
    pub(super) fn check(self, x: &[f32], runs: &[Neighbours], width: usize, length: usize) {
        let TilePlaces { bases, outs } = self;
        let reach = runs.iter().map(|run| run.from + run.length).max().unwrap_or(0);
        let farthest = bases.iter().max().map_or(0, |base| base + reach);
        let last = outs.iter().max().map_or(0, |out| out + width);
        let is_within = bases.len() == outs.len() && farthest <= x.len() && last <= length;
        assert!(is_within, "a view outside");
    }
}

/// How many rows of the kernel runs meet.
pub(super) fn rows(runs: &[Neighbours]) -> usize {
    runs.iter().map(|run| run.row + run.length).max().unwrap_or(0)
}

/// `kernel[row..][..width] += Σ x[base + from..] · d[out..][..width]` over all positions.
pub(super) struct OuterProduct<'a> {
    pub x: &'a [f32],
    pub places: TilePlaces<'a>,
    pub runs: &'a [Neighbours],
    pub d: &'a [f32],
    pub width: usize,
    /// Rows `stride` apart.
    pub kernel: &'a mut [f32],
    pub stride: usize,
}

impl OuterProduct<'_> {
    /// Panics unless every view lies within x, every gradient within d and every row within the
    /// kernel: what is unsafe in the loops rests on it.
    pub(super) fn check(&self) {
        self.places.check(self.x, self.runs, self.width, self.d.len());
        let needed = rows(self.runs).saturating_sub(1) * self.stride + self.width;
        assert!(needed <= self.kernel.len() && self.stride >= self.width, "a row outside");
    }
}
