//! TensorBoard: a listener that writes a training's numbers into an event file in the run's folder.

mod messages;
mod records;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::history::logs::Logs;
use crate::sections::TensorBoardConfig;
use crate::trainer::events::{Event, Position};
use crate::trainer::{Listener, Trainer};
use messages::{Message, histogram, scalar, step_and_tag, text};
use records::{record, records};

/// The name of the event file in a run folder.
pub const TENSORBOARD: &str = "events.out.tfevents.lanthorn";

/// A `SessionLog` by which readers forget what they have seen from its step on.
const START: u64 = 1;

/// Seconds between two writes.
const LEAST: f64 = 1.0;

/// Writes scalars per step and epoch, and on request histograms of the weights. Where the run is
/// gone on with, the file is cut back to the checkpoint.
pub struct TensorBoard {
    config: TensorBoardConfig,
    path: PathBuf,
    /// What isn't written yet.
    waiting: Vec<u8>,
    written: Instant,
}

impl TensorBoard {
    /// The listener of a run whose training stands at `position`; `configuration` is its text.
    pub fn open(
        config: &TensorBoardConfig,
        folder: &Path,
        position: Position,
        configuration: &str,
    ) -> Result<TensorBoard> {
        let path = folder.join(TENSORBOARD);
        let mut board = TensorBoard {
            config: config.clone(),
            path,
            waiting: Vec::new(),
            written: Instant::now(),
        };
        if board.cut(position)? {
            let session = Message::default().int(1, START).0;
            board.event(Message::default().int(2, position.step).bytes(7, &session));
        } else {
            board.event(Message::default().bytes(3, b"brain.Event:2"));
            if board.config.configuration {
                board.values(0, &[text("configuration", configuration)]);
            }
        }
        board.write()?;
        Ok(board)
    }

    /// Cuts the file back to what had happened at a position; false where nothing is left.
    fn cut(&self, position: Position) -> Result<bool> {
        let file = match std::fs::read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.failed(&error)),
        };
        let has_happened = |event: &[u8]| match step_and_tag(event) {
            (step, Some(tag)) if tag.starts_with("batch/") => step <= position.step,
            (step, Some(_)) => step == 0 || step <= position.epoch as u64,
            (step, None) => step <= position.step,
        };
        let kept = records(&file).into_iter().take_while(|(event, _)| has_happened(event)).last();
        let end = kept.map_or(0, |(_, end)| end);
        let opened = std::fs::OpenOptions::new().write(true).open(&self.path);
        opened.and_then(|file| file.set_len(end as u64)).map_err(|error| self.failed(&error))?;
        Ok(end > 0)
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let message = format!("can't write {}: {error}", self.path.display());
        std::io::Error::new(error.kind(), message).into()
    }

    fn event(&mut self, event: Message) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let event = Message(
            Message::default().double(1, now.as_secs_f64()).0.into_iter().chain(event.0).collect(),
        );
        record(&event.0, &mut self.waiting);
    }

    fn values(&mut self, step: u64, values: &[Vec<u8>]) {
        for value in values {
            let summary = Message::default().bytes(1, value).0;
            self.event(Message::default().int(2, step).bytes(5, &summary));
        }
    }

    fn scalars(&mut self, step: u64, group: &str, logs: &Logs) {
        let values: Vec<Vec<u8>> =
            logs.iter().map(|(key, value)| scalar(&format!("{group}/{key}"), value)).collect();
        self.values(step, &values);
    }

    fn write(&mut self) -> Result<()> {
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(&self.path);
        opened
            .and_then(|mut file| file.write_all(&self.waiting))
            .map_err(|error| self.failed(&error))?;
        self.waiting.clear();
        self.written = Instant::now();
        Ok(())
    }
}

impl Listener for TensorBoard {
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> Result<()> {
        match event {
            Event::Batch => {
                let step = trainer.position().step;
                if !step.is_multiple_of(self.config.update_freq.max(1) as u64) {
                    return Ok(());
                }
                self.scalars(step, "batch", &trainer.running_logs()?);
                if self.written.elapsed().as_secs_f64() < LEAST {
                    return Ok(());
                }
                self.write()
            }
            Event::Epoch { epoch, logs, .. } => {
                let step = *epoch as u64;
                self.scalars(step, "epoch", logs);
                if logs.get("learning_rate").is_none() {
                    let rate = f64::from(trainer.optimizer().learning_rate());
                    self.values(step, &[scalar("epoch/learning_rate", rate)]);
                }
                if self.config.histograms {
                    let values = trainer.engine.weights(&trainer.model)?;
                    for (weight, values) in trainer.model.weights().iter().zip(values) {
                        let tag = weight.path().replace('.', "/");
                        let values: Vec<f32> = values.flatten_all()?.to_vec1()?;
                        self.values(step, &[histogram(&tag, &values)]);
                    }
                }
                self.write()
            }
            _ => Ok(()),
        }
    }
}

impl Drop for TensorBoard {
    /// What an interrupted training has still to write; a failure was told before, or will be.
    fn drop(&mut self) {
        let _ = self.write();
    }
}
