//! The threads that compute: one pool, whose threads flush subnormal numbers to zero (see
//! [`float_environment`](crate::threads::float_environment)).
//!
//! candle and rayon would use rayon's global pool, whose threads belong to whoever comes first. So
//! everything that computes is run on a thread of this pool, by [`within`]: what candle or rayon
//! split there stays there.

pub(crate) mod float_environment;

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::LocalKey;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::threads::float_environment::FlushToZero;

/// The stack of a thread, as large as that of a main thread: candle walks its graphs by recursion.
const STACK: usize = 8 << 20;

/// The pool; None where not even one thread could be started.
static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();

thread_local! {
    /// True on the pool's threads, and on a thread that runs alone.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    /// True on a thread while nothing that it does is worth another.
    static IS_SMALL: Cell<bool> = const { Cell::new(false) };
    /// The pool of a thread that runs alone: itself.
    static ALONE: OnceCell<Option<ThreadPool>> = const { OnceCell::new() };
}

/// The number of threads where none is asked for: one for each core, at most 8.
pub fn default_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8)
}

/// Starts the threads; the first call decides. Where it isn't called, [`default_count`] threads are
/// started when they are first needed. Gives a sentence where fewer could be started: the results
/// are the same, only later.
pub fn start(count: usize) -> Option<String> {
    let count = count.max(1);
    let mut problem = None;
    POOL.get_or_init(|| match build(count) {
        Ok(pool) => Some(pool),
        Err(error) => {
            let fewer = build(1).ok();
            problem = Some(format!(
                "not all of {count} threads could be started ({error}); everything is done by one"
            ));
            fewer
        }
    });
    problem
}

/// A pool of threads that flush subnormal numbers to zero.
pub(crate) fn build(count: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    let at_start = |_| {
        FlushToZero::for_good();
        IS_OURS.set(true);
    };
    ThreadPoolBuilder::new().num_threads(count).stack_size(STACK).start_handler(at_start).build()
}

fn pool() -> Option<&'static ThreadPool> {
    start(default_count());
    POOL.get().and_then(Option::as_ref)
}

/// How many threads work at a time.
pub(crate) fn count() -> usize {
    if IS_SMALL.get() {
        1
    } else if IS_OURS.get() {
        rayon::current_num_threads()
    } else {
        pool().map_or(1, ThreadPool::current_num_threads)
    }
}

/// Runs this on one of the pool's threads, where subnormal numbers are zero. Work that is split
/// there goes on at once on the thread that splits it; from any other thread it is handed over, and
/// that thread sleeps until it is woken, at every split anew: so a whole training is run in one
/// call.
pub fn within<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    if IS_OURS.get() {
        return run();
    }
    match pool() {
        Some(pool) => pool.install(run),
        None => alone(run),
    }
}

/// Runs this on the caller's thread, where subnormal numbers are zero, and splits nothing of it: for
/// work that is done before another thread is awake.
pub(crate) fn on_this_one<R>(run: impl FnOnce() -> R) -> R {
    let _flushed = FlushToZero::on_this_thread();
    let _small = Raised::new(&IS_SMALL);
    run()
}

/// A flag of this thread's, true until this is dropped.
struct Raised {
    flag: &'static LocalKey<Cell<bool>>,
    before: bool,
}

impl Raised {
    fn new(flag: &'static LocalKey<Cell<bool>>) -> Raised {
        Raised { flag, before: flag.replace(true) }
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.flag.set(self.before);
    }
}

/// Does `each` of the items, on the caller's thread at once and on others as they come awake. What an
/// item needs is not split further.
pub(crate) fn share<I>(items: I, each: impl Fn(I::Item) + Send + Sync)
where
    I: Iterator<Item: Send> + Send,
{
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        on_this_one(|| {
            while let Some(item) = next() {
                each(item);
            }
        });
    };
    let Some(pool) = pool() else { return work() };
    let others = pool.current_num_threads() - 1;
    let ended = AtomicUsize::new(0);
    pool.in_place_scope(|scope| {
        (0..others).for_each(|_| {
            scope.spawn(|_| {
                work();
                ended.fetch_add(1, Ordering::Relaxed);
            });
        });
        work();
        // the last items of the others are as good as done: to be woken would take longer
        let start = Instant::now();
        while ended.load(Ordering::Relaxed) < others && start.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
    });
}

/// Runs this on every thread of the pool.
pub(crate) fn on_each(run: impl Fn() + Send + Sync) {
    within(|| rayon::broadcast(|_| run()));
}

/// Runs this on the caller's thread, as a pool of one.
fn alone<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    let _flushed = FlushToZero::on_this_thread();
    let _ours = Raised::new(&IS_OURS);
    let itself = || ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok();
    ALONE.with(|pool| match pool.get_or_init(itself) {
        Some(pool) => pool.install(run),
        None => run(), // it is part of somebody's pool already
    })
}

/// Tells candle how many threads there are. It asks at every matrix product, and where
/// RAYON_NUM_THREADS is not set it reads /proc/cpuinfo each time (58 µs).
///
/// # Safety
///
/// No other thread may run yet: this sets an environment variable, which others may be reading.
#[allow(unsafe_code)]
pub unsafe fn tell_candle(count: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", count.max(1).to_string()) };
}

/// Keeps the pool's other threads awake for a while, so that work which is split soon after starts
/// on them at once: waking a sleeping thread takes some 50 µs, as long as a whole piece of a small
/// model. A thread that has found no work for [`PATIENCE`] goes to sleep as ever. To be called on
/// one of the pool's threads.
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

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    fn product() -> f32 {
        black_box(black_box(1e-38f32) * black_box(0.01))
    }

    #[test]
    fn the_pools_threads_flush_and_the_callers_setting_stays() {
        let before = product();
        assert!(before > 0.0);
        let here = within(product);
        let both = within(|| rayon::join(product, product));
        assert_eq!(here == 0.0, FlushToZero::is_supported());
        assert_eq!((here, here), both);
        assert_eq!(product(), before);
    }

    #[test]
    fn small_work_stays_on_its_thread_and_counts_one() {
        let here = std::thread::current().id();
        let before = (product(), count());
        let inside = on_this_one(|| {
            let inner = on_this_one(count);
            (count(), inner, product() == 0.0, std::thread::current().id())
        });
        assert_eq!(inside, (1, 1, FlushToZero::is_supported(), here));
        assert_eq!((product(), count()), before);
    }

    #[test]
    fn shared_items_are_each_done_once_from_any_thread() {
        let run = || {
            let mut done = [0; 100];
            share(done.iter_mut().enumerate(), |(i, done)| {
                assert_eq!((count(), product() == 0.0), (1, FlushToZero::is_supported()));
                *done += i + 1;
            });
            assert!(done.iter().enumerate().all(|(i, done)| *done == i + 1));
        };
        run();
        within(run);
        share(0..0, |_: i32| panic!("there is nothing to do"));
        let panics = || share(0..9, |i| assert!(i != 5, "five"));
        assert!(std::panic::catch_unwind(panics).is_err());
    }

    #[test]
    fn a_thread_that_is_alone_flushes_too_and_splits_nothing() {
        let run = || {
            let before = product();
            let inside = alone(|| (count(), rayon::join(product, product)));
            (before, inside, product(), IS_OURS.get())
        };
        let (before, (count, inside), after, is_ours) = std::thread::spawn(run).join().unwrap();
        assert_eq!(count, 1);
        assert_eq!(inside.0 == 0.0, FlushToZero::is_supported());
        assert_eq!((before, is_ours), (after, false));
    }
}
