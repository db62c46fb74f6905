//! `Keeper`: the listener that keeps a run's folder: checkpoints, and what callbacks want written.

use crate::data::Dataset;
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::runs::run::Run;
use crate::trainer::events::Event;
use crate::trainer::{Listener, Trainer};
use crate::training::plan::Plan;

/// Keeps a run's folder while its training goes on.
pub struct Keeper<'a> {
    /// The run.
    pub run: &'a mut Run,
    plan: &'a Plan,
    warnings: Vec<Diagnostic>,
    /// Why the last checkpoint could not be written, which doesn't keep the model from being saved.
    pub unkept: Option<Error>,
}

impl<'a> Keeper<'a> {
    /// The keeper of a run of this plan.
    pub fn new(run: &'a mut Run, plan: &'a Plan) -> Self {
        Keeper { run, plan, warnings: Vec::new(), unkept: None }
    }

    /// The event of the run's start, or of its going on.
    pub fn start(&mut self, trainer: &Trainer) -> Result<Event> {
        self.run.start_clock(trainer);
        let data = self.plan.data()?;
        Ok(Event::RunStart {
            name: self.plan.config.name.clone().unwrap_or_else(|| "model".to_string()),
            folder: self.run.folder.display().to_string(),
            parameters: trainer.model.weights().count(),
            samples: data.train.len(),
            validation_samples: data.validation.as_ref().map_or(0, Dataset::len),
            epoch: trainer.position().epoch,
            epochs: trainer.spec().epochs,
        })
    }
}

impl Listener for Keeper<'_> {
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> Result<()> {
        match event {
            Event::Batch if self.run.is_due() => {
                let told = self.run.warnings().into_iter();
                self.warnings.extend(told.map(|text| Diagnostic::warning(Code::Run, text)));
                self.run.write_what_is_due(trainer)
            }
            Event::TrainingEnd => {
                self.unkept = self.run.keep(trainer).and_then(|()| self.run.settle()).err();
                Ok(())
            }
            Event::Save { name } => self.run.save_copy(self.plan, trainer, name),
            Event::Write { name, text } => self.run.write(name, text),
            Event::Append { name, text } => self.run.append(name, text),
            _ => Ok(()),
        }
    }

    fn watches_batches(&self) -> bool {
        false
    }

    fn take_warnings(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.warnings)
    }
}
