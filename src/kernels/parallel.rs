//! Work split over threads at fixed places.

use rayon::prelude::*;

use crate::threads;

/// Arithmetic below which another thread costs more than it gives.
const WORTH_SPLITTING: usize = 1 << 19;

/// Into at least so many parts a loop is cut, so that threads end it together.
const LEAVES: usize = 64;

/// Runs `each(index, chunk)` over chunks of `size` numbers of `values`; over several threads where
/// `work` (about the number of multiplications in all) is worth it. Chunks don't depend on the
/// number of threads.
pub fn chunks(
    values: &mut [f32],
    size: usize,
    work: usize,
    each: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    if size == 0 || values.is_empty() {
        return;
    }
    if values.len() <= size {
        return each(0, values);
    }
    if splits(work) {
        split(|| values.par_chunks_mut(size).enumerate().for_each(|(i, chunk)| each(i, chunk)));
    } else {
        values.chunks_mut(size).enumerate().for_each(|(i, chunk)| each(i, chunk));
    }
}

/// The same over chunks of two slices that belong together.
pub fn chunks2<A: Send, B: Send>(
    (a, a_size): (&mut [A], usize),
    (b, b_size): (&mut [B], usize),
    work: usize,
    each: impl Fn(usize, &mut [A], &mut [B]) + Send + Sync,
) {
    if a_size == 0 || b_size == 0 {
        return;
    }
    if a.len() > a_size && splits(work) {
        let pairs = a.par_chunks_mut(a_size).zip(b.par_chunks_mut(b_size));
        split(|| pairs.enumerate().for_each(|(i, (a, b))| each(i, a, b)));
    } else {
        let pairs = a.chunks_mut(a_size).zip(b.chunks_mut(b_size));
        pairs.enumerate().for_each(|(i, (a, b))| each(i, a, b));
    }
}

/// The same over chunks of three slices that belong together, the third of which may be missing.
pub fn chunks3<C: Send>(
    (a, a_size): (&mut [f32], usize),
    (b, b_size): (&mut [f32], usize),
    c: Option<(&mut [C], usize)>,
    work: usize,
    each: impl Fn(usize, &mut [f32], &mut [f32], Option<&mut [C]>) + Send + Sync,
) {
    let Some((c, c_size)) = c else {
        return chunks2((a, a_size), (b, b_size), work, |i, a, b| each(i, a, b, None));
    };
    if a_size == 0 || b_size == 0 || c_size == 0 {
        return;
    }
    if a.len() > a_size && splits(work) {
        let pairs = a.par_chunks_mut(a_size).zip(b.par_chunks_mut(b_size));
        let all = pairs.zip(c.par_chunks_mut(c_size)).enumerate();
        split(|| all.for_each(|(i, ((a, b), c))| each(i, a, b, Some(c))));
    } else {
        let pairs = a.chunks_mut(a_size).zip(b.chunks_mut(b_size));
        let all = pairs.zip(c.chunks_mut(c_size)).enumerate();
        all.for_each(|(i, ((a, b), c))| each(i, a, b, Some(c)));
    }
}

/// Runs `each(i)` for 0..n, over several threads where `work` is worth it. `each` must only write
/// where no other index writes.
pub fn indices(n: usize, work: usize, each: impl Fn(usize) + Send + Sync) {
    if n > 1 && splits(work) {
        split(|| (0..n).into_par_iter().with_max_len(n.div_ceil(LEAVES)).for_each(each));
    } else {
        (0..n).for_each(each);
    }
}

/// Runs both; at the same time where `work` is worth it.
pub fn both(work: usize, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    if splits(work) {
        split(|| rayon::join(a, b));
    } else {
        a();
        b();
    }
}

/// True where the work is worth more than one thread, and there is one.
fn splits(work: usize) -> bool {
    work >= WORTH_SPLITTING && threads::count() > 1
}

/// Runs work that is split on threads that are awake.
fn split<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    threads::within(|| {
        threads::keep_awake();
        run()
    })
}
