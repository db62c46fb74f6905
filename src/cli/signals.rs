//! Signals: Ctrl-C, SIGTERM and SIGHUP end a training after the step at hand, its state saved.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use lanthorn::training::Trainer;
use lanthorn::training::{Event, Flow, Listener};

use super::view;

/// What came while a training runs.
pub(crate) struct Signals {
    /// The number of the last signal, 0 before the first.
    seen: Arc<AtomicUsize>,
    /// For each signal, whether it ends the program at once.
    at_once: Vec<Arc<AtomicBool>>,
    /// Whether there are steps to be finished.
    has_steps: Arc<Mutex<bool>>,
}

impl Signals {
    /// Watches from now on. Until [`Signals::finish_steps`], when there is nothing to save yet,
    /// each signal ends the program at once.
    pub(crate) fn watch() -> Result<Signals> {
        let mut signals =
            Signals { seen: Arc::default(), at_once: Vec::new(), has_steps: Arc::default() };
        for signal in watched() {
            signals.register(signal).context("can't watch for signals")?;
        }
        Ok(signals)
    }

    /// From now on a signal is noted and answered, and the step at hand is finished; only a second
    /// Ctrl-C, or a second SIGTERM, ends the program at once.
    pub(crate) fn finish_steps(&self) {
        for flag in &self.at_once {
            flag.store(false, Ordering::SeqCst);
        }
        *lock(&self.has_steps) = true;
        answer(Arc::clone(&self.has_steps));
    }

    /// The training is over: what comes now is answered by what is said of its end.
    pub(crate) fn steps_have_ended(&self) {
        *lock(&self.has_steps) = false;
    }

    /// The number of the signal that came, or 0.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }

    fn register(&mut self, signal: i32) -> std::io::Result<()> {
        let at_once = Arc::new(AtomicBool::new(true));
        // in this order: the handler that ends the program looks before the others have noted
        signal_hook::flag::register_conditional_shutdown(
            signal,
            128 + signal,
            Arc::clone(&at_once),
        )?;
        // a terminal that closes often sends SIGHUP twice
        if !is_hangup(signal) {
            signal_hook::flag::register(signal, Arc::clone(&at_once))?;
        }
        signal_hook::flag::register_usize(signal, Arc::clone(&self.seen), signal as usize)?;
        self.at_once.push(at_once);
        Ok(())
    }
}

impl Listener for Signals {
    fn on_event(&mut self, _: &Event, _: &Trainer) -> lanthorn::Result<()> {
        Ok(())
    }

    fn watches_batches(&self) -> bool {
        false
    }

    fn flow(&mut self) -> Flow {
        if self.seen() == 0 { Flow::Continue } else { Flow::Interrupt }
    }
}

/// The number of the last signal, 0 before the first: for who looks at it often and has nothing to
/// finish.
pub(crate) fn noted() -> Result<Arc<AtomicUsize>> {
    let seen = Arc::new(AtomicUsize::new(0));
    for signal in watched() {
        signal_hook::flag::register_usize(signal, Arc::clone(&seen), signal as usize)
            .context("can't watch for signals")?;
    }
    Ok(seen)
}

/// A file that grows over the limit (`ulimit -f`) is an error of the write, not the program's death.
pub(crate) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        const SIGXFSZ: i32 = 25; // on Linux, macOS and the BSDs
        drop(signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))));
    }
}

fn watched() -> Vec<i32> {
    let mut signals = vec![signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
    #[cfg(unix)]
    if !is_ignored(signal_hook::consts::SIGHUP) {
        signals.push(signal_hook::consts::SIGHUP);
    }
    signals
}

/// Whether a signal was ignored when the program was started, as `nohup` does with SIGHUP. Where
/// that can't be known, yes: the signal is left as it is.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(unix)]
fn is_hangup(signal: i32) -> bool {
    signal == signal_hook::consts::SIGHUP
}

#[cfg(not(unix))]
fn is_hangup(_signal: i32) -> bool {
    false
}

fn lock(flag: &Mutex<bool>) -> std::sync::MutexGuard<'_, bool> {
    flag.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the first signal at once, as long as there are steps: one may take long. Where no thread
/// can be started, nothing is said until the step has ended.
fn answer(has_steps: Arc<Mutex<bool>>) {
    #[cfg(unix)]
    {
        let Ok(mut signals) = signal_hook::iterator::Signals::new(watched()) else { return };
        let thread = std::thread::Builder::new().name("signals".to_string());
        drop(thread.spawn(move || {
            let first = signals.forever().next();
            let has_steps = lock(&has_steps); // until it is said: the end is told after it
            view::training::leave_screen();
            if *has_steps {
                view::answer(match first {
                    Some(signal_hook::consts::SIGINT) => {
                        "finishing this step; press Ctrl-C again to stop now"
                    }
                    _ => "finishing this step, then saving",
                });
            }
        }));
    }
}
