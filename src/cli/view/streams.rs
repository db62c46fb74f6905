//! The two streams: stdout for results, stderr for everything else.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::Metadata;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow};
use indicatif::ProgressBar;
pub(crate) use lanthorn::runtime::printable;

/// The bar that is drawn on stderr, if one is.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// What was said while a full screen has the terminal; None while none has.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);
/// The most lines that are held; of more, the first ones are lost.
const MOST_HELD: usize = 500;

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
    say_as_it_is(&printable(text));
}

/// The same for a text with colours, whose words are printable.
pub(crate) fn say_as_it_is(text: &str) {
    if let Some(held) = &mut *HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
        if held.len() == MOST_HELD {
            held.remove(0);
        }
        held.push(text.to_string());
        return;
    }
    let bar = BAR.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(|| write_error(text)),
        None => write_error(text),
    }
}

/// From here on, what is said is held back.
#[cfg(feature = "tui")]
pub(crate) fn hold() {
    HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert_default();
}

/// Says what was held back.
#[cfg(feature = "tui")]
pub(crate) fn release() {
    let held = HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    held.into_iter().flatten().for_each(|text| write_error(&text));
}

/// Writes a question to stderr, and reads the line that answers it.
pub(crate) fn ask(question: &str) -> io::Result<String> {
    let mut out = io::stderr().lock();
    write!(out, "{} ", printable(question))?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
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

/// The width of the terminal that stderr is, in columns; 80 where it can't be known.
pub(crate) fn stderr_width() -> usize {
    let size = console::Term::stderr().size_checked();
    size.map_or(80, |(_, columns)| usize::from(columns))
}

/// Whether stderr is a terminal that can move its cursor.
pub(crate) fn is_live() -> bool {
    io::stderr().is_terminal() && !super::colour::is_dumb()
}

/// True once a write has found that nobody reads our stdout any more.
pub(crate) fn reader_is_gone() -> bool {
    READER_IS_GONE.load(Ordering::Relaxed)
}

/// Whether stdout and stderr are the same pipe, as in `2>&1 | head`: then who has stopped to read
/// the one has stopped to read the other.
fn both_are_one_pipe() -> bool {
    facts_of(&io::stderr()).is_some_and(|facts| is_stdout(&facts))
}

/// Whether these are the facts of what our stdout writes to.
pub(crate) fn is_stdout(facts: &Metadata) -> bool {
    facts_of(&io::stdout()).is_some_and(|own| is_one(&own, facts))
}

/// Whether these are the facts of what our stdin reads.
pub(crate) fn is_stdin(facts: &Metadata) -> bool {
    facts_of(&io::stdin()).is_some_and(|own| is_one(&own, facts))
}

/// Whether two facts are of one file, pipe or device.
pub(crate) fn is_one(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        false
    }
}

#[cfg(unix)]
fn facts_of(stream: &impl std::os::fd::AsFd) -> Option<Metadata> {
    std::fs::File::from(stream.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

#[cfg(not(unix))]
fn facts_of<T>(_stream: &T) -> Option<Metadata> {
    None
}
