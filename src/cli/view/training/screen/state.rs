//! What the full screen shows, and what keys do to it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::course::Course;

/// Whose training it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ScreenMode {
    /// Our own: a key stops it.
    #[default]
    Train,
    /// Another process's: a key leaves the screen.
    Watch,
}

/// What the screen shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScreenState {
    pub(crate) mode: ScreenMode,
    /// The run, and the fold where there are several.
    pub(crate) title: String,
    pub(crate) course: Course,
    /// The last thing that was said: a warning, or how the run ended.
    pub(crate) message: String,
    /// Whether colours are wanted.
    pub(crate) has_colour: bool,
    /// Which of the panels comes first.
    pub(super) first: usize,
    pub(super) is_logarithmic: bool,
    pub(super) shows_help: bool,
    /// True after the first press of the key that stops a training.
    pub(super) asks: bool,
}

/// What a key asks for that isn't the screen's own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    None,
    /// The training ends after this step, saved, as at Ctrl-C.
    Stop,
    /// The screen goes; the training goes on.
    Leave,
    /// As Ctrl-Z.
    Suspend,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Panel {
    /// The loss or a metric, without `val_`.
    Metric(String),
    LearningRate,
    StepTime,
}

impl ScreenState {
    /// That of a run that nothing is known of yet.
    pub(crate) fn new(mode: ScreenMode, title: &str, has_colour: bool) -> ScreenState {
        ScreenState { mode, title: title.to_string(), has_colour, ..ScreenState::default() }
    }

    /// All panels: the loss, the metrics, the learning rate, the time of a step.
    pub(super) fn panels(&self) -> Vec<Panel> {
        let mut names = vec!["loss"];
        for key in self.course.curves.keys() {
            let name = key.strip_prefix("val_").unwrap_or(key);
            if name != "learning_rate" && !names.contains(&name) {
                names.push(name);
            }
        }
        let metrics = names.into_iter().map(|name| Panel::Metric(name.to_string()));
        metrics.chain([Panel::LearningRate, Panel::StepTime]).collect()
    }

    /// Does what a key says; what is left to be done by others.
    pub(super) fn key(&mut self, key: KeyEvent) -> Action {
        let asked = std::mem::take(&mut self.asks);
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let count = self.panels().len();
        match (key.code, self.mode) {
            (KeyCode::Char('c'), ScreenMode::Train) if is_control => return Action::Stop,
            (KeyCode::Char('c'), ScreenMode::Watch) if is_control => return Action::Leave,
            (KeyCode::Char('z'), _) if is_control => return Action::Suspend,
            (KeyCode::Esc, _) if self.shows_help => self.shows_help = false,
            (KeyCode::Char('q'), ScreenMode::Train) if asked => return Action::Stop,
            (KeyCode::Char('q'), ScreenMode::Train) => self.asks = true,
            (KeyCode::Char('q') | KeyCode::Esc, ScreenMode::Watch) => return Action::Leave,
            (KeyCode::Char('l'), _) => self.is_logarithmic = !self.is_logarithmic,
            (KeyCode::Char('h' | '?'), _) => self.shows_help = !self.shows_help,
            (KeyCode::Right | KeyCode::Down | KeyCode::Tab | KeyCode::Char('n'), _) => {
                self.first = (self.first + 1) % count;
            }
            (KeyCode::Left | KeyCode::Up | KeyCode::BackTab | KeyCode::Char('p'), _) => {
                self.first = (self.first + count - 1) % count;
            }
            (KeyCode::Char(digit @ '1'..='9'), _) => {
                let place = digit as usize - '1' as usize;
                if place < count {
                    self.first = place;
                }
            }
            _ => {}
        }
        Action::None
    }
}

impl Panel {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Panel::Metric(name) => name,
            Panel::LearningRate => "learning rate",
            Panel::StepTime => "step time",
        }
    }
}

#[cfg(test)]
mod tests {
    use lanthorn::callbacks::Logs;

    use super::*;

    fn press(state: &mut ScreenState, code: KeyCode) -> Action {
        state.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn keys_switch_metrics_and_the_scale() {
        let mut state = ScreenState::default();
        state.course.epoch(1, &Logs::from_iter([("accuracy", 0.5), ("val_loss", 0.2)]), 0.1);
        let names: Vec<String> =
            state.panels().iter().map(|panel| panel.name().to_string()).collect();
        assert_eq!(names, ["loss", "accuracy", "learning rate", "step time"]);
        press(&mut state, KeyCode::Left);
        assert_eq!(state.first, 3);
        press(&mut state, KeyCode::Tab);
        press(&mut state, KeyCode::Char('2'));
        press(&mut state, KeyCode::Char('9'));
        assert_eq!(state.first, 1);
        press(&mut state, KeyCode::Char('l'));
        press(&mut state, KeyCode::Char('?'));
        assert!(state.is_logarithmic && state.shows_help);
        press(&mut state, KeyCode::Esc);
        assert!(!state.shows_help);
    }

    #[test]
    fn a_training_is_stopped_by_a_second_q_and_a_watched_one_is_left_by_the_first() {
        let mut state = ScreenState::default();
        assert_eq!(press(&mut state, KeyCode::Char('q')), Action::None);
        assert_eq!(press(&mut state, KeyCode::Char('l')), Action::None);
        assert_eq!(press(&mut state, KeyCode::Char('q')), Action::None);
        assert_eq!(press(&mut state, KeyCode::Char('q')), Action::Stop);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(state.key(interrupt), Action::Stop);
        state.mode = ScreenMode::Watch;
        assert_eq!(press(&mut state, KeyCode::Char('q')), Action::Leave);
        assert_eq!(state.key(interrupt), Action::Leave);
    }
}
