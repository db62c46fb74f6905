//! The terminal, taken over and given back: at the end, at a key, a signal, an error or a panic.

use std::io::{self, BufWriter, Stderr};
use std::sync::{Mutex, Once, PoisonError, TryLockError};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::super::super::streams;
use super::drawing;
use super::state::ScreenState;

/// Stdout is for results: what is drawn goes to stderr, as the live line does.
pub(super) type FullTerminal = Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// Whether the terminal is ours; held while it is drawn on.
static IS_OURS: Mutex<bool> = Mutex::new(false);

/// Takes the terminal over; what is said meanwhile is kept until it is given back.
pub(super) fn enter() -> io::Result<FullTerminal> {
    restore_at_a_panic();
    let mut is_ours = IS_OURS.lock().unwrap_or_else(PoisonError::into_inner);
    enable_raw_mode()?;
    *is_ours = true;
    streams::hold();
    let entered = execute!(io::stderr(), EnterAlternateScreen);
    let backend = CrosstermBackend::new(BufWriter::new(io::stderr()));
    let terminal = entered.and_then(|()| {
        let mut terminal = Terminal::new(backend)?;
        terminal.clear()?;
        Ok(terminal)
    });
    drop(is_ours);
    if terminal.is_err() {
        leave();
    }
    terminal
}

/// Gives the terminal back, and says what was kept; nothing where it isn't ours.
pub(crate) fn leave() {
    let is_ours = match IS_OURS.try_lock() {
        Ok(is_ours) => Some(is_ours),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        // either it is being drawn, which ends soon, or the drawing has panicked
        Err(TryLockError::WouldBlock) if std::thread::panicking() => None,
        Err(TryLockError::WouldBlock) => {
            Some(IS_OURS.lock().unwrap_or_else(PoisonError::into_inner))
        }
    };
    match is_ours {
        Some(mut is_ours) if *is_ours => *is_ours = false,
        Some(_) => return,
        None => {}
    }
    // a terminal that has gone away needs no restoring
    drop(execute!(io::stderr(), LeaveAlternateScreen, Show));
    drop(disable_raw_mode());
    streams::release();
}

/// Draws, while the terminal is ours: false where it isn't.
pub(super) fn draw(terminal: &mut FullTerminal, state: &ScreenState) -> io::Result<bool> {
    let is_ours = IS_OURS.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_ours {
        terminal.draw(|frame| drawing::draw(frame, state))?;
    }
    Ok(*is_ours)
}

/// Stops as at Ctrl-Z, and takes the terminal over once it goes on.
pub(super) fn suspend() -> io::Result<FullTerminal> {
    leave();
    #[cfg(unix)]
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
    enter()
}

/// A panic's message is of no use on a screen that goes away.
fn restore_at_a_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
}
