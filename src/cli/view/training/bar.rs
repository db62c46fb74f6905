//! A progress bar for the epoch at hand, over the lines of those that are done.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanthorn::training::Event;
use lanthorn::training::Trainer;

use super::super::streams::draw;
use super::lines::Lines;
use super::style::{ViewStyle, words};

/// The time between two drawings of the bar.
const REDRAW: Duration = Duration::from_millis(50);

/// Draws a bar.
#[allow(clippy::struct_field_names)]
pub(super) struct Bar {
    lines: Lines,
    bar: Option<ProgressBar>,
    last_drawn: Instant,
}

impl Bar {
    pub(super) fn new() -> Bar {
        Bar { lines: Lines::new(), bar: None, last_drawn: Instant::now() }
    }
}

impl ViewStyle for Bar {
    fn show(&mut self, event: &Event) {
        match event {
            Event::EpochStart { epoch, epochs, steps } => {
                let target = ProgressDrawTarget::stderr_with_hz(20);
                let bar = ProgressBar::with_draw_target(Some(*steps as u64), target);
                let template = "{prefix} {bar:20} {pos}/{len} {eta} {wide_msg}";
                let style = ProgressStyle::with_template(template);
                bar.set_style(
                    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"),
                );
                bar.set_prefix(format!("Epoch {epoch}/{epochs}"));
                draw(Some(bar.clone()));
                self.bar = Some(bar);
            }
            Event::Epoch { .. } => self.close(),
            _ => {}
        }
        self.lines.show(event);
    }

    fn batch(&mut self, trainer: &Trainer) {
        let now = Instant::now();
        if let Some(bar) = &self.bar
            && now - self.last_drawn >= REDRAW
        {
            self.last_drawn = now;
            bar.set_position(trainer.position().batch as u64);
            if let Ok(logs) = trainer.running_logs() {
                bar.set_message(words(&logs)); // else the next step tells why
            }
        }
    }

    fn close(&mut self) {
        self.bar = None;
        draw(None);
    }

    fn failure(&mut self) -> &mut Option<anyhow::Error> {
        self.lines.failure()
    }
}
