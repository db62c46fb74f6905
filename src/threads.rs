//! Threads: how many candle and its matrix products use. The one place that sets an environment
//! variable; call it first thing in `main`, before other threads run.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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

/// Keeps the pool's other threads awake for a while, so that work which is split soon after starts
/// on them at once: waking a sleeping thread takes some 50 µs, as long as a whole piece of a small
/// model. A thread that has found no work for [`PATIENCE`] goes to sleep as ever.
pub(crate) fn keep_awake() {
    let caller = rayon::current_thread_index();
    let wanted = rayon::current_num_threads() - usize::from(caller.is_some());
    let awake = AWAKE.load(Ordering::Relaxed);
    if awake >= wanted {
        return;
    }
    if AWAKE.compare_exchange(awake, wanted, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        rayon::spawn_broadcast(move |context| {
            if Some(context.index()) != caller && !IS_LOOKING.replace(true) {
                look_for_work();
                IS_LOOKING.set(false);
                AWAKE.fetch_sub(1, Ordering::Relaxed);
            }
        });
    }
}

/// How long a thread looks for work before it sleeps.
const PATIENCE: Duration = Duration::from_micros(200);
/// Threads that look for work, or were told to.
static AWAKE: AtomicUsize = AtomicUsize::new(0);
thread_local! {
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
}

fn look_for_work() {
    let mut last = Instant::now();
    while last.elapsed() < PATIENCE {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => last = Instant::now(),
            // another program may want the core
            _ => std::thread::yield_now(),
        }
    }
}

/// The number of threads where none is asked for: one for each core, at most 8.
pub fn default_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8)
}
