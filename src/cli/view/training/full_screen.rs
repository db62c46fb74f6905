//! The full screen of our own training: `train --watch`.

use lanthorn::callbacks::Logs;
use lanthorn::training::{Event, Trainer};

use super::super::{colour, warning};
use super::course::Course;
use super::lines::Lines;
use super::screen::{Screen, ScreenMode, ScreenState};
use super::style::ViewStyle;

/// Shows a training on the full screen; before and after it, lines.
pub(super) struct FullScreen {
    lines: Lines,
    /// What the screen begins with.
    course: Course,
    name: String,
    /// `, fold 2 of 5`, in a cross-validation.
    fold: String,
    screen: Option<Screen>,
    /// Epochs that came while the screen was being drawn.
    waiting: Vec<DoneEpoch>,
    /// Set where the terminal can't be taken over: there are lines instead.
    has_failed: bool,
}

/// An epoch that is done.
struct DoneEpoch {
    epoch: usize,
    logs: Logs,
    rate: f32,
    seconds_per_step: f64,
}

impl FullScreen {
    pub(super) fn new() -> FullScreen {
        FullScreen {
            lines: Lines::on_a_terminal(),
            course: Course::default(),
            name: String::new(),
            fold: String::new(),
            screen: None,
            waiting: Vec::new(),
            has_failed: false,
        }
    }

    fn open(&mut self) {
        let title = format!("{}{}", self.name, self.fold);
        let has_colour = colour::is_on_stderr();
        let mut state = ScreenState::new(ScreenMode::Train, &title, has_colour);
        state.course = std::mem::take(&mut self.course);
        match Screen::open(state) {
            Ok(screen) => self.screen = Some(screen),
            Err(error) => {
                self.has_failed = true;
                warning(&format!(
                    "the terminal can't be taken over ({error}): a line is shown for each epoch \
                     instead"
                ));
            }
        }
    }

    /// Shows the epochs that wait, and more where there is time for it.
    fn update(&mut self, change: impl FnOnce(&mut ScreenState)) {
        let (Some(screen), waiting) = (&self.screen, &mut self.waiting) else { return };
        screen.try_change(|state| {
            for done in waiting.drain(..) {
                state.course.step_took(done.epoch, done.seconds_per_step);
                state.course.epoch(done.epoch, &done.logs, done.rate);
            }
            change(state);
        });
    }
}

impl ViewStyle for FullScreen {
    fn show(&mut self, event: &Event) {
        match event {
            Event::RunStart { name, samples, epochs, .. } => {
                self.name.clone_from(name);
                self.course = Course { samples: *samples, epochs: *epochs, ..Course::default() };
            }
            Event::FoldStart { fold, folds } => {
                self.fold = match fold {
                    Some(fold) => format!(", fold {fold} of {folds}"),
                    None => ", all rows".to_string(),
                };
            }
            Event::EpochStart { epochs, steps, .. } => {
                if self.screen.is_none() && !self.has_failed {
                    (self.course.epochs, self.course.steps) = (*epochs, *steps);
                    self.open();
                }
                return;
            }
            Event::Epoch { .. } if self.screen.is_some() => return,
            Event::TrainingEnd => self.close(),
            Event::Message { message } => {
                self.update(|state| state.message = message.trim().to_string());
            }
            Event::Diagnostic(diagnostic) => {
                self.update(|state| {
                    state.message = format!("{}: {}", diagnostic.severity, diagnostic.message);
                });
            }
            _ => {}
        }
        self.lines.show(event);
    }

    fn told(&mut self, event: &Event, trainer: &Trainer) {
        if let Event::EpochStart { .. } = event
            && self.screen.is_none()
        {
            self.course.resume(trainer);
        }
        if let Event::Epoch { epoch, logs, seconds_per_step, .. } = event
            && self.screen.is_some()
        {
            let set = logs.get("learning_rate").map(|rate| rate as f32);
            let rate = set.unwrap_or_else(|| trainer.optimizer().learning_rate());
            let (epoch, logs, seconds_per_step) = (*epoch, logs.clone(), *seconds_per_step);
            self.waiting.push(DoneEpoch { epoch, logs, rate, seconds_per_step });
            self.update(|_| {});
        }
        self.show(event);
    }

    fn batch(&mut self, trainer: &Trainer) {
        if self.screen.as_ref().is_some_and(Screen::wants_news) {
            self.update(|state| state.course.follow(trainer));
        }
    }

    fn close(&mut self) {
        self.screen = None; // gives the terminal back
        self.waiting.clear();
    }

    fn failure(&mut self) -> &mut Option<anyhow::Error> {
        self.lines.failure()
    }
}
