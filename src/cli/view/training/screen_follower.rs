//! The full screen of another process's training, or of a finished one: `lanthorn watch`.

use std::io;
use std::time::Instant;

use anyhow::Result;
use serde_json::Value;

use super::super::{colour, result};
use super::follower::{end, ending, name_of};
use super::screen::{Screen, ScreenMode, ScreenState};

/// Shows on the full screen what events.jsonl tells.
pub(crate) struct ScreenFollower {
    screen: Screen,
    name: String,
    /// When epochs were last told, and the last of them.
    last: Option<(Instant, u64)>,
    /// What is said once the screen is left.
    end: Option<String>,
}

impl ScreenFollower {
    pub(crate) fn open() -> io::Result<ScreenFollower> {
        let state = ScreenState::new(ScreenMode::Watch, "", colour::is_on_stderr());
        let (name, screen) = ("model".to_string(), Screen::open(state)?);
        Ok(ScreenFollower { screen, name, last: None, end: None })
    }

    /// Shows events; true once the screen was left.
    pub(crate) fn events(&mut self, news: &[Value]) -> Result<bool> {
        if self.screen.is_left() {
            self.close();
            self.end.take().map_or(Ok(()), |end| result(&end))?;
            return Ok(true);
        }
        if news.is_empty() {
            return Ok(false);
        }
        for event in news {
            match event["event"].as_str().unwrap_or_default() {
                "run_start" => {
                    (self.name, self.end, self.last) = (name_of(event), None, None);
                }
                "run_end" => self.end = Some(end(&self.name, event)),
                _ => {}
            }
        }
        let step = self.seconds_per_epoch(news);
        let name = self.name.clone();
        self.screen.change(|state| {
            state.title = name;
            for event in news {
                state.course.read(event);
                match event["event"].as_str().unwrap_or_default() {
                    "run_start" => state.message.clear(),
                    "run_end" => state.message = ending(event),
                    _ => {}
                }
            }
            if let Some((epoch, seconds)) = step {
                let steps = state.course.steps.max(1) as f64;
                state.course.step_took(epoch as usize, seconds / steps);
            }
        });
        Ok(false)
    }

    /// The last epoch that is told, and how long one took since the one that was told before.
    fn seconds_per_epoch(&mut self, news: &[Value]) -> Option<(u64, f64)> {
        let mut epochs = news.iter().filter(|event| event["event"] == "epoch");
        let epoch = epochs.next_back()?["epoch"].as_u64()?;
        let now = Instant::now();
        let (then, before) = self.last.replace((now, epoch))?;
        let count = epoch.checked_sub(before).filter(|count| *count > 0)?;
        Some((epoch, (now - then).as_secs_f64() / count as f64))
    }

    /// Shows a message.
    pub(crate) fn say(&mut self, text: &str) {
        self.screen.change(|state| state.message = text.to_string());
        self.end.get_or_insert_with(|| format!("{}: {text}\n", self.name));
    }

    pub(crate) fn close(&mut self) {
        self.screen.close();
    }
}
