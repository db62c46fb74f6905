//! A full screen of a training: its curves, the learning rate, the time of a step, and keys. A thread
//! of its own draws it and reads the keys; the training looks at a flag after each step, no more.

mod drawing;
mod points;
mod state;
mod terminal;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use state::Action;
pub(crate) use state::{ScreenMode, ScreenState};
pub(crate) use terminal::leave;

/// The longest time between two drawings.
const REDRAW: Duration = Duration::from_millis(100);

/// The screen, from its opening to its closing.
pub(crate) struct Screen {
    shared: Arc<ScreenParts>,
    thread: Option<JoinHandle<()>>,
}

/// What the training, or who reads its events, and the thread that draws have in common.
struct ScreenParts {
    state: Mutex<ScreenState>,
    /// Set once a drawing is done: the next one should show something newer.
    wants_news: AtomicBool,
    is_closed: AtomicBool,
    /// Set by the key that leaves.
    is_left: AtomicBool,
}

impl Screen {
    /// Takes the terminal over.
    pub(crate) fn open(state: ScreenState) -> io::Result<Screen> {
        let shared = Arc::new(ScreenParts {
            state: Mutex::new(state),
            wants_news: AtomicBool::new(true),
            is_closed: AtomicBool::new(false),
            is_left: AtomicBool::new(false),
        });
        let terminal = terminal::enter()?;
        let drawn = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("screen".to_string());
        match thread.spawn(move || show(&drawn, terminal)) {
            Ok(thread) => Ok(Screen { shared, thread: Some(thread) }),
            Err(error) => {
                terminal::leave();
                Err(error)
            }
        }
    }

    /// Whether there is time for news: asked after each step, so it is one load.
    pub(crate) fn wants_news(&self) -> bool {
        self.shared.wants_news.load(Ordering::Relaxed)
    }

    /// Changes what is shown.
    pub(crate) fn change(&self, change: impl FnOnce(&mut ScreenState)) {
        change(&mut lock(&self.shared.state));
        self.shared.wants_news.store(false, Ordering::Relaxed);
    }

    /// The same, unless it is being drawn: who trains doesn't wait for that.
    pub(crate) fn try_change(&self, change: impl FnOnce(&mut ScreenState)) -> bool {
        let Ok(mut state) = self.shared.state.try_lock() else { return false };
        change(&mut state);
        self.shared.wants_news.store(false, Ordering::Relaxed);
        true
    }

    /// True once the key that leaves was pressed.
    pub(crate) fn is_left(&self) -> bool {
        self.shared.is_left.load(Ordering::Relaxed)
    }

    /// Gives the terminal back.
    pub(crate) fn close(&mut self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
        terminal::leave();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.close();
    }
}

/// Draws and reads keys until the screen is closed or left.
fn show(shared: &ScreenParts, mut terminal: terminal::FullTerminal) {
    while !shared.is_closed.load(Ordering::Relaxed) {
        let drawn = terminal::draw(&mut terminal, &lock(&shared.state));
        shared.wants_news.store(true, Ordering::Relaxed);
        let Ok(true) = drawn else { break }; // it was left, or there is no terminal any more
        let Ok(is_there) = event::poll(REDRAW) else { break };
        if !is_there {
            continue;
        }
        let action = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => lock(&shared.state).key(key),
            Ok(_) => Action::None, // a new size: it is drawn anew
            Err(_) => break,
        };
        match action {
            Action::None => {}
            Action::Stop => {
                terminal::leave(); // before the signal is answered
                drop(signal_hook::low_level::raise(signal_hook::consts::SIGINT));
                break;
            }
            Action::Leave => {
                shared.is_left.store(true, Ordering::Relaxed);
                break;
            }
            Action::Suspend => match terminal::suspend() {
                Ok(again) => terminal = again,
                Err(_) => break,
            },
        }
    }
    shared.wants_news.store(false, Ordering::Relaxed);
}

fn lock(state: &Mutex<ScreenState>) -> MutexGuard<'_, ScreenState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
