//! The training of another process, by its events: a line for each epoch, a live line below them on a
//! terminal, and at the end what it came to.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanthorn::callbacks::Logs;
use lanthorn::training::{Baseline, BestEpoch};
use serde::Deserialize;
use serde_json::Value;

use super::super::result;
use super::super::streams::{draw, is_live, say, stderr_width};
use super::course::Course;
use super::ending::{course, table};
use super::lines::{is_shown, shortened};
use super::live_line;
use super::style::words;

/// Shows a training that another process does.
pub(crate) struct Follower {
    name: String,
    course: Course,
    line: Option<ProgressBar>,
    is_quiet: bool,
    is_short: bool,
}

impl Follower {
    pub(crate) fn new(is_quiet: bool, is_verbose: bool) -> Follower {
        let name = "model".to_string();
        let is_short = is_live() && !is_verbose;
        Follower { name, course: Course::default(), line: None, is_quiet, is_short }
    }

    /// Shows an event of events.jsonl.
    pub(crate) fn event(&mut self, event: &Value) -> Result<()> {
        self.course.read(event);
        match event["event"].as_str().unwrap_or_default() {
            "run_start" => {
                self.name = name_of(event);
                let Course { epochs, samples, .. } = self.course;
                self.note(&format!("{}: {epochs} epochs on {samples} samples", self.name));
            }
            "epoch" => {
                let epoch = event["epoch"].as_u64().unwrap_or(0) as usize;
                self.epoch(epoch, &read::<Logs>(&event["logs"]).unwrap_or_default());
                self.redraw();
            }
            "progress" => self.redraw(),
            "run_end" => {
                self.close();
                return result(&end(&self.name, event));
            }
            _ => {} // of a later version
        }
        Ok(())
    }

    /// Takes the live line away.
    pub(crate) fn close(&mut self) {
        self.line = None;
        draw(None);
    }

    fn note(&self, text: &str) {
        if !self.is_quiet {
            say(text);
        }
    }

    fn epoch(&self, epoch: usize, logs: &Logs) {
        let epochs = self.course.epochs;
        let head = format!("Epoch {epoch:>width$}/{epochs}", width = epochs.to_string().len());
        if !self.is_short {
            self.note(&format!("{head} - {}", words(logs)));
        } else if is_shown(epoch, epochs) {
            self.note(&shortened(&head, logs, stderr_width()));
        }
    }

    fn redraw(&mut self) {
        if !self.is_short || self.is_quiet {
            return;
        }
        let line = self.line.get_or_insert_with(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                line.set_style(style);
            }
            draw(Some(line.clone()));
            line
        });
        line.set_message(live_line::text(&self.course, stderr_width()));
    }
}

/// The name of the run that an event starts.
pub(super) fn name_of(event: &Value) -> String {
    event["name"].as_str().unwrap_or("model").to_string()
}

/// What a training came to, by the event of its end.
pub(super) fn end(name: &str, event: &Value) -> String {
    let table = match event["state"].as_str() {
        Some("failed") => String::new(),
        _ => {
            let logs = read::<Logs>(&event["logs"]).unwrap_or_default();
            table(&logs, read::<Baseline>(&event["baseline"]).as_ref())
        }
    };
    format!("{name}: {}\n{table}", ending(event))
}

/// The same in a line.
pub(super) fn ending(event: &Value) -> String {
    let state = event["state"].as_str().unwrap_or_default();
    if state == "failed" {
        return format!("failed: {}", event["error"].as_str().unwrap_or_default());
    }
    let weights = &event["weights"];
    let restored = weights["epoch"].as_u64().filter(|_| weights["restored"] == true);
    let best = read::<BestEpoch>(&event["best"]);
    let course = course(
        event["stopped"].as_str(),
        restored.map(|epoch| epoch as usize),
        weights["averaged"] == true,
        best.as_ref(),
    );
    format!("{state}, {} epochs{course}", event["epochs"])
}

fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}
