//! The two streams: stdout for results, stderr for everything else.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow};
use indicatif::ProgressBar;

/// The bar that is drawn on stderr, if one is.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Whether the reader of our stdout has gone away (`| head`).
static READER_IS_GONE: AtomicBool = AtomicBool::new(false);

/// Writes to stdout. A reader that has gone away is no error: see [`reader_is_gone`].
pub(crate) fn write_out(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            READER_IS_GONE.store(true, Ordering::Relaxed);
            Ok(())
        }
        Err(error) => Err(anyhow!("can't write to stdout: {error}")),
    }
}

/// Writes a line to stderr, above the bar where one is drawn. Where it can't be written, on a full
/// disk or to a terminal that was closed, it is lost and the work goes on.
pub(crate) fn say(text: &str) {
    let bar = BAR.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(|| write_error(text)),
        None => write_error(text),
    }
}

fn write_error(text: &str) {
    let written = writeln!(io::stderr().lock(), "{text}");
    let is_gone = written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if is_gone && both_are_one_pipe() {
        READER_IS_GONE.store(true, Ordering::Relaxed);
    }
}

/// Draws a bar, or none, in place of the one before.
pub(crate) fn draw(bar: Option<ProgressBar>) {
    let mut drawn = BAR.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(bar) = std::mem::replace(&mut *drawn, bar) {
        bar.finish_and_clear();
    }
}

/// True once a write has found that nobody reads our stdout any more.
pub(crate) fn reader_is_gone() -> bool {
    READER_IS_GONE.load(Ordering::Relaxed)
}

/// Whether stdout and stderr are the same pipe, as in `2>&1 | head`: then who has stopped to read
/// the one has stopped to read the other.
#[cfg(unix)]
fn both_are_one_pipe() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let place = |stream: io::Result<std::os::fd::OwnedFd>| {
        let facts = std::fs::File::from(stream?).metadata()?;
        io::Result::Ok((facts.dev(), facts.ino()))
    };
    let out = place(io::stdout().as_fd().try_clone_to_owned());
    let err = place(io::stderr().as_fd().try_clone_to_owned());
    matches!((out, err), (Ok(out), Ok(err)) if out == err)
}

#[cfg(not(unix))]
fn both_are_one_pipe() -> bool {
    false
}
