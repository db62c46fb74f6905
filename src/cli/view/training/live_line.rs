//! A live line of the training at hand, below the lines of the epochs that are done.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanthorn::training::Event;
use lanthorn::training::Trainer;

use super::super::keras_number;
use super::super::streams::{draw, stderr_width};
use super::course::{Course, braille, brief, rounded};
use super::lines::Lines;
use super::style::ViewStyle;

/// The time between two drawings of the line.
const REDRAW: Duration = Duration::from_millis(50);

/// Draws a live line.
pub(super) struct LiveLine {
    lines: Lines,
    line: Option<ProgressBar>,
    course: Course,
    last_drawn: Instant,
}

impl LiveLine {
    pub(super) fn new() -> LiveLine {
        LiveLine {
            lines: Lines::on_a_terminal(),
            line: None,
            course: Course::default(),
            last_drawn: Instant::now(),
        }
    }
}

impl ViewStyle for LiveLine {
    fn show(&mut self, event: &Event) {
        match event {
            Event::RunStart { samples, epochs, .. } => {
                (self.course.samples, self.course.epochs) = (*samples, *epochs);
            }
            Event::EpochStart { epochs, steps, .. } => {
                (self.course.epochs, self.course.steps) = (*epochs, *steps);
                if self.line.is_none() {
                    let target = ProgressDrawTarget::stderr_with_hz(20);
                    let line = ProgressBar::with_draw_target(None, target);
                    if let Ok(style) = ProgressStyle::with_template("{msg}") {
                        line.set_style(style);
                    }
                    draw(Some(line.clone()));
                    self.line = Some(line);
                }
            }
            Event::Epoch { epoch, logs, .. } => self.course.epoch(*epoch, logs, 0.0),
            Event::TrainingEnd => self.close(),
            _ => {}
        }
        self.lines.show(event);
    }

    fn batch(&mut self, trainer: &Trainer) {
        let now = Instant::now();
        if let Some(line) = &self.line
            && now - self.last_drawn >= REDRAW
        {
            self.last_drawn = now;
            self.course.follow(trainer);
            line.set_message(text(&self.course, stderr_width()));
        }
    }

    fn close(&mut self) {
        self.line = None;
        draw(None);
    }

    fn failure(&mut self) -> &mut Option<anyhow::Error> {
        self.lines.failure()
    }
}

/// The line, in at most so many columns: what matters least is left out where there is no room.
pub(super) fn text(course: &Course, width: usize) -> String {
    let (epoch, epochs) = ((course.at.0 + 1).min(course.epochs), course.epochs);
    let percent = course.part() * 100.0;
    let mut parts = vec![format!("{epoch}/{epochs}"), format!("{percent:.0}%")];
    let loss = course.running.get("loss").map(|loss| format!("loss {}", keras_number(loss)));
    let left = course.seconds_left().map(|seconds| format!("ETA {}", brief(seconds)));
    let best = course.best().map(|(_, value)| format!("best {}", keras_number(value)));
    let speed = course.speed().map(|speed| format!("{}/s", rounded(speed)));
    let others = course.running.iter().filter(|(key, _)| !["loss", "val_loss"].contains(key));
    let others = others.map(|(key, value)| Some(format!("{key} {}", keras_number(value))));
    for part in [left, loss, best, speed].into_iter().chain(others).flatten() {
        let used: usize = parts.iter().map(|part| part.chars().count() + 1).sum();
        if used + part.chars().count() < width {
            parts.push(part);
        }
    }
    let used: usize = parts.iter().map(|part| part.chars().count() + 1).sum();
    let room = width.saturating_sub(used + 1);
    let curve = course.curves.get(course.monitor()).map_or(&[][..], Vec::as_slice);
    if room >= 4 {
        parts.push(braille(curve, room.min(12)));
    }
    let used: usize = parts.iter().map(|part| part.chars().count() + 1).sum();
    if width >= used + 22 {
        let full = (course.part() * 20.0).round() as usize;
        parts.insert(1, format!("{}{}", "━".repeat(full), "─".repeat(20 - full)));
    }
    parts.join(" ").trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use lanthorn::callbacks::Logs;

    use super::*;

    fn course() -> Course {
        let mut course = Course { epochs: 1000, steps: 100, samples: 9000, ..Course::default() };
        for epoch in 1..=999 {
            let loss = 1.0 / epoch as f64;
            let logs =
                [("loss", loss), ("val_loss", loss), ("accuracy", 0.5), ("val_accuracy", 0.5)];
            course.epoch(epoch, &Logs::from_iter(logs), 0.1);
        }
        std::thread::sleep(Duration::from_millis(250));
        course.move_to((999, 50));
        course
    }

    #[test]
    fn the_line_fits_sixty_columns_and_uses_more_where_there_are() {
        let course = course();
        let narrow = text(&course, 60);
        assert!(narrow.chars().count() <= 60, "{narrow}");
        for part in ["1000/1000", "ETA ", "loss ", "best ", "/s"] {
            assert!(narrow.contains(part), "{part}: {narrow}");
        }
        let wide = text(&course, 200);
        assert!(wide.contains("val_accuracy 0.5000") && wide.contains("━"), "{wide}");
        assert!(text(&course, 10).chars().count() <= 10 + 4);
        assert_eq!(text(&Course::default(), 20), "0/0 0%");
    }
}
