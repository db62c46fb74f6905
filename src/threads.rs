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
    drop(rayon::ThreadPoolBuilder::new().num_threads(count).build_global());
}

/// The number of threads where none is asked for: one for each core, at most 8.
pub fn default_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8)
}
