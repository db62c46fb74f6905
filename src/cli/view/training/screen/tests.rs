//! The full screen as it is drawn at the sizes that terminals have. `LANTHORN_PICTURES=1` writes the
//! pictures anew.

use std::path::Path;

use lanthorn::callbacks::Logs;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::drawing::draw;
use super::state::{ScreenMode, ScreenState};

/// A training in the middle of its epoch 31 of 50.
fn state() -> ScreenState {
    let mut state = ScreenState::new(ScreenMode::Train, "loan", false);
    state.course.epochs = 50;
    state.course.steps = 900;
    state.course.samples = 9000;
    for epoch in 1..=30 {
        let x = f64::from(epoch);
        let logs = [
            ("accuracy", 0.95 - 0.4 / x),
            ("loss", 0.2 + 0.5 / x),
            ("val_accuracy", 0.94 - 0.4 / x),
            ("val_loss", 0.25 + 0.4 / x + (x / 30.0).powi(4) * 0.05),
        ];
        state.course.step_took(epoch as usize, 2.7e-6 + 1e-7 * (x * 0.7).sin());
        state.course.epoch(epoch as usize, &Logs::from_iter(logs), 1e-3 / epoch as f32);
    }
    state.course.running = Logs::from_iter([("accuracy", 0.94), ("loss", 0.21)]);
    state.course.move_to((30, 450));
    state.course.moved = std::time::Duration::ZERO; // no speed
    state
}

fn picture(state: &ScreenState, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let cells = (0..width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_string() + "\n"
    };
    (0..height).map(line).collect()
}

fn compare(name: &str, state: &ScreenState, size: (u16, u16)) {
    let drawn = picture(state, size);
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/view/training/screen/pictures");
    let path = folder.join(name);
    if std::env::var_os("LANTHORN_PICTURES").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(drawn == expected, "{name} is drawn so:\n{drawn}");
}

#[test]
fn the_screen_is_drawn_at_the_sizes_of_terminals() {
    for (name, size) in
        [("60x20.txt", (60, 20)), ("80x24.txt", (80, 24)), ("200x50.txt", (200, 50))]
    {
        compare(name, &state(), size);
    }
}

#[test]
fn a_logarithmic_scale_and_the_help_are_drawn() {
    let mut state = state();
    for key in ['l', '2', '?'] {
        state.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
    }
    state.message = "warning: the last rows are not like the rest".to_string();
    compare("help.txt", &state, (80, 24));
}

#[test]
fn a_screen_that_knows_nothing_yet_and_a_tiny_one_are_drawn() {
    let state = ScreenState::new(ScreenMode::Watch, "loan", true);
    assert!(picture(&state, (80, 24)).contains("after the first epoch"));
    for size in [(1, 1), (5, 3), (23, 7), (24, 8), (300, 100), (400, 9)] {
        picture(&state, size);
        picture(&super::tests::state(), size);
    }
}
