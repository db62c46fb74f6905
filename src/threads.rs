//! Threads: how many candle and its matrix products use. The one place that sets an environment
//! variable; call it first thing in `main`, before other threads run.

#![allow(unsafe_code)]

/// Sets the number of threads that candle uses, for the whole program. candle asks for it at every
/// matrix product, and where RAYON_NUM_THREADS is not set it reads /proc/cpuinfo each time (58 µs),
/// so this sets that variable, and rayon's global pool with it.
pub fn set(count: usize) {
    let count = count.max(1);
    // SAFETY: called by `main` before any other thread is started.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", count.to_string()) };
    // a second call keeps the first pool: harmless, since results don't depend on it
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).stack_size(STACK);
    drop(pool.build_global());
}

/// The stack of a thread, as large as that of a main thread: candle walks its graphs by recursion.
const STACK: usize = 8 << 20;

/// Runs a training on one of the pool's threads. Work that is split there goes on at once on the
/// thread that splits it; from any other thread it is handed over, and that thread sleeps until it
/// is woken, at every split anew.
pub fn within<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| run())
}

/// The number of threads where none is asked for: one for each core, at most 8.
pub fn default_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8)
}
