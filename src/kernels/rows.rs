//! Sums over a row, in lanes, so that they fill the machine's registers. The order of the additions
//! is fixed.

const LANES: usize = 16;

/// `Σ f(a, b)` over two rows of the same length.
#[inline(always)]
pub fn sum2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (a_rest, b_rest) = (a_blocks.remainder(), b_blocks.remainder());
    for (a, b) in a_blocks.zip(b_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(*a, *b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| f(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// `Σ a · b`
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum2(a, b, |a, b| a * b)
}

/// `Σ a`
#[inline(always)]
pub fn sum(a: &[f32]) -> f32 {
    sum2(a, a, |a, _| a)
}
