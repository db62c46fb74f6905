//! The views of a training, each a listener: a live line, a line an epoch, or JSON events.

mod course;
mod ending;
mod follower;
#[cfg(feature = "tui")]
mod full_screen;
mod lines;
mod live_line;
#[cfg(feature = "tui")]
mod screen;
#[cfg(feature = "tui")]
mod screen_follower;
mod style;
mod watcher;

use std::path::Path;

use anyhow::Result;
use lanthorn::Diagnostic;
use lanthorn::model::weights_file::Fit;
use lanthorn::training::Trainer;
use lanthorn::training::{Event, Flow, Listener};

use super::streams::{is_live, reader_is_gone};
pub(crate) use course::brief;
use lines::Lines;
pub(crate) use lines::duration;
use live_line::LiveLine;
use style::ViewStyle;
pub(crate) use watcher::RunWatcher;

/// A training's view.
pub(crate) struct View {
    style: Box<dyn ViewStyle>,
}

impl View {
    /// The view that the flags and the configuration's `verbose` ask for: by default a live line
    /// on a terminal and a line an epoch elsewhere.
    pub(crate) fn new(json: bool, quiet: bool, verbose: bool, asked: Option<u8>) -> View {
        let style: Box<dyn ViewStyle> = match (json, quiet, asked) {
            (true, ..) => Box::new(Json { failure: None }),
            (_, true, _) | (_, _, Some(0)) => Box::new(Lines::silent()),
            (_, _, Some(1) | None) if is_live() && !verbose => Box::new(LiveLine::new()),
            _ => Box::new(Lines::new()),
        };
        View { style }
    }

    /// The full screen, where stderr is a terminal; lines elsewhere, with a warning.
    pub(crate) fn full_screen(verbose: bool) -> Result<View> {
        #[cfg(not(feature = "tui"))]
        {
            let _ = verbose;
            Err(without_full_screen().into())
        }
        #[cfg(feature = "tui")]
        {
            if is_live() {
                return Ok(View { style: Box::new(full_screen::FullScreen::new()) });
            }
            super::warning(
                "`--watch` needs a terminal, and stderr is none: a line is shown for each epoch instead",
            );
            Ok(View::new(false, false, verbose, None))
        }
    }

    /// Shows what happens outside of the training's loop.
    pub(crate) fn show(&mut self, event: &Event) {
        self.style.show(event);
    }

    /// Shows a message.
    pub(crate) fn note(&mut self, message: &str) {
        self.show(&Event::Message { message: message.to_string() });
    }

    /// Shows a warning.
    pub(crate) fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        self.show(&Event::Diagnostic(diagnostic.clone()));
    }

    /// What `--init-weights` loaded.
    pub(crate) fn loaded(&mut self, path: &Path, fit: &Fit) {
        let count = fit.fitting.len();
        self.note(&format!("loaded {count} tensors from {}", path.display()));
        for difference in fit.differences() {
            self.note(&format!("  {difference}"));
        }
    }

    /// Takes what is drawn away before something else is printed.
    pub(crate) fn close(&mut self) {
        self.style.close();
    }

    /// Why an event could not be written.
    pub(crate) fn take_failure(&mut self) -> Option<anyhow::Error> {
        self.style.failure().take()
    }

    /// Shows the end of a run; an error where it could not be written.
    pub(crate) fn finish(&mut self, end: &Event) -> Result<()> {
        self.close();
        self.show(end);
        self.take_failure().map_or(Ok(()), Err)
    }
}

/// Gives the terminal back, where a full screen has it.
pub(crate) fn leave_screen() {
    #[cfg(feature = "tui")]
    screen::leave();
}

/// The error of a build that has no full screen.
#[cfg(not(feature = "tui"))]
fn without_full_screen() -> lanthorn::Error {
    lanthorn::Error::run("this build has no full screen: the feature `tui` is missing")
        .with_help("build with `--features tui`, which is on by default; without `--watch`, a live line shows the training")
}

impl Listener for View {
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> lanthorn::Result<()> {
        match event {
            Event::Batch => self.style.batch(trainer),
            _ => self.style.told(event, trainer),
        }
        Ok(())
    }

    fn watches_batches(&self) -> bool {
        false
    }

    /// Interrupts where nobody reads what is told, or it can't be written.
    fn flow(&mut self) -> Flow {
        let stop = self.style.failure().is_some() || reader_is_gone();
        if stop { Flow::Interrupt } else { Flow::Continue }
    }
}

/// Every event that is told, one a line.
struct Json {
    failure: Option<anyhow::Error>,
}

impl ViewStyle for Json {
    /// Writes an event; after one that could not be written, no other.
    fn show(&mut self, event: &Event) {
        if event.is_told() && self.failure.is_none() {
            let written = serde_json::to_value(event).map_err(anyhow::Error::from);
            self.failure = written.and_then(|event| super::json(&event)).err();
        }
    }

    fn failure(&mut self) -> &mut Option<anyhow::Error> {
        &mut self.failure
    }
}
