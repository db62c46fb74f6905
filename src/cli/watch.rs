//! `lanthorn watch`: follows the training of a run from another terminal, by its events.jsonl.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::runs::{EVENTS, Lock};
use lanthorn::runtime::resume_command;
use serde_json::Value;

use super::common::CommonArguments;
use super::view::training::RunWatcher;
use super::{signals, view};

#[derive(Args)]
pub(crate) struct WatchArguments {
    /// Folder of the run, such as runs/loan-001
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Show a line for each epoch instead of the full screen that a terminal gets
    #[arg(long)]
    lines: bool,
}

/// The time between two looks at the file.
const LOOK: Duration = Duration::from_millis(200);
/// The time without news after which it is asked whether anybody still trains.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn run(arguments: &WatchArguments, common: &CommonArguments) -> Result<ExitCode> {
    let mut log = FollowedLog::open(&arguments.run)?;
    let signals = signals::noted()?;
    let lines = arguments.lines || common.json;
    let mut watcher = RunWatcher::new(common.quiet, common.verbose, lines);
    let (mut last_news, mut has_ended) = (Instant::now(), false);
    loop {
        let news = log.news()?;
        if !news.is_empty() {
            last_news = Instant::now();
            has_ended = news.iter().any(|event| event["event"] == "run_end");
        }
        let is_over = if common.json {
            news.iter().try_for_each(view::json)?;
            has_ended
        } else {
            watcher.events(&news)?
        };
        if is_over || view::streams::reader_is_gone() {
            return Ok(ExitCode::SUCCESS);
        }
        if let signal @ 1.. = signals.load(Ordering::Relaxed) {
            watcher.close();
            return Ok(ExitCode::from(128 + signal as u8));
        }
        if !has_ended && last_news.elapsed() > PATIENCE {
            if !Lock::is_held(&arguments.run) && watcher.abandoned(&resume_command(&arguments.run))
            {
                return Ok(ExitCode::SUCCESS);
            }
            last_news = Instant::now();
        }
        std::thread::sleep(LOOK);
    }
}

/// A file of events that another process writes.
struct FollowedLog {
    path: PathBuf,
    /// The bytes of the lines that stay.
    read: u64,
    /// The line of progress after them, as it was last seen.
    progress: String,
}

impl FollowedLog {
    fn open(run: &Path) -> Result<FollowedLog> {
        let path = run.join(EVENTS);
        if !path.is_file() {
            let what = if run.join(lanthorn::runs::CONFIG).is_file() {
                "holds no events.jsonl yet"
            } else {
                "holds no run"
            };
            let help =
                "name the folder of a run, such as runs/loan-001; `lanthorn runs` lists them";
            let message = format!("{} {what}", run.display());
            return Err(Error::run(message).with_help(help).into());
        }
        Ok(FollowedLog { path, read: 0, progress: String::new() })
    }

    /// The events that weren't there before. A run that was resumed is told from its start again.
    fn news(&mut self) -> Result<Vec<Value>> {
        let mut file = std::fs::File::open(&self.path).map_err(lanthorn::Error::from)?;
        if file.metadata().map_err(lanthorn::Error::from)?.len() < self.read {
            self.read = 0;
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.read)).map_err(lanthorn::Error::from)?;
        file.read_to_end(&mut bytes).map_err(lanthorn::Error::from)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut events = Vec::new();
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let Ok(event) = serde_json::from_str::<Value>(line) else { break }; // being written
            if event["event"] != "progress" {
                self.read += line.len() as u64;
                events.push(event);
            } else if self.progress != line {
                self.progress = line.to_string();
                events.push(event);
            }
        }
        Ok(events)
    }
}
